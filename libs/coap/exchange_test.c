/* SPDX-License-Identifier: Apache-2.0
 * exchange_test.c - our requests, against a peer that is played by hand (host 2) */
#include "coap/endpoint.h"

#include "coap/fake_net.h"

static unsigned answered, cancelled;
static enum mp_coap_outcome outcome;
static uint8_t code;
static size_t got, sunk, source_done;
static char big[5000];
static struct fake_net *in_net;

static int start(struct fake_net *net)
{
	answered = cancelled = 0;
	code = 0;
	got = sunk = source_done = 0;
	in_net = net;
	fake_place(net, 2);
	return fake_host(net, 0, &(struct mp_coap_config){.body_max = 0});
}

static void note(void *user, const struct mp_coap_answer *a)
{
	(void)user;
	answered++;
	outcome = a->outcome;
	code = a->code;
	got = a->payload_len;
}

static int ask_with(struct fake_net *net, const struct mp_coap_ask *ask)
{
	return mp_coap_send(net->hosts[0].c, fake_remote(net, 2), ask, NULL);
}

static struct mp_coap_ask asking(uint8_t method)
{
	struct mp_coap_ask ask = MP_COAP_ASK(method, "a");

	ask.handler = note;
	return ask;
}

static int get(struct fake_net *net)
{
	struct mp_coap_ask ask = asking(MP_COAP_GET);

	return ask_with(net, &ask);
}

static int put(struct fake_net *net, size_t len)
{
	struct mp_coap_ask ask = asking(MP_COAP_PUT);

	ask.payload = big;
	ask.payload_len = len;
	return ask_with(net, &ask);
}

/* Answer what host 0 sent last; options follow. */
static struct mp_coap_writer *answer(struct fake_net *net, struct fake_raw *raw, uint8_t with)
{
	struct mp_coap_message m;
	struct mp_coap_header h;

	(void)fake_last(net, 0, &m);
	h = (struct mp_coap_header){MP_COAP_ACK, with, m.mid, m.token, m.token_len};
	mp_coap_write(&raw->w, raw->data, sizeof(raw->data), &h);
	return &raw->w;
}

static void answer_empty(struct fake_net *net, enum mp_coap_type type)
{
	struct mp_coap_message m;
	struct fake_raw raw;

	(void)fake_last(net, 0, &m);
	fake_message(&raw, type, MP_COAP_EMPTY, m.mid, "");
	fake_inject(net, 2, 0, &raw);
}

static void answer_block2(struct fake_net *net, uint32_t num, bool more, uint8_t szx, size_t len,
			  const char *etag)
{
	struct mp_coap_block block = {num, more, szx};
	struct fake_raw raw;
	struct mp_coap_writer *w = answer(net, &raw, MP_COAP_CONTENT);

	if (etag)
		mp_coap_add_text(w, MP_COAP_ETAG, etag);
	mp_coap_add_uint(w, MP_COAP_BLOCK2, mp_coap_block_encode(&block));
	mp_coap_add_payload(w, big, len);
	fake_inject(net, 2, 0, &raw);
}

static void answer_block1(struct fake_net *net, uint8_t with, uint32_t num, bool more, uint8_t szx)
{
	struct mp_coap_block block = {num, more, szx};
	struct fake_raw raw;

	mp_coap_add_uint(answer(net, &raw, with), MP_COAP_BLOCK1, mp_coap_block_encode(&block));
	fake_inject(net, 2, 0, &raw);
}

static uint32_t asked(struct fake_net *net, unsigned option)
{
	struct mp_coap_message m;

	return fake_last(net, 0, &m) ? fake_option(&m, option) : UINT32_MAX;
}

TEST(a_reset_ends_an_exchange)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	answer_empty(&net, MP_COAP_RST);
	ASSERT_INT(1, answered);
	ASSERT_INT(MP_COAP_WAS_RESET, outcome);
}

