/* SPDX-License-Identifier: Apache-2.0
 * transfer_test.c - long bodies between two endpoints, over a bad network */
#include "coap/endpoint.h"

#include <malloc.h>

#include "coap/fake_net.h"

#define LONG 100000
#define HUGE (100u << 20)

struct state {
	uint8_t *body; /* LONG bytes */
	unsigned served, answered, whole, done, sink_done;
	enum mp_coap_outcome outcome;
	uint8_t code;
	uint64_t sunk;
	size_t got;
};
static struct state s;

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at * 31 + (at >> 10));
}

static int source_read(void *user, uint64_t offset, void *data, size_t room)
{
	uint8_t *p = data;

	(void)user;
	for (size_t i = 0; i < room; i++)
		p[i] = pattern(offset + i);
	return (int)room;
}

static void source_done(void *user)
{
	(void)user;
	s.done++;
}

static const struct mp_coap_source huge = {HUGE, source_read, source_done, NULL};

static bool is_pattern(uint64_t offset, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++) {
		if (p[i] != pattern(offset + i))
			return false;
	}
	return true;
}

static int sink_write(void *user, uint64_t offset, const void *data, size_t len, bool more)
{
	(void)user;
	(void)more;
	if (offset != s.sunk || !is_pattern(offset, data, len))
		return MP_COAP_BAD_REQUEST;
	s.sunk += len;
	return 0;
}

static void sink_end(void *user, bool whole)
{
	(void)user;
	s.sink_done++;
	s.whole += whole;
}

static bool sink(void *user, const struct mp_coap_request *first, struct mp_coap_sink *ret)
{
	(void)user;
	if (!mp_coap_path_is(first->message, "stream"))
		return false;
	*ret = (struct mp_coap_sink){sink_write, sink_end, NULL};
	s.sunk = 0;
	return true;
}

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	(void)user;
	s.served++;
	if (rq->message->code == MP_COAP_GET && mp_coap_path_is(rq->message, "stream")) {
		response.source = &huge;
	} else if (rq->message->code == MP_COAP_GET) {
		if (mp_coap_path_is(rq->message, "changing"))
			s.body[0]++;
		response.payload = s.body;
		response.payload_len = LONG;
		response.format = 42;
		response.observe = rq->observe == 0 ? 7 : -1;
	} else {
		response.code = MP_COAP_CHANGED;
		s.got = rq->payload_len;
		s.whole += is_pattern(0, rq->payload, rq->payload_len);
		if (mp_coap_path_is(rq->message, "both")) {
			response.payload = rq->payload;
			response.payload_len = rq->payload_len;
		}
	}
	mp_coap_respond(rq->reply, &response);
}

static void note(void *user, const struct mp_coap_answer *a)
{
	(void)user;
	s.answered++;
	s.outcome = a->outcome;
	s.code = a->code;
	if (a->outcome == MP_COAP_ANSWERED)
		s.got = a->payload_len;
	if (a->outcome == MP_COAP_ANSWERED && a->payload_len > 1)
		s.whole += is_pattern(1, a->payload + 1, a->payload_len - 1);
}

static int start(struct fake_net *net)
{
	const struct mp_coap_config serving = {
		.serve = serve,
		.sink = sink,
		/* more and sooner than RFC 7252 has it, for a loss that no body would survive */
		.ack_timeout_ms = net->loss >= 40 ? 50 : 0,
		.max_retransmit = net->loss >= 40 ? 11 : 0,
	};
	int r;

	free(s.body);
	s = (struct state){.body = malloc(LONG)};
	if (!s.body)
		return -ENOMEM;
	for (size_t i = 0; i < LONG; i++)
		s.body[i] = pattern(i);
	r = fake_host(net, 0, &serving);
	return r < 0 ? r : fake_host(net, 1, &serving);
}

static struct mp_coap_ask asking(uint8_t code, const char *path)
{
	struct mp_coap_ask ask = MP_COAP_ASK(code, path);

	ask.handler = note;
	ask.limit = 1 << 20;
	if (code != MP_COAP_GET) {
		ask.payload = s.body;
		ask.payload_len = LONG;
	}
	return ask;
}

static int send(struct fake_net *net, const struct mp_coap_ask *ask)
{
	return mp_coap_send(net->hosts[0].c, fake_remote(net, 1), ask, NULL);
}

/* The server begins again. */
static int fake_forget(struct fake_net *net)
{
	mp_coap_free(net->hosts[1].c);
	net->hosts[1].c = NULL;
	return fake_host(net, 1, &(struct mp_coap_config){.serve = serve, .sink = sink});
}

