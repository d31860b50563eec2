/* SPDX-License-Identifier: Apache-2.0
 * session_test.c - remotes that are somebody: they move, their sessions end and begin again */
#include "coap/endpoint.h"

#include "coap/fake_net.h"

static unsigned served, answered[5];
static uint8_t body[50000];
static bool is_same;
static char order[16];

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	(void)user;
	served++;
	if (rq->message->code == MP_COAP_GET && mp_coap_path_is(rq->message, "long")) {
		response.payload = body;
		response.payload_len = sizeof(body);
	}
	is_same = rq->payload_len == sizeof(body) && memcmp(rq->payload, body, sizeof(body)) == 0;
	mp_coap_respond(rq->reply, &response);
}

static void note(void *user, const struct mp_coap_answer *a)
{
	if (user)
		strncat(order, user, sizeof(order) - strlen(order) - 1);
	answered[a->outcome]++;
	is_same = is_same ||
		  (a->payload_len == sizeof(body) && memcmp(a->payload, body, sizeof(body)) == 0);
}

static int start(struct fake_net *net)
{
	const struct mp_coap_config config = {.serve = serve};
	int r = fake_host(net, 0, &config);

	served = 0;
	is_same = false;
	order[0] = 0;
	memset(answered, 0, sizeof(answered));
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 13 + i / 1024);
	return r < 0 ? r : fake_host(net, 1, &config);
}

/* Host 0 is now "alice" with this session. */
static void name(struct fake_net *net, uintptr_t session)
{
	net->hosts[0].seen.session = (void *)session;
	net->hosts[0].seen.identity = "alice";
}

static int ask(struct fake_net *net, int from, uint8_t code, const char *path, const char *user)
{
	struct mp_coap_ask a = MP_COAP_ASK(code, path);

	a.handler = note;
	a.user = (void *)user;
	a.payload = body;
	a.payload_len = code == MP_COAP_PUT ? sizeof(body) : 0;
	return mp_coap_send(net->hosts[from].c, fake_remote(net, 1 - from), &a, NULL);
}

/* Host 0 has another address from now on; a secure one is then heard from there. */
static void move(struct fake_net *net)
{
	static const uint8_t ping[] = {0x40, 0, 1, 1};

	net->hosts[0].seen.address.port = (uint16_t)(net->hosts[0].seen.address.port + FAKE_HOSTS);
	if (net->hosts[0].seen.identity)
		fake_post(net, 0, 1, ping, sizeof(ping));
}

TEST(who_is_who)
{
	struct mp_coap_remote a = {.address.port = 1}, b = {.address.port = 2};
	int one, two;

	ASSERT(!mp_coap_remote_is_same(&a, &b));
	a.session = b.session = &one;
	ASSERT(mp_coap_remote_is_same(&a, &b));
	b.session = &two;
	ASSERT(!mp_coap_remote_is_same(&a, &b));
	a.identity = b.identity = "alice";
	ASSERT(mp_coap_remote_is_same(&a, &b));
	b.identity = "bob";
	b.session = &one;
	ASSERT(!mp_coap_remote_is_same(&a, &b));
}

static void moves_during(uint8_t code, int from, const char *path)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	name(&net, 1);
	ASSERT_OK(ask(&net, from, code, path, NULL));
	for (int i = 0; i < 20; i++) {
		fake_run(&net, 90);
		move(&net);
	}
	fake_run(&net, 1000000);
	ASSERT_INT(1, answered[MP_COAP_ANSWERED]);
	ASSERT_INT(1, served);
	ASSERT(is_same);
}

TEST(a_secure_device_moves_while_it_sends_a_long_body)
{
	moves_during(MP_COAP_PUT, 0, "a");
}
TEST(a_secure_device_moves_while_it_gets_a_long_body)
{
	moves_during(MP_COAP_GET, 0, "long");
}
TEST(a_secure_device_moves_while_a_long_body_is_sent_to_it)
{
	moves_during(MP_COAP_PUT, 1, "a");
}
TEST(a_secure_device_moves_while_a_long_body_is_fetched_from_it)
{
	moves_during(MP_COAP_GET, 1, "long");
}

