/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls/wire.h"

/* A ClientHello with a cookie of 3 bytes, two suites, and the extensions of connection ids and of
 * certificate types; its lengths are put in by make_hello(). */
static const uint8_t hello_body[] = {
	254, 253, /* version */
	1,   2,	   3,	 4,    5,    6,	   7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
	17,  18,   19,	 20,   21,   22,   23, 24, 25, 26, 27, 28, 29, 30, 31, 32, /* random */
	0, /* session id */
	3,   0xaa, 0xbb, 0xcc, /* cookie */
	0,   4,	   0xc0, 0xa8, 0xc0, 0xae, /* suites */
	1,   0, /* compression */
	0,   12, /* extensions */
	0,   54,   0,	 1,    0, /* connection id: empty */
	0,   19,   0,	 3,    2,    0,	   2, /* client certificate types: X.509, raw public key */
};

static size_t make_hello(uint8_t out[256])
{
	const size_t n = sizeof(hello_body);
	const uint8_t head[25] = {
		22, 254, 255, 0,	  0, 0, 0, 0, 0, 0, 5, 0,	  (uint8_t)(n + 12),
		1,  0,	 0,   (uint8_t)n, 0, 1, 0, 0, 0, 0, 0, (uint8_t)n};

	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), hello_body, n);
	return sizeof(head) + n;
}

static int parse(const void *data, size_t len, struct mp_dtls_hello *h)
{
	const uint8_t *p = data;
	struct mp_dtls_record r;
	int e = mp_dtls_record_next(&p, &len, &r);

	return e < 0 ? e : mp_dtls_hello_parse(&r, h);
}

TEST(a_client_hello_is_read)
{
	uint8_t data[256];
	struct mp_dtls_hello h;

	ASSERT_OK(parse(data, make_hello(data), &h));
	ASSERT_INT(5, h.record_number);
	ASSERT_INT(1, h.message_number);
	ASSERT(h.random[0] == 1 && h.random[31] == 32);
	ASSERT(h.cookie_len == 3 && h.cookie[2] == 0xcc);
	ASSERT_INT(35, h.parameters_len);
	ASSERT_INT(8, h.suites_len);
	ASSERT(h.psk && h.certificate && h.raw_key && h.cid);
}

TEST(a_client_hello_cut_anywhere_is_refused)
{
	uint8_t data[256];
	size_t len = make_hello(data);

	EACH_CUT(cut, n, data, len) {
		struct mp_dtls_hello h;

		ASSERT_ERR(n ? -EBADMSG : -ENOENT, parse(cut, n, &h));
	}
}

/* With a shorter body whose lengths say so: what ends early inside. */
TEST(a_client_hello_whose_body_is_cut_is_refused)
{
	uint8_t data[256];
	size_t len = make_hello(data), without_extensions = 25 + 47;

	for (size_t n = 26; n < len; n++) {
		auto_free char *cut = mp_test_cut(data, n);
		struct mp_dtls_hello h;

		cut[12] = (char)(n - 13);
		cut[16] = cut[24] = (char)(n - 25);
		ASSERT_ERR(n == without_extensions ? 0 : -EBADMSG, parse(cut, n, &h));
	}
}

TEST(fragments_and_older_versions_are_not_taken)
{
	uint8_t data[256];
	size_t len = make_hello(data);
	struct mp_dtls_hello h;

	data[24]--;
	ASSERT_ERR(-ENOTSUP, parse(data, len, &h));
	make_hello(data);
	data[26] = 255; /* 1.0 */
	ASSERT_ERR(-ENOTSUP, parse(data, len, &h));
	make_hello(data);
	data[4] = 1; /* epoch */
	ASSERT_ERR(-EBADMSG, parse(data, len, &h));
}

TEST(a_verify_request_is_shorter_than_what_it_answers)
{
	static const uint8_t cookie[17] = {1, 2, 3};
	uint8_t data[256], out[MP_DTLS_VERIFY_MAX];
	size_t len = make_hello(data), n, left;
	const uint8_t *p = out;
	struct mp_dtls_record r;
	struct mp_dtls_hello h;

	ASSERT_OK(parse(data, len, &h));
	n = mp_dtls_verify_format(&h, cookie, sizeof(cookie), out);
	ASSERT(n < len);
	left = n;
	ASSERT_OK(mp_dtls_record_next(&p, &left, &r));
	ASSERT_INT(5, r.number);
	ASSERT_INT(3, r.body[0]);
	ASSERT_INT(17, r.body[14]);
	ASSERT(memcmp(r.body + 15, cookie, 17) == 0);
	ASSERT_INT(0, left);
}

TEST(a_datagram_is_taken_record_by_record)
{
	static const uint8_t data[] = {23,  254, 253, 0,   1,	0, 0, 0, 0, 0, 7,  0, 2,
				       'h', 'i', 25,  254, 253, 0, 1, 0, 0, 0, 0,  0, 8,
				       1,   2,	 3,   4,   5,	6, 7, 8, 0, 1, 'x'};
	const uint8_t *p = data;
	size_t len = sizeof(data);
	struct mp_dtls_record r;

	ASSERT_OK(mp_dtls_record_next(&p, &len, &r));
	ASSERT(r.type == MP_DTLS_DATA && r.body_len == 2 && !r.cid && r.whole_len == 15);
	ASSERT_INT(1, mp_dtls_record_epoch(&r));
	ASSERT_OK(mp_dtls_record_next(&p, &len, &r));
	ASSERT(r.type == MP_DTLS_WITH_CID && r.cid[7] == 8 && r.body_len == 1);
	ASSERT_ERR(-ENOENT, mp_dtls_record_next(&p, &len, &r));
}
