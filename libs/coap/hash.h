/* SPDX-License-Identifier: Apache-2.0
 * hash.h - a table of links by their hashes
 *
 *     struct thing { struct link by_name; ... };
 *     h = mp_siphash_quick(seed, name, strlen(name));
 *     mp_coap_map_add(&map, &t->by_name, h);
 *     for (struct link *l = mp_coap_map_find(&map, h); l; l = mp_coap_map_next(l)) ...
 *
 * The table owns nothing and grows with what is in it; when memory is out its chains get longer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct link {
	struct link *next;
	uint64_t hash;
};
struct map {
	struct link **buckets;
	size_t mask, count;
};

int mp_coap_map_init(struct map *m); /* 0, -ENOMEM */
void mp_coap_map_done(struct map *m);
void mp_coap_map_add(struct map *m, struct link *l, uint64_t hash);
void mp_coap_map_remove(struct map *m, struct link *l);
/* The last one added of this hash; then the next one. */
struct link *mp_coap_map_find(const struct map *m, uint64_t hash);
struct link *mp_coap_map_next(const struct link *l);
struct link *mp_coap_map_any(const struct map *m); /* NULL: empty; O(size of the table) */
