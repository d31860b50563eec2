/* SPDX-License-Identifier: Apache-2.0 */
#include "coap/endpoint.h"

#include "coap/fake_net.h"

static unsigned served, deferred, answered, outcomes[5];
static struct mp_coap_later *later;
static char order[256];

static void reset(void)
{
	served = deferred = answered = 0;
	later = NULL;
	order[0] = 0;
	memset(outcomes, 0, sizeof(outcomes));
}

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	(void)user;
	served++;
	if (mp_coap_path_is(rq->message, "later")) {
		deferred++;
		later = mp_coap_defer(rq->reply);
		return;
	}
	if (mp_coap_path_is(rq->message, "nothing"))
		return;
	response.payload = rq->payload_len ? (const void *)rq->payload : "hello";
	response.payload_len = rq->payload_len ? rq->payload_len : 5;
	response.format = 0;
	mp_coap_respond(rq->reply, &response);
}

static void note(void *user, const struct mp_coap_answer *a)
{
	answered++;
	outcomes[a->outcome]++;
	if (user)
		strncat(order, user, sizeof(order) - strlen(order) - 1);
}

static const struct mp_coap_config serving = {.serve = serve};

static int start(struct fake_net *net)
{
	int r = fake_host(net, 0, &serving);

	reset();
	return r < 0 ? r : fake_host(net, 1, &serving);
}

static int get(struct fake_net *net, const char *path, const char *name,
	       struct mp_coap_exchange **ret)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path);

	ask.handler = note;
	ask.user = (void *)name;
	return mp_coap_send(net->hosts[0].c, fake_remote(net, 1), &ask, ret);
}

static void is_hello(void *user, const struct mp_coap_answer *a)
{
	note(user, a);
	if (a->outcome != MP_COAP_ANSWERED)
		return;
	answered += a->code == MP_COAP_CONTENT && a->payload_len == 5 && a->format == 0 &&
				    memcmp(a->payload, "hello", 5) == 0
			    ? 10
			    : 0;
}

TEST(a_request_is_served_and_answered)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, "a/b");
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net));
	ask.handler = is_hello;
	ASSERT_OK(mp_coap_send(net.hosts[0].c, fake_remote(&net, 1), &ask, NULL));
	ASSERT_INT(0, answered);
	fake_run(&net, 1000);
	ASSERT_INT(11, answered);
	ASSERT_INT(1, net.hosts[0].sent);
	mp_coap_stats(net.hosts[0].c, &stats);
	ASSERT_INT(0, stats.remotes);
	ASSERT_INT(0, stats.exchanges_open);
	ASSERT(mp_coap_next_ms(net.hosts[0].c) == INT64_MAX);
}

TEST(what_nobody_answers_is_not_found)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net, "nothing", NULL, NULL));
	fake_run(&net, 1000);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
	ASSERT_INT(MP_COAP_NOT_FOUND, net.hosts[1].last[1]);
}

TEST(without_an_answer_it_is_repeated_four_times_and_times_out)
{
	FAKE_NET(net, .seed = 1, .loss = 100);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net, "a", NULL, NULL));
	fake_run(&net, 100000);
	ASSERT_INT(5, net.hosts[0].sent);
	ASSERT_INT(1, outcomes[MP_COAP_TIMED_OUT]);
}

static void lossy(unsigned loss, unsigned seed)
{
	FAKE_NET(net, .seed = 1, .loss = loss, .twice = 20, .late = 20);
	struct mp_coap_stats stats;

	net.seed = seed;
	ASSERT_OK(start(&net));
	for (int i = 0; i < 50; i++)
		ASSERT_OK(get(&net, "a", NULL, NULL));
	fake_run(&net, 10000000);
	ASSERT_INT(50, answered);
	ASSERT_INT(50, outcomes[MP_COAP_ANSWERED] + outcomes[MP_COAP_TIMED_OUT]);
	ASSERT(served >= outcomes[MP_COAP_ANSWERED] && served <= 50);
	if (loss < 30)
		ASSERT_INT(50, served);
	mp_coap_stats(net.hosts[0].c, &stats);
	ASSERT_INT(0, stats.remotes);
}

