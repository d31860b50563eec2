/* SPDX-License-Identifier: Apache-2.0
 * endpoint.h - a CoAP endpoint: reliability, de-duplication, exchanges, blocks, observation
 *
 *     r = mp_coap_new(&(struct mp_coap_config){ .send = send, .serve = serve, ... }, &c);
 *     mp_coap_receive(c, &remote, data, len);        // each datagram, or message of a stream
 *     mp_coap_tick(c, now_ms);                       // when mp_coap_next_ms() says so
 *
 * It knows no sockets and no clock: the caller hands it datagrams and the time, and it hands back
 * what is to be sent. Requests of others come to serve(); ours are exchanges, which end in one call
 * of their handler. RFC 7252 (4, 5), 7641, 7959, 8132, 9175; over streams RFC 8323.
 *
 * A remote is an identity with a current address. With a security session the identity is that
 * session's, and an authenticated datagram from elsewhere moves the address; without one the
 * identity is the address itself.
 *
 * Sending is queueing: a caller that must make something durable before it is acknowledged commits
 * between mp_coap_receive() and letting the queue go; then it calls mp_coap_replies_are_sent(), or
 * mp_coap_forget_replies() when it had to take the queue back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "coap/message.h"
#include "net/address.h"

struct mp_coap;

struct mp_coap_remote {
	struct mp_net_address address; /* where it is now */
	struct mp_net_address local; /* which of our addresses it speaks with; may be all zero */
	void *session; /* of the transport below (DTLS session, connection); NULL: plain UDP */
	const char *identity; /* who, as the session has proven; NULL: nobody has. Lives as long as
				 its session */
	bool is_reliable; /* a stream: no types, no message ids, no retransmission */
};
/* The same? With an identity on both sides their texts are, else with a session on one of them their
 * sessions, else both addresses. */
bool mp_coap_remote_is_same(const struct mp_coap_remote *a, const struct mp_coap_remote *b);

/* ---- what others ask of us ---- */
struct mp_coap_request { /* borrowed during serve() */
	const struct mp_coap_remote *remote;
	const struct mp_coap_message *message; /* its options; payload below is the whole one */
	const uint8_t *payload; /* put together from its blocks */
	size_t payload_len;
	int format; /* Content-Format, -1: none */
	int accept; /* -1: none */
	int observe; /* 0 register, 1 cancel, -1: no Observe option */
	struct mp_coap_reply *reply; /* pass it on to the calls below */
};

struct mp_coap_response {
	uint8_t code;
	int format; /* -1: none */
	const void *payload; /* copied; larger than a block: sent block by block (Block2) */
	size_t payload_len;
	const char *location; /* "rd/5a3f", NULL: none */
	const char *diagnostic; /* text payload of an error when there is no other; NULL: none */
	int64_t observe; /* >= 0: an Observe option with its lower 24 bits; the observer is the caller's to keep */
	const uint8_t *etag; /* NULL: none */
	size_t etag_len;
	uint32_t max_age; /* 0: not told (60 s) */
	/* A body that never lies in memory, instead of `payload`: mp_coap_source gives its parts. */
	const struct mp_coap_source *source;
};
#define MP_COAP_RESPONSE(c) ((struct mp_coap_response){.code = (c), .format = -1, .observe = -1})

/* Where the parts of a long body come from. `read` fills up to `room` bytes from `offset`: the number, less
 * than `room` at the end only, or negative: the transfer fails (5.00, MP_COAP_BROKEN). A part may be asked for
 * again. `done` is called once. */
struct mp_coap_source {
	uint64_t size;
	int (*read)(void *user, uint64_t offset, void *data, size_t room);
	void (*done)(void *user); /* may be NULL */
	void *user;
};

/* Answer now, inside serve(). */
void mp_coap_respond(struct mp_coap_reply *reply, const struct mp_coap_response *response);
/* Answer later (RFC 7252 5.2.2: the request is acknowledged now, the response is a message of its own).
 * NULL: memory is out, 5.03 was answered. */
struct mp_coap_later *mp_coap_defer(struct mp_coap_reply *reply);
void mp_coap_respond_later(struct mp_coap_later *l, const struct mp_coap_response *response);

/* A request's body that is taken block by block instead of being put together (Block1): asked before the
 * first block is acknowledged. */
struct mp_coap_sink {
	/* 0 or the code of an error response. `more` is false for the last block, which then goes to serve() with
	 * payload_len 0. */
	int (*write)(void *user, uint64_t offset, const void *data, size_t len, bool more);
	void (*done)(void *user, bool whole); /* once; may be NULL */
	void *user;
};

