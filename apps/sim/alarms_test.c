/* SPDX-License-Identifier: Apache-2.0 */
#include "alarms.h"

#include "base/test.h"
#include "port.h"

#define SLOTS 500

TEST(alarms_are_due_in_the_order_of_their_times_whatever_was_set_before)
{
	struct alarms a;
	uint64_t random = 1;
	int64_t last = 0, want = 0;
	uint32_t slot;

	ASSERT_OK(alarms_init(&a, SLOTS));
	for (int i = 0; i < 20 * SLOTS; i++) {
		int64_t at = (int64_t)(random_next(&random) % 1000);

		alarms_set(&a, (uint32_t)(random_next(&random) % SLOTS), at < 100 ? INT64_MAX : at);
	}
	for (uint32_t i = 0; i < SLOTS; i++)
		want += a.place[i] != 0;
	ASSERT_INT(want, a.n);
	while ((slot = alarms_due(&a, 1000)) != ALARMS_NONE) {
		ASSERT(a.at[slot] >= last);
		last = a.at[slot];
		want--;
	}
	ASSERT_INT(0, want);
	ASSERT(alarms_next(&a) == INT64_MAX);
	alarms_set(&a, 7, 50);
	ASSERT_INT(ALARMS_NONE, alarms_due(&a, 49));
	ASSERT_INT(7, alarms_due(&a, 50));
	alarms_done(&a);
}

TORTURE(alarms_need_memory_at_the_start_alone)
{
	struct alarms a;
	int r = alarms_init(&a, 8);

	if (r < 0)
		return r;
	alarms_set(&a, 3, 1);
	alarms_done(&a);
	return 0;
}
