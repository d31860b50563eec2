/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "carrier.h"

#define QUEUE ((size_t)4 << 20)

int64_t carrier_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* An observer may be remembered for longer than its connection lives. */
static bool is_connected(const struct carrier *c, const void *session)
{
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (c->connections[i] && c->connections[i] == session)
			return true;
	return false;
}

static void send_to(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	struct carrier *c = user;

	if (!to->is_reliable)
		(void)mp_udp_queue(c->udp, NULL, &to->address, data, len);
	else if (is_connected(c, to->session))
		mp_coap_connection_send(to->session, data, len);
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

void carrier_close(struct carrier *c)
{
	for (size_t i = 0; i < CONNECTIONS; i++)
		mp_coap_connection_free(take_ptr(c->connections[i]));
	mp_coap_free(take_ptr(c->coap));
	mp_tcp_listener_free(take_ptr(c->listener));
	mp_udp_free(take_ptr(c->udp));
}

static struct mp_coap_connection **find_room(struct carrier *c)
{
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (!c->connections[i])
			return &c->connections[i];
	return NULL;
}

int carrier_connect(struct carrier *c, const struct mp_net_address *to, struct mp_coap_remote *ret,
		    struct mp_err *err)
{
	struct mp_coap_connection **room = find_room(c);
	struct mp_tcp *tcp;
	int r = room ? mp_tcp_connect(to, QUEUE, &tcp, err) : mp_err_set(err, -ENOMEM, "no room");

	if (r < 0)
		return r;
	r = mp_coap_connection_over(c->coap, tcp, c, room);
	if (r < 0)
		return mp_err_set(err, r, "cannot connect: %s", strerror(-r));
	mp_coap_connection_remote(*room, ret);
	return 0;
}

static void accept_all(struct carrier *c)
{
	struct mp_coap_connection **room;
	struct mp_tcp *tcp;

	while (c->listener && mp_tcp_accept(c->listener, QUEUE, &tcp) == 0) {
		room = find_room(c);
		if (!room)
			mp_tcp_free(tcp);
		else
			(void)mp_coap_connection_over(c->coap, tcp, c, room);
	}
}

static void got_datagram(void *user, const struct mp_udp_datagram *d)
{
	struct carrier *c = user;

	mp_coap_receive(c->coap, &(struct mp_coap_remote){.address = *d->from}, d->data, d->len);
}

static int read_all(struct carrier *c)
{
	int r;

	do {
		r = mp_udp_receive(c->udp, got_datagram, c);
	} while (r > 0);
	for (size_t i = 0; i < CONNECTIONS; i++)
		if (c->connections[i])
			(void)mp_coap_connection_receive(c->connections[i]);
	accept_all(
		c); /* read in the next turn: their CSM leaves first, even when the other side has closed */
	return r;
}

/* An error of reading shows here, too. */
static void write_all(struct carrier *c)
{
	(void)mp_udp_flush(c->udp); /* what does not fit leaves when the socket is writable */
	for (size_t i = 0; i < CONNECTIONS; i++) {
		int r = c->connections[i] ? mp_coap_connection_flush(c->connections[i]) : 0;

		if (r < 0 && r != -EAGAIN)
			mp_coap_connection_free(take_ptr(c->connections[i]));
	}
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
		const struct mp_coap_connection *t = c->connections[i];

		if (t)
			p[n++] = (struct pollfd){mp_coap_connection_fd(t),
						 (short)(mp_coap_connection_wants_write(t)
								 ? POLLIN | POLLOUT
								 : POLLIN),
						 0};
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
	write_all(c);
	return r < 0 ? r : 0;
}