/* ---- what we ask of others: exchanges ---- */
enum mp_coap_outcome {
	MP_COAP_ANSWERED, /* there is a response, of whatever code */
	MP_COAP_TIMED_OUT, /* no acknowledgement, or no response in time */
	MP_COAP_WAS_RESET, /* RST */
	MP_COAP_BROKEN, /* the response is malformed, its blocks do not fit together, too large */
	MP_COAP_CANCELED, /* by us, or the endpoint ended */
};

struct mp_coap_answer { /* borrowed during the handler */
	enum mp_coap_outcome outcome;
	const struct mp_coap_message *message; /* of the (last) response; NULL unless answered */
	uint8_t code;
	const uint8_t *payload; /* whole; with a sink: empty */
	size_t payload_len;
	int format;
	int64_t observe; /* -1: the response has no Observe option */
	const struct mp_coap_remote *remote;
};

struct mp_coap_ask { /* everything is copied, but `source` and `sink` objects of the caller's */
	uint8_t code;
	const char *path; /* "3/0/9" */
	const char *const *queries; /* NULL-ended; NULL: none */
	int format, accept; /* -1: none */
	int observe; /* 0, 1, -1: none */
	const uint8_t *token; /* NULL: a fresh random one of 8 bytes */
	size_t token_len;
	const void *payload; /* more than a block is sent as Block1 */
	size_t payload_len;
	const struct mp_coap_source *source; /* instead of payload; NULL: none */
	/* Instead of collecting the response: 0, or negative to give up (MP_COAP_BROKEN); neither this nor a
	 * source's read may cancel exchanges. NULL: collect. */
	int (*sink)(void *user, uint64_t offset, const void *data, size_t len);
	size_t limit; /* most bytes of a collected response; 0: 64 KiB */
	uint64_t from; /* begin the response at this byte (Block2), a multiple of the block size */
	bool non_confirmable;
	unsigned
		timeout_ms; /* for the whole exchange since its last progress; 0: 93 s (EXCHANGE_LIFETIME-like) */
	uint8_t szx; /* preferred block size 16 << szx; 0 means 1024 (6) */
	void (*handler)(void *user,
			const struct mp_coap_answer *a); /* once; for an observation see below */
	void *user;
};
#define MP_COAP_ASK(c, p)                                                                          \
	((struct mp_coap_ask){.code = (c), .path = (p), .format = -1, .accept = -1, .observe = -1})

struct mp_coap_exchange;
/* At most NSTART exchanges with a remote await an acknowledgement (RFC 7252 section 4.7), the others wait
 * their turn in order, and as long as the remote gives signs of life. The blocks of a long body take a turn
 * each. The handler is called later, never inside. `ret` may be NULL; it is valid until the handler returns.
 * 0, -ENOMEM, -ENOBUFS: too many wait, -EEXIST: another one has this token, -EINVAL. */
int mp_coap_send(struct mp_coap *c, const struct mp_coap_remote *to, const struct mp_coap_ask *ask,
		 struct mp_coap_exchange **ret);
/* Its handler is called with MP_COAP_CANCELED before this returns. */
void mp_coap_cancel(struct mp_coap_exchange *x);
const uint8_t *mp_coap_exchange_token(const struct mp_coap_exchange *x, size_t *ret_len);

/* ---- observing (RFC 7641) ----
 * An ask with observe = 0 is an exchange like any other and ends with the first response. The notifications
 * that follow belong to nobody here: each goes to config.notified, whole (a long one has been fetched, 3.5), with
 * its token and remote, and the owner of the observations says whether it knows it: if not, the sender gets an RST. So
 * the owner alone keeps them, over restarts too. To cancel: forget it, and answer false; or ask with observe = 1
 * and the same token. */

/* Is a notification newer than the last one (RFC 7641 section 3.4)? */
bool mp_coap_observe_is_newer(uint32_t last, int64_t last_ms, uint32_t next, int64_t next_ms);

/* ---- being observed ---- */
/* Send a notification. `gone` is called once, later, with `user`: WAS_RESET or TIMED_OUT, when the observer is
 * to be forgotten; ANSWERED, when it was acknowledged or, non-confirmable, not reset for some seconds; CANCELED.
 * NULL: nobody cares. */
int mp_coap_notify(struct mp_coap *c, const struct mp_coap_remote *to, const uint8_t *token,
		   size_t token_len, bool confirmable, const struct mp_coap_response *response,
		   void (*gone)(void *user, enum mp_coap_outcome outcome), void *user);

