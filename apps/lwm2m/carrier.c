/* SPDX-License-Identifier: Apache-2.0 */
/* carrier.c - from the client's messages to datagrams, CoAP over DTLS over one UDP port, or to a
 * connection over TCP or TLS of each server that is reached so */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/str.h"
#include "dtls_mbedtls/dtls_mbedtls.h"
#include "dtls_mbedtls/tls.h"
#include "worker.h"

#define HANDSHAKE_MS 60000 /* for a connection and its TLS: a peer that hangs keeps TCP alive */

int64_t worker_now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct link *find_link(struct worker *w, uint32_t ticket)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (w->links[i].ticket == ticket)
			return &w->links[i];
	return NULL;
}

/* ---- DTLS ---- */

static void on_send(void *user, const struct mp_net_address *local, const struct mp_net_address *to,
		    const void *data, size_t len)
{
	struct worker *w = user;

	(void)local;
	(void)mp_udp_queue(w->udp, NULL, to, data, len);
}

static void on_data(void *user, struct mp_dtls_session *s, const void *data, size_t len)
{
	struct worker *w = user;
	struct link *l = mp_dtls_session_user(s);

	mp_coap_receive(w->coap, &l->remote, data, len);
}

static void on_established(void *user, struct mp_dtls_session *s)
{
	struct worker *w = user;
	struct link *l = mp_dtls_session_user(s);

	l->session = s;
	l->is_up = true;
	l->remote = (struct mp_coap_remote){.address = *mp_dtls_session_address(s), .session = s};
	mp_lwm2m_client_connected(w->client, l->ticket, &l->remote);
}

static void on_closed(void *user, struct mp_dtls_session *s, enum mp_dtls_reason reason)
{
	struct worker *w = user;
	struct link *l = mp_dtls_session_user(s);
	const struct mp_coap_remote before = l->remote;
	uint32_t ticket = l->ticket;
	bool was_up = l->is_up;

	mp_log(MP_LOG_WARNING, "lwm2m session ended", "reason=\"%s\"", mp_dtls_reason_text(reason));
	*l = (struct link){0};
	if (was_up) {
		mp_coap_session_gone(w->coap, s);
		mp_lwm2m_client_disconnected(w->client, &before);
	} else {
		w->failures++;
		mp_lwm2m_client_connected(w->client, ticket, NULL);
	}
}

/* ---- connections ---- */

/* The n-th of a list that is gone round and round. */
static const struct addrinfo *nth(const struct addrinfo *list, unsigned n)
{
	const struct addrinfo *a = list;

	while (n-- > 0)
		a = a->ai_next ? a->ai_next : list;
	return a;
}

/* A name may have several addresses, of which some lead nowhere: after a failure comes the next one's turn. */
static int resolve(const struct worker *w, const struct mp_lwm2m_peer *peer,
		   struct mp_net_address *ret)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_ADDRCONFIG};
	char text[INET6_ADDRSTRLEN];
	const struct addrinfo *chosen;
	struct addrinfo *found;
	int r = mp_net_address_parse(peer->host, peer->port, ret);

	if (r == 0)
		return 0;
	if (getaddrinfo(peer->host, NULL, &hints, &found) != 0)
		return -EHOSTUNREACH;
	chosen = nth(found, w->failures % 64);
	r = getnameinfo(chosen->ai_addr, chosen->ai_addrlen, text, sizeof(text), NULL, 0,
			NI_NUMERICHOST) == 0
		    ? mp_net_address_parse(text, peer->port, ret)
		    : -EHOSTUNREACH;
	freeaddrinfo(found);
	return r;
}

/* Object 0 may bring credentials of its own (from a bootstrap server); else ours. */
static int choose_credentials(const struct worker *w, const struct mp_lwm2m_peer *peer,
			      struct mp_dtls_credentials *ret)
{
	const struct config *c = &w->config;
	struct mp_net_address ignored;
	bool is_number = mp_net_address_parse(peer->host, 0, &ignored) == 0,
	     own = !peer->secret_len;

