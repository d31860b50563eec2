/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/test.h"
#include "dtls/internal.h"

#define COUNT 4000
#define SEEDS 50

static struct mp_net_address neighbour(unsigned i)
{
	struct mp_net_address a = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [13] = 16},
				   .port = 5684};

	a.ip[14] = (uint8_t)(i >> 8);
	a.ip[15] = (uint8_t)i;
	return a;
}

/* Sessions that a look-up passes, over all of them: a look-up goes through its whole chain. */
static size_t passed(const struct table *t)
{
	size_t sum = 0;

	for (size_t i = 0; i <= t->mask; i++) {
		size_t len = 0;

		for (const struct mp_dtls_session *s = t->buckets[i]; s; s = s->next)
			len++;
		sum += len * len;
	}
	return sum;
}

TEST(neighbours_are_found_and_do_not_crowd_together_whatever_the_seed)
{
	static struct mp_dtls d;
	struct mp_dtls_session *sessions[COUNT];

	for (unsigned i = 0; i < COUNT; i++) {
		sessions[i] = mp_dtls_session_new(&d, &(struct shape){0});
		ASSERT(sessions[i]);
		sessions[i]->state = PARKED;
		sessions[i]->address = neighbour(i);
	}
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		struct mp_net_address other = neighbour(COUNT);
		struct table t = {0};

		ASSERT_OK(mp_dtls_table_init(&t));
		for (unsigned i = 0; i < COUNT; i++)
			mp_dtls_table_add(&t, sessions[i]);
		for (unsigned i = 0; i < COUNT; i++)
			ASSERT(mp_dtls_table_find(&t, NULL, &sessions[i]->address).established ==
			       sessions[i]);
		ASSERT(!mp_dtls_table_find(&t, NULL, &other).established);
		ASSERT(10 * passed(&t) < 23 * COUNT); /* chance alone makes it 2 */
		mp_dtls_table_done(&t);
	}
	for (unsigned i = 0; i < COUNT; i++)
		free(sessions[i]);
}
