/* SPDX-License-Identifier: Apache-2.0
 * Handshakes: from a ClientHello or mp_dtls_connect() to an established session.
 *
 * A session from the same address stays untouched and in use until the new handshake has finished
 * (RFC 6347, 4.2.8): both are in the table, and records of epoch 0 and handshake messages belong to
 * the one that shakes hands. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "dtls/internal.h"

#define SAMPLE 32 /* sessions looked at for one that makes room */
#define CROWDED_MS 2000 /* a handshake as old as this may be given up for a new one */

static struct live *live_of(struct mp_dtls_link *l)
{
	return (struct live *)(void *)((char *)l - offsetof(struct live, link));
}

static int remember(struct live *v, enum mp_dtls_kind kind, const void *text, size_t len)
{
	if (len > MP_DTLS_IDENTITY_MAX)
		return -EFBIG;
	memcpy(v->identity, text, len);
	v->identity[len] = '\0';
	v->identity_len = (uint16_t)len;
	v->link.session->kind = (uint8_t)kind;
	v->known = true;
	return 0;
}

int mp_dtls_link_psk(struct mp_dtls_link *l, const void *identity, size_t len,
		     uint8_t key[MP_DTLS_KEY_MAX])
{
	const struct mp_dtls_config *c = &l->session->d->config;

	if (!c->psk || remember(live_of(l), MP_DTLS_PSK, identity, len) < 0)
		return -ENOENT;
	return c->psk(c->user, identity, len, key);
}

int mp_dtls_link_accept(struct mp_dtls_link *l, enum mp_dtls_kind kind, const char *name,
			const void *der, size_t len, const uint8_t sha256[MP_DTLS_DIGEST],
			bool verified)
{
	const struct mp_dtls_config *c = &l->session->d->config;
	struct live *v = live_of(l);
	struct mp_dtls_identity who = {.kind = kind, .sha256 = sha256};
	char hex[2 * MP_DTLS_DIGEST + 1];

	mp_hex_format(sha256, MP_DTLS_DIGEST, hex);
	who.text = name ? name : hex;
	who.len = strnlen(who.text, MP_DTLS_IDENTITY_MAX);
	(void)remember(v, kind, who.text, who.len);
	who.text = v->identity;
	memcpy(v->sha256, sha256, MP_DTLS_DIGEST);
	if (!c->accept)
		return verified ? 0 : -EKEYREJECTED;
	return c->accept(c->user, &who, der, len);
}

static void arm(struct mp_dtls *d, const struct live *v)
{
	int64_t at = v->link.timer_at < v->deadline ? v->link.timer_at : v->deadline;

	if (at < d->due)
		d->due = at;
}

/* Put what the handshake found out into the session. A server's is made anew, of the exact size;
 * a client's has room for it. NULL when memory is out. */
static struct mp_dtls_session *name_session(struct mp_dtls_session *s)
{
	struct live *v = s->live;
	bool has_cid = s->has_cid && mp_dtls_backend_of(s)->has_cid(v->context);
	struct shape shape = {.text_len = v->identity_len,
			      .has_digest = s->kind != MP_DTLS_PSK,
			      .has_cid = has_cid,
			      .local = mp_dtls_session_local(s)};
	struct mp_dtls_session *to = s->client ? s : mp_dtls_session_new(s->d, &shape);

	if (!to)
		return NULL;
	if (s->has_cid && !has_cid)
		mp_dtls_cid_take_back(&s->d->cids, mp_dtls_session_cid(s));
	if (to != s) {
		to->address = s->address;
		to->engine = s->engine;
		to->kind = s->kind;
		to->state = s->state;
		to->live = v;
		if (has_cid) {
			memcpy(mp_dtls_session_cid(to), mp_dtls_session_cid(s), MP_DTLS_CID_SIZE);
			mp_dtls_cid_point(&s->d->cids, mp_dtls_session_cid(to), to);
		}
		mp_dtls_table_replace(&s->d->table, s, to);
		v->link.session = to;
		free(s);
	}
	to->has_cid = has_cid;
	to->has_digest = shape.has_digest;
	to->text_len = (uint8_t)v->identity_len;
	if (shape.has_digest)
		memcpy(mp_dtls_session_digest(to), v->sha256, MP_DTLS_DIGEST);
	memcpy(mp_dtls_session_text(to), v->identity, v->identity_len + 1u);
	return to;
}

