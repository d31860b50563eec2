/* SPDX-License-Identifier: Apache-2.0
 * asking.c - the next request of an exchange as bytes
 *
 * Requests are written anew for each repetition, from what the exchange knows: it then costs no more
 * memory than its path and payload.
 */
#include <errno.h>

#include "coap/parts.h"

uint64_t mp_coap_exchange_size(const struct mp_coap_exchange *x)
{
	return x->source ? x->source->size : x->payload_len;
}

static bool is_last_block1(const struct mp_coap_exchange *x)
{
	return !x->is_block1 || x->sent + (16u << x->szx) >= mp_coap_exchange_size(x);
}

static struct mp_coap_block block_at(const struct mp_coap_exchange *x, uint64_t offset)
{
	return (struct mp_coap_block){.num = (uint32_t)(offset >> (x->szx + 4)), .szx = x->szx};
}

/* The follow-up of a response's first block is a request of its own, without the body that the
 * first one had: but for FETCH, whose body says what is asked for. */
static bool has_payload(const struct mp_coap_exchange *x)
{
	if (x->is_block2 && (x->is_block1 || x->code != MP_COAP_FETCH))
		return false;
	return mp_coap_exchange_size(x) > 0;
}

static void add_queries(struct mp_coap_writer *w, const struct mp_coap_exchange *x)
{
	const char *end = x->queries + x->queries_len;

	for (const char *q = x->queries; q < end; q += __builtin_strlen(q) + 1)
		mp_coap_add_text(w, MP_COAP_URI_QUERY, q);
}

static void add_blocks(struct mp_coap_writer *w, const struct mp_coap_exchange *x)
{
	struct mp_coap_block block;

	if (x->is_block2 || ((x->szx != SZX_MAX || x->from > 0) && is_last_block1(x))) {
		block = block_at(x, x->received);
		mp_coap_add_uint(w, MP_COAP_BLOCK2, mp_coap_block_encode(&block));
	}
	if (x->is_block1 && has_payload(x)) {
		block = block_at(x, x->sent);
		block.more = !is_last_block1(x);
		mp_coap_add_uint(w, MP_COAP_BLOCK1, mp_coap_block_encode(&block));
		if (x->sent == 0 && mp_coap_exchange_size(x) <= UINT32_MAX)
			mp_coap_add_uint(w, MP_COAP_SIZE1, (uint32_t)mp_coap_exchange_size(x));
	}
}

static int add_payload(struct mp_coap_writer *w, const struct mp_coap_exchange *x)
{
	uint64_t left = mp_coap_exchange_size(x) - x->sent;
	size_t size = (size_t)16 << x->szx, n = left < size ? (size_t)left : size;
	uint8_t data[BLOCK_MAX];

	if (!x->source) {
		mp_coap_add_payload(w, x->payload + x->sent, n);
		return 0;
	}
	if (x->source->read(x->source->user, x->sent, data, n) != (int)n)
		return -EIO;
	mp_coap_add_payload(w, data, n);
	return 0;
}

int mp_coap_exchange_write(struct mp_coap_exchange *x, void *out, size_t room)
{
	struct mp_coap_writer w;
	int r = 0;

	mp_coap_write(&w, out, room,
		      &(struct mp_coap_header){
			      .type = mp_coap_job_is_repeated(&x->job) ? MP_COAP_CON : MP_COAP_NON,
			      .code = x->code,
			      .mid = x->job.mid,
			      .token = x->token,
			      .token_len = x->token_len});
	if (x->observe >= 0 && !x->is_block2)
		mp_coap_add_uint(&w, MP_COAP_OBSERVE, (uint32_t)x->observe);
	mp_coap_add_path(&w, MP_COAP_URI_PATH, x->path);
	/* An empty payload is of a format as well. */
	if (x->format >= 0 && (has_payload(x) || !x->is_block2))
		mp_coap_add_uint(&w, MP_COAP_CONTENT_FORMAT, (uint32_t)x->format);
	add_queries(&w, x);
	if (x->accept >= 0)
		mp_coap_add_uint(&w, MP_COAP_ACCEPT, (uint32_t)x->accept);
	add_blocks(&w, x);
	if (x->echo_len > 0)
		mp_coap_add(&w, MP_COAP_ECHO, x->echo, x->echo_len);
	if (x->is_block1 && has_payload(x))
		mp_coap_add(&w, MP_COAP_REQUEST_TAG, x->tag, sizeof(x->tag));
	if (has_payload(x))
		r = add_payload(&w, x);
	return r < 0 ? r : mp_coap_end(&w);
}
