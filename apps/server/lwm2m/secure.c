/* SPDX-License-Identifier: Apache-2.0
 * A session's user pointer is the struct peer that it has proven to be; the registration of that
 * peer is found by its text, as CoAP finds its remote. */
#include "secure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "enrolment.h"
#include "server.h"
#include "base/log.h"
#include "credentials.h"
#include "dtls/dtls.h"
#include "dtls_gnutls/dtls_gnutls.h"
#include "dtls_mbedtls/dtls_mbedtls.h"
#include "inside.h"
#include "lwm2m.h"
#include "net/udp.h"
#include "peer.h"
#include "transport.h"

#define SESSIONS_FILE "lwm2m.sessions" /* within the data folder; holds keys */
#define BATCHES 4
#define HANDSHAKES 512 /* at once: 21 MB */

struct secure {
	struct lwm2m *lwm2m;
	struct mp_udp *udp;
	struct mp_watch *watch;
	struct mp_dtls *dtls;
	struct peer *peers; /* of the sessions that there are */
	bool is_answering; /* what leaves now is CoAP, and may acknowledge */
	bool has_saved; /* the sessions are in the file now, and nowhere else */
};

static struct mp_coap_remote remote_of(struct mp_dtls_session *session)
{
	struct peer *p = mp_dtls_session_user(session);

	return (struct mp_coap_remote){.address = *mp_dtls_session_address(session),
				       .session = session,
				       .identity = p ? p->text : NULL};
}

struct peer *secure_peer(void *session)
{
	return mp_dtls_session_user(session);
}

/* ---- what DTLS asks and tells ---- */

static int find_key(void *user, const void *identity, size_t len, uint8_t key[MP_DTLS_KEY_MAX])
{
	struct secure *s = user;

	return credentials_find_psk(s->lwm2m->server->credentials, identity, len, key);
}

static int accept_key(void *user, const struct mp_dtls_identity *who, const void *der, size_t len)
{
	struct secure *s = user;

	(void)der, (void)len;
	if (who->kind != MP_DTLS_RPK)
		return 0; /* its chain has been verified */
	return credentials_has_rpk(s->lwm2m->server->credentials, who->sha256) ? 0 : -EKEYREJECTED;
}

static void queue_datagram(void *user, const struct mp_net_address *local,
			   const struct mp_net_address *to, const void *data, size_t len)
{
	struct secure *s = user;

	if (s->is_answering)
		(void)mp_udp_queue(s->udp, local, to, data, len);
	else /* a handshake need not wait for the commit */
		(void)mp_udp_reply(s->udp, local, to, data, len);
}

static void deliver(void *user, struct mp_dtls_session *session, const void *data, size_t len)
{
	struct secure *s = user;
	struct mp_coap_remote from = remote_of(session);

	if (from.identity)
		mp_coap_receive(s->lwm2m->coap, &from, data, len);
}

struct peer *secure_peer_of(const struct mp_dtls_identity *id)
{
	static const enum credential_kind kinds[] = {[MP_DTLS_PSK] = CREDENTIAL_PSK,
						     [MP_DTLS_X509] = CREDENTIAL_X509,
						     [MP_DTLS_RPK] = CREDENTIAL_RPK};

	return peer_new(kinds[id->kind], id->text, id->len, id->sha256);
}

static void established(void *user, struct mp_dtls_session *session)
{
	struct secure *s = user;
	struct mp_dtls_identity id;
	struct mp_coap_remote remote;
	struct peer *p;

	mp_dtls_session_identity(session, &id);
	p = secure_peer_of(&id);
	if (!p) {
		mp_dtls_drop(session);
		return;
	}
	peer_enter(p, &s->peers);
	mp_dtls_session_set_user(session, p);
	remote = remote_of(session);
	registration_connected(s->lwm2m, &remote);
}

static void moved(void *user, struct mp_dtls_session *session)
{
	struct secure *s = user;
	struct mp_coap_remote remote = remote_of(session);

	if (remote.identity)
		registration_connected(s->lwm2m, &remote);
}

/* CoAP and the registration must have let go of it, or know another. */
void secure_drop(struct secure *s, void *session)
{
	struct peer *p = mp_dtls_session_user(session);

	mp_coap_session_gone(s->lwm2m->coap, session);
	mp_dtls_session_set_user(session, NULL);
	mp_dtls_drop(session);
	if (p)
		peer_leave(p);
}

static void closed(void *user, struct mp_dtls_session *session, enum mp_dtls_reason reason)
{
	struct secure *s = user;
	struct peer *p = mp_dtls_session_user(session);
	struct mp_coap_remote remote = remote_of(session);

	(void)reason;
	if (!p)
		return;
	mp_coap_session_gone(s->lwm2m->coap, session);
	registration_disconnected(s->lwm2m, &remote);
	mp_dtls_session_set_user(session, NULL);
	peer_leave(p);
}

/* ---- turns ---- */

void secure_tick(struct secure *s, int64_t now_ms)
{
	mp_dtls_tick(s->dtls, now_ms);
}