TEST(each_request_is_served_once_at_1_percent_loss)
{
	lossy(1, 11);
}
TEST(each_request_is_served_once_at_20_percent_loss)
{
	lossy(20, 12);
}
TEST(each_request_is_served_once_at_40_percent_loss)
{
	lossy(40, 13);
}

TEST(exchanges_with_a_remote_go_one_after_the_other)
{
	FAKE_NET(net, .seed = 1, .loss = 20, .late = 20);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net, "1", "1", NULL));
	ASSERT_OK(get(&net, "2", "2", NULL));
	ASSERT_OK(get(&net, "3", "3", NULL));
	ASSERT_INT(1, net.hosts[0].sent);
	fake_run(&net, 1000000);
	ASSERT_STR("123", order);
}

TEST(too_many_that_wait_are_refused)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	for (int i = 0; i < 64; i++)
		ASSERT_OK(get(&net, "a", NULL, NULL));
	ASSERT_ERR(-ENOBUFS, get(&net, "a", NULL, NULL));
	fake_run(&net, 100000);
	ASSERT_INT(64, answered);
}

TEST(a_cancelled_exchange_ends_at_once_and_the_next_goes)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_exchange *x;

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net, "1", "1", &x));
	ASSERT_OK(get(&net, "2", "2", NULL));
	mp_coap_cancel(x);
	ASSERT_INT(1, outcomes[MP_COAP_CANCELED]);
	fake_run(&net, 100000);
	ASSERT_STR("12", order);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
}

TEST(the_end_of_the_endpoint_cancels_what_is_open)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net, "1", "1", NULL));
	ASSERT_OK(get(&net, "2", "2", NULL));
	fake_done(&net);
	ASSERT_STR("12", order);
	ASSERT_INT(2, outcomes[MP_COAP_CANCELED]);
}

TEST(a_deferred_response_comes_by_itself)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net, "later", NULL, NULL));
	fake_run(&net, 60000);
	ASSERT_INT(1, deferred);
	ASSERT_INT(0, answered);
	ASSERT_INT(1, net.hosts[0].sent);
	mp_coap_respond_later(later, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
	fake_run(&net, 60000);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
	ASSERT_INT(2, net.hosts[1].sent);
	ASSERT_INT(0, MP_COAP_EMPTY);
}

TEST(a_deferred_response_after_the_end_is_no_harm)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net, "later", NULL, NULL));
	fake_run(&net, 1000);
	fake_done(&net);
	mp_coap_respond_later(later, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
	ASSERT_INT(1, outcomes[MP_COAP_CANCELED]);
}

static bool drop_acks(struct fake_net *net, int from, const uint8_t *data, size_t len)
{
	(void)net;
	return from == 1 && len == 4 && (data[0] & 0x30) == 0x20;
}

TEST(a_separate_response_stands_for_a_lost_acknowledgement)
{
	FAKE_NET(net, .seed = 1, .drop = drop_acks);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net, "later", NULL, NULL));
	fake_run(&net, 1000);
	mp_coap_respond_later(later, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
	fake_run(&net, 100000);
	ASSERT_INT(1, outcomes[MP_COAP_ANSWERED]);
	ASSERT_INT(2, net.hosts[0].sent); /* the request, the acknowledgement of its response */
}

