/* SPDX-License-Identifier: Apache-2.0 */
#include <malloc.h>

#include "base/test.h"
#include "dtls_mbedtls/sample.h"

TEST(a_wrong_key_is_told_on_both_sides)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));
	struct mp_dtls_credentials c = sample_credentials("device-1");

	ASSERT(s);
	c.key = "another key, yes";
	ASSERT_OK(mp_dtls_connect(s->client.d, NULL, &s->server.address, &c, NULL,
				  &s->client.session));
	fake_run(&s->net, 1000);
	ASSERT_INT(1, s->server.refused);
	ASSERT_INT(MP_DTLS_WRONG_KEY, s->server.reason);
	ASSERT_INT(1, sample_counters(&s->server).ended[MP_DTLS_WRONG_KEY]);
	ASSERT_INT(1, s->client.closed);
	ASSERT_INT(MP_DTLS_ALERT, s->client.reason);
	ASSERT_INT(0, sample_counters(&s->server).handshakes_now);
}

TEST(an_unknown_identity_is_refused)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));
	struct mp_dtls_credentials c = sample_credentials("stranger");

	ASSERT(s);
	ASSERT_OK(mp_dtls_connect(s->client.d, NULL, &s->server.address, &c, NULL,
				  &s->client.session));
	fake_run(&s->net, 1000);
	ASSERT_INT(MP_DTLS_UNKNOWN_IDENTITY, s->server.reason);
	ASSERT_INT(MP_DTLS_ALERT, s->client.reason);
	ASSERT_INT(0, s->server.established);
}

TEST(a_client_alone_answers_no_hello)
{
	auto_sample *s = sample_new(sample_config(false), sample_config(false));

	ASSERT(s);
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 40000);
	ASSERT_INT(MP_DTLS_TIMEOUT, s->client.reason);
	ASSERT_INT(5, sample_counters(&s->server).dropped);
}

static struct sample *connected(struct mp_dtls_config server)
{
	struct sample *s = sample_new(server, sample_config(false));

	if (!s)
		return NULL;
	if (sample_connect(s) == 0)
		fake_run(&s->net, 1000);
	if (sample_ask(s, "first") == 0)
		return s;
	sample_free(s);
	return NULL;
}

/* The device has lost its state and its address is the same (RFC 6347, 4.2.8). */
static void begin_anew(struct sample *s)
{
	struct mp_dtls_session *old;

	fake_close(&s->client);
	ASSERT_OK(fake_open(&s->net, &s->client, 2, sample_config(false)));
	old = s->server.session;
	fake_forget(&s->net); /* new keys count from 0 */
	ASSERT_OK(sample_connect(s));
	for (int i = 0; i < 100 && s->server.established == 1; i++) {
		ASSERT_INT(0, s->server.closed);
		ASSERT(s->server.session == old);
		ASSERT_INT(1, sample_counters(&s->server).parked_now);
		fake_run(&s->net, 1);
	}
	ASSERT_INT(2, s->server.established);
	ASSERT_INT(1, s->server.closed);
	ASSERT_INT(MP_DTLS_REPLACED, s->server.reason);
	fake_run(&s->net, 100);
	ASSERT_OK(sample_ask(s, "new"));
	ASSERT_INT(1, sample_counters(&s->server).sessions_now);
	ASSERT_INT(0, s->net.repeated);
}

TEST(a_new_handshake_replaces_a_session_when_it_has_finished)
{
	auto_sample *s = connected(sample_config(true));

	ASSERT(s);
	begin_anew(s);
}

/* Somebody who sees the traffic can begin a handshake from the device's address, not finish it. */
TEST(a_handshake_that_does_not_finish_leaves_the_old_session_in_use)
{
	auto_sample *s = connected(sample_config(true));
	struct mp_dtls_credentials c = sample_credentials("device-1");
	struct fake_end thief;

	ASSERT(s);
	ASSERT_OK(fake_open(&s->net, &thief, 2, sample_config(false)));
	c.key = "another key, yes";
	ASSERT_OK(mp_dtls_connect(thief.d, NULL, &s->server.address, &c, NULL, &thief.session));
	for (int i = 0; i < 20; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", i);
		ASSERT_OK(mp_dtls_write(s->client.session, text, strlen(text)));
		fake_run(&s->net, 50);
		ASSERT_STR(text, s->client.text);
	}
	ASSERT_INT(0, s->server.closed);
	ASSERT_INT(1, sample_counters(&s->server).ended[MP_DTLS_WRONG_KEY]);
	fake_close(&thief);
}

