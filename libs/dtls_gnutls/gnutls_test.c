/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/test.h"
#include "dtls/fake_net.h"
#include "dtls_gnutls/dtls_gnutls.h"

/* Keys are made when they are needed. */
struct key {
	gnutls_x509_privkey_t key;
	gnutls_datum_t pem;
};

static void key_init(struct key *k)
{
	if (gnutls_x509_privkey_init(&k->key) < 0 ||
	    gnutls_x509_privkey_generate(k->key, GNUTLS_PK_ECDSA,
					 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0) < 0 ||
	    gnutls_x509_privkey_export2(k->key, GNUTLS_X509_FMT_PEM, &k->pem) < 0)
		abort();
}

static void key_done(struct key *k)
{
	gnutls_x509_privkey_deinit(k->key);
	gnutls_free(k->pem.data);
}
#define auto_key __attribute__((cleanup(key_done))) struct key

/* A certificate for `k`, signed by `ca`, which signed itself when it is the same; freed by the caller. */
static gnutls_datum_t make_certificate(const char *name, struct key *k, gnutls_x509_crt_t issuer,
				       struct key *ca, gnutls_x509_crt_t *ret)
{
	gnutls_datum_t pem = {0};
	gnutls_x509_crt_t crt;

	if (gnutls_x509_crt_init(&crt) < 0 || gnutls_x509_crt_set_version(crt, 3) < 0 ||
	    gnutls_x509_crt_set_serial(crt, name, strlen(name)) < 0 ||
	    gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600) < 0 ||
	    gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600) < 0 ||
	    gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
					  (unsigned)strlen(name)) < 0 ||
	    gnutls_x509_crt_set_ca_status(crt, issuer == NULL) < 0 ||
	    gnutls_x509_crt_set_key(crt, k->key) < 0 ||
	    gnutls_x509_crt_sign2(crt, issuer ? issuer : crt, ca->key, GNUTLS_DIG_SHA256, 0) < 0 ||
	    gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem) < 0)
		abort();
	if (ret)
		*ret = crt;
	else
		gnutls_x509_crt_deinit(crt);
	return pem;
}

static int refuse(void *user, const struct mp_dtls_identity *who, const void *der, size_t len)
{
	(void)user, (void)who, (void)der, (void)len;
	return -EKEYREJECTED;
}

static int welcome(void *user, const struct mp_dtls_identity *who, const void *der, size_t len)
{
	(void)user, (void)der;
	return who->sha256 && who->len && len > 64 ? 0 : -EKEYREJECTED;
}

static struct mp_dtls_config rpk_config(const struct key *k, bool server)
{
	struct mp_dtls_config c = {.for_rpk = &mp_dtls_gnutls, .server = server, .accept = welcome};

	c.retransmit_ms = 20;
	if (!server)
		return c;
	c.own.private_key = k->pem.data;
	c.own.private_key_len = k->pem.size;
	return c;
}

static struct mp_dtls_credentials rpk_credentials(const struct key *k)
{
	return (struct mp_dtls_credentials){
		.kind = MP_DTLS_RPK, .private_key = k->pem.data, .private_key_len = k->pem.size};
}

struct sample {
	struct fake_net net;
	struct fake_end server, client;
};

static void sample_done(struct sample *s)
{
	fake_close(&s->server);
	fake_close(&s->client);
}

/* The library's timers go by the real clock: let the two go together. */
static void run_slowly(struct fake_net *n, int64_t ms)
{
	for (int64_t t = 0; t < ms; t += 10) {
		usleep(10000);
		fake_run(n, 10);
	}
}

static void open_sample(struct sample *s, struct mp_dtls_config server,
			struct mp_dtls_config client)
{
	*s = (struct sample){.net.seed = 3};
	if (fake_open(&s->net, &s->server, 1, server) < 0 ||
	    fake_open(&s->net, &s->client, 2, client) < 0)
		abort();
	s->server.echo = true;
}

static int connect_sample(struct sample *s, const struct mp_dtls_credentials *c)
{
	return mp_dtls_connect(s->client.d, NULL, &s->server.address, c, NULL, &s->client.session);
}

static struct sample sample;
#define SAMPLE(s) __attribute__((cleanup(close_sample))) struct sample *s = &sample
static void close_sample(struct sample **s)
{
	sample_done(*s);
}

