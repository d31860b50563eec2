/* SPDX-License-Identifier: Apache-2.0 */
#include "base/siphash.h"
#include "base/test.h"

/* Of the authors' paper, appendix A: the key 00 01 ... 0f. */
static const struct mp_sip_key key = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};
static const uint8_t data[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};

TEST(it_is_the_function_of_the_paper)
{
	ASSERT(mp_siphash(&key, data, sizeof(data)) == 0xa129ca6149be45e5);
	ASSERT(mp_siphash(&key, data, 0) == 0x726fdb47dd0e0e31);
}

TEST(each_bit_and_each_length_count)
{
	uint64_t whole = mp_siphash_quick(&key, data, sizeof(data));

	for (size_t len = 0; len < sizeof(data); len++)
		ASSERT(mp_siphash_quick(&key, data, len) != whole);
	for (size_t bit = 0; bit < 8 * sizeof(data); bit++) {
		uint8_t other[sizeof(data)];

		memcpy(other, data, sizeof(data));
		other[bit / 8] ^= (uint8_t)(1u << bit % 8);
		ASSERT(mp_siphash_quick(&key, other, sizeof(other)) != whole);
	}
}

TEST(the_hash_of_a_process_is_one_and_the_same)
{
	ASSERT(mp_hash(data, sizeof(data)) == mp_hash(data, sizeof(data)));
	ASSERT(mp_hash(data, sizeof(data)) != mp_hash(data, sizeof(data) - 1));
}
