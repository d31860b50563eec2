/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/connection.h"

#include <errno.h>
#include <stdlib.h>

#include "coap/parts.h"
#include "coap/stream.h"

#define MESSAGE_MAX_BYTES 8192
#define READ_BYTES 16384

struct mp_coap_connection {
	struct mp_coap *coap;
	void *user;
	struct mp_tcp *tcp;
	struct mp_coap_stream *stream;
	struct mp_net_address address;
	const char *identity; /* NULL: nobody has proven one */
	int64_t heard_ms; /* of the endpoint's clock */
	int error; /* that ended it, for the next call to tell */
	bool is_up, receiving, freed;
};

static int queue(void *user, const void *data, size_t len)
{
	struct mp_coap_connection *c = user;

	return mp_tcp_queue(c->tcp, data, len);
}

static void got(void *user, const struct mp_coap_message *m)
{
	struct mp_coap_connection *c = user;
	struct mp_coap_remote from;

	if (c->freed)
		return;
	mp_coap_connection_remote(c, &from);
	mp_coap_receive_message(c->coap, &from, m);
}

int mp_coap_connection_over(struct mp_coap *coap, struct mp_tcp *tcp, void *user,
			    struct mp_coap_connection **ret)
{
	auto_(mp_coap_connection) *c = calloc(1, sizeof(*c));
	int r;

	if (!c) {
		mp_tcp_free(tcp);
		return -ENOMEM;
	}
	c->coap = coap;
	c->user = user;
	c->tcp = tcp;
	c->heard_ms = coap->now_ms;
	mp_tcp_remote(tcp, &c->address);
	r = mp_coap_stream_new(
		&(struct mp_coap_stream_config){
			.user = c, .send = queue, .got = got, .message_max = MESSAGE_MAX_BYTES},
		&c->stream);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

void mp_coap_connection_identify(struct mp_coap_connection *c, const char *identity)
{
	c->identity = identity;
}

static void destroy(struct mp_coap_connection *c)
{
	mp_coap_stream_free(c->stream);
	mp_tcp_free(c->tcp);
	free(c);
}

void mp_coap_connection_free(struct mp_coap_connection *c)
{
	if (!c || c->freed)
		return;
	c->freed = true;
	mp_coap_session_gone(c->coap, c);
	if (!c->receiving)
		destroy(c);
}

void *mp_coap_connection_user(const struct mp_coap_connection *c)
{
	return c->user;
}

void mp_coap_connection_remote(struct mp_coap_connection *c, struct mp_coap_remote *ret)
{
	*ret = (struct mp_coap_remote){
		.address = c->address, .session = c, .identity = c->identity, .is_reliable = true};
}

int64_t mp_coap_connection_heard_ms(const struct mp_coap_connection *c)
{
	return c->heard_ms;
}

int mp_coap_connection_fd(const struct mp_coap_connection *c)
{
	return mp_tcp_fd(c->tcp);
}

bool mp_coap_connection_wants_write(const struct mp_coap_connection *c)
{
	return mp_tcp_wants_write(c->tcp);
}

bool mp_coap_connection_is_up(const struct mp_coap_connection *c)
{
	return c->is_up;
}

void mp_coap_connection_send(struct mp_coap_connection *c, const void *data, size_t len)
{
	struct mp_coap_message m;
	int r;

	if (c->freed || c->error || mp_coap_decode(data, len, &m) < 0)
		return;
	r = mp_coap_stream_send(c->stream, &m);
	if (r < 0 && r != -EMSGSIZE)
		c->error = r;
}

static int fail(struct mp_coap_connection *c, int r)
{
	c->error = r;
	return r;
}

int mp_coap_connection_receive(struct mp_coap_connection *c)
{
	uint8_t data[READ_BYTES];
	ssize_t n;
	int r;

	if (c->error)
		return c->error;
	n = mp_tcp_receive(c->tcp, data, sizeof(data));
	if (n == -EAGAIN)
		return 0;
	c->heard_ms = c->coap->now_ms;
	if (n <= 0)
		return fail(c, n < 0 ? (int)n : -ECONNRESET);
	c->receiving = true;
	r = mp_coap_stream_receive(c->stream, data, (size_t)n);
	c->receiving = false;
	if (c->freed) {
		destroy(c);
		return -ESHUTDOWN;
	}
	return r < 0 ? fail(c, r) : 0;
}

int mp_coap_connection_flush(struct mp_coap_connection *c)
{
	int r = c->error != -ECANCELED ? mp_tcp_flush(c->tcp) : 0;

	if (c->error) /* an Abort, or an alert of TLS, has told the other side why */
		return c->error;
	if (r < 0)
		return r == -EAGAIN ? r : fail(c, r);
	c->is_up = true;
	return mp_coap_stream_is_released(c->stream) ? fail(c, -ECONNRESET) : 0;
}

void mp_coap_connection_discard(struct mp_coap_connection *c)
{
	if (mp_tcp_queued(c->tcp) > 0)
		c->error = -ECANCELED;
}
