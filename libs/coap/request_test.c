/* SPDX-License-Identifier: Apache-2.0
 * request_test.c - what the endpoint makes of requests, and of other things, that others send */
#include "coap/endpoint.h"

#include "coap/fake_net.h"

static unsigned served;
static size_t got;
static char big[5000];
static struct mp_coap_later *later;
static bool is_root_big;

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	(void)user;
	served++;
	got = rq->payload_len;
	if (mp_coap_path_is(rq->message, "later")) {
		later = mp_coap_defer(rq->reply);
		return;
	}
	if (mp_coap_path_is(rq->message, is_root_big ? "" : "big")) {
		response.payload = big;
		response.payload_len = sizeof(big);
	} else if (mp_coap_path_is(rq->message, "middle")) {
		response.payload = big;
		response.payload_len = 500;
	}
	mp_coap_respond(rq->reply, &response);
}

static int start(struct fake_net *net, const struct mp_coap_config *with)
{
	struct mp_coap_config config = with ? *with : (struct mp_coap_config){0};

	served = 0;
	got = 0;
	config.serve = serve;
	return fake_host(net, 1, &config);
}

/* Host 2 asks host 1: the answer's code, and the answer. */
static uint8_t ask(struct fake_net *net, uint8_t code, uint16_t mid, const char *path,
		   struct mp_coap_message *ret)
{
	struct fake_raw raw;

	mp_coap_add_path(fake_message(&raw, MP_COAP_CON, code, mid, "tok"), MP_COAP_URI_PATH, path);
	fake_inject(net, 2, 1, &raw);
	return fake_last(net, 1, ret);
}

static uint8_t send_block1(struct fake_net *net, uint16_t mid, uint32_t num, bool more, size_t len,
			   struct mp_coap_message *ret)
{
	struct mp_coap_block block = {num, more, 2};
	struct fake_raw raw;
	struct mp_coap_writer *w = fake_message(&raw, MP_COAP_CON, MP_COAP_PUT, mid, "tok");

	mp_coap_add_path(w, MP_COAP_URI_PATH, "a");
	mp_coap_add_uint(w, MP_COAP_BLOCK1, mp_coap_block_encode(&block));
	mp_coap_add_payload(w, big, len);
	fake_inject(net, 2, 1, &raw);
	return fake_last(net, 1, ret);
}

TEST(a_ping_is_reset)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct fake_raw raw;

	ASSERT_OK(start(&net, NULL));
	fake_message(&raw, MP_COAP_CON, MP_COAP_EMPTY, 77, "");
	fake_inject(&net, 2, 1, &raw);
	ASSERT_INT(0, fake_last(&net, 1, &m));
	ASSERT_INT(MP_COAP_RST, m.type);
	ASSERT_INT(77, m.mid);
}

TEST(a_malformed_confirmable_message_is_reset_and_another_ignored)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_stats stats;
	static const uint8_t con[] = {0x41, 1, 0, 9}, non[] = {0x51, 1, 0, 9},
			     v2[] = {0x80, 1, 0, 9};

	ASSERT_OK(start(&net, NULL));
	fake_place(&net, 2);
	mp_coap_receive(net.hosts[1].c, fake_remote(&net, 2), non, sizeof(non));
	mp_coap_receive(net.hosts[1].c, fake_remote(&net, 2), v2, sizeof(v2));
	mp_coap_receive(net.hosts[1].c, fake_remote(&net, 2), v2, 0);
	ASSERT_INT(0, net.hosts[1].sent);
	mp_coap_receive(net.hosts[1].c, fake_remote(&net, 2), con, sizeof(con));
	ASSERT_INT(1, net.hosts[1].sent);
	ASSERT_INT(0x70, net.hosts[1].last[0]);
	ASSERT_INT(9, net.hosts[1].last[3]);
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(4, stats.malformed);
	ASSERT_INT(0, stats.requests);
}

TEST(a_code_of_a_reserved_class_is_reset)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	(void)ask(&net, MP_COAP_CODE(6, 3), 5, "a", &m);
	ASSERT_INT(MP_COAP_RST, m.type);
	ASSERT_INT(0, served);
}