int64_t secure_next_ms(const struct secure *s)
{
	return mp_dtls_next_ms(s->dtls);
}

static void got(void *user, const struct mp_udp_datagram *d)
{
	struct secure *s = user;

	mp_dtls_receive(s->dtls, d->from, NULL, d->data, d->len);
}

static void ready(void *user)
{
	struct secure *s = user;

	transport_tick(s->lwm2m->transport);
	for (unsigned i = 0; i < BATCHES; i++)
		if (mp_udp_receive(s->udp, got, s) < MP_UDP_BATCH)
			break;
	server_turn(s->lwm2m->server);
}

void secure_send(struct secure *s, const struct mp_coap_remote *to, const void *data, size_t len)
{
	if (s->has_saved)
		return;
	s->is_answering = true;
	(void)mp_dtls_write(to->session, data, len); /* a broken one tells closed() */
	s->is_answering = false;
}

void secure_flush(struct secure *s)
{
	if (mp_udp_queued(s->udp) > 0)
		mp_watch_want_write(s->watch, mp_udp_flush(s->udp) == -EAGAIN);
}

void secure_discard(struct secure *s)
{
	mp_udp_discard(s->udp);
}

/* ---- opening ---- */

int secure_credentials(struct lwm2m *l, struct mp_buf *cert, struct mp_buf *key,
		       struct mp_dtls_credentials *ret, struct mp_err *err)
{
	const char *ca = enrolment_authority(l->server->enrolment);
	int r = server_read_pem(l->server, "server.crt", cert, err);

	if (r == 0)
		r = server_read_pem(l->server, "server.pem", key, err);
	*ret = (struct mp_dtls_credentials){
		.kind = MP_DTLS_X509,
		.certificate = cert->data,
		.certificate_len = cert->len,
		.private_key = key->data,
		.private_key_len = key->len,
		.ca = ca,
		.ca_len = strlen(ca),
	};
	return r;
}

static int new_dtls(struct secure *s, struct mp_err *err)
{
	MP_BUF(cert, 65536);
	MP_BUF(key, 65536);
	struct mp_dtls_config c = {
		.for_psk = &mp_dtls_mbedtls,
		.for_x509 = &mp_dtls_mbedtls,
		.for_rpk = &mp_dtls_gnutls,
		.server = true,
		.psk = find_key,
		.accept = accept_key,
		.send = queue_datagram,
		.deliver = deliver,
		.established = established,
		.closed = closed,
		.restored = established,
		.moved = moved,
		.handshakes_max = HANDSHAKES,
		.cid = true,
		.user = s,
	};
	int r = secure_credentials(s->lwm2m, &cert, &key, &c.own, err);

	if (r < 0)
		return r;
	r = mp_dtls_new(&c, s->lwm2m->clock_ms, &s->dtls, err);
	explicit_bzero(key.data, key.len);
	return r;
}

int secure_open(struct lwm2m *l, uint16_t port, struct secure **ret, struct mp_err *err)
{
	struct secure *s = calloc(1, sizeof(*s));
	struct mp_net_address a;
	int r;

	if (!s)
		return mp_err_set(err, -ENOMEM, "memory is out");
	*ret = s;
	s->lwm2m = l;
	r = mp_net_address_parse(l->server->options.listen, port, &a);
	if (r < 0)
		return mp_err_set(err, r, "'%s' is no IP address to listen on",
				  l->server->options.listen);
	r = mp_udp_open(&a, &(struct mp_udp_config){0}, &s->udp, err);
	if (r == 0)
		r = new_dtls(s, err);
	if (r < 0)
		return r;
	r = mp_watch_new(l->server->loop, mp_udp_fd(s->udp), ready, s, &s->watch);
	return r < 0 ? mp_err_set(err, r, "the event loop refused: %s", strerror(-r)) : 0;
}

void secure_restore(struct secure *s)
{
	struct mp_err err;

	if (mp_dtls_load(s->dtls, SESSIONS_FILE, &err) < 0)
		mp_log(MP_LOG_WARNING, "DTLS sessions not restored", "reason=\"%s\"", err.text);
}

void secure_save(struct secure *s)
{
	struct mp_err err;

	s->has_saved = mp_dtls_save(s->dtls, SESSIONS_FILE, &err) >= 0;
	if (!s->has_saved)
		mp_log(MP_LOG_WARNING, "DTLS sessions not saved", "reason=\"%s\"", err.text);
}

void secure_free(struct secure *s)
{
	if (!s)
		return;
	mp_watch_free(s->watch);
	mp_dtls_free(s->dtls);
	mp_udp_free(s->udp);
	while (s->peers)
		peer_leave(s->peers);
	free(s);
}

uint16_t secure_port(const struct secure *s)
{
	struct mp_net_address a;

	mp_udp_local(s->udp, &a);
	return a.port;
}

void secure_counters(const struct secure *s, struct mp_dtls_counters *ret)
{
	mp_dtls_get_counters(s->dtls, ret);
}