static struct fake_packet hello; /* the client's last one */
static size_t answer_len;

static bool keep_hello(struct fake_net *n, const struct fake_packet *p)
{
	(void)n;
	if (p->from.port == 2)
		hello = *p;
	else
		answer_len = p->len;
	return p->from.port != 2 || p->data[13 + 5] != 0; /* only its first message arrives */
}

static bool keep_second_hello(struct fake_net *n, const struct fake_packet *p)
{
	(void)n;
	if (p->from.port == 2)
		hello = *p;
	return p->from.port == 2 && p->data[13 + 5] == 1;
}

TEST(ten_thousand_hellos_without_a_cookie_cost_no_memory_and_get_shorter_answers)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));
	size_t before;

	ASSERT(s);
	s->net.drop = keep_hello;
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 50);
	before = mallinfo2().uordblks;
	for (unsigned i = 0; i < 10000; i++) {
		hello.from.port = (uint16_t)(1000 + i);
		hello.from.ip[14] = (uint8_t)(i >> 8);
		memcpy(hello.data + 27, &i, sizeof(i)); /* its random */
		answer_len = 0;
		mp_dtls_receive(s->server.d, &hello.from, NULL, hello.data, hello.len);
		ASSERT(answer_len && answer_len < hello.len);
	}
	ASSERT_INT(before, mallinfo2().uordblks);
	ASSERT_INT(10001, sample_counters(&s->server).cookies);
	ASSERT_INT(0, sample_counters(&s->server).handshakes_started);
}

TEST(a_cookie_is_good_for_its_address_and_its_hello_alone)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));
	struct fake_packet p;

	ASSERT(s);
	s->net.drop = keep_second_hello;
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 50);
	p = hello;
	p.from.port = 77;
	mp_dtls_receive(s->server.d, &p.from, NULL, p.data, p.len);
	p = hello;
	p.data[30] ^= 1; /* its random */
	mp_dtls_receive(s->server.d, &p.from, NULL, p.data, p.len);
	ASSERT_INT(0, sample_counters(&s->server).handshakes_started);
	mp_dtls_receive(s->server.d, &hello.from, NULL, hello.data, hello.len);
	ASSERT_INT(1, sample_counters(&s->server).handshakes_started);
}

TEST(a_cookie_is_good_for_a_minute_and_not_for_two)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));

	ASSERT(s);
	s->net.drop = keep_second_hello;
	ASSERT_OK(sample_connect(s));
	fake_run(&s->net, 50);
	mp_dtls_tick(s->server.d, 59000);
	mp_dtls_receive(s->server.d, &hello.from, NULL, hello.data, hello.len);
	ASSERT_INT(1, sample_counters(&s->server).handshakes_started);
	mp_dtls_tick(s->server.d, 125000);
	mp_dtls_receive(s->server.d, &hello.from, NULL, hello.data, hello.len);
	ASSERT_INT(1, sample_counters(&s->server).handshakes_started);
}

/* Clients never get beyond the second hello's answer. */
static bool drop_answers(struct fake_net *n, const struct fake_packet *p)
{
	(void)n;
	return p->from.port == 1 && p->data[13] != 3;
}

