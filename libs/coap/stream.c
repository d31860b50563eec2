/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "coap/stream.h"

/* Options of signals; each signal has numbers of its own (RFC 8323 section 5.2). */
enum { MAX_MESSAGE_SIZE = 2, BLOCK_WISE_TRANSFER = 4 };
enum { BAD_CSM_OPTION = 2 };
#define EARLY_MAX 8

#define LEAST 64 /* most bytes of a message, at least */
#define ENCODED 2048 /* longer messages are put together on the heap */

struct mp_coap_stream {
	struct mp_coap_stream_config config;
	struct mp_buf partial; /* the beginning of a message */
	size_t peer_max;
	bool is_begun, takes_blocks, is_released;
	uint8_t early; /* requests before the CSM */
	int ended; /* 0, or what every later call returns */
	char reason[96];
};

static int send_message(struct mp_coap_stream *s, const struct mp_coap_message *m)
{
	size_t room = 2 + 6 + m->token_len + m->options_len + 1 + m->payload_len;
	auto_free uint8_t *large = room > ENCODED ? malloc(room) : NULL;
	uint8_t small[ENCODED], *out = large ? large : small;
	int n, r;

	if (room > ENCODED && !large)
		return -ENOMEM;
	n = mp_coap_tcp_encode(m, out, room);
	if (n < 0)
		return n;
	if ((size_t)n > s->peer_max)
		return -EMSGSIZE;
	r = s->config.send(s->config.user, out, (size_t)n);
	if (r < 0)
		s->ended = r;
	return r < 0 ? r : 0;
}

/* Send the options of `w`, which wrote them behind a header without a token, as a signal. */
static int send_options(struct mp_coap_stream *s, const struct mp_coap_writer *w, const char *text)
{
	return send_message(s, &(struct mp_coap_message){
				       .code = w->data[1],
				       .options = w->data + 4,
				       .options_len = w->len - 4,
				       .payload = (const uint8_t *)text,
				       .payload_len = strlen(text),
			       });
}

static int send_csm(struct mp_coap_stream *s)
{
	struct mp_coap_writer w;
	uint8_t bytes[32];

	mp_coap_write(&w, bytes, sizeof(bytes), &(struct mp_coap_header){.code = MP_COAP_CSM});
	mp_coap_add_uint(&w, MAX_MESSAGE_SIZE, (uint32_t)s->config.message_max);
	mp_coap_add(&w, BLOCK_WISE_TRANSFER, NULL, 0);
	return send_options(s, &w, "");
}

