/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/test.h"
#include "coap/connection.h"

struct end { /* of a connection */
	struct mp_coap *coap;
	struct mp_coap_connection *connection;
	unsigned requests;
	bool closes; /* when it is asked something */
};

struct scene {
	struct end client, server;
	struct mp_tcp_listener *listener;
	enum mp_coap_outcome outcome;
	uint8_t code;
	char text[64];
	bool answered;
};

static void send(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	(void)user;
	if (to->is_reliable)
		mp_coap_connection_send(to->session, data, len);
}

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct end *e = user;

	e->requests++;
	(void)mp_coap_respond(rq->reply,
			      &(struct mp_coap_response){.code = MP_COAP_CONTENT,
							 .format = 0,
							 .payload = rq->payload,
							 .payload_len = rq->payload_len});
	if (e->closes) {
		mp_coap_connection_free(e->connection);
		e->connection = NULL;
	}
}

static int open_end(struct end *e)
{
	return mp_coap_new(&(struct mp_coap_config){.user = e, .send = send, .serve = serve},
			   &e->coap);
}

static void scene_close(struct scene *s)
{
	struct end *ends[] = {&s->client, &s->server};

	for (unsigned i = 0; i < 2; i++) {
		mp_coap_connection_free(ends[i]->connection);
		mp_coap_free(ends[i]->coap);
	}
	mp_tcp_listener_free(s->listener);
}

#define SCENE(s) __attribute__((cleanup(scene_close))) struct scene s = {0}

static bool wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, 2000) == 1;
}

/* The server takes the connection that waits. */
static int accept_one(struct scene *s)
{
	struct mp_tcp *tcp;
	int r;

	if (!wait_for(mp_tcp_listener_fd(s->listener), POLLIN))
		return -ETIMEDOUT;
	r = mp_tcp_accept(s->listener, 1u << 20, &tcp);
	return r < 0 ? r
		     : mp_coap_connection_over(s->server.coap, tcp, NULL, &s->server.connection);
}

static int dial(struct scene *s, const struct mp_net_address *to)
{
	struct mp_tcp *tcp;
	int r = mp_tcp_connect(to, MP_COAP_CONNECTION_QUEUE, &tcp, NULL);

	return r < 0 ? r : mp_coap_connection_over(s->client.coap, tcp, s, &s->client.connection);
}

static int scene_open(struct scene *s)
{
	struct mp_net_address a;
	int r;

	(void)mp_net_address_parse("127.0.0.1", 0, &a);
	r = mp_tcp_listen(&a, &s->listener, NULL);
	if (r == 0)
		r = open_end(&s->client);
	if (r == 0)
		r = open_end(&s->server);
	if (r < 0)
		return r;
	mp_tcp_listener_local(s->listener, &a);
	r = dial(s, &a);
	return r < 0 ? r : accept_one(s);
}

/* Some turns of both loops; what the client's connection says at last. */
static int run(struct scene *s)
{
	int r = 0;

	for (unsigned i = 0; i < 20 && r == 0; i++) {
		struct end *ends[] = {&s->client, &s->server};

		for (unsigned e = 0; e < 2; e++) {
			struct mp_coap_connection *c = ends[e]->connection;
			int n = c ? mp_coap_connection_flush(c) : 0;

			if (c && (n == 0 || n == -EAGAIN))
				n = mp_coap_connection_receive(c);
			if (e == 0)
				r = n;
			mp_coap_tick(ends[e]->coap, 0);
		}
		(void)poll(NULL, 0, 1);
	}
	return r;
}

static void answered(void *user, const struct mp_coap_answer *a)
{
	struct scene *s = user;

	s->answered = true;
	s->outcome = a->outcome;
	s->code = a->code;
	if (a->outcome == MP_COAP_ANSWERED && a->payload_len < sizeof(s->text))
		memcpy(s->text, a->payload, a->payload_len);
}

