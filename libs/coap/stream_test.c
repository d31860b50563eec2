/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "coap/stream.h"

struct wire { /* what one side has sent and got */
	uint8_t out[4096];
	size_t out_len;
	int refuses; /* what send() returns */
	int count;
	uint8_t code, token;
	size_t payload_len;
};

static int send_to_wire(void *user, const void *data, size_t len)
{
	struct wire *w = user;

	if (w->refuses || len > sizeof(w->out) - w->out_len)
		return w->refuses ? w->refuses : -ENOBUFS;
	memcpy(w->out + w->out_len, data, len);
	w->out_len += len;
	return 0;
}

static void got(void *user, const struct mp_coap_message *m)
{
	struct wire *w = user;

	w->count++;
	w->code = m->code;
	w->token = m->token_len ? m->token[0] : 0;
	w->payload_len = m->payload_len;
}

static struct mp_coap_stream *stream(struct wire *w, size_t message_max)
{
	struct mp_coap_stream *s = NULL;

	(void)mp_coap_stream_new(
		&(struct mp_coap_stream_config){
			.user = w, .send = send_to_wire, .got = got, .message_max = message_max},
		&s);
	return s;
}

/* A stream whose peer has sent an empty CSM; its own is taken off the wire. */
static struct mp_coap_stream *begun(struct wire *w, size_t message_max)
{
	struct mp_coap_stream *s = stream(w, message_max);

	if (s)
		(void)mp_coap_stream_receive(s, "\x00\xe1", 2);
	w->out_len = 0;
	return s;
}

/* The only message on the wire. */
static int sent(const struct wire *w, struct mp_coap_message *ret)
{
	int n = mp_coap_tcp_decode(w->out, w->out_len, sizeof(w->out), ret);

	return n > 0 && (size_t)n == w->out_len ? ret->code : -EBADMSG;
}

static void aborts(struct wire *w, struct mp_coap_stream *s, const void *data, size_t len)
{
	struct mp_coap_message m;

	ASSERT_ERR(-EPROTO, mp_coap_stream_receive(s, data, len));
	ASSERT_INT(MP_COAP_ABORT, sent(w, &m));
	ASSERT(m.payload_len > 0); /* with a diagnostic */
	ASSERT_INT(strlen(mp_coap_stream_reason(s)), m.payload_len);
	ASSERT_ERR(-EPROTO, mp_coap_stream_receive(s, "\x00\xe1", 2));
	ASSERT_ERR(-EPROTO, mp_coap_stream_ping(s));
}

TEST(our_csm_comes_first)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = stream(&w, 0);
	struct mp_coap_message m;
	uint32_t size;

	ASSERT(s);
	ASSERT_INT(MP_COAP_CSM, sent(&w, &m));
	ASSERT_INT(1, mp_coap_find_uint(&m, 2, &size));
	ASSERT_INT(1152, size);
	ASSERT_INT(1, mp_coap_find_uint(&m, 4, &size));
}

TEST(the_peers_csm_is_taken)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = stream(&w, 0);

	ASSERT(s);
	ASSERT_INT(1152, mp_coap_stream_peer_max(s));
	ASSERT(!mp_coap_stream_peer_takes_blocks(s));
	ASSERT_OK(mp_coap_stream_receive(s, "\x40\xe1\x22\x02\x00\x20", 6));
	ASSERT_INT(512, mp_coap_stream_peer_max(s));
	ASSERT(mp_coap_stream_peer_takes_blocks(s));
	/* Another one changes what it says alone, and unknown elective options nothing. */
	ASSERT_OK(mp_coap_stream_receive(s, "\x30\xe1\x21\x80\x40", 5));
	ASSERT_INT(128, mp_coap_stream_peer_max(s));
	ASSERT(mp_coap_stream_peer_takes_blocks(s));
}

TEST(what_is_no_request_is_refused_before_a_csm)
{
	static const char *const early[] = {"\x01\x45\xaa", "\x01\xe2\xaa"}; /* 2.05, Ping */

	for (unsigned i = 0; i < 2; i++) {
		struct wire w = {0};
		auto_(mp_coap_stream) *s = stream(&w, 0);

		ASSERT(s);
		w.out_len = 0;
		ASSERT_OK(mp_coap_stream_receive(s, "\x00\x00", 2)); /* but an empty one */
		aborts(&w, s, early[i], 3);
		ASSERT_INT(0, w.count);
	}
}

