/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dtls/internal.h"

#define FIRST_BUCKETS 16
__extension__ typedef unsigned __int128 wide;

int mp_dtls_table_init(struct table *t)
{
	int r = mp_dtls_random(t->seed, sizeof(t->seed));

	if (r < 0)
		return r;
	t->buckets = calloc(FIRST_BUCKETS, sizeof(*t->buckets));
	t->mask = FIRST_BUCKETS - 1;
	return t->buckets ? 0 : -ENOMEM;
}

void mp_dtls_table_done(struct table *t)
{
	free(t->buckets);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	wide p = (wide)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static uint64_t mix_address(uint64_t h, const struct mp_net_address *a, const uint64_t seed[2])
{
	uint64_t half[2];

	memcpy(half, a->ip, sizeof(half));
	h = mix(h ^ half[0], seed[0] | 1);
	return mix(h ^ half[1] ^ (uint64_t)a->port << 48, seed[1] | 1);
}

/* Keyed by random numbers, so that nobody can choose addresses that all fall into one bucket. The last
 * turn spreads neighbours, which else differ by multiples of one number. */
static size_t bucket_of(const struct table *t, const struct mp_net_address *local,
			const struct mp_net_address *address)
{
	uint64_t h = mix_address(t->seed[0] ^ t->seed[1], address, t->seed);

	if (local)
		h = mix_address(h, local, t->seed);
	return mix(h, t->seed[0] | 1) & t->mask;
}

static size_t bucket_of_session(const struct table *t, const struct mp_dtls_session *s)
{
	return bucket_of(t, mp_dtls_session_local(s), &s->address);
}

static void grow(struct table *t)
{
	size_t old = t->mask + 1, n = old * 2;
	struct mp_dtls_session **from = t->buckets,
			       **to = calloc(n, sizeof(struct mp_dtls_session *));

	if (!to)
		return; /* slower, and no worse */
	t->buckets = to;
	t->mask = n - 1;
	for (size_t i = 0; i < old; i++) {
		for (struct mp_dtls_session *s = from[i], *next; s; s = next) {
			struct mp_dtls_session **b = &to[bucket_of_session(t, s)];

			next = s->next;
			s->next = *b;
			*b = s;
		}
	}
	free(from);
}

void mp_dtls_table_add(struct table *t, struct mp_dtls_session *s)
{
	struct mp_dtls_session **b;

	if (t->count > t->mask)
		grow(t);
	b = &t->buckets[bucket_of_session(t, s)];
	s->next = *b;
	*b = s;
	t->count++;
}

static struct mp_dtls_session **place_of(const struct table *t, const struct mp_dtls_session *s)
{
	struct mp_dtls_session **p = &t->buckets[bucket_of_session(t, s)];

	while (*p && *p != s)
		p = &(*p)->next;
	return p;
}

void mp_dtls_table_remove(struct table *t, struct mp_dtls_session *s)
{
	struct mp_dtls_session **p = place_of(t, s);

	if (!*p)
		return;
	*p = s->next;
	t->count--;
}

void mp_dtls_table_replace(struct table *t, struct mp_dtls_session *from,
			   struct mp_dtls_session *to)
{
	struct mp_dtls_session **p = place_of(t, from);

	to->next = from->next;
	*p = to;
}

static bool is_between(const struct mp_dtls_session *s, const struct mp_net_address *local,
		       const struct mp_net_address *address)
{
	const struct mp_net_address *own = mp_dtls_session_local(s);

	return mp_net_address_is_equal(&s->address, address) && !own == !local &&
	       (!own || mp_net_address_is_equal(own, local));
}

struct pair mp_dtls_table_find(const struct table *t, const struct mp_net_address *local,
			       const struct mp_net_address *address)
{
	struct pair pair = {0};

	for (struct mp_dtls_session *s = t->buckets[bucket_of(t, local, address)]; s; s = s->next) {
		if (!is_between(s, local, address))
			continue;
		if (s->state == SHAKING)
			pair.shaking = s;
		else if (!pair.established || pair.established->has_cid)
			pair.established = s; /* a peer with a connection id does without */
	}
	return pair;
}

static bool is_same_peer(struct mp_dtls_session *a, struct mp_dtls_session *b)
{
	return a->kind == b->kind && a->text_len == b->text_len && a->client == b->client &&
	       memcmp(mp_dtls_session_text(a), mp_dtls_session_text(b), a->text_len) == 0;
}

struct mp_dtls_session *mp_dtls_table_find_twin(const struct table *t, struct mp_dtls_session *s)
{
	const struct mp_net_address *local = mp_dtls_session_local(s);
	struct mp_dtls_session *x = t->buckets[bucket_of(t, local, &s->address)];

	while (x && (x == s || x->state == SHAKING || !is_same_peer(x, s) ||
		     !is_between(x, local, &s->address)))
		x = x->next;
	return x;
}