	switch (peer->mode) {
	case MP_LWM2M_SECURITY_PSK:
		*ret = (struct mp_dtls_credentials){
			.kind = MP_DTLS_PSK,
			.identity = own ? (const void *)c->psk_identity : peer->identity,
			.identity_len = own ? strlen(c->psk_identity) : peer->identity_len,
			.key = own ? c->psk : peer->secret,
			.key_len = own ? c->psk_len : peer->secret_len};
		return 0;
	case MP_LWM2M_SECURITY_CERTIFICATE:
		*ret = (struct mp_dtls_credentials){
			.kind = MP_DTLS_X509,
			.certificate = own ? (const void *)c->certificate.data : peer->identity,
			.certificate_len = own ? c->certificate.len : peer->identity_len,
			.private_key = own ? (const void *)c->key.data : peer->secret,
			.private_key_len = own ? c->key.len : peer->secret_len,
			.ca = peer->server_key_len ? (const void *)peer->server_key : c->ca.data,
			.ca_len = peer->server_key_len ? peer->server_key_len : c->ca.len,
			/* mbedTLS compares names alone; the authority is the product's own, and
			 * signs servers only */
			.peer_name = is_number ? NULL : peer->host};
		return 0;
	default:
		return -ENOTSUP;
	}
}

static struct link *new_link(struct worker *w, uint32_t ticket)
{
	struct link *l = find_link(w, 0);

	if (l)
		*l = (struct link){.ticket = ticket};
	return l;
}

/* `own`: NULL without security. */
static int open_stream(struct worker *w, const struct mp_net_address *to,
		       const struct mp_dtls_credentials *own, struct link *l)
{
	struct mp_tcp *tcp;
	int r = own ? mp_tls_connect(to, own, MP_COAP_CONNECTION_QUEUE, &tcp, NULL)
		    : mp_tcp_connect(to, MP_COAP_CONNECTION_QUEUE, &tcp, NULL);

	if (r == 0)
		r = mp_coap_connection_over(w->coap, tcp, l, &l->stream);
	if (r == 0)
		return 0;
	w->failures++;
	*l = (struct link){0};
	return r;
}

int carrier_connect(void *user, struct mp_lwm2m_client *c, uint32_t ticket,
		    const struct mp_lwm2m_peer *peer)
{
	struct worker *w = user;
	struct mp_dtls_credentials credentials;
	struct mp_net_address to;
	struct link *l;
	int r = resolve(w, peer, &to);

	if (r == 0 && peer->secure)
		r = choose_credentials(w, peer, &credentials);
	if (r < 0)
		return r;
	l = new_link(w, ticket);
	if (!l)
		return -EBUSY;
	if (peer->tcp)
		return open_stream(w, &to, peer->secure ? &credentials : NULL, l);
	if (!peer->secure) {
		l->is_up = true;
		l->remote = (struct mp_coap_remote){.address = to};
		mp_lwm2m_client_connected(c, ticket, &l->remote);
		return 0;
	}
	r = mp_dtls_connect(w->dtls, NULL, &to, &credentials, l, &l->session);
	if (r < 0)
		*l = (struct link){0};
	return r;
}

void carrier_disconnect(void *user, uint32_t ticket, const struct mp_coap_remote *remote)
{
	struct worker *w = user;
	struct link *l = find_link(w, ticket);
	struct mp_dtls_session *s = l ? l->session : NULL;
	struct mp_coap_connection *stream = l ? l->stream : NULL;

	(void)remote;
	if (!l)
		return;
	w->failures += !s && !stream; /* datagrams cannot tell whether anybody is there */
	*l = (struct link){0};
	mp_coap_connection_free(stream);
	if (!s)
		return;
	mp_coap_session_gone(w->coap, s);
	mp_dtls_close(s);
}

/* ---- datagrams ---- */

static void on_datagram(void *user, const struct mp_udp_datagram *d)
{
	struct worker *w = user;
	const struct mp_coap_remote from = {.address = *d->from};

	for (unsigned i = 0; i < LINKS; i++)
		if (w->links[i].is_up && !w->links[i].session && !w->links[i].stream &&
		    mp_coap_remote_is_same(&w->links[i].remote, &from)) {
			mp_coap_receive(w->coap, &w->links[i].remote, d->data, d->len);
			return;
		}
	mp_dtls_receive(w->dtls, d->from, NULL, d->data, d->len);
}

int carrier_receive(struct worker *w)
{
	return mp_udp_receive(w->udp, on_datagram, w);
}

/* ---- streams ---- */

unsigned carrier_streams(const struct worker *w, struct pollfd ret[LINKS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < LINKS; i++) {
		const struct mp_coap_connection *c = w->links[i].stream;

		if (!c)
			continue;
		ret[n] = (struct pollfd){.fd = mp_coap_connection_fd(c), .events = POLLIN};
		if (mp_coap_connection_wants_write(c))
			ret[n].events = POLLIN | POLLOUT;
		n++;
	}
	return n;
}

static void end_stream(struct worker *w, struct link *l, int r)
{
	const struct link before = *l;

	mp_log(MP_LOG_WARNING, "lwm2m connection ended", "reason=\"%s\"", strerror(-r));
	*l = (struct link){0};
	w->failures += !before.is_up;
	if (before.is_up)
		mp_lwm2m_client_disconnected(w->client, &before.remote);
	else
		mp_lwm2m_client_connected(w->client, before.ticket, NULL);
	mp_coap_connection_free(before.stream);
}