/* The session that the new one takes the place of. One with a connection id may be of another peer,
 * which had this address once and has now moved on. */
static void replace_old(struct mp_dtls_session *s)
{
	struct mp_dtls_session *old =
		mp_dtls_table_find(&s->d->table, mp_dtls_session_local(s), &s->address).established;

	if (old && !old->has_cid)
		mp_dtls_kill(old, MP_DTLS_REPLACED, true);
	old = mp_dtls_table_find_twin(&s->d->table, s);
	if (old)
		mp_dtls_kill(old, MP_DTLS_REPLACED, true);
}

/* Of some that are met by chance, the one that has been silent for longest makes room. */
static void evict(struct mp_dtls *d)
{
	struct mp_dtls_session *oldest = NULL;
	unsigned met = 0;
	size_t at;

	if (mp_dtls_random(&at, sizeof(at)) < 0)
		at = d->sweep;
	for (size_t n = 0; n <= d->table.mask && met < SAMPLE; n++)
		for (struct mp_dtls_session *s = d->table.buckets[(at + n) & d->table.mask];
		     s && met < SAMPLE; s = s->next)
			if (s->state != SHAKING) {
				met++;
				oldest = !oldest || s->heard < oldest->heard ? s : oldest;
			}
	if (oldest)
		mp_dtls_kill(oldest, MP_DTLS_CROWDED, true);
}

static void finish(struct mp_dtls_session *shaking)
{
	struct mp_dtls *d = shaking->d;
	struct mp_dtls_session *s = shaking->live->known ? name_session(shaking) : NULL;

	if (!s) {
		mp_dtls_kill(shaking, MP_DTLS_BROKEN, true);
		return;
	}
	replace_old(s);
	if (s->state == DEAD) /* by closed() of the old one */
		return;
	if (d->counters.sessions_now >= d->config.sessions_max)
		evict(d);
	s->top = (uint64_t)1 << 48;
	s->live->window = 0;
	s->live->link.timer_at = INT64_MAX;
	s->live->deadline = d->now + (int64_t)d->config.handshake_seconds * 1000;
	s->heard = (uint32_t)(d->now / 1000);
	s->state = FRESH;
	d->counters.handshakes_finished++;
	d->counters.sessions_now++;
	arm(d, s->live);
	if (s->client)
		mp_dtls_settle(s);
	if (d->config.established)
		d->config.established(d->config.user, s);
}

void mp_dtls_shake(struct mp_dtls_session *s)
{
	struct live *v = s->live;
	int r;

	/* Twice, when the first call spent itself on a timer and left the record. */
	for (int i = 0; i < 2; i++) {
		r = mp_dtls_backend_of(s)->shake(v->context);
		if (r != -EAGAIN || !v->link.in)
			break;
	}
	v->link.in = NULL;
	if (r == -EAGAIN)
		arm(s->d, v);
	else if (r == 0)
		finish(s);
	else
		mp_dtls_kill(s, v->link.reason, true);
}

bool mp_dtls_make_room(struct mp_dtls *d)
{
	struct live *oldest = d->shaking.last;

	if (d->shaking.count < d->config.handshakes_max)
		return true;
	if (!oldest || d->now - oldest->used < CROWDED_MS)
		return false;
	mp_dtls_kill(oldest->link.session, MP_DTLS_CROWDED, true);
	return d->shaking.count < d->config.handshakes_max;
}

int mp_dtls_begin(struct mp_dtls_session *s, const struct mp_dtls_start *how)
{
	struct mp_dtls *d = s->d;
	struct live *v = mp_dtls_live_new(s);
	int r;

	if (!v)
		return -ENOMEM;
	r = mp_dtls_backend_of(s)->start(d->engines[s->engine], &v->link, how, &v->context);
	if (r < 0) {
		free(v);
		return r;
	}
	v->deadline = d->now + (int64_t)d->config.handshake_seconds * 1000;
	s->live = v;
	s->state = SHAKING;
	mp_dtls_list_push(&d->shaking, v);
	mp_dtls_table_add(&d->table, s);
	d->counters.handshakes_started++;
	return 0;
}

