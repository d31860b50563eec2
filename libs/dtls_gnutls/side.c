/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/abstract.h>

#include "dtls_gnutls/internal.h"

#define SUITES                                                                                     \
	"NONE:+VERS-DTLS1.2:+AES-128-CCM-8:+AES-128-GCM:+AES-128-CCM:+AEAD:+ECDHE-ECDSA:"          \
	"+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+GROUP-SECP256R1:+GROUP-SECP384R1:+COMP-NULL"

int mp_dtls_gnutls_priority(bool x509, bool rpk, gnutls_priority_t *ret)
{
	const char *text = SUITES ":+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK";

	if (x509)
		text = rpk ? SUITES ":+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK:"
				    "+CTYPE-CLI-X509:+CTYPE-SRV-X509"
			   : SUITES ":+CTYPE-CLI-X509:+CTYPE-SRV-X509";
	return gnutls_priority_init(ret, text, NULL) < 0 ? -ENOTSUP : 0;
}

static gnutls_x509_crt_fmt_t format_of(const void *data, size_t len)
{
	return memmem(data, len, "-----BEGIN", 10) ? GNUTLS_X509_FMT_PEM : GNUTLS_X509_FMT_DER;
}

static gnutls_datum_t datum(const void *data, size_t len)
{
	return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)data, .size = (unsigned)len};
}

static int set_x509(struct side *s, const struct mp_dtls_credentials *c, struct mp_err *err)
{
	gnutls_datum_t certificate = datum(c->certificate, c->certificate_len);
	gnutls_datum_t key = datum(c->private_key, c->private_key_len);
	gnutls_datum_t ca = datum(c->ca, c->ca_len);

	if (c->certificate && !c->private_key)
		return mp_err_set(err, -EINVAL, "A certificate for DTLS needs its private key");
	/* Both must be of one format here. */
	if (c->certificate &&
	    gnutls_certificate_set_x509_key_mem(s->credentials, &certificate, &key,
						format_of(certificate.data, certificate.size)) < 0)
		return mp_err_set(err, -EBADMSG,
				  "A certificate for DTLS or its private key cannot be read");
	if (!c->ca)
		return 0;
	if (gnutls_certificate_set_x509_trust_mem(s->credentials, &ca,
						  format_of(ca.data, ca.size)) <= 0)
		return mp_err_set(err, -EBADMSG, "A CA's certificate for DTLS cannot be read");
	s->has_ca = true;
	return 0;
}

/* Takes `key`, which is in the credentials afterwards. */
static int add_raw_key(struct side *s, gnutls_privkey_t key)
{
	gnutls_pcert_st *pcert = gnutls_malloc(sizeof(*pcert));
	gnutls_pubkey_t public = NULL;
	int r = pcert ? gnutls_pubkey_init(&public) : GNUTLS_E_MEMORY_ERROR;

	if (r == 0)
		r = gnutls_pubkey_import_privkey(public, key, GNUTLS_KEY_DIGITAL_SIGNATURE, 0);
	if (r == 0)
		r = gnutls_pcert_import_rawpk(pcert, public, 0); /* takes the public key */
	if (r < 0) {
		gnutls_pubkey_deinit(public);
		gnutls_free(pcert);
		gnutls_privkey_deinit(key);
		return r;
	}
	r = gnutls_certificate_set_key(s->credentials, NULL, 0, pcert, 1, key);
	if (r < 0) {
		gnutls_pcert_deinit(pcert);
		gnutls_privkey_deinit(key);
	}
	gnutls_free(pcert);
	return r < 0 ? r : 0;
}

static int set_raw_key(struct side *s, const struct mp_dtls_credentials *c, struct mp_err *err)
{
	gnutls_datum_t data = datum(c->private_key, c->private_key_len);
	gnutls_privkey_t key;

	if (!c->private_key)
		return mp_err_set(err, -EINVAL, "Raw public keys for DTLS need a private key");
	if (gnutls_privkey_init(&key) < 0)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	if (gnutls_privkey_import_x509_raw(key, &data, format_of(data.data, data.size), NULL, 0) <
	    0) {
		gnutls_privkey_deinit(key);
		return mp_err_set(err, -EBADMSG, "A private key for DTLS cannot be read");
	}
	if (add_raw_key(s, key) < 0)
		return mp_err_set(err, -EBADMSG, "A private key for DTLS cannot be used raw");
	return 0;
}

int mp_dtls_gnutls_side_init(struct side *s, const struct mp_dtls_credentials *c, bool x509,
			     bool rpk, struct mp_err *err)
{
	int r = 0;

	if (gnutls_certificate_allocate_credentials(&s->credentials) < 0)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	gnutls_certificate_set_verify_function(s->credentials, mp_dtls_gnutls_verify);
	if (c->peer_name && !(s->peer_name = strdup(c->peer_name)))
		return mp_err_set(err, -ENOMEM, "Memory is out");
	if (x509)
		r = set_x509(s, c, err);
	if (r == 0 && rpk)
		r = set_raw_key(s, c, err);
	return r;
}

void mp_dtls_gnutls_side_done(struct side *s)
{
	if (s->credentials)
		gnutls_certificate_free_credentials(s->credentials);
	free(s->peer_name);
}
