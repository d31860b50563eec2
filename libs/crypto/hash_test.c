/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include <unistd.h>

#include "base/str.h"
#include "base/test.h"

static const char abc256[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(digests_agree_with_their_standards)
{
	static const struct {
		enum mp_hash_kind kind;
		const char *hex;
	} abc[] = {
		{MP_MD5, "900150983cd24fb0d6963f7d28e17f72"},
		{MP_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{MP_SHA256, abc256},
		{MP_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
			    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	};

	for (size_t i = 0; i < sizeof(abc) / sizeof(abc[0]); i++) {
		uint8_t digest[MP_HASH_MAX];
		char hex[2 * MP_HASH_MAX + 1];

		ASSERT_OK(mp_hash_once(abc[i].kind, "abc", 3, digest));
		mp_hex_format(digest, mp_hash_len(abc[i].kind), hex);
		ASSERT_STR(abc[i].hex, hex);
	}
}

TEST(a_digest_in_pieces_is_the_same_and_begins_anew)
{
	auto_(mp_hash) *h = NULL;
	uint8_t digest[MP_SHA256_LEN];
	char hex[65];

	ASSERT_OK(mp_hash_new(MP_SHA256, &h));
	for (int i = 0; i < 2; i++) {
		mp_hash_add(h, "a", 1);
		mp_hash_add(h, NULL, 0);
		mp_hash_add(h, "bc", 2);
		mp_hash_end(h, digest);
		mp_hex_format(digest, sizeof(digest), hex);
		ASSERT_STR(abc256, hex);
	}
}

TEST(a_file_has_the_digest_of_its_bytes)
{
	char path[] = "/tmp/mp-hash-XXXXXX", hex[65];
	auto_close int fd = mkstemp(path);
	uint64_t size = 0;

	ASSERT_INT(3, write(fd, "abc", 3));
	ASSERT_OK(mp_sha256_file(path, hex, &size));
	ASSERT_STR(abc256, hex);
	ASSERT_INT(3, size);
	unlink(path);
	ASSERT_ERR(-ENOENT, mp_sha256_file(path, hex, &size));
}

TEST(secrets_are_compared_and_random_bytes_differ)
{
	uint8_t a[32], b[32];

	mp_random(a, sizeof(a));
	mp_random(b, sizeof(b));
	ASSERT(!mp_equal_secret(a, b, sizeof(a)));
	ASSERT(mp_equal_secret(a, a, sizeof(a)));
}

TORTURE(a_digest_survives_the_end_of_memory)
{
	auto_(mp_hash) *h = NULL;

	return mp_hash_new(MP_SHA256, &h);
}