TEST(a_csm_may_follow_a_few_requests_but_has_to_come)
{
	struct wire w = {0}, x = {0};
	auto_(mp_coap_stream) *s = stream(&w, 0), *never = stream(&x, 0);

	ASSERT(s && never);
	ASSERT_OK(mp_coap_stream_receive(s, "\x01\x01\xaa\x30\xe1\x22\x02\x00", 8));
	ASSERT_INT(1, w.count);
	ASSERT_INT(512, mp_coap_stream_peer_max(s));
	x.out_len = 0;
	for (int i = 0; i < 8; i++)
		ASSERT_OK(mp_coap_stream_receive(never, "\x01\x01\xaa", 3));
	aborts(&x, never, "\x01\x01\xaa", 3);
	ASSERT_INT(8, x.count);
}

TEST(a_ping_is_answered_with_its_token)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = begun(&w, 0);

	ASSERT(s);
	ASSERT_OK(mp_coap_stream_receive(s, "\x01\xe2\x42", 3));
	ASSERT_INT(3, w.out_len);
	ASSERT(memcmp(w.out, "\x01\xe3\x42", 3) == 0);
	w.out_len = 0;
	ASSERT_OK(mp_coap_stream_receive(s, "\x01\xe3\x42", 3)); /* a Pong is not */
	ASSERT_INT(0, w.out_len);
	ASSERT_INT(0, w.count);
}

TEST(a_release_and_an_abort_are_told)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = begun(&w, 0);

	ASSERT(s);
	ASSERT_OK(mp_coap_stream_receive(s, "\x00\xe4", 2));
	ASSERT(mp_coap_stream_is_released(s));
	ASSERT_OK(mp_coap_stream_receive(s, "\x01\x01\x07", 3));
	ASSERT_INT(1, w.count);
	ASSERT_ERR(-ECONNRESET, mp_coap_stream_receive(s,
						       "\x40\xe5\xff"
						       "a\nb",
						       6));
	ASSERT_STR("a?b", mp_coap_stream_reason(s));
	ASSERT_INT(0, w.out_len);
}

TEST(unknown_signals_are_ignored_and_unknown_critical_options_are_not)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = begun(&w, 0);
	struct mp_coap_message m;
	uint32_t option;

	ASSERT(s);
	ASSERT_OK(mp_coap_stream_receive(s, "\x10\xff\x20", 3));
	ASSERT_INT(0, w.out_len);
	aborts(&w, s, "\x10\xe1\x50", 3);
	ASSERT_INT(MP_COAP_ABORT, sent(&w, &m));
	ASSERT_INT(1, mp_coap_find_uint(&m, 2, &option)); /* Bad-CSM-Option */
	ASSERT_INT(5, option);
}

TEST(a_critical_option_of_any_signal_aborts)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = begun(&w, 0);

	ASSERT(s);
	aborts(&w, s, "\x10\xe2\x10", 3);
}

TEST(a_peer_that_takes_next_to_nothing_is_refused)
{
	struct wire w = {0}, v = {0};
	auto_(mp_coap_stream) *s = begun(&w, 0), *t = begun(&v, 0);
	uint8_t ping[3 + 13 + 50] = {0x0d, 0xe2, 50};

	ASSERT(s && t);
	aborts(&w, s, "\x20\xe1\x21\x3f", 4);
	ASSERT_OK(mp_coap_stream_receive(t, "\x20\xe1\x21\x40", 4));
	aborts(&v, t, ping, sizeof(ping)); /* its Pong has 66 bytes */
}

TEST(malformed_and_too_large_messages_abort)
{
	static const char *const bad[] = {"\x0f", "\x10\x01\xff", "\x00\x20", "\xd0\x60",
					  "\xf0\xff\xff\xff\xff"};
	static const size_t lens[] = {1, 3, 2, 2, 5};

	for (size_t i = 0; i < 5; i++) {
		struct wire w = {0};
		auto_(mp_coap_stream) *s = begun(&w, 100);

		ASSERT(s);
		aborts(&w, s, bad[i], lens[i]);
	}
}

