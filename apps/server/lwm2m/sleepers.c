/* SPDX-License-Identifier: Apache-2.0
 * Who in queue mode is awake, and for how long: a wheel of seconds. A registration stands in it at
 * most once; who was heard again meanwhile goes on to the right bucket when the turn of its own
 * comes. */
#include <errno.h>
#include <stdlib.h>

#include "inside.h"
#include "lwm2m.h"
#include "registry_edit.h"

#define BUCKETS 1024 /* more than a window has seconds */

struct sleepers {
	struct bucket {
		uint64_t *locations;
		size_t n, room;
	} buckets[BUCKETS];
	int64_t second; /* the last one that was looked at */
};

int sleepers_new(struct sleepers **ret)
{
	*ret = calloc(1, sizeof(struct sleepers));
	return *ret ? 0 : -ENOMEM;
}

void sleepers_free(struct sleepers *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		free(t->buckets[i].locations);
	free(t);
}

static int64_t sleeps_at(const struct lwm2m *l, const struct registration *r)
{
	return r->updated / 1000 + l->awake_seconds + 1;
}

static int push(struct lwm2m *l, const struct registration *r)
{
	struct bucket *b = &l->sleepers->buckets[sleeps_at(l, r) % BUCKETS];

	if (b->n == b->room) {
		size_t room = b->room ? b->room * 2 : 16;
		uint64_t *locations = realloc(b->locations, room * sizeof(*locations));

		if (!locations)
			return -ENOMEM;
		b->locations = locations;
		b->room = room;
	}
	b->locations[b->n++] = r->location;
	return 0;
}

static void tell(struct lwm2m *l, struct registration *r, enum lwm2m_event_kind kind)
{
	lwm2m_tell(l, &(struct lwm2m_event){.kind = kind,
					    .time = l->now_ms,
					    .registration = r,
					    .endpoint = r->endpoint});
}

void sleepers_heard(struct lwm2m *l, struct registration *r)
{
	bool was_awake = r->is_awake;

	if (!(r->binding & BINDING_Q))
		return;
	/* Without memory it is awake for good: requests then time out, and that says the same. */
	if (!r->is_listed_awake)
		r->is_listed_awake = push(l, r) == 0;
	r->is_awake = true;
	if (!was_awake)
		tell(l, r, LWM2M_AWAKE);
}

void sleepers_slept(struct lwm2m *l, struct registration *r)
{
	if (!(r->binding & BINDING_Q) || !r->is_awake)
		return;
	r->is_awake = false;
	tell(l, r, LWM2M_ASLEEP);
}

static void look(struct lwm2m *l, uint64_t location, int64_t now)
{
	struct registration *r = registry_in_slot_of(l->registry, location);

	if (!r || r->location != location)
		return;
	r->is_listed_awake = false;
	if (r->is_awake && sleeps_at(l, r) > now)
		r->is_listed_awake = push(l, r) == 0;
	else
		sleepers_slept(l, r);
}

void sleepers_tick(struct lwm2m *l)
{
	struct sleepers *t = l->sleepers;
	int64_t now = l->now_ms / 1000;

	if (now - t->second > BUCKETS || now < t->second)
		t->second = now - BUCKETS; /* once around finds everybody */
	while (t->second < now) {
		struct bucket *b = &t->buckets[++t->second % BUCKETS], due = *b;

		*b = (struct bucket){NULL, 0, 0};
		for (size_t i = 0; i < due.n; i++)
			look(l, due.locations[i], now);
		free(due.locations);
	}
}
