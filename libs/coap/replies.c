/* SPDX-License-Identifier: Apache-2.0
 * replies.c - what was answered to whom, for duplicates (RFC 7252 section 4.2, 4.5)
 *
 * Two rings of fixed size: entries, found by the hash of remote and message id, and the bytes of the
 * answers. The newest overwrite the oldest. A message id that comes back with other bytes is no
 * duplicate, but a peer that has used up its 65536 ids.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coap/parts.h"

#define LIFETIME 247 /* seconds: EXCHANGE_LIFETIME */
#define BYTES_EACH 48 /* in the mean */

static size_t power_of_two(size_t n)
{
	size_t p = 64;

	while (p < n && p < (1u << 24))
		p *= 2;
	return p;
}

/* Zeroed pages cost nothing before they are used. */
int mp_coap_replies_init(struct replies *r, size_t max)
{
	size_t n = power_of_two(max);

	*r = (struct replies){.entries_mask = n - 1, .buckets_mask = n - 1};
	r->bytes_size = n * BYTES_EACH;
	r->entries = calloc(n, sizeof(*r->entries));
	r->buckets = calloc(n, sizeof(*r->buckets));
	r->bytes = calloc(r->bytes_size, 1);
	if (r->entries && r->buckets && r->bytes)
		return 0;
	mp_coap_replies_done(r);
	return -ENOMEM;
}

void mp_coap_replies_done(struct replies *r)
{
	free(r->entries);
	free(r->buckets);
	free(r->bytes);
	*r = (struct replies){0};
}

/* Bytes stand in one piece: what does not fit before the end begins at the start. */
static uint64_t room_for(struct replies *r, size_t len)
{
	uint64_t at = r->written;

	if (at % r->bytes_size + len > r->bytes_size)
		at += r->bytes_size - at % r->bytes_size;
	r->written = at + len;
	return at;
}

static struct reply_entry *lookup(struct replies *r, uint64_t key)
{
	uint32_t i = r->buckets[key & r->buckets_mask];

	while (i) {
		struct reply_entry *e = &r->entries[i - 1];

		if (e->key == key)
			return e;
		i = e->next;
	}
	return NULL;
}

enum reply_found mp_coap_replies_find(struct replies *r, uint64_t key, uint32_t fingerprint,
				      int64_t now_ms, const uint8_t **ret, size_t *ret_len)
{
	const struct reply_entry *e = lookup(r, key);

	if (!e || e->fingerprint != fingerprint || (uint32_t)(now_ms / 1000) - e->second > LIFETIME)
		return REPLY_NEW;
	if (!e->len || r->written - e->at > r->bytes_size)
		return REPLY_TOO_LONG;
	*ret = r->bytes + e->at % r->bytes_size;
	*ret_len = e->len;
	return REPLY_KNOWN;
}

static void unlink_entry(struct replies *r, const struct reply_entry *e)
{
	uint32_t index = (uint32_t)(e - r->entries) + 1;
	uint32_t *at = &r->buckets[e->key & r->buckets_mask];

	while (*at && *at != index)
		at = &r->entries[*at - 1].next;
	if (*at)
		*at = e->next;
}

void mp_coap_replies_put(struct replies *r, uint64_t key, uint32_t fingerprint, int64_t now_ms,
			 const void *data, size_t len)
{
	struct reply_entry *e = lookup(r, key);
	uint32_t *bucket = &r->buckets[key & r->buckets_mask];

	if (e) /* its place counts as sent long ago, and may be the next that is needed */
		unlink_entry(r, e);
	e = &r->entries[r->count & r->entries_mask];
	if (r->count > r->entries_mask)
		unlink_entry(r, e);
	r->count++;
	e->next = *bucket;
	*bucket = (uint32_t)(e - r->entries) + 1;
	e->key = key;
	e->fingerprint = fingerprint;
	e->second = (uint32_t)(now_ms / 1000);
	e->len = (uint16_t)len;
	e->at = len ? room_for(r, len) : 0;
	if (len)
		memcpy(r->bytes + e->at % r->bytes_size, data, len);
}

void mp_coap_replies_are_sent(struct mp_coap *c)
{
	c->replies.sent = c->replies.count;
}

/* An entry without a bucket is never found, and costs only its place. */
void mp_coap_forget_replies(struct mp_coap *c)
{
	struct replies *r = &c->replies;
	uint64_t from = r->count > r->entries_mask ? r->count - r->entries_mask - 1 : 0;

	for (uint64_t i = from > r->sent ? from : r->sent; i < r->count; i++)
		unlink_entry(r, &r->entries[i & r->entries_mask]);
	r->sent = r->count;
}