/* ---- the endpoint ---- */
struct mp_coap_config { /* copied */
	void *user;
	/* Queue one message for `to`, without calling back; what cannot be sent is lost. For a reliable remote it has the form of a
	 * datagram, too: the stream decodes it and writes it with mp_coap_tcp_encode(). */
	void (*send)(void *user, const struct mp_coap_remote *to, const void *data, size_t len);
	/* Answer each request with mp_coap_respond() or mp_coap_defer(); without one it gets 4.04. Unknown critical options,
	 * blocks, duplicates and malformed messages never come here. */
	void (*serve)(void *user, const struct mp_coap_request *rq);
	/* May take the body of a request block by block: true when *ret is filled in. NULL: never. */
	bool (*sink)(void *user, const struct mp_coap_request *first, struct mp_coap_sink *ret);
	/* A notification, or the error that ends an observation (then a->observe is -1): is its token known? Its
	 * outcome is MP_COAP_ANSWERED, or says why the rest of a long one could not be had: then there is no more than
	 * its token and remote. NULL: none is known. */
	bool (*notified)(void *user, const struct mp_coap_answer *a);
	/* The request that made the observation of this token, so that the rest of a long notification can be
	 * fetched (copied; token, observe, handler are not used). false: unknown. NULL: the rest of none can be had. */
	bool (*observed)(void *user, const struct mp_coap_remote *from, const uint8_t *token,
			 size_t token_len, struct mp_coap_ask *ret);
	/* Sees each message that comes, whatever becomes of it, before anything is done. NULL: nobody looks. */
	void (*received)(void *user, const struct mp_coap_remote *from,
			 const struct mp_coap_message *m);
	/* Random bytes (tokens, message ids, back-off). NULL: getrandom(2). */
	void (*random)(void *user, void *data, size_t len);
	int64_t now_ms; /* the time at the start, any clock that never goes back */
	/* Limits; 0: the default. */
	unsigned ack_timeout_ms, max_retransmit, nstart; /* 2000, 4, 1 */
	unsigned waiting_max; /* exchanges queued for one remote; 64 */
	size_t body_max; /* most bytes of a request's body put together from blocks; 1 MiB */
	size_t bodies_max; /* bytes of all those together; 16 MiB; the oldest go first. A response that comes
			    * from a source counts as 16 KiB. */
	unsigned bodies_seconds; /* an unfinished one is dropped after so long; 120 */
	unsigned replies_max; /* remembered for duplicates; 65536, a fixed ring */
	/* Without a session, an address that has not shown that it is real gets at most three times what it sent: a long
	 * response in small blocks, or, when not even those are small enough, 4.01 and an Echo first (RFC 9175 section 2.4,
	 * RFC 7252 section 11.3). It is shown by that Echo, or by an answer to a request of ours. */
	bool want_echo;
	/* Asked about addresses that have not shown it to this endpoint lately: has it to the caller, earlier? NULL: none. */
	bool (*proven)(void *user, const struct mp_coap_remote *remote);
};
int mp_coap_new(const struct mp_coap_config *config, struct mp_coap **ret);
void mp_coap_free(struct mp_coap *c); /* handlers are called with MP_COAP_CANCELED */
DEFINE_AUTO(mp_coap)

void mp_coap_receive(struct mp_coap *c, const struct mp_coap_remote *from, const void *data,
		     size_t len);
/* A decoded message of a stream (remote.is_reliable; RFC 8323 signals are the stream's own). */
void mp_coap_receive_message(struct mp_coap *c, const struct mp_coap_remote *from,
			     const struct mp_coap_message *m);
/* Do what is due, and know the time: to be called before anything else when time has passed; it costs next to
 * nothing when nothing is due. */
void mp_coap_tick(struct mp_coap *c, int64_t now_ms);
int64_t mp_coap_now(const struct mp_coap *c);
/* When the next tick is due: a time of the caller's clock, INT64_MAX: nothing to wait for. */
int64_t mp_coap_next_ms(const struct mp_coap *c);
/* What was answered up to now has left, or will leave: duplicates get the same. */
void mp_coap_replies_are_sent(struct mp_coap *c);
/* What was answered since the last call of that is not what a duplicate may get: forget it. */
void mp_coap_forget_replies(struct mp_coap *c);
/* The transport's session is gone: what runs over it ends as timed out; what is tied to an identity waits for
 * the identity's next session. */
void mp_coap_session_gone(struct mp_coap *c, void *session);
/* The identity of `now` speaks from there from now on: its exchanges, queue and retransmissions go there. Done by
 * itself for each datagram of a secure remote; to be called for a NoSec device that moved (a registration update). */
void mp_coap_move(struct mp_coap *c, const struct mp_coap_remote *before,
		  const struct mp_coap_remote *now);

struct mp_coap_stats { /* since the start; for /metrics */
	uint64_t received, sent, malformed, duplicates, retransmitted, timed_out, resets,
		rejected_options, unknown_responses, bodies_dropped, requests, exchanges;
	size_t exchanges_open, remotes, bodies, body_bytes;
};
void mp_coap_stats(const struct mp_coap *c, struct mp_coap_stats *ret);