TEST(an_unknown_method_is_not_allowed)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, ask(&net, 17, 5, "a", &m));
	ASSERT_INT(0, served);
}

static uint8_t with_option(struct fake_net *net, enum mp_coap_type type, unsigned number,
			   unsigned times)
{
	struct mp_coap_message m;
	struct fake_raw raw;
	struct mp_coap_writer *w = fake_message(&raw, type, MP_COAP_GET, (uint16_t)number, "tok");

	for (unsigned i = 0; i < times; i++)
		mp_coap_add(w, number, "x", 1);
	fake_inject(net, 2, 1, &raw);
	return fake_last(net, 1, &m);
}

TEST(an_unknown_critical_option_is_a_bad_option)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_BAD_OPTION, with_option(&net, MP_COAP_CON, 9, 1));
	ASSERT_INT(0, with_option(&net, MP_COAP_NON, 9, 1));
	ASSERT_INT(0, served);
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(2, stats.rejected_options);
	ASSERT_INT(MP_COAP_CONTENT, with_option(&net, MP_COAP_CON, 2048, 1));
}

TEST(a_critical_option_that_comes_twice_is_a_bad_option)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_CONTENT, with_option(&net, MP_COAP_CON, MP_COAP_ACCEPT, 1));
	ASSERT_INT(MP_COAP_BAD_OPTION, with_option(&net, MP_COAP_CON, MP_COAP_ACCEPT, 2));
	ASSERT_INT(MP_COAP_CONTENT, with_option(&net, MP_COAP_CON, MP_COAP_URI_QUERY, 2));
}

TEST(we_are_no_proxy)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_PROXYING_NOT_SUPPORTED,
		   with_option(&net, MP_COAP_CON, MP_COAP_PROXY_URI, 1));
}

TEST(a_duplicate_gets_the_same_reply_and_is_not_served)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_POST, 5, "a", &m));
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_POST, 5, "a", &m));
	ASSERT_INT(1, served);
	ASSERT_INT(5, m.mid);
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(1, stats.duplicates);
}

TEST(a_message_id_that_comes_again_with_another_request_is_no_duplicate)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	(void)ask(&net, MP_COAP_POST, 5, "a", &m);
	(void)ask(&net, MP_COAP_POST, 5, "b", &m);
	ASSERT_INT(2, served);
	(void)ask(&net, MP_COAP_POST, 5, "b", &m);
	ASSERT_INT(2, served);
}

TEST(a_message_id_may_come_again_after_its_lifetime)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	(void)ask(&net, MP_COAP_POST, 5, "a", &m);
	fake_run(&net, 246000);
	(void)ask(&net, MP_COAP_POST, 5, "a", &m);
	ASSERT_INT(1, served);
	fake_run(&net, 3000);
	(void)ask(&net, MP_COAP_POST, 5, "a", &m);
	ASSERT_INT(2, served);
}

TEST(a_duplicate_with_a_long_reply_is_served_again_only_when_that_does_no_harm)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_GET, 5, "middle", &m));
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_GET, 5, "middle", &m));
	ASSERT_INT(2, served);
	ASSERT_INT(500, m.payload_len);
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_POST, 6, "middle", &m));
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_POST, 6, "middle", &m));
	ASSERT_INT(3, served);
	ASSERT_INT(500, m.payload_len);
}

TEST(a_duplicate_of_a_deferred_request_is_acknowledged_again)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	for (int i = 0; i < 3; i++) {
		ASSERT_INT(0, ask(&net, MP_COAP_POST, 5, "later", &m));
		ASSERT_INT(MP_COAP_ACK, m.type);
		ASSERT_INT(5, m.mid);
	}
	ASSERT_INT(1, served);
	mp_coap_respond_later(later, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
	ASSERT_INT(MP_COAP_CHANGED, fake_last(&net, 1, &m));
	ASSERT_INT(MP_COAP_CON, m.type);
	ASSERT_INT(3, m.token_len);
}

