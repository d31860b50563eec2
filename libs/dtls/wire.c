/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "dtls/wire.h"

#define HEADER 13 /* type, version, epoch, number, length */
#define MESSAGE_HEADER 12 /* type, length, message number, fragment's offset and length */
#define HELLO_VERIFY_REQUEST 3
#define RAW_PUBLIC_KEY 2
enum { EXT_CLIENT_CERTIFICATE_TYPE = 19, EXT_CONNECTION_ID = 54 };

/* What is left of a message. */
struct cursor {
	const uint8_t *p;
	size_t left;
};

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static unsigned be24(const uint8_t *p)
{
	return (unsigned)p[0] << 16 | be16(p + 1);
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static const uint8_t *take(struct cursor *c, size_t len)
{
	const uint8_t *p = c->p;

	if (c->left < len)
		return NULL;
	c->p += len;
	c->left -= len;
	return p;
}

/* A vector with a length of `width` bytes in front of it. */
static int take_vector(struct cursor *c, size_t width, struct cursor *ret)
{
	const uint8_t *head = take(c, width);
	size_t len;

	if (!head)
		return -EBADMSG;
	len = width == 1 ? head[0] : be16(head);
	ret->p = take(c, len);
	ret->left = len;
	return ret->p ? 0 : -EBADMSG;
}

int mp_dtls_record_next(const uint8_t **data, size_t *len, struct mp_dtls_record *ret)
{
	struct cursor c = {*data, *len};
	const uint8_t *head = take(&c, 11), *length, *cid = NULL;

	if (*len == 0)
		return -ENOENT;
	if (!head || head[1] != 254 || (head[2] != 253 && head[2] != 255))
		return -EBADMSG;
	if (head[0] == MP_DTLS_WITH_CID)
		cid = take(&c, MP_DTLS_CID_SIZE);
	else if (head[0] < MP_DTLS_CHANGE_CIPHER_SPEC || head[0] > MP_DTLS_DATA)
		return -EBADMSG;
	if ((head[0] == MP_DTLS_WITH_CID && !cid) || !(length = take(&c, 2)))
		return -EBADMSG;
	ret->body_len = be16(length);
	if (ret->body_len == 0 || ret->body_len > MP_DTLS_RECORD_MAX ||
	    !(ret->body = take(&c, ret->body_len)))
		return -EBADMSG;
	ret->type = head[0];
	ret->number = be64(head + 3);
	ret->cid = cid;
	ret->whole = *data;
	ret->whole_len = (size_t)(c.p - *data);
	*data = c.p;
	*len = c.left;
	return 0;
}

bool mp_dtls_is_hello(const struct mp_dtls_record *r)
{
	return r->type == MP_DTLS_HANDSHAKE && mp_dtls_record_epoch(r) == 0 &&
	       r->body[0] == MP_DTLS_CLIENT_HELLO;
}

static void note_suite(unsigned suite, struct mp_dtls_hello *h)
{
	switch (suite) {
	case 0x00a8: /* PSK_WITH_AES_128_GCM_SHA256 */
	case 0x00ae: /* PSK_WITH_AES_128_CBC_SHA256 */
	case 0xc037: /* ECDHE_PSK_WITH_AES_128_CBC_SHA256 */
	case 0xc0a4: /* PSK_WITH_AES_128_CCM */
	case 0xc0a8: /* PSK_WITH_AES_128_CCM_8 */
	case 0xccac: /* ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 */
		h->psk = true;
		break;
	case 0xc02b: /* ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 */
	case 0xc0ac: /* ECDHE_ECDSA_WITH_AES_128_CCM */
	case 0xc0ae: /* ECDHE_ECDSA_WITH_AES_128_CCM_8 */
		h->certificate = true;
		break;
	default:
		break;
	}
}

static int note_extension(unsigned type, struct cursor body, struct mp_dtls_hello *h)
{
	struct cursor list;

	if (type != EXT_CLIENT_CERTIFICATE_TYPE && type != EXT_CONNECTION_ID)
		return 0;
	if (take_vector(&body, 1, &list) < 0 || body.left)
		return -EBADMSG;
	if (type == EXT_CONNECTION_ID)
		h->cid = true;
	else
		h->raw_key = list.left && memchr(list.p, RAW_PUBLIC_KEY, list.left);
	return 0;
}

static int parse_extensions(struct cursor *c, struct mp_dtls_hello *h)
{
	struct cursor all, body;
	int r;

	if (c->left == 0)
		return 0;
	r = take_vector(c, 2, &all);
	while (r == 0 && all.left) {
		const uint8_t *type = take(&all, 2);

		r = type ? take_vector(&all, 2, &body) : -EBADMSG;
		if (r == 0)
			r = note_extension(be16(type), body, h);
	}
	return r == 0 && c->left ? -EBADMSG : r;
}

static int parse_body(struct cursor *c, struct mp_dtls_hello *h)
{
	struct cursor session, cookie, suites, compression;
	const uint8_t *version = take(c, 2);

	h->parameters = version;
	h->random = take(c, 32);
	if (!h->random || take_vector(c, 1, &session) < 0 || session.left > 32)
		return -EBADMSG;
	if (version[0] != 254 || version[1] > 253)
		return -ENOTSUP;
	h->parameters_len = (size_t)(c->p - h->parameters);
	if (take_vector(c, 1, &cookie) < 0)
		return -EBADMSG;
	h->cookie = cookie.p;
	h->cookie_len = cookie.left;
	h->suites = c->p;
	if (take_vector(c, 2, &suites) < 0 || suites.left == 0 || suites.left % 2 ||
	    take_vector(c, 1, &compression) < 0 || compression.left == 0)
		return -EBADMSG;
	h->suites_len = (size_t)(c->p - h->suites);
	for (; suites.left; suites.p += 2, suites.left -= 2)
		note_suite(be16(suites.p), h);
	return parse_extensions(c, h);
}

int mp_dtls_hello_parse(const struct mp_dtls_record *r, struct mp_dtls_hello *ret)
{
	struct mp_dtls_hello h = {.record_number = r->number};
	struct cursor c = {r->body, r->body_len};
	const uint8_t *head = take(&c, MESSAGE_HEADER);
	int e;

	if (!mp_dtls_is_hello(r) || !head)
		return -EBADMSG;
	h.message_number = be16(head + 4);
	if (be24(head + 6) != 0 || be24(head + 9) != be24(head + 1))
		return -ENOTSUP; /* fragments */
	if (be24(head + 1) != c.left)
		return -EBADMSG;
	e = parse_body(&c, &h);
	if (e == 0)
		*ret = h;
	return e;
}

static void put_be24(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 16);
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)v;
}

