/* SPDX-License-Identifier: Apache-2.0 */
#include "built.h"

#include "api.h"
#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "crypto/hash.h"

static char folder[64];
static struct mp_product product;

static int write_text(const char *name, const char *text)
{
	auto_free char *path = mp_str_format("%s/build/1.0/%s", folder, name);

	return mp_file_write(path, text, strlen(text), 0644, NULL);
}

/* A product folder with release 1.0 of one file. */
static int set_up(const char *manifest, const char *release)
{
	auto_free char *build = NULL;
	int r;

	strcpy(folder, "/tmp/mp-built-XXXXXX");
	if (!mkdtemp(folder))
		return -errno;
	product = (struct mp_product){.dir = folder, .name = "demo", .version = "1.0"};
	build = mp_str_format("%s/build/1.0", folder);
	r = mp_file_make_dirs(build, 0755, NULL);
	if (r == 0)
		r = write_text("m.json", manifest);
	return r < 0 ? r : write_text("release.json", release);
}

static int set_up_good(void)
{
	char hex[65];
	auto_free char *release = NULL;

	mp_sha256_hex("{\"notes\":\"\"}", 12, hex);
	release = mp_str_format(
		"{\"version\":\"1.0\",\"manifest\":\"m\",\"targets\":[{\"path\":\"m\","
		"\"file\":\"m.json\",\"length\":12,\"sha256\":\"%s\"}]}",
		hex);
	return set_up("{\"notes\":\"\"}", release);
}

TEST(a_built_release_is_found_and_its_files_are_whole)
{
	struct mp_progress bar = {.what = "test"};
	auto_(mp_built) *b = NULL;
	struct mp_err err;

	ASSERT_OK(set_up_good());
	ASSERT_OK(mp_built_read(&product, NULL, &b, &err));
	ASSERT_INT(1, b->n_files);
	ASSERT_INT(12, b->total);
	ASSERT_OK(mp_built_check(b, &bar, &err));
	ASSERT_OK(write_text("m.json", "{\"notes\":\"?\""));
	ASSERT_ERR(-EBADMSG, mp_built_check(b, &bar, &err));
	ASSERT(strstr(err.text, "has changed since it was built"));
	ASSERT_OK(mp_file_remove_tree(folder, NULL));
}

TEST(other_notes_change_the_manifest_and_what_release_json_says_of_it)
{
	struct mp_progress bar = {.what = "test"};
	auto_(mp_built) *b = NULL, *again = NULL;
	struct mp_err err;

	ASSERT_OK(set_up_good());
	ASSERT_OK(mp_built_read(&product, NULL, &b, &err));
	ASSERT_OK(mp_built_set_notes(b, "better", &err));
	ASSERT_OK(mp_built_read(&product, NULL, &again, &err));
	ASSERT(again->total != b->total);
	ASSERT_OK(mp_built_check(again, &bar, &err));
	ASSERT_OK(mp_file_remove_tree(folder, NULL));
}

TEST(a_release_json_that_is_not_whole_is_refused)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"version\":\"1.0\"}",
		"{\"version\":\"1.0\",\"manifest\":\"m\"}",
		"{\"version\":\"1.0\",\"manifest\":\"m\",\"targets\":[]}",
		"{\"version\":\"1.0\",\"manifest\":\"m\",\"targets\":[{\"path\":\"m\"}]}",
		"{\"version\":\"1.0\",\"manifest\":\"m\",\"targets\":[{\"path\":\"../"
		"m\",\"file\":\"f\","
		"\"length\":1,\"sha256\":\"\"}]}",
		"{\"version\":\"2.0\",\"manifest\":\"m\",\"targets\":[{\"path\":\"m\",\"file\":"
		"\"f\","
		"\"length\":1,\"sha256\":\"\"}]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct mp_built *b = NULL;
		struct mp_err err;

		ASSERT_OK(set_up("{}", bad[i]));
		ASSERT_ERR(-EBADMSG, mp_built_read(&product, NULL, &b, &err));
		ASSERT(b == NULL && strstr(err.text, folder));
		ASSERT_OK(mp_file_remove_tree(folder, NULL));
	}
}

/* The folder is made before any allocation is made to fail. */
static char tortured[64];

static void remove_tortured(void)
{
	(void)mp_file_remove_tree(tortured, NULL);
}

__attribute__((constructor)) static void make_tortured(void)
{
	if (set_up_good() == 0)
		strcpy(tortured, folder);
	atexit(remove_tortured);
}

TORTURE(reading_a_built_release_survives_oom)
{
	const struct mp_product p = {.dir = tortured, .name = "demo", .version = "1.0"};
	auto_(mp_built) *b = NULL;

	return mp_built_read(&p, NULL, &b, NULL);
}

TEST(what_goes_into_a_url_is_escaped)
{
	MP_BUF(b, 64);

	ASSERT_OK(mp_url_escape(&b, "a-b_c.d~/?&\xc3\xa4 %"));
	ASSERT_STR("a-b_c.d~%2F%3F%26%C3%A4%20%25", b.data);
}

TEST(times_are_read_as_numbers_and_as_text)
{
	auto_(mp_json) *number = mp_json_new_int(1700000000), *none = mp_json_new_null();
	auto_(mp_json) *text = mp_json_new_str("2023-11-14T22:13:20Z");
	char a[32], b[32];

	ASSERT_STR(mp_format_time(number, a), mp_format_time(text, b));
	ASSERT_STR("2023-11-1", (a[9] = '\0', a));
	ASSERT_STR("-", mp_format_time(none, a));
	ASSERT_STR("-", mp_format_age(NULL, a));
}
