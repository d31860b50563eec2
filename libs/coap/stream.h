/* SPDX-License-Identifier: Apache-2.0
 * stream.h - one connection of CoAP over TCP or TLS (RFC 8323): bytes in, messages out
 *
 *     r = mp_coap_stream_new(&(struct mp_coap_stream_config){ .send = send, .got = got, ... }, &s);
 *     r = mp_coap_stream_receive(s, data, len);  // what the connection brought; calls got()
 *     r = mp_coap_stream_send(s, &message);      // calls send()
 *
 * It does no I/O. The signals of RFC 8323 section 5 are answered here and never handed on. Once a
 * call has failed, every later one fails alike: let what is queued leave, then close.
 */
#pragma once

#include <stdbool.h>

#include "base/auto.h"
#include "coap/message.h"

#define MP_COAP_STREAM_BASE 1152 /* most bytes of a message until a CSM tells another number */

struct mp_coap_stream;

struct mp_coap_stream_config { /* copied */
	void *user;
	/* Queue bytes for the peer, all or none. A negative errno ends the stream with it. */
	int (*send)(void *user, const void *data, size_t len);
	/* A request or response, borrowed during the call, which must not free the stream. */
	void (*got)(void *user, const struct mp_coap_message *m);
	/* Most bytes of a message of the peer, which we tell it; 0: MP_COAP_STREAM_BASE. More than that
	 * promises to understand BERT blocks (RFC 8323 section 6); less than 64 is -EINVAL. */
	size_t message_max;
};

/* Sends our CSM, which comes first. 0, -ENOMEM, -EINVAL, what send() says. */
int mp_coap_stream_new(const struct mp_coap_stream_config *config, struct mp_coap_stream **ret);
void mp_coap_stream_free(struct mp_coap_stream *s);
DEFINE_AUTO(mp_coap_stream)

/* 0; -EPROTO: the peer broke the rules, an Abort with the reason is queued; -ECONNRESET: the peer
 * has aborted; -ENOMEM. Keeps the beginning of one message at most. */
int mp_coap_stream_receive(struct mp_coap_stream *s, const void *data, size_t len);

/* 0; -EMSGSIZE: longer than the peer takes, the stream lives on; -ENOMEM; what ended the stream. */
int mp_coap_stream_send(struct mp_coap_stream *s, const struct mp_coap_message *m);
/* A Ping of RFC 8323 section 5.4. Its Pong is received as any traffic is, and then forgotten. */
int mp_coap_stream_ping(struct mp_coap_stream *s);
/* Tell the peer that we are about to close; what it has asked may still be answered. */
int mp_coap_stream_release(struct mp_coap_stream *s);

/* What the peer has told: its largest message, whether it knows block-wise transfer, whether it wants
 * the connection closed once what it has asked is answered, and why it aborted ("" until then). */
size_t mp_coap_stream_peer_max(const struct mp_coap_stream *s);
bool mp_coap_stream_peer_takes_blocks(const struct mp_coap_stream *s);
bool mp_coap_stream_is_released(const struct mp_coap_stream *s);
const char *mp_coap_stream_reason(const struct mp_coap_stream *s); /* of either side's Abort */