static bool is_clean(struct fake_net *net)
{
	struct mp_coap_stats a, b;

	fake_run(net, 300000);
	mp_coap_stats(net->hosts[0].c, &a);
	mp_coap_stats(net->hosts[1].c, &b);
	return a.remotes == 0 && a.exchanges_open == 0 && b.bodies == 0 && b.body_bytes == 0;
}

static void transfer(unsigned loss, unsigned seed, uint8_t code, const char *path, uint8_t szx)
{
	FAKE_NET(net, .seed = 1, .loss = loss, .twice = 10, .late = 10);
	struct mp_coap_ask ask;

	ASSERT_OK(start(&net));
	net.seed = seed;
	ask = asking(code, path);
	ask.szx = szx;
	ask.timeout_ms = 300000;
	ASSERT_OK(send(&net, &ask));
	fake_run(&net, 100000000);
	ASSERT_INT(1, s.answered);
	ASSERT_INT(MP_COAP_ANSWERED, s.outcome);
	ASSERT_INT(code == MP_COAP_GET ? MP_COAP_CONTENT : MP_COAP_CHANGED, s.code);
	ASSERT_INT(strcmp(path, "both") == 0 ? 2 : 1, s.whole);
	ASSERT_INT(1, s.served);
	ASSERT_INT(code == MP_COAP_GET || s.whole == 2 ? LONG : 0, s.got);
	ASSERT(is_clean(&net));
}

TEST(a_long_response_arrives_whole)
{
	transfer(0, 1, MP_COAP_GET, "a", 0);
}
TEST(a_long_response_arrives_whole_in_small_blocks)
{
	transfer(0, 1, MP_COAP_GET, "a", 2);
}
TEST(a_long_response_arrives_whole_at_1_percent_loss)
{
	transfer(1, 2, MP_COAP_GET, "a", 0);
}
TEST(a_long_response_arrives_whole_at_20_percent_loss)
{
	transfer(20, 3, MP_COAP_GET, "a", 0);
}
TEST(a_long_response_arrives_whole_at_40_percent_loss)
{
	transfer(40, 4, MP_COAP_GET, "a", 0);
}
TEST(a_long_request_arrives_whole_and_is_served_once)
{
	transfer(0, 5, MP_COAP_PUT, "a", 0);
}
TEST(a_long_request_arrives_whole_in_small_blocks)
{
	transfer(0, 5, MP_COAP_PUT, "a", 3);
}
TEST(a_long_request_arrives_whole_at_20_percent_loss)
{
	transfer(20, 6, MP_COAP_POST, "a", 0);
}
TEST(a_long_request_arrives_whole_at_40_percent_loss)
{
	transfer(40, 7, MP_COAP_POST, "a", 0);
}
TEST(a_long_request_has_a_long_response)
{
	transfer(0, 8, MP_COAP_POST, "both", 0);
}
TEST(a_long_request_has_a_long_response_at_20_percent_loss)
{
	transfer(20, 11, MP_COAP_POST, "both", 0);
}

static int take_huge(void *user, uint64_t offset, const void *data, size_t len)
{
	return sink_write(user, offset, data, len, true) ? -EIO : 0;
}

TEST(a_hundred_megabytes_are_fetched_through_flat_memory)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask;
	size_t before;

	ASSERT_OK(start(&net));
	ask = asking(MP_COAP_GET, "stream");
	ask.sink = take_huge;
	ASSERT_OK(send(&net, &ask));
	fake_run(&net, 10000);
	before = mallinfo2().uordblks;
	fake_run(&net, 100000000);
	ASSERT_INT(MP_COAP_ANSWERED, s.outcome);
	ASSERT_INT(HUGE, s.sunk);
	ASSERT_INT(1, s.done);
	ASSERT_INT(0, s.got);
	ASSERT_INT(1, s.served);
	ASSERT(mallinfo2().uordblks < before + 10000);
}

TEST(a_hundred_megabytes_are_sent_through_flat_memory)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask;
	size_t before;

	ASSERT_OK(start(&net));
	ask = asking(MP_COAP_PUT, "stream");
	ask.source = &huge;
	ASSERT_OK(send(&net, &ask));
	fake_run(&net, 10000);
	before = mallinfo2().uordblks;
	fake_run(&net, 100000000);
	ASSERT_INT(MP_COAP_ANSWERED, s.outcome);
	ASSERT_INT(MP_COAP_CHANGED, s.code);
	ASSERT_INT(HUGE, s.sunk);
	ASSERT_INT(1, s.done);
	ASSERT_INT(1, s.sink_done);
	ASSERT_INT(1, s.served);
	ASSERT(mallinfo2().uordblks < before + 10000);
}

