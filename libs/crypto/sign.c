/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/str.h"
#include "crypto/internal.h"

#define ED25519_LEN 32
#define RSA_BITS 2048 /* what every UEFI firmware takes */

struct mp_sign_key {
	gnutls_x509_privkey_t x509; /* for its PEM */
	gnutls_privkey_t key; /* for its signatures */
	enum mp_sign_scheme scheme;
};

static gnutls_sign_algorithm_t algorithm(enum mp_sign_scheme scheme)
{
	switch (scheme) {
	case MP_ED25519:
		return GNUTLS_SIGN_EDDSA_ED25519;
	case MP_ECDSA_P256_SHA256:
		return GNUTLS_SIGN_ECDSA_SHA256;
	case MP_RSASSA_PSS_SHA256:
		return GNUTLS_SIGN_RSA_PSS_RSAE_SHA256;
	}
	abort();
}

void mp_sign_key_free(struct mp_sign_key *k)
{
	if (!k)
		return;
	if (k->key)
		gnutls_privkey_deinit(k->key);
	if (k->x509)
		gnutls_x509_privkey_deinit(k->x509); /* wipes the numbers */
	free(k);
}

static int new_key(struct mp_sign_key **ret)
{
	auto_(mp_sign_key) *k = calloc(1, sizeof(*k));

	if (!k || gnutls_x509_privkey_init(&k->x509) < 0 || gnutls_privkey_init(&k->key) < 0)
		return -ENOMEM;
	*ret = take_ptr(k);
	return 0;
}

