/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/str.h"
#include "crypto/hash.h"
#include "crypto/internal.h"

#define MOST_PEM 65536 /* bytes of a certificate or request that we look at */
#define CN_MAX 64 /* RFC 5280, ub-common-name */

static void key_done(gnutls_privkey_t *k)
{
	if (*k)
		gnutls_privkey_deinit(*k);
}
static void crt_done(gnutls_x509_crt_t *c)
{
	if (*c)
		gnutls_x509_crt_deinit(*c);
}
static void crq_done(gnutls_x509_crq_t *c)
{
	if (*c)
		gnutls_x509_crq_deinit(*c);
}
#define auto_key __attribute__((cleanup(key_done)))
#define auto_crt __attribute__((cleanup(crt_done)))
#define auto_crq __attribute__((cleanup(crq_done)))

int mp_gnutls_err(struct mp_err *err, int code, int reason, const char *what)
{
	if (reason == GNUTLS_E_MEMORY_ERROR)
		return mp_err_set(err, -ENOMEM, "out of memory");
	return mp_err_set(err, code, "%s: %s", what, gnutls_strerror(reason));
}

int mp_x509_key_generate(struct mp_buf *key_pem, struct mp_err *err)
{
	auto_datum gnutls_datum_t text = {0};
	gnutls_x509_privkey_t key;
	int g = gnutls_x509_privkey_init(&key), r;

	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot make a key");
	g = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
					 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	if (g >= 0)
		g = gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL,
						      GNUTLS_PKCS_PLAIN, &text);
	gnutls_x509_privkey_deinit(key);
	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot make a key");
	r = mp_buf_add(key_pem, text.data, text.size);
	gnutls_memset(text.data, 0, text.size);
	return r < 0 ? mp_err_set(err, r, "no room for a key") : 0;
}

/* ---- reading what goes in ---- */
static int import_key(const char *pem, gnutls_privkey_t *ret, struct mp_err *err)
{
	gnutls_datum_t text = mp_datum(pem, strlen(pem));
	int g = gnutls_privkey_init(ret);

	if (g >= 0)
		g = gnutls_privkey_import_x509_raw(*ret, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
	return g < 0 ? mp_gnutls_err(err, -EBADMSG, g, "not a private key in PEM") : 0;
}

static int import_crt(const void *cert, size_t len, gnutls_x509_crt_t *ret, struct mp_err *err)
{
	gnutls_datum_t text = mp_datum(cert, len);
	bool is_pem = len > 0 && memmem(cert, len, "-----BEGIN", 10);
	int g;

	if (len > MOST_PEM)
		return mp_err_set(err, -EBADMSG, "a certificate of %zu bytes is too long", len);
	g = gnutls_x509_crt_init(ret);
	if (g >= 0)
		g = gnutls_x509_crt_import(*ret, &text,
					   is_pem ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER);
	return g < 0 ? mp_gnutls_err(err, -EBADMSG, g, "not a certificate") : 0;
}

#define MOST_BITS 4096 /* of a key that is not known yet: a larger one takes too long to look at */

static bool is_cheap(gnutls_x509_crq_t crq)
{
	unsigned bits = 0;

	return gnutls_x509_crq_get_pk_algorithm(crq, &bits) >= 0 && bits <= MOST_BITS;
}

static int import_crq(const void *pem, size_t len, gnutls_x509_crq_t *ret, struct mp_err *err)
{
	gnutls_datum_t text = mp_datum(pem, len);
	int g;

	if (len > MOST_PEM)
		return mp_err_set(err, -EBADMSG, "a certificate request of %zu bytes is too long",
				  len);
	g = gnutls_x509_crq_init(ret);
	if (g >= 0)
		g = gnutls_x509_crq_import(*ret, &text, GNUTLS_X509_FMT_PEM);
	if (g >= 0 && !is_cheap(*ret))
		return mp_err_set(err, -EBADMSG, "a key of more than %d bits is not taken",
				  MOST_BITS);
	if (g >= 0)
		g = gnutls_x509_crq_verify(*ret, 0);
	return g < 0 ? mp_gnutls_err(err, -EBADMSG, g, "not a certificate request in PEM") : 0;
}

/* ---- making certificates ---- */

/* What every certificate of ours has: version, serial number, name, times. GnuTLS's code. */
static int fill(gnutls_x509_crt_t crt, const char *cn, int64_t from, unsigned days)
{
	uint8_t serial[16];
	int g = gnutls_x509_crt_set_version(crt, 3);

	mp_random(serial, sizeof(serial));
	serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and always of the same length */
	if (g >= 0)
		g = gnutls_x509_crt_set_serial(crt, serial, sizeof(serial));
	if (g >= 0)
		g = gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, cn,
						  (unsigned)strlen(cn));
	if (g >= 0)
		g = gnutls_x509_crt_set_activation_time(crt, (time_t)from);
	if (g >= 0)
		g = gnutls_x509_crt_set_expiration_time(crt, (time_t)(from + days * 86400LL));
	return g;
}

