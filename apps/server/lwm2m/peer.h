/* SPDX-License-Identifier: Apache-2.0
 * peer.h - who has proven itself by a secure session: shared by the session and its registration
 *
 *     p = peer_new(CREDENTIAL_PSK, "sensor-7", 8, NULL);
 *     registration->peer = peer_ref(p);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "lwm2m/credentials.h"

struct peer {
	struct peer *next, **link; /* of the sessions that there are, below */
	uint32_t refs;
	uint8_t kind; /* enum credential_kind; stored */
	uint8_t len; /* of the identity, of the common name */
	bool has_sha256;
	uint8_t sha256[32]; /* of the certificate, of the raw public key */
	char text[]; /* "psk:sensor-7", "x509:NAME", "rpk:HEX" and a NUL: as CoAP knows it */
};
/* NULL: memory is out, or the identity is longer than 255 bytes or has a NUL in it. */
struct peer *peer_new(enum credential_kind kind, const void *identity, size_t len,
		      const uint8_t *sha256);
struct peer *peer_ref(struct peer *p); /* NULL is fine */
void peer_unref(struct peer *p);
static inline void peer_free(struct peer *p)
{
	peer_unref(p);
}
DEFINE_AUTO(peer)
bool peer_is_same(const struct peer *a, const struct peer *b);
/* What it proves, for credentials_allow(). NULL: no security. */
void peer_proof(const struct peer *p, struct credential_proof *ret);
/* A list of those whose session lives, as DTLS ends without calling anybody. */
void peer_enter(struct peer *p, struct peer **list); /* takes it */
void peer_leave(struct peer *p);
const char *peer_identity(const struct peer *p); /* without its kind; a NUL follows */