/* With good cookies: they cost memory up to handshakes_max, and only old ones make room. */
TEST(half_open_handshakes_are_limited)
{
	struct mp_dtls_config config = sample_config(true);
	auto_sample *s = NULL;
	struct mp_dtls_credentials c = sample_credentials("device-2");
	struct fake_end more[5];

	config.handshakes_max = 3;
	s = sample_new(config, sample_config(false));
	ASSERT(s);
	s->net.drop = drop_answers;
	for (uint16_t i = 0; i < 5; i++) {
		ASSERT_OK(fake_open(&s->net, &more[i], 10 + i, sample_config(false)));
		ASSERT_OK(mp_dtls_connect(more[i].d, NULL, &s->server.address, &c, NULL,
					  &more[i].session));
	}
	fake_run(&s->net, 500);
	ASSERT_INT(3, sample_counters(&s->server).handshakes_now);
	ASSERT_INT(2, sample_counters(&s->server).refused);
	fake_run(&s->net, 8000);
	ASSERT_INT(3, sample_counters(&s->server).handshakes_now);
	ASSERT(sample_counters(&s->server).ended[MP_DTLS_CROWDED] >= 2);
	for (int i = 0; i < 5; i++)
		fake_close(&more[i]);
}

TEST(beyond_the_limit_a_known_address_may_begin_anew_and_for_others_a_silent_session_makes_room)
{
	struct mp_dtls_config config = sample_config(true);
	struct mp_dtls_credentials c = sample_credentials("device-2");
	auto_sample *s = NULL;
	struct fake_end other;

	config.sessions_max = 1;
	s = connected(config);
	ASSERT(s);
	begin_anew(s); /* whose old session makes room */
	ASSERT_INT(0, sample_counters(&s->server).ended[MP_DTLS_CROWDED]);
	ASSERT_OK(fake_open(&s->net, &other, 3, sample_config(false)));
	ASSERT_OK(mp_dtls_connect(other.d, NULL, &s->server.address, &c, NULL, &other.session));
	fake_run(&s->net, 500);
	ASSERT_INT(1, other.established);
	ASSERT_INT(MP_DTLS_CROWDED, s->server.reason);
	ASSERT_INT(1, sample_counters(&s->server).sessions_now);
	ASSERT_INT(0, sample_counters(&s->server).refused);
	fake_close(&other);
}

TEST(configurations_that_cannot_work_are_refused_with_a_sentence)
{
	struct mp_dtls_config c = sample_config(true);
	struct mp_dtls *d;
	struct mp_err err;

	ASSERT_ERR(-EINVAL, mp_dtls_new(&c, 0, &d, &err)); /* neither send nor deliver */
	c.send = fake_send;
	c.deliver = fake_deliver;
	c.psk = NULL;
	ASSERT_ERR(-EINVAL, mp_dtls_new(&c, 0, &d, &err));
	c.psk = sample_key;
	c.mtu = 100;
	ASSERT_ERR(-EINVAL, mp_dtls_new(&c, 0, &d, &err));
	c.mtu = 0;
	c.for_psk = NULL;
	ASSERT_ERR(-EINVAL, mp_dtls_new(&c, 0, &d, &err));
	c.for_x509 = &mp_dtls_mbedtls;
	c.own.certificate = "not a certificate";
	c.own.certificate_len = 17;
	ASSERT_ERR(-EBADMSG, mp_dtls_new(&c, 0, &d, &err));
	ASSERT(strstr(err.text, "certificate"));
}

TEST(data_longer_than_a_datagram_is_refused_and_the_session_goes_on)
{
	auto_sample *s = connected(sample_config(true));
	static char big[4096];
	size_t max;

	ASSERT(s);
	max = mp_dtls_write_max(s->client.d);
	ASSERT_ERR(-EMSGSIZE, mp_dtls_write(s->client.session, big, max + 1));
	ASSERT_OK(mp_dtls_write(s->client.session, big, max));
	ASSERT(s->net.last[0].len <= MP_DTLS_MTU);
	fake_run(&s->net, 100);
	ASSERT_OK(sample_ask(s, "next"));
}

TORTURE(a_handshake_with_parking_survives_want_of_memory)
{
	auto_sample *s = sample_new(sample_config(true), sample_config(false));
	int r;

	if (!s)
		return -ENOMEM;
	r = sample_connect(s);
	if (r < 0)
		return r;
	fake_run(&s->net, 200);
	if (!s->client.session || !s->client.established)
		return -ENOMEM;
	r = sample_ask(s, "hello");
	if (r == 0) {
		fake_run(&s->net, 15000);
		r = s->client.session ? sample_ask(s, "again") : -ENOMEM;
	}
	return r == -ETIMEDOUT || r == -EPIPE ? -ENOMEM : r;
}
