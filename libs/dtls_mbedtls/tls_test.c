/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/test.h"
#include "dtls_mbedtls/maker.h"
#include "dtls_mbedtls/sample.h"
#include "dtls_mbedtls/tls.h"

#define MOST ((size_t)256 << 10)

struct end { /* of a connection */
	struct mp_tls *tls;
	struct mp_tcp *tcp;
	char who[64]; /* that it met */
	unsigned met;
	int error; /* that it came to; -ECONNRESET also for an orderly end */
	uint8_t got[MOST];
	size_t len;
};

struct scene {
	struct end client, server;
	struct mp_tcp_listener *listener;
};

static void scene_free(struct scene *s)
{
	mp_tcp_free(s->client.tcp);
	mp_tcp_free(s->server.tcp);
	mp_tls_free(s->client.tls);
	mp_tls_free(s->server.tls);
	mp_tcp_listener_free(s->listener);
	free(s);
}

static void scene_done(struct scene **s)
{
	if (*s)
		scene_free(*s);
}
#define auto_scene __attribute__((cleanup(scene_done))) struct scene

static int meet(void *user, const struct mp_dtls_identity *who)
{
	struct end *e = user;

	snprintf(e->who, sizeof(e->who), "%d %.*s", (int)who->kind, (int)who->len, who->text);
	e->met++;
	return strcmp(who->text, "device-0") == 0 ? -EPERM : 0;
}

static int accept_one(struct mp_tcp_listener *l, struct mp_tcp **ret)
{
	struct pollfd p = {.fd = mp_tcp_listener_fd(l), .events = POLLIN};

	return poll(&p, 1, 2000) == 1 ? mp_tcp_accept(l, MOST, ret) : -ETIMEDOUT;
}

static int dial(struct scene *s)
{
	struct mp_net_address a;
	int r;

	(void)mp_net_address_parse("127.0.0.1", 0, &a);
	r = mp_tcp_listen(&a, &s->listener, NULL);
	if (r < 0)
		return r;
	mp_tcp_listener_local(s->listener, &a);
	r = mp_tcp_connect(&a, MOST, &s->client.tcp, NULL);
	return r < 0 ? r : accept_one(s->listener, &s->server.tcp);
}

/* A TCP connection with TLS at its server; at its client, too, with credentials. */
static struct scene *scene_new(struct mp_tls_config server, const struct mp_dtls_credentials *c)
{
	struct scene *s = calloc(1, sizeof(*s));
	struct mp_tls_config client = {.established = meet};

	if (!s)
		return NULL;
	server.server = true;
	server.established = meet;
	if (c)
		client.own = *c;
	if (mp_tls_new(&server, &s->server.tls, NULL) < 0 || dial(s) < 0 ||
	    mp_tls_put_on(s->server.tls, s->server.tcp, &s->server) < 0 ||
	    (c && (mp_tls_new(&client, &s->client.tls, NULL) < 0 ||
		   mp_tls_put_on(s->client.tls, s->client.tcp, &s->client) < 0))) {
		scene_free(s);
		return NULL;
	}
	return s;
}

static void turn(struct end *e)
{
	ssize_t n = mp_tcp_receive(e->tcp, e->got + e->len, sizeof(e->got) - e->len);
	int r;

	if (n > 0)
		e->len += (size_t)n;
	else if (n != -EAGAIN && !e->error)
		e->error = n ? (int)n : -ECONNRESET;
	r = mp_tcp_flush(e->tcp);
	if (r < 0 && r != -EAGAIN && !e->error)
		e->error = r;
}

static void run(struct scene *s, unsigned turns)
{
	for (unsigned i = 0; i < turns; i++) {
		turn(&s->client);
		turn(&s->server);
		(void)poll(NULL, 0, 1);
	}
}

/* The client is gone; the server finds out. */
static void hang_up(struct scene *s)
{
	mp_tcp_free(s->client.tcp);
	s->client.tcp = NULL;
	for (unsigned i = 0; i < 20 && !s->server.error; i++) {
		turn(&s->server);
		(void)poll(NULL, 0, 1);
	}
}

