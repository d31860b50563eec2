/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "dtls_mbedtls/sample.h"

TEST(a_client_and_a_server_talk)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));

	ASSERT(s);
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 1000);
	ASSERT_INT(1, s->server.established);
	ASSERT_INT(1, s->client.established);
	ASSERT_STR("device-1", s->server.who);
	ASSERT_OK(sample_ask(s, "hello"));
	ASSERT_OK(sample_ask(s, "again"));
	ASSERT_INT(0, s->net.repeated);
	ASSERT_INT(1, sample_counters(&s->server).cookies);
}

TEST(a_session_is_parked_with_its_first_record_and_goes_on)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));

	ASSERT(s);
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 1000);
	ASSERT_INT(0, sample_counters(&s->server).parked_now);
	ASSERT_INT(1, sample_counters(&s->client).parked_now);
	ASSERT_OK(sample_ask(s, "hello"));
	for (int i = 0; i < 5; i++) {
		char text[16];

		fake_run(&s->net, 20000);
		ASSERT_INT(1, sample_counters(&s->server).parked_now);
		ASSERT_INT(1, sample_counters(&s->client).parked_now);
		snprintf(text, sizeof(text), "%d", i);
		ASSERT_OK(sample_ask(s, text));
	}
	ASSERT_INT(0, s->net.repeated);
}
