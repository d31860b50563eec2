/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/hash.h"

#include <errno.h>
#include <stdlib.h>

int mp_coap_map_init(struct map *m)
{
	*m = (struct map){.mask = 63};
	m->buckets = calloc(m->mask + 1, sizeof(struct link *));
	return m->buckets ? 0 : -ENOMEM;
}

void mp_coap_map_done(struct map *m)
{
	free(m->buckets);
}

static void put(struct map *m, struct link *l)
{
	struct link **bucket = &m->buckets[l->hash & m->mask];

	l->next = *bucket;
	*bucket = l;
}

static void grow(struct map *m)
{
	size_t old = m->mask + 1;
	struct link **was = m->buckets, **now = calloc(old * 2, sizeof(struct link *));

	if (!now)
		return;
	m->buckets = now;
	m->mask = old * 2 - 1;
	for (size_t i = 0; i < old; i++) {
		for (struct link *l = was[i], *next; l; l = next) {
			next = l->next;
			put(m, l);
		}
	}
	free(was);
}

void mp_coap_map_add(struct map *m, struct link *l, uint64_t hash)
{
	if (m->count > m->mask)
		grow(m);
	l->hash = hash;
	put(m, l);
	m->count++;
}

void mp_coap_map_remove(struct map *m, struct link *l)
{
	struct link **at = &m->buckets[l->hash & m->mask];

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	m->count--;
}

static struct link *match(struct link *l, uint64_t hash)
{
	while (l && l->hash != hash)
		l = l->next;
	return l;
}

struct link *mp_coap_map_find(const struct map *m, uint64_t hash)
{
	return match(m->buckets[hash & m->mask], hash);
}

struct link *mp_coap_map_next(const struct link *l)
{
	return match(l->next, l->hash);
}

struct link *mp_coap_map_any(const struct map *m)
{
	if (!m->count)
		return NULL;
	for (size_t i = 0; i <= m->mask; i++) {
		if (m->buckets[i])
			return m->buckets[i];
	}
	return NULL;
}
