/* SPDX-License-Identifier: Apache-2.0
 * internal.h - what the files of libs/dtls_gnutls share
 */
#pragma once

#include <gnutls/gnutls.h>

#include "dtls/backend.h"

/* One set of credentials. */
struct side {
	gnutls_certificate_credentials_t credentials;
	bool has_ca;
	char *peer_name; /* NULL: none asked */
};

struct mp_dtls_engine {
	gnutls_priority_t priority; /* of the server */
	struct side server;
	unsigned handshake_ms, retransmit_ms, mtu;
};

struct mp_dtls_context {
	gnutls_session_t session;
	struct mp_dtls_link *link;
	struct mp_dtls_engine *engine;
	struct side *own; /* of a client; NULL: the engine's */
};

/* side.c */
int mp_dtls_gnutls_side_init(struct side *s, const struct mp_dtls_credentials *c, bool x509,
			     bool rpk, struct mp_err *err);
void mp_dtls_gnutls_side_done(struct side *s);
int mp_dtls_gnutls_priority(bool x509, bool rpk, gnutls_priority_t *ret);

/* peer.c: is the other side's certificate or key welcome? 0 or a GnuTLS error */
int mp_dtls_gnutls_verify(gnutls_session_t session);
