/* SPDX-License-Identifier: Apache-2.0 */
#include "shore.h"

static unsigned links_in_use(const struct shore *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LINKS; i++)
		n += s->bed.w.links[i].ticket != 0;
	return n;
}

/* ---- datagrams ---- */

TEST(a_server_without_security_is_reached_by_datagrams)
{
	SHORE(s, "coap");

	ASSERT_OK(shore_open(&s));
	shore_run(&s, 300);
	ASSERT(shore_is_registered(&s));
	ASSERT(strstr(s.bed.query, "&ep=device-1"));
	ASSERT_STR("demo", shore_read(&s, "3/0/0"));
	ASSERT_INT(1, links_in_use(&s));
}

TEST(a_server_may_be_known_by_its_name)
{
	char *host;
	SHORE(s, "coap");

	ASSERT_OK(shore_prepare(&s));
	host = strstr(s.bed.w.config.uri, "127.0.0.1");
	memmove(host, "localhost", strlen("localhost"));
	s.bed.w.failures = 5; /* its addresses are gone through again and again */
	ASSERT_OK(carrier_open(&s.bed.w, NULL));
	ASSERT_OK(objects_open(&s.bed.w, NULL));
	shore_run(&s, 300);
	ASSERT_INT(1, links_in_use(&s)); /* it has an address; ::1 or 127.0.0.1 */
}

static void count(void *user, const struct mp_udp_datagram *d)
{
	(void)d;
	++*(unsigned *)user;
}

/* Says "GET /3/0/0" to the client's port. Was that answered? */
static bool is_answered(struct shore *s, struct mp_udp *from)
{
	struct mp_net_address to;
	struct fake_raw raw;
	unsigned answers = 0;

	mp_udp_local(s->bed.w.udp, &to);
	(void)mp_net_address_parse("127.0.0.1", to.port, &to);
	mp_coap_add_path(fake_message(&raw, MP_COAP_CON, MP_COAP_GET, 7, "t"), MP_COAP_URI_PATH,
			 "3/0/0");
	(void)mp_udp_queue(from, NULL, &to, raw.data, (size_t)mp_coap_end(&raw.w));
	(void)mp_udp_flush(from);
	for (int i = 0; i < 10; i++) {
		s->now += SHORE_STEP_MS;
		shore_turn_client(s);
	}
	(void)mp_udp_receive(from, count, &answers);
	return answers > 0;
}

TEST(datagrams_of_strangers_do_not_reach_the_client)
{
	auto_(mp_udp) *stranger = NULL;
	struct mp_net_address any;
	SHORE(s, "coap");

	(void)mp_net_address_parse("127.0.0.1", 0, &any);
	ASSERT_OK(mp_udp_open(&any, &(struct mp_udp_config){0}, &stranger, NULL));
	ASSERT_OK(shore_open(&s));
	shore_run(&s, 300);
	ASSERT(is_answered(&s, s.udp));
	ASSERT(!is_answered(&s, stranger));
}

/* ---- DTLS ---- */

TEST(a_server_with_dtls_is_shown_our_identity)
{
	SHORE(s, "coaps");

	ASSERT_OK(shore_open(&s));
	shore_run(&s, 500);
	ASSERT(shore_is_registered(&s));
	ASSERT_STR("one:of:many", s.identity);
	ASSERT_INT(1, s.sessions);
	ASSERT_STR("device-1", shore_read(&s, "3/0/2"));
	ASSERT(s.client.session);
}

TEST(what_is_not_protected_does_not_reach_a_client_with_dtls)
{
	SHORE(s, "coaps");

	ASSERT_OK(shore_open(&s));
	shore_run(&s, 500);
	ASSERT(!is_answered(&s, s.udp)); /* from the server's own address */
}

TEST(a_wrong_key_is_no_connection_and_it_is_tried_again)
{
	SHORE(s, "coaps");

	s.key = "fedcba9876543210";
	ASSERT_OK(shore_open(&s));
	for (int i = 0; i < 400 && (i == 0 || links_in_use(&s)); i++)
		shore_run(&s, 100);
	ASSERT(!shore_is_registered(&s));
	ASSERT_INT(0, links_in_use(&s));
	ASSERT(s.bed.w.wake < INT64_MAX);
	s.key = "0123456789abcdef";
	for (int i = 0; i < 400 && !shore_is_registered(&s); i++) {
		s.now = s.bed.w.wake < INT64_MAX && s.bed.w.wake > s.now ? s.bed.w.wake : s.now;
		shore_run(&s, 500);
	}
	ASSERT(shore_is_registered(&s));
}