/* What is queued leaves. The client is told when that was the last of a handshake; it may end the link. */
static int flush_stream(struct worker *w, struct link *l)
{
	struct mp_coap_connection *c = l->stream;
	int r = mp_coap_connection_flush(c);

	if (!l->is_up && mp_coap_connection_is_up(c)) {
		l->is_up = true;
		mp_coap_connection_remote(c, &l->remote);
		mp_lwm2m_client_connected(w->client, l->ticket, &l->remote);
	}
	return r;
}

void carrier_tick(struct worker *w, int64_t now)
{
	for (unsigned i = 0; i < LINKS; i++) {
		struct link *l = &w->links[i];

		if (l->stream && !l->is_up &&
		    now - mp_coap_connection_heard_ms(l->stream) >= HANDSHAKE_MS)
			end_stream(w, l, -ETIMEDOUT);
	}
}

static void look_at_stream(struct worker *w, struct link *l)
{
	struct mp_coap_connection *c = l->stream;
	int r = flush_stream(w, l);

	if (l->stream == c && (r == 0 || r == -EAGAIN))
		r = mp_coap_connection_receive(c);
	if (l->stream == c && r == 0)
		r = flush_stream(w, l);
	if (l->stream == c && r < 0 && r != -EAGAIN)
		end_stream(w, l, r);
}

void carrier_stream_ready(struct worker *w, int fd)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (w->links[i].stream && mp_coap_connection_fd(w->links[i].stream) == fd) {
			look_at_stream(w, &w->links[i]);
			return;
		}
}

void carrier_flush(struct worker *w)
{
	(void)mp_udp_flush(w->udp); /* what does not leave is lost, as datagrams may be */
	for (unsigned i = 0; i < LINKS; i++)
		if (w->links[i].stream)
			(void)mp_coap_connection_flush(
				w->links[i].stream); /* errors show in poll */
}

static void coap_send(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	struct worker *w = user;

	if (to->is_reliable)
		mp_coap_connection_send(to->session, data, len);
	else if (to->session)
		(void)mp_dtls_write(to->session, data, len);
	else
		(void)mp_udp_queue(w->udp, NULL, &to->address, data, len);
}

static void coap_serve(void *user, const struct mp_coap_request *rq)
{
	struct worker *w = user;

	if (w->client)
		mp_lwm2m_client_serve(w->client, rq);
}

static bool coap_sink(void *user, const struct mp_coap_request *first, struct mp_coap_sink *ret)
{
	struct worker *w = user;

	return w->client && mp_lwm2m_client_sink(w->client, first, ret);
}

static int open_port(struct worker *w, struct mp_err *err)
{
	/* both families; a kernel without IPv6 has the other one */
	const struct mp_net_address any = {.port = 0}, any4 = {.ip = {[10] = 0xff, [11] = 0xff}};
	const struct mp_udp_config config = {.buffer = 64 * 1024};
	int r = mp_udp_open(&any, &config, &w->udp, err);

	return r < 0 ? mp_udp_open(&any4, &config, &w->udp, err) : 0;
}

int carrier_open(struct worker *w, struct mp_err *err)
{
	int64_t now = worker_now_ms();
	int r = open_port(w, err);

	if (r == 0)
		r = mp_dtls_new(&(struct mp_dtls_config){.for_psk = &mp_dtls_mbedtls,
							 .for_x509 = &mp_dtls_mbedtls,
							 .send = on_send,
							 .deliver = on_data,
							 .established = on_established,
							 .closed = on_closed,
							 .user = w,
							 .handshakes_max = LINKS,
							 .sessions_max = LINKS,
							 .cid = true},
				now, &w->dtls, err);
	if (r == 0 && mp_coap_new(&(struct mp_coap_config){.user = w,
							   .send = coap_send,
							   .serve = coap_serve,
							   .sink = coap_sink,
							   .now_ms = now,
							   .body_max = 64 * 1024,
							   .bodies_max = 128 * 1024,
							   .replies_max = 32},
				  &w->coap) < 0)
		r = mp_err_set(err, -ENOMEM, "out of memory");
	return r;
}

void carrier_close(struct worker *w)
{
	for (unsigned i = 0; i < LINKS; i++)
		mp_coap_connection_free(w->links[i].stream);
	mp_coap_free(w->coap);
	mp_dtls_free(w->dtls);
	mp_udp_free(w->udp);
}
