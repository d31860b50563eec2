/* SPDX-License-Identifier: Apache-2.0
 * tcp.c - one message of a byte stream (RFC 8323 section 3.2, RFC 8974 section 2.1)
 *
 *     Len(4) TKL(4) · extended Len (0, 1, 2 or 4 bytes) · Code(8) · extended TKL (0, 1 or 2 bytes) ·
 *     token · options · 0xff · payload
 *
 * Len counts from the first option on. 13 and 14 extend it as they extend an option's length, 15 is
 * followed by four bytes.
 */
#include <string.h>

#include "coap/internal.h"

#define LEN_15 65805U

/* The extended Len; *at goes past it. False: its bytes are not all there. */
static bool decode_len(const uint8_t **at, const uint8_t *end, unsigned nibble, uint64_t *ret)
{
	const uint8_t *p = *at;
	uint32_t len;

	if (nibble < 15) {
		if (mp_coap_extended_decode(at, end, nibble, &len) < 0)
			return false;
		*ret = len;
		return true;
	}
	if (end - p < 4)
		return false;
	*ret = LEN_15 + ((uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | p[3]);
	*at += 4;
	return true;
}

int mp_coap_tcp_decode(const void *data, size_t len, size_t limit, struct mp_coap_message *ret)
{
	const uint8_t *begin = data, *at = begin, *end = at + len;
	struct mp_coap_message m = {.type = MP_COAP_NON};
	uint64_t body_len, whole;
	uint32_t token_len;
	unsigned first;

	if (len == 0)
		return 0;
	first = *at++;
	if ((first & 15) == 15)
		return -EBADMSG;
	if (!decode_len(&at, end, first >> 4, &body_len))
		return 0;
	if (body_len > limit)
		return -EFBIG;
	if (at == end)
		return 0;
	m.code = *at++;
	if (mp_coap_class(m.code) == 1 || mp_coap_class(m.code) == 6)
		return -EBADMSG;
	if (mp_coap_extended_decode(&at, end, first & 15, &token_len) < 0)
		return 0;
	whole = (uint64_t)(at - begin) + token_len + body_len;
	if (whole > limit || whole > INT32_MAX)
		return -EFBIG;
	if (len < whole)
		return 0;
	m.token = at;
	m.token_len = token_len;
	if (mp_coap_body_decode(at + token_len, begin + whole, &m) < 0)
		return -EBADMSG;
	*ret = m;
	return (int)whole;
}

static size_t len_size(size_t len)
{
	return len < LEN_15 ? mp_coap_extended_size(len) : 4;
}

static uint8_t *encode_len(uint8_t *at, size_t len)
{
	if (len < LEN_15)
		return mp_coap_extended_encode(at, len);
	len -= LEN_15;
	*at++ = (uint8_t)(len >> 24);
	*at++ = (uint8_t)(len >> 16);
	*at++ = (uint8_t)(len >> 8);
	*at++ = (uint8_t)len;
	return at;
}

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
	if (len)
		memcpy(at, bytes, len);
	return at + len;
}

int mp_coap_tcp_encode(const struct mp_coap_message *m, void *out, size_t room)
{
	size_t body = m->options_len + (m->payload_len ? 1 + m->payload_len : 0);
	unsigned nibble = body < LEN_15 ? mp_coap_extended_nibble(body) : 15;
	size_t whole =
		2 + len_size(body) + mp_coap_extended_size(m->token_len) + m->token_len + body;
	uint8_t *at = out;

	if (whole > room || whole > INT32_MAX)
		return -ENOSPC;
	*at++ = (uint8_t)(nibble << 4 | mp_coap_extended_nibble(m->token_len));
	at = encode_len(at, body);
	*at++ = m->code;
	at = mp_coap_extended_encode(at, m->token_len);
	at = put(at, m->token, m->token_len);
	at = put(at, m->options, m->options_len);
	if (m->payload_len) {
		*at++ = 0xff;
		put(at, m->payload, m->payload_len);
	}
	return (int)whole;
}
