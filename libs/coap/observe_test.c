/* SPDX-License-Identifier: Apache-2.0
 * observe_test.c - host 0 observes what host 1 has */
#include "coap/endpoint.h"

#include "coap/fake_net.h"

static uint8_t token[MP_COAP_TOKEN];
static size_t token_len;
static uint32_t number, last;
static int64_t last_ms;
static unsigned notified, outcomes[5], ends[5], stale;
static bool is_known, is_observed;
static char body[5000];
static size_t body_len, got;
static uint8_t refusal; /* of what is asked for later */

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct mp_coap_response response =
		MP_COAP_RESPONSE(refusal ? refusal : (uint8_t)MP_COAP_CONTENT);

	(void)user;
	response.payload = body;
	response.payload_len = body_len;
	if (rq->observe == 0) {
		is_observed = true;
		token_len = rq->message->token_len;
		memcpy(token, rq->message->token, token_len);
		response.observe = ++number;
	} else if (rq->observe == 1) {
		is_observed = false;
	}
	mp_coap_respond(rq->reply, &response);
}

static bool take(void *user, const struct mp_coap_answer *a)
{
	(void)user;
	if (!is_known)
		return false;
	if (a->message->token_len != 2 || memcmp(a->message->token, "ob", 2) != 0)
		return false;
	if (a->outcome != MP_COAP_ANSWERED || a->observe < 0) {
		ends[a->outcome]++;
		return true;
	}
	if (!mp_coap_observe_is_newer(last, last_ms, (uint32_t)a->observe, 0)) {
		stale++;
		return true;
	}
	last = (uint32_t)a->observe;
	notified++;
	got = a->payload_len;
	return memcmp(a->payload, body, a->payload_len) == 0;
}

static bool observed(void *user, const struct mp_coap_remote *from, const uint8_t *tok, size_t len,
		     struct mp_coap_ask *ret)
{
	(void)user;
	(void)from;
	ret->path = "a";
	return is_known && len == 2 && memcmp(tok, "ob", 2) == 0;
}

static void gone(void *user, enum mp_coap_outcome outcome)
{
	(void)user;
	outcomes[outcome]++;
}

static int observe(struct fake_net *net, int value)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, "a");

	ask.observe = value;
	ask.token = (const uint8_t *)"ob";
	ask.token_len = 2;
	return mp_coap_send(net->hosts[0].c, fake_remote(net, 1), &ask, NULL);
}

static int start(struct fake_net *net)
{
	int r = fake_host(
		net, 0,
		&(struct mp_coap_config){.serve = serve, .notified = take, .observed = observed});

	number = last = notified = stale = 0;
	last_ms = 0;
	memset(outcomes, 0, sizeof(outcomes));
	memset(ends, 0, sizeof(ends));
	is_known = true;
	is_observed = false;
	got = body_len = refusal = 0;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (char)(i * 7 + i / 64);
	if (r == 0)
		r = fake_host(net, 1, &(struct mp_coap_config){.serve = serve});
	if (r == 0)
		r = observe(net, 0);
	fake_run(net, 1000);
	return r < 0 ? r : is_observed ? 0 : -ENOMEM;
}

static int notify(struct fake_net *net, bool confirmable)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	response.payload = body;
	response.payload_len = body_len;
	response.observe = ++number;
	return mp_coap_notify(net->hosts[1].c, fake_remote(net, 0), token, token_len, confirmable,
			      &response, gone, NULL);
}

TEST(a_confirmable_notification_is_acknowledged)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	body_len = 10;
	ASSERT_OK(notify(&net, true));
	fake_run(&net, 1000);
	ASSERT_INT(1, notified);
	ASSERT_INT(10, got);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
}

TEST(a_notification_that_nobody_knows_is_reset_and_the_observer_gone)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	is_known = false;
	ASSERT_OK(notify(&net, true));
	ASSERT_OK(notify(&net, false));
	fake_run(&net, 1000);
	ASSERT_INT(2, outcomes[MP_COAP_WAS_RESET]);
	ASSERT_INT(0, notified);
}

TEST(a_notification_that_needs_no_confirmation_is_soon_forgotten)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net));
	ASSERT_OK(notify(&net, false));
	fake_run(&net, 20000);
	ASSERT_INT(1, notified);
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(0, stats.remotes);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
}

TEST(over_a_stream_a_notification_is_sent_once)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	net.hosts[0].seen.is_reliable = true;
	net.loss = 100;
	net.hosts[1].sent = 0;
	ASSERT_OK(notify(&net, true));
	fake_run(&net, 100000);
	ASSERT_INT(1, net.hosts[1].sent);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
}