static int ask(struct scene *s, const void *payload, size_t len)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_POST, "a");
	struct mp_coap_remote to;

	ask.format = 0;
	ask.payload = payload;
	ask.payload_len = len;
	ask.handler = answered;
	ask.user = s;
	mp_coap_connection_remote(s->client.connection, &to);
	return mp_coap_send(s->client.coap, &to, &ask, NULL);
}

TEST(a_request_and_its_answer_go_over_a_connection)
{
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	ASSERT(mp_coap_connection_user(s.client.connection) == &s);
	ASSERT(!mp_coap_connection_is_up(s.client.connection));
	ASSERT(mp_coap_connection_wants_write(s.client.connection));
	ASSERT_OK(ask(&s, "hello", 5));
	ASSERT_OK(run(&s));
	ASSERT(mp_coap_connection_is_up(s.client.connection));
	ASSERT(s.answered);
	ASSERT_INT(MP_COAP_ANSWERED, s.outcome);
	ASSERT_INT(MP_COAP_CONTENT, s.code);
	ASSERT_STR("hello", s.text);
	ASSERT_INT(1, s.server.requests);
}

TEST(a_body_longer_than_a_message_goes_in_blocks)
{
	static uint8_t body[20000];
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	ASSERT_OK(ask(&s, body, sizeof(body)));
	for (unsigned i = 0; i < 10 && !s.answered; i++)
		ASSERT_OK(run(&s));
	ASSERT_INT(MP_COAP_ANSWERED, s.outcome);
	ASSERT_INT(MP_COAP_CONTENT, s.code);
}

TEST(a_peer_that_closes_ends_what_was_asked)
{
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	ASSERT_OK(run(&s));
	ASSERT_OK(ask(&s, "x", 1));
	mp_coap_connection_free(s.server.connection);
	s.server.connection = NULL;
	ASSERT(run(&s) < 0);
	mp_coap_connection_free(s.client.connection);
	s.client.connection = NULL;
	mp_coap_tick(s.client.coap, 1);
	ASSERT(s.answered);
	ASSERT_INT(MP_COAP_TIMED_OUT, s.outcome);
}

TEST(a_connection_may_be_freed_while_it_is_being_read)
{
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	ASSERT_OK(run(&s));
	s.server.closes = true;
	ASSERT_OK(ask(&s, "x", 1));
	ASSERT_OK(ask(&s, "y", 1));
	ASSERT_ERR(-ECONNRESET, run(&s));
	ASSERT_INT(1, s.server.requests);
}

TEST(nobody_listening_is_told)
{
	struct mp_net_address a;
	SCENE(s);
	int r = 0;

	ASSERT_OK(scene_open(&s));
	mp_tcp_listener_local(s.listener, &a);
	mp_coap_connection_free(s.client.connection);
	s.client.connection = NULL;
	mp_tcp_listener_free(s.listener);
	s.listener = NULL;
	r = dial(&s, &a);
	if (r == 0) {
		ASSERT(wait_for(mp_coap_connection_fd(s.client.connection), POLLOUT));
		r = mp_coap_connection_flush(s.client.connection);
		ASSERT(!mp_coap_connection_is_up(s.client.connection));
	}
	ASSERT_ERR(-ECONNREFUSED, r);
}

/* The server's connection becomes one with a peer that sends bytes of the test's. */
static int raw_peer(struct scene *s, struct mp_tcp **ret)
{
	struct mp_net_address a;
	int r;

	mp_coap_connection_free(s->server.connection);
	s->server.connection = NULL;
	mp_tcp_listener_local(s->listener, &a);
	r = mp_tcp_connect(&a, 4096, ret, NULL);
	return r < 0 ? r : accept_one(s);
}

