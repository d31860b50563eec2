/* SPDX-License-Identifier: Apache-2.0
 * block1.c - the body of a request in blocks (RFC 7959 section 2.5), theirs and ours
 *
 * Blocks come one after the other. The last one again is answered again, but counts as no progress;
 * any other is out of order: 4.08. Which blocks belong together is said by the remote, the method,
 * the URI and the Request-Tag (RFC 9175 section 3).
 */
#include <string.h>

#include "coap/parts.h"

#define RESTARTS_MAX 2

/* ---- theirs ---- */

static bool is_in_key(unsigned number)
{
	return number == MP_COAP_URI_HOST || number == MP_COAP_URI_PORT ||
	       number == MP_COAP_URI_PATH || number == MP_COAP_URI_QUERY ||
	       number == MP_COAP_ACCEPT;
}

static uint64_t block_key(const struct mp_coap_reply *reply, uint64_t salt, bool with_tag)
{
	const struct mp_sip_key *seed = &reply->c->seed;
	uint64_t key = reply->remote_hash ^ (salt << 8 | reply->method) * 0x9e3779b97f4a7c15;

	MP_COAP_EACH_OPTION(o, reply->message)
	{
		struct mp_sip_key chained = {{seed->half[0] ^ key, seed->half[1] ^ o.number}};

		if (is_in_key(o.number) || (with_tag && o.number == MP_COAP_REQUEST_TAG))
			key = mp_siphash_quick(&chained, o.value, o.len);
	}
	return key;
}

uint64_t mp_coap_block1_key(const struct mp_coap_reply *reply)
{
	return block_key(reply, 1, true);
}

uint64_t mp_coap_block2_key(const struct mp_coap_reply *reply)
{
	return reply->message ? block_key(reply, 2, false) : reply->block2_key;
}

static void too_large(struct mp_coap_reply *reply)
{
	mp_coap_reply_send(
		reply, &MP_COAP_RESPONSE(MP_COAP_TOO_LARGE),
		&(struct part){.has_size1 = true, .size1 = (uint32_t)reply->c->config.body_max});
}

static bool has_sound_length(const struct mp_coap_reply *reply, size_t len)
{
	const struct mp_coap_block *b = &reply->block1;
	size_t size = mp_coap_block_size(b);

	if (b->szx == 7)
		return !b->more || (len > 0 && len % size == 0);
	return b->more ? len == size : len <= size;
}

/* NULL: answered. */
static struct body *begin(struct mp_coap_reply *reply, const struct mp_coap_request *rq)
{
	struct mp_coap *c = reply->c;
	struct body *b = mp_coap_body_new(c);
	uint32_t size = 0;

	if (!b) {
		mp_coap_reply_code(reply, MP_COAP_UNAVAILABLE);
		return NULL;
	}
	b->has_sink = c->config.sink && c->config.sink(c->config.user, rq, &b->sink);
	if (!b->has_sink && mp_coap_find_uint(rq->message, MP_COAP_SIZE1, &size) == 1 &&
	    size > c->config.body_max) {
		mp_coap_body_end(c, b, false);
		too_large(reply);
		return NULL;
	}
	return b;
}

/* The body that this block goes on with, taken out. NULL: answered. */
static struct body *find(struct mp_coap_reply *reply, const struct mp_coap_request *rq,
			 uint64_t key)
{
	struct mp_coap *c = reply->c;
	const struct mp_coap_block *block = &reply->block1;
	uint64_t offset = (uint64_t)block->num * mp_coap_block_size(block);
	struct body *b;

	b = mp_coap_body_find(c, key);
	if (block->num == 0) {
		if (b)
			mp_coap_body_take(c, b);
		if (b)
			mp_coap_body_end(c, b, false);
		return begin(reply, rq);
	}
	if (b && offset == b->received) {
		mp_coap_body_take(c, b);
		return b;
	}
	if (b && block->more && offset + rq->message->payload_len == b->received)
		mp_coap_reply_code(reply, MP_COAP_CONTINUE);
	else
		mp_coap_reply_code(reply, MP_COAP_INCOMPLETE);
	return NULL;
}