TEST(a_session_that_the_server_ends_is_made_anew)
{
	SHORE(s, "coaps");

	ASSERT_OK(shore_open(&s));
	shore_run(&s, 500);
	ASSERT(shore_is_registered(&s));
	ASSERT_OK(s.client.session ? 0 : -ENOTCONN);
	mp_coap_session_gone(s.coap, s.client.session);
	mp_dtls_close(s.client.session);
	for (int i = 0; i < 400 && s.sessions < 2; i++)
		shore_run(&s, 500);
	shore_run(&s, 500);
	ASSERT_INT(2, s.sessions);
	ASSERT_INT(1, links_in_use(&s));
	ASSERT_STR("device-1", shore_read(&s, "3/0/2"));
}

/* ---- streams ---- */

static const char *const stream_schemes[] = {"coap+tcp", "coaps+tcp"};

TEST(ets_106_a_server_over_tcp_has_a_connection)
{
	for (unsigned i = 0; i < 2; i++) {
		SHORE(s, stream_schemes[i]);

		ASSERT_OK(shore_open(&s));
		shore_run(&s, 500);
		ASSERT(shore_is_registered(&s));
		ASSERT_INT(1, s.streams);
		ASSERT_STR("demo", shore_read(&s, "3/0/0"));
		ASSERT(s.client.is_reliable);
		ASSERT_STR(i ? "one:of:many" : "", s.identity);
	}
}

TEST(a_connection_that_the_server_closes_is_made_anew)
{
	for (unsigned i = 0; i < 2; i++) {
		SHORE(s, stream_schemes[i]);

		ASSERT_OK(shore_open(&s));
		shore_run(&s, 500);
		ASSERT(shore_is_registered(&s));
		shore_hang_up(&s);
		for (int k = 0; k < 400 && s.streams < 2; k++)
			shore_run(&s, 500);
		shore_run(&s, 500);
		ASSERT_INT(2, s.streams);
		ASSERT_INT(1, links_in_use(&s));
		ASSERT_STR("demo", shore_read(&s, "3/0/0"));
	}
}

TEST(a_server_over_tls_with_another_key_is_no_connection)
{
	SHORE(s, "coaps+tcp");

	s.key = "fedcba9876543210";
	ASSERT_OK(shore_open(&s));
	shore_run(&s, 500);
	ASSERT_STR("one:of:many", s.identity);
	ASSERT(!shore_is_registered(&s));
	ASSERT_INT(0, links_in_use(&s));
	ASSERT(s.bed.w.wake < INT64_MAX); /* another try */
}

TEST(a_handshake_that_hangs_is_given_up_and_begun_again)
{
	SHORE(s, "coaps+tcp");

	ASSERT_OK(shore_open(&s));
	for (int i = 0; i < 70; i++, s.now += 1000)
		shore_turn_client(&s); /* the other side's kernel alone is there */
	ASSERT_INT(0, links_in_use(&s));
	shore_run(&s, 80000);
	ASSERT(shore_is_registered(&s));
}

TEST(a_port_where_nobody_listens_is_no_connection)
{
	SHORE(s, "coap+tcp");

	ASSERT_OK(shore_prepare(&s));
	mp_tcp_listener_free(take_ptr(s.listener));
	ASSERT_OK(carrier_open(&s.bed.w, NULL));
	ASSERT_OK(objects_open(&s.bed.w, NULL));
	shore_run(&s, 300);
	ASSERT(!shore_is_registered(&s));
	ASSERT_INT(0, links_in_use(&s));
	ASSERT(s.bed.w.wake < INT64_MAX); /* another try */
}

/* ---- what is asked of it ---- */

TEST(a_connection_that_cannot_be_is_refused_at_once)
{
	static const struct {
		struct mp_lwm2m_peer peer;
		int r;
	} cases[] = {
		{{.host = "127.0.0.1", .port = 1, .secure = true, .mode = MP_LWM2M_SECURITY_RPK},
		 -ENOTSUP},
		{{.host = "", .port = 1}, -EHOSTUNREACH},
	};
	SHORE(s, "coap");

	ASSERT_OK(shore_open(&s));
	shore_run(&s, 300);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ASSERT_ERR(cases[i].r,
			   carrier_connect(&s.bed.w, s.bed.w.client, 100, &cases[i].peer));
	ASSERT_INT(1, links_in_use(&s));
}

TEST(there_are_as_many_links_as_servers_and_no_more)
{
	static const struct mp_lwm2m_peer peer = {.host = "127.0.0.1", .port = 9};
	struct worker *w;
	uint32_t ticket = 100;
	SHORE(s, "coap");

	ASSERT_OK(shore_open(&s));
	shore_run(&s, 300);
	w = &s.bed.w;
	while (links_in_use(&s) < LINKS)
		ASSERT_OK(carrier_connect(w, w->client, ticket++, &peer));
	ASSERT_ERR(-EBUSY, carrier_connect(w, w->client, ticket, &peer));
	carrier_disconnect(w, 100, NULL);
	carrier_disconnect(w, 100, NULL); /* there is none any more */
	ASSERT_OK(carrier_connect(w, w->client, ticket, &peer));
}
