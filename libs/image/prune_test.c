/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/test.h"
#include "image/internal.h"

static char top[64];

static const char *at(const char *name)
{
	static char path[2][128];
	static int next;
	char *p = path[next++ % 2];

	(void)snprintf(p, 128, "%s/%s", top, name);
	return p;
}

static int make(const char *name, long used)
{
	const struct timespec times[2] = {{.tv_sec = used}, {.tv_sec = used}};

	return mkdir(at(name), 0755) < 0 || utimensat(AT_FDCWD, at(name), times, 0) < 0 ? -errno
											: 0;
}

TEST(least_recently_used_steps_of_one_kind_go)
{
	strcpy(top, "/tmp/mp-prune-XXXXXX");
	ASSERT(mkdtemp(top));
	ASSERT_OK(make("root-a", 100));
	ASSERT_OK(make("root-b", 300));
	ASSERT_OK(make("root-c", 200));
	ASSERT_OK(make("base-a", 50));
	prune_used(at("root-a"));
	ASSERT_OK(prune(top, "root-", 2, NULL));
	ASSERT(mp_file_exists(at("root-a")));
	ASSERT(mp_file_exists(at("root-b")));
	ASSERT(!mp_file_exists(at("root-c")));
	ASSERT(mp_file_exists(at("base-a")));
	ASSERT_OK(mp_file_remove_tree(top, NULL));
}