static void serve_details(void *user, const struct mp_coap_request *rq)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CREATED);
	struct mp_coap_option o;

	(void)user;
	served += rq->format == 112 && rq->accept == 50 &&
		  mp_coap_find(rq->message, MP_COAP_URI_QUERY, &o) && o.len == 4 &&
		  memcmp(o.value, "ep=a", 4) == 0;
	response.location = "rd/7";
	response.max_age = 30;
	response.etag = (const uint8_t *)"tag";
	response.etag_len = 3;
	if (mp_coap_path_is(rq->message, "bad")) {
		response = MP_COAP_RESPONSE(MP_COAP_BAD_REQUEST);
		response.diagnostic = "no such thing";
	}
	mp_coap_respond(rq->reply, &response);
}

static void check_details(void *user, const struct mp_coap_answer *a)
{
	struct mp_coap_option path, etag;

	note(user, a);
	if (a->outcome != MP_COAP_ANSWERED)
		return;
	served += mp_coap_find(a->message, MP_COAP_LOCATION_PATH, &path) && path.len == 2 &&
		  mp_coap_find(a->message, MP_COAP_ETAG, &etag) && etag.len == 3 &&
		  fake_option(a->message, MP_COAP_MAX_AGE) == 30;
	served += a->code == MP_COAP_BAD_REQUEST && a->payload_len == 13;
}

static int format_seen;

static void serve_format(void *user, const struct mp_coap_request *rq)
{
	(void)user;
	format_seen = rq->format;
	mp_coap_respond(rq->reply, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
}

TEST(a_request_with_an_empty_payload_names_its_format)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_PUT, "3/0/15");

	format_seen = -1;
	ASSERT_OK(fake_host(&net, 0, &serving));
	ASSERT_OK(fake_host(&net, 1, &(struct mp_coap_config){.serve = serve_format}));
	ask.format = 0;
	ask.handler = note;
	ASSERT_OK(mp_coap_send(net.hosts[0].c, fake_remote(&net, 1), &ask, NULL));
	fake_run(&net, 1000);
	ASSERT_INT(0, format_seen);
}

TEST(options_come_through_both_ways)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_POST, "rd");
	struct mp_coap_exchange *x;
	size_t len = 0;

	reset();
	ASSERT_OK(fake_host(&net, 0, &serving));
	ASSERT_OK(fake_host(&net, 1, &(struct mp_coap_config){.serve = serve_details}));
	ask.queries = (const char *const[]){"ep=a", "lt=9", NULL};
	ask.format = 112;
	ask.accept = 50;
	ask.payload = "x";
	ask.payload_len = 1;
	ask.handler = check_details;
	ask.token = (const uint8_t *)"mine";
	ask.token_len = 4;
	ASSERT_OK(mp_coap_send(net.hosts[0].c, fake_remote(&net, 1), &ask, &x));
	ASSERT(memcmp(mp_coap_exchange_token(x, &len), "mine", 4) == 0 && len == 4);
	fake_run(&net, 1000);
	ASSERT_INT(2, served);
	ask.path = "bad";
	ASSERT_OK(mp_coap_send(net.hosts[0].c, fake_remote(&net, 1), &ask, NULL));
	fake_run(&net, 1000);
	ASSERT_INT(4, served);
	ASSERT(mp_coap_now(net.hosts[0].c) == net.now_ms);
}

TEST(a_deferred_response_to_what_needs_no_confirmation_needs_none)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, "later");

	ASSERT_OK(start(&net));
	ask.non_confirmable = true;
	ask.handler = note;
	ASSERT_OK(mp_coap_send(net.hosts[0].c, fake_remote(&net, 1), &ask, NULL));
	fake_run(&net, 1000);
	ASSERT_INT(0, net.hosts[1].sent);
	mp_coap_respond_later(later, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
	fake_run(&net, 10000);
	ASSERT_INT(1, answered);
	ASSERT_INT(1, net.hosts[1].sent);
	ASSERT_INT(1, net.hosts[0].sent);
}

TORTURE(a_request_survives_oom)
{
	FAKE_NET(net, .seed = 1);
	int r = start(&net);

	if (r == 0)
		r = get(&net, "a", NULL, NULL);
	fake_run(&net, 1000000);
	return r;
}
