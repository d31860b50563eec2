/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls/internal.h"

static uint8_t suites[4096], parameters[2 + 32 + 1];

static const size_t lens[] = {4, 127, 128, 129, sizeof(suites)};
#define EACH_LEN(i) for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)

TEST(a_cookie_is_for_one_hello_from_one_address_however_long_its_suites)
{
	static struct mp_dtls d = {.secrets = {{{1, 2}}, {{3, 4}}}};
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