size_t mp_dtls_verify_format(const struct mp_dtls_hello *h, const void *cookie, uint8_t cookie_len,
			     uint8_t out[MP_DTLS_VERIFY_MAX])
{
	/* RFC 6347, 4.2.1: version 1.0 whatever follows; the record number is the ClientHello's. */
	const size_t body = 3u + cookie_len;

	memset(out, 0, HEADER + MESSAGE_HEADER);
	out[0] = MP_DTLS_HANDSHAKE;
	out[1] = 254;
	out[2] = 255;
	for (int i = 0; i < 8; i++)
		out[3 + i] = (uint8_t)(h->record_number >> (56 - 8 * i));
	out[11] = (uint8_t)((MESSAGE_HEADER + body) >> 8);
	out[12] = (uint8_t)(MESSAGE_HEADER + body);
	out[HEADER] = HELLO_VERIFY_REQUEST;
	put_be24(out + HEADER + 1, body);
	put_be24(out + HEADER + 9, body);
	out[HEADER + MESSAGE_HEADER] = 254;
	out[HEADER + MESSAGE_HEADER + 1] = 255;
	out[HEADER + MESSAGE_HEADER + 2] = cookie_len;
	memcpy(out + HEADER + MESSAGE_HEADER + 3, cookie, cookie_len);
	return HEADER + MESSAGE_HEADER + body;
}