TEST(an_acknowledgement_without_a_response_lets_the_next_go_and_times_out)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	ASSERT_OK(get(&net));
	ASSERT_INT(1, net.hosts[0].sent);
	answer_empty(&net, MP_COAP_ACK);
	ASSERT_INT(2, net.hosts[0].sent);
	answer_empty(&net, MP_COAP_ACK);
	fake_run(&net, 92000);
	ASSERT_INT(0, answered);
	fake_run(&net, 2000);
	ASSERT_INT(2, answered);
	ASSERT_INT(MP_COAP_TIMED_OUT, outcome);
}

TEST(a_response_with_another_token_or_message_id_is_none)
{
	FAKE_NET(net, .seed = 1);
	struct fake_raw raw;
	struct mp_coap_message m;

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	(void)fake_last(&net, 0, &m);
	fake_message(&raw, MP_COAP_ACK, MP_COAP_CONTENT, m.mid, "other");
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(0, answered);
	fake_run(&net, 4000); /* it is repeated */
	ASSERT_INT(2, net.hosts[0].sent);
	mp_coap_end(answer(&net, &raw, MP_COAP_CONTENT));
	raw.data[3] ^= 1;
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(0, answered);
	fake_run(&net, 8000);
	mp_coap_end(answer(&net, &raw, MP_COAP_CONTENT));
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(MP_COAP_ANSWERED, outcome);
}

TEST(a_response_from_somebody_else_is_none)
{
	FAKE_NET(net, .seed = 1);
	struct fake_raw raw;

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	mp_coap_end(answer(&net, &raw, MP_COAP_CONTENT));
	fake_inject(&net, 3, 0, &raw);
	ASSERT_INT(0, answered);
}

TEST(a_response_with_an_unknown_critical_option_is_broken)
{
	FAKE_NET(net, .seed = 1);
	struct fake_raw raw;

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	mp_coap_add(answer(&net, &raw, MP_COAP_CONTENT), 9, "x", 1);
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
}

TEST(an_echo_is_given_back_but_not_for_ever)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;
	struct mp_coap_option echo;
	struct fake_raw raw;

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	for (int i = 0; i < 3; i++) {
		mp_coap_add(answer(&net, &raw, MP_COAP_UNAUTHORIZED), MP_COAP_ECHO, "prove", 5);
		fake_inject(&net, 2, 0, &raw);
		ASSERT_INT(MP_COAP_GET, fake_last(&net, 0, &m));
		ASSERT(mp_coap_find(&m, MP_COAP_ECHO, &echo) && echo.len == 5);
	}
	mp_coap_add(answer(&net, &raw, MP_COAP_UNAUTHORIZED), MP_COAP_ECHO, "prove", 5);
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(MP_COAP_ANSWERED, outcome);
	ASSERT_INT(MP_COAP_UNAUTHORIZED, code);
}

TEST(blocks_of_a_response_must_follow_each_other)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	answer_block2(&net, 0, true, 2, 64, NULL);
	ASSERT_INT(1 << 4 | 2, asked(&net, MP_COAP_BLOCK2));
	answer_block2(&net, 1, true, 2, 64, NULL);
	ASSERT_INT(2 << 4 | 2, asked(&net, MP_COAP_BLOCK2));
	answer_block2(&net, 1, true, 2, 64, NULL);
	ASSERT_INT(1, answered);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
}

TEST(a_block_that_says_there_is_more_must_be_full)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	answer_block2(&net, 0, true, 2, 63, NULL);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
	ASSERT_OK(get(&net));
	answer_block2(&net, 0, true, 2, 0, NULL);
	ASSERT_INT(2, answered);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
}

TEST(a_response_without_end_ends_at_its_limit)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = asking(MP_COAP_GET);
	uint32_t num = 0;

	ASSERT_OK(start(&net));
	ask.limit = 10000;
	ASSERT_OK(ask_with(&net, &ask));
	while (!answered && num < 1000)
		answer_block2(&net, num++, true, 6, 1024, NULL);
	ASSERT_INT(10, num);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
}

