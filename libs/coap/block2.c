/* SPDX-License-Identifier: Apache-2.0
 * block2.c - a response in blocks (RFC 7959 section 2.4), ours and theirs
 *
 * Ours: the rest of a long response is kept for the requests that follow. When it is gone, a GET or
 * FETCH is simply served again, and the entity-tag tells whether it is still the same; a response
 * that cannot be had again is 4.08.
 */
#include <errno.h>
#include <string.h>

#include "coap/parts.h"

#define RESTARTS_MAX 3

/* ---- ours ---- */

static uint64_t body_size(const struct body *b)
{
	return b->has_source ? b->source.size : b->len;
}

/* Bytes, negative. */
static int read_part(const struct body *b, uint64_t offset, size_t n, uint8_t *room,
		     const void **ret)
{
	if (!b->has_source) {
		*ret = n > 0 ? b->data + offset : NULL;
		return (int)n;
	}
	*ret = room;
	return n == 0 || b->source.read(b->source.user, offset, room, n) == (int)n ? (int)n : -EIO;
}

/* The part of `b` that `block` asks for; block->more is set. `with_block`: say which it is even when it
 * is all. 0, -ERANGE: there is none, -EIO. */
static int cut(const struct body *b, struct mp_coap_block *block, bool with_block, uint8_t *room,
	       struct part *ret)
{
	uint64_t total = body_size(b), offset, left;
	size_t size;
	int n;

	if (block->szx > SZX_MAX)
		block->szx = SZX_MAX;
	size = mp_coap_block_size(block);
	offset = (uint64_t)block->num * size;
	if (offset > 0 && offset >= total)
		return -ERANGE;
	left = total - offset;
	block->more = left > size;
	n = read_part(b, offset, block->more ? size : (size_t)left, room, &ret->data);
	if (n < 0)
		return n;
	ret->len = (size_t)n;
	ret->has_block2 = with_block || block->more || offset > 0;
	ret->block2 = *block;
	ret->has_size2 = block->more && offset == 0 && total <= UINT32_MAX;
	ret->size2 = (uint32_t)total;
	ret->etag = b->etag;
	ret->etag_len = b->etag_len;
	return 0;
}

/* How a response looks before anything of it is kept. One of several blocks gets an entity-tag. */
static struct body view(const struct mp_coap *c, const struct mp_coap_response *response,
			size_t block_size)
{
	struct body b = {.data = (uint8_t *)response->payload,
			 .len = response->payload_len,
			 .code = response->code,
			 .format = response->format,
			 .max_age = response->max_age};
	uint64_t hash;

	if (response->source) {
		b.has_source = true;
		b.source = *response->source;
	}
	if (response->etag_len > 0 && response->etag_len <= ETAG_MAX) {
		b.etag_len = (uint8_t)response->etag_len;
		memcpy(b.etag, response->etag, response->etag_len);
	} else if (!b.has_source && b.len > block_size && mp_coap_class(b.code) == 2) {
		hash = mp_siphash_quick(&c->seed, b.data, b.len);
		memcpy(b.etag, &hash, sizeof(hash));
		b.etag_len = sizeof(hash);
	}
	return b;
}

static void end_view(struct body *b)
{
	if (b->has_source && b->source.done)
		b->source.done(b->source.user);
}

/* What memory does not hold is served again. */
static void keep(struct mp_coap_reply *reply, struct body *seen)
{
	struct mp_coap *c = reply->c;
	struct body *b = mp_coap_body_new(c);

	if (b && !seen->has_source && mp_coap_body_add(c, b, seen->data, seen->len) < 0) {
		mp_coap_body_end(c, b, false);
		b = NULL;
	}
	if (!b) {
		end_view(seen);
		return;
	}
	b->has_source = seen->has_source;
	b->source = seen->source;
	b->code = seen->code;
	b->format = seen->format;
	b->max_age = seen->max_age;
	b->etag_len = seen->etag_len;
	memcpy(b->etag, seen->etag, sizeof(b->etag));
	mp_coap_body_keep(c, b, mp_coap_block2_key(reply));
}

/* Leave out what only helps. */
static void be_terse(struct part *part)
{
	part->has_size2 = false;
	part->etag_len = 0;
}

static uint8_t error_of(int r)
{
	return r == -ERANGE ? MP_COAP_BAD_REQUEST : MP_COAP_INTERNAL_ERROR;
}

void mp_coap_block2_respond(struct mp_coap_reply *reply, const struct mp_coap_response *response)
{
	struct mp_coap_block block =
		reply->has_block2 ? reply->block2 : (struct mp_coap_block){.szx = SZX_MAX};
	struct body b = view(reply->c, response, mp_coap_block_size(&block));
	uint8_t room[BLOCK_MAX];
	struct part part = {0};
	int r;

	if (!mp_coap_echo_allows(reply, response, body_size(&b), &block)) {
		end_view(&b);
		return;
	}
	r = cut(&b, &block, reply->has_block2 && mp_coap_class(b.code) == 2, room, &part);
	if (reply->is_terse)
		be_terse(&part);
	if (r < 0)
		mp_coap_reply_code(reply, error_of(r));
	else
		mp_coap_reply_send(reply, response, &part);
	if (r == 0 && block.more)
		keep(reply, &b);
	else
		end_view(&b);
}

