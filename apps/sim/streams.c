/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "dtls_mbedtls/tls.h"

#define EVENTS 64

struct streams {
	struct mp_coap *coap;
	struct mp_net_address server;
	int fd;
};

int streams_new(struct mp_coap *coap, const struct mp_net_address *server, struct streams **ret)
{
	struct streams *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->coap = coap;
	s->server = *server;
	s->fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->fd < 0) {
		free(s);
		return -errno;
	}
	*ret = s;
	return 0;
}

void streams_free(struct streams *s)
{
	if (!s)
		return;
	(void)close(s->fd);
	free(s);
}

int streams_fd(const struct streams *s)
{
	return s->fd;
}

static int watch(struct streams *s, struct device *d, int how)
{
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = d};

	d->stream_writes = mp_coap_connection_wants_write(d->stream);
	if (d->stream_writes)
		e.events |= EPOLLOUT;
	return epoll_ctl(s->fd, how, mp_coap_connection_fd(d->stream), &e) < 0 ? -errno : 0;
}

int streams_connect(struct streams *s, struct device *d, const struct mp_dtls_credentials *own)
{
	struct mp_tcp *tcp;
	int r = own ? mp_tls_connect(&s->server, own, MP_COAP_CONNECTION_QUEUE, &tcp, NULL)
		    : mp_tcp_connect(&s->server, MP_COAP_CONNECTION_QUEUE, &tcp, NULL);

	if (r == 0)
		r = mp_coap_connection_over(s->coap, tcp, d, &d->stream);
	if (r == 0)
		r = watch(s, d, EPOLL_CTL_ADD);
	if (r < 0)
		streams_disconnect(d);
	return r;
}

void streams_disconnect(struct device *d)
{
	struct mp_coap_connection *c = d->stream;

	d->stream = NULL;
	mp_coap_connection_free(c);
}

bool streams_remote(const struct device *d, struct mp_coap_remote *ret)
{
	if (!d->stream || !mp_coap_connection_is_up(d->stream))
		return false;
	mp_coap_connection_remote(d->stream, ret);
	return true;
}

static void update_watch(struct streams *s, struct device *d)
{
	if (d->stream_writes != mp_coap_connection_wants_write(d->stream))
		(void)watch(s, d, EPOLL_CTL_MOD);
}

/* An error shows when it is looked at next. */
void streams_send(struct streams *s, const struct mp_coap_remote *to, const void *data, size_t len)
{
	struct device *d = mp_coap_connection_user(to->session);

	if (d->stream != to->session)
		return;
	mp_coap_connection_send(d->stream, data, len);
	(void)mp_coap_connection_flush(d->stream);
	update_watch(s, d);
}

static void end(struct device *d, bool was_up)
{
	struct mp_coap_connection *c = d->stream;
	struct mp_coap_remote before;

	mp_coap_connection_remote(c, &before);
	d->stream = NULL;
	if (was_up)
		mp_lwm2m_client_disconnected(d->client, &before);
	else
		mp_lwm2m_client_connected(d->client, d->ticket, NULL);
	mp_coap_connection_free(c);
}

/* What is queued leaves. The client is told when that was the last of a handshake. */
static int flush(struct device *d)
{
	bool was_up = mp_coap_connection_is_up(d->stream);
	struct mp_coap_remote remote;
	int r = mp_coap_connection_flush(d->stream);

	if (!was_up && streams_remote(d, &remote))
		mp_lwm2m_client_connected(d->client, d->ticket, &remote);
	return r;
}

static void look_at(struct streams *s, struct device *d)
{
	int r = flush(d);

	if (d->stream && (r == 0 || r == -EAGAIN))
		r = mp_coap_connection_receive(d->stream);
	if (d->stream && r == 0)
		r = flush(d);
	if (!d->stream)
		return;
	if (r < 0 && r != -EAGAIN)
		end(d, mp_coap_connection_is_up(d->stream));
	else
		update_watch(s, d);
}

void streams_run(struct streams *s)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(s->fd, events, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		struct device *d = events[i].data.ptr;

		if (d->stream)
			look_at(s, d);
	}
}