TEST(what_waits_for_an_identity_goes_with_its_next_session_in_order)
{
	FAKE_NET(net, .seed = 1);
	struct fake_raw raw;

	ASSERT_OK(start(&net));
	name(&net, 1);
	net.loss = 100;
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "1", "1"));
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "2", "2"));
	fake_run(&net, 10000);
	mp_coap_session_gone(net.hosts[1].c, (void *)1);
	net.hosts[1].sent = 0;
	name(&net, 0);
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "3", "3"));
	fake_run(&net, 50000);
	ASSERT_INT(0, net.hosts[1].sent);
	ASSERT_STR("", order);
	net.loss = 0;
	name(&net, 2);
	net.hosts[0].seen.address.port = 1000 * FAKE_HOSTS + 400 * FAKE_HOSTS;
	fake_message(&raw, MP_COAP_CON, MP_COAP_GET, 1, "x");
	mp_coap_end(&raw.w);
	mp_coap_receive(net.hosts[1].c, fake_remote(&net, 0), raw.data, 5);
	fake_run(&net, 1000);
	ASSERT_STR("123", order);
	ASSERT_INT(3, answered[MP_COAP_ANSWERED]);
}

TEST(what_waits_for_an_identity_that_stays_away_times_out)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net));
	name(&net, 1);
	net.loss = 100;
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "1", "1"));
	mp_coap_session_gone(net.hosts[1].c, (void *)1);
	fake_run(&net, 100000);
	ASSERT_INT(1, net.hosts[1].sent);
	ASSERT_INT(1, answered[MP_COAP_TIMED_OUT]);
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(0, stats.remotes);
}

TEST(without_an_identity_a_session_takes_its_exchanges_with_it)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net));
	net.hosts[0].seen.session = (void *)1;
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "1", "1"));
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "2", "2"));
	mp_coap_session_gone(net.hosts[1].c, (void *)2);
	ASSERT_STR("", order);
	mp_coap_session_gone(net.hosts[1].c, (void *)1);
	ASSERT_STR("12", order);
	ASSERT_INT(2, answered[MP_COAP_TIMED_OUT]);
	fake_run(&net, 100000);
	ASSERT_INT(1, net.hosts[1].sent); /* nothing more, above all not in clear */
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(0, stats.remotes);
}

TEST(a_device_without_security_moves_when_we_are_told)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_remote before;

	ASSERT_OK(start(&net));
	net.loss = 100;
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "1", "1"));
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "2", "2"));
	before = net.hosts[0].seen;
	move(&net);
	net.loss = 0;
	mp_coap_move(net.hosts[1].c, &before, fake_remote(&net, 0));
	fake_run(&net, 10000);
	ASSERT_STR("12", order);
	ASSERT_INT(2, answered[MP_COAP_ANSWERED]);
}

TEST(a_device_moves_to_where_something_is_going_on_already)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_remote before;
	struct mp_coap_stats stats;

	ASSERT_OK(start(&net));
	net.loss = 100;
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "1", "1"));
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "2", "2"));
	before = net.hosts[0].seen;
	move(&net);
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "3", "3"));
	net.loss = 0;
	mp_coap_move(net.hosts[1].c, &before, fake_remote(&net, 0));
	mp_coap_stats(net.hosts[1].c, &stats);
	ASSERT_INT(1, stats.remotes);
	fake_run(&net, 20000);
	ASSERT_INT(3, answered[MP_COAP_ANSWERED]);
}

TEST(over_a_stream_nothing_is_repeated_and_nothing_waits_its_turn)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	for (int i = 0; i < 2; i++) {
		net.hosts[i].seen.is_reliable = true;
		net.hosts[i].seen.session = &net.hosts[i];
	}
	ASSERT_OK(ask(&net, 0, MP_COAP_GET, "1", "1"));
	ASSERT_OK(ask(&net, 0, MP_COAP_GET, "2", "2"));
	ASSERT_INT(2, net.hosts[0].sent);
	fake_run(&net, 100);
	ASSERT_STR("12", order);
	ASSERT_OK(ask(&net, 0, MP_COAP_PUT, "3", "3"));
	fake_run(&net, 10000);
	ASSERT(is_same);
	ASSERT_INT(3, answered[MP_COAP_ANSWERED]);
	is_same = false;
	ASSERT_OK(ask(&net, 0, MP_COAP_GET, "long", "4"));
	fake_run(&net, 10000);
	ASSERT(is_same);
	ASSERT_INT(4, answered[MP_COAP_ANSWERED]);
	net.loss = 100;
	ASSERT_OK(ask(&net, 0, MP_COAP_GET, "5", "5"));
	net.hosts[0].sent = 0;
	fake_run(&net, 100000);
	ASSERT_INT(1, answered[MP_COAP_TIMED_OUT]);
	ASSERT_INT(0, net.hosts[0].sent);
}