TEST(the_oldest_replies_make_room_for_the_newest)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, &(struct mp_coap_config){.replies_max = 64}));
	for (unsigned i = 0; i < 1000; i++)
		(void)ask(&net, MP_COAP_POST, (uint16_t)i, "a", &m);
	ASSERT_INT(1000, served);
	for (unsigned i = 1000 - 64; i < 1000; i++)
		(void)ask(&net, MP_COAP_POST, (uint16_t)i, "a", &m);
	ASSERT_INT(1000, served);
	(void)ask(&net, MP_COAP_POST, 1000 - 65, "a", &m);
	ASSERT_INT(1001, served);
}

TEST(replies_that_were_taken_back_are_forgotten)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	(void)ask(&net, MP_COAP_POST, 1, "a", &m);
	mp_coap_replies_are_sent(net.hosts[1].c);
	(void)ask(&net, MP_COAP_POST, 2, "a", &m);
	mp_coap_forget_replies(net.hosts[1].c);
	ASSERT_INT(2, served);
	(void)ask(&net, MP_COAP_POST, 1, "a", &m);
	ASSERT_INT(2, served);
	(void)ask(&net, MP_COAP_POST, 2, "a", &m);
	ASSERT_INT(3, served);
}

TEST(a_request_that_needs_no_confirmation_gets_such_a_response_once)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct fake_raw raw;

	ASSERT_OK(start(&net, NULL));
	for (int i = 0; i < 2; i++) {
		fake_message(&raw, MP_COAP_NON, MP_COAP_GET, 5, "tok");
		fake_inject(&net, 2, 1, &raw);
	}
	ASSERT_INT(1, served);
	ASSERT_INT(1, net.hosts[1].sent);
	fake_message(&raw, MP_COAP_NON, MP_COAP_GET, 6, "tok");
	fake_inject(&net, 2, 1, &raw);
	ASSERT_INT(MP_COAP_CONTENT, fake_last(&net, 1, &m));
	ASSERT_INT(MP_COAP_NON, m.type);
}

TEST(blocks_out_of_order_are_incomplete)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_INCOMPLETE, send_block1(&net, 1, 1, true, 64, &m));
	ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, 2, 0, true, 64, &m));
	ASSERT_INT(MP_COAP_INCOMPLETE, send_block1(&net, 3, 2, true, 64, &m));
	ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, 4, 1, true, 64, &m));
	ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, 5, 1, true, 64, &m)); /* it again */
	ASSERT_INT(MP_COAP_CONTENT, send_block1(&net, 6, 2, false, 10, &m));
	ASSERT_INT(138, got);
	ASSERT_INT(2 << 4 | 2, fake_option(&m, MP_COAP_BLOCK1));
	ASSERT_INT(MP_COAP_INCOMPLETE, send_block1(&net, 7, 2, false, 10, &m));
	ASSERT_INT(1, served);
}

TEST(the_first_block_begins_anew)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, 1, 0, true, 64, &m));
	ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, 2, 1, true, 64, &m));
	ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, 3, 0, true, 64, &m));
	ASSERT_INT(MP_COAP_INCOMPLETE, send_block1(&net, 4, 2, false, 1, &m));
	ASSERT_INT(MP_COAP_CONTENT, send_block1(&net, 5, 1, false, 1, &m));
	ASSERT_INT(65, got);
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(0, stats.bodies);
}

TEST(a_body_in_one_block_needs_no_memory)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_CONTENT, send_block1(&net, 1, 0, false, 20, &m));
	ASSERT_INT(20, got);
	ASSERT_INT(2, fake_option(&m, MP_COAP_BLOCK1));
}

TEST(a_block_of_a_wrong_length_is_a_bad_request)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct fake_raw raw;
	struct mp_coap_writer *w;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_BAD_REQUEST, send_block1(&net, 1, 0, true, 63, &m));
	ASSERT_INT(MP_COAP_BAD_REQUEST, send_block1(&net, 2, 0, true, 65, &m));
	ASSERT_INT(MP_COAP_BAD_REQUEST, send_block1(&net, 3, 0, false, 65, &m));
	w = fake_message(&raw, MP_COAP_CON, MP_COAP_PUT, 4, "tok");
	mp_coap_add_uint(w, MP_COAP_BLOCK1, 7);
	fake_inject(&net, 2, 1, &raw);
	ASSERT_INT(MP_COAP_BAD_REQUEST, fake_last(&net, 1, &m));
	ASSERT_INT(0, served);
}