TEST(a_download_goes_on_where_it_stopped)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask;

	ASSERT_OK(start(&net));
	ask = asking(MP_COAP_GET, "stream");
	ask.sink = take_huge;
	ask.from = s.sunk = HUGE - 5 * 1024;
	ASSERT_OK(send(&net, &ask));
	fake_run(&net, 10000);
	ASSERT_INT(MP_COAP_ANSWERED, s.outcome);
	ASSERT_INT(HUGE, s.sunk);
	ASSERT_INT(5, net.hosts[0].sent);
}

TEST(a_half_upload_is_told_to_its_sink)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask;
	struct mp_coap_exchange *x;

	ASSERT_OK(start(&net));
	ask = asking(MP_COAP_PUT, "stream");
	ask.source = &huge;
	ASSERT_OK(mp_coap_send(net.hosts[0].c, fake_remote(&net, 1), &ask, &x));
	fake_run(&net, 1000);
	mp_coap_cancel(x);
	ASSERT_INT(MP_COAP_CANCELED, s.outcome);
	ASSERT_INT(1, s.done);
	ASSERT_INT(0, s.sink_done);
	fake_run(&net, 200000);
	ASSERT_INT(1, s.sink_done);
	ASSERT_INT(0, s.whole);
	ASSERT(is_clean(&net));
}

TEST(a_response_that_changes_meanwhile_arrives_whole_all_the_same)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask;

	ASSERT_OK(start(&net));
	ask = asking(MP_COAP_GET, "changing");
	ASSERT_OK(send(&net, &ask));
	fake_run(&net, 1000);
	ASSERT_OK(fake_forget(&net)); /* the server begins again, and has forgotten its bodies */
	fake_run(&net, 1000000);
	ASSERT_INT(MP_COAP_ANSWERED, s.outcome);
	ASSERT_INT(1, s.whole);
	ASSERT_INT(3, s.served);
}

TEST(two_long_requests_to_one_place_do_not_mix)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask;

	ASSERT_OK(start(&net));
	ask = asking(MP_COAP_PUT, "a");
	ASSERT_OK(send(&net, &ask));
	ask.payload_len = LONG / 2;
	ASSERT_OK(send(&net, &ask));
	fake_run(&net, 1000000);
	ASSERT_INT(2, s.answered);
	ASSERT_INT(2, s.served);
	ASSERT_INT(2, s.whole);
}

TEST(a_long_body_lets_a_short_request_go_between_its_blocks)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask;

	ASSERT_OK(start(&net));
	ask = asking(MP_COAP_PUT, "a");
	ASSERT_OK(send(&net, &ask));
	ask.payload_len = 10;
	ASSERT_OK(send(&net, &ask));
	fake_run(&net, 200);
	ASSERT_INT(1, s.answered);
	fake_run(&net, 100000);
	ASSERT_INT(2, s.answered);
}

TORTURE(a_long_response_survives_oom)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask;
	int r = start(&net);

	if (r < 0)
		return r;
	ask = asking(MP_COAP_GET, "a");
	r = send(&net, &ask);
	fake_run(&net, 1000000);
	if (r < 0)
		return r;
	if (s.answered != 1)
		return -EINVAL;
	return s.outcome == MP_COAP_ANSWERED && s.whole == 1 ? 0 : -ENOMEM;
}

/* Each most likely holds a file open. */
TEST(responses_from_sources_are_kept_in_a_bounded_number)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_stats stats;
	struct fake_raw raw;
	char query[16];

	ASSERT_OK(start(&net));
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(query, sizeof(query), "%u", i);
		fake_message(&raw, MP_COAP_CON, MP_COAP_GET, (uint16_t)i, "t");
		mp_coap_add_path(&raw.w, MP_COAP_URI_PATH, "stream");
		mp_coap_add(&raw.w, MP_COAP_URI_QUERY, query, strlen(query));
		mp_coap_receive(net.hosts[1].c, fake_remote(&net, 0), raw.data,
				(size_t)mp_coap_end(&raw.w));
	}
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT(stats.bodies > 500 && stats.bodies <= 1024);
	ASSERT(is_clean(&net));
}