TEST(the_peer_may_choose_smaller_blocks_later)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	answer_block2(&net, 0, true, 4, 256, NULL);
	answer_block2(&net, 1, true, 4, 256, NULL);
	ASSERT_INT(2 << 4 | 4, asked(&net, MP_COAP_BLOCK2));
	answer_block2(&net, 16, true, 1, 32, NULL);
	ASSERT_INT(17 << 4 | 1, asked(&net, MP_COAP_BLOCK2));
	answer_block2(&net, 17, false, 1, 5, NULL);
	ASSERT_INT(MP_COAP_ANSWERED, outcome);
	ASSERT_INT(549, got);
}

TEST(a_representation_that_changes_meanwhile_is_fetched_again_three_times)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(get(&net));
	for (int i = 0; i < 4; i++) {
		ASSERT_INT(i ? 2 : UINT32_MAX, asked(&net, MP_COAP_BLOCK2));
		answer_block2(&net, 0, true, 2, 64, "one");
		ASSERT_INT(0, answered);
		answer_block2(&net, 1, true, 2, 64, "two");
	}
	ASSERT_INT(MP_COAP_BROKEN, outcome);
	ASSERT_INT(8, net.hosts[0].sent);
}

static int take(void *user, uint64_t offset, const void *data, size_t len)
{
	(void)user;
	(void)data;
	if (offset != sunk)
		return -EINVAL;
	sunk += len;
	return sunk > 300 ? -ENOSPC : 0;
}

TEST(a_sink_takes_blocks_from_anywhere_and_may_give_up)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = asking(MP_COAP_GET);

	ASSERT_OK(start(&net));
	ask.sink = take;
	ask.szx = 2;
	ask.from = sunk = 128;
	ASSERT_OK(ask_with(&net, &ask));
	ASSERT_INT(2 << 4 | 2, asked(&net, MP_COAP_BLOCK2));
	answer_block2(&net, 2, true, 2, 64, NULL);
	answer_block2(&net, 3, true, 2, 64, NULL);
	ASSERT_INT(256, sunk);
	ASSERT_INT(0, answered);
	answer_block2(&net, 4, true, 2, 64, NULL);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
	ask.from = 100;
	ASSERT_ERR(-EINVAL, ask_with(&net, &ask));
}

TEST(a_sink_takes_a_short_response_as_well)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = asking(MP_COAP_GET);
	struct fake_raw raw;

	ASSERT_OK(start(&net));
	ask.sink = take;
	ASSERT_OK(ask_with(&net, &ask));
	mp_coap_add_payload(answer(&net, &raw, MP_COAP_CONTENT), big, 100);
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(MP_COAP_ANSWERED, outcome);
	ASSERT_INT(100, sunk);
	ASSERT_INT(0, got);
}

TEST(a_response_from_the_beginning_is_not_what_was_asked_for)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = asking(MP_COAP_GET);
	struct fake_raw raw;

	ASSERT_OK(start(&net));
	ask.from = 1024;
	ASSERT_OK(ask_with(&net, &ask));
	mp_coap_add_payload(answer(&net, &raw, MP_COAP_CONTENT), big, 100);
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
}

TEST(a_peer_that_wants_smaller_blocks_of_a_request_gets_them)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_message m;

	ASSERT_OK(start(&net));
	ASSERT_OK(put(&net, 5000));
	ASSERT_INT(8 | 6, asked(&net, MP_COAP_BLOCK1));
	ASSERT_INT(5000, asked(&net, MP_COAP_SIZE1));
	answer_block1(&net, MP_COAP_CONTINUE, 0, true, 4);
	ASSERT_INT(4 << 4 | 8 | 4, asked(&net, MP_COAP_BLOCK1));
	for (uint32_t i = 4; i < 19; i++)
		answer_block1(&net, MP_COAP_CONTINUE, i, true, 4);
	ASSERT_INT(19 << 4 | 4, asked(&net, MP_COAP_BLOCK1));
	(void)fake_last(&net, 0, &m);
	ASSERT_INT(5000 - 19 * 256, m.payload_len);
	answer_block1(&net, MP_COAP_CHANGED, 19, false, 4);
	ASSERT_INT(MP_COAP_CHANGED, code);
}

