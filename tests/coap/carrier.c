/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "carrier.h"

#define QUEUE ((size_t)4 << 20)
#define BYTES 65536

int64_t carrier_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void send_to(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	struct connection *connection = to->session;
	struct carrier *c = user;
	struct mp_coap_message m;

	if (!to->is_reliable)
		(void)mp_udp_queue(c->udp, NULL, &to->address, data, len);
	else if (connection->tcp && mp_coap_decode(data, len, &m) == 0)
		(void)mp_coap_stream_send(connection->stream, &m);
}

int carrier_open(struct carrier *c, struct mp_coap_config *config, const struct mp_net_address *udp,
		 const struct mp_net_address *listen, struct mp_err *err)
{
	int r;

	*c = (struct carrier){0};
	config->user = c;
	config->send = send_to;
	config->now_ms = carrier_now_ms();
	r = mp_udp_open(udp, &(struct mp_udp_config){0}, &c->udp, err);
	if (r == 0 && listen)
		r = mp_tcp_listen(listen, &c->listener, err);
	if (r == 0 && mp_coap_new(config, &c->coap) < 0)
		r = mp_err_set(err, -ENOMEM, "memory is out");
	return r;
}

static void drop(struct connection *connection)
{
	if (!connection->tcp)
		return;
	(void)mp_tcp_flush(connection->tcp); /* an Abort may wait there */
	mp_tcp_free(take_ptr(connection->tcp));
	if (connection->carrier->coap)
		mp_coap_session_gone(connection->carrier->coap, connection);
	mp_coap_stream_free(take_ptr(connection->stream));
}

void carrier_close(struct carrier *c)
{
	mp_coap_free(take_ptr(c->coap));
	for (size_t i = 0; i < CONNECTIONS; i++)
		drop(&c->connections[i]);
	mp_tcp_listener_free(take_ptr(c->listener));
	mp_udp_free(take_ptr(c->udp));
}

static int queue_bytes(void *user, const void *data, size_t len)
{
	struct connection *connection = user;

	return mp_tcp_queue(connection->tcp, data, len);
}

static void got_message(void *user, const struct mp_coap_message *m)
{
	struct connection *connection = user;

	mp_coap_receive_message(connection->carrier->coap, &connection->remote, m);
}

/* Make `tcp` a connection of the carrier, which owns it from now on. */
static struct connection *adopt(struct carrier *c, struct mp_tcp *tcp)
{
	for (size_t i = 0; i < CONNECTIONS; i++) {
		struct connection *connection = &c->connections[i];

		if (connection->tcp)
			continue;
		*connection = (struct connection){.tcp = tcp, .carrier = c};
		connection->remote.session = connection;
		connection->remote.is_reliable = true;
		mp_tcp_remote(tcp, &connection->remote.address);
		if (mp_coap_stream_new(&(struct mp_coap_stream_config){.user = connection,
								       .send = queue_bytes,
								       .got = got_message},
				       &connection->stream) == 0)
			return connection;
		connection->tcp = NULL;
		break;
	}
	mp_tcp_free(tcp);
	return NULL;
}

int carrier_connect(struct carrier *c, const struct mp_net_address *to, struct mp_coap_remote *ret,
		    struct mp_err *err)
{
	struct connection *connection;
	struct mp_tcp *tcp;
	int r = mp_tcp_connect(to, QUEUE, &tcp, err);

	if (r < 0)
		return r;
	connection = adopt(c, tcp);
	if (!connection)
		return mp_err_set(err, -ENOMEM, "too many connections");
	*ret = connection->remote;
	return 0;
}

static void read_connection(struct connection *connection)
{
	static uint8_t bytes[BYTES];
	ssize_t n = mp_tcp_receive(connection->tcp, bytes, sizeof(bytes));

	if (n == -EAGAIN)
		return;
	if (n <= 0 || mp_coap_stream_receive(connection->stream, bytes, (size_t)n) < 0)
		drop(connection);
}

static void write_connection(struct connection *connection)
{
	int r = mp_tcp_flush(connection->tcp);

	if ((r < 0 && r != -EAGAIN) || (r == 0 && mp_coap_stream_is_released(connection->stream)))
		drop(connection);
}

static void got_datagram(void *user, const struct mp_udp_datagram *d)
{
	struct carrier *c = user;

	mp_coap_receive(c->coap, &(struct mp_coap_remote){.address = *d->from}, d->data, d->len);
}

static int read_all(struct carrier *c)
{
	struct mp_tcp *tcp;
	int r;

	do {
		r = mp_udp_receive(c->udp, got_datagram, c);
	} while (r > 0);
	while (c->listener && mp_tcp_accept(c->listener, QUEUE, &tcp) == 0)
		(void)adopt(c, tcp);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (c->connections[i].tcp)
			read_connection(&c->connections[i]);
	return r;
}

static void wait_for_something(struct carrier *c, int64_t ms)
{
	struct pollfd p[2 + CONNECTIONS];
	nfds_t n = 0;

	p[n++] = (struct pollfd){mp_udp_fd(c->udp), POLLIN, 0};
	if (mp_udp_queued(c->udp) > 0)
		p[0].events |= POLLOUT;
	if (c->listener)
		p[n++] = (struct pollfd){mp_tcp_listener_fd(c->listener), POLLIN, 0};
	for (size_t i = 0; i < CONNECTIONS; i++) {
		const struct mp_tcp *tcp = c->connections[i].tcp;

		if (tcp)
			p[n++] = (struct pollfd){
				mp_tcp_fd(tcp),
				(short)(mp_tcp_wants_write(tcp) ? POLLIN | POLLOUT : POLLIN), 0};
	}
	(void)poll(p, n, (int)ms);
}

int carrier_step(struct carrier *c, int most_ms)
{
	int64_t ms = mp_coap_next_ms(c->coap) - carrier_now_ms();
	int r;

	wait_for_something(c, ms < 0 ? 0 : ms < most_ms ? ms : most_ms);
	r = read_all(c);
	mp_coap_tick(c->coap, carrier_now_ms());
	mp_coap_replies_are_sent(c->coap);
	(void)mp_udp_flush(c->udp); /* what does not fit leaves when the socket is writable */
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (c->connections[i].tcp)
			write_connection(&c->connections[i]);
	return r < 0 ? r : 0;
}