/* Put in the subject's public key and its identifier (RFC 5280, 4.2.1.2). */
static int fill_key(gnutls_x509_crt_t crt, gnutls_pubkey_t public)
{
	uint8_t id[64];
	size_t len = sizeof(id);
	int g = gnutls_x509_crt_set_pubkey(crt, public);

	if (g >= 0)
		g = gnutls_pubkey_get_key_id(public, 0, id, &len);
	if (g >= 0)
		g = gnutls_x509_crt_set_subject_key_id(crt, id, len);
	return g;
}

static int fill_private_key(gnutls_x509_crt_t crt, gnutls_privkey_t key)
{
	auto_pubkey gnutls_pubkey_t public = NULL;
	int g = gnutls_pubkey_init(&public);

	if (g >= 0)
		g = gnutls_pubkey_import_privkey(public, key, 0, 0);
	return g < 0 ? g : fill_key(crt, public);
}

/* Point to the issuer's key, sign, and append the PEM. */
static int issue(gnutls_x509_crt_t crt, gnutls_x509_crt_t ca, gnutls_privkey_t ca_key,
		 struct mp_buf *cert_pem, struct mp_err *err)
{
	auto_datum gnutls_datum_t text = {0};
	uint8_t id[64];
	size_t len = sizeof(id);
	int g = 0, r;

	if (ca != crt && gnutls_x509_crt_get_subject_key_id(ca, id, &len, NULL) >= 0)
		g = gnutls_x509_crt_set_authority_key_id(crt, id, len);
	if (g >= 0)
		g = gnutls_x509_crt_privkey_sign(crt, ca, ca_key, GNUTLS_DIG_SHA256, 0);
	if (g >= 0)
		g = gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text);
	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot make a certificate");
	r = mp_buf_add(cert_pem, text.data, text.size);
	return r < 0 ? mp_err_set(err, r, "no room for a certificate") : 0;
}

static int check_cn(const char *cn, struct mp_err *err)
{
	size_t n = strlen(cn);

	if (n == 0 || n > CN_MAX)
		return mp_err_set(err, -EINVAL, "a common name has 1 to %d bytes, not %zu", CN_MAX,
				  n);
	return 0;
}

static int create_self_signed(const char *key_pem, const char *common_name, int64_t from,
			      unsigned days, unsigned usage, struct mp_buf *cert_pem,
			      struct mp_err *err)
{
	auto_key gnutls_privkey_t key = NULL;
	auto_crt gnutls_x509_crt_t crt = NULL;
	int r = check_cn(common_name, err), g;

	if (r == 0)
		r = import_key(key_pem, &key, err);
	if (r < 0)
		return r;
	g = gnutls_x509_crt_init(&crt);
	if (g >= 0)
		g = fill(crt, common_name, from, days);
	if (g >= 0)
		g = fill_private_key(crt, key);
	if (g >= 0)
		g = gnutls_x509_crt_set_basic_constraints(crt, 1, -1);
	if (g >= 0)
		g = gnutls_x509_crt_set_key_usage(crt, usage);
	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot make a certificate");
	return issue(crt, crt, key, cert_pem, err);
}

int mp_x509_ca_create(const char *key_pem, const char *common_name, int64_t from, unsigned days,
		      struct mp_buf *cert_pem, struct mp_err *err)
{
	return create_self_signed(key_pem, common_name, from, days,
				  GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN, cert_pem, err);
}