bool mp_coap_block2_continue(struct mp_coap_reply *reply)
{
	struct mp_coap *c = reply->c;
	bool can_serve = reply->method == MP_COAP_GET || reply->method == MP_COAP_FETCH;
	struct mp_coap_response response;
	uint8_t room[BLOCK_MAX];
	struct part part = {0};
	uint64_t key;
	struct body *b;
	int r;

	if (!reply->has_block2 || reply->block2.num == 0)
		return false;
	key = mp_coap_block2_key(reply);
	b = mp_coap_body_find(c, key);
	if (!b) {
		if (!can_serve)
			mp_coap_reply_code(reply, MP_COAP_INCOMPLETE);
		return !can_serve;
	}
	mp_coap_body_take(c, b);
	response = MP_COAP_RESPONSE(b->code);
	response.format = b->format;
	response.max_age = b->max_age;
	if (!mp_coap_echo_allows(reply, &response, body_size(b), &reply->block2)) {
		mp_coap_body_keep(c, b, key);
		return true;
	}
	r = cut(b, &reply->block2, true, room, &part);
	if (r < 0) {
		mp_coap_reply_code(reply, error_of(r));
		mp_coap_body_end(c, b, false);
		return true;
	}
	if (reply->is_terse)
		be_terse(&part);
	mp_coap_reply_send(reply, &response, &part);
	b->is_sent = b->is_sent || !reply->block2.more;
	mp_coap_body_keep(c, b, key);
	return true;
}

int mp_coap_block2_notification(struct mp_coap *c, const struct mp_coap_header *h,
				const struct mp_coap_response *response, void *out, size_t room)
{
	struct mp_coap_block block = {.szx = SZX_MAX};
	struct body b = view(c, response, BLOCK_MAX);
	uint8_t bytes[BLOCK_MAX];
	struct part part = {0};
	int r;

	r = cut(&b, &block, false, bytes, &part);
	if (r == 0)
		r = mp_coap_write_response(h, response, NULL, &part, out, room);
	end_view(&b);
	return r;
}

/* ---- theirs ---- */

static bool broken(struct mp_coap_exchange *x)
{
	mp_coap_exchange_end(x, MP_COAP_BROKEN, NULL);
	return true;
}

/* What was asked for has changed between two blocks. */
static bool restart(struct mp_coap_exchange *x)
{
	bool may = x->code == MP_COAP_GET || x->code == MP_COAP_FETCH;

	if (!may || x->is_notification || x->sink || x->restarts++ >= RESTARTS_MAX)
		return broken(x);
	mp_buf_reset(&x->body);
	x->is_block2 = false;
	x->received = x->from;
	x->etag_len = 0;
	mp_coap_exchange_again(x, true);
	return true;
}

static int take_payload(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	int r;

	if (x->sink)
		r = m->payload_len > 0 ? x->sink(x->user, x->received, m->payload, m->payload_len)
				       : 0;
	else
		r = mp_buf_add(&x->body, m->payload, m->payload_len);
	x->received += m->payload_len;
	return r;
}

void mp_coap_block2_begin(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	struct mp_coap_option etag;
	uint32_t n;

	x->is_block2 = true;
	if (mp_coap_find_uint(m, MP_COAP_OBSERVE, &n) == 1)
		x->answer_observe = n;
	if (mp_coap_find_uint(m, MP_COAP_CONTENT_FORMAT, &n) == 1)
		x->answer_format = (int)n;
	if (mp_coap_find(m, MP_COAP_ETAG, &etag) && etag.len <= ETAG_MAX) {
		memcpy(x->etag, etag.value, etag.len);
		x->etag_len = etag.len;
	}
}

static bool is_same_entity(const struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	struct mp_coap_option etag;

	if (!mp_coap_find(m, MP_COAP_ETAG, &etag))
		return x->etag_len == 0;
	return etag.len == x->etag_len && memcmp(etag.value, x->etag, etag.len) == 0;
}

static bool fits(const struct mp_coap_exchange *x, const struct mp_coap_message *m,
		 const struct mp_coap_block *block)
{
	size_t size = mp_coap_block_size(block);
	uint32_t total;

	if ((uint64_t)block->num * size != x->received)
		return false;
	if (block->more && (m->payload_len == 0 ||
			    (block->szx == 7 ? m->payload_len % size : m->payload_len != size)))
		return false;
	return x->sink || mp_coap_find_uint(m, MP_COAP_SIZE2, &total) != 1 ||
	       total <= x->body.limit;
}

/* A response without blocks. */
static bool take_whole(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	if (x->from > 0 || x->is_block2)
		return broken(x);
	if (!x->sink)
		return m->payload_len > x->body.limit ? broken(x) : false;
	mp_coap_block2_begin(x, m);
	return take_payload(x, m) < 0 ? broken(x) : false;
}

bool mp_coap_block2_take(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	struct mp_coap_block block;
	struct mp_coap_option o;

	if (mp_coap_class(m->code) != 2)
		return false;
	if (!mp_coap_find(m, MP_COAP_BLOCK2, &o))
		return take_whole(x, m);
	if (mp_coap_block_decode(&o, &block) < 0)
		return broken(x);
	if (x->is_block2 && !is_same_entity(x, m))
		return restart(x);
	if (!fits(x, m, &block))
		return broken(x);
	if (!x->is_block2)
		mp_coap_block2_begin(x, m);
	if (take_payload(x, m) < 0)
		return broken(x);
	if (!block.more)
		return false;
	if (block.szx < x->szx)
		x->szx = block.szx;
	if (x->received >> (x->szx + 4) > 0xfffff)
		return broken(x);
	mp_coap_exchange_again(x, true);
	return true;
}
