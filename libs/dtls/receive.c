/* SPDX-License-Identifier: Apache-2.0
 * Where a record goes: one look-up a datagram, by its pair of addresses or its connection id. */
#include <errno.h>
#include <string.h>

#include "dtls/internal.h"

#define WINDOW 64
#define LEAST_BODY 16 /* of an encrypted record: a tag, or a tag of 8 and a nonce of 8 */

/* Seen before, or too old to tell? */
static bool is_replayed(const struct mp_dtls_session *s, uint64_t window, uint64_t number)
{
	uint64_t age = s->top - number;

	return number <= s->top && (age >= WINDOW || (window >> age & 1));
}

static uint64_t *window_of(struct mp_dtls_session *s)
{
	return s->state == PARKED ? &s->parked->window : &s->live->window;
}

static void mark_seen(struct mp_dtls_session *s, uint64_t number)
{
	uint64_t *window = window_of(s);

	if (number > s->top) {
		uint64_t ahead = number - s->top;

		*window = ahead >= WINDOW ? 1 : *window << ahead | 1;
		s->top = number;
	} else {
		*window |= (uint64_t)1 << (s->top - number);
	}
}

/* Everything that can be told without a key: it must be cheap for forged records. */
static bool may_be_genuine(struct mp_dtls_session *s, const struct mp_dtls_record *r)
{
	if (mp_dtls_record_epoch(r) != 1 || r->type == MP_DTLS_CHANGE_CIPHER_SPEC ||
	    (r->type == MP_DTLS_WITH_CID) != s->has_cid || r->body_len < LEAST_BODY)
		return false;
	if (!is_replayed(s, *window_of(s), r->number))
		return true;
	s->d->counters.replayed++;
	return false;
}

static void follow(struct mp_dtls_session *s, const struct mp_net_address *from)
{
	struct mp_dtls *d = s->d;
	struct mp_dtls_session *twin;

	mp_dtls_table_remove(&d->table, s);
	s->address = *from;
	mp_dtls_table_add(&d->table, s);
	d->counters.moved++;
	twin = mp_dtls_table_find_twin(&d->table, s);
	if (twin) /* else one peer could pile them up at one address */
		mp_dtls_kill(twin, MP_DTLS_REPLACED, true);
	if (s->state == DEAD) /* by closed() */
		return;
	if (d->config.moved)
		d->config.moved(d->config.user, s);
}

/* A warning other than close_notify changes nothing. */
static void take_alert(struct mp_dtls_session *s, const uint8_t *alert, size_t len)
{
	if (len == 2 && alert[1] == MP_DTLS_CLOSE_NOTIFY)
		mp_dtls_kill(s, MP_DTLS_CLOSED, true);
	else if (len == 2 && alert[0] == MP_DTLS_FATAL)
		mp_dtls_kill(s, MP_DTLS_ALERT, true);
}

/* A new handshake within the session is refused (RFC 5246, 7.2.2); a Finished that comes late is of no
 * interest to who has had the next record. */
static void take_message(struct mp_dtls_session *s, const uint8_t *message, size_t len)
{
	static const uint8_t no[2] = {MP_DTLS_WARNING, MP_DTLS_NO_RENEGOTIATION};

	if (len && message[0] <= MP_DTLS_CLIENT_HELLO)
		(void)mp_dtls_parked_send(s, MP_DTLS_ALERT_RECORD, no, sizeof(no));
}

static void take_genuine(struct mp_dtls_session *s, const struct mp_dtls_record *r,
			 const struct mp_net_address *from)
{
	bool newest = r->number > s->top;

	mark_seen(s, r->number);
	s->heard = (uint32_t)(s->d->now / 1000);
	if (newest && s->has_cid && !mp_net_address_is_equal(from, &s->address))
		follow(s, from); /* RFC 9146, 6 */
}

static void take_data(struct mp_dtls_session *s, size_t len)
{
	struct mp_dtls *d = s->d;

	if (len == 0 || s->state == DEAD)
		return;
	d->counters.delivered++;
	d->config.deliver(d->config.user, s, d->buffer, len);
}

/* The content of a genuine record of a parked session is in the buffer. */
static void take_content(struct mp_dtls_session *s, const struct mp_dtls_record *r,
			 const struct mp_net_address *from, uint8_t type, size_t len)
{
	take_genuine(s, r, from);
	if (s->state == DEAD) /* by moved() */
		return;
	if (type == MP_DTLS_DATA)
		take_data(s, len);
	else if (type == MP_DTLS_ALERT_RECORD)
		take_alert(s, s->d->buffer, len);
	else if (type == MP_DTLS_HANDSHAKE)
		take_message(s, s->d->buffer, len);
}

static void read_parked(struct mp_dtls_session *s, const struct mp_dtls_record *r,
			const struct mp_net_address *from)
{
	struct mp_dtls *d = s->d;
	uint8_t type;
	int n = mp_dtls_backend_of(s)->unseal(s->parked->keys, r, d->buffer, sizeof(d->buffer),
					      &type);

	if (n < 0)
		d->counters.dropped++;
	else
		take_content(s, r, from, type, (size_t)n);
}

static void read_by_context(struct mp_dtls_session *s, const struct mp_dtls_record *r,
			    const struct mp_net_address *from)
{
	struct mp_dtls *d = s->d;
	struct live *v = s->live;
	int n;

	v->link.in = r->whole;
	v->link.in_len = r->whole_len;
	v->link.sent = false;
	n = mp_dtls_backend_of(s)->read(v->context, d->buffer, sizeof(d->buffer));
	v->link.in = NULL;
	if (n == -EAGAIN) {
		d->counters.dropped += !v->link.sent; /* else genuine, and answered */
		return;
	}
	if (n < 0) {
		mp_dtls_kill(s, v->link.reason, true);
		return;
	}
	take_genuine(s, r, from);
	if (s->state == FRESH)
		(void)mp_dtls_settle(s);
	else if (s->state == FIXED)
		mp_dtls_touch(s);
	take_data(s, (size_t)n);
}

/* The peer's first record ends the handshake, unless it is its Finished once more: that is for the
 * context, which sends our last flight again. */
static void read_fresh(struct mp_dtls_session *s, const struct mp_dtls_record *r,
		       const struct mp_net_address *from)
{
	const struct mp_dtls_backend *b = mp_dtls_backend_of(s);
	uint8_t keys[MP_DTLS_KEYS_MAX], type = r->type;
	struct mp_dtls *d = s->d;
	uint64_t next;
	int n = b->keep ? b->keep(s->live->context, keys, &next) : -ENOTSUP;

	if (n >= 0 && type != MP_DTLS_HANDSHAKE) {
		n = b->unseal(keys, r, d->buffer, sizeof(d->buffer), &type);
		if (n >= 0 && type != MP_DTLS_HANDSHAKE && mp_dtls_settle(s) == 0) {
			explicit_bzero(keys, sizeof(keys));
			take_content(s, r, from, type, (size_t)n);
			return;
		}
	}
	explicit_bzero(keys, sizeof(keys));
	if (n == -ENOTSUP || type == MP_DTLS_HANDSHAKE)
		read_by_context(s, r, from);
	else
		d->counters.dropped++;
}

void mp_dtls_read(struct mp_dtls_session *s, const struct mp_dtls_record *r,
		  const struct mp_net_address *from)
{
	if (!may_be_genuine(s, r))
		s->d->counters.dropped++;
	else if (s->state == PARKED)
		read_parked(s, r, from);
	else if (s->state == FRESH)
		read_fresh(s, r, from);
	else
		read_by_context(s, r, from);
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