/* Which library answers it. When nothing fits, one of them says so. */
static uint8_t choose_engine(const struct mp_dtls *d, const struct mp_dtls_hello *h)
{
	if (h->raw_key && d->engine_of[MP_DTLS_RPK] < ENGINES)
		return d->engine_of[MP_DTLS_RPK];
	if (h->psk && d->engine_of[MP_DTLS_PSK] < ENGINES)
		return d->engine_of[MP_DTLS_PSK];
	if (h->certificate && d->engine_of[MP_DTLS_X509] < ENGINES)
		return d->engine_of[MP_DTLS_X509];
	return 0;
}

static void accept_hello(struct mp_dtls *d, const struct mp_net_address *from,
			 const struct mp_net_address *local, const struct mp_dtls_record *r,
			 const struct mp_dtls_hello *h)
{
	struct mp_dtls_start how = {.record_number = h->record_number,
				    .message_number = h->message_number};
	uint8_t engine = choose_engine(d, h);
	bool cid = h->cid && d->config.cid && d->backends[engine]->cids;
	struct mp_dtls_session *s =
		mp_dtls_session_new(d, &(struct shape){.has_cid = cid, .local = local});

	if (!s)
		return;
	s->address = *from;
	s->engine = engine;
	if (cid && mp_dtls_cid_give(&d->cids, s, mp_dtls_session_cid(s)) < 0)
		goto fail;
	how.cid = cid ? mp_dtls_session_cid(s) : NULL;
	if (mp_dtls_begin(s, &how) < 0)
		goto fail;
	memcpy(s->live->random, h->random, sizeof(s->live->random));
	s->live->link.in = r->whole;
	s->live->link.in_len = r->whole_len;
	mp_dtls_shake(s);
	return;
fail:
	if (cid)
		mp_dtls_cid_take_back(&d->cids, mp_dtls_session_cid(s));
	free(s);
}

static void send_cookie(struct mp_dtls *d, const struct mp_net_address *from,
			const struct mp_net_address *local, const struct mp_dtls_hello *h)
{
	uint8_t cookie[COOKIE_SIZE], out[MP_DTLS_VERIFY_MAX];
	size_t len;

	if (mp_dtls_cookie_make(d, from, h, cookie) < 0)
		return;
	len = mp_dtls_verify_format(h, cookie, sizeof(cookie), out);
	d->counters.cookies++;
	d->config.send(d->config.user, local, from, out, len);
}

/* Has it begun a handshake already? Then it has come again. */
static bool is_repeated(const struct mp_dtls_session *s, const struct mp_dtls_hello *h)
{
	return s && (s->state == SHAKING || s->state == FRESH) &&
	       memcmp(s->live->random, h->random, sizeof(s->live->random)) == 0;
}

void mp_dtls_greet(struct mp_dtls *d, const struct mp_net_address *from,
		   const struct mp_net_address *local, const struct mp_dtls_record *r,
		   struct pair pair)
{
	struct mp_dtls_hello h;

	if (!d->config.server || mp_dtls_hello_parse(r, &h) < 0 ||
	    is_repeated(pair.established, &h) || (pair.shaking && pair.shaking->client)) {
		d->counters.dropped++;
	} else if (!mp_dtls_cookie_check(d, from, &h)) {
		send_cookie(d, from, local, &h);
	} else if (is_repeated(pair.shaking, &h)) {
		pair.shaking->live->link.in = r->whole;
		pair.shaking->live->link.in_len = r->whole_len;
		mp_dtls_shake(pair.shaking);
	} else {
		if (pair.shaking)
			mp_dtls_kill(pair.shaking, MP_DTLS_REPLACED, true);
		if (!mp_dtls_make_room(d))
			d->counters.refused++;
		else
			accept_hello(d, from, local, r, &h);
	}
}
