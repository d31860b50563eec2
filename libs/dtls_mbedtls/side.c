/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dtls_mbedtls/internal.h"

/* In our order of preference; the server's counts. Those with CBC cannot be parked: they come last. */
static const int suites_psk[] = {
	MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8,
	MBEDTLS_TLS_PSK_WITH_AES_128_CCM,
	MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256,
	MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256,
	0,
};
static const int suites_x509[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
	0,
};
static const int suites_both[] = {
	MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8,
	MBEDTLS_TLS_PSK_WITH_AES_128_CCM,
	MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
	MBEDTLS_TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256,
	MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256,
	0,
};

/* A handshake with the library's default list of curves takes a third longer. */
static void set_curves(mbedtls_ssl_config *conf)
{
#if IS_3
	static const uint16_t groups[] = {MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
					  MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
					  MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

	mbedtls_ssl_conf_groups(conf, groups);
	mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#else
	static const mbedtls_ecp_group_id curves[] = {
		MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_NONE};

	mbedtls_ssl_conf_curves(conf, curves);
	mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

int mp_dtls_mbedtls_random_init(struct random *r, struct mp_err *err)
{
	mbedtls_entropy_init(&r->entropy);
	mbedtls_ctr_drbg_init(&r->drbg);
	return mbedtls_ctr_drbg_seed(&r->drbg, mbedtls_entropy_func, &r->entropy, NULL, 0) == 0
		       ? 0
		       : mp_err_set(err, -EIO, "mbedTLS finds no random numbers");
}

void mp_dtls_mbedtls_random_done(struct random *r)
{
	mbedtls_ctr_drbg_free(&r->drbg);
	mbedtls_entropy_free(&r->entropy);
}

static int parse_key(mbedtls_pk_context *key, const unsigned char *data, size_t len,
		     struct random *random)
{
#if IS_3
	return mbedtls_pk_parse_key(key, data, len, NULL, 0, mbedtls_ctr_drbg_random,
				    &random->drbg);
#else
	(void)random;
	return mbedtls_pk_parse_key(key, data, len, NULL, 0);
#endif
}

/* PEM must end in a NUL that counts, DER must not. */
struct text {
	unsigned char *data;
	size_t len;
};

static int copy_text(const void *data, size_t len, struct text *ret)
{
	ret->data = calloc(1, len + 1);
	if (!ret->data)
		return -ENOMEM;
	memcpy(ret->data, data, len);
	ret->len = memmem(data, len, "-----BEGIN", 10) ? strlen((char *)ret->data) + 1 : len;
	return 0;
}

static void drop_text(struct text *t)
{
	if (t->data)
		explicit_bzero(t->data, t->len);
	free(t->data);
}
#define auto_text __attribute__((cleanup(drop_text))) struct text

static int read_certificate(mbedtls_x509_crt *crt, const void *data, size_t len, struct mp_err *err)
{
	auto_text t = {0};

	if (copy_text(data, len, &t) < 0)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	if (mbedtls_x509_crt_parse(crt, t.data, t.len) != 0)
		return mp_err_set(err, -EBADMSG, "A certificate for DTLS cannot be read");
	return 0;
}

static int read_key(struct side *s, struct random *random, const struct mp_dtls_credentials *c,
		    struct mp_err *err)
{
	auto_text t = {0};

	if (!c->private_key)
		return mp_err_set(err, -EINVAL, "A certificate for DTLS needs its private key");
	if (copy_text(c->private_key, c->private_key_len, &t) < 0)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	if (parse_key(&s->key, t.data, t.len, random) != 0)
		return mp_err_set(err, -EBADMSG, "A private key for DTLS cannot be read");
	if (mbedtls_ssl_conf_own_cert(&s->conf, &s->certificate, &s->key) != 0)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	return 0;
}

static int set_x509(struct side *s, const struct side_how *how, const struct mp_dtls_credentials *c,
		    struct mp_err *err)
{
	int r = 0;

	if (c->certificate) {
		r = read_certificate(&s->certificate, c->certificate, c->certificate_len, err);
		if (r == 0)
			r = read_key(s, how->random, c, err);
	}
	if (r == 0 && c->ca) {
		r = read_certificate(&s->ca, c->ca, c->ca_len, err);
		mbedtls_ssl_conf_ca_chain(&s->conf, &s->ca, NULL);
		s->has_ca = true;
	}
	/* Without a CA the library would refuse everybody; accept() is asked all the same. */
	mbedtls_ssl_conf_authmode(&s->conf, s->has_ca ? MBEDTLS_SSL_VERIFY_REQUIRED
						      : MBEDTLS_SSL_VERIFY_OPTIONAL);
	mbedtls_ssl_conf_verify(&s->conf, how->verify, how->user);
	return r;
}

static int set_psk(struct side *s, const struct mp_dtls_credentials *c, struct mp_err *err)
{
	int r = mbedtls_ssl_conf_psk(&s->conf, c->key, c->key_len, c->identity, c->identity_len);

	if (r == MBEDTLS_ERR_SSL_ALLOC_FAILED)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	if (r != 0)
		return mp_err_set(err, -EINVAL, "A key of %zu bytes is not for this library",
				  c->key_len);
	return 0;
}

static void set_suites(struct side *s, bool psk, bool x509)
{
	mbedtls_ssl_conf_ciphersuites(&s->conf, psk && x509 ? suites_both
						: psk	    ? suites_psk
							    : suites_x509);
}

int mp_dtls_mbedtls_side_init(struct side *s, const struct side_how *how,
			      const struct mp_dtls_credentials *c, struct mp_err *err)
{
	mbedtls_ssl_config_init(&s->conf);
	mbedtls_x509_crt_init(&s->certificate);
	mbedtls_x509_crt_init(&s->ca);
	mbedtls_pk_init(&s->key);
	if (mbedtls_ssl_config_defaults(
		    &s->conf, how->client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
		    how->stream ? MBEDTLS_SSL_TRANSPORT_STREAM : MBEDTLS_SSL_TRANSPORT_DATAGRAM,
		    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	mbedtls_ssl_conf_rng(&s->conf, mbedtls_ctr_drbg_random, &how->random->drbg);
	set_curves(&s->conf);
	mbedtls_ssl_conf_renegotiation(&s->conf, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	if (how->client)
		mbedtls_ssl_conf_session_tickets(&s->conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	else
		mbedtls_ssl_conf_cert_req_ca_list(&s->conf, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
	if (how->client) {
		set_suites(s, c->kind == MP_DTLS_PSK, c->kind == MP_DTLS_X509);
		return c->kind == MP_DTLS_PSK ? set_psk(s, c, err) : set_x509(s, how, c, err);
	}
	set_suites(s, how->psk, how->x509);
	return how->x509 ? set_x509(s, how, c, err) : 0;
}

void mp_dtls_mbedtls_side_done(struct side *s)
{
	mbedtls_ssl_config_free(&s->conf);
	mbedtls_x509_crt_free(&s->certificate);
	mbedtls_x509_crt_free(&s->ca);
	mbedtls_pk_free(&s->key);
}