TEST(an_observer_that_never_acknowledges_is_gone)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	net.loss = 100;
	ASSERT_OK(notify(&net, true));
	fake_run(&net, 100000);
	ASSERT_INT(1, outcomes[MP_COAP_TIMED_OUT]);
}

TEST(a_long_notification_is_fetched_whole)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net));
	net.loss = 20;
	body_len = sizeof(body);
	ASSERT_OK(notify(&net, true));
	fake_run(&net, 200000);
	ASSERT_INT(1, notified);
	ASSERT_INT(sizeof(body), got);
	ASSERT_INT(2, last);
	mp_coap_stats(net.hosts[0].c, &stats);
	ASSERT_INT(0, stats.exchanges_open);
	is_known = false;
	ASSERT_OK(notify(&net, true));
	fake_run(&net, 200000);
	ASSERT_INT(1, outcomes[MP_COAP_WAS_RESET]);
}

TEST(a_long_notification_whose_rest_cannot_be_had_is_told)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	body_len = sizeof(body);
	ASSERT_OK(notify(&net, true));
	fake_run(&net, 30); /* it has arrived */
	net.loss = 100;
	fake_run(&net, 200000);
	ASSERT_INT(0, notified);
	ASSERT_INT(1, ends[MP_COAP_TIMED_OUT]);
}

TEST(a_long_notification_whose_rest_is_refused_is_no_end)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	body_len = sizeof(body);
	refusal = MP_COAP_UNAVAILABLE;
	ASSERT_OK(notify(&net, true));
	fake_run(&net, 200000);
	ASSERT_INT(0, notified);
	ASSERT_INT(0, ends[MP_COAP_ANSWERED]);
	ASSERT_INT(1, ends[MP_COAP_BROKEN]);
}

TEST(without_a_way_to_fetch_the_rest_a_long_notification_is_acknowledged)
{
	FAKE_NET(net, .seed = 1);
	const struct mp_coap_config config = {.serve = serve, .notified = take};

	ASSERT_OK(start(&net));
	mp_coap_free(net.hosts[0].c);
	ASSERT_OK(fake_host(&net, 0, &config));
	body_len = sizeof(body);
	ASSERT_OK(notify(&net, true));
	fake_run(&net, 1000);
	ASSERT_INT(1, ends[MP_COAP_BROKEN]);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
}

TEST(an_error_ends_an_observation)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_NOT_FOUND);

	ASSERT_OK(start(&net));
	ASSERT_OK(mp_coap_notify(net.hosts[1].c, fake_remote(&net, 0), token, token_len, true,
				 &response, gone, NULL));
	fake_run(&net, 1000);
	ASSERT_INT(1, ends[MP_COAP_ANSWERED]);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
	ASSERT_OK(mp_coap_notify(net.hosts[1].c, fake_remote(&net, 0), token, token_len, false,
				 &response, NULL, NULL));
	fake_run(&net, 1000);
	ASSERT_INT(2, ends[MP_COAP_ANSWERED]);
}

TEST(notifications_are_taken_in_their_order_whatever_the_network_does)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	net.late = 50;
	net.twice = 20;
	for (int i = 0; i < 200; i++) {
		ASSERT_OK(notify(&net, i % 10 == 0));
		fake_run(&net, 300);
	}
	fake_run(&net, 100000);
	ASSERT(stale > 5);
	ASSERT(notified > 100);
	ASSERT_INT(200, notified + stale);
	ASSERT_INT(number, last);
}

TEST(freshness_is_modular_and_ends_with_time)
{
	ASSERT(mp_coap_observe_is_newer(1, 0, 2, 0));
	ASSERT(!mp_coap_observe_is_newer(2, 0, 2, 0));
	ASSERT(!mp_coap_observe_is_newer(2, 0, 1, 128000));
	ASSERT(mp_coap_observe_is_newer(2, 0, 1, 128001));
	ASSERT(mp_coap_observe_is_newer(0xffffff, 0, 0, 0));
	ASSERT(!mp_coap_observe_is_newer(0, 0, 0xffffff, 0));
}

TORTURE(notifying_survives_oom)
{
	FAKE_NET(net, .seed = 1);
	int r = start(&net);

	body_len = sizeof(body);
	if (r == 0)
		r = notify(&net, true);
	fake_run(&net, 300000);
	return r < 0 ? r : notified == 1 ? 0 : -ENOMEM;
}
