/* SPDX-License-Identifier: Apache-2.0 */
#include "base/auto.h"
#include "base/str.h"
#include "base/test.h"

TEST(str_parses_numbers_and_refuses_everything_else)
{
	uint64_t v = 5;

	ASSERT_OK(mp_str_parse_u64("18446744073709551615", UINT64_MAX, &v));
	ASSERT(v == UINT64_MAX);
	ASSERT_ERR(-ERANGE, mp_str_parse_u64("18446744073709551616", UINT64_MAX, &v));
	ASSERT_ERR(-ERANGE, mp_str_parse_u64("8", 7, &v));
	ASSERT_ERR(-EBADMSG, mp_str_parse_u64("", 7, &v));
	ASSERT_ERR(-EBADMSG, mp_str_parse_u64("-1", 7, &v));
	ASSERT_ERR(-EBADMSG, mp_str_parse_u64("1 ", 7, &v));
	ASSERT(v == UINT64_MAX);
}

TEST(names_cannot_leave_their_folder)
{
	ASSERT(mp_str_is_name("gateway-7.local_2", 64));
	ASSERT(!mp_str_is_name("", 64));
	ASSERT(!mp_str_is_name(".hidden", 64));
	ASSERT(!mp_str_is_name("a/b", 64));
	ASSERT(!mp_str_is_name("abc", 2));
}

TEST(hex_goes_both_ways)
{
	uint8_t bytes[3] = {0};
	char text[7];

	ASSERT_OK(mp_hex_parse("00aFff", bytes, 3));
	mp_hex_format(bytes, 3, text);
	ASSERT_STR("00afff", text);
	ASSERT_ERR(-EBADMSG, mp_hex_parse("00af", bytes, 3));
	ASSERT_ERR(-EBADMSG, mp_hex_parse("00afxx", bytes, 3));
}

TEST(versions_compare_by_number_not_by_letter)
{
	ASSERT(mp_version_compare("1.10.0", "1.9") > 0);
	ASSERT(mp_version_compare("1.0", "1.0.0.0") == 0);
	ASSERT(mp_version_compare("0.9.9", "1") < 0);
	ASSERT(mp_version_is_valid("1.2.3.4"));
	ASSERT(!mp_version_is_valid("1.2.3.4.5"));
	ASSERT(!mp_version_is_valid("1."));
	ASSERT(!mp_version_is_valid("1..2"));
	ASSERT(!mp_version_is_valid("v1"));
	ASSERT(!mp_version_is_valid("99999999999"));
	ASSERT(!mp_version_is_valid(""));
}
