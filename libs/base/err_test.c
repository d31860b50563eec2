/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "base/test.h"

TEST(err_wrap_puts_context_first)
{
	struct mp_err err = {0};
	int r = mp_err_set(&err, -EBADMSG, "line %u: unknown key '%s'", 3u, "colour");

	ASSERT_INT(-EBADMSG, mp_err_wrap(&err, r, "manifest '%s'", "a.conf"));
	ASSERT_STR("manifest 'a.conf': line 3: unknown key 'colour'", err.text);
	ASSERT_INT(-EIO, mp_err_set(NULL, -EIO, "nobody reads this"));
}

TEST(err_wrap_cuts_what_does_not_fit)
{
	struct mp_err err = {0};
	char filler[600];

	memset(filler, 'x', sizeof(filler) - 1);
	filler[sizeof(filler) - 1] = '\0';
	ASSERT_INT(-EIO, mp_err_set(&err, -EIO, "%s", filler));
	ASSERT_INT(-EIO, mp_err_wrap(&err, -EIO, "reading"));
	ASSERT_INT(sizeof(err.text) - 1, strlen(err.text));
}
