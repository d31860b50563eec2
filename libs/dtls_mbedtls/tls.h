/* SPDX-License-Identifier: Apache-2.0
 * tls.h - TLS 1.2 on TCP connections, by mbedTLS, with the credentials of DTLS; either role
 *
 *     r = mp_tls_new(&config, &tls, &err);     // one side: its keys, and whom it trusts
 *     r = mp_tls_put_on(tls, tcp, me);         // the connection is a secure one from now on
 *     ... mp_tcp_receive(), mp_tcp_queue() and mp_tcp_flush() as ever
 *
 * The handshake goes on inside those calls. Until it is done mp_tcp_receive() and mp_tcp_flush() say
 * -EAGAIN, and what is queued waits; when it fails they say why: -EKEYREJECTED (the other side is not
 * who it should be, or does not know us), -ECONNABORTED (it ended the handshake), -EPROTO (it broke the
 * rules), -ENOMEM. An end that the other side has told (close_notify) is mp_tcp_receive()'s 0, one that
 * it has not is -ECONNRESET; mp_tcp_free() tells ours. The suites are those of CoAP (RFC 7925, RFC 8323 section 9), raw public keys are
 * not among them. A client offers the application protocol "coap", and a server refuses who offers
 * others alone.
 */
#pragma once

#include "dtls/dtls.h"
#include "net/tcp.h"

struct mp_tls;

struct mp_tls_config {
	bool server;
	/* A client's: what `kind` names. A server's: certificate, key and CA, when it takes
	 * certificates. Borrowed during mp_tls_new(). Without a CA nobody's certificate is taken. */
	struct mp_dtls_credentials own;
	/* A server's keys: the length of the identity's, or -ENOENT. NULL: only certificates. */
	int (*psk)(void *user, const void *identity, size_t len, uint8_t key[MP_DTLS_KEY_MAX]);
	/* The handshake is done, and no byte was handed on yet; `connection` is what mp_tls_put_on()
	 * got. 0, or negative: not welcome. What `who` points at lives as long as the connection. A
	 * client hears of servers with certificates alone. NULL: all are welcome. */
	int (*established)(void *connection, const struct mp_dtls_identity *who);
	void *user; /* of psk() */
};

/* -EINVAL, -EBADMSG, -EIO, -ENOMEM; with a sentence. */
int mp_tls_new(const struct mp_tls_config *config, struct mp_tls **ret, struct mp_err *err);
void mp_tls_free(struct mp_tls *tls); /* its connections live on */
DEFINE_AUTO(mp_tls)
/* `tcp` keeps what it needs until it is freed; 35 KB. -ENOMEM. */
int mp_tls_put_on(struct mp_tls *tls, struct mp_tcp *tcp, void *connection);

/* A client's connection with a side of its own: as mp_tcp_connect(), and the errors of mp_tls_new(). */
int mp_tls_connect(const struct mp_net_address *address, const struct mp_dtls_credentials *own,
		   size_t limit, struct mp_tcp **ret, struct mp_err *err);
