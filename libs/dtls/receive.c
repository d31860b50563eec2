/* SPDX-License-Identifier: Apache-2.0
 * Where a record goes: one look-up a datagram, by its pair of addresses or its connection id. */
#include <errno.h>

#include "dtls/internal.h"

#define WINDOW 64
#define LEAST_BODY 16 /* of an encrypted record: a tag, or a tag of 8 and a nonce of 8 */

/* Seen before, or too old to tell? */
static bool is_replayed(const struct mp_dtls_session *s, uint64_t window, uint64_t number)
{
	uint64_t age = s->top - number;

	return number <= s->top && (age >= WINDOW || (window >> age & 1));
}

static void mark_seen(struct mp_dtls_session *s, struct live *v, uint64_t number)
{
	if (number > s->top) {
		uint64_t ahead = number - s->top;

		v->window = ahead >= WINDOW ? 1 : v->window << ahead | 1;
		s->top = number;
	} else {
		v->window |= (uint64_t)1 << (s->top - number);
	}
}

/* Everything that can be told without a key: it must be cheap for forged records. */
static bool may_be_genuine(struct mp_dtls_session *s, const struct mp_dtls_record *r)
{
	uint64_t window;

	if (mp_dtls_record_epoch(r) != 1 || r->type == MP_DTLS_CHANGE_CIPHER_SPEC ||
	    (r->type == MP_DTLS_WITH_CID) != s->has_cid || r->body_len < LEAST_BODY)
		return false;
	window = s->state == PARKED ? s->parked->window : s->live->window;
	if (!is_replayed(s, window, r->number))
		return true;
	s->d->counters.replayed++;
	return false;
}

static void follow(struct mp_dtls_session *s, const struct mp_net_address *from)
{
	struct mp_dtls *d = s->d;

	mp_dtls_table_remove(&d->table, s);
	s->address = *from;
	mp_dtls_table_add(&d->table, s);
	d->counters.moved++;
	if (d->config.moved)
		d->config.moved(d->config.user, s);
}

static void take_genuine(struct mp_dtls_session *s, struct live *v, const struct mp_dtls_record *r,
			 const struct mp_net_address *from, size_t len)
{
	struct mp_dtls *d = s->d;
	bool newest = r->number > s->top;

	mark_seen(s, v, r->number);
	s->heard = (uint32_t)(d->now / 1000);
	if (s->state == FRESH)
		mp_dtls_settle(s);
	else
		mp_dtls_keep(s, v);
	if (newest && s->has_cid && s->state != DEAD && !mp_net_address_is_equal(from, &s->address))
		follow(s, from); /* RFC 9146, 6 */
	if (len == 0 || s->state == DEAD)
		return;
	d->counters.delivered++;
	d->config.deliver(d->config.user, s, d->buffer, len);
}

/* The session has ended, or the library is at its end with it. What nothing has left of and what did
 * not verify cannot end a parked session. */
static void take_end(struct mp_dtls_session *s, struct live *v)
{
	enum mp_dtls_reason reason = v->link.reason;

	if (s->state == PARKED && reason != MP_DTLS_CLOSED && reason != MP_DTLS_ALERT &&
	    !v->link.sent) {
		s->d->counters.dropped++;
		mp_dtls_revert(s, v);
		return;
	}
	mp_dtls_keep(s, v);
	mp_dtls_kill(s, reason, true);
}

void mp_dtls_read(struct mp_dtls_session *s, const struct mp_dtls_record *r,
		  const struct mp_net_address *from)
{
	struct mp_dtls *d = s->d;
	struct live *v;
	int n;

	if (!may_be_genuine(s, r)) {
		d->counters.dropped++;
		return;
	}
	if (mp_dtls_revive(s, &v) < 0)
		return;
	v->link.in = r->whole;
	v->link.in_len = r->whole_len;
	v->link.sent = false;
	n = mp_dtls_backend_of(s)->read(v->context, d->buffer, sizeof(d->buffer));
	v->link.in = NULL;
	if (n >= 0) {
		take_genuine(s, v, r, from, (size_t)n);
	} else if (n != -EAGAIN) {
		take_end(s, v);
	} else if (v->link.sent) { /* something genuine that was no data: an answer has left */
		if (s->state == PARKED)
			mp_dtls_keep(s, v);
	} else {
		d->counters.dropped++;
		mp_dtls_revert(s, v);
	}
}

/* While a new handshake goes on beside an old session: data and encrypted alerts are the old one's,
 * all else the new one's. */
static void route(struct mp_dtls *d, const struct mp_net_address *from,
		  const struct mp_net_address *local, const struct mp_dtls_record *r)
{
	struct pair pair = mp_dtls_table_find(&d->table, local, from);
	bool plain = mp_dtls_record_epoch(r) == 0;

	if (mp_dtls_is_hello(r)) {
		mp_dtls_greet(d, from, local, r, pair);
	} else if (pair.shaking && (plain || r->type == MP_DTLS_HANDSHAKE || !pair.established)) {
		pair.shaking->live->link.in = r->whole;
		pair.shaking->live->link.in_len = r->whole_len;
		mp_dtls_shake(pair.shaking);
	} else if (pair.established && !plain) {
		mp_dtls_read(pair.established, r, from);
	} else {
		d->counters.dropped++;
	}
}

static void route_by_cid(struct mp_dtls *d, const struct mp_net_address *from,
			 const struct mp_dtls_record *r)
{
	struct mp_dtls_session *s = mp_dtls_cid_find(&d->cids, r->cid);

	if (!s) {
		d->counters.dropped++;
	} else if (s->state == SHAKING) {
		s->live->link.in = r->whole;
		s->live->link.in_len = r->whole_len;
		mp_dtls_shake(s);
	} else {
		mp_dtls_read(s, r, from);
	}
}

void mp_dtls_receive(struct mp_dtls *d, const struct mp_net_address *from,
		     const struct mp_net_address *local, const void *data, size_t len)
{
	const uint8_t *p = data;
	struct mp_dtls_record r;
	int e;

	d->counters.received++;
	mp_dtls_enter(d);
	while ((e = mp_dtls_record_next(&p, &len, &r)) == 0) {
		if (r.cid)
			route_by_cid(d, from, &r);
		else
			route(d, from, local, &r);
	}
	if (e == -EBADMSG)
		d->counters.dropped++;
	mp_dtls_leave(d);
}
