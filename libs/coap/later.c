/* SPDX-License-Identifier: Apache-2.0
 * later.c - requests that are acknowledged now and answered later (RFC 7252 section 5.2.2) */
#include <stdlib.h>
#include <string.h>

#include "coap/parts.h"

#define LATERS_MAX 65536 /* of all remotes together */

struct mp_coap_later {
	struct mp_coap *c; /* NULL: it has ended */
	struct peer *peer;
	struct node node;
	struct mp_coap_reply reply;
	uint8_t token[];
};

static struct mp_coap_later *later_new(struct mp_coap_reply *reply)
{
	struct mp_coap *c = reply->c;
	struct mp_coap_later *l;

	if (c->laters_count >= LATERS_MAX)
		return NULL;
	l = malloc(sizeof(*l) + reply->token_len);
	if (!l)
		return NULL;
	l->c = c;
	l->peer = mp_coap_peer_get(c, reply->to);
	if (!l->peer) {
		free(l);
		return NULL;
	}
	l->reply = *reply;
	l->reply.later = l;
	if (reply->token_len > 0)
		memcpy(l->token, reply->token, reply->token_len);
	l->reply.token = l->token;
	l->reply.block2_key = mp_coap_block2_key(reply);
	l->reply.message = NULL;
	l->reply.is_answered = false;
	ring_append(&c->laters, &l->node);
	c->laters_count++;
	return l;
}

static void acknowledge(struct mp_coap_reply *reply)
{
	struct mp_coap_message m = {.type = reply->type, .mid = reply->mid};
	struct incoming in = {
		.from = reply->to, .m = &m, .key = reply->key, .fingerprint = reply->fingerprint};

	if (reply->type == MP_COAP_CON)
		mp_coap_answer_empty(reply->c, &in, MP_COAP_ACK);
	else if (!reply->to->is_reliable)
		mp_coap_replies_put(&reply->c->replies, reply->key, reply->fingerprint,
				    reply->c->now_ms, NULL, 0);
}

struct mp_coap_later *mp_coap_defer(struct mp_coap_reply *reply)
{
	struct mp_coap_later *l;

	if (reply->is_answered)
		return NULL;
	l = later_new(reply);
	if (!l) {
		mp_coap_reply_code(reply, MP_COAP_UNAVAILABLE);
		return NULL;
	}
	reply->is_answered = true;
	acknowledge(reply);
	return l;
}

void mp_coap_respond_later(struct mp_coap_later *l, const struct mp_coap_response *response)
{
	struct mp_coap *c = l->c;

	if (c) {
		ring_remove(&l->node);
		c->laters_count--;
		l->reply.to = &l->peer->remote;
		if (!l->peer->is_gone)
			mp_coap_block2_respond(&l->reply, response);
		mp_coap_peer_unref(c, l->peer);
	}
	free(l);
}

void mp_coap_laters_done(struct mp_coap *c)
{
	while (c->laters.next != &c->laters) {
		struct mp_coap_later *l = container_of(c->laters.next, struct mp_coap_later, node);

		ring_remove(&l->node);
		mp_coap_peer_unref(c, l->peer);
		l->c = NULL;
	}
}
