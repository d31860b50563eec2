/* SPDX-License-Identifier: Apache-2.0
 * map.h - a table of links by their hashes
 *
 *     struct thing { struct mp_map_link by_name; ... };
 *     h = mp_hash(name, strlen(name)); // or mp_siphash_quick with a key of one's own
 *     mp_map_add(&map, &t->by_name, h);
 *     for (struct mp_map_link *l = mp_map_find(&map, h); l; l = mp_map_next(l)) ...
 *
 * The table owns nothing and grows with what is in it; when memory is out its chains get longer.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mp_map_link {
	struct mp_map_link *next;
	uint64_t hash;
};
struct mp_map {
	struct mp_map_link **buckets;
	size_t mask, count;
};

int mp_map_init(struct mp_map *m); /* 0, -ENOMEM */
void mp_map_done(struct mp_map *m); /* one that is all zero is fine */
void mp_map_add(struct mp_map *m, struct mp_map_link *l, uint64_t hash);
void mp_map_remove(struct mp_map *m, struct mp_map_link *l);
/* The last one added of this hash; then the next one. */
struct mp_map_link *mp_map_find(const struct mp_map *m, uint64_t hash);
struct mp_map_link *mp_map_next(const struct mp_map_link *l);
struct mp_map_link *mp_map_any(const struct mp_map *m); /* NULL: empty; O(size of the table) */