TEST(raw_public_keys_are_enough_on_both_sides)
{
	auto_key a = {0}, b = {0};
	struct mp_dtls_credentials c;
	struct mp_dtls_identity who;
	SAMPLE(s);

	key_init(&a);
	key_init(&b);
	open_sample(s, rpk_config(&a, true), rpk_config(NULL, false));
	c = rpk_credentials(&b);
	ASSERT_OK(connect_sample(s, &c));
	fake_run(&s->net, 2000);
	ASSERT_INT(1, s->server.established);
	ASSERT_INT(1, s->client.established);
	mp_dtls_session_identity(s->server.session, &who);
	ASSERT_INT(MP_DTLS_RPK, who.kind);
	ASSERT_INT(64, who.len);
	ASSERT(who.sha256);
	ASSERT_OK(mp_dtls_write(s->client.session, "hello", 5));
	fake_run(&s->net, 100);
	ASSERT_STR("hello", s->client.text);
	ASSERT_INT(0, s->net.repeated);
}

TEST(random_records_do_not_disturb_a_session)
{
	auto_key a = {0}, b = {0};
	struct mp_dtls_credentials c;
	SAMPLE(s);

	key_init(&a);
	key_init(&b);
	open_sample(s, rpk_config(&a, true), rpk_config(NULL, false));
	c = rpk_credentials(&b);
	ASSERT_OK(connect_sample(s, &c));
	fake_run(&s->net, 2000);
	ASSERT_OK(mp_dtls_write(s->client.session, "hello", 5));
	fake_run(&s->net, 100);
	fake_noise(&s->net, &s->server, &s->client, 3000);
	ASSERT_OK(mp_dtls_write(s->client.session, "still here", 10));
	fake_run(&s->net, 100);
	ASSERT_STR("still here", s->client.text);
}

TEST(a_raw_key_that_is_not_welcome_is_refused)
{
	auto_key a = {0}, b = {0};
	struct mp_dtls_credentials c;
	struct mp_dtls_config server;
	SAMPLE(s);

	key_init(&a);
	key_init(&b);
	server = rpk_config(&a, true);
	server.accept = refuse;
	open_sample(s, server, rpk_config(NULL, false));
	c = rpk_credentials(&b);
	ASSERT_OK(connect_sample(s, &c));
	fake_run(&s->net, 2000);
	ASSERT_INT(1, s->server.refused);
	ASSERT_INT(MP_DTLS_NOT_TRUSTED, s->server.reason);
	ASSERT_INT(1, s->client.closed);
	ASSERT_INT(MP_DTLS_ALERT, s->client.reason);
}

TEST(a_raw_key_handshake_survives_loss)
{
	auto_key a = {0}, b = {0};
	struct mp_dtls_credentials c;
	SAMPLE(s);

	key_init(&a);
	key_init(&b);
	open_sample(s, rpk_config(&a, true), rpk_config(NULL, false));
	s->net.loss = 25;
	s->net.late = s->net.repeat = 10;
	c = rpk_credentials(&b);
	ASSERT_OK(connect_sample(s, &c));
	for (int i = 0; i < 50 && !(s->client.established && s->server.established); i++)
		run_slowly(&s->net, 100);
	ASSERT_INT(1, s->client.established);
	ASSERT_INT(1, s->server.established);
	s->net.loss = 0;
	ASSERT_OK(mp_dtls_write(s->client.session, "hello", 5));
	fake_run(&s->net, 1000);
	ASSERT_STR("hello", s->client.text);
	ASSERT_INT(0, s->net.repeated);
}

TEST(the_last_flight_of_a_raw_key_handshake_may_be_lost)
{
	auto_key a = {0}, b = {0};
	struct mp_dtls_credentials c;
	SAMPLE(s);

	key_init(&a);
	key_init(&b);
	open_sample(s, rpk_config(&a, true), rpk_config(NULL, false));
	c = rpk_credentials(&b);
	ASSERT_OK(connect_sample(s, &c));
	for (int i = 0; i < 100 && !s->server.established; i++)
		fake_run(&s->net, 1);
	ASSERT_INT(1, s->server.established);
	ASSERT_INT(0, s->client.established);
	s->net.count = 0; /* what is on its way */
	run_slowly(&s->net, 300);
	ASSERT_INT(1, s->client.established);
}

