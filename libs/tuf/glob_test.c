/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/auto.h"
#include "base/test.h"
#include "tuf/internal.h"

TEST(a_pattern_without_wildcards_matches_itself_alone)
{
	ASSERT(mp_tuf_glob("a/b.txt", "a/b.txt"));
	ASSERT(!mp_tuf_glob("a/b.txt", "a/b.txt2"));
	ASSERT(!mp_tuf_glob("a/b.txt", "A/b.txt"));
	ASSERT(mp_tuf_glob("", ""));
	ASSERT(!mp_tuf_glob("", "a"));
	ASSERT(!mp_tuf_glob("a", ""));
}

TEST(a_star_matches_any_text_of_one_part)
{
	ASSERT(mp_tuf_glob("*", "a"));
	ASSERT(mp_tuf_glob("*", ""));
	ASSERT(mp_tuf_glob("*.tgz", "foo.tgz"));
	ASSERT(mp_tuf_glob("a*b*c", "a12b3b4c"));
	ASSERT(mp_tuf_glob("releases/*/*", "releases/x/y"));
	ASSERT(!mp_tuf_glob("releases/*", "releases/x/y"));
	ASSERT(!mp_tuf_glob("*", "a/b"));
	ASSERT(!mp_tuf_glob("*/b", "a/c/b"));
	ASSERT(!mp_tuf_glob("*b", "ba"));
	ASSERT(mp_tuf_glob("**", "anything"));
	ASSERT(mp_tuf_glob("*", ".hidden"));
}

TEST(a_question_mark_matches_one_character)
{
	ASSERT(mp_tuf_glob("foo-?.tgz", "foo-1.tgz"));
	ASSERT(!mp_tuf_glob("foo-?.tgz", "foo-12.tgz"));
	ASSERT(!mp_tuf_glob("foo-?.tgz", "foo-.tgz"));
	ASSERT(!mp_tuf_glob("a?b", "a/b"));
	ASSERT(mp_tuf_glob("a?b", "a\xc3\xa4"
				  "b"));
	ASSERT(mp_tuf_glob("a??b", "a\xc3\xc3"
				   "b"));
}

TEST(a_set_matches_one_of_its_characters)
{
	ASSERT(mp_tuf_glob("v[0-9]", "v5"));
	ASSERT(!mp_tuf_glob("v[0-9]", "vx"));
	ASSERT(mp_tuf_glob("v[!0-9]", "vx"));
	ASSERT(!mp_tuf_glob("v[!0-9]", "v5"));
	ASSERT(mp_tuf_glob("[]]", "]"));
	ASSERT(mp_tuf_glob("[a-]", "-"));
	ASSERT(!mp_tuf_glob("a[!x]b", "a/b"));
	ASSERT(mp_tuf_glob("[", "["));
	ASSERT(mp_tuf_glob("a[/]", "a[/]"));
	ASSERT(mp_tuf_glob("[^a]", "^"));
	ASSERT(mp_tuf_glob("x[a-c]*", "xbyz"));
}

TEST(a_pattern_full_of_stars_takes_no_exponential_time)
{
	char pattern[2001], path[2001];

	memset(path, 'a', 2000);
	path[2000] = '\0';
	for (int i = 0; i < 2000; i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[1998] = 'b';
	pattern[1999] = pattern[2000] = '\0';
	ASSERT(!mp_tuf_glob(pattern, path));
}

TEST(a_pattern_and_a_path_survive_being_cut_anywhere)
{
	static const char pattern[] = "a[!b-\xc3\xa4]*/?\xf0\x9f\x98\x80[x",
			  path[] = "a\xe2\x82\xac/\xc3\xa4\xf0\x9f\x98\x80[x";

	ASSERT(mp_tuf_glob(pattern, path));
	for (size_t i = 0; i < sizeof(pattern); i++) {
		for (size_t j = 0; j < sizeof(path); j++) {
			auto_free char *p = strndup(pattern, i), *s = strndup(path, j);

			(void)mp_tuf_glob(p, s);
		}
	}
}
