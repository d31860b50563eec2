/* SPDX-License-Identifier: Apache-2.0 */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>

#include "base/test.h"
#include "dtls_mbedtls/sample.h"

#define IS_3 (MBEDTLS_VERSION_NUMBER >= 0x03000000)

/* Keys and certificates are made when they are needed. */
struct shown {
	char certificate[2048], key[1024];
};

struct maker {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_pk_context ca_key;
	struct shown ca;
};

static int make_key(struct maker *m, mbedtls_pk_context *key, struct shown *ret)
{
	mbedtls_pk_init(key);
	if (mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) != 0 ||
	    mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key),
				mbedtls_ctr_drbg_random, &m->random) != 0)
		return -EIO;
	return mbedtls_pk_write_key_pem(key, (unsigned char *)ret->key, sizeof(ret->key));
}

static int set_serial(mbedtls_x509write_cert *w)
{
#if IS_3
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

static int sign(struct maker *m, mbedtls_pk_context *key, const char *subject, struct shown *ret)
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

static int maker_init(struct maker *m)
{
	mbedtls_entropy_init(&m->entropy);
	mbedtls_ctr_drbg_init(&m->random);
	if (mbedtls_ctr_drbg_seed(&m->random, mbedtls_entropy_func, &m->entropy, NULL, 0) != 0)
		return -EIO;
	return make_key(m, &m->ca_key, &m->ca) == 0 ? sign(m, &m->ca_key, "CN=ca", &m->ca) : -EIO;
}

static void maker_done(struct maker *m)
{
	mbedtls_pk_free(&m->ca_key);
	mbedtls_ctr_drbg_free(&m->random);
	mbedtls_entropy_free(&m->entropy);
}
#define auto_maker __attribute__((cleanup(maker_done))) struct maker

static int make(struct maker *m, const char *subject, struct shown *ret)
{
	mbedtls_pk_context key;
	int r = make_key(m, &key, ret);

	if (r == 0)
		r = sign(m, &key, subject, ret);
	mbedtls_pk_free(&key);
	return r == 0 ? 0 : -EIO;
}

static struct mp_dtls_credentials show(const struct shown *s, const struct shown *ca)
{
	return (struct mp_dtls_credentials){.kind = MP_DTLS_X509,
					    .certificate = s->certificate,
					    .certificate_len = strlen(s->certificate),
					    .private_key = s->key,
					    .private_key_len = strlen(s->key),
					    .ca = ca ? ca->certificate : NULL,
					    .ca_len = ca ? strlen(ca->certificate) : 0};
}

static int refuse(void *user, const struct mp_dtls_identity *who, const void *der, size_t len)
{
	(void)user, (void)der, (void)len;
	return strcmp(who->text, "server") == 0 ? 0 : -EKEYREJECTED;
}

static int welcome(void *user, const struct mp_dtls_identity *who, const void *der, size_t len)
{
	(void)user;
	return who->kind == MP_DTLS_X509 && who->sha256 && der && len > 100 ? 0 : -EKEYREJECTED;
}

/* Both sides show a certificate of `m`; accept() is the server's. */
static struct sample *meet(struct maker *m, const struct shown *ca,
			   int (*accept)(void *, const struct mp_dtls_identity *, const void *,
					 size_t))
{
	struct mp_dtls_config server = {.for_x509 = &mp_dtls_mbedtls, .server = true},
			      client = {.for_x509 = &mp_dtls_mbedtls};
	struct mp_dtls_credentials c;
	struct shown s, d;
	struct sample *sample;

	if (make(m, "CN=server", &s) < 0 || make(m, "O=fleet,CN=device-7", &d) < 0)
		return NULL;
	server.own = show(&s, ca);
	server.accept = accept;
	sample = sample_new(server, client);
	c = show(&d, &m->ca);
	if (!sample)
		return NULL;
	if (mp_dtls_connect(sample->client.d, NULL, &sample->server.address, &c, NULL,
			    &sample->client.session) == 0)
		fake_run(&sample->net, 2000);
	return sample;
}

TEST(certificates_are_verified_and_their_sessions_parked)
{
	auto_maker m = {0};
	auto_sample *s = NULL;
	struct mp_dtls_identity who;

	ASSERT_OK(maker_init(&m));
	s = meet(&m, &m.ca, NULL);
	ASSERT(s);
	ASSERT_INT(1, s->server.established);
	ASSERT_INT(1, s->client.established);
	ASSERT_STR("device-7", s->server.who);
	ASSERT_STR("server", s->client.who);
	for (int i = 0; i < 3; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", i);
		ASSERT_OK(sample_ask(s, text));
		fake_run(&s->net, 15000);
		ASSERT_INT(1, sample_counters(&s->server).parked_now);
		ASSERT_INT(1, sample_counters(&s->client).parked_now);
	}
	mp_dtls_session_identity(s->server.session, &who);
	ASSERT_INT(MP_DTLS_X509, who.kind);
	ASSERT(who.sha256);
	ASSERT_INT(0, s->net.repeated);
}

TEST(a_certificate_of_another_authority_is_refused_with_an_alert)
{
	auto_maker m = {0}, other = {0};
	auto_sample *s = NULL;

	ASSERT_OK(maker_init(&m));
	ASSERT_OK(maker_init(&other));
	s = meet(&m, &other.ca, welcome);
	ASSERT(s);
	ASSERT_INT(0, s->server.established);
	ASSERT_INT(MP_DTLS_NOT_TRUSTED, s->server.reason);
	ASSERT_INT(MP_DTLS_ALERT, s->client.reason);
}

TEST(a_verified_certificate_may_still_be_unwelcome)
{
	auto_maker m = {0};
	auto_sample *s = NULL;

	ASSERT_OK(maker_init(&m));
	s = meet(&m, &m.ca, refuse);
	ASSERT(s);
	ASSERT_INT(0, s->server.established);
	ASSERT_INT(MP_DTLS_NOT_TRUSTED, s->server.reason);
}

TEST(without_an_authority_the_application_alone_decides)
{
	auto_maker m = {0};
	auto_sample *yes = NULL, *no = NULL, *unasked = NULL;

	ASSERT_OK(maker_init(&m));
	yes = meet(&m, NULL, welcome);
	no = meet(&m, NULL, refuse);
	unasked = meet(&m, NULL, NULL);
	ASSERT(yes && no && unasked);
	ASSERT_INT(1, yes->server.established);
	ASSERT_INT(0, no->server.established);
	ASSERT_INT(MP_DTLS_NOT_TRUSTED, no->server.reason);
	ASSERT_INT(0, unasked->server.established);
}

TEST(a_server_of_another_name_is_refused)
{
	struct mp_dtls_config server = {.for_x509 = &mp_dtls_mbedtls, .server = true},
			      client = {.for_x509 = &mp_dtls_mbedtls};
	const char *names[] = {"server", "other"};
	struct mp_dtls_credentials c;
	struct shown s, d;
	auto_maker m = {0};

	ASSERT_OK(maker_init(&m));
	ASSERT_OK(make(&m, "CN=server", &s));
	ASSERT_OK(make(&m, "CN=device", &d));
	server.own = show(&s, &m.ca);
	for (int i = 0; i < 2; i++) {
		auto_sample *pair = sample_new(server, client);

		ASSERT(pair);
		c = show(&d, &m.ca);
		c.peer_name = names[i];
		ASSERT_OK(mp_dtls_connect(pair->client.d, NULL, &pair->server.address, &c, NULL,
					  &pair->client.session));
		fake_run(&pair->net, 2000);
		ASSERT_INT(i == 0, pair->client.established);
		ASSERT_INT(i, pair->client.closed);
	}
}
