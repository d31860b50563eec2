/* SPDX-License-Identifier: Apache-2.0
 * Channels are freed at the end of a turn only, since what runs in it may still hold their connections. */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "coap/connection.h"
#include "credentials.h"
#include "dtls_mbedtls/tls.h"
#include "inside.h"
#include "lwm2m.h"
#include "peer.h"
#include "secure.h"
#include "transport.h"

#define CHANNELS_MAX 4096
#define QUEUE_MAX_BYTES ((size_t)1 << 20) /* that wait for one peer */
#define SILENT_MS 120000 /* a connection nobody registered over ends after so long */
#define HANDSHAKES_MAX 256 /* of TLS at once: 10 MB */
#define HANDSHAKE_MS 30000

struct channel { /* one connection, and the loop's eye on it */
	struct channel *next, **link;
	struct channel *next_busy, **busy_link; /* NULL: nothing happened to it in this turn */
	struct stream *stream;
	struct mp_watch *watch;
	struct mp_coap_connection *connection;
	struct peer *peer; /* who has proven to be there; NULL: nobody, or not yet */
};

struct stream {
	struct lwm2m *lwm2m;
	struct mp_tcp_listener *listener;
	struct mp_watch *watch;
	struct mp_tls *tls; /* NULL: without security */
	struct channel *channels; /* the newest first */
	struct channel *busy; /* to be flushed */
	size_t n;
	int64_t looked_ms; /* for silent ones */
};

static void make_busy(struct channel *c)
{
	struct stream *s = c->stream;

	if (c->busy_link)
		return;
	c->next_busy = s->busy;
	c->busy_link = &s->busy;
	if (c->next_busy)
		c->next_busy->busy_link = &c->next_busy;
	s->busy = c;
}

static void make_idle(struct channel *c)
{
	if (!c->busy_link)
		return;
	*c->busy_link = c->next_busy;
	if (c->next_busy)
		c->next_busy->busy_link = c->busy_link;
	c->busy_link = NULL;
}

static void channel_free(struct channel *c)
{
	make_idle(c);
	if (c->link) {
		*c->link = c->next;
		if (c->next)
			c->next->link = c->link;
		c->stream->n--;
	}
	mp_watch_free(c->watch);
	mp_coap_connection_free(c->connection);
	peer_unref(c->peer);
	free(c);
}

static void ready(void *user)
{
	struct channel *c = user;
	struct server *server = c->stream->lwm2m->server;

	transport_tick(c->stream->lwm2m->transport);
	make_busy(c);
	(void)mp_coap_connection_receive(c->connection); /* stream_flush() hears of errors */
	server_turn(server); /* `c` may be gone afterwards */
}

/* ---- TLS ---- */

static int find_key(void *user, const void *identity, size_t len, uint8_t key[MP_DTLS_KEY_MAX])
{
	struct stream *s = user;

	return credentials_find_psk(s->lwm2m->server->credentials, identity, len, key);
}

static int established(void *connection, const struct mp_dtls_identity *who)
{
	struct channel *c = connection;
	struct mp_coap_remote remote;

	c->peer = secure_peer_of(who);
	if (!c->peer)
		return -ENOMEM;
	c->stream->lwm2m->counters.tls_sessions++;
	mp_coap_connection_identify(c->connection, c->peer->text);
	mp_coap_connection_remote(c->connection, &remote);
	registration_connected(c->stream->lwm2m, &remote);
	return 0;
}

static int new_tls(struct stream *s, struct mp_err *err)
{
	MP_BUF(cert, 65536);
	MP_BUF(key, 65536);
	struct mp_tls_config c = {
		.server = true, .psk = find_key, .established = established, .user = s};
	int r = secure_credentials(s->lwm2m, &cert, &key, &c.own, err);

	if (r < 0)
		return r;
	r = mp_tls_new(&c, &s->tls, err);
	explicit_bzero(key.data, key.len);
	return r;
}

static void end(struct stream *s, struct channel *c);