static int generate(gnutls_x509_privkey_t key, enum mp_sign_scheme scheme)
{
	switch (scheme) {
	case MP_ED25519:
		return gnutls_x509_privkey_generate(key, GNUTLS_PK_EDDSA_ED25519, 256, 0);
	case MP_ECDSA_P256_SHA256:
		return gnutls_x509_privkey_generate(
			key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	case MP_RSASSA_PSS_SHA256:
		return gnutls_x509_privkey_generate(key, GNUTLS_PK_RSA, RSA_BITS, 0);
	}
	abort();
}

int mp_sign_key_generate(enum mp_sign_scheme scheme, struct mp_sign_key **ret, struct mp_err *err)
{
	auto_(mp_sign_key) *k = NULL;
	int g;

	if (new_key(&k) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	k->scheme = scheme;
	g = generate(k->x509, scheme);
	if (g >= 0)
		g = gnutls_privkey_import_x509(k->key, k->x509, 0);
	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot make a key");
	*ret = take_ptr(k);
	return 0;
}

/* The scheme that a key of this kind signs with; -EBADMSG for a kind that we do not use. */
static int scheme_of(gnutls_x509_privkey_t key, enum mp_sign_scheme *ret)
{
	gnutls_ecc_curve_t curve;
	unsigned bits;

	switch (gnutls_x509_privkey_get_pk_algorithm2(key, &bits)) {
	case GNUTLS_PK_EDDSA_ED25519:
		*ret = MP_ED25519;
		return 0;
	case GNUTLS_PK_RSA:
		*ret = MP_RSASSA_PSS_SHA256;
		return bits >= RSA_BITS ? 0 : -EBADMSG;
	case GNUTLS_PK_ECDSA:
		*ret = MP_ECDSA_P256_SHA256;
		if (gnutls_x509_privkey_export_ecc_raw(key, &curve, NULL, NULL, NULL) < 0)
			return -EBADMSG;
		return curve == GNUTLS_ECC_CURVE_SECP256R1 ? 0 : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

int mp_sign_key_parse(const char *pem, struct mp_sign_key **ret, struct mp_err *err)
{
	gnutls_datum_t text = mp_datum(pem, strlen(pem));
	auto_(mp_sign_key) *k = NULL;
	int g;

	if (new_key(&k) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	g = gnutls_x509_privkey_import2(k->x509, &text, GNUTLS_X509_FMT_PEM, NULL,
					GNUTLS_PKCS_PLAIN);
	if (g < 0)
		return mp_gnutls_err(err, -EBADMSG, g, "not a private key in PEM");
	if (scheme_of(k->x509, &k->scheme) < 0)
		return mp_err_set(err, -EBADMSG,
				  "the key is neither ed25519, nor EC P-256, nor RSA of %d bits",
				  RSA_BITS);
	g = gnutls_privkey_import_x509(k->key, k->x509, 0);
	if (g < 0)
		return mp_gnutls_err(err, -EBADMSG, g, "cannot use the private key");
	*ret = take_ptr(k);
	return 0;
}

int mp_sign_key_format(const struct mp_sign_key *k, struct mp_buf *pem)
{
	auto_datum gnutls_datum_t text = {0};

	if (gnutls_x509_privkey_export2_pkcs8(k->x509, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN,
					      &text) < 0)
		return -ENOMEM;
	return mp_buf_add(pem, text.data, text.size);
}

enum mp_sign_scheme mp_sign_key_scheme(const struct mp_sign_key *k)
{
	return k->scheme;
}

static int format_public(gnutls_pubkey_t public, enum mp_sign_scheme scheme, struct mp_buf *text)
{
	auto_datum gnutls_datum_t out = {0};
	char hex[2 * ED25519_LEN + 1];

	if (scheme != MP_ED25519) {
		if (gnutls_pubkey_export2(public, GNUTLS_X509_FMT_PEM, &out) < 0)
			return -ENOMEM;
		return mp_buf_add(text, out.data, out.size);
	}
	if (gnutls_pubkey_export_ecc_raw2(public, NULL, &out, NULL, GNUTLS_EXPORT_FLAG_NO_LZ) < 0 ||
	    out.size != ED25519_LEN)
		return -ENOMEM;
	mp_hex_format(out.data, ED25519_LEN, hex);
	return mp_buf_add_str(text, hex);
}

int mp_sign_key_public(const struct mp_sign_key *k, struct mp_buf *text)
{
	auto_pubkey gnutls_pubkey_t public = NULL;

	if (gnutls_pubkey_init(&public) < 0 ||
	    gnutls_pubkey_import_privkey(public, k->key, 0, 0) < 0)
		return -ENOMEM;
	return format_public(public, k->scheme, text);
}

int mp_sign(const struct mp_sign_key *k, const void *data, size_t len, struct mp_buf *sig,
	    struct mp_err *err)
{
	gnutls_datum_t in = mp_datum(data, len);
	auto_datum gnutls_datum_t out = {0};
	int g, r;

	if (len > UINT_MAX)
		return mp_err_set(err, -EFBIG, "too long to sign in one piece");
	g = gnutls_privkey_sign_data2(k->key, algorithm(k->scheme), 0, &in, &out);
	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot sign");
	r = mp_buf_add(sig, out.data, out.size);
	return r < 0 ? mp_err_set(err, r, "no room for a signature") : 0;
}

/* ---- verifying ---- */
static int import_ed25519(gnutls_pubkey_t public, const char *hex)
{
	uint8_t bytes[ED25519_LEN];
	gnutls_datum_t x;

	if (mp_hex_parse(hex, bytes, sizeof(bytes)) < 0)
		return -EBADMSG;
	x = mp_datum(bytes, sizeof(bytes));
	if (gnutls_pubkey_import_ecc_raw(public, GNUTLS_ECC_CURVE_ED25519, &x, NULL) < 0)
		return -EBADMSG;
	return 0;
}

static int import_pem(gnutls_pubkey_t public, enum mp_sign_scheme scheme, const char *pem)
{
	gnutls_datum_t text = mp_datum(pem, strlen(pem));
	gnutls_ecc_curve_t curve;
	unsigned bits;
	int kind;

	if (gnutls_pubkey_import(public, &text, GNUTLS_X509_FMT_PEM) < 0)
		return -EBADMSG;
	kind = gnutls_pubkey_get_pk_algorithm(public, &bits);
	if (scheme == MP_RSASSA_PSS_SHA256)
		return kind == GNUTLS_PK_RSA && bits >= RSA_BITS ? 0 : -EBADMSG;
	if (kind != GNUTLS_PK_ECDSA ||
	    gnutls_pubkey_export_ecc_raw2(public, &curve, NULL, NULL, 0) < 0)
		return -EBADMSG;
	return curve == GNUTLS_ECC_CURVE_SECP256R1 ? 0 : -EBADMSG;
}

int mp_sign_verify(enum mp_sign_scheme scheme, const char *public_text, const void *data,
		   size_t len, const void *sig, size_t sig_len)
{
	auto_pubkey gnutls_pubkey_t public = NULL;
	gnutls_datum_t in = mp_datum(data, len), s = mp_datum(sig, sig_len);
	int r;

	if (len > UINT_MAX || sig_len > UINT_MAX)
		return -EKEYREJECTED;
	if (gnutls_pubkey_init(&public) < 0)
		return -ENOMEM;
	r = scheme == MP_ED25519 ? import_ed25519(public, public_text)
				 : import_pem(public, scheme, public_text);
	if (r < 0)
		return r;
	return gnutls_pubkey_verify_data2(public, algorithm(scheme), 0, &in, &s) < 0 ? -EKEYREJECTED
										     : 0;
}
