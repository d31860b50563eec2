/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls_mbedtls/sample.h"

/* Connect, again when a handshake ran out of time, and have `asks` questions answered. */
static int talk(struct sample *s, int asks)
{
	for (int i = 0; i < 600 && !s->client.established; i++) {
		int r = s->client.session ? 0 : sample_connect(s);

		if (r < 0)
			return r;
		fake_run(&s->net, 500);
	}
	for (int i = 0; i < asks; i++) {
		char text[16];
		int r;

		snprintf(text, sizeof(text), "ask %d", i);
		r = sample_ask(s, text);
		if (r < 0)
			return r;
	}
	return s->client.established ? 0 : -ETIMEDOUT;
}

TEST(handshake_and_data_survive_40_percent_of_loss_repetition_and_disorder)
{
	unsigned handshakes = 0, again = 0;

	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct mp_dtls_config server = sample_config(true), client = sample_config(false);
		auto_sample *s = NULL;

		server.handshake_seconds = client.handshake_seconds = 35;
		s = sample_new(server, client);
		ASSERT(s);
		s->net.seed = seed;
		s->net.loss = 40;
		s->net.repeat = 20;
		s->net.late = 30;
		if (talk(s, 6) < 0 && s->client.session)
			ASSERT_STR("", "an established session went silent");
		handshakes += s->client.established;
		/* A second handshake has new keys and counts from 0 again. */
		if (sample_counters(&s->client).handshakes_started == 1)
			ASSERT_INT(0, s->net.repeated);
		else
			again++;
	}
	ASSERT_INT(40, handshakes);
	ASSERT(again < 20);
}

static unsigned to_lose;
static uint16_t lose_from;

/* Lose so many datagrams of handshake records of epoch 1 (Finished), in one direction. */
static bool drop_finished(struct fake_net *n, const struct fake_packet *p)
{
	const uint8_t *data = p->data;
	size_t len = p->len;
	struct mp_dtls_record r;
	bool found = false;

	(void)n;
	while (mp_dtls_record_next(&data, &len, &r) == 0)
		found |= r.type == MP_DTLS_HANDSHAKE && mp_dtls_record_epoch(&r) == 1;
	if (!found || p->from.port != lose_from || to_lose == 0)
		return false;
	to_lose--;
	return true;
}

TEST(the_servers_last_flight_may_be_lost)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));

	ASSERT(s);
	to_lose = 3;
	lose_from = 1;
	s->net.drop = drop_finished;
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 500);
	ASSERT_INT(1, s->server.established);
	ASSERT_INT(0, s->client.established);
	fake_run(&s->net, 20000);
	ASSERT_INT(0, to_lose);
	ASSERT_INT(1, s->client.established);
	ASSERT_INT(1, s->server.established);
	ASSERT_OK(sample_ask(s, "hello"));
	ASSERT_INT(0, s->net.repeated);
}

TEST(the_clients_last_flight_may_be_lost)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));

	ASSERT(s);
	to_lose = 3;
	lose_from = 2;
	s->net.drop = drop_finished;
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 20000);
	ASSERT_INT(0, to_lose);
	ASSERT_INT(1, s->client.established);
	ASSERT_OK(sample_ask(s, "hello"));
	ASSERT_INT(0, s->net.repeated);
}

static bool drop_all(struct fake_net *n, const struct fake_packet *p)
{
	(void)n, (void)p;
	return true;
}

TEST(a_handshake_without_an_answer_runs_out_of_time)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));

	ASSERT(s);
	s->net.drop = drop_all;
	ASSERT_OK(sample_connect(s));
	ASSERT_ERR(-EBUSY, sample_connect(s));
	ASSERT_ERR(-ENOTCONN, mp_dtls_write(s->client.session, "x", 1));
	fake_run(&s->net, 29000);
	ASSERT_INT(0, s->client.closed);
	fake_run(&s->net, 2000);
	ASSERT_INT(1, s->client.closed);
	ASSERT_INT(MP_DTLS_TIMEOUT, s->client.reason);
	ASSERT_INT(5, s->net.sent); /* at 0, 1, 3, 7 and 15 s */
	ASSERT_INT(0, sample_counters(&s->client).handshakes_now);
}

TEST(a_client_that_says_nothing_after_its_handshake_is_let_go)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));

	ASSERT(s);
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 1000);
	ASSERT_INT(1, s->server.established);
	fake_run(&s->net, 31000);
	ASSERT_INT(1, s->server.closed);
	ASSERT_INT(MP_DTLS_TIMEOUT, s->server.reason);
	ASSERT_INT(0, sample_counters(&s->server).sessions_now);
}
