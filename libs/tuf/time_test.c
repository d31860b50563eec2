/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "tuf/internal.h"

TEST(a_time_reads_as_seconds_since_1970)
{
	int64_t t;

	ASSERT_OK(mp_tuf_time_parse("1970-01-01T00:00:00Z", &t));
	ASSERT_INT(0, t);
	ASSERT_OK(mp_tuf_time_parse("2000-02-29T12:34:56Z", &t));
	ASSERT_INT(951827696, t);
	ASSERT_OK(mp_tuf_time_parse("2038-01-19T03:14:08Z", &t));
	ASSERT_INT(2147483648, t);
	ASSERT_OK(mp_tuf_time_parse("9999-12-31T23:59:59Z", &t));
	ASSERT_INT(253402300799, t);
	ASSERT_OK(mp_tuf_time_parse("1969-12-31T23:59:59Z", &t));
	ASSERT_INT(-1, t);
}

TEST(a_time_in_any_other_form_is_refused)
{
	static const char *const bad[] = {"",
					  "2030-01-01",
					  "2030-01-01T00:00:00",
					  "2030-01-01T00:00:00z",
					  "2030-01-01 00:00:00Z",
					  "2030-1-01T00:00:00Z0",
					  "2030-13-01T00:00:00Z",
					  "2030-00-01T00:00:00Z",
					  "2030-01-00T00:00:00Z",
					  "2030-02-29T00:00:00Z",
					  "1900-02-29T00:00:00Z",
					  "2030-01-01T24:00:00Z",
					  "2030-01-01T00:60:00Z",
					  "2030-01-01T00:00:60Z",
					  "0000-01-01T00:00:00Z",
					  "-030-01-01T00:00:00Z",
					  "2030-01-01T00:00:00Z "};
	int64_t t;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_ERR(-EBADMSG, mp_tuf_time_parse(bad[i], &t));
}

TEST(a_time_is_written_as_it_is_read)
{
	static const int64_t times[] = {0, -1, 951827696, 253402300799, -62135596800, 4102444800};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char text[21];
		int64_t t;

		mp_tuf_time_format(times[i], text);
		ASSERT_OK(mp_tuf_time_parse(text, &t));
		ASSERT_INT(times[i], t);
	}
}
