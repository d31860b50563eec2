/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h - signature keys of TUF and of secure boot (wraps GnuTLS)
 *
 * Private keys are PEM (PKCS #8) in memory; where they are stored is the caller's business.
 * Public keys travel as TUF writes them: ed25519 as 64 hex digits, others as PEM
 * (SubjectPublicKeyInfo).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

enum mp_sign_scheme { MP_ED25519, MP_ECDSA_P256_SHA256, MP_RSASSA_PSS_SHA256 };

struct mp_sign_key; /* a private key */
/* RSA has 2048 bits, which every UEFI firmware takes. */
int mp_sign_key_generate(enum mp_sign_scheme scheme, struct mp_sign_key **ret, struct mp_err *err);
/* -EBADMSG: not PEM, or neither ed25519, nor EC P-256, nor RSA of at least 2048 bits. */
int mp_sign_key_parse(const char *pem, struct mp_sign_key **ret, struct mp_err *err);
int mp_sign_key_format(const struct mp_sign_key *k, struct mp_buf *pem); /* PKCS #8 PEM */
void mp_sign_key_free(struct mp_sign_key *k); /* wipes it */
DEFINE_AUTO(mp_sign_key)

enum mp_sign_scheme mp_sign_key_scheme(const struct mp_sign_key *k);
/* The public half in TUF's `keyval.public` form. */
int mp_sign_key_public(const struct mp_sign_key *k, struct mp_buf *text);
/* Signature bytes as TUF wants them: 64 raw (ed25519), DER (ECDSA), salt = digest length (PSS). */
int mp_sign(const struct mp_sign_key *k, const void *data, size_t len, struct mp_buf *sig,
	    struct mp_err *err);

/* 0: good; -EKEYREJECTED: bad signature; -EBADMSG: not a key of this scheme; -ENOMEM. */
int mp_sign_verify(enum mp_sign_scheme scheme, const char *public_text, const void *data,
		   size_t len, const void *sig, size_t sig_len);