TEST(both_sides_know_each_other_by_a_shared_key)
{
	struct mp_dtls_credentials c = sample_credentials("device-1");
	auto_scene *s = scene_new((struct mp_tls_config){.psk = sample_key}, &c);

	ASSERT(s);
	ASSERT_OK(mp_tcp_queue(s->client.tcp, "early", 5)); /* before there is a connection */
	ASSERT_OK(mp_tcp_queue(s->server.tcp, "hello", 5));
	run(s, 20);
	ASSERT_INT(1, s->server.met);
	ASSERT_STR("0 device-1", s->server.who);
	ASSERT_INT(0, s->client.met); /* whoever has the key */
	ASSERT_INT(5, s->server.len);
	ASSERT(memcmp("early", s->server.got, 5) == 0 && memcmp("hello", s->client.got, 5) == 0);
	ASSERT_INT(0, mp_tcp_flush(s->client.tcp));
	hang_up(s);
	ASSERT_INT(-ECONNRESET, s->server.error);
}

TEST(much_arrives_in_order_and_what_does_not_fit_is_left_out_whole)
{
	struct mp_dtls_credentials c = sample_credentials("device-1");
	auto_scene *s = scene_new((struct mp_tls_config){.psk = sample_key}, &c);
	auto_free uint8_t *data = malloc(MOST);

	ASSERT(s && data);
	for (size_t i = 0; i < MOST; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	run(s, 20);
	ASSERT_OK(mp_tcp_queue(s->client.tcp, data, 100000));
	ASSERT_ERR(-ENOBUFS, mp_tcp_queue(s->client.tcp, data + 100000, MOST - 100000));
	run(s, 100);
	ASSERT_INT(100000, s->server.len);
	ASSERT_OK(mp_tcp_queue(s->client.tcp, data + 100000, 100000));
	run(s, 100);
	ASSERT_INT(200000, s->server.len);
	ASSERT(memcmp(data, s->server.got, 200000) == 0);
	ASSERT_INT(0, s->server.error);
}

TEST(who_has_another_key_or_none_is_refused_and_told)
{
	struct mp_dtls_credentials wrong = sample_credentials("device-1"),
				   unknown = sample_credentials("stranger"),
				   unwelcome = sample_credentials("device-0"), *all[3];

	wrong.key = "fedcba9876543210";
	all[0] = &wrong, all[1] = &unknown, all[2] = &unwelcome;
	for (unsigned i = 0; i < 3; i++) {
		auto_scene *s = scene_new((struct mp_tls_config){.psk = sample_key}, all[i]);

		ASSERT(s);
		ASSERT_OK(mp_tcp_queue(s->client.tcp, "secret", 6));
		run(s, 20);
		ASSERT_INT(-EKEYREJECTED, s->server.error);
		ASSERT_INT(-ECONNABORTED, s->client.error);
		ASSERT_INT(0, s->server.len);
		ASSERT_INT(i == 2, s->server.met);
	}
}

static struct scene *show_certificates(struct maker *m, const struct shown *trusted,
				       const char *name)
{
	struct mp_dtls_credentials client;
	struct shown server, device;

	if (make(m, "CN=server", &server) < 0 || make(m, "O=fleet,CN=device-7", &device) < 0)
		return NULL;
	client = show(&device, &m->ca);
	client.peer_name = name;
	return scene_new((struct mp_tls_config){.own = show(&server, trusted), .psk = sample_key},
			 &client);
}

TEST(certificates_are_verified_on_both_sides)
{
	auto_maker m = {0}, other = {0};
	auto_scene *good = NULL, *foreign = NULL, *misnamed = NULL;

	ASSERT_OK(maker_init(&m));
	ASSERT_OK(maker_init(&other));
	good = show_certificates(&m, &m.ca, "server");
	foreign = show_certificates(&m, &other.ca, NULL);
	misnamed = show_certificates(&m, &m.ca, "another");
	ASSERT(good && foreign && misnamed);
	run(good, 20);
	ASSERT_STR("1 device-7", good->server.who);
	ASSERT_STR("1 server", good->client.who);
	run(foreign, 20);
	ASSERT_INT(-EKEYREJECTED, foreign->server.error);
	ASSERT_INT(0, foreign->server.met);
	run(misnamed, 20);
	ASSERT_INT(-EKEYREJECTED, misnamed->client.error);
	ASSERT_INT(0, misnamed->client.met + misnamed->server.met);
}

TEST(what_is_no_tls_ends_with_an_error)
{
	auto_scene *s = scene_new((struct mp_tls_config){.psk = sample_key}, NULL);

	ASSERT(s);
	ASSERT_OK(mp_tcp_queue(s->client.tcp, "GET / HTTP/1.1\r\nHost: here\r\n\r\n", 29));
	run(s, 20);
	ASSERT_INT(-EPROTO, s->server.error);
	ASSERT_INT(0, s->server.len);
}

TEST(a_handshake_that_ends_early_is_a_broken_connection)
{
	/* A record of a ClientHello whose bytes do not all come. */
	static const uint8_t begun[] = {0x16, 3, 1, 0, 0x40, 1, 0, 0, 0x3c, 3, 3};
	auto_scene *s = scene_new((struct mp_tls_config){.psk = sample_key}, NULL);

	ASSERT(s);
	for (size_t i = 0; i < sizeof(begun); i++) {
		ASSERT_OK(mp_tcp_queue(s->client.tcp, begun + i, 1));
		run(s, 3);
		ASSERT_INT(0, s->server.error);
	}
	ASSERT_ERR(-EAGAIN, mp_tcp_flush(s->server.tcp));
	hang_up(s);
	ASSERT_INT(-ECONNRESET, s->server.error);
}

/* What the other side of an established connection finds at its end: `cut` behind TLS's back, or freed. */
static ssize_t end_of(bool cut)
{
	struct mp_dtls_credentials c = sample_credentials("device-1");
	auto_scene *s = scene_new((struct mp_tls_config){.psk = sample_key}, &c);
	char byte;

	if (!s)
		return -ENOMEM;
	run(s, 20);
	if (s->server.met != 1)
		return -ENOTCONN;
	if (cut)
		(void)shutdown(mp_tcp_fd(s->client.tcp), SHUT_RDWR);
	mp_tcp_free(take_ptr(s->client.tcp));
	(void)poll(NULL, 0, 20);
	return mp_tcp_receive(s->server.tcp, &byte, 1);
}

TEST(an_end_that_was_told_is_not_one_that_was_cut)
{
	ASSERT_INT(0, (int)end_of(false));
	ASSERT_INT(-ECONNRESET, (int)end_of(true));
}

TEST(what_still_waits_at_the_end_is_lost)
{
	struct mp_dtls_credentials c = sample_credentials("device-1");
	auto_scene *s = scene_new((struct mp_tls_config){.psk = sample_key}, &c);

	ASSERT(s);
	run(s, 20);
	ASSERT_OK(mp_tcp_queue(s->client.tcp, "not acknowledged yet", 20));
	hang_up(s);
	ASSERT_INT(0, s->server.len);
	ASSERT(s->server.error);
}

TEST(a_side_without_credentials_is_not_made)
{
	struct mp_tls *tls = NULL;
	struct mp_err err;

	ASSERT_ERR(-EINVAL, mp_tls_new(&(struct mp_tls_config){.server = true}, &tls, &err));
	ASSERT_ERR(-EINVAL,
		   mp_tls_new(&(struct mp_tls_config){.own.kind = MP_DTLS_RPK}, &tls, &err));
	ASSERT_ERR(-EBADMSG, mp_tls_new(&(struct mp_tls_config){.own = {.kind = MP_DTLS_X509,
									.certificate = "x",
									.certificate_len = 1}},
					&tls, &err));
	ASSERT(!tls);
}