TEST(a_request_that_is_too_large_for_the_peer_is_cut_as_it_says)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(put(&net, 900));
	ASSERT_INT(UINT32_MAX, asked(&net, MP_COAP_BLOCK1));
	answer_block1(&net, MP_COAP_TOO_LARGE, 0, false, 5);
	ASSERT_INT(8 | 5, asked(&net, MP_COAP_BLOCK1));
	answer_block1(&net, MP_COAP_CONTINUE, 0, true, 5);
	ASSERT_INT(1 << 4 | 5, asked(&net, MP_COAP_BLOCK1));
	answer_block1(&net, MP_COAP_TOO_LARGE, 1, false, 5);
	ASSERT_INT(MP_COAP_ANSWERED, outcome);
	ASSERT_INT(MP_COAP_TOO_LARGE, code);
}

TEST(a_peer_that_has_lost_its_blocks_gets_them_again_twice)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	ASSERT_OK(put(&net, 5000));
	for (int i = 0; i < 3; i++) {
		ASSERT_INT(8 | 6, asked(&net, MP_COAP_BLOCK1));
		answer_block1(&net, MP_COAP_CONTINUE, 0, true, 6);
		ASSERT_INT(0, answered);
		answer_block1(&net, MP_COAP_INCOMPLETE, 1, true, 6);
	}
	ASSERT_INT(MP_COAP_INCOMPLETE, code);
}

TEST(a_peer_that_continues_with_what_it_was_not_sent_is_broken)
{
	FAKE_NET(net, .seed = 1);
	struct fake_raw raw;

	ASSERT_OK(start(&net));
	ASSERT_OK(put(&net, 5000));
	answer_block1(&net, MP_COAP_CONTINUE, 1, true, 6);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
	ASSERT_OK(put(&net, 10));
	answer_block1(&net, MP_COAP_CONTINUE, 0, true, 6);
	ASSERT_INT(2, answered);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
	ASSERT_OK(put(&net, 5000));
	mp_coap_end(answer(&net, &raw, MP_COAP_CHANGED)); /* as if a part were the whole */
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(3, answered);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
}

static int read_fails(void *user, uint64_t offset, void *data, size_t room)
{
	(void)user;
	memset(data, 0, room);
	return offset > 0 ? -EIO : (int)room;
}

static void count_done(void *user)
{
	(void)user;
	source_done++;
}

TEST(a_source_that_fails_breaks_the_exchange_later)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_source source = {5000, read_fails, count_done, NULL};
	struct mp_coap_ask ask = asking(MP_COAP_PUT);

	ASSERT_OK(start(&net));
	ask.source = &source;
	ASSERT_OK(ask_with(&net, &ask));
	answer_block1(&net, MP_COAP_CONTINUE, 0, true, 6);
	ASSERT_INT(0, answered);
	fake_run(&net, 100);
	ASSERT_INT(1, answered);
	ASSERT_INT(MP_COAP_BROKEN, outcome);
	ASSERT_INT(1, source_done);
}

TEST(two_exchanges_cannot_have_one_token)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = asking(MP_COAP_GET);

	ASSERT_OK(start(&net));
	ask.token = (const uint8_t *)"t";
	ask.token_len = 1;
	ASSERT_OK(ask_with(&net, &ask));
	ASSERT_ERR(-EEXIST, ask_with(&net, &ask));
	ASSERT_OK(mp_coap_send(net.hosts[0].c, fake_remote(&net, 3), &ask, NULL));
	answer_empty(&net, MP_COAP_RST); /* of the other remote: nothing */
	ASSERT_INT(0, answered);
}

