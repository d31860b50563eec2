/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dtls/internal.h"

#define EXPANSION 96 /* header, connection id, initial vector, MAC, padding */

static void set_default(unsigned *v, unsigned value)
{
	if (*v == 0)
		*v = value;
}

static void set_defaults(struct mp_dtls_config *c)
{
	set_default(&c->handshakes_max, 256);
	set_default(&c->sessions_max, 1000000);
	set_default(&c->fixed_max, 4096);
	set_default(&c->handshake_seconds, 30);
	set_default(&c->retransmit_ms, 1000);
	set_default(&c->mtu, MP_DTLS_MTU);
}

static int check(const struct mp_dtls_config *c, struct mp_err *err)
{
	if (!c->send || !c->deliver)
		return mp_err_set(err, -EINVAL, "DTLS needs functions that send and deliver");
	if (!c->for_psk && !c->for_x509 && !c->for_rpk)
		return mp_err_set(err, -EINVAL, "DTLS needs a backend");
	if (c->server && c->for_psk && !c->psk)
		return mp_err_set(err, -EINVAL, "DTLS needs a function that finds keys");
	if (c->mtu < 256 || c->mtu > 16384)
		return mp_err_set(err, -EINVAL, "An MTU of %u is not from 256 to 16384", c->mtu);
	return 0;
}

/* The engine of this backend, opened when it is the first of its kind. */
static int open_engine(struct mp_dtls *d, const struct mp_dtls_backend *b, uint8_t *ret,
		       struct mp_err *err)
{
	uint8_t i = 0;
	int r;

	*ret = ENGINES;
	if (!b)
		return 0;
	while (d->backends[i] && d->backends[i] != b)
		i++;
	if (!d->backends[i]) {
		r = b->open(&d->config, &d->engines[i], err);
		if (r < 0)
			return r;
		d->backends[i] = b;
	}
	*ret = i;
	return 0;
}

static int open_engines(struct mp_dtls *d, struct mp_err *err)
{
	const struct mp_dtls_config *c = &d->config;
	int r = open_engine(d, c->for_psk, &d->engine_of[MP_DTLS_PSK], err);

	if (r == 0)
		r = open_engine(d, c->for_x509, &d->engine_of[MP_DTLS_X509], err);
	if (r == 0)
		r = open_engine(d, c->for_rpk, &d->engine_of[MP_DTLS_RPK], err);
	/* What stands there is borrowed, and no longer needed. */
	memset(&d->config.own, 0, sizeof(d->config.own));
	return r;
}

int mp_dtls_new(const struct mp_dtls_config *config, int64_t now_ms, struct mp_dtls **ret,
		struct mp_err *err)
{
	auto_(mp_dtls) *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	d->config = *config;
	set_defaults(&d->config);
	d->now = d->swept = d->secret_at = now_ms;
	d->due = INT64_MAX;
	r = check(&d->config, err);
	if (r < 0)
		return r;
	r = mp_dtls_table_init(&d->table);
	if (r == 0)
		r = mp_dtls_random(d->secrets, sizeof(d->secrets));
	if (r < 0)
		return mp_err_set(err, r, "DTLS cannot start: %s", strerror(-r));
	r = open_engines(d, err);
	if (r < 0)
		return r;
	*ret = take_ptr(d);
	return 0;
}

void mp_dtls_end_all(struct mp_dtls *d)
{
	mp_dtls_enter(d);
	for (size_t i = 0; d->table.buckets && i <= d->table.mask; i++)
		while (d->table.buckets[i])
			mp_dtls_kill(d->table.buckets[i], MP_DTLS_CLOSED, false);
	mp_dtls_leave(d);
}

void mp_dtls_free(struct mp_dtls *d)
{
	if (!d)
		return;
	mp_dtls_end_all(d);
	for (int i = 0; i < ENGINES && d->backends[i]; i++)
		d->backends[i]->shut(d->engines[i]);
	mp_dtls_table_done(&d->table);
	mp_dtls_pool_done(&d->pool);
	free(d->cids.slots);
	explicit_bzero(d, sizeof(*d));
	free(d);
}

