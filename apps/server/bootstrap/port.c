/* SPDX-License-Identifier: Apache-2.0 */
#include "bootstrap/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dtls/dtls.h"
#include "dtls_mbedtls/dtls_mbedtls.h"
#include "enrolment.h"
#include "httpd/loop.h"
#include "lwm2m/peer.h"
#include "lwm2m/secure.h"
#include "net/udp.h"
#include "server.h"

#define SESSIONS 4096 /* of DTLS: who bootstraps is soon gone */
#define IDLE_SECONDS 300

struct port {
	struct server *server;
	struct port_owner owner;
	struct mp_udp *udp;
	struct mp_watch *watch;
	struct mp_dtls *dtls; /* NULL: without security */
	struct peer *peers; /* of its sessions */
};

static struct mp_coap_remote remote_of(struct mp_dtls_session *session)
{
	const struct peer *p = mp_dtls_session_user(session);

	return (struct mp_coap_remote){.address = *mp_dtls_session_address(session),
				       .session = session,
				       .identity = p ? p->text : NULL};
}

void port_proof(const struct mp_coap_remote *remote, struct credential_proof *ret)
{
	static const enum credential_kind kinds[] = {[MP_DTLS_PSK] = CREDENTIAL_PSK,
						     [MP_DTLS_X509] = CREDENTIAL_X509,
						     [MP_DTLS_RPK] = CREDENTIAL_RPK};
	struct mp_dtls_identity id;

	*ret = (struct credential_proof){.kind = CREDENTIAL_NONE};
	if (!remote->session)
		return;
	mp_dtls_session_identity(remote->session, &id);
	*ret = (struct credential_proof){.kind = kinds[id.kind],
					 .identity = id.text,
					 .identity_len = id.len,
					 .sha256 = id.sha256};
}

/* ---- DTLS asks and tells ---- */

static int find_key(void *user, const void *identity, size_t len, uint8_t key[MP_DTLS_KEY_MAX])
{
	struct port *p = user;

	return credentials_find_psk(p->server->credentials, identity, len, key);
}

static void queue_datagram(void *user, const struct mp_net_address *local,
			   const struct mp_net_address *to, const void *data, size_t len)
{
	struct port *p = user;

	(void)mp_udp_queue(p->udp, local, to, data, len);
}

static void deliver(void *user, struct mp_dtls_session *session, const void *data, size_t len)
{
	struct port *p = user;
	struct mp_coap_remote from = remote_of(session);

	if (from.identity)
		mp_coap_receive(p->owner.coap, &from, data, len);
}

/* A name of one kind is nobody of another kind. */
static void established(void *user, struct mp_dtls_session *session)
{
	struct port *p = user;
	struct mp_dtls_identity id;
	struct peer *peer;

	mp_dtls_session_identity(session, &id);
	peer = secure_peer_of(&id);
	if (!peer) {
		mp_dtls_drop(session);
		return;
	}
	peer_enter(peer, &p->peers);
	mp_dtls_session_set_user(session, peer);
}

static void closed(void *user, struct mp_dtls_session *session, enum mp_dtls_reason reason)
{
	struct port *p = user;
	struct peer *peer = mp_dtls_session_user(session);

	(void)reason;
	if (!peer)
		return;
	p->owner.session_gone(p->owner.user, session);
	mp_coap_session_gone(p->owner.coap, session);
	mp_dtls_session_set_user(session, NULL);
	peer_leave(peer);
}

/* ---- datagrams ---- */

static void got(void *user, const struct mp_udp_datagram *d)
{
	struct port *p = user;
	struct mp_coap_remote from = {.address = *d->from};

	if (p->dtls)
		mp_dtls_receive(p->dtls, d->from, NULL, d->data, d->len);
	else
		mp_coap_receive(p->owner.coap, &from, d->data, d->len);
}

