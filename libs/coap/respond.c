/* SPDX-License-Identifier: Apache-2.0
 * respond.c - a response as bytes: in the acknowledgement, as a message of its own, and kept for
 * duplicates */
#include <string.h>

#include "coap/parts.h"

#define KEPT_MAX 128 /* bytes of a response that could be made again */
#define DIAGNOSTIC_MAX 256

static void add_payload(struct mp_coap_writer *w, const struct mp_coap_response *response,
			const struct part *part)
{
	if (part->len > 0)
		mp_coap_add_payload(w, part->data, part->len);
	else if (response->diagnostic && mp_coap_class(response->code) >= 4)
		mp_coap_add_payload(w, response->diagnostic,
				    strnlen(response->diagnostic, DIAGNOSTIC_MAX));
}

int mp_coap_write_response(const struct mp_coap_header *h, const struct mp_coap_response *response,
			   const struct mp_coap_block *block1, const struct part *part, void *out,
			   size_t room)
{
	struct mp_coap_writer w;

	mp_coap_write(&w, out, room, h);
	if (part->etag_len > 0)
		mp_coap_add(&w, MP_COAP_ETAG, part->etag, part->etag_len);
	if (response->observe >= 0)
		mp_coap_add_uint(&w, MP_COAP_OBSERVE, (uint32_t)response->observe & 0xffffff);
	if (response->location)
		mp_coap_add_path(&w, MP_COAP_LOCATION_PATH, response->location);
	if (response->format >= 0)
		mp_coap_add_uint(&w, MP_COAP_CONTENT_FORMAT, (uint32_t)response->format);
	if (response->max_age > 0)
		mp_coap_add_uint(&w, MP_COAP_MAX_AGE, response->max_age);
	if (part->has_block2)
		mp_coap_add_uint(&w, MP_COAP_BLOCK2, mp_coap_block_encode(&part->block2));
	if (block1)
		mp_coap_add_uint(&w, MP_COAP_BLOCK1, mp_coap_block_encode(block1));
	if (part->has_size2)
		mp_coap_add_uint(&w, MP_COAP_SIZE2, part->size2);
	if (part->has_size1)
		mp_coap_add_uint(&w, MP_COAP_SIZE1, part->size1);
	if (part->echo_len > 0)
		mp_coap_add(&w, MP_COAP_ECHO, part->echo, part->echo_len);
	add_payload(&w, response, part);
	return mp_coap_end(&w);
}

/* Serving it twice does no harm, but for the load (RFC 7252 section 5.1, RFC 8132 section 2, 3). */
static bool may_be_served_twice(uint8_t method)
{
	return method != MP_COAP_POST && method != MP_COAP_PATCH;
}

static struct mp_coap_header header_of(struct mp_coap_reply *reply, uint8_t code)
{
	struct mp_coap_header h = {.type = MP_COAP_ACK,
				   .code = code,
				   .mid = reply->mid,
				   .token = reply->token,
				   .token_len = reply->token_len};

	if (reply->to->is_reliable) {
		h.type = MP_COAP_NON;
		h.mid = 0;
	} else if (reply->type == MP_COAP_NON || reply->later) {
		h.type = reply->type;
		h.mid = mp_coap_mid(reply->c, reply->to);
	}
	return h;
}

/* A separate response to a CON is repeated until it is acknowledged. */
static void deliver(struct mp_coap_reply *reply, const uint8_t *data, size_t len)
{
	struct mp_coap *c = reply->c;
	bool keep = len <= KEPT_MAX || !may_be_served_twice(reply->method);

	if (reply->later && reply->type == MP_COAP_CON && mp_coap_echo_trusts(reply) &&
	    mp_coap_push(c, reply->to, true, true, data, len, NULL, NULL) == 0)
		return;
	mp_coap_transmit(c, reply->to, data, len);
	if (!reply->later && !reply->to->is_reliable)
		mp_coap_replies_put(&c->replies, reply->key, reply->fingerprint, c->now_ms, data,
				    keep ? len : 0);
}

void mp_coap_reply_send(struct mp_coap_reply *reply, const struct mp_coap_response *response,
			const struct part *part)
{
	const struct mp_coap_block *block1 = reply->has_block1 ? &reply->block1 : NULL;
	struct mp_coap_header h = header_of(reply, response->code);
	uint8_t out[MESSAGE_MAX];
	int n = mp_coap_write_response(&h, response, block1, part, out, sizeof(out));

	if (n < 0) /* options that no message can hold */
		h.code = MP_COAP_INTERNAL_ERROR;
	if (n < 0 || !mp_coap_echo_may(reply, (size_t)n)) {
		n = mp_coap_write_response(&h, &MP_COAP_RESPONSE(h.code), NULL, &(struct part){0},
					   out, sizeof(out));
	}
	reply->is_answered = true;
	if (n > 0)
		deliver(reply, out, (size_t)n);
}

void mp_coap_reply_code(struct mp_coap_reply *reply, uint8_t code)
{
	mp_coap_reply_send(reply, &MP_COAP_RESPONSE(code), &(struct part){0});
}

void mp_coap_respond(struct mp_coap_reply *reply, const struct mp_coap_response *response)
{
	if (!reply->is_answered)
		mp_coap_block2_respond(reply, response);
}
