/* SPDX-License-Identifier: Apache-2.0 */
/* x509.h - the certificates of servers and devices: authorities, requests, leaves (wraps GnuTLS)
 *
 * New keys are EC P-256 in PKCS #8 PEM, all certificates PEM, serial numbers 16 random bytes. A key
 * made by sign.h does as well where one goes in: RSA for secure boot.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Append a new private key in PEM. */
int mp_x509_key_generate(struct mp_buf *key_pem, struct mp_err *err);

/* A self-signed authority (basicConstraints CA, keyCertSign), valid from `from` for `days`. */
int mp_x509_ca_create(const char *key_pem, const char *common_name, int64_t from, unsigned days,
		      struct mp_buf *cert_pem, struct mp_err *err);

/* A self-signed certificate of UEFI Secure Boot (PK, KEK or db), good for signing binaries and
 * variables. The key is RSA-2048, which every firmware takes: mp_sign_key_generate() with
 * MP_RSASSA_PSS_SHA256. */
int mp_x509_secure_boot_create(const char *key_pem, const char *common_name, int64_t from,
			       unsigned days, struct mp_buf *cert_pem, struct mp_err *err);

/* A server certificate by that authority. `names` (NULL-terminated): DNS names and IP addresses. */
int mp_x509_server_create(const char *ca_key_pem, const char *ca_cert_pem, const char *key_pem,
			  const char *const *names, int64_t from, unsigned days,
			  struct mp_buf *cert_pem, struct mp_err *err);

/* A certificate signing request (PKCS #10) with this common name. */
int mp_x509_csr_create(const char *key_pem, const char *common_name, struct mp_buf *csr_pem,
		       struct mp_err *err);

/* Check a request's own signature and read its common name (at most 64 bytes, no NUL inside).
 * -EBADMSG with a sentence. */
int mp_x509_csr_parse(const void *csr_pem, size_t len, char ret_cn[65], struct mp_err *err);

/* SHA-256 of the public key in a request (SubjectPublicKeyInfo): the same for every request that the
 * key's owner makes. -EBADMSG. */
int mp_x509_csr_key_id(const void *csr_pem, size_t len, char hex[65], struct mp_err *err);

/* SHA-256 of a public key (SubjectPublicKeyInfo in DER), once it has been looked at. -EBADMSG. */
int mp_x509_public_key_id(const void *der, size_t len, uint8_t ret[32]);

/* Turn a checked request into a client certificate (extendedKeyUsage clientAuth) for `cn`. */
int mp_x509_csr_sign(const char *ca_key_pem, const char *ca_cert_pem, const void *csr_pem,
		     size_t csr_len, const char *cn, int64_t from, unsigned days,
		     struct mp_buf *cert_pem, struct mp_err *err);

struct mp_x509_info {
	char cn[65]; /* subject common name */
	char fingerprint[65]; /* SHA-256 of the DER certificate, hex */
	int64_t not_before, not_after; /* seconds since 1970 */
};
/* Read a certificate (first of the PEM text, or DER). -EBADMSG. */
int mp_x509_parse(const void *cert, size_t len, struct mp_x509_info *ret, struct mp_err *err);
/* 0 when `cert` (DER or PEM) was issued by `ca_pem`, else -EKEYREJECTED; times are not looked at. */
int mp_x509_verify(const char *ca_pem, const void *cert, size_t len);
