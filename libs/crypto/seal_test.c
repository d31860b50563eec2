/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include "base/test.h"

static const uint8_t key[MP_SEAL_KEY] = {1, 2, 3};
static const char secret[] = "sixteen bytes...";

TEST(what_is_sealed_opens_again)
{
	uint8_t sealed[sizeof(secret) + MP_SEAL_EXTRA], again[sizeof(secret)];
	auto_(mp_seal) *s = NULL;

	ASSERT_OK(mp_seal_new(key, &s));
	ASSERT_OK(mp_seal(s, "me", 2, secret, sizeof(secret), sealed));
	ASSERT_OK(mp_unseal(s, "me", 2, sealed, sizeof(sealed), again));
	ASSERT_STR(secret, (const char *)again);
}

TEST(the_same_secret_is_never_sealed_the_same)
{
	uint8_t a[sizeof(secret) + MP_SEAL_EXTRA], b[sizeof(a)];
	auto_(mp_seal) *s = NULL;

	ASSERT_OK(mp_seal_new(key, &s));
	ASSERT_OK(mp_seal(s, "me", 2, secret, sizeof(secret), a));
	ASSERT_OK(mp_seal(s, "me", 2, secret, sizeof(secret), b));
	ASSERT(memcmp(a, b, sizeof(a)) != 0);
	ASSERT(memcmp(a + 12, secret, 8) != 0);
}

TEST(a_seal_opens_for_nobody_else_and_never_when_changed_or_cut)
{
	uint8_t sealed[sizeof(secret) + MP_SEAL_EXTRA], again[sizeof(secret)];
	uint8_t other_key[MP_SEAL_KEY] = {9};
	auto_(mp_seal) *s = NULL, *other = NULL;

	ASSERT_OK(mp_seal_new(key, &s));
	ASSERT_OK(mp_seal_new(other_key, &other));
	ASSERT_OK(mp_seal(s, "me", 2, secret, sizeof(secret), sealed));
	ASSERT_ERR(-EKEYREJECTED, mp_unseal(s, "you", 3, sealed, sizeof(sealed), again));
	ASSERT_ERR(-EKEYREJECTED, mp_unseal(other, "me", 2, sealed, sizeof(sealed), again));
	EACH_CUT(cut, n, sealed, sizeof(sealed))
		ASSERT_ERR(-EKEYREJECTED, mp_unseal(s, "me", 2, cut, n, again));
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 1;
		ASSERT_ERR(-EKEYREJECTED, mp_unseal(s, "me", 2, sealed, sizeof(sealed), again));
		sealed[i] ^= 1;
	}
}

TORTURE(sealing_survives_oom)
{
	auto_(mp_seal) *s = NULL;

	return mp_seal_new(key, &s);
}
