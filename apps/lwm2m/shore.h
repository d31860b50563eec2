/* SPDX-License-Identifier: Apache-2.0
 * shore.h - for tests: the worker of bed.h with its real carrier, and a server at the other end of loopback
 *
 *     SHORE(s, "coaps");                          // coap, coaps, coap+tcp or coaps+tcp
 *     ASSERT_OK(shore_open(&s));
 *     shore_run(&s, 1000);                        // ms of a clock that only moves here
 *     ASSERT_STR("demo", shore_read(&s, "3/0/0"));
 */
#pragma once

#include "bed.h"
#include "coap/connection.h"
#include "dtls_mbedtls/dtls_mbedtls.h"
#include "dtls_mbedtls/tls.h"
#include "net/tcp.h"

#define SHORE_STEP_MS 10

struct shore {
	struct bed bed;
	const char *scheme;
	int64_t now;
	struct mp_udp *udp;
	struct mp_dtls *dtls;
	struct mp_tcp_listener *listener;
	struct mp_tls *tls; /* of its connections; NULL: none */
	struct mp_coap *coap;
	struct mp_coap_connection *stream;
	struct mp_coap_remote client; /* as it came last */
	const char *key; /* of 16 bytes */
	char identity[64]; /* that the client showed */
	unsigned sessions, streams, requests;
};

/* ---- the server ---- */

static inline void shore_coap_send(void *user, const struct mp_coap_remote *to, const void *data,
				   size_t len)
{
	struct shore *s = ((struct fake_host *)user)->net->user;

	if (to->is_reliable)
		mp_coap_connection_send(to->session, data, len);
	else if (to->session)
		(void)mp_dtls_write(to->session, data, len);
	else
		(void)mp_udp_queue(s->udp, NULL, &to->address, data, len);
}

static inline void shore_serve(void *user, const struct mp_coap_request *rq)
{
	struct shore *s = ((struct fake_host *)user)->net->user;

	s->requests++;
	s->client = *rq->remote;
	bed_serve_server(user, rq);
}

static inline void shore_dtls_send(void *user, const struct mp_net_address *local,
				   const struct mp_net_address *to, const void *data, size_t len)
{
	struct shore *s = user;

	(void)local;
	(void)mp_udp_queue(s->udp, NULL, to, data, len);
}

static inline void shore_deliver(void *user, struct mp_dtls_session *session, const void *data,
				 size_t len)
{
	struct shore *s = user;
	const struct mp_coap_remote from = {.address = *mp_dtls_session_address(session),
					    .session = session};

	mp_coap_receive(s->coap, &from, data, len);
}

static inline void shore_established(void *user, struct mp_dtls_session *session)
{
	struct shore *s = user;

	(void)session;
	s->sessions++;
}

static inline void shore_closed(void *user, struct mp_dtls_session *session,
				enum mp_dtls_reason reason)
{
	struct shore *s = user;

	(void)reason;
	mp_coap_session_gone(s->coap, session);
}

static inline int shore_psk(void *user, const void *identity, size_t len,
			    uint8_t key[MP_DTLS_KEY_MAX])
{
	struct shore *s = user;

	snprintf(s->identity, sizeof(s->identity), "%.*s", (int)len, (const char *)identity);
	memcpy(key, s->key, 16);
	return 16;
}

static inline void shore_datagram(void *user, const struct mp_udp_datagram *d)
{
	struct shore *s = user;
	const struct mp_coap_remote from = {.address = *d->from};

	if (mp_str_starts_with(s->scheme, "coaps"))
		mp_dtls_receive(s->dtls, d->from, NULL, d->data, d->len);
	else
		mp_coap_receive(s->coap, &from, d->data, d->len);
}

static inline int shore_accept(struct shore *s, struct mp_tcp **ret)
{
	int r = mp_tcp_accept(s->listener, 65536, ret);

	return r == 0 && s->tls ? mp_tls_put_on(s->tls, *ret, s) : r;
}

static inline void shore_hang_up(struct shore *s)
{
	mp_coap_connection_free(s->stream);
	s->stream = NULL;
}

static inline void shore_take_streams(struct shore *s)
{
	struct mp_tcp *tcp;
	int r;

	if (s->listener && !s->stream && shore_accept(s, &tcp) == 0 &&
	    mp_coap_connection_over(s->coap, tcp, s, &s->stream) == 0)
		s->streams++;
	if (!s->stream)
		return;
	r = mp_coap_connection_receive(s->stream);
	(void)mp_coap_connection_flush(s->stream);
	if (r < 0)
		shore_hang_up(s);
}