TEST(a_peer_that_repeats_a_block_for_ever_is_cut)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, 0, 0, true, 64, &m));
	for (uint16_t i = 1; i < 13; i++) {
		ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, i, 1, true, 64, &m));
		fake_run(&net, 10000);
	}
	ASSERT_INT(MP_COAP_INCOMPLETE, send_block1(&net, 20, 1, true, 64, &m));
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(0, stats.bodies);
	ASSERT_INT(0, stats.body_bytes);
	ASSERT_INT(1, stats.bodies_dropped);
}

TEST(a_body_that_is_too_large_says_how_large_it_may_be)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct fake_raw raw;
	struct mp_coap_writer *w;
	uint16_t i;

	ASSERT_OK(start(&net, &(struct mp_coap_config){.body_max = 640}));
	for (i = 0; i < 10; i++)
		ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, i, i, true, 64, &m));
	ASSERT_INT(MP_COAP_TOO_LARGE, send_block1(&net, i, i, true, 64, &m));
	ASSERT_INT(640, fake_option(&m, MP_COAP_SIZE1));
	w = fake_message(&raw, MP_COAP_CON, MP_COAP_PUT, 100, "tok");
	mp_coap_add_uint(w, MP_COAP_BLOCK1, 8 | 2);
	mp_coap_add_uint(w, MP_COAP_SIZE1, 641);
	mp_coap_add_payload(w, big, 64);
	fake_inject(&net, 2, 1, &raw);
	ASSERT_INT(MP_COAP_TOO_LARGE, fake_last(&net, 1, &m));
}

TEST(ten_thousand_half_transfers_stay_within_their_bounds)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct mp_coap_stats stats;
	const size_t most = 1 << 20;

	ASSERT_OK(start(&net, &(struct mp_coap_config){.bodies_max = most}));
	fake_place(&net, 2);
	for (unsigned i = 0; i < 10000; i++) {
		net.hosts[2].seen.address.ip[0] = (uint8_t)(i >> 8);
		net.hosts[2].seen.address.ip[1] = (uint8_t)i;
		ASSERT_INT(MP_COAP_CONTINUE, send_block1(&net, 1, 0, true, 64, &m));
		mp_coap_stats(net.hosts[1].c, &stats);
		ASSERT(stats.body_bytes <= most);
	}
	ASSERT(stats.bodies > 100);
	ASSERT(stats.bodies_dropped + stats.bodies == 10000);
	fake_run(&net, 200000);
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(0, stats.body_bytes);
	ASSERT(mp_coap_next_ms(net.hosts[1].c) == INT64_MAX);
}

static uint8_t ask_block2(struct fake_net *net, uint8_t code, uint16_t mid, uint32_t num,
			  struct mp_coap_message *ret)
{
	struct fake_raw raw;
	struct mp_coap_writer *w = fake_message(&raw, MP_COAP_CON, code, mid, "tok");

	mp_coap_add_path(w, MP_COAP_URI_PATH, "big");
	mp_coap_add_uint(w, MP_COAP_BLOCK2, num << 4 | 6);
	fake_inject(net, 2, 1, &raw);
	return fake_last(net, 1, ret);
}

TEST(the_middle_of_a_response_that_is_gone_is_served_again_when_it_can)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, NULL));
	ASSERT_INT(MP_COAP_CONTENT, ask_block2(&net, MP_COAP_GET, 1, 3, &m));
	ASSERT_INT(3 << 4 | 8 | 6, fake_option(&m, MP_COAP_BLOCK2));
	ASSERT_INT(1, served);
	ASSERT_INT(MP_COAP_CONTENT, ask_block2(&net, MP_COAP_GET, 2, 4, &m));
	ASSERT_INT(904, m.payload_len);
	ASSERT_INT(1, served);
	ASSERT_INT(MP_COAP_BAD_REQUEST, ask_block2(&net, MP_COAP_GET, 3, 5, &m));
	ASSERT_INT(MP_COAP_INCOMPLETE, ask_block2(&net, MP_COAP_POST, 4, 3, &m));
	ASSERT_INT(1, served);
}

