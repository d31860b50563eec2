/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/timer.h"

#include <stddef.h>

void mp_coap_wheel_init(struct wheel *w, int64_t now_ms)
{
	*w = (struct wheel){.tick = now_ms / MP_COAP_TICK_MS};
}

void mp_coap_timer_stop(struct wheel *w, struct timer *t)
{
	size_t slot = (size_t)(t->tick % MP_COAP_WHEEL);

	if (!t->at)
		return;
	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	t->at = NULL;
	if (!w->slots[slot])
		w->occupied[slot / 64] &= ~(1ull << slot % 64);
}

void mp_coap_timer_set(struct wheel *w, struct timer *t, int64_t due_ms,
		       void (*fire)(struct timer *t))
{
	size_t slot;

	mp_coap_timer_stop(w, t);
	t->tick = (due_ms + MP_COAP_TICK_MS - 1) / MP_COAP_TICK_MS;
	if (t->tick <= w->tick)
		t->tick = w->tick + 1;
	t->fire = fire;
	slot = (size_t)(t->tick % MP_COAP_WHEEL);
	t->at = &w->slots[slot];
	t->next = w->slots[slot];
	if (t->next)
		t->next->at = &t->next;
	w->slots[slot] = t;
	w->occupied[slot / 64] |= 1ull << slot % 64;
}

/* Look again from the beginning after each: what it called may have changed the slot. A timer that
 * is set meanwhile goes to a later tick, so this ends. */
static void turn_slot(struct wheel *w, size_t slot, int64_t limit)
{
	struct timer *t = w->slots[slot];

	while (t) {
		if (t->tick > limit) {
			t = t->next;
			continue;
		}
		mp_coap_timer_stop(w, t);
		t->fire(t);
		t = w->slots[slot];
	}
}

void mp_coap_wheel_turn(struct wheel *w, int64_t now_ms)
{
	int64_t now = now_ms / MP_COAP_TICK_MS, from = w->tick + 1;

	if (now < from)
		return;
	if (now - from >= MP_COAP_WHEEL)
		from = now - MP_COAP_WHEEL + 1;
	w->tick = now;
	for (int64_t i = from; i <= now; i++)
		turn_slot(w, (size_t)(i % MP_COAP_WHEEL), now);
}

int64_t mp_coap_wheel_next(const struct wheel *w)
{
	size_t first = (size_t)((w->tick + 1) % MP_COAP_WHEEL), words = MP_COAP_WHEEL / 64;

	for (size_t i = 0; i <= words; i++) {
		size_t word = (first / 64 + i) % words;
		uint64_t bits = w->occupied[word];
		size_t slot;

		if (i == 0)
			bits &= ~0ull << first % 64;
		else if (i == words) /* the part of the first word that lies before `first` */
			bits &= (1ull << first % 64) - 1;
		if (!bits)
			continue;
		slot = word * 64 + (size_t)__builtin_ctzll(bits);
		return (w->tick + 1 + (int64_t)((slot + MP_COAP_WHEEL - first) % MP_COAP_WHEEL)) *
		       MP_COAP_TICK_MS;
	}
	return INT64_MAX;
}
