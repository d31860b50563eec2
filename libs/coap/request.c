/* SPDX-License-Identifier: Apache-2.0
 * request.c - a request of others: its options are judged, it is served */
#include "coap/parts.h"

/* Blocks of size 7 are streams' (RFC 8323 section 6). */
static uint8_t take_block(const struct mp_coap_reply *reply, const struct mp_coap_option *o,
			  struct mp_coap_block *ret)
{
	if (mp_coap_block_decode(o, ret) < 0 || (ret->szx == 7 && !reply->to->is_reliable))
		return MP_COAP_BAD_REQUEST;
	return 0;
}

/* The options that a request is judged by; what is left over is the handler's. */
static uint8_t take_option(struct mp_coap_request *rq, const struct mp_coap_option *o)
{
	struct mp_coap_reply *reply = rq->reply;
	uint32_t n = 0;

	switch (o->number) {
	case MP_COAP_OBSERVE:
		if (mp_coap_option_uint(o, &n) == 0 && n <= 1)
			rq->observe = (int)n;
		return 0;
	case MP_COAP_CONTENT_FORMAT:
		if (mp_coap_option_uint(o, &n) == 0)
			rq->format = (int)n;
		return 0;
	case MP_COAP_ACCEPT:
		(void)mp_coap_option_uint(o, &n);
		rq->accept = (int)n;
		return 0;
	case MP_COAP_BLOCK1:
		reply->has_block1 = true;
		return take_block(reply, o, &reply->block1);
	case MP_COAP_BLOCK2:
		reply->has_block2 = true;
		return take_block(reply, o, &reply->block2);
	case MP_COAP_ECHO:
		mp_coap_echo_check(reply->c, reply->remote_hash, o);
		return 0;
	case MP_COAP_PROXY_URI:
	case MP_COAP_PROXY_SCHEME:
		return MP_COAP_PROXYING_NOT_SUPPORTED;
	default:
		return 0;
	}
}

static bool is_known_critical(unsigned number)
{
	switch (number) {
	case MP_COAP_IF_MATCH:
	case MP_COAP_URI_HOST:
	case MP_COAP_IF_NONE_MATCH:
	case MP_COAP_URI_PORT:
	case MP_COAP_URI_PATH:
	case MP_COAP_URI_QUERY:
	case MP_COAP_ACCEPT:
	case MP_COAP_BLOCK1:
	case MP_COAP_BLOCK2:
	case MP_COAP_PROXY_URI:
	case MP_COAP_PROXY_SCHEME:
		return true;
	default:
		return false;
	}
}

static bool may_repeat(unsigned number)
{
	return number == MP_COAP_IF_MATCH || number == MP_COAP_URI_PATH ||
	       number == MP_COAP_URI_QUERY;
}

/* RFC 7252 section 5.4: what is unknown, unsound or once too often counts alike: as unknown. */
static uint8_t read_options(struct mp_coap_request *rq)
{
	unsigned last = 0;

	MP_COAP_EACH_OPTION(o, rq->message)
	{
		bool repeated = o.number == last && !may_repeat(o.number);
		uint8_t code;

		last = o.number;
		if (mp_coap_option_is_critical(o.number) &&
		    (repeated || !is_known_critical(o.number) || !mp_coap_option_is_sound(&o)))
			return MP_COAP_BAD_OPTION;
		if (repeated || !mp_coap_option_is_sound(&o))
			continue;
		code = take_option(rq, &o);
		if (code)
			return code;
	}
	return 0;
}

static void serve(struct mp_coap *c, struct mp_coap_request *rq)
{
	c->stats.requests++;
	c->config.serve(c->config.user, rq);
	if (!rq->reply->is_answered)
		mp_coap_reply_code(rq->reply, MP_COAP_NOT_FOUND);
}

/* Blocks are put together first. */
static void serve_body(struct mp_coap *c, struct mp_coap_request *rq)
{
	struct body *b = NULL;

	if (rq->reply->has_block1) {
		if (!mp_coap_block1_receive(rq->reply, rq, &b))
			return;
	} else if (mp_coap_block2_continue(rq->reply)) {
		return;
	}
	if (b) {
		rq->payload = b->data;
		rq->payload_len = b->len;
	}
	serve(c, rq);
	if (b)
		mp_coap_body_end(c, b, true);
}

static void reject(struct mp_coap *c, struct mp_coap_reply *reply, uint8_t code)
{
	if (code == MP_COAP_BAD_OPTION)
		c->stats.rejected_options++;
	else
		c->stats.malformed++;
	reply->has_block1 = reply->has_block2 = false;
	if (code == MP_COAP_BAD_OPTION && reply->type == MP_COAP_NON && !reply->to->is_reliable)
		return; /* RFC 7252 section 5.4.1 */
	mp_coap_reply_code(reply, code);
}

void mp_coap_request_receive(struct mp_coap *c, const struct incoming *in)
{
	const struct mp_coap_message *m = in->m;
	struct mp_coap_reply reply = {.c = c,
				      .to = in->from,
				      .remote_hash = in->remote_hash,
				      .key = in->key,
				      .fingerprint = in->fingerprint,
				      .request_len = in->len,
				      .message = m,
				      .type = m->type,
				      .mid = m->mid,
				      .method = m->code,
				      .token = m->token,
				      .token_len = m->token_len};
	struct mp_coap_request rq = {.remote = in->from,
				     .message = m,
				     .payload = m->payload,
				     .payload_len = m->payload_len,
				     .format = -1,
				     .accept = -1,
				     .observe = -1,
				     .reply = &reply};
	uint8_t code = read_options(&rq);

	if (!code && m->code > MP_COAP_IPATCH)
		code = MP_COAP_METHOD_NOT_ALLOWED;
	if (code)
		reject(c, &reply, code);
	else
		serve_body(c, &rq);
}
