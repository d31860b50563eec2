/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls_mbedtls/sample.h"

static struct sample *connected(struct mp_dtls_config server, struct mp_dtls_config client)
{
	struct sample *s = sample_new(server, client);

	if (!s)
		return NULL;
	if (sample_connect(s) == 0)
		fake_run(&s->net, 1000);
	if (sample_ask(s, "first") == 0)
		return s;
	sample_free(s);
	return NULL;
}

TEST(no_context_stays_after_the_first_record)
{
	auto_sample *s = connected(sample_config(true), sample_config(false));

	ASSERT(s);
	ASSERT_INT(1, sample_counters(&s->server).parked_now);
	ASSERT_INT(0, sample_counters(&s->server).handshakes_now);
	ASSERT_INT(0, sample_counters(&s->server).fixed_now);
	ASSERT_INT(1, sample_counters(&s->client).parked_now);
	ASSERT_INT(0, sample_counters(&s->client).handshakes_now);
}

/* Its first records come from the context, the next ones do not. */
TEST(a_server_that_speaks_first_repeats_no_number)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));

	ASSERT(s);
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 1000);
	for (int i = 0; i < 5; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", i);
		ASSERT_OK(mp_dtls_write(s->server.session, text, strlen(text)));
		fake_run(&s->net, 100);
		ASSERT_STR(text, s->client.text);
		ASSERT_INT(i >= 3, sample_counters(&s->server).parked_now);
		if (i == 2)
			ASSERT_OK(sample_ask(s, "first"));
	}
	ASSERT_INT(0, s->net.repeated);
}

TEST(a_parked_session_can_be_written_to)
{
	auto_sample *s = connected(sample_config(true), sample_config(false));

	ASSERT(s);
	for (int i = 0; i < 4; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", i);
		fake_run(&s->net, 15000);
		ASSERT_INT(1, sample_counters(&s->server).parked_now);
		ASSERT_OK(mp_dtls_write(s->server.session, text, strlen(text)));
		fake_run(&s->net, 100);
		ASSERT_STR(text, s->client.text);
	}
	ASSERT_INT(0, s->net.repeated);
}

TEST(what_was_read_before_parking_is_a_replay_after_it)
{
	auto_sample *s = connected(sample_config(true), sample_config(false));
	struct fake_packet heard[8];
	unsigned got;

	ASSERT(s);
	for (int i = 0; i < 8; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", i);
		ASSERT_OK(sample_ask(s, text));
		heard[i] = s->net.last[0];
	}
	got = s->server.got;
	for (int parked = 0; parked < 3; parked++) {
		for (int i = 0; i < 8; i++)
			fake_put(&s->net, &heard[i]);
		fake_run(&s->net, 100);
		ASSERT_INT(got, s->server.got);
		ASSERT_INT(8 * (parked + 1), sample_counters(&s->server).replayed);
		fake_run(&s->net, 15000);
	}
	ASSERT_OK(sample_ask(s, "after"));
	for (int i = 0; i < 8; i++)
		fake_put(&s->net, &heard[i]);
	fake_run(&s->net, 100);
	ASSERT_INT(got + 1, s->server.got);
}

static bool hold(struct fake_net *n, const struct fake_packet *p)
{
	(void)n;
	return p->from.port == 2;
}

TEST(an_older_record_that_was_not_seen_is_taken_once_after_parking)
{
	auto_sample *s = connected(sample_config(true), sample_config(false));
	struct fake_packet late;
	unsigned got;

	ASSERT(s);
	s->net.drop = hold;
	ASSERT_OK(mp_dtls_write(s->client.session, "late", 4));
	late = s->net.last[0];
	s->net.drop = NULL;
	ASSERT_OK(sample_ask(s, "newer"));
	fake_run(&s->net, 15000);
	ASSERT_INT(1, sample_counters(&s->server).parked_now);
	got = s->server.got;
	fake_put(&s->net, &late);
	fake_put(&s->net, &late);
	fake_run(&s->net, 100);
	ASSERT_INT(got + 1, s->server.got);
	ASSERT_STR("late", s->server.text);
	ASSERT_INT(1, sample_counters(&s->server).replayed);
}

TEST(forged_records_do_not_disturb_a_parked_session)
{
	auto_sample *s = connected(sample_config(true), sample_config(false));
	struct fake_packet forged;

	ASSERT(s);
	forged = s->net.last[0];
	fake_run(&s->net, 15000);
	for (unsigned i = 0; i < 200; i++) {
		forged.data[9] = (uint8_t)(1 + i); /* a number far ahead */
		forged.data[0] = (uint8_t)(MP_DTLS_ALERT_RECORD + i % 3);
		forged.data[forged.len - 1] = (uint8_t)i;
		fake_put(&s->net, &forged);
		fake_run(&s->net, 11);
		ASSERT_INT(1, sample_counters(&s->server).parked_now);
	}
	ASSERT_INT(200, sample_counters(&s->server).dropped);
	ASSERT_OK(sample_ask(s, "still here"));
	ASSERT_INT(0, s->server.closed);
	ASSERT_INT(0, s->net.repeated);
}

