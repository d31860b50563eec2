/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "coap/message.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

/* RFC 7252 appendix A, figure 16: a confirmable request and its piggybacked reply. */
static const uint8_t request[] = {0x40, 0x01, 0x7d, 0x34, 0xbb, 't', 'e', 'm',
				  'p',	'e',  'r',  'a',  't',	'u', 'r', 'e'};
static const uint8_t reply[] = {0x60, 0x45, 0x7d, 0x34, 0xff, '2', '2', '.', '3', ' ', 'C'};

TEST(the_request_of_rfc_7252_is_decoded)
{
	struct mp_coap_message m;

	ASSERT_OK(mp_coap_decode(request, sizeof(request), &m));
	ASSERT_INT(MP_COAP_CON, m.type);
	ASSERT_INT(MP_COAP_GET, m.code);
	ASSERT_INT(0x7d34, m.mid);
	ASSERT_INT(0, m.token_len);
	ASSERT_INT(0, m.payload_len);
	ASSERT(mp_coap_path_is(&m, "temperature"));
}

TEST(the_reply_of_rfc_7252_is_decoded)
{
	struct mp_coap_message m;

	ASSERT_OK(mp_coap_decode(reply, sizeof(reply), &m));
	ASSERT_INT(MP_COAP_ACK, m.type);
	ASSERT_INT(MP_COAP_CONTENT, m.code);
	ASSERT_INT(0, m.options_len);
	ASSERT_INT(6, m.payload_len);
	ASSERT(memcmp(m.payload, "22.3 C", 6) == 0);
}

TEST(fewer_bytes_than_a_header_are_malformed)
{
	struct mp_coap_message m;

	for (size_t n = 0; n < 4; n++)
		ASSERT_ERR(-EBADMSG, mp_coap_decode(request, n, &m));
}

TEST(another_version_is_not_supported)
{
	struct mp_coap_message m;

	for (unsigned version = 0; version < 4; version++)
		ASSERT_ERR(version == 1 ? 0 : -ENOTSUP,
			   mp_coap_decode(BYTES((uint8_t)(version << 6), 1, 0, 0), &m));
}

TEST(an_empty_message_has_a_header_alone)
{
	struct mp_coap_message m;

	ASSERT_OK(mp_coap_decode(BYTES(0x70, 0, 0xab, 0xcd), &m));
	ASSERT_INT(MP_COAP_RST, m.type);
	ASSERT_INT(0xabcd, m.mid);
	ASSERT_ERR(-EBADMSG, mp_coap_decode(BYTES(0x41, 0, 0, 0, 1), &m));
	ASSERT_ERR(-EBADMSG, mp_coap_decode(BYTES(0x41, 0, 0, 0), &m));
	ASSERT_ERR(-EBADMSG, mp_coap_decode(BYTES(0x40, 0, 0, 0, 0), &m));
	ASSERT_ERR(-EBADMSG, mp_coap_decode(BYTES(0x40, 0, 0, 0, 0xff, 1), &m));
}

TEST(codes_of_reserved_classes_are_malformed)
{
	struct mp_coap_message m;

	for (unsigned code = 0; code < 256; code++) {
		unsigned class = code >> 5;
		bool reserved = class == 1 || class == 6 || class == 7;

		ASSERT_ERR(reserved ? -EBADMSG : 0,
			   mp_coap_decode(BYTES(0x40, (uint8_t)code, 0, 0), &m));
	}
}

TEST(tokens_have_every_length_that_their_nibble_can_tell)
{
	uint8_t data[4 + 12];
	struct mp_coap_message m;

	for (uint8_t len = 0; len <= 12; len++) {
		memset(data, 0xe0 + len, sizeof(data));
		memcpy(data, (uint8_t[]){(uint8_t)(0x40 | len), 1, 0, 0}, 4);
		ASSERT_OK(mp_coap_decode(data, 4U + len, &m));
		ASSERT_INT(len, m.token_len);
		ASSERT(m.token == data + 4);
		if (len)
			ASSERT_ERR(-EBADMSG, mp_coap_decode(data, 3U + len, &m));
	}
}

