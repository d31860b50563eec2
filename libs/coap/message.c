/* SPDX-License-Identifier: Apache-2.0
 * message.c - one datagram (RFC 7252 section 3)
 *
 *     0                   1                   2                   3
 *     Ver(2) T(2) TKL(4)  Code(8)             Message ID(16)
 *     token (TKL bytes) · options · 0xff · payload
 */
#include "coap/internal.h"

#define HEADER 4

static bool is_reserved(uint8_t code)
{
	unsigned class = mp_coap_class(code);

	return class == 1 || class == 6 || class == 7;
}

int mp_coap_peek(const void *data, size_t len, enum mp_coap_type *ret_type, uint16_t *ret_mid)
{
	const uint8_t *p = data;

	if (len < HEADER || p[0] >> 6 != 1)
		return -EBADMSG;
	*ret_type = (enum mp_coap_type)(p[0] >> 4 & 3);
	*ret_mid = (uint16_t)(p[2] << 8 | p[3]);
	return 0;
}

int mp_coap_decode(const void *data, size_t len, struct mp_coap_message *ret)
{
	const uint8_t *at = data, *end = at + len;
	struct mp_coap_message m = {0};
	uint32_t token_len;

	if (len < HEADER)
		return -EBADMSG;
	if (mp_coap_peek(data, len, &m.type, &m.mid) < 0)
		return -ENOTSUP;
	m.code = at[1];
	if (is_reserved(m.code) || (m.code == MP_COAP_EMPTY && (len > HEADER || at[0] & 15)))
		return -EBADMSG;
	at += HEADER;
	if (mp_coap_extended_decode(&at, end, *(const uint8_t *)data & 15, &token_len) < 0 ||
	    (size_t)(end - at) < token_len)
		return -EBADMSG;
	m.token = at;
	m.token_len = token_len;
	if (mp_coap_body_decode(at + token_len, end, &m) < 0)
		return -EBADMSG;
	*ret = m;
	return 0;
}

int mp_coap_body_decode(const uint8_t *at, const uint8_t *end, struct mp_coap_message *m)
{
	struct mp_coap_options walk = {at, end, 0};
	struct mp_coap_option o;

	while (walk.at < end && *walk.at != 0xff)
		if (mp_coap_option_decode(&walk, &o) < 0)
			return -EBADMSG;
	if (end - walk.at == 1) /* the marker of a payload that is not there */
		return -EBADMSG;
	m->options = at;
	m->options_len = (size_t)(walk.at - at);
	m->payload = walk.at < end ? walk.at + 1 : end;
	m->payload_len = (size_t)(end - m->payload);
	return 0;
}
