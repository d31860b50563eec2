/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/time.h"

TEST(time_counts_every_day_of_ten_thousand_years)
{
	int64_t seconds = -62167219200, days = 0;
	char text[MP_LWM2M_TIME_TEXT], before[MP_LWM2M_TIME_TEXT] = "";

	for (; mp_lwm2m_time_format(seconds, text) > 0; seconds += 86400, days++) {
		int64_t back = 1;

		ASSERT(strcmp(before, text) < 0);
		ASSERT_OK(mp_lwm2m_time_parse(text, strlen(text), &back));
		ASSERT_INT(seconds, back);
		memcpy(before, text, sizeof(text));
	}
	ASSERT_STR("9999-12-31T00:00:00Z", before);
	ASSERT_INT(3652425, days);
}

TEST(time_ends_where_its_text_does)
{
	char text[MP_LWM2M_TIME_TEXT];

	ASSERT_ERR(-EBADMSG, mp_lwm2m_time_format(253402300800, text));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_time_format(-62167219201, text));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_time_format(INT64_MAX, text));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_time_format(INT64_MIN, text));
	ASSERT_INT(20, mp_lwm2m_time_format(253402300799, text));
	ASSERT_STR("9999-12-31T23:59:59Z", text);
}

TEST(time_refuses_every_cut)
{
	static const char text[] = "2013-05-02T10:40:15.5+02:00";
	int64_t v;

	EACH_CUT(cut, n, text, sizeof(text) - 1) {
		ASSERT_ERR(-EBADMSG, mp_lwm2m_time_parse(cut, n, &v));
	}
}
