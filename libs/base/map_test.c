/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <errno.h>

#include "base/test.h"

#define N 1000

TEST(a_map_finds_all_of_a_hash_and_no_other)
{
	struct mp_map_link links[N];
	struct mp_map map;

	ASSERT_OK(mp_map_init(&map));
	for (unsigned i = 0; i < N; i++) /* pairs of one hash; it grows several times */
		mp_map_add(&map, &links[i], i % (N / 2) * 0x9e3779b97f4a7c15u);
	ASSERT_INT(N, map.count);
	for (unsigned i = 0; i < N / 2; i++) {
		struct mp_map_link *l = mp_map_find(&map, i * 0x9e3779b97f4a7c15u),
				   *other = mp_map_next(l);

		ASSERT((l == &links[i] && other == &links[i + N / 2]) ||
		       (l == &links[i + N / 2] && other == &links[i]));
		ASSERT(!mp_map_next(other));
	}
	ASSERT(!mp_map_find(&map, 1));
	mp_map_done(&map);
}

TEST(a_map_forgets_what_is_removed)
{
	struct mp_map_link links[N], *l;
	struct mp_map map;

	ASSERT_OK(mp_map_init(&map));
	ASSERT(!mp_map_any(&map));
	for (unsigned i = 0; i < N; i++)
		mp_map_add(&map, &links[i], i);
	mp_map_remove(&map, &links[7]);
	ASSERT(!mp_map_find(&map, 7) && mp_map_find(&map, 8) == &links[8]);
	while ((l = mp_map_any(&map)))
		mp_map_remove(&map, l);
	ASSERT_INT(0, map.count);
	mp_map_done(&map);
}

/* Without memory to grow its chains get longer. */
TORTURE(a_map_survives_oom)
{
	struct mp_map_link links[N];
	struct mp_map map;
	int r = mp_map_init(&map);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < N; i++)
		mp_map_add(&map, &links[i], i);
	for (unsigned i = 0; i < N; i++)
		if (mp_map_find(&map, i) != &links[i])
			r = -EIO;
	mp_map_done(&map);
	return r;
}