TEST(extended_tokens_of_rfc_8974_are_decoded)
{
	static uint8_t data[4 + 2 + 269 + 65535];
	struct mp_coap_message m;

	memcpy(data, (uint8_t[]){0x4d, 1, 0, 0, 2}, 5);
	ASSERT_OK(mp_coap_decode(data, 5 + 15, &m));
	ASSERT_INT(15, m.token_len);
	ASSERT(m.token == data + 5);
	ASSERT_ERR(-EBADMSG, mp_coap_decode(data, 5 + 14, &m));
	ASSERT_ERR(-EBADMSG, mp_coap_decode(data, 4, &m));

	memcpy(data, (uint8_t[]){0x4e, 1, 0, 0, 0xff, 0xff}, 6);
	ASSERT_OK(mp_coap_decode(data, sizeof(data), &m));
	ASSERT_INT(65804, m.token_len);
	ASSERT_ERR(-EBADMSG, mp_coap_decode(data, sizeof(data) - 1, &m));
	ASSERT_ERR(-EBADMSG, mp_coap_decode(data, 5, &m));
}

TEST(token_length_15_is_reserved)
{
	uint8_t data[64] = {0x4f, 1};
	struct mp_coap_message m;

	ASSERT_ERR(-EBADMSG, mp_coap_decode(data, sizeof(data), &m));
}

TEST(a_marker_without_payload_is_malformed)
{
	struct mp_coap_message m;

	ASSERT_ERR(-EBADMSG, mp_coap_decode(BYTES(0x40, 1, 0, 0, 0xff), &m));
	ASSERT_ERR(-EBADMSG, mp_coap_decode(BYTES(0x40, 1, 0, 0, 0xb1, 'a', 0xff), &m));
	ASSERT_OK(mp_coap_decode(BYTES(0x40, 1, 0, 0, 0xff, 0xff), &m));
	ASSERT_INT(1, m.payload_len);
}

TEST(a_malformed_message_leaves_the_result_alone_and_its_id_can_be_peeked)
{
	struct mp_coap_message m = {.mid = 1};
	enum mp_coap_type type;
	uint16_t mid;

	ASSERT_ERR(-EBADMSG, mp_coap_decode(BYTES(0x4f, 1, 0x12, 0x34), &m));
	ASSERT_INT(1, m.mid);
	ASSERT_OK(mp_coap_peek(BYTES(0x5f, 1, 0x12, 0x34), &type, &mid));
	ASSERT_INT(MP_COAP_NON, type);
	ASSERT_INT(0x1234, mid);
	ASSERT_ERR(-EBADMSG, mp_coap_peek(BYTES(0x40, 1, 0x12), &type, &mid));
	ASSERT_ERR(-EBADMSG, mp_coap_peek(BYTES(0x80, 1, 0x12, 0x34), &type, &mid));
}

/* Cut where an option ends, what is left is a whole message; anywhere else it is malformed. */
TEST(a_message_cut_anywhere_is_malformed_or_whole)
{
	static const uint8_t whole[] = {0x42, 0x02, 0x12, 0x34, 0xaa, 0xbb, /* 6 */
					0x3d, 0x00, 'a',  'b',	'c',  'd',  'e', 'f',
					'g',  'h',  'i',  'j',	'k',  'l',  'm', /* Uri-Host; 21 */
					0x82, 'r',  'd', /* Uri-Path; 24 */
					0x11, 40, /* Content-Format; 26 */
					0xd2, 0x02, 0x01, 0x0e, /* Block1; 30 */
					0xe1, 0x03, 0xcc, 0x01, /* 1268; 34 */
					0xff, '<',  '/',  '>'};
	struct mp_coap_message m;

	ASSERT_OK(mp_coap_decode(whole, sizeof(whole), &m));
	ASSERT_INT(28, m.options_len);
	EACH_CUT(cut, n, whole, sizeof(whole)) {
		bool fits = n == 6 || n == 21 || n == 24 || n == 26 || n == 30 || n == 34 || n > 35;

		ASSERT_ERR(fits ? 0 : -EBADMSG, mp_coap_decode(cut, n, &m));
	}
}

TEST(codes_are_written_as_people_read_them)
{
	char text[5];

	mp_coap_code_format(MP_COAP_CONTENT, text);
	ASSERT_STR("2.05", text);
	mp_coap_code_format(MP_COAP_CONTINUE, text);
	ASSERT_STR("2.31", text);
	mp_coap_code_format(255, text);
	ASSERT_STR("7.31", text);
	ASSERT_STR("GET", mp_coap_code_name(MP_COAP_GET));
	ASSERT_STR("CONTENT", mp_coap_code_name(0x45));
	ASSERT_STR("CHANGED", mp_coap_code_name(0x44));
	ASSERT_STR("INTERNAL_SERVER_ERROR", mp_coap_code_name(0xa0));
	ASSERT_STR("?", mp_coap_code_name(MP_COAP_CODE(2, 30)));
}