TEST(a_response_that_belongs_to_nothing_is_reset)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct mp_coap_stats stats;
	struct fake_raw raw;

	ASSERT_OK(start(&net, NULL));
	for (int i = 0; i < 2; i++) {
		fake_message(&raw, MP_COAP_CON, MP_COAP_CONTENT, 5, "tok");
		fake_inject(&net, 2, 1, &raw);
		ASSERT_INT(0, fake_last(&net, 1, &m));
		ASSERT_INT(MP_COAP_RST, m.type);
	}
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(1, stats.unknown_responses);
	fake_message(&raw, MP_COAP_NON, MP_COAP_CONTENT, 6, "tok");
	fake_inject(&net, 2, 1, &raw);
	fake_message(&raw, MP_COAP_ACK, MP_COAP_CONTENT, 6, "tok");
	fake_inject(&net, 2, 1, &raw);
	ASSERT_INT(2, net.hosts[1].sent);
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(0, stats.remotes);
}

TEST(a_large_answer_to_an_unproven_address_asks_for_an_echo_first)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct mp_coap_option echo;
	struct fake_raw raw;
	struct mp_coap_writer *w;

	ASSERT_OK(start(&net, &(struct mp_coap_config){.want_echo = true}));
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_GET, 1, "a", &m));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, ask(&net, MP_COAP_GET, 2, "big", &m));
	ASSERT(mp_coap_find(&m, MP_COAP_ECHO, &echo));
	ASSERT(net.hosts[1].last_len <= 3 * 11);
	w = fake_message(&raw, MP_COAP_CON, MP_COAP_GET, 3, "tok");
	mp_coap_add_path(w, MP_COAP_URI_PATH, "big");
	mp_coap_add(w, MP_COAP_ECHO, echo.value, echo.len);
	fake_inject(&net, 2, 1, &raw);
	ASSERT_INT(MP_COAP_CONTENT, fake_last(&net, 1, &m));
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_GET, 4, "big", &m)); /* it is known now */
	fake_run(&net, 2 * 3600000);
	ASSERT_INT(MP_COAP_UNAUTHORIZED, ask(&net, MP_COAP_GET, 5, "big", &m));
}

TEST(a_wrong_echo_proves_nothing)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct fake_raw raw;
	struct mp_coap_writer *w;

	ASSERT_OK(start(&net, &(struct mp_coap_config){.want_echo = true}));
	w = fake_message(&raw, MP_COAP_CON, MP_COAP_GET, 3, "tok");
	mp_coap_add_path(w, MP_COAP_URI_PATH, "big");
	mp_coap_add(w, MP_COAP_ECHO, "\0aaaaaaa", 8);
	fake_inject(&net, 2, 1, &raw);
	ASSERT_INT(MP_COAP_CONTENT, fake_last(&net, 1, &m));
	ASSERT_INT(32, m.payload_len); /* as long as the question was three times */
	ASSERT_INT(MP_COAP_UNAUTHORIZED, ask(&net, MP_COAP_GET, 4, "big", &m));
}

TEST(what_is_done_once_is_answered_an_unproven_address_in_small_blocks)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, &(struct mp_coap_config){.want_echo = true}));
	ASSERT_INT(MP_COAP_CONTENT, ask(&net, MP_COAP_POST, 2, "big", &m));
	ASSERT_INT(16, m.payload_len);
	ASSERT(net.hosts[1].last_len <= 3 * 11);
	ASSERT_INT(8, fake_option(&m, MP_COAP_BLOCK2));
	ASSERT_INT(MP_COAP_CONTENT, ask_block2(&net, MP_COAP_POST, 4, 1, &m));
	ASSERT_INT(16, m.payload_len);
	ASSERT_INT(64 << 4 | 8, fake_option(&m, MP_COAP_BLOCK2));
	ASSERT_INT(1, served);
}

