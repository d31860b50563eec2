/* SPDX-License-Identifier: Apache-2.0 */
#include "transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server.h"
#include "inside.h"
#include "lwm2m.h"
#include "net/udp.h"
#include "secure.h"
#include "stream.h"

#define BATCHES 16 /* of datagrams that share a turn, and its commit: some 30 ms of work */

struct transport {
	struct lwm2m *lwm2m;
	struct mp_udp *udp; /* without security; NULL: closed */
	struct mp_watch *watch;
	struct mp_alarm *alarm;
	struct secure *secure; /* NULL: closed */
	struct stream *tcp, *tls; /* NULL: closed */
};

static int64_t clock_of(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void transport_tick(struct transport *t)
{
	struct lwm2m *l = t->lwm2m;

	l->now_ms = clock_of(CLOCK_REALTIME);
	l->clock_ms = clock_of(CLOCK_MONOTONIC);
	if (t->secure)
		secure_tick(t->secure, l->clock_ms);
	if (l->coap)
		mp_coap_tick(l->coap, l->clock_ms);
}

static void got(void *user, const struct mp_udp_datagram *d)
{
	struct transport *t = user;
	struct mp_coap_remote from = {.address = *d->from};

	mp_coap_receive(t->lwm2m->coap, &from, d->data, d->len);
}

static void ready(void *user)
{
	struct transport *t = user;

	transport_tick(t);
	for (unsigned i = 0; i < BATCHES; i++)
		if (mp_udp_receive(t->udp, got, t) < MP_UDP_BATCH)
			break;
	server_turn(t->lwm2m->server);
}

static void ring(void *user)
{
	struct transport *t = user;

	transport_tick(t);
	server_turn(t->lwm2m->server);
}

/* ---- sending ---- */

void transport_send(struct transport *t, const struct mp_coap_remote *to, const void *data,
		    size_t len)
{
	if (to->is_reliable)
		stream_send(to, data, len);
	else if (to->session)
		secure_send(t->secure, to, data, len);
	else if (t->udp && !to->identity)
		(void)mp_udp_queue(t->udp, NULL, &to->address, data, len);
}

void transport_drop(struct transport *t, void *session)
{
	secure_drop(t->secure, session);
}

static void flush(struct mp_udp *udp, struct mp_watch *watch)
{
	if (mp_udp_queued(udp) > 0)
		mp_watch_want_write(watch, mp_udp_flush(udp) == -EAGAIN);
}

void transport_flush(struct transport *t)
{
	int64_t next = mp_coap_next_ms(t->lwm2m->coap);

	if (t->udp)
		flush(t->udp, t->watch);
	if (t->secure) {
		secure_flush(t->secure);
		next = next < secure_next_ms(t->secure) ? next : secure_next_ms(t->secure);
	}
	if (t->tcp)
		stream_flush(t->tcp);
	if (t->tls)
		stream_flush(t->tls);
	mp_alarm_set(t->alarm, next);
}

void transport_discard(struct transport *t)
{
	if (t->udp)
		mp_udp_discard(t->udp);
	if (t->secure)
		secure_discard(t->secure);
	if (t->tcp)
		stream_discard(t->tcp);
	if (t->tls)
		stream_discard(t->tls);
}

/* ---- opening ---- */

static int open_udp(struct transport *t, const char *address, uint16_t port, struct mp_err *err)
{
	struct mp_net_address a;
	int r = mp_net_address_parse(address, port, &a);

	if (r < 0)
		return mp_err_set(err, r, "'%s' is no IP address to listen on", address);
	r = mp_udp_open(&a, &(struct mp_udp_config){0}, &t->udp, err);
	if (r < 0)
		return r;
	r = mp_watch_new(t->lwm2m->server->loop, mp_udp_fd(t->udp), ready, t, &t->watch);
	return r < 0 ? mp_err_set(err, r, "the event loop refused: %s", strerror(-r)) : 0;
}

int transport_open(struct lwm2m *l, struct transport **ret, struct mp_err *err)
{
	const struct options *o = &l->server->options;
	struct transport *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return mp_err_set(err, -ENOMEM, "memory is out");
	*ret = t;
	t->lwm2m = l;
	transport_tick(t);
	if (mp_alarm_new(l->server->loop, ring, t, &t->alarm) < 0)
		return mp_err_set(err, -ENOMEM, "memory is out");
	r = o->coap_port ? open_udp(t, o->listen, o->coap_port, err) : 0;
	if (r == 0 && o->coaps_port)
		r = secure_open(l, o->coaps_port, &t->secure, err);
	if (r == 0 && o->coap_tcp_port)
		r = stream_open(l, o->coap_tcp_port, false, &t->tcp, err);
	if (r == 0 && o->coaps_tcp_port)
		r = stream_open(l, o->coaps_tcp_port, true, &t->tls, err);
	return r;
}

void transport_restore(struct transport *t)
{
	if (t->secure)
		secure_restore(t->secure);
}

void transport_save(struct transport *t)
{
	if (t->secure)
		secure_save(t->secure);
}

void transport_free(struct transport *t)
{
	if (!t)
		return;
	mp_watch_free(t->watch);
	mp_alarm_free(t->alarm);
	mp_udp_free(t->udp);
	secure_free(t->secure);
	stream_free(t->tcp);
	stream_free(t->tls);
	free(t);
}

struct peer *transport_peer(const struct mp_coap_remote *remote)
{
	if (!remote->session)
		return NULL;
	return remote->is_reliable ? stream_peer(remote->session) : secure_peer(remote->session);
}

uint16_t transport_port(const struct transport *t, bool secure, bool tcp)
{
	const struct stream *stream = secure ? t->tls : t->tcp;
	struct mp_net_address a = {.port = 0};

	if (tcp)
		return stream ? stream_port(stream) : 0;
	if (secure)
		return t->secure ? secure_port(t->secure) : 0;
	if (t->udp)
		mp_udp_local(t->udp, &a);
	return a.port;
}

void transport_dtls_counters(const struct transport *t, struct mp_dtls_counters *ret)
{
	if (t->secure)
		secure_counters(t->secure, ret);
}
