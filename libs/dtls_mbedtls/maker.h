/* SPDX-License-Identifier: Apache-2.0
 * maker.h - for tests: an authority, and keys and certificates that are made when they are needed
 *
 *     auto_maker m = {0};
 *     struct shown device;
 *     ASSERT_OK(maker_init(&m));
 *     ASSERT_OK(make(&m, "CN=device-7", &device));
 *     credentials = show(&device, &m.ca);
 */
#pragma once

#include <errno.h>
#include <string.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "dtls/dtls.h"

#define MAKER_IS_3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)

struct shown {
	char certificate[2048], key[1024];
};

struct maker {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_pk_context ca_key;
	struct shown ca;
};

static inline int make_key(struct maker *m, mbedtls_pk_context *key, struct shown *ret)
{
	mbedtls_pk_init(key);
	if (mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0 ||
	    mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key),
				mbedtls_ctr_drbg_random, &m->random) != 0)
		return -EIO;
	return mbedtls_pk_write_key_pem(key, (unsigned char *)ret->key, sizeof(ret->key));
}

static inline int set_serial(mbedtls_x509write_cert *w)
{
#if MAKER_IS_3
	static unsigned char one[] = {1};

	return mbedtls_x509write_crt_set_serial_raw(w, one, sizeof(one));
#else
	mbedtls_mpi one;
	int r;

	mbedtls_mpi_init(&one);
	r = mbedtls_mpi_lset(&one, 1);
	if (r == 0)
		r = mbedtls_x509write_crt_set_serial(w, &one);
	mbedtls_mpi_free(&one);
	return r;
#endif
}

static inline int sign(struct maker *m, mbedtls_pk_context *key, const char *subject,
		       struct shown *ret)
{
	mbedtls_x509write_cert w;
	int r;

	mbedtls_x509write_crt_init(&w);
	mbedtls_x509write_crt_set_version(&w, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(&w, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(&w, key);
	mbedtls_x509write_crt_set_issuer_key(&w, &m->ca_key);
	r = mbedtls_x509write_crt_set_subject_name(&w, subject);
	if (r == 0)
		r = mbedtls_x509write_crt_set_issuer_name(&w, "CN=ca");
	if (r == 0)
		r = set_serial(&w);
	if (r == 0)
		r = mbedtls_x509write_crt_set_validity(&w, "20200101000000", "20991231235959");
	if (r == 0)
		r = mbedtls_x509write_crt_set_basic_constraints(&w, key == &m->ca_key, -1);
	if (r == 0)
		r = mbedtls_x509write_crt_pem(&w, (unsigned char *)ret->certificate,
					      sizeof(ret->certificate), mbedtls_ctr_drbg_random,
					      &m->random);
	mbedtls_x509write_crt_free(&w);
	return r;
}

static inline int maker_init(struct maker *m)
{
	mbedtls_entropy_init(&m->entropy);
	mbedtls_ctr_drbg_init(&m->random);
	if (mbedtls_ctr_drbg_seed(&m->random, mbedtls_entropy_func, &m->entropy, NULL, 0) != 0)
		return -EIO;
	return make_key(m, &m->ca_key, &m->ca) == 0 ? sign(m, &m->ca_key, "CN=ca", &m->ca) : -EIO;
}

static inline void maker_done(struct maker *m)
{
	mbedtls_pk_free(&m->ca_key);
	mbedtls_ctr_drbg_free(&m->random);
	mbedtls_entropy_free(&m->entropy);
}
#define auto_maker __attribute__((cleanup(maker_done))) struct maker

static inline int make(struct maker *m, const char *subject, struct shown *ret)
{
	mbedtls_pk_context key;
	int r = make_key(m, &key, ret);

	if (r == 0)
		r = sign(m, &key, subject, ret);
	mbedtls_pk_free(&key);
	return r == 0 ? 0 : -EIO;
}

static inline struct mp_dtls_credentials show(const struct shown *s, const struct shown *ca)
{
	return (struct mp_dtls_credentials){.kind = MP_DTLS_X509,
					    .certificate = s->certificate,
					    .certificate_len = strlen(s->certificate),
					    .private_key = s->key,
					    .private_key_len = strlen(s->key),
					    .ca = ca ? ca->certificate : NULL,
					    .ca_len = ca ? strlen(ca->certificate) : 0};
}
