/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"

static uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

uint64_t mp_coap_hash(const struct mp_coap_seed *seed, const void *data, size_t len)
{
	uint64_t v[4] = {seed->key[0] ^ 0x736f6d6570736575, seed->key[1] ^ 0x646f72616e646f6d,
			 seed->key[0] ^ 0x6c7967656e657261, seed->key[1] ^ 0x7465646279746573};
	const uint8_t *p = data;
	uint64_t last = (uint64_t)len << 56;

	for (; len >= 8; p += 8, len -= 8)
		sip_word(v, mp_le64(p));
	for (size_t i = 0; i < len; i++)
		last |= (uint64_t)p[i] << 8 * i;
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

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
