/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/timer.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/test.h"

#define COUNT 5000

struct alarm {
	struct timer timer;
	int64_t due, fired;
};
static struct wheel wheel;
static struct alarm alarms[COUNT];
static int64_t now;
static int fired;

static void ring(struct timer *t)
{
	struct alarm *a = (struct alarm *)t;

	a->fired = now;
	fired++;
}

static void ring_and_set(struct timer *t)
{
	ring(t);
	if (fired < 10)
		mp_coap_timer_set(&wheel, t, now, ring_and_set);
}

static void start(void)
{
	now = 12345;
	fired = 0;
	memset(alarms, 0, sizeof(alarms));
	mp_coap_wheel_init(&wheel, now);
}

static void set(int i, int64_t due)
{
	alarms[i].due = due;
	mp_coap_timer_set(&wheel, &alarms[i].timer, due, ring);
}

/* As a loop does: sleep until the wheel says so. */
static void run(int64_t end)
{
	int64_t next;

	while ((next = mp_coap_wheel_next(&wheel)) <= end) {
		now = next > now ? next : now;
		mp_coap_wheel_turn(&wheel, now);
	}
	now = end;
	mp_coap_wheel_turn(&wheel, now);
}

TEST(timers_fire_never_early_and_at_most_a_tick_late)
{
	start();
	srand(7);
	for (int i = 0; i < COUNT; i++)
		set(i, now + rand() % 200000);
	run(now + 201000);
	ASSERT_INT(COUNT, fired);
	for (int i = 0; i < COUNT; i++) {
		ASSERT(alarms[i].fired >= alarms[i].due);
		ASSERT(alarms[i].fired <= alarms[i].due + 2 * MP_COAP_TICK_MS);
	}
	ASSERT(mp_coap_wheel_next(&wheel) == INT64_MAX);
}

TEST(a_timer_that_is_stopped_or_set_anew_does_not_fire_as_before)
{
	start();
	set(0, now + 1000);
	set(1, now + 1000);
	set(1, now + 90000);
	mp_coap_timer_stop(&wheel, &alarms[0].timer);
	mp_coap_timer_stop(&wheel, &alarms[0].timer);
	run(now + 50000);
	ASSERT_INT(0, fired);
	run(now + 50000);
	ASSERT_INT(1, fired);
}

TEST(after_a_long_sleep_all_that_is_due_fires_once)
{
	start();
	for (int i = 0; i < COUNT; i++)
		set(i, now + i * 100);
	now += 1000000;
	mp_coap_wheel_turn(&wheel, now);
	ASSERT_INT(COUNT, fired);
	mp_coap_wheel_turn(&wheel, now + 1000);
	ASSERT_INT(COUNT, fired);
}

TEST(a_timer_that_sets_itself_for_now_fires_in_the_next_tick)
{
	start();
	mp_coap_timer_set(&wheel, &alarms[0].timer, now, ring_and_set);
	now += 100;
	mp_coap_wheel_turn(&wheel, now);
	ASSERT_INT(1, fired);
	run(now + 1000);
	ASSERT_INT(10, fired);
}
