/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls/internal.h"

/* No MAC that anyone should use: each byte of the data changes all that follow. */
static int mix(struct mp_dtls_engine *e, const uint8_t key[MP_DTLS_DIGEST], const void *data,
	       size_t len, uint8_t ret[MP_DTLS_DIGEST])
{
	uint64_t h = 1;

	(void)e;
	for (size_t i = 0; i < len; i++)
		h = (h ^ ((const uint8_t *)data)[i]) * 0x100000001b3u;
	for (size_t i = 0; i < MP_DTLS_DIGEST; i++)
		ret[i] = (uint8_t)(h >> 8 * (i % 8)) ^ key[i];
	return 0;
}

static const struct mp_dtls_backend mixer = {.mac = mix};
static uint8_t suites[4096], parameters[2 + 32 + 1];

static const size_t lens[] = {4, 127, 128, 129, sizeof(suites)};
#define EACH_LEN(i) for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)

TEST(a_cookie_is_for_one_hello_from_one_address_however_long_its_suites)
{
	static struct mp_dtls d = {.backends = {&mixer}};
	struct mp_net_address from = {.ip = {1}, .port = 5684}, other = {.ip = {1}, .port = 5685};

	EACH_LEN(i)
	{
		struct mp_dtls_hello h = {.suites = suites,
					  .suites_len = lens[i],
					  .parameters = parameters,
					  .parameters_len = sizeof(parameters),
					  .cookie_len = COOKIE_SIZE};
		uint8_t cookie[COOKIE_SIZE];

		ASSERT_OK(mp_dtls_cookie_make(&d, &from, &h, cookie));
		h.cookie = cookie;
		ASSERT(mp_dtls_cookie_check(&d, &from, &h));
		ASSERT(!mp_dtls_cookie_check(&d, &other, &h));
		suites[lens[i] - 1] ^= 1;
		ASSERT(!mp_dtls_cookie_check(&d, &from, &h));
		suites[lens[i] - 1] ^= 1;
		parameters[20] ^= 1;
		ASSERT(!mp_dtls_cookie_check(&d, &from, &h));
		parameters[20] ^= 1;
		cookie[COOKIE_SIZE - 1] ^= 1;
		ASSERT(!mp_dtls_cookie_check(&d, &from, &h));
	}
}