static int say(struct scene *s, struct mp_tcp *raw, const void *data, size_t len)
{
	int r = mp_tcp_queue(raw, data, len);

	if (r == 0)
		do
			r = mp_tcp_flush(raw);
		while (r == -EAGAIN);
	if (r == 0 && !wait_for(mp_coap_connection_fd(s->server.connection), POLLIN))
		r = -ETIMEDOUT;
	return r;
}

TEST(bytes_that_are_no_message_end_it_with_an_abort)
{
	SCENE(s);
	auto_(mp_tcp) *raw = NULL;
	char data[64];
	ssize_t n;

	ASSERT_OK(scene_open(&s));
	ASSERT_OK(raw_peer(&s, &raw));
	ASSERT_OK(say(&s, raw, "\xff\xff\xff\xff", 4));
	ASSERT_ERR(-EPROTO, mp_coap_connection_receive(s.server.connection));
	ASSERT_ERR(-EPROTO, mp_coap_connection_flush(s.server.connection));
	ASSERT(wait_for(mp_tcp_fd(raw), POLLIN));
	n = mp_tcp_receive(raw, data, sizeof(data));
	ASSERT(n > 0 && memchr(data, MP_COAP_ABORT, (size_t)n));
}

TEST(a_release_ends_it_once_the_answers_have_left)
{
	static const char ask_and_release[] = "\x00\xe1\x00\x02\x00\xe4"; /* CSM, POST, Release */
	SCENE(s);
	auto_(mp_tcp) *raw = NULL;
	char data[64];
	ssize_t n;

	ASSERT_OK(scene_open(&s));
	ASSERT_OK(raw_peer(&s, &raw));
	ASSERT_OK(say(&s, raw, ask_and_release, sizeof(ask_and_release) - 1));
	ASSERT_OK(mp_coap_connection_receive(s.server.connection));
	ASSERT_INT(1, s.server.requests);
	ASSERT_ERR(-ECONNRESET, mp_coap_connection_flush(s.server.connection));
	ASSERT(wait_for(mp_tcp_fd(raw), POLLIN));
	n = mp_tcp_receive(raw, data, sizeof(data));
	ASSERT(n > 0 && memchr(data, MP_COAP_CONTENT, (size_t)n));
}

TEST(what_is_discarded_never_leaves_and_ends_it)
{
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	ASSERT_OK(run(&s));
	mp_coap_connection_discard(s.server.connection);
	ASSERT_OK(mp_coap_connection_flush(s.server.connection)); /* nothing was queued */
	ASSERT_OK(ask(&s, "x", 1));
	ASSERT_OK(mp_coap_connection_flush(s.client.connection));
	ASSERT(wait_for(mp_coap_connection_fd(s.server.connection), POLLIN));
	ASSERT_OK(mp_coap_connection_receive(s.server.connection));
	ASSERT_INT(1, s.server.requests);
	mp_coap_connection_discard(s.server.connection);
	ASSERT_ERR(-ECANCELED, mp_coap_connection_flush(s.server.connection));
	ASSERT_ERR(-ECANCELED, mp_coap_connection_receive(s.server.connection));
	ASSERT_OK(run(&s));
	ASSERT(!s.answered);
}

TEST(it_knows_when_the_other_side_was_heard)
{
	SCENE(s);

	ASSERT_OK(scene_open(&s));
	mp_coap_tick(s.server.coap, 5000);
	ASSERT_INT(0, mp_coap_connection_heard_ms(s.server.connection));
	ASSERT_OK(mp_coap_connection_flush(s.client.connection)); /* its CSM */
	ASSERT(wait_for(mp_coap_connection_fd(s.server.connection), POLLIN));
	ASSERT_OK(mp_coap_connection_receive(s.server.connection));
	ASSERT_INT(5000, mp_coap_connection_heard_ms(s.server.connection));
	mp_coap_tick(s.server.coap, 9000);
	ASSERT_OK(mp_coap_connection_receive(s.server.connection));
	ASSERT_INT(5000, mp_coap_connection_heard_ms(s.server.connection));
}
