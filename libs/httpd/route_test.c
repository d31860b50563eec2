/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/route.h"

#include <stdlib.h>

#include "base/test.h"

static struct mp_path path;
static const char *args[MP_PATH_PARTS];

TEST(parts_are_decoded_and_the_query_is_left_out)
{
	ASSERT_OK(mp_path_split("/api/v1/devices/a%3Ab%20c/why?x=/y", &path));
	ASSERT_INT(5, path.n);
	ASSERT_STR("a:b c", path.part[3]);
	ASSERT(mp_path_match(&path, "/api/v1/devices/*/why", args));
	ASSERT_STR("a:b c", args[0]);
	ASSERT(!mp_path_match(&path, "/api/v1/devices/*", args));
	ASSERT(!mp_path_match(&path, "/api/v1/devices/*/why/more", args));
	ASSERT(!mp_path_match(&path, "/api/v1/devices/*/wh", args));
}

TEST(the_root_has_no_parts)
{
	ASSERT_OK(mp_path_split("/", &path));
	ASSERT_INT(0, path.n);
	ASSERT(mp_path_match(&path, "/", args));
	ASSERT_OK(mp_path_split("/?a", &path));
	ASSERT_INT(0, path.n);
	ASSERT_OK(mp_path_split("/a/", &path));
	ASSERT_INT(1, path.n);
}

TEST(an_empty_part_is_no_argument)
{
	ASSERT_OK(mp_path_split("/devices//why", &path));
	ASSERT(!mp_path_match(&path, "/devices/*/why", args));
}

TEST(what_could_leave_its_folder_is_refused)
{
	static const char *const bad[] = {"",	    "a",      "/a/../b", "/%2e%2e/b",
					  "/a%2Fb", "/a%00b", "/a%0Ab",	 "/a%2",
					  "/a%",    "/a%zz",  "/./a",	 "/a\x7f"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ASSERT_ERR(-EBADMSG, mp_path_split(bad[i], &path));
}

TEST(too_long_or_too_deep_is_refused)
{
	char text[MP_PATH_MAX + 8];

	memset(text, 'a', sizeof(text));
	text[0] = '/';
	text[sizeof(text) - 1] = '\0';
	ASSERT_ERR(-EFBIG, mp_path_split(text, &path));
	ASSERT_ERR(-EFBIG, mp_path_split("/1/2/3/4/5/6/7/8/9/10/11", &path));
}

TEST(a_path_cut_anywhere_never_reads_past_its_end)
{
	static const char whole[] = "/api/v1/devices/a%3Ab%20c/why?x=/y";

	for (size_t n = 0; n < sizeof(whole); n++) {
		char *exact = malloc(n + 1);

		ASSERT(exact);
		memcpy(exact, whole, n);
		exact[n] = '\0';
		mp_path_split(exact, &path);
		free(exact);
	}
}
