/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

int mp_map_init(struct mp_map *m)
{
	*m = (struct mp_map){.mask = 63};
	m->buckets = calloc(m->mask + 1, sizeof(struct mp_map_link *));
	return m->buckets ? 0 : -ENOMEM;
}

void mp_map_done(struct mp_map *m)
{
	free(m->buckets);
}

static void put(struct mp_map *m, struct mp_map_link *l)
{
	struct mp_map_link **bucket = &m->buckets[l->hash & m->mask];

	l->next = *bucket;
	*bucket = l;
}

static void grow(struct mp_map *m)
{
	size_t old = m->mask + 1;
	struct mp_map_link **was = m->buckets,
			   **now = calloc(old * 2, sizeof(struct mp_map_link *));

	if (!now)
		return;
	m->buckets = now;
	m->mask = old * 2 - 1;
	for (size_t i = 0; i < old; i++) {
		for (struct mp_map_link *l = was[i], *next; l; l = next) {
			next = l->next;
			put(m, l);
		}
	}
	free(was);
}

void mp_map_add(struct mp_map *m, struct mp_map_link *l, uint64_t hash)
{
	if (m->count > m->mask)
		grow(m);
	l->hash = hash;
	put(m, l);
	m->count++;
}

void mp_map_remove(struct mp_map *m, struct mp_map_link *l)
{
	struct mp_map_link **at = &m->buckets[l->hash & m->mask];

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	m->count--;
}

static struct mp_map_link *match(struct mp_map_link *l, uint64_t hash)
{
	while (l && l->hash != hash)
		l = l->next;
	return l;
}

struct mp_map_link *mp_map_find(const struct mp_map *m, uint64_t hash)
{
	return match(m->buckets[hash & m->mask], hash);
}

struct mp_map_link *mp_map_next(const struct mp_map_link *l)
{
	return match(l->next, l->hash);
}

struct mp_map_link *mp_map_any(const struct mp_map *m)
{
	if (!m->count)
		return NULL;
	for (size_t i = 0; i <= m->mask; i++) {
		if (m->buckets[i])
			return m->buckets[i];
	}
	return NULL;
}