/* The same messages however the bytes are cut. */
TEST(messages_arrive_whole_from_pieces_of_any_size)
{
	static uint8_t bytes[20000];
	size_t len = 2;

	memcpy(bytes, "\x00\xe1", 2);
	for (size_t i = 0; i < 100; i++) {
		static const uint8_t payload[150];
		uint8_t token = (uint8_t)i;
		struct mp_coap_message m = {.code = 2,
					    .token = &token,
					    .token_len = 1,
					    .payload = payload,
					    .payload_len = i};

		len += (size_t)mp_coap_tcp_encode(&m, bytes + len, sizeof(bytes) - len);
	}
	for (size_t piece = 1; piece < 700; piece += piece / 3 + 1) {
		struct wire w = {0};
		auto_(mp_coap_stream) *s = stream(&w, 128);

		ASSERT(s);
		for (size_t at = 0; at < len; at += piece) {
			auto_free char *cut =
				mp_test_cut(bytes + at, piece < len - at ? piece : len - at);

			ASSERT(cut);
			ASSERT_OK(mp_coap_stream_receive(s, cut,
							 piece < len - at ? piece : len - at));
		}
		ASSERT_INT(100, w.count);
		ASSERT_INT(99, w.token);
		ASSERT_INT(99, w.payload_len);
	}
}

TEST(messages_larger_than_the_peer_takes_are_not_sent)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = begun(&w, 0);
	static const uint8_t payload[4000];
	struct mp_coap_message m = {.code = 2, .payload = payload, .payload_len = 1152 - 5};

	ASSERT(s);
	ASSERT_OK(mp_coap_stream_send(s, &m));
	ASSERT_INT(1152, w.out_len);
	m.payload_len++;
	ASSERT_ERR(-EMSGSIZE, mp_coap_stream_send(s, &m));
	ASSERT_OK(mp_coap_stream_receive(s, "\x30\xe1\x22\x10\x00", 5)); /* 4096 */
	m.payload_len = 2900;
	ASSERT_OK(mp_coap_stream_send(s, &m));
}

TEST(two_streams_understand_each_other)
{
	struct wire wa = {0}, wb = {0};
	auto_(mp_coap_stream) *a = stream(&wa, 0), *b = stream(&wb, 4096);
	struct mp_coap_message m = {.code = MP_COAP_GET};

	ASSERT(a && b);
	ASSERT_OK(mp_coap_stream_send(a, &m)); /* without waiting for the CSM of the other side */
	ASSERT_OK(mp_coap_stream_ping(a));
	ASSERT_OK(mp_coap_stream_receive(b, wa.out, wa.out_len));
	ASSERT_INT(1, wb.count);
	ASSERT_OK(mp_coap_stream_receive(a, wb.out, wb.out_len));
	ASSERT_INT(4096, mp_coap_stream_peer_max(a));
	wb.out_len = 0;
	ASSERT_OK(mp_coap_stream_release(b));
	ASSERT_OK(mp_coap_stream_receive(a, wb.out, wb.out_len));
	ASSERT(mp_coap_stream_is_released(a));
}

TEST(a_full_queue_ends_the_stream)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = begun(&w, 0);
	struct mp_coap_stream *other = NULL;

	ASSERT(s);
	w.refuses = -ENOBUFS;
	ASSERT_ERR(-ENOBUFS, mp_coap_stream_receive(s, "\x01\xe2\x42\x00\xe2", 5));
	w.refuses = 0;
	ASSERT_ERR(-ENOBUFS, mp_coap_stream_ping(s));
	ASSERT_INT(0, w.out_len);
	ASSERT_ERR(-EINVAL,
		   mp_coap_stream_new(&(struct mp_coap_stream_config){.message_max = 63}, &other));
}

TORTURE(a_stream_survives_without_memory)
{
	struct wire w = {0};
	auto_(mp_coap_stream) *s = NULL;
	static uint8_t payload[3000];
	struct mp_coap_message m = {.code = 2, .payload = payload, .payload_len = sizeof(payload)};
	int r = mp_coap_stream_new(
		&(struct mp_coap_stream_config){.user = &w, .send = send_to_wire, .got = got}, &s);

	if (r == 0)
		r = mp_coap_stream_receive(s, "\x30\xe1\x22\x10\x00\x01", 6);
	if (r == 0)
		r = mp_coap_stream_receive(s, "\x01\x07", 2);
	if (r == 0 && w.count != 1)
		return -EPROTO;
	return r < 0 ? r : mp_coap_stream_send(s, &m);
}