/* Block `num` of "big", asked for with some words more; the size of the datagram that was answered. */
static size_t ask_wordily(struct fake_net *net, uint16_t mid, uint32_t num,
			  struct mp_coap_message *ret)
{
	static const char words[] =
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct fake_raw raw;
	struct mp_coap_writer *w = fake_message(&raw, MP_COAP_CON, MP_COAP_GET, mid, "tok");

	mp_coap_add_path(w, MP_COAP_URI_PATH, "big");
	mp_coap_add(w, MP_COAP_URI_QUERY, words, sizeof(words) - 1);
	if (num > 0)
		mp_coap_add_uint(w, MP_COAP_BLOCK2, num << 4 | 6);
	fake_inject(net, 2, 1, &raw);
	fake_last(net, 1, ret);
	return net->hosts[1].last_len;
}

TEST(an_unproven_address_whose_client_knows_no_echo_gets_small_blocks)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net, &(struct mp_coap_config){.want_echo = true}));
	ASSERT(ask_wordily(&net, 1, 0, &m) <= 3 * 77);
	ASSERT_INT(MP_COAP_CONTENT, m.code);
	ASSERT_INT(128, m.payload_len);
	ASSERT_INT(8 | 3, fake_option(&m, MP_COAP_BLOCK2));
	ASSERT(ask_wordily(&net, 2, 2, &m) <= 3 * 77); /* in the middle: from the same byte on */
	ASSERT_INT(16 << 4 | 8 | 3, fake_option(&m, MP_COAP_BLOCK2));
}

static bool is_known;

static bool knows(void *user, const struct mp_coap_remote *remote)
{
	(void)user, (void)remote;
	return is_known;
}

TEST(an_address_that_the_owner_knows_gets_large_blocks_at_once)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	is_known = false;
	ASSERT_OK(start(&net, &(struct mp_coap_config){.want_echo = true, .proven = knows}));
	ask_wordily(&net, 1, 0, &m);
	ASSERT_INT(128, m.payload_len);
	is_known = true;
	ask_wordily(&net, 2, 0, &m);
	ASSERT_INT(1024, m.payload_len);
	ASSERT_INT(8 | 6, fake_option(&m, MP_COAP_BLOCK2));
}

TEST(nothing_that_an_unproven_address_gets_is_more_than_three_times_what_it_sent)
{
	FAKE_NET(net, .seed = 1);
	static const uint8_t root[][4] = {{0x40, 1, 0, 1}, {0x40, 2, 0, 2}, {0x40, 9, 0, 3}};

	ASSERT_OK(start(&net, &(struct mp_coap_config){.want_echo = true}));
	fake_place(&net, 2);
	is_root_big = true;
	for (int i = 0; i < 3; i++) {
		mp_coap_receive(net.hosts[1].c, fake_remote(&net, 2), root[i], 4);
		ASSERT(net.hosts[1].last_len <= 12);
	}
	is_root_big = false;
	ASSERT_INT(3, net.hosts[1].sent);
}

static uint8_t one_block(struct fake_net *net, enum mp_coap_type type)
{
	struct mp_coap_message m;
	struct fake_raw raw;

	mp_coap_add_path(fake_message(&raw, type, MP_COAP_GET, 1, ""), MP_COAP_URI_PATH, "big");
	fake_inject(net, 2, 1, &raw);
	return fake_last(net, 1, &m);
}

TORTURE(serving_survives_oom)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	int r = start(&net, NULL);

	if (r < 0)
		return r;
	if (ask(&net, MP_COAP_GET, 1, "a", &m) != MP_COAP_CONTENT ||
	    one_block(&net, MP_COAP_NON) != MP_COAP_CONTENT)
		return -EINVAL; /* no memory is needed for that */
	if (ask(&net, MP_COAP_POST, 2, "later", &m) == MP_COAP_UNAVAILABLE)
		return -ENOMEM;
	mp_coap_respond_later(later, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
	return send_block1(&net, 3, 0, true, 64, &m) == MP_COAP_CONTINUE ? 0 : -ENOMEM;
}
