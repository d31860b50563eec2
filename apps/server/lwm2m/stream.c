/* SPDX-License-Identifier: Apache-2.0
 * Connections are freed at the end of a turn only, since what runs in it may still hold them. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "coap/stream.h"
#include "inside.h"
#include "lwm2m.h"
#include "net/tcp.h"
#include "transport.h"

#define CONNECTIONS_MAX 4096
#define QUEUE_MAX_BYTES ((size_t)1 << 20) /* that wait for one peer */
#define SILENT_MS 120000 /* a connection nobody registered over ends after so long */

struct connection {
	struct connection *next, **link;
	struct stream *stream;
	struct mp_tcp *tcp;
	struct mp_watch *watch;
	struct mp_coap_stream *coap;
	struct mp_net_address address;
	int64_t heard; /* of the loop's clock */
	bool broken; /* to be freed */
};

struct stream {
	struct lwm2m *lwm2m;
	struct mp_tcp_listener *listener;
	struct mp_watch *watch;
	struct connection *connections;
	size_t n;
};

static struct mp_coap_remote remote_of(struct connection *c)
{
	return (struct mp_coap_remote){.address = c->address, .session = c, .is_reliable = true};
}

static void connection_free(struct connection *c)
{
	if (c->link) {
		*c->link = c->next;
		if (c->next)
			c->next->link = c->link;
		c->stream->n--;
	}
	mp_watch_free(c->watch);
	mp_coap_stream_free(c->coap);
	mp_tcp_free(c->tcp);
	free(c);
}

static int queue_bytes(void *user, const void *data, size_t len)
{
	struct connection *c = user;

	return mp_tcp_queue(c->tcp, data, len);
}

static void got(void *user, const struct mp_coap_message *m)
{
	struct connection *c = user;
	struct mp_coap_remote from = remote_of(c);

	mp_coap_receive_message(c->stream->lwm2m->coap, &from, m);
}

static void take(struct connection *c)
{
	uint8_t data[16384];
	ssize_t n = mp_tcp_receive(c->tcp, data, sizeof(data));

	if (n == -EAGAIN)
		return;
	c->heard = c->stream->lwm2m->clock_ms;
	if (n <= 0 || mp_coap_stream_receive(c->coap, data, (size_t)n) < 0)
		c->broken = true;
}

static void ready(void *user)
{
	struct connection *c = user;
	struct server *server = c->stream->lwm2m->server;

	transport_tick(c->stream->lwm2m->transport);
	take(c);
	server_turn(server); /* `c` may be gone afterwards */
}

static int greet(struct connection *c)
{
	int r = mp_watch_new(c->stream->lwm2m->server->loop, mp_tcp_fd(c->tcp), ready, c,
			     &c->watch);

	if (r < 0)
		return r;
	return mp_coap_stream_new(
		&(struct mp_coap_stream_config){
			.user = c, .send = queue_bytes, .got = got, .message_max = 8192},
		&c->coap);
}

static void add(struct stream *s, struct mp_tcp *tcp)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (!c) {
		mp_tcp_free(tcp);
		return;
	}
	c->stream = s;
	c->tcp = tcp;
	c->heard = s->lwm2m->clock_ms;
	mp_tcp_remote(tcp, &c->address);
	if (s->n >= CONNECTIONS_MAX || greet(c) < 0) {
		connection_free(c);
		return;
	}
	c->next = s->connections;
	c->link = &s->connections;
	if (c->next)
		c->next->link = &c->next;
	s->connections = c;
	s->n++;
}

static void accept_all(void *user)
{
	struct stream *s = user;
	struct mp_tcp *tcp;

	transport_tick(s->lwm2m->transport);
	for (unsigned i = 0; i < 64 && mp_tcp_accept(s->listener, QUEUE_MAX_BYTES, &tcp) == 0; i++)
		add(s, tcp);
	server_turn(s->lwm2m->server);
}

/* CoAP gives a message in the form of a datagram. */
void stream_send(struct stream *s, const struct mp_coap_remote *to, const void *data, size_t len)
{
	struct connection *c = to->session;
	struct mp_coap_message m;
	int r;

	(void)s;
	if (!c || c->broken || mp_coap_decode(data, len, &m) < 0)
		return;
	r = mp_coap_stream_send(c->coap, &m);
	if (r < 0 && r != -EMSGSIZE)
		c->broken = true;
}

static bool is_silent(struct stream *s, struct connection *c)
{
	struct mp_coap_remote remote = remote_of(c);

	return s->lwm2m->clock_ms - c->heard > SILENT_MS &&
	       !registry_of_remote(s->lwm2m->registry, &remote);
}

static void end(struct stream *s, struct connection *c)
{
	struct mp_coap_remote remote = remote_of(c);

	mp_coap_session_gone(s->lwm2m->coap, c);
	registration_disconnected(s->lwm2m, &remote);
	connection_free(c);
}

void stream_flush(struct stream *s)
{
	struct connection *next;

	for (struct connection *c = s->connections; c; c = next) {
		int r = mp_tcp_queued(c->tcp) > 0 ? mp_tcp_flush(c->tcp) : 0;

		next = c->next;
		mp_watch_want_write(c->watch, r == -EAGAIN);
		if (c->broken || (r < 0 && r != -EAGAIN) || is_silent(s, c))
			end(s, c);
	}
}

/* What was queued cannot be taken back out of a stream: it ends, and the peer asks again. */
void stream_discard(struct stream *s)
{
	for (struct connection *c = s->connections; c; c = c->next)
		if (mp_tcp_queued(c->tcp) > 0)
			c->broken = true;
}

int stream_open(struct lwm2m *l, uint16_t port, struct stream **ret, struct mp_err *err)
{
	struct stream *s = calloc(1, sizeof(*s));
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
	r = mp_tcp_listen(&a, &s->listener, err);
	if (r < 0)
		return r;
	r = mp_watch_new(l->server->loop, mp_tcp_listener_fd(s->listener), accept_all, s,
			 &s->watch);
	return r < 0 ? mp_err_set(err, r, "the event loop refused: %s", strerror(-r)) : 0;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	while (s->connections)
		connection_free(s->connections);
	mp_watch_free(s->watch);
	mp_tcp_listener_free(s->listener);
	free(s);
}

uint16_t stream_port(const struct stream *s)
{
	struct mp_net_address a;

	mp_tcp_listener_local(s->listener, &a);
	return a.port;
}