TEST(what_cannot_be_written_is_refused)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = asking(MP_COAP_GET);
	char path[1600];
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net));
	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	ask.path = path;
	ASSERT_ERR(-EINVAL, ask_with(&net, &ask));
	ask.path = "a";
	ask.token = (const uint8_t *)path;
	ask.token_len = 9;
	ASSERT_ERR(-EINVAL, ask_with(&net, &ask));
	ask.token = NULL;
	ask.code = MP_COAP_CONTENT;
	ASSERT_ERR(-EINVAL, ask_with(&net, &ask));
	mp_coap_stats(net.hosts[0].c, &stats);
	ASSERT_INT(0, stats.remotes);
}

static struct mp_coap_exchange *open_ones[3];

static void cancel_others(void *user, const struct mp_coap_answer *a)
{
	struct mp_coap_exchange **mine = user;

	answered++;
	cancelled += a->outcome == MP_COAP_CANCELED;
	for (int i = 0; i < 3; i++) {
		struct mp_coap_exchange *x = open_ones[i];

		open_ones[i] = NULL;
		if (x && &open_ones[i] != mine)
			mp_coap_cancel(x);
	}
	if (a->outcome == MP_COAP_ANSWERED)
		(void)get(in_net);
}

TEST(a_handler_may_cancel_the_others_and_ask_anew)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = asking(MP_COAP_GET);
	struct fake_raw raw;

	ASSERT_OK(start(&net));
	ask.handler = cancel_others;
	for (int i = 0; i < 3; i++) {
		ask.user = &open_ones[i];
		ASSERT_OK(mp_coap_send(net.hosts[0].c, fake_remote(&net, 2), &ask, &open_ones[i]));
	}
	mp_coap_end(answer(&net, &raw, MP_COAP_CONTENT));
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(3, answered);
	ASSERT_INT(2, cancelled);
	mp_coap_end(answer(&net, &raw, MP_COAP_CONTENT));
	fake_inject(&net, 2, 0, &raw);
	ASSERT_INT(4, answered);
}

TEST(a_request_that_needs_no_confirmation_is_sent_once_and_takes_no_turn)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_ask ask = asking(MP_COAP_GET);

	ASSERT_OK(start(&net));
	ask.non_confirmable = true;
	ASSERT_OK(ask_with(&net, &ask));
	ASSERT_OK(ask_with(&net, &ask));
	ASSERT_INT(2, net.hosts[0].sent);
	fake_run(&net, 100000);
	ASSERT_INT(2, net.hosts[0].sent);
	ASSERT_INT(2, answered);
	ASSERT_INT(MP_COAP_TIMED_OUT, outcome);
}

TEST(a_hundred_thousand_remotes_have_an_exchange_each)
{
	FAKE_NET(net, .seed = 1, .loss = 100);
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net));
	for (unsigned i = 0; i < 100000; i++) {
		memcpy(net.hosts[2].seen.address.ip, &i, 4);
		ASSERT_OK(get(&net));
	}
	mp_coap_stats(net.hosts[0].c, &stats);
	ASSERT_INT(100000, stats.exchanges_open);
	ASSERT_INT(100000, stats.remotes);
	fake_run(&net, 100000);
	ASSERT_INT(100000, answered);
	ASSERT_INT(500000, net.hosts[0].sent);
}

TORTURE(a_long_request_survives_oom)
{
	FAKE_NET(net, .seed = 1);
	int r = start(&net);

	if (r == 0)
		r = put(&net, 3000);
	if (r < 0)
		return r;
	answer_block1(&net, MP_COAP_CONTINUE, 0, true, 6);
	answer_block1(&net, MP_COAP_CONTINUE, 1, true, 6);
	answer_block2(&net, 0, true, 2, 64, NULL);
	answer_block2(&net, 1, false, 2, 64, NULL);
	return answered != 1 ? -EINVAL : outcome == MP_COAP_ANSWERED ? 0 : -ENOMEM;
}