static struct mp_dtls_session *new_client(struct mp_dtls *d, const struct mp_net_address *local,
					  const struct mp_net_address *to,
					  const struct mp_dtls_credentials *c)
{
	uint8_t engine = d->engine_of[c->kind];
	bool psk = c->kind == MP_DTLS_PSK;
	struct shape shape = {
		.text_len = psk ? c->identity_len : MP_DTLS_IDENTITY_MAX,
		.has_digest = !psk,
		.has_cid = d->config.cid && d->backends[engine]->cids,
		.local = local,
	};
	struct mp_dtls_session *s = mp_dtls_session_new(d, &shape);

	if (!s)
		return NULL;
	s->text_len = 0;
	s->client = true;
	s->address = *to;
	s->engine = engine;
	s->kind = (uint8_t)c->kind;
	return s;
}

/* A client knows its own identity from the start. */
static void name_psk_client(struct mp_dtls_session *s, const struct mp_dtls_credentials *c)
{
	struct live *v = s->live;

	if (c->kind != MP_DTLS_PSK)
		return;
	memcpy(v->identity, c->identity, c->identity_len);
	v->identity_len = (uint16_t)c->identity_len;
	v->known = true;
	s->text_len = (uint8_t)c->identity_len;
	memcpy(mp_dtls_session_text(s), c->identity, c->identity_len);
}

static int begin_client(struct mp_dtls_session *s, const struct mp_dtls_credentials *c)
{
	struct mp_dtls *d = s->d;
	struct mp_dtls_start how = {.client = true, .credentials = c};
	bool cid = s->has_cid;
	int r = cid ? mp_dtls_cid_give(&d->cids, s, mp_dtls_session_cid(s)) : 0;

	if (r < 0)
		return r;
	how.cid = cid ? mp_dtls_session_cid(s) : NULL;
	r = mp_dtls_begin(s, &how);
	if (r < 0 && cid)
		mp_dtls_cid_take_back(&d->cids, mp_dtls_session_cid(s));
	return r;
}

int mp_dtls_connect(struct mp_dtls *d, const struct mp_net_address *local,
		    const struct mp_net_address *to, const struct mp_dtls_credentials *credentials,
		    void *session_user, struct mp_dtls_session **ret)
{
	struct mp_dtls_session *s;
	int r;

	if (credentials->kind > MP_DTLS_RPK || credentials->identity_len > MP_DTLS_IDENTITY_MAX)
		return -EINVAL;
	if (d->engine_of[credentials->kind] >= ENGINES)
		return -ENOTSUP;
	if (mp_dtls_table_find(&d->table, local, to).shaking || !mp_dtls_make_room(d))
		return -EBUSY;
	s = new_client(d, local, to, credentials);
	if (!s)
		return -ENOMEM;
	s->user = session_user;
	r = begin_client(s, credentials);
	if (r < 0) {
		free(s);
		return r;
	}
	name_psk_client(s, credentials);
	*ret = s;
	/* The first flight may leave now; what becomes of it is told by callbacks, and not before this
	 * function has returned. */
	s->live->link.timer_at = d->now;
	d->due = d->now;
	return 0;
}

size_t mp_dtls_write_max(const struct mp_dtls *d)
{
	return d->config.mtu - EXPANSION;
}

void mp_dtls_get_counters(const struct mp_dtls *d, struct mp_dtls_counters *ret)
{
	*ret = d->counters;
	ret->handshakes_now = d->shaking.count;
	ret->fixed_now = d->fixed.count;
}

const char *mp_dtls_reason_text(enum mp_dtls_reason reason)
{
	static const char *const text[MP_DTLS_REASONS] = {
		[MP_DTLS_CLOSED] = "it was closed",
		[MP_DTLS_REPLACED] = "the peer began anew",
		[MP_DTLS_TIMEOUT] = "the peer did not answer in time",
		[MP_DTLS_IDLE] = "the peer was silent for too long",
		[MP_DTLS_ALERT] = "the peer sent a fatal alert",
		[MP_DTLS_WRONG_KEY] = "the other side has another key",
		[MP_DTLS_UNKNOWN_IDENTITY] = "the identity is unknown",
		[MP_DTLS_NOT_TRUSTED] = "the certificate or key is not trusted",
		[MP_DTLS_NOTHING_SHARED] = "the two sides have no cipher suite in common",
		[MP_DTLS_CROWDED] = "there were too many",
		[MP_DTLS_BROKEN] = "the peer broke the protocol",
	};

	return reason < MP_DTLS_REASONS ? text[reason] : "";
}
