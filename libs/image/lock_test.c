/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "image/internal.h"

#define PACKAGE "[{\"name\":\"a\",\"version\":\"1\",\"sha256\":\"00\",\"file\":\"a_1_all.deb\"}]"

static char path[] = "/tmp/mp-lock-XXXXXX";

static int make(const char *text)
{
	int fd;

	strcpy(path, "/tmp/mp-lock-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || close(fd) < 0)
		return -EIO;
	return text ? mp_file_write(path, text, strlen(text), 0644, NULL) : unlink(path);
}

static void check_kept(const struct list *wishes, const struct list *others)
{
	__attribute__((cleanup(lock_done))) struct lock l = {0};
	const struct mp_json *group;
	struct package p;

	ASSERT_OK(lock_open(path, &l, NULL));
	group = lock_get(&l, "os", wishes);
	ASSERT(group);
	ASSERT_OK(lock_package(group, 0, &p, NULL));
	ASSERT_STR("a_1_all.deb", p.file);
	ASSERT(!lock_get(&l, "os", others));
	ASSERT(!lock_get(&l, "app", wishes));
}

TEST(group_is_kept_for_exactly_its_wishes)
{
	__attribute__((cleanup(lock_done))) struct lock l = {0};
	struct mp_json *packages;
	LIST(wishes);
	LIST(others);

	ASSERT_OK(make(NULL));
	ASSERT_OK(list_add(&wishes, "a"));
	ASSERT_OK(list_add(&others, "b"));
	ASSERT_OK(mp_json_parse(PACKAGE, strlen(PACKAGE), &packages, NULL));
	ASSERT_OK(lock_open(path, &l, NULL));
	ASSERT(!lock_get(&l, "os", &wishes));
	ASSERT_OK(lock_put(&l, "os", &wishes, packages));
	ASSERT_OK(lock_save(&l, NULL));
	check_kept(&wishes, &others);
	ASSERT_OK(unlink(path));
}

TEST(damaged_lock_is_refused_with_a_sentence)
{
	static const char *const texts[] = {"{", "[]", "{\"format\":2}"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct lock l;
		struct mp_err err = {""};

		ASSERT_OK(make(texts[i]));
		ASSERT(lock_open(path, &l, &err) < 0);
		ASSERT(strstr(err.text, "damaged"));
		ASSERT_OK(unlink(path));
	}
}

TEST(package_file_with_a_path_is_refused)
{
	static const char text[] = "[{\"name\":\"a\",\"version\":\"1\",\"sha256\":\"00\","
				   "\"file\":\"../a.deb\"}]";
	auto_(mp_json) *group = NULL;
	struct package p;

	ASSERT_OK(mp_json_parse(text, sizeof(text) - 1, &group, NULL));
	ASSERT_ERR(-EBADMSG, lock_package(group, 0, &p, NULL));
}
