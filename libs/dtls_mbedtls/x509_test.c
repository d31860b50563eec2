/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls_mbedtls/maker.h"
#include "dtls_mbedtls/sample.h"

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
