/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "coap/message.h"

#define LIMIT 1152

TEST(a_message_of_a_stream_is_decoded)
{
	/* RFC 8323 section 3.2, figure 6: 2.03 (Valid) with a token of one byte. */
	static const uint8_t data[] = {0x01, 0x43, 0x7f, 0x99};
	struct mp_coap_message m;

	ASSERT_INT(3, mp_coap_tcp_decode(data, sizeof(data), LIMIT, &m));
	ASSERT_INT(MP_COAP_NON, m.type);
	ASSERT_INT(MP_COAP_VALID, m.code);
	ASSERT_INT(0, m.mid);
	ASSERT_INT(1, m.token_len);
	ASSERT_INT(0x7f, m.token[0]);
	ASSERT_INT(0, m.options_len);
	ASSERT_INT(0, m.payload_len);
}

TEST(a_message_of_a_stream_cut_anywhere_needs_more_bytes)
{
	static const uint8_t data[] = {0xd2, 0x02, 0x02, 0xaa, 0xbb, 0xb2, 'r', 'd', 0x01, 'a',
				       0x11, 40,   0xff, '<',  '/',  '>',  ',', ' ', ' ',  ' '};
	struct mp_coap_message m;

	ASSERT_INT(sizeof(data), mp_coap_tcp_decode(data, sizeof(data), LIMIT, &m));
	ASSERT_INT(7, m.options_len);
	ASSERT_INT(7, m.payload_len);
	EACH_CUT(cut, n, data, sizeof(data))
		ASSERT_INT(0, mp_coap_tcp_decode(cut, n, LIMIT, &m));
}

TEST(a_message_of_a_stream_with_bad_options_is_malformed)
{
	struct mp_coap_message m;

	ASSERT_ERR(-EBADMSG, mp_coap_tcp_decode("\x10\x01\xff", 3, LIMIT, &m));
	ASSERT_ERR(-EBADMSG, mp_coap_tcp_decode("\x10\x01\xb1\x00", 4, LIMIT, &m));
	ASSERT_ERR(-EBADMSG, mp_coap_tcp_decode("\x0f", 1, LIMIT, &m));
	ASSERT_ERR(-EBADMSG, mp_coap_tcp_decode("\x00\x20", 2, LIMIT, &m));
	ASSERT_ERR(-EBADMSG, mp_coap_tcp_decode("\x00\xc1", 2, LIMIT, &m));
}

TEST(a_message_longer_than_the_limit_is_refused_from_its_first_bytes)
{
	struct mp_coap_message m;
	uint8_t data[3 + 100] = {0xd0, 87, 0x44, 0xff}; /* 103 in all */

	ASSERT_INT(103, mp_coap_tcp_decode(data, sizeof(data), 103, &m));
	ASSERT_ERR(-EFBIG, mp_coap_tcp_decode(data, 3, 102, &m));
	ASSERT_ERR(-EFBIG, mp_coap_tcp_decode("\xf0\xff\xff\xff\xff\x01", 6, LIMIT, &m));
	ASSERT_ERR(-EFBIG, mp_coap_tcp_decode("\xf0\xff\xff\xff\xff\x01", 6, SIZE_MAX, &m));
	ASSERT_ERR(-EFBIG, mp_coap_tcp_decode("\x0e\x01\xff\xff", 4, LIMIT, &m));
}

/* A message with a payload so long that options and payload have `body` bytes, there and back. */
static int there_and_back(size_t body, size_t token_len)
{
	static uint8_t from[70000], to[70020], token[300];
	struct mp_coap_header h = {.code = 2, .mid = 7, .token = token, .token_len = token_len};
	struct mp_coap_message m, back;
	struct mp_coap_writer w;
	int n;

	mp_coap_write(&w, from, sizeof(from), &h);
	if (body > 0) {
		mp_coap_add_text(&w, MP_COAP_URI_PATH, "");
		mp_coap_add_payload(&w, to, body > 2 ? body - 2 : 0);
	}
	if (mp_coap_decode(from, (size_t)mp_coap_end(&w), &m) < 0)
		return -EBADMSG;
	n = mp_coap_tcp_encode(&m, to, sizeof(to));
	if (n < 0 || mp_coap_tcp_encode(&m, to, (size_t)n - 1) != -ENOSPC)
		return -ENOSPC;
	if (mp_coap_tcp_decode(to, sizeof(to), sizeof(to), &back) != n)
		return -EPROTO;
	return back.code == m.code && back.token_len == token_len &&
			       back.options_len == m.options_len &&
			       back.payload_len == m.payload_len
		       ? n
		       : -EPROTO;
}

TEST(every_length_of_a_stream_is_read_back)
{
	ASSERT_INT(2, there_and_back(0, 0));
	ASSERT_INT(3, there_and_back(1, 0));
	ASSERT_INT(14, there_and_back(12, 0));
	ASSERT_INT(3 + 13, there_and_back(13, 0));
	ASSERT_INT(3 + 268, there_and_back(268, 0));
	ASSERT_INT(4 + 269, there_and_back(269, 0));
	ASSERT_INT(4 + 65804, there_and_back(65804, 0));
	ASSERT_INT(6 + 65805, there_and_back(65805, 0));
	ASSERT_INT(6 + 65810, there_and_back(65810, 0));
	ASSERT_INT(4 + 13 + 13, there_and_back(13, 13));
	ASSERT_INT(2 + 2 + 269, there_and_back(0, 269));
}