TEST(random_records_do_not_disturb_a_live_session)
{
	auto_sample *s = connected(sample_config(true), sample_config(false));

	ASSERT(s);
	fake_noise(&s->net, &s->server, &s->client, 3000);
	ASSERT_OK(sample_ask(s, "still here"));
	ASSERT_INT(1, s->server.established);
	ASSERT_INT(0, s->server.closed + s->client.closed);
}

TEST(what_is_told_apart_without_a_key_is_dropped)
{
	auto_sample *s = connected(sample_config(true), sample_config(false));
	struct fake_packet p, good;

	ASSERT(s);
	good = s->net.last[0];
	fake_run(&s->net, 15000);
	p = good;
	p.data[4] = 2; /* another epoch */
	fake_put(&s->net, &p);
	p.data[4] = 0;
	fake_put(&s->net, &p);
	p = good;
	p.data[9] = 7;
	p.data[12] = 15; /* shorter than a tag */
	p.len = 28;
	fake_put(&s->net, &p);
	p.data[0] = MP_DTLS_CHANGE_CIPHER_SPEC;
	fake_put(&s->net, &p);
	p = good;
	p.len--; /* not whole */
	p.data[9] = 7;
	fake_put(&s->net, &p);
	fake_run(&s->net, 100);
	ASSERT_INT(5, sample_counters(&s->server).dropped);
	ASSERT_OK(sample_ask(s, "still here"));
}

TEST(close_notify_ends_a_parked_session_on_both_sides)
{
	auto_sample *s = connected(sample_config(true), sample_config(false));

	ASSERT(s);
	fake_run(&s->net, 15000);
	mp_dtls_close(s->client.session);
	fake_run(&s->net, 100);
	ASSERT_INT(1, s->server.closed);
	ASSERT_INT(MP_DTLS_CLOSED, s->server.reason);
	ASSERT_INT(0, s->client.closed);
	ASSERT_INT(0, sample_counters(&s->server).sessions_now);
	ASSERT_INT(0, sample_counters(&s->server).parked_now);
	ASSERT_INT(0, sample_counters(&s->client).sessions_now);
	ASSERT_INT(0, s->net.repeated);
}

TEST(many_peers_are_all_served_without_a_context)
{
	auto_sample *s = NULL;
	struct fake_end more[6];

	s = connected(sample_config(true), sample_config(false));
	ASSERT(s);
	for (uint16_t i = 0; i < 6; i++) {
		struct mp_dtls_credentials c = sample_credentials("device-n");

		ASSERT_OK(fake_open(&s->net, &more[i], 10 + i, sample_config(false)));
		ASSERT_OK(mp_dtls_connect(more[i].d, NULL, &s->server.address, &c, NULL,
					  &more[i].session));
		fake_run(&s->net, 200);
	}
	for (int round = 0; round < 5; round++) {
		for (int i = 0; i < 6; i++) {
			char text[16];

			snprintf(text, sizeof(text), "%d of %d", i, round);
			ASSERT_OK(mp_dtls_write(more[i].session, text, strlen(text)));
			fake_run(&s->net, 50);
			ASSERT_STR(text, more[i].text);
		}
	}
	ASSERT_OK(sample_ask(s, "me too"));
	ASSERT_INT(7, sample_counters(&s->server).sessions_now);
	ASSERT_INT(7, sample_counters(&s->server).parked_now);
	ASSERT_INT(0, s->net.repeated);
	for (int i = 0; i < 6; i++)
		fake_close(&more[i]);
}

TEST(a_session_silent_for_too_long_ends)
{
	struct mp_dtls_config config = sample_config(true);
	auto_sample *s = NULL;

	config.session_seconds = 100;
	s = connected(config, sample_config(false));
	ASSERT(s);
	fake_run(&s->net, 90000);
	ASSERT_OK(sample_ask(s, "not yet"));
	fake_run(&s->net, 90000);
	ASSERT_INT(0, s->server.closed);
	fake_run(&s->net, 30000);
	ASSERT_INT(1, s->server.closed);
	ASSERT_INT(MP_DTLS_IDLE, s->server.reason);
}

TEST(parking_on_a_bad_network_loses_nothing_and_repeats_no_number)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		auto_sample *s = sample_new(sample_config(true), sample_config(false));

		ASSERT(s);
		s->net.seed = seed;
		s->net.repeat = s->net.late = 30;
		ASSERT_OK(sample_connect(s));
		fake_run(&s->net, 5000);
		s->net.loss = 40;
		for (int i = 0; i < 20; i++) {
			char text[16];

			snprintf(text, sizeof(text), "%d", i);
			ASSERT_OK(mp_dtls_write(s->server.session, "news", 4));
			ASSERT_OK(sample_ask(s, text));
			fake_run(&s->net, fake_dice(&s->net, 400));
		}
		ASSERT_INT(0, s->net.repeated);
	}
}
