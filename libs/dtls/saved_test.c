/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls/saved.h"

static const char *const versions[] = {"mbedtls 1", "gnutls 0", NULL};
static const uint8_t digest[32] = {1, 2, 3}, cid[8] = {9, 8, 7};

static struct mp_dtls_saved sample(bool all)
{
	struct mp_dtls_saved s = {.top = (uint64_t)1 << 48 | 77,
				  .window = 0xf0f0,
				  .next = (uint64_t)1 << 48 | 99,
				  .age = 12,
				  .address = {.ip = {1, 2, 3}, .port = 5684},
				  .text = "device-1",
				  .text_len = 8,
				  .keys = (const uint8_t *)"bytes",
				  .keys_len = 5};

	if (!all)
		return s;
	s.client = s.has_local = true;
	s.local = (struct mp_net_address){.ip = {4, 5}, .port = 9};
	s.backend = 1;
	s.kind = MP_DTLS_X509;
	s.cid = cid;
	s.digest = digest;
	return s;
}

static int write_sample(struct mp_buf *b)
{
	struct mp_dtls_saved a = sample(false), z = sample(true);
	int r = mp_dtls_saved_add_header(b, versions);

	if (r == 0)
		r = mp_dtls_saved_add(b, &a);
	if (r == 0)
		r = mp_dtls_saved_add(b, &z);
	return r == 0 ? mp_dtls_saved_add_end(b) : r;
}

TEST(a_saved_session_comes_out_as_it_went_in)
{
	MP_BUF(b, 4096);
	struct mp_dtls_saved_cursor c;
	struct mp_dtls_saved s;

	ASSERT_OK(write_sample(&b));
	ASSERT_OK(mp_dtls_saved_open(&c, b.data, b.len, versions));
	ASSERT_OK(mp_dtls_saved_next(&c, &s));
	ASSERT(!s.client && !s.has_local && !s.cid && !s.digest && s.backend == 0);
	ASSERT(s.top == ((uint64_t)1 << 48 | 77) && s.window == 0xf0f0 && s.age == 12);
	ASSERT(s.next == ((uint64_t)1 << 48 | 99));
	ASSERT(s.text_len == 8 && memcmp(s.text, "device-1", 8) == 0);
	ASSERT(s.keys_len == 5 && memcmp(s.keys, "bytes", 5) == 0);
	ASSERT_INT(5684, s.address.port);
	ASSERT_OK(mp_dtls_saved_next(&c, &s));
	ASSERT(s.client && s.has_local && s.backend == 1 && s.kind == MP_DTLS_X509);
	ASSERT(s.local.port == 9 && s.local.ip[1] == 5);
	ASSERT(memcmp(s.cid, cid, 8) == 0 && memcmp(s.digest, digest, 32) == 0);
	ASSERT_ERR(-ENOENT, mp_dtls_saved_next(&c, &s));
}

TEST(a_saved_file_cut_anywhere_is_refused)
{
	MP_BUF(b, 4096);

	ASSERT_OK(write_sample(&b));
	EACH_CUT(cut, n, b.data, b.len) {
		struct mp_dtls_saved_cursor c;
		struct mp_dtls_saved s;
		int r = mp_dtls_saved_open(&c, cut, n, versions);

		while (r == 0)
			r = mp_dtls_saved_next(&c, &s);
		ASSERT_ERR(-EBADMSG, r);
	}
}

TEST(a_saved_file_of_other_versions_is_stale)
{
	static const char *const newer[] = {"mbedtls 2", "gnutls 0", NULL};
	static const char *const fewer[] = {"mbedtls 1", NULL};
	static const char *const more[] = {"mbedtls 1", "gnutls 0", "x 1", NULL};
	struct mp_dtls_saved_cursor c;
	MP_BUF(b, 4096);

	ASSERT_OK(write_sample(&b));
	ASSERT_ERR(-ESTALE, mp_dtls_saved_open(&c, b.data, b.len, newer));
	ASSERT_ERR(-ESTALE, mp_dtls_saved_open(&c, b.data, b.len, fewer));
	ASSERT_ERR(-ESTALE, mp_dtls_saved_open(&c, b.data, b.len, more));
}

TEST(a_saved_session_out_of_its_bounds_is_refused)
{
	struct mp_dtls_saved bad[5] = {sample(false), sample(false), sample(true), sample(false),
				       sample(false)};

	bad[0].backend = 2;
	bad[1].kind = MP_DTLS_RPK; /* without a digest */
	bad[2].top = (uint64_t)2 << 48;
	bad[3].kind = 3;
	bad[4].next = 7;
	for (int i = 0; i < 5; i++) {
		MP_BUF(b, 4096);
		struct mp_dtls_saved_cursor c;
		struct mp_dtls_saved s;

		ASSERT_OK(mp_dtls_saved_add_header(&b, versions));
		ASSERT_OK(mp_dtls_saved_add(&b, &bad[i]));
		ASSERT_OK(mp_dtls_saved_add_end(&b));
		ASSERT_OK(mp_dtls_saved_open(&c, b.data, b.len, versions));
		ASSERT_ERR(-EBADMSG, mp_dtls_saved_next(&c, &s));
	}
}

TEST(a_session_too_long_for_the_file_is_not_written)
{
	static uint8_t big[MP_DTLS_SAVED_MAX];
	struct mp_dtls_saved s = sample(false);
	MP_BUF(b, 16384);

	s.keys = big;
	s.keys_len = sizeof(big);
	ASSERT_ERR(-EFBIG, mp_dtls_saved_add(&b, &s));
	ASSERT_INT(0, b.len);
}

TORTURE(writing_a_saved_file_survives_want_of_memory)
{
	MP_BUF(b, 4096);

	return write_sample(&b);
}
