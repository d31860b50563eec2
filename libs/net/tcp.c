/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/buf.h"
#include "net/internal.h"
#include "net/tcp.h"

#define BACKLOG 1024

struct mp_tcp_listener {
	int fd;
	struct mp_net_address local;
};

struct mp_tcp {
	int fd;
	bool is_connecting;
	struct mp_net_address remote;
	struct mp_buf out; /* freed when it is empty: most connections are idle */
	size_t sent; /* bytes at the beginning of `out` that have left */
	const struct mp_tcp_layer *calls; /* NULL: the caller's bytes are those of the wire */
	void *layer;
};

static int new_socket(const struct mp_net_address *a, union mp_net_socket *s, socklen_t *len)
{
	int family = mp_net_address_is_v4(a) ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*len = mp_net_address_to_socket(a, family, s);
	return fd < 0 ? -errno : fd;
}

static int local_of(int fd, struct mp_net_address *ret)
{
	union mp_net_socket s;
	socklen_t len = sizeof(s);

	if (getsockname(fd, &s.any, &len) < 0)
		return -errno;
	mp_net_address_from_socket(&s, ret);
	return 0;
}

static int listen_at(struct mp_tcp_listener *l, const struct mp_net_address *address)
{
	union mp_net_socket s;
	int on = 1, off = 0;
	socklen_t len;

	l->fd = new_socket(address, &s, &len);
	if (l->fd < 0)
		return l->fd;
	if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    (s.any.sa_family == AF_INET6 &&
	     setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0) ||
	    bind(l->fd, &s.any, len) < 0 || listen(l->fd, BACKLOG) < 0)
		return -errno;
	return local_of(l->fd, &l->local);
}

int mp_tcp_listen(const struct mp_net_address *address, struct mp_tcp_listener **ret,
		  struct mp_err *err)
{
	auto_(mp_tcp_listener) *l = calloc(1, sizeof(*l));
	char text[MP_NET_ADDRESS_TEXT];
	int r;

	if (!l)
		return mp_err_set(err, -ENOMEM, "memory is out");
	mp_net_address_format(address, text);
	r = listen_at(l, address);
	if (r < 0)
		return mp_err_set(err, r, "cannot open TCP port %s: %s", text, strerror(-r));
	*ret = take_ptr(l);
	return 0;
}

void mp_tcp_listener_free(struct mp_tcp_listener *l)
{
	if (!l)
		return;
	if (l->fd >= 0)
		(void)close(l->fd);
	free(l);
}

int mp_tcp_listener_fd(const struct mp_tcp_listener *l)
{
	return l->fd;
}

void mp_tcp_listener_local(const struct mp_tcp_listener *l, struct mp_net_address *ret)
{
	*ret = l->local;
}

