/* SPDX-License-Identifier: Apache-2.0
 * tcp.h - TCP connections that never block, accepted or opened, for a loop of the caller's
 *
 *     r = mp_tcp_listen(&address, &l, &err);
 *     ... when mp_tcp_listener_fd(l) is readable:
 *     while ((r = mp_tcp_accept(l, limit, &t)) == 0) ...
 *     ... when mp_tcp_fd(t) is readable:
 *     n = mp_tcp_receive(t, data, sizeof(data));
 *     r = mp_tcp_queue(t, data, len);      // bytes that leave with mp_tcp_flush()
 *     r = mp_tcp_flush(t);                 // again when writable while mp_tcp_wants_write(t)
 *
 * As with UDP, what is queued leaves only with a flush. Once a call has failed with anything but
 * -EAGAIN or -ENOBUFS the connection is broken: free it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/auto.h"
#include "base/err.h"
#include "net/address.h"

struct mp_tcp_listener;
struct mp_tcp;

/* Port 0: any free one. -EADDRINUSE, -EACCES and others with a sentence. */
int mp_tcp_listen(const struct mp_net_address *address, struct mp_tcp_listener **ret,
		  struct mp_err *err);
void mp_tcp_listener_free(struct mp_tcp_listener *l);
DEFINE_AUTO(mp_tcp_listener)
int mp_tcp_listener_fd(const struct mp_tcp_listener *l);
void mp_tcp_listener_local(const struct mp_tcp_listener *l, struct mp_net_address *ret);

/* `limit`: most bytes that may wait to be sent. 0; -EAGAIN: nobody is waiting; -ENOMEM, -EMFILE,
 * -ENFILE: it still waits, so look elsewhere for a while. */
int mp_tcp_accept(struct mp_tcp_listener *l, size_t limit, struct mp_tcp **ret);
/* Begin to connect. Whether that worked shows in mp_tcp_flush() or mp_tcp_receive(). */
int mp_tcp_connect(const struct mp_net_address *address, size_t limit, struct mp_tcp **ret,
		   struct mp_err *err);
void mp_tcp_free(struct mp_tcp *t); /* closes; what is still queued is lost */
DEFINE_AUTO(mp_tcp)
int mp_tcp_fd(const struct mp_tcp *t);
void mp_tcp_remote(const struct mp_tcp *t, struct mp_net_address *ret);
void mp_tcp_local(const struct mp_tcp *t, struct mp_net_address *ret); /* unset until connected */

/* Bytes read; 0: the peer will send no more; -EAGAIN: nothing there; -ECONNREFUSED, -ECONNRESET ... */
ssize_t mp_tcp_receive(struct mp_tcp *t, void *data, size_t room);
/* All or none. 0; -ENOBUFS: past the limit; -ENOMEM. */
int mp_tcp_queue(struct mp_tcp *t, const void *data, size_t len);
/* 0: nothing is left; -EAGAIN: something is, or it is still connecting; -errno. */
int mp_tcp_flush(struct mp_tcp *t);
size_t mp_tcp_queued(const struct mp_tcp *t); /* bytes */
/* Is a flush due when the socket becomes writable? */
bool mp_tcp_wants_write(const struct mp_tcp *t);

/* ---- what may stand between the bytes of a connection and those of the wire: TLS ---- */
struct mp_tcp_layer { /* the calls of these names go to it, and keep their meaning */
	ssize_t (*receive)(void *layer, void *data, size_t room);
	int (*queue)(void *layer, const void *data, size_t len);
	/* Before what it has queued leaves. -EAGAIN: it is not ready for bytes of the caller's yet. */
	int (*flush)(void *layer);
	/* What it queues here leaves, unless something of the caller's still waits and is lost. */
	void (*free)(void *layer);
};
/* Once, before the first byte. */
void mp_tcp_set_layer(struct mp_tcp *t, const struct mp_tcp_layer *calls, void *layer);
/* For the layer: bytes of the wire. */
ssize_t mp_tcp_receive_wire(struct mp_tcp *t, void *data, size_t room);
int mp_tcp_queue_wire(struct mp_tcp *t, const void *data, size_t len);
size_t mp_tcp_room_wire(const struct mp_tcp *t); /* bytes that can be queued */
