/* SPDX-License-Identifier: Apache-2.0
 * The connection ids that we give out: a slot's number and a random tag, so that finding one is an
 * index into an array and guessing one is not worth while. */
#include <errno.h>
#include <stdlib.h>

#include "base/le.h"
#include "dtls/internal.h"

#define NONE UINT32_MAX

static int grow(struct cids *c, uint32_t room)
{
	struct cid_slot *slots;
	uint32_t n = c->room ? c->room : 16;

	if (c->room == 0)
		c->free = NONE;
	while (n < room)
		n *= 2;
	if (n == c->room)
		return 0;
	slots = realloc(c->slots, n * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	c->slots = slots;
	c->room = n;
	return 0;
}

static void set(struct cids *c, uint32_t i, uint32_t tag, struct mp_dtls_session *s)
{
	c->slots[i] = (struct cid_slot){.session = s, .tag = tag, .next_free = NONE};
}

int mp_dtls_cid_give(struct cids *c, struct mp_dtls_session *s, uint8_t ret[MP_DTLS_CID_SIZE])
{
	uint32_t tag, i;
	int r = mp_dtls_random(&tag, sizeof(tag));

	if (r == 0)
		r = grow(c, c->count + 1);
	if (r < 0)
		return r;
	i = c->free;
	if (i != NONE)
		c->free = c->slots[i].next_free;
	else
		i = c->count++;
	set(c, i, tag, s);
	mp_put_le32(ret, i);
	mp_put_le32(ret + 4, tag);
	return 0;
}

int mp_dtls_cid_restore(struct cids *c, struct mp_dtls_session *s,
			const uint8_t cid[MP_DTLS_CID_SIZE], uint32_t max)
{
	uint32_t i = mp_le32(cid);
	int r;

	if (i >= max)
		return -EBADMSG;
	r = grow(c, i + 1);
	if (r < 0)
		return r;
	for (; c->count <= i; c->count++) {
		set(c, c->count, 0, NULL);
		c->slots[c->count].next_free = c->free;
		c->free = c->count;
	}
	if (c->slots[i].session)
		return -EEXIST;
	set(c, i, mp_le32(cid + 4), s);
	return 0;
}

/* Restoring takes slots out of the middle of the list of free ones, so it is made anew after it. */
void mp_dtls_cid_restored(struct cids *c)
{
	c->free = NONE;
	for (uint32_t i = c->count; i-- > 0;) {
		if (c->slots[i].session)
			continue;
		c->slots[i].next_free = c->free;
		c->free = i;
	}
}

static struct cid_slot *slot_of(const struct cids *c, const uint8_t cid[MP_DTLS_CID_SIZE])
{
	uint32_t i = mp_le32(cid);

	return i < c->count && c->slots[i].session && c->slots[i].tag == mp_le32(cid + 4)
		       ? &c->slots[i]
		       : NULL;
}

void mp_dtls_cid_take_back(struct cids *c, const uint8_t cid[MP_DTLS_CID_SIZE])
{
	struct cid_slot *slot = slot_of(c, cid);

	if (!slot)
		return;
	*slot = (struct cid_slot){.next_free = c->free};
	c->free = mp_le32(cid);
}

void mp_dtls_cid_point(struct cids *c, const uint8_t cid[MP_DTLS_CID_SIZE],
		       struct mp_dtls_session *s)
{
	struct cid_slot *slot = slot_of(c, cid);

	if (slot)
		slot->session = s;
}

struct mp_dtls_session *mp_dtls_cid_find(const struct cids *c, const uint8_t cid[MP_DTLS_CID_SIZE])
{
	struct cid_slot *slot = slot_of(c, cid);

	return slot ? slot->session : NULL;
}
