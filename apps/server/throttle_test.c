/* SPDX-License-Identifier: Apache-2.0 */
#include "throttle.h"

#include "base/test.h"

TEST(an_address_that_fails_too_often_waits_and_is_forgiven)
{
	static const uint8_t bad[16] = {1}, good[16] = {2};

	for (int i = 0; i < THROTTLE_BURST; i++) {
		ASSERT(!throttle_is_closed(bad, 1000));
		throttle_failed(bad, 1000);
	}
	ASSERT(throttle_is_closed(bad, 1000));
	ASSERT(!throttle_is_closed(good, 1000));
	ASSERT(!throttle_is_closed(bad, 1001));
	throttle_failed(bad, 1001);
	ASSERT(throttle_is_closed(bad, 1001));
	ASSERT(!throttle_is_closed(bad, 2000));
}