/* Messages leave at once, and a peer that has vanished is noticed some day. */
static void set_options(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

static struct mp_tcp *new_connection(size_t limit)
{
	struct mp_tcp *t = calloc(1, sizeof(*t));

	if (t) {
		t->fd = -1;
		t->out.limit = limit;
	}
	return t;
}

int mp_tcp_accept(struct mp_tcp_listener *l, size_t limit, struct mp_tcp **ret)
{
	auto_(mp_tcp) *t = new_connection(limit);
	union mp_net_socket s;
	socklen_t len = sizeof(s);

	if (!t)
		return -ENOMEM;
	do {
		t->fd = accept4(l->fd, &s.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	} while (t->fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	if (t->fd < 0)
		return -errno;
	set_options(t->fd);
	mp_net_address_from_socket(&s, &t->remote);
	*ret = take_ptr(t);
	return 0;
}

static int begin_to_connect(struct mp_tcp *t)
{
	union mp_net_socket s;
	socklen_t len;

	t->fd = new_socket(&t->remote, &s, &len);
	if (t->fd < 0)
		return t->fd;
	set_options(t->fd);
	return connect(t->fd, &s.any, len) < 0 && errno != EINPROGRESS ? -errno : 0;
}

int mp_tcp_connect(const struct mp_net_address *address, size_t limit, struct mp_tcp **ret,
		   struct mp_err *err)
{
	auto_(mp_tcp) *t = new_connection(limit);
	char text[MP_NET_ADDRESS_TEXT];
	int r;

	if (!t)
		return mp_err_set(err, -ENOMEM, "memory is out");
	t->remote = *address;
	t->is_connecting = true;
	r = begin_to_connect(t);
	mp_net_address_format(address, text);
	if (r < 0)
		return mp_err_set(err, r, "cannot connect to %s: %s", text, strerror(-r));
	*ret = take_ptr(t);
	return 0;
}

static int flush_wire(struct mp_tcp *t)
{
	while (mp_tcp_queued(t) > 0) {
		ssize_t n = send(t->fd, t->out.data + t->sent, mp_tcp_queued(t), MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		t->sent += (size_t)n;
	}
	mp_buf_done(&t->out);
	t->sent = 0;
	return 0;
}

void mp_tcp_free(struct mp_tcp *t)
{
	bool has_rest;

	if (!t)
		return;
	has_rest = mp_tcp_queued(t) > 0;
	if (t->calls)
		t->calls->free(t->layer);
	if (!has_rest)
		(void)flush_wire(t);
	if (t->fd >= 0)
		(void)close(t->fd);
	mp_buf_done(&t->out);
	free(t);
}

int mp_tcp_fd(const struct mp_tcp *t)
{
	return t->fd;
}

void mp_tcp_remote(const struct mp_tcp *t, struct mp_net_address *ret)
{
	*ret = t->remote;
}

void mp_tcp_local(const struct mp_tcp *t, struct mp_net_address *ret)
{
	if (local_of(t->fd, ret) < 0)
		*ret = (struct mp_net_address){0};
}

void mp_tcp_set_layer(struct mp_tcp *t, const struct mp_tcp_layer *calls, void *layer)
{
	t->calls = calls;
	t->layer = layer;
}

ssize_t mp_tcp_receive(struct mp_tcp *t, void *data, size_t room)
{
	return t->calls ? t->calls->receive(t->layer, data, room)
			: mp_tcp_receive_wire(t, data, room);
}

int mp_tcp_queue(struct mp_tcp *t, const void *data, size_t len)
{
	return t->calls ? t->calls->queue(t->layer, data, len) : mp_tcp_queue_wire(t, data, len);
}

ssize_t mp_tcp_receive_wire(struct mp_tcp *t, void *data, size_t room)
{
	ssize_t n;

	do {
		n = recv(t->fd, data, room, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

size_t mp_tcp_room_wire(const struct mp_tcp *t)
{
	return t->out.limit - mp_tcp_queued(t);
}

int mp_tcp_queue_wire(struct mp_tcp *t, const void *data, size_t len)
{
	int r;

	if (len > mp_tcp_room_wire(t))
		return -ENOBUFS;
	if (len > t->out.limit - t->out.len) {
		t->out.len -= t->sent;
		memmove(t->out.data, t->out.data + t->sent, t->out.len);
		t->sent = 0;
	}
	r = mp_buf_add(&t->out, data, len);
	return r == -EFBIG ? -ENOBUFS : r;
}

/* 0: connected, -EAGAIN: not yet, -errno. */
static int finish_connecting(struct mp_tcp *t)
{
	union mp_net_socket s;
	socklen_t len = sizeof(int), name_len = sizeof(s);
	int error;

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	if (error)
		return -error;
	if (getpeername(t->fd, &s.any, &name_len) < 0)
		return errno == ENOTCONN ? -EAGAIN : -errno;
	t->is_connecting = false;
	return 0;
}

/* What a layer has said last leaves also when it has failed: an alert. */
int mp_tcp_flush(struct mp_tcp *t)
{
	int r = t->is_connecting ? finish_connecting(t) : 0, layer;

	if (r < 0)
		return r;
	layer = t->calls ? t->calls->flush(t->layer) : 0;
	r = flush_wire(t);
	return layer < 0 && layer != -EAGAIN ? layer : r < 0 ? r : layer;
}

size_t mp_tcp_queued(const struct mp_tcp *t)
{
	return t->out.len - t->sent;
}

bool mp_tcp_wants_write(const struct mp_tcp *t)
{
	return t->is_connecting || mp_tcp_queued(t) > 0;
}
