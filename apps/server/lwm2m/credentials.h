/* SPDX-License-Identifier: Apache-2.0
 * credentials.h - by what an LwM2M device proves who it is, in memory, backed by the store
 *
 *     len = credentials_find_psk(s->credentials, identity, identity_len, key);    // DTLS asks
 *     if (!credentials_allow(s->credentials, "sensor-7", &proof)) ...             // registration
 *     r = credentials_set_psk(s, "sensor-7", identity, identity_len, key, 16);    // REST
 *
 * An endpoint has one credential at most: a pre-shared key with its identity, a raw public key, or
 * a certificate. Once it has one, it can't register without security. Keys lie sealed in the
 * database (its seal is the file credentials.key beside it), and nothing here hands one out but
 * credentials_find_psk(). Looking up needs no database and takes the same time for any number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct server;

#define PSK_MIN 1 /* bytes of a pre-shared key */
#define PSK_MAX 64
#define PSK_IDENTITY_MAX 128 /* bytes: RFC 7925, 4.2.1 */
#define LWM2M_ENDPOINT_MAX 64 /* as device_name_is_valid() has it */

enum credential_kind { /* stored: append only */
		       CREDENTIAL_NONE, /* no security at all */
		       CREDENTIAL_PSK,
		       CREDENTIAL_RPK,
		       CREDENTIAL_X509,
};
const char *credential_kind_name(enum credential_kind k); /* "psk", "rpk", "x509", "none" */

struct credentials;
int credentials_load(struct server *s, struct credentials **ret, struct mp_err *err);
void credentials_free(struct credentials *c);
size_t credentials_count(const struct credentials *c);

/* ---- for the handshake ---- */
/* The key's length; -ENOENT: nobody has this identity. */
int credentials_find_psk(const struct credentials *c, const void *identity, size_t len,
			 uint8_t key[PSK_MAX]);
/* Is there an endpoint with this raw public key (SHA-256 of its SubjectPublicKeyInfo)? */
bool credentials_has_rpk(const struct credentials *c, const uint8_t sha256[32]);

/* ---- for the registration ---- */
struct credential_proof { /* what the session has proven */
	enum credential_kind kind;
	const void *identity; /* PSK: its identity; X509: the common name; else NULL */
	size_t identity_len;
	const uint8_t *sha256; /* RPK: of SubjectPublicKeyInfo; X509: of the DER; else NULL */
};
/* May who has proven this speak for `endpoint`?
 *   none  when the endpoint has no credential
 *   psk   when the identity is the endpoint's
 *   rpk   when the key is the endpoint's
 *   x509  when the certificate or the common name is the endpoint's; without a credential of the
 *         endpoint: when its common name is the endpoint (the session has verified its chain) */
bool credentials_allow(const struct credentials *c, const char *endpoint,
		       const struct credential_proof *proof);

/* ---- for the administrator ---- */
/* Each replaces what the endpoint had. -EBADMSG: no such endpoint name, lengths out of range;
 * -EEXIST: the identity or the key is another endpoint's; else as the store says. */
int credentials_set_psk(struct server *s, const char *endpoint, const void *identity,
			size_t identity_len, const void *key, size_t key_len);
int credentials_set_rpk(struct server *s, const char *endpoint, const uint8_t sha256[32]);
/* One of both is enough; `sha256` may be NULL, `common_name` too. Neither: the common name must be
 * the endpoint. */
int credentials_set_x509(struct server *s, const char *endpoint, const char *common_name,
			 const uint8_t *sha256);
int credentials_remove(struct server *s, const char *endpoint); /* -ENOENT */

/* Other secrets of devices, sealed the same way; `about` says whose. Appended to `out`. -EFBIG,
 * -ENOMEM; -EKEYREJECTED. */
struct mp_buf;
int credentials_seal(const struct credentials *c, const char *about, const void *secret, size_t len,
		     struct mp_buf *out);
int credentials_unseal(const struct credentials *c, const char *about, const void *sealed,
		       size_t len, struct mp_buf *out);

struct credential_info { /* borrowed until the next change */
	const char *endpoint;
	enum credential_kind kind;
	const void *identity; /* PSK: identity; X509: common name; NULL: none */
	size_t identity_len;
	const uint8_t *sha256; /* RPK, X509; NULL: none */
};
bool credentials_info(const struct credentials *c, const char *endpoint,
		      struct credential_info *ret);
/* The i-th in an order that stays while nothing changes. False at the end. */
bool credentials_at(const struct credentials *c, size_t i, struct credential_info *ret);
