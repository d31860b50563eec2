/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/test.h"

TEST(buf_grows_and_stays_a_string)
{
	MP_BUF(b, 1000);

	ASSERT_STR("", mp_buf_str(&b));
	for (int i = 0; i < 50; i++)
		ASSERT_OK(mp_buf_printf(&b, "%02d,", i));
	ASSERT_INT(150, b.len);
	ASSERT_INT(150, strlen(b.data));
	mp_buf_reset(&b);
	ASSERT_STR("", mp_buf_str(&b));
}

TEST(buf_refuses_to_pass_its_limit_and_keeps_what_it_had)
{
	MP_BUF(b, 4);

	ASSERT_OK(mp_buf_add_str(&b, "abcd"));
	ASSERT_ERR(-EFBIG, mp_buf_add_str(&b, "e"));
	ASSERT_ERR(-EFBIG, mp_buf_printf(&b, "%d", 7));
	ASSERT_STR("abcd", mp_buf_str(&b));
}

TORTURE(buf_survives_oom)
{
	MP_BUF(b, 1000);
	int r = mp_buf_add_str(&b, "start");

	for (int i = 0; r == 0 && i < 10; i++)
		r = mp_buf_printf(&b, "%*d", 60, i);
	return r;
}
