/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls_mbedtls/dtls_mbedtls.h"

TEST(the_digest_is_that_of_fips_180_2)
{
	static const uint8_t abc[4] = {0xba, 0x78, 0x16, 0xbf},
			     nothing[4] = {0xe3, 0xb0, 0xc4, 0x42};
	uint8_t digest[32];

	mp_dtls_mbedtls_sha256("abc", 3, digest);
	ASSERT(memcmp(abc, digest, 4) == 0);
	mp_dtls_mbedtls_sha256("", 0, digest);
	ASSERT(memcmp(nothing, digest, 4) == 0);
}