/* 0 or the code of an error. */
static uint8_t take(struct mp_coap *c, struct body *b, const struct mp_coap_message *m, bool more)
{
	uint8_t code = 0;

	if (b->has_sink)
		code = (uint8_t)b->sink.write(b->sink.user, b->received, m->payload, m->payload_len,
					      more);
	else if (m->payload_len > c->config.body_max - b->len)
		code = MP_COAP_TOO_LARGE;
	else if (mp_coap_body_add(c, b, m->payload, m->payload_len) < 0)
		code = MP_COAP_UNAVAILABLE;
	b->received += m->payload_len;
	return code;
}

bool mp_coap_block1_receive(struct mp_coap_reply *reply, const struct mp_coap_request *rq,
			    struct body **ret)
{
	struct mp_coap *c = reply->c;
	uint64_t key;
	struct body *b;
	uint8_t code;

	if (!has_sound_length(reply, rq->message->payload_len)) {
		mp_coap_reply_code(reply, MP_COAP_BAD_REQUEST);
		return false;
	}
	if (reply->block1.num == 0 && !reply->block1.more)
		return true;
	key = mp_coap_block1_key(reply);
	b = find(reply, rq, key);
	if (!b)
		return false;
	code = take(c, b, rq->message, reply->block1.more);
	if (code) {
		mp_coap_body_end(c, b, false);
		if (code == MP_COAP_TOO_LARGE)
			too_large(reply);
		else
			mp_coap_reply_code(reply, code);
		return false;
	}
	if (!reply->block1.more) {
		*ret = b;
		return true;
	}
	mp_coap_body_keep(c, b, key);
	mp_coap_reply_code(reply, MP_COAP_CONTINUE);
	return false;
}

/* ---- ours ---- */

static bool restart(struct mp_coap_exchange *x)
{
	if (x->restarts++ >= RESTARTS_MAX)
		return false;
	x->sent = 0;
	mp_coap_random(x->job.c, x->tag, sizeof(x->tag));
	mp_coap_exchange_again(x, x->observe < 0);
	return true;
}

/* 4.13: the whole is too much, or the block was, then it says which size is not. */
static bool go_smaller(struct mp_coap_exchange *x, const struct mp_coap_block *block)
{
	if (!block || block->szx >= x->szx || mp_coap_exchange_size(x) <= 16u << block->szx)
		return false;
	x->szx = block->szx;
	x->is_block1 = true;
	return restart(x);
}

static bool broken(struct mp_coap_exchange *x)
{
	mp_coap_exchange_end(x, MP_COAP_BROKEN, NULL);
	return true;
}

static bool next_block(struct mp_coap_exchange *x, const struct mp_coap_block *block)
{
	uint32_t num = (uint32_t)(x->sent >> (x->szx + 4));
	uint64_t next = x->sent + (16u << x->szx);

	if (!block || block->num != num || next >= mp_coap_exchange_size(x))
		return broken(x);
	if (block->szx < x->szx)
		x->szx = block->szx;
	if (next >> (x->szx + 4) > 0xfffff)
		return broken(x);
	x->sent = next;
	mp_coap_exchange_again(x, x->observe < 0);
	return true;
}

bool mp_coap_block1_go_on(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	bool is_last = x->sent + (16u << x->szx) >= mp_coap_exchange_size(x);
	struct mp_coap_block decoded, *block = NULL;
	struct mp_coap_option o;

	if (x->is_block2)
		return false;
	if (mp_coap_find(m, MP_COAP_BLOCK1, &o)) {
		if (mp_coap_block_decode(&o, &decoded) < 0)
			return broken(x);
		block = &decoded;
	}
	if (m->code == MP_COAP_TOO_LARGE)
		return go_smaller(x, block);
	if (!x->is_block1)
		return m->code == MP_COAP_CONTINUE ? broken(x) : false;
	if (m->code == MP_COAP_INCOMPLETE)
		return x->sent > 0 && restart(x);
	if (m->code == MP_COAP_CONTINUE || (mp_coap_class(m->code) == 2 && !is_last))
		return next_block(x, block);
	return false;
}
