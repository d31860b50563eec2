/* SPDX-License-Identifier: Apache-2.0 */
#include "alarms.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

int alarms_init(struct alarms *a, uint32_t slots)
{
	*a = (struct alarms){.slots = slots};
	a->at = calloc(slots, sizeof(*a->at));
	a->heap = calloc(slots, sizeof(*a->heap));
	a->place = calloc(slots, sizeof(*a->place));
	if (a->at && a->heap && a->place)
		return 0;
	alarms_done(a);
	return -ENOMEM;
}

void alarms_done(struct alarms *a)
{
	free(a->at);
	free(a->heap);
	free(a->place);
	*a = (struct alarms){0};
}

static bool is_earlier(const struct alarms *a, uint32_t x, uint32_t y)
{
	return a->at[a->heap[x]] < a->at[a->heap[y]];
}

static void swap(struct alarms *a, uint32_t x, uint32_t y)
{
	uint32_t slot = a->heap[x];

	a->heap[x] = a->heap[y];
	a->heap[y] = slot;
	a->place[a->heap[x]] = x + 1;
	a->place[a->heap[y]] = y + 1;
}

static void settle(struct alarms *a, uint32_t i)
{
	while (i && is_earlier(a, i, (i - 1) / 2)) {
		swap(a, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	for (;;) {
		uint32_t least = i, left = 2 * i + 1, right = left + 1;

		if (left < a->n && is_earlier(a, left, least))
			least = left;
		if (right < a->n && is_earlier(a, right, least))
			least = right;
		if (least == i)
			return;
		swap(a, i, least);
		i = least;
	}
}

static void take_out(struct alarms *a, uint32_t slot)
{
	uint32_t i = a->place[slot];

	if (!i--)
		return;
	swap(a, i, --a->n);
	a->place[slot] = 0;
	if (i < a->n)
		settle(a, i);
}

void alarms_set(struct alarms *a, uint32_t slot, int64_t at_ms)
{
	a->at[slot] = at_ms;
	if (at_ms == INT64_MAX) {
		take_out(a, slot);
		return;
	}
	if (!a->place[slot]) {
		a->heap[a->n] = slot;
		a->place[slot] = ++a->n;
	}
	settle(a, a->place[slot] - 1);
}

int64_t alarms_next(const struct alarms *a)
{
	return a->n ? a->at[a->heap[0]] : INT64_MAX;
}

uint32_t alarms_due(struct alarms *a, int64_t now_ms)
{
	uint32_t slot;

	if (alarms_next(a) > now_ms || !a->n)
		return ALARMS_NONE;
	slot = a->heap[0];
	take_out(a, slot);
	return slot;
}