int mp_x509_secure_boot_create(const char *key_pem, const char *common_name, int64_t from,
			       unsigned days, struct mp_buf *cert_pem, struct mp_err *err)
{
	return create_self_signed(key_pem, common_name, from, days,
				  GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_KEY_CERT_SIGN, cert_pem,
				  err);
}

static int add_name(gnutls_x509_crt_t crt, const char *name)
{
	uint8_t address[16];
	unsigned n = 0;

	if (inet_pton(AF_INET, name, address) == 1)
		n = 4;
	else if (inet_pton(AF_INET6, name, address) == 1)
		n = 16;
	if (n > 0)
		return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_IPADDRESS, address, n,
							    GNUTLS_FSAN_APPEND);
	return gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, name,
						    (unsigned)strlen(name), GNUTLS_FSAN_APPEND);
}

/* What makes a leaf: no authority, and one purpose. */
static int fill_leaf(gnutls_x509_crt_t crt, const char *purpose)
{
	int g = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);

	if (g >= 0)
		g = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (g >= 0)
		g = gnutls_x509_crt_set_key_purpose_oid(crt, purpose, 0);
	return g;
}

int mp_x509_server_create(const char *ca_key_pem, const char *ca_cert_pem, const char *key_pem,
			  const char *const *names, int64_t from, unsigned days,
			  struct mp_buf *cert_pem, struct mp_err *err)
{
	auto_key gnutls_privkey_t ca_key = NULL, key = NULL;
	auto_crt gnutls_x509_crt_t ca = NULL, crt = NULL;
	int r, g;

	if (!names[0])
		return mp_err_set(err, -EINVAL, "a server certificate needs a name");
	r = check_cn(names[0], err);
	if (r == 0)
		r = import_key(ca_key_pem, &ca_key, err);
	if (r == 0)
		r = import_crt(ca_cert_pem, strlen(ca_cert_pem), &ca, err);
	if (r == 0)
		r = import_key(key_pem, &key, err);
	if (r < 0)
		return r;
	g = gnutls_x509_crt_init(&crt);
	if (g >= 0)
		g = fill(crt, names[0], from, days);
	if (g >= 0)
		g = fill_private_key(crt, key);
	for (; g >= 0 && *names; names++)
		g = add_name(crt, *names);
	if (g >= 0)
		g = fill_leaf(crt, GNUTLS_KP_TLS_WWW_SERVER);
	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot make a certificate");
	return issue(crt, ca, ca_key, cert_pem, err);
}

/* ---- requests ---- */
int mp_x509_csr_create(const char *key_pem, const char *common_name, struct mp_buf *csr_pem,
		       struct mp_err *err)
{
	auto_key gnutls_privkey_t key = NULL;
	auto_crq gnutls_x509_crq_t crq = NULL;
	auto_pubkey gnutls_pubkey_t public = NULL;
	auto_datum gnutls_datum_t text = {0};
	int r = check_cn(common_name, err), g;

	if (r == 0)
		r = import_key(key_pem, &key, err);
	if (r < 0)
		return r;
	g = gnutls_x509_crq_init(&crq);
	if (g >= 0)
		g = gnutls_pubkey_init(&public);
	if (g >= 0)
		g = gnutls_pubkey_import_privkey(public, key, 0, 0);
	if (g >= 0)
		g = gnutls_x509_crq_set_version(crq, 1);
	if (g >= 0)
		g = gnutls_x509_crq_set_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
						  (unsigned)strlen(common_name));
	if (g >= 0)
		g = gnutls_x509_crq_set_pubkey(crq, public);
	if (g >= 0)
		g = gnutls_x509_crq_privkey_sign(crq, key, GNUTLS_DIG_SHA256, 0);
	if (g >= 0)
		g = gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_PEM, &text);
	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot make a certificate request");
	r = mp_buf_add(csr_pem, text.data, text.size);
	return r < 0 ? mp_err_set(err, r, "no room for a certificate request") : 0;
}