int mp_coap_stream_new(const struct mp_coap_stream_config *config, struct mp_coap_stream **ret)
{
	auto_(mp_coap_stream) *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->peer_max = MP_COAP_STREAM_BASE;
	if (!s->config.message_max)
		s->config.message_max = MP_COAP_STREAM_BASE;
	if (s->config.message_max < LEAST || s->config.message_max > UINT32_MAX)
		return -EINVAL;
	s->partial.limit = s->config.message_max;
	r = send_csm(s);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

void mp_coap_stream_free(struct mp_coap_stream *s)
{
	if (!s)
		return;
	mp_buf_done(&s->partial);
	free(s);
}

/* The peer broke a rule: tell it so, and end. `csm_option` is the option of its CSM, or 0. */
static int abort_stream(struct mp_coap_stream *s, unsigned csm_option, const char *reason)
{
	struct mp_coap_writer w;
	uint8_t bytes[32];

	snprintf(s->reason, sizeof(s->reason), "%s", reason);
	mp_coap_write(&w, bytes, sizeof(bytes), &(struct mp_coap_header){.code = MP_COAP_ABORT});
	if (csm_option)
		mp_coap_add_uint(&w, BAD_CSM_OPTION, csm_option);
	(void)send_options(s, &w, reason);
	s->ended = -EPROTO;
	return -EPROTO;
}

static int take_csm(struct mp_coap_stream *s, const struct mp_coap_message *m)
{
	uint32_t max;

	MP_COAP_EACH_OPTION(o, m)
	{
		if (mp_coap_option_is_critical(o.number))
			return abort_stream(s, o.number, "unknown critical option in a CSM");
		if (o.number == MAX_MESSAGE_SIZE) {
			if (mp_coap_option_uint(&o, &max) < 0 || max < LEAST)
				return abort_stream(s, o.number, "unusable Max-Message-Size");
			s->peer_max = max;
		} else if (o.number == BLOCK_WISE_TRANSFER) {
			s->takes_blocks = true;
		}
	}
	s->is_begun = true;
	return 0;
}

/* The peer's last words, as far as they can be shown. */
static int take_abort(struct mp_coap_stream *s, const struct mp_coap_message *m)
{
	size_t len = m->payload_len < sizeof(s->reason) ? m->payload_len : sizeof(s->reason) - 1;

	for (size_t i = 0; i < len; i++)
		s->reason[i] =
			m->payload[i] < ' ' || m->payload[i] > '~' ? '?' : (char)m->payload[i];
	s->reason[len] = '\0';
	s->ended = -ECONNRESET;
	return -ECONNRESET;
}

static int answer_ping(struct mp_coap_stream *s, const struct mp_coap_message *ping)
{
	int r = send_message(s, &(struct mp_coap_message){.code = MP_COAP_PONG,
							  .token = ping->token,
							  .token_len = ping->token_len});

	if (r == -EMSGSIZE)
		return abort_stream(s, 0, "the Pong would be larger than Max-Message-Size");
	return r < 0 ? s->ended = r : 0;
}

static int take_signal(struct mp_coap_stream *s, const struct mp_coap_message *m)
{
	MP_COAP_EACH_OPTION(o, m)
	if (mp_coap_option_is_critical(o.number) && m->code != MP_COAP_CSM)
		return abort_stream(s, 0, "unknown critical option in a signal");
	switch (m->code) {
	case MP_COAP_PING:
		return answer_ping(s, m);
	case MP_COAP_RELEASE:
		s->is_released = true;
		return 0;
	case MP_COAP_ABORT:
		return take_abort(s, m);
	case MP_COAP_CSM:
		return take_csm(s, m);
	default: /* a Pong, or a signal of a later day */
		return 0;
	}
}

/* A CSM has to be the first (RFC 8323 section 5.3). Some clients (Leshan's over TLS) ask before it has
 * left them, so a few requests may come earlier. */
static bool may_come(struct mp_coap_stream *s, const struct mp_coap_message *m)
{
	if (s->is_begun || m->code == MP_COAP_CSM || m->code == MP_COAP_ABORT)
		return true;
	return mp_coap_is_request(m->code) && s->early++ < EARLY_MAX;
}

static int take_message(struct mp_coap_stream *s, const struct mp_coap_message *m)
{
	if (m->code == MP_COAP_EMPTY) /* keeps the connection alive, section 5.4 */
		return 0;
	if (!may_come(s, m))
		return abort_stream(s, 0, "the first message is no CSM");
	if (mp_coap_class(m->code) == 7)
		return take_signal(s, m);
	s->config.got(s->config.user, m);
	return s->ended;
}

/* Take each whole message; the number of bytes that they had. */
static int take_all(struct mp_coap_stream *s, const uint8_t *data, size_t len, size_t *ret_used)
{
	struct mp_coap_message m;
	size_t used = 0;
	int n, r;

	while ((n = mp_coap_tcp_decode(data + used, len - used, s->config.message_max, &m)) > 0) {
		r = take_message(s, &m);
		if (r < 0)
			return r;
		used += (size_t)n;
	}
	if (n == -EFBIG)
		return abort_stream(s, 0, "the message is larger than Max-Message-Size");
	if (n < 0)
		return abort_stream(s, 0, "the message is malformed");
	*ret_used = used;
	return 0;
}

static int append(struct mp_coap_stream *s, const uint8_t *data, size_t len, size_t *ret_taken)
{
	size_t room = s->partial.limit - s->partial.len, used;
	int r = mp_buf_add(&s->partial, data, len < room ? len : room);

	if (r < 0) {
		s->ended = r;
		return r;
	}
	r = take_all(s, (const uint8_t *)s->partial.data, s->partial.len, &used);
	if (r < 0)
		return r;
	s->partial.len -= used;
	memmove(s->partial.data, s->partial.data + used, s->partial.len);
	*ret_taken = len < room ? len : room;
	return 0;
}

int mp_coap_stream_receive(struct mp_coap_stream *s, const void *data, size_t len)
{
	const uint8_t *at = data;
	size_t taken = 0;
	int r = s->ended;

	if (r == 0 && len > 0 && s->partial.len == 0)
		r = take_all(s, at, len, &taken);
	while (r == 0 && taken < len) {
		at += taken;
		len -= taken;
		r = append(s, at, len, &taken);
	}
	if (s->partial.len == 0) /* an idle connection costs little */
		mp_buf_done(&s->partial);
	return r;
}

int mp_coap_stream_send(struct mp_coap_stream *s, const struct mp_coap_message *m)
{
	return s->ended ? s->ended : send_message(s, m);
}

int mp_coap_stream_ping(struct mp_coap_stream *s)
{
	return mp_coap_stream_send(s, &(struct mp_coap_message){.code = MP_COAP_PING});
}

int mp_coap_stream_release(struct mp_coap_stream *s)
{
	return mp_coap_stream_send(s, &(struct mp_coap_message){.code = MP_COAP_RELEASE});
}

size_t mp_coap_stream_peer_max(const struct mp_coap_stream *s)
{
	return s->peer_max;
}

bool mp_coap_stream_peer_takes_blocks(const struct mp_coap_stream *s)
{
	return s->takes_blocks;
}

bool mp_coap_stream_is_released(const struct mp_coap_stream *s)
{
	return s->is_released;
}

const char *mp_coap_stream_reason(const struct mp_coap_stream *s)
{
	return s->reason;
}