static void ready(void *user)
{
	struct port *p = user;
	int64_t now;

	p->owner.tick(p->owner.user, &now);
	(void)mp_udp_receive(p->udp, got, p);
	p->owner.done(p->owner.user);
}

bool port_has(const struct port *p, const struct mp_coap_remote *remote)
{
	return p && (remote->session != NULL) == (p->dtls != NULL);
}

void port_send(struct port *p, const struct mp_coap_remote *to, const void *data, size_t len)
{
	if (p->dtls)
		(void)mp_dtls_write(to->session, data, len); /* a broken one tells closed() */
	else
		(void)mp_udp_queue(p->udp, NULL, &to->address, data, len);
}

void port_tick(struct port *p, int64_t now_ms)
{
	if (p && p->dtls)
		mp_dtls_tick(p->dtls, now_ms);
}

int64_t port_next_ms(const struct port *p)
{
	return p && p->dtls ? mp_dtls_next_ms(p->dtls) : INT64_MAX;
}

void port_flush(struct port *p)
{
	if (p && mp_udp_queued(p->udp) > 0)
		mp_watch_want_write(p->watch, mp_udp_flush(p->udp) == -EAGAIN);
}

uint16_t port_number(const struct port *p)
{
	struct mp_net_address a = {.port = 0};

	if (p)
		mp_udp_local(p->udp, &a);
	return a.port;
}

/* ---- opening ---- */

static int open_dtls(struct port *p, struct mp_err *err)
{
	const char *ca = enrolment_authority(p->server->enrolment);
	MP_BUF(cert, 65536);
	MP_BUF(key, 65536);
	struct mp_dtls_config c = {
		.for_psk = &mp_dtls_mbedtls,
		.for_x509 = &mp_dtls_mbedtls,
		.server = true,
		.psk = find_key,
		.send = queue_datagram,
		.deliver = deliver,
		.established = established,
		.closed = closed,
		.sessions_max = SESSIONS,
		.session_seconds = IDLE_SECONDS,
		.user = p,
	};
	int64_t now;
	int r = server_read_pem(p->server, "server.crt", &cert, err);

	if (r == 0)
		r = server_read_pem(p->server, "server.pem", &key, err);
	if (r < 0)
		return r;
	c.own = (struct mp_dtls_credentials){.kind = MP_DTLS_X509,
					     .certificate = cert.data,
					     .certificate_len = cert.len,
					     .private_key = key.data,
					     .private_key_len = key.len,
					     .ca = ca,
					     .ca_len = strlen(ca)};
	p->owner.tick(p->owner.user, &now);
	r = mp_dtls_new(&c, now, &p->dtls, err);
	explicit_bzero(key.data, key.len);
	return r;
}

int port_open(struct server *s, const struct port_owner *owner, uint16_t number, bool is_secure,
	      struct port **ret, struct mp_err *err)
{
	struct port *p = calloc(1, sizeof(*p));
	struct mp_net_address a;
	int r;

	if (!p)
		return mp_err_set(err, -ENOMEM, "memory is out");
	p->server = s;
	p->owner = *owner;
	r = mp_net_address_parse(s->options.listen, number, &a);
	if (r < 0)
		r = mp_err_set(err, r, "'%s' is no IP address to listen on", s->options.listen);
	if (r == 0)
		r = mp_udp_open(&a, &(struct mp_udp_config){0}, &p->udp, err);
	if (r == 0 && is_secure)
		r = open_dtls(p, err);
	if (r == 0 && mp_watch_new(s->loop, mp_udp_fd(p->udp), ready, p, &p->watch) < 0)
		r = mp_err_set(err, -ENOMEM, "memory is out");
	if (r < 0) {
		port_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

void port_free(struct port *p)
{
	if (!p)
		return;
	mp_watch_free(p->watch);
	mp_dtls_free(p->dtls);
	mp_udp_free(p->udp);
	while (p->peers)
		peer_leave(p->peers);
	free(p);
}
