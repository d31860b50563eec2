/* SPDX-License-Identifier: Apache-2.0
 * connection.h - one TCP connection as a remote of an endpoint: socket, framing and queue in one
 *
 *     r = mp_tcp_connect(&address, MP_COAP_CONNECTION_QUEUE, &tcp, &err);
 *     r = mp_coap_connection_over(coap, tcp, me, &c);  // our CSM is the first to leave
 *     ... in mp_coap_config.send, when to->is_reliable:
 *     mp_coap_connection_send(to->session, data, len);
 *     ... when mp_coap_connection_fd(c) is readable, or writable while it wants to write:
 *     r = mp_coap_connection_receive(c);                    // messages reach the endpoint
 *     r = mp_coap_connection_flush(c);                      // what was queued leaves
 *
 * The remote's session is the connection, so a caller that has other sessions, too, tells them apart
 * by `is_reliable`. What goes wrong is told by receive() and flush() alone; then free it.
 */
#pragma once

#include "coap/endpoint.h"
#include "net/tcp.h"

struct mp_coap_connection;

#define MP_COAP_CONNECTION_QUEUE                                                                   \
	((size_t)256 << 10) /* bytes that wait for the other side: enough */

/* Over one that was accepted or is being made, perhaps with TLS. `tcp` is taken over, also when it fails.
 * -ENOMEM, -ENOBUFS. */
int mp_coap_connection_over(struct mp_coap *coap, struct mp_tcp *tcp, void *user,
			    struct mp_coap_connection **ret);
/* Who is on the other side, as TLS has proven it before the first message: a text that lives as long as
 * the connection. */
void mp_coap_connection_identify(struct mp_coap_connection *c, const char *identity);
/* Closes it; the endpoint forgets it (mp_coap_session_gone()). It may be called from inside
 * mp_coap_connection_receive(), which then returns -ESHUTDOWN. */
void mp_coap_connection_free(struct mp_coap_connection *c);
DEFINE_AUTO(mp_coap_connection)

void *mp_coap_connection_user(const struct mp_coap_connection *c);
void mp_coap_connection_remote(struct mp_coap_connection *c, struct mp_coap_remote *ret);
/* When a byte came last, or it began, as mp_coap_tick() told the time: who is silent for too long is the
 * caller's to say. */
int64_t mp_coap_connection_heard_ms(const struct mp_coap_connection *c);
int mp_coap_connection_fd(const struct mp_coap_connection *c);
bool mp_coap_connection_wants_write(const struct mp_coap_connection *c);
/* Has the other side been reached, and has TLS shaken hands? */
bool mp_coap_connection_is_up(const struct mp_coap_connection *c);

/* A message in the form of a datagram, as mp_coap_config.send() has it. */
void mp_coap_connection_send(struct mp_coap_connection *c, const void *data, size_t len);
/* Read what is there, some 16 KiB at most. 0; -ECONNRESET: the other side has closed; -EPROTO;
 * -ECONNREFUSED and other errors of the network; -ESHUTDOWN: it was freed meanwhile. */
int mp_coap_connection_receive(struct mp_coap_connection *c);
/* 0: all has left; -EAGAIN: wait until it is writable; others: it is broken. -ECONNRESET also once the
 * other side has its answers and wants to close (Release, RFC 8323 section 5.5). */
int mp_coap_connection_flush(struct mp_coap_connection *c);
/* What is queued must not leave. It cannot be taken back out of a stream, so the connection ends unless
 * nothing was: -ECANCELED from now on, and the other side asks again. */
void mp_coap_connection_discard(struct mp_coap_connection *c);
