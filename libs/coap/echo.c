/* SPDX-License-Identifier: Apache-2.0
 * echo.c - addresses that have shown that they are real, and no large answers to others (RFC 9175
 * section 2.4)
 *
 * The value of an Echo option is a time, in units of 65 s, and a hash of it and of who is to give it
 * back; so nothing is remembered of those who do not. Who did is, for an hour at most, in a table
 * where the newer overwrite the older.
 */
#include <string.h>

#include "coap/parts.h"

#define FACTOR 3
#define LEAST_SZX 1 /* blocks of 32 bytes: below, a client had better prove itself */
#define FRESH 3 /* units */
#define PROVEN_FOR 55 /* units */

static uint16_t time_unit(const struct mp_coap *c)
{
	return (uint16_t)(c->now_ms >> 16);
}

static void make(const struct mp_coap *c, uint64_t remote_hash, uint8_t unit,
		 uint8_t ret[ECHO_SIZE])
{
	uint64_t text[2] = {remote_hash, unit}, hash = mp_siphash(&c->seed, text, sizeof(text));

	ret[0] = unit;
	memcpy(ret + 1, &hash, ECHO_SIZE - 1);
}

void mp_coap_echo_prove(struct mp_coap *c, uint64_t remote_hash)
{
	if (c->proven)
		c->proven[remote_hash % PROVEN_MAX] = (remote_hash & ~0xffffull) | time_unit(c);
}

static bool is_proven(const struct mp_coap *c, uint64_t remote_hash)
{
	uint64_t entry = c->proven[remote_hash % PROVEN_MAX];

	return entry >> 16 == remote_hash >> 16 &&
	       (uint16_t)(time_unit(c) - (uint16_t)entry) <= PROVEN_FOR;
}

void mp_coap_echo_check(struct mp_coap *c, uint64_t remote_hash, const struct mp_coap_option *o)
{
	uint8_t right[ECHO_SIZE], differ = 0;

	if (!c->proven || o->len != ECHO_SIZE ||
	    (uint8_t)((uint8_t)time_unit(c) - o->value[0]) > FRESH)
		return;
	make(c, remote_hash, o->value[0], right);
	for (size_t i = 0; i < ECHO_SIZE; i++)
		differ |= right[i] ^ o->value[i];
	if (!differ)
		mp_coap_echo_prove(c, remote_hash);
}

bool mp_coap_echo_trusts(const struct mp_coap_reply *reply)
{
	const struct mp_coap *c = reply->c;

	return !c->proven || reply->to->session || reply->to->is_reliable ||
	       is_proven(c, reply->remote_hash) ||
	       (c->config.proven && c->config.proven(c->config.user, reply->to));
}

/* Small answers need nobody's proof, and most answers are small. */
bool mp_coap_echo_may(const struct mp_coap_reply *reply, size_t len)
{
	return len <= FACTOR * reply->request_len || mp_coap_echo_trusts(reply);
}

/* What a response takes beside its payload, at most. */
static size_t overhead(const struct mp_coap_reply *reply, const struct mp_coap_response *response)
{
	size_t len = 4 + reply->token_len + 1; /* header, token, payload marker */

	len += response->observe >= 0 ? 4 : 0;
	len += response->location ? strlen(response->location) + 4 : 0;
	len += response->format >= 0 ? 4 : 0;
	len += response->max_age > 0 ? 6 : 0;
	len += reply->has_block1 ? 4 : 0;
	if (response->payload_len > 0 || response->source || reply->has_block2)
		len += 4 + 6 + ETAG_MAX + 1; /* Block2, Size2 */
	return len;
}

static void ask(struct mp_coap_reply *reply)
{
	uint8_t value[ECHO_SIZE];

	make(reply->c, reply->remote_hash, (uint8_t)time_unit(reply->c), value);
	reply->has_block1 = false;
	mp_coap_reply_send(reply, &MP_COAP_RESPONSE(MP_COAP_UNAUTHORIZED),
			   &(struct part){.echo = value, .echo_len = sizeof(value)});
}

bool mp_coap_echo_allows(struct mp_coap_reply *reply, const struct mp_coap_response *response,
			 uint64_t size, struct mp_coap_block *block)
{
	size_t budget = FACTOR * reply->request_len, other = overhead(reply, response);
	bool can_ask = reply->method == MP_COAP_GET || reply->method == MP_COAP_FETCH;
	unsigned least = can_ask ? LEAST_SZX : 0;

	if (size == 0 && response->diagnostic)
		size = strlen(response->diagnostic);
	if (mp_coap_echo_may(
		    reply,
		    other + (size < mp_coap_block_size(block) ? size : mp_coap_block_size(block))))
		return true;
	/* Many clients know no Echo, but all that take long bodies know blocks (RFC 7252, 11.3). */
	if (can_ask && other + (16u << (block->szx < least ? block->szx : least)) > budget) {
		ask(reply);
		return false;
	}
	reply->is_terse = !can_ask;
	while (block->szx > least && other + mp_coap_block_size(block) > budget) {
		block->szx--;
		block->num *= 2;
	}
	return true;
}