/* Copy a name that GnuTLS gave. -EBADMSG when it is empty, too long or hides a NUL. */
static int copy_cn(const char *cn, size_t len, char ret_cn[65])
{
	if (len == 0 || len > CN_MAX || memchr(cn, '\0', len))
		return -EBADMSG;
	memcpy(ret_cn, cn, len);
	ret_cn[len] = '\0';
	return 0;
}

int mp_x509_csr_parse(const void *csr_pem, size_t len, char ret_cn[65], struct mp_err *err)
{
	auto_crq gnutls_x509_crq_t crq = NULL;
	char cn[256], second[256];
	size_t cn_len = sizeof(cn), second_len = sizeof(second);
	int r = import_crq(csr_pem, len, &crq, err);

	if (r < 0)
		return r;
	if (gnutls_x509_crq_get_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &cn_len) <
		    0 ||
	    gnutls_x509_crq_get_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 1, 0, second,
					  &second_len) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
	    copy_cn(cn, cn_len, ret_cn) < 0)
		return mp_err_set(err, -EBADMSG,
				  "the certificate request has no common name of 1 to %d bytes",
				  CN_MAX);
	return 0;
}

int mp_x509_csr_sign(const char *ca_key_pem, const char *ca_cert_pem, const void *csr_pem,
		     size_t csr_len, const char *cn, int64_t from, unsigned days,
		     struct mp_buf *cert_pem, struct mp_err *err)
{
	auto_key gnutls_privkey_t ca_key = NULL;
	auto_crt gnutls_x509_crt_t ca = NULL, crt = NULL;
	auto_crq gnutls_x509_crq_t crq = NULL;
	auto_pubkey gnutls_pubkey_t public = NULL;
	int r = check_cn(cn, err), g;

	if (r == 0)
		r = import_key(ca_key_pem, &ca_key, err);
	if (r == 0)
		r = import_crt(ca_cert_pem, strlen(ca_cert_pem), &ca, err);
	if (r == 0)
		r = import_crq(csr_pem, csr_len, &crq, err);
	if (r < 0)
		return r;
	g = gnutls_pubkey_init(&public);
	if (g >= 0)
		g = gnutls_pubkey_import_x509_crq(public, crq, 0);
	if (g >= 0)
		g = gnutls_x509_crt_init(&crt);
	if (g >= 0)
		g = fill(crt, cn, from, days);
	if (g >= 0)
		g = fill_key(crt, public);
	if (g >= 0)
		g = fill_leaf(crt, GNUTLS_KP_TLS_WWW_CLIENT);
	if (g < 0)
		return mp_gnutls_err(err, -EIO, g, "cannot make a certificate");
	return issue(crt, ca, ca_key, cert_pem, err);
}

/* ---- reading certificates ---- */
int mp_x509_parse(const void *cert, size_t len, struct mp_x509_info *ret, struct mp_err *err)
{
	auto_crt gnutls_x509_crt_t crt = NULL;
	struct mp_x509_info info = {0};
	uint8_t digest[MP_SHA256_LEN];
	size_t digest_len = sizeof(digest);
	char cn[256];
	size_t cn_len = sizeof(cn);
	int r = import_crt(cert, len, &crt, err);

	if (r < 0)
		return r;
	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, cn, &cn_len) <
		    0 ||
	    copy_cn(cn, cn_len, info.cn) < 0)
		return mp_err_set(err, -EBADMSG,
				  "the certificate has no common name of 1 to %d bytes", CN_MAX);
	if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, digest, &digest_len) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	mp_hex_format(digest, sizeof(digest), info.fingerprint);
	info.not_before = gnutls_x509_crt_get_activation_time(crt);
	info.not_after = gnutls_x509_crt_get_expiration_time(crt);
	*ret = info;
	return 0;
}

int mp_x509_verify(const char *ca_pem, const void *cert, size_t len)
{
	auto_crt gnutls_x509_crt_t ca = NULL, crt = NULL;
	unsigned found = 0;

	if (import_crt(ca_pem, strlen(ca_pem), &ca, NULL) < 0 ||
	    import_crt(cert, len, &crt, NULL) < 0)
		return -EKEYREJECTED;
	if (gnutls_x509_crt_verify(crt, &ca, 1,
				   GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
					   GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS,
				   &found) < 0 ||
	    found != 0)
		return -EKEYREJECTED;
	return 0;
}
