/* SPDX-License-Identifier: Apache-2.0
 * observe.c - notifications, both ways (RFC 7641) */
#include <string.h>

#include "coap/parts.h"

#define FRESH_MS 128000 /* RFC 7641 section 3.4 */

bool mp_coap_observe_is_newer(uint32_t last, int64_t last_ms, uint32_t next, int64_t next_ms)
{
	const uint32_t half = 1 << 23;

	return (last < next && next - last < half) || (last > next && last - next > half) ||
	       next_ms > last_ms + FRESH_MS;
}

static bool is_known(struct mp_coap *c, const struct mp_coap_answer *a)
{
	return c->config.notified && c->config.notified(c->config.user, a);
}

/* What nobody knows is reset; but a late response that needs no confirmation is just late. */
static void judge(struct mp_coap *c, const struct incoming *in, bool known)
{
	struct mp_coap_option o;

	c->stats.unknown_responses += !known;
	if (known && in->m->type == MP_COAP_CON)
		mp_coap_answer_empty(c, in, MP_COAP_ACK);
	else if (!known && (in->m->type == MP_COAP_CON || mp_coap_find(in->m, MP_COAP_OBSERVE, &o)))
		mp_coap_answer_empty(c, in, MP_COAP_RST);
	else if (known && !in->from->is_reliable)
		mp_coap_replies_put(&c->replies, in->key, in->fingerprint, c->now_ms, NULL, 0);
}

/* The first block of a long one has come (RFC 7959 section 2.6): the rest is asked for with a token
 * of its own. */
static bool fetch_rest(struct mp_coap *c, const struct incoming *in,
		       const struct mp_coap_block *block)
{
	const struct mp_coap_message *m = in->m;
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, "");
	struct mp_coap_exchange *x;

	if (block->num > 0 || m->payload_len != mp_coap_block_size(block) ||
	    m->token_len > MP_COAP_TOKEN)
		return false;
	if (!c->config.observed)
		return is_known(c, &(struct mp_coap_answer){.outcome = MP_COAP_BROKEN,
							    .message = m,
							    .format = -1,
							    .observe = -1,
							    .remote = in->from});
	if (!c->config.observed(c->config.user, in->from, m->token, m->token_len, &ask))
		return false;
	ask.observe = -1;
	ask.token = NULL;
	ask.from = 0;
	ask.sink = NULL;
	ask.non_confirmable = false;
	if (mp_coap_exchange_make(c, in->from, &ask, &x) < 0)
		return true; /* known, but lost */
	x->is_notification = true;
	x->asked_token_len = m->token_len;
	if (m->token_len > 0)
		memcpy(x->asked_token, m->token, m->token_len);
	if (block->szx < x->szx)
		x->szx = block->szx;
	mp_coap_block2_begin(x, m);
	x->received = m->payload_len;
	if (mp_buf_add(&x->body, m->payload, m->payload_len) < 0)
		mp_coap_exchange_end(x, MP_COAP_BROKEN, NULL);
	else
		mp_coap_exchange_again(x, false);
	return true;
}

void mp_coap_notification_receive(struct mp_coap *c, const struct incoming *in)
{
	struct mp_coap_answer a = {.outcome = MP_COAP_ANSWERED,
				   .message = in->m,
				   .code = in->m->code,
				   .payload = in->m->payload,
				   .payload_len = in->m->payload_len,
				   .format = -1,
				   .observe = -1,
				   .remote = in->from};
	struct mp_coap_block block;
	struct mp_coap_option o;
	uint32_t n;

	if (mp_coap_find(in->m, MP_COAP_BLOCK2, &o) && mp_coap_block_decode(&o, &block) == 0 &&
	    block.more) {
		judge(c, in, fetch_rest(c, in, &block));
		return;
	}
	if (mp_coap_find_uint(in->m, MP_COAP_OBSERVE, &n) == 1)
		a.observe = n;
	if (mp_coap_find_uint(in->m, MP_COAP_CONTENT_FORMAT, &n) == 1)
		a.format = (int)n;
	judge(c, in, is_known(c, &a));
}

int mp_coap_notify(struct mp_coap *c, const struct mp_coap_remote *to, const uint8_t *token,
		   size_t token_len, bool confirmable, const struct mp_coap_response *response,
		   void (*gone)(void *user, enum mp_coap_outcome outcome), void *user)
{
	bool is_con = confirmable && !to->is_reliable;
	struct mp_coap_header h = {.type = is_con ? MP_COAP_CON : MP_COAP_NON,
				   .code = response->code,
				   .token = token,
				   .token_len = token_len};
	bool is_away = to->identity && !to->session;
	uint8_t out[MESSAGE_MAX];
	int n;

	if (!is_con && !to->is_reliable)
		h.mid = mp_coap_mid(c, to);
	n = mp_coap_block2_notification(c, &h, response, out, sizeof(out));
	if (n < 0)
		return n;
	if (!is_con && !gone && !is_away) { /* nobody cares what becomes of it */
		mp_coap_transmit(c, to, out, (size_t)n);
		return 0;
	}
	return mp_coap_push(c, to, is_con, false, out, (size_t)n, gone, user);
}