struct authority {
	struct key key, server_key, client_key;
	gnutls_x509_crt_t crt;
	gnutls_datum_t ca, server, client;
};

static void authority_init(struct authority *a)
{
	key_init(&a->key);
	key_init(&a->server_key);
	key_init(&a->client_key);
	a->ca = make_certificate("ca", &a->key, NULL, &a->key, &a->crt);
	a->server = make_certificate("server", &a->server_key, a->crt, &a->key, NULL);
	a->client = make_certificate("device-7", &a->client_key, a->crt, &a->key, NULL);
}

static void authority_done(struct authority *a)
{
	key_done(&a->key);
	key_done(&a->server_key);
	key_done(&a->client_key);
	gnutls_x509_crt_deinit(a->crt);
	gnutls_free(a->ca.data);
	gnutls_free(a->server.data);
	gnutls_free(a->client.data);
}
#define auto_authority __attribute__((cleanup(authority_done))) struct authority

static struct mp_dtls_credentials show(const struct authority *a, const struct authority *trust,
				       bool server)
{
	const gnutls_datum_t *crt = server ? &a->server : &a->client;
	const gnutls_datum_t *key = server ? &a->server_key.pem : &a->client_key.pem;

	return (struct mp_dtls_credentials){.kind = MP_DTLS_X509,
					    .certificate = crt->data,
					    .certificate_len = crt->size,
					    .private_key = key->data,
					    .private_key_len = key->size,
					    .ca = trust->ca.data,
					    .ca_len = trust->ca.size};
}

TEST(certificates_of_one_authority_trust_each_other)
{
	auto_authority a = {0};
	struct mp_dtls_config server = {.for_x509 = &mp_dtls_gnutls, .server = true};
	struct mp_dtls_credentials c;
	SAMPLE(s);

	authority_init(&a);
	server.own = show(&a, &a, true);
	open_sample(s, server, (struct mp_dtls_config){.for_x509 = &mp_dtls_gnutls});
	c = show(&a, &a, false);
	ASSERT_OK(connect_sample(s, &c));
	fake_run(&s->net, 2000);
	ASSERT_INT(1, s->server.established);
	ASSERT_STR("device-7", s->server.who);
	ASSERT_STR("server", s->client.who);
	ASSERT_OK(mp_dtls_write(s->client.session, "hello", 5));
	fake_run(&s->net, 100);
	ASSERT_STR("hello", s->client.text);
}

TEST(a_certificate_of_another_authority_is_refused)
{
	auto_authority a = {0}, other = {0};
	struct mp_dtls_config server = {.for_x509 = &mp_dtls_gnutls, .server = true};
	struct mp_dtls_credentials c;
	SAMPLE(s);

	authority_init(&a);
	authority_init(&other);
	server.own = show(&a, &other, true);
	open_sample(s, server, (struct mp_dtls_config){.for_x509 = &mp_dtls_gnutls});
	c = show(&a, &a, false);
	ASSERT_OK(connect_sample(s, &c));
	fake_run(&s->net, 2000);
	ASSERT_INT(0, s->server.established);
	ASSERT_INT(MP_DTLS_NOT_TRUSTED, s->server.reason);
}

TEST(sessions_that_cannot_be_parked_make_room_for_newer_ones)
{
	auto_key a = {0}, b = {0};
	struct mp_dtls_credentials c;
	struct mp_dtls_config server;
	struct fake_end other;
	SAMPLE(s);

	key_init(&a);
	key_init(&b);
	server = rpk_config(&a, true);
	server.fixed_max = 1;
	open_sample(s, server, rpk_config(NULL, false));
	ASSERT_OK(fake_open(&s->net, &other, 3, rpk_config(NULL, false)));
	c = rpk_credentials(&b);
	ASSERT_OK(connect_sample(s, &c));
	ASSERT_OK(mp_dtls_connect(other.d, NULL, &s->server.address, &c, NULL, &other.session));
	fake_run(&s->net, 2000);
	ASSERT_OK(mp_dtls_write(s->client.session, "a", 1));
	fake_run(&s->net, 100);
	ASSERT_OK(mp_dtls_write(other.session, "b", 1));
	fake_run(&s->net, 100);
	ASSERT_INT(1, s->server.closed);
	ASSERT_INT(MP_DTLS_CROWDED, s->server.reason);
	ASSERT_STR("b", other.text);
	fake_close(&other);
}
