/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <errno.h>
#include <string.h>

#include "base/test.h"

#define DAY 86400
#define THEN 1796083200

static const struct clock_evidence then = {THEN, "timestamp"};

TEST(the_first_signature_is_free)
{
	const struct clock_evidence none = {0};
	struct mp_err err;

	ASSERT_OK(clock_check(0, &none, &err));
	ASSERT_OK(clock_check(INT64_MAX, &none, &err));
}

TEST(a_clock_that_goes_on_may_sign)
{
	struct mp_err err;

	ASSERT_OK(clock_check(THEN, &then, &err));
	ASSERT_OK(clock_check(THEN + 365 * DAY, &then, &err));
	ASSERT_OK(clock_check(THEN - 6 * 3600, &then, &err));
}

TEST(a_clock_that_jumped_may_not)
{
	struct mp_err err;

	ASSERT_ERR(-EPROTO, clock_check(THEN + 365 * DAY + 1, &then, &err));
	ASSERT(strstr(err.text, "2027-12-01 00:00:01 UTC, more than a year after"));
	ASSERT_ERR(-EPROTO, clock_check(INT64_MAX / 2, &then, &err));
	ASSERT_ERR(-EPROTO, clock_check(THEN - 6 * 3600 - 1, &then, &err));
	ASSERT(strstr(err.text, "'mp key rotate snapshot timestamp'"));
	ASSERT_ERR(-EPROTO, clock_check(0, &then, &err));
}

TEST(the_latest_evidence_counts)
{
	struct clock_evidence e = {0};

	clock_add(&e, 0, "root"); /* it says nothing of the time */
	ASSERT(!e.role);
	clock_add(&e, 5, "root");
	clock_add(&e, 9, "targets");
	clock_add(&e, 7, "snapshot");
	ASSERT_INT(9, e.time);
	ASSERT_STR("targets", e.role);
}