/* The oldest of too many handshakes gives way to a new one. */
static void make_room(struct stream *s)
{
	struct channel *oldest = NULL;
	size_t n = 0;

	for (struct channel *c = s->channels; c; c = c->next) {
		if (mp_coap_connection_is_up(c->connection))
			continue;
		oldest = c;
		n++;
	}
	if (n >= HANDSHAKES_MAX)
		end(s, oldest);
}

/* ---- connections ---- */

static int connect_channel(struct channel *c, struct mp_tcp *tcp)
{
	struct lwm2m *l = c->stream->lwm2m;
	int r = c->stream->tls ? mp_tls_put_on(c->stream->tls, tcp, c) : 0;

	if (r < 0) {
		mp_tcp_free(tcp);
		return r;
	}
	r = mp_coap_connection_over(l->coap, tcp, c, &c->connection);
	if (r < 0)
		return r;
	return mp_watch_new(l->server->loop, mp_coap_connection_fd(c->connection), ready, c,
			    &c->watch);
}

static void add(struct stream *s, struct mp_tcp *tcp)
{
	struct channel *c;

	if (s->tls)
		make_room(s);
	c = s->n < CHANNELS_MAX ? calloc(1, sizeof(*c)) : NULL;
	if (!c) {
		mp_tcp_free(tcp);
		return;
	}
	c->stream = s;
	if (connect_channel(c, tcp) < 0) {
		channel_free(c);
		return;
	}
	c->next = s->channels;
	c->link = &s->channels;
	if (c->next)
		c->next->link = &c->next;
	s->channels = c;
	s->n++;
	make_busy(c);
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

void stream_send(const struct mp_coap_remote *to, const void *data, size_t len)
{
	if (!to->session)
		return;
	make_busy(mp_coap_connection_user(to->session));
	mp_coap_connection_send(to->session, data, len);
}

static bool is_silent(struct stream *s, struct channel *c)
{
	int64_t silent_ms = s->lwm2m->clock_ms - mp_coap_connection_heard_ms(c->connection);
	struct mp_coap_remote remote;

	if (!mp_coap_connection_is_up(c->connection)) /* heard at its beginning */
		return silent_ms > HANDSHAKE_MS;
	if (silent_ms <= SILENT_MS)
		return false;
	mp_coap_connection_remote(c->connection, &remote);
	return !registration_uses(s->lwm2m, &remote);
}

static void end(struct stream *s, struct channel *c)
{
	struct mp_coap_remote remote;

	if (s->tls && !c->peer)
		s->lwm2m->counters.tls_failed++;
	mp_coap_connection_remote(c->connection, &remote);
	registration_disconnected(s->lwm2m, &remote);
	channel_free(c);
}

static void end_silent(struct stream *s)
{
	struct channel *next;

	s->looked_ms = s->lwm2m->clock_ms;
	for (struct channel *c = s->channels; c; c = next) {
		next = c->next;
		if (is_silent(s, c))
			end(s, c);
	}
}

void stream_flush(struct stream *s)
{
	struct channel *c;

	while ((c = s->busy)) {
		int r = mp_coap_connection_flush(c->connection);

		make_idle(c);
		mp_watch_want_write(c->watch, mp_coap_connection_wants_write(c->connection));
		if (r < 0 && r != -EAGAIN)
			end(s, c);
	}
	if (s->lwm2m->clock_ms - s->looked_ms >= 1000)
		end_silent(s);
}

void stream_discard(struct stream *s)
{
	for (struct channel *c = s->channels; c; c = c->next)
		mp_coap_connection_discard(c->connection);
}

struct peer *stream_peer(void *session)
{
	const struct channel *c = mp_coap_connection_user(session);

	return c->peer;
}

int stream_open(struct lwm2m *l, uint16_t port, bool secure, struct stream **ret,
		struct mp_err *err)
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
	r = secure ? new_tls(s, err) : 0;
	if (r == 0)
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
	while (s->channels)
		channel_free(s->channels);
	mp_watch_free(s->watch);
	mp_tcp_listener_free(s->listener);
	mp_tls_free(s->tls);
	free(s);
}

uint16_t stream_port(const struct stream *s)
{
	struct mp_net_address a;

	mp_tcp_listener_local(s->listener, &a);
	return a.port;
}