/* Host 0 comes back with this session, and says something. */
static void come_back(struct fake_net *net, uintptr_t session)
{
	struct fake_raw raw;

	mp_coap_session_gone(net->hosts[1].c, (void *)(session - 1));
	name(net, session);
	fake_message(&raw, MP_COAP_NON, MP_COAP_GET, (uint16_t)session, "x");
	mp_coap_end(&raw.w);
	mp_coap_receive(net->hosts[1].c, fake_remote(net, 0), raw.data, 5);
	fake_run(net, 100);
}

TEST(a_request_that_each_new_session_loses_ends)
{
	FAKE_NET(net, .seed = 1);
	unsigned sessions = 1;

	ASSERT_OK(start(&net));
	name(&net, 1);
	net.loss = 100;
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "1", "1"));
	while (sessions < 50 && !answered[MP_COAP_TIMED_OUT])
		come_back(&net, ++sessions);
	ASSERT_INT(1, answered[MP_COAP_TIMED_OUT]);
	ASSERT(sessions > 3 && sessions < 10);
}

TEST(what_goes_on_over_a_stream_is_repeated_no_more)
{
	FAKE_NET(net, .seed = 1);

	ASSERT_OK(start(&net));
	name(&net, 1);
	net.loss = 100;
	ASSERT_OK(ask(&net, 1, MP_COAP_POST, "1", "1"));
	fake_run(&net, 500);
	net.hosts[1].sent = 0;
	net.hosts[0].seen.is_reliable = true;
	come_back(&net, 2);
	ASSERT(net.hosts[1].sent > 0);
	net.hosts[1].sent = 0;
	fake_run(&net, 50000);
	ASSERT_INT(0, net.hosts[1].sent);
	/* and the other way round */
	ASSERT_OK(ask(&net, 1, MP_COAP_POST, "2", "2"));
	net.hosts[0].seen.is_reliable = false;
	come_back(&net, 3);
	net.hosts[1].sent = 0;
	fake_run(&net, 50000);
	ASSERT(net.hosts[1].sent > 2);
}

TEST(message_ids_of_one_remote_are_not_used_up_by_others)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_remote other = {.address = {.ip = {[15] = 9}, .port = 9 * FAKE_HOSTS + 2}};
	struct mp_coap_response note = MP_COAP_RESPONSE(MP_COAP_CONTENT);
	uint8_t before[4];

	ASSERT_OK(start(&net));
	ASSERT_OK(mp_coap_notify(net.hosts[1].c, fake_remote(&net, 0), (const uint8_t *)"t", 1,
				 false, &note, NULL, NULL));
	memcpy(before, net.hosts[1].last, 4);
	for (unsigned i = 0; i < 65535; i++)
		ASSERT_OK(mp_coap_notify(net.hosts[1].c, &other, (const uint8_t *)"t", 1, false,
					 &note, NULL, NULL));
	ASSERT_OK(mp_coap_notify(net.hosts[1].c, fake_remote(&net, 0), (const uint8_t *)"t", 1,
				 false, &note, NULL, NULL));
	ASSERT_INT((before[2] << 8 | before[3]) + 1,
		   net.hosts[1].last[2] << 8 | net.hosts[1].last[3]);
}

static void gone(void *user, enum mp_coap_outcome outcome)
{
	(void)user;
	(void)outcome;
}

TEST(notifications_that_need_no_confirmation_leave_room_for_requests)
{
	FAKE_NET(net, .seed = 1);
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);
	int r = 0;

	ASSERT_OK(start(&net));
	for (int i = 0; i < 500; i++)
		ASSERT_OK(mp_coap_notify(net.hosts[1].c, fake_remote(&net, 0), (const uint8_t *)"t",
					 1, false, &response, gone, NULL));
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "1", "1"));
	for (int i = 0; i < 2000 && r == 0; i++)
		r = mp_coap_notify(net.hosts[1].c, fake_remote(&net, 0), (const uint8_t *)"t", 1,
				   false, &response, gone, NULL);
	ASSERT_INT(-ENOBUFS, r);
	ASSERT_OK(ask(&net, 1, MP_COAP_GET, "2", "2"));
	fake_run(&net, 20000);
	ASSERT_INT(2, answered[MP_COAP_ANSWERED]);
}