static inline int shore_open_server(struct shore *s, struct mp_net_address *ret)
{
	static const struct mp_dtls_config psk = {.for_psk = &mp_dtls_mbedtls,
						  .server = true,
						  .psk = shore_psk,
						  .send = shore_dtls_send,
						  .deliver = shore_deliver,
						  .established = shore_established,
						  .closed = shore_closed};
	struct mp_dtls_config dtls = psk;
	const struct mp_coap_config coap = {.user = &s->bed.net.hosts[1],
					    .send = shore_coap_send,
					    .serve = shore_serve,
					    .now_ms = s->now};
	const struct mp_tls_config tls = {.server = true, .psk = shore_psk, .user = s};
	int r;

	dtls.user = s;
	(void)mp_net_address_parse("127.0.0.1", 0, ret);
	r = mp_udp_open(ret, &(struct mp_udp_config){.buffer = 65536}, &s->udp, NULL);
	if (r == 0)
		r = mp_tcp_listen(ret, &s->listener, NULL);
	if (r == 0)
		r = mp_dtls_new(&dtls, s->now, &s->dtls, NULL);
	if (r == 0)
		r = mp_coap_new(&coap, &s->coap);
	if (r == 0 && mp_streq(s->scheme, "coaps+tcp"))
		r = mp_tls_new(&tls, &s->tls, NULL);
	if (r == 0 && strstr(s->scheme, "+tcp"))
		mp_tcp_listener_local(s->listener, ret);
	else if (r == 0)
		mp_udp_local(s->udp, ret);
	return r;
}

/* ---- both ---- */

/* What there is goes in and out, once. */
static inline void shore_turn_server(struct shore *s, int64_t now)
{
	mp_dtls_tick(s->dtls, now);
	mp_coap_tick(s->coap, now);
	(void)mp_udp_receive(s->udp, shore_datagram, s);
	shore_take_streams(s);
	mp_dtls_tick(s->dtls, now);
	mp_coap_replies_are_sent(s->coap);
	(void)mp_udp_flush(s->udp);
}

static inline void shore_turn_client(struct shore *s)
{
	struct worker *w = &s->bed.w;
	struct pollfd fds[LINKS];
	unsigned n;

	mp_dtls_tick(w->dtls, s->now);
	mp_coap_tick(w->coap, s->now);
	carrier_tick(w, s->now);
	if (w->wake <= s->now) {
		w->wake = INT64_MAX;
		mp_lwm2m_client_tick(w->client);
	}
	mp_dtls_tick(w->dtls, s->now);
	mp_coap_replies_are_sent(w->coap);
	carrier_flush(w);
	(void)carrier_receive(w);
	n = carrier_streams(w, fds);
	if (poll(fds, n, 0) > 0)
		for (unsigned i = 0; i < n; i++)
			if (fds[i].revents)
				carrier_stream_ready(w, fds[i].fd);
	carrier_flush(w);
}

static inline void shore_run(struct shore *s, int64_t ms)
{
	for (int64_t end = s->now + ms; s->now < end; s->now += SHORE_STEP_MS) {
		shore_turn_client(s);
		shore_turn_server(s, s->now);
	}
}

/* Server and pair; what belongs to the worker is opened by the test, or by shore_open(). */
static inline int shore_prepare(struct shore *s)
{
	struct bed *b = &s->bed;
	struct config *c = &b->w.config;
	struct mp_net_address at;
	int fds[2], r = mp_pair_open(fds);

	bed_file(b, STATE_DIR "/lwm2m/.keep", "");
	b->net.user = s;
	b->net.hosts[1].net = &b->net;
	b->net.hosts[1].user = b;
	s->now = worker_now_ms();
	if (r == 0)
		r = mp_pair_init(&b->w.control, fds[0], 0);
	if (r == 0)
		r = mp_pair_init(&b->supervisor, fds[1], 0);
	if (r == 0)
		r = shore_open_server(s, &at);
	snprintf(c->uri, sizeof(c->uri), "%s://127.0.0.1:%u", s->scheme, at.port);
	strcpy(c->psk_identity, "one:of:many");
	memcpy(c->psk, "0123456789abcdef", 16);
	c->psk_len = 16;
	return r;
}

static inline int shore_open(struct shore *s)
{
	struct mp_err err = {{0}};
	int r = shore_prepare(s);

	if (r == 0)
		r = carrier_open(&s->bed.w, &err);
	if (r == 0)
		r = objects_open(&s->bed.w, &err);
	if (r < 0)
		fprintf(stderr, "%d %s\n", r, err.text);
	return r;
}

static inline void shore_close(struct shore *s)
{
	objects_close(&s->bed.w);
	carrier_close(&s->bed.w);
	shore_hang_up(s);
	mp_coap_free(s->coap);
	mp_dtls_free(s->dtls);
	mp_tcp_listener_free(s->listener);
	mp_tls_free(s->tls);
	mp_udp_free(s->udp);
	bed_close(&s->bed);
}
#define SHORE(name, how)                                                                           \
	__attribute__((cleanup(shore_close))) struct shore name = {.scheme = how,                  \
								   .key = "0123456789abcdef"};     \
	bed_init(&name.bed)

/* The server reads a value of the client: as text, or "" without an answer. */
static inline const char *shore_read(struct shore *s, const char *path)
{
	struct bed *b = &s->bed;
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path);

	ask.accept = MP_LWM2M_FORMAT_TEXT;
	ask.handler = bed_answer;
	ask.user = b;
	b->answered = false;
	b->code = 0;
	b->text[0] = '\0';
	if (mp_coap_send(s->coap, &s->client, &ask, NULL) == 0)
		shore_run(s, 500);
	return b->text;
}

static inline bool shore_is_registered(const struct shore *s)
{
	return mp_lwm2m_client_is_registered(s->bed.w.client, 1);
}
