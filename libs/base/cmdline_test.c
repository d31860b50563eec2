/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cmdline.h"

#include "base/test.h"

TEST(cmdline_value_is_found_between_others)
{
	char v[16];

	ASSERT_OK(mp_cmdline_get("ro quiet init=/bin/x panic=5\n", "init", v, sizeof v));
	ASSERT_STR("/bin/x", v);
	ASSERT_OK(mp_cmdline_get("init=/bin/x panic=5\n", "panic", v, sizeof v));
	ASSERT_STR("5", v);
}

TEST(cmdline_last_value_wins)
{
	char v[16];

	ASSERT_OK(mp_cmdline_get("a=1 a=2", "a", v, sizeof v));
	ASSERT_STR("2", v);
}

TEST(cmdline_key_is_not_found_inside_another)
{
	char v[16] = "old";

	ASSERT_ERR(-ENOENT, mp_cmdline_get("xinit=1 init initx=2", "init", v, sizeof v));
	ASSERT_STR("old", v);
}

TEST(cmdline_value_that_is_too_long_is_refused)
{
	char v[4];

	ASSERT_OK(mp_cmdline_get("a=123", "a", v, sizeof v));
	ASSERT_ERR(-EFBIG, mp_cmdline_get("a=1234", "a", v, sizeof v));
}
