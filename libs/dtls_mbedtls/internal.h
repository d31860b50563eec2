/* SPDX-License-Identifier: Apache-2.0
 * internal.h - what the files of libs/dtls_mbedtls share, and where 2.28 and 3.6 differ
 */
#pragma once

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "dtls/backend.h"
#include "dtls_mbedtls/seal.h"

#define IS_3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)
#ifdef MBEDTLS_SSL_DTLS_CONNECTION_ID
#define HAS_CIDS 1
#else
#define HAS_CIDS 0
#endif

struct random {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context drbg;
};

struct side_how { /* of which kind a side is to be */
	bool client, stream; /* stream: TLS */
	bool psk, x509; /* what a server offers */
	struct random *random;
	int (*verify)(void *user, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
	void *user; /* of verify() */
};

/* One set of credentials with the configuration made of them. */
struct side {
	mbedtls_ssl_config conf;
	mbedtls_x509_crt certificate, ca;
	mbedtls_pk_context key;
	bool has_ca;
};

#define SPARES 128 /* of each role: 4.7 MB */

struct spares {
	struct mp_dtls_context *list[SPARES];
	unsigned count;
};

struct mp_dtls_engine {
	struct side server;
	struct random random;
	uint32_t retransmit_ms;
	uint16_t mtu;
	bool cid, psk, x509;
	struct spares spare[2]; /* by role: set up and ready for the next handshake */
	struct mp_dtls_context *current; /* whose handshake runs, for callbacks */
	uint32_t chain_flags; /* what is wrong with the peer's chain so far */
};

struct mp_dtls_context {
	mbedtls_ssl_context ssl;
	struct mp_dtls_engine *engine;
	struct mp_dtls_link *link;
	struct side own; /* of a client; a server's is the engine's */
	bool client, has_own, has_block;
	uint64_t next; /* above the number of every encrypted record that has left */
	uint8_t block[MP_DTLS_BLOCK_MAX]; /* the key block */
};

/* side.c: done() also after an init() that failed */
int mp_dtls_mbedtls_random_init(struct random *r, struct mp_err *err);
void mp_dtls_mbedtls_random_done(struct random *r);
int mp_dtls_mbedtls_side_init(struct side *s, const struct side_how *how,
			      const struct mp_dtls_credentials *c, struct mp_err *err);
void mp_dtls_mbedtls_side_done(struct side *s);

/* keys.c: what the handshake has agreed on */
void mp_dtls_mbedtls_listen_side(struct mp_dtls_engine *e, struct side *s);
void mp_dtls_mbedtls_listen(struct mp_dtls_context *c);
int mp_dtls_mbedtls_keep(struct mp_dtls_context *c, uint8_t keys[MP_DTLS_KEYS_MAX],
			 uint64_t *ret_next);

/* peer.c: the common name, "" when there is none, and the SHA-256. -EKEYREJECTED: a name that is none. */
int mp_dtls_mbedtls_describe(const mbedtls_x509_crt *crt, char ret_name[MP_DTLS_IDENTITY_MAX + 1],
			     uint8_t ret_sha256[MP_DTLS_DIGEST]);
/* Is the other side's certificate welcome? */
int mp_dtls_mbedtls_verify(void *engine, mbedtls_x509_crt *crt, int depth, uint32_t *flags);
