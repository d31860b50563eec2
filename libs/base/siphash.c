/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/le.h"

static inline uint64_t rotate(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

/* In place wherever it is called: tables are looked up for every message. */
__attribute__((always_inline)) static inline void sip_round(uint64_t v[4])
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

static inline void sip_word(uint64_t v[4], uint64_t word, int rounds)
{
	v[3] ^= word;
	while (rounds--)
		sip_round(v);
	v[0] ^= word;
}

static inline uint64_t sip(const struct mp_sip_key *key, const uint8_t *p, size_t len, int rounds,
			   int last_rounds)
{
	uint64_t v[4] = {key->half[0] ^ 0x736f6d6570736575, key->half[1] ^ 0x646f72616e646f6d,
			 key->half[0] ^ 0x6c7967656e657261, key->half[1] ^ 0x7465646279746573};
	uint64_t last = (uint64_t)len << 56;

	for (; len >= 8; p += 8, len -= 8)
		sip_word(v, mp_le64(p), rounds);
	for (size_t i = 0; i < len; i++)
		last |= (uint64_t)p[i] << 8 * i;
	sip_word(v, last, rounds);
	v[2] ^= 0xff;
	while (last_rounds--)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t mp_siphash(const struct mp_sip_key *key, const void *data, size_t len)
{
	return sip(key, data, len, 2, 4);
}

uint64_t mp_siphash_quick(const struct mp_sip_key *key, const void *data, size_t len)
{
	return sip(key, data, len, 1, 3);
}

static struct mp_sip_key process_key;

static void draw_process_key(void)
{
	if (getrandom(&process_key, sizeof(process_key), 0) != sizeof(process_key))
		abort(); /* so few bytes come whole */
}

uint64_t mp_hash(const void *data, size_t len)
{
	static pthread_once_t drawn = PTHREAD_ONCE_INIT;

	pthread_once(&drawn, draw_process_key);
	return mp_siphash_quick(&process_key, data, len);
}
