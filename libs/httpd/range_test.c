/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/range.h"

#include <stdlib.h>

#include "base/test.h"

static struct mp_range got[MP_RANGES];

static int parse(const char *header, uint64_t size)
{
	return mp_range_parse(header, size, got, MP_RANGES);
}

TEST(a_closed_an_open_and_a_suffix_range_are_understood)
{
	ASSERT_INT(3, parse("bytes=0-9, 90- ,-5", 100));
	ASSERT_INT(0, got[0].first);
	ASSERT_INT(9, got[0].last);
	ASSERT_INT(90, got[1].first);
	ASSERT_INT(99, got[1].last);
	ASSERT_INT(95, got[2].first);
	ASSERT_INT(99, got[2].last);
}

TEST(ends_past_the_file_are_cut)
{
	ASSERT_INT(1, parse("bytes=50-1000", 100));
	ASSERT_INT(99, got[0].last);
	ASSERT_INT(1, parse("bytes=-1000", 100));
	ASSERT_INT(0, got[0].first);
	ASSERT_INT(1, parse("bytes=0-99999999999999999999999999", 100));
	ASSERT_INT(99, got[0].last);
}

TEST(what_lies_wholly_past_the_end_is_not_satisfiable)
{
	ASSERT_ERR(-ERANGE, parse("bytes=100-", 100));
	ASSERT_ERR(-ERANGE, parse("bytes=-0", 100));
	ASSERT_ERR(-ERANGE, parse("bytes=0-0", 0));
	ASSERT_INT(1, parse("bytes=100-,0-0", 100));
}

TEST(another_unit_is_not_satisfiable_as_in_hawkbit)
{
	ASSERT_ERR(-ERANGE, parse("items=0-1", 100));
}

TEST(a_malformed_header_is_not_satisfiable_as_in_hawkbit)
{
	static const char *const bad[] = {"bytes=",	"bytes=-",	 "bytes=a-b", "bytes=9-0",
					  "bytes=1-2,", "bytes=1-2;3-4", "bytes",     "",
					  "bytes=1",	"bytes=--1"};

	ASSERT_INT(0, parse(NULL, 100));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ASSERT_ERR(-ERANGE, parse(bad[i], 100));
}

TEST(more_ranges_than_room_count_as_none)
{
	ASSERT_INT(0, mp_range_parse("bytes=0-0,1-1,2-2", 100, got, 2));
}

TEST(a_header_cut_anywhere_never_reads_past_its_end)
{
	static const char whole[] = "bytes=0-9, 90- ,-5";

	for (size_t n = 0; n < sizeof(whole); n++) {
		char *exact = malloc(n + 1);

		ASSERT(exact);
		memcpy(exact, whole, n);
		exact[n] = '\0';
		parse(exact, 100);
		free(exact);
	}
}
