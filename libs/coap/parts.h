/* SPDX-License-Identifier: Apache-2.0
 * parts.h - the endpoint's parts and what they know of each other
 *
 *     endpoint  a datagram or a tick comes in and is dealt out
 *     peer      a remote for which we have something to do: its jobs, and where it is now
 *     job       a message of ours on its way: waits its turn (NSTART), is repeated, is acknowledged
 *     exchange  a job: a request and its answer; `asking` writes it, `block*_` are its long bodies
 *     push      a job: a notification or a separate response, whose bytes are kept
 *     request   what others ask; `respond` writes the answer, `later` is one that comes by itself
 *     replies   what duplicates get
 *     bodies    bodies of others' exchanges that lie here between two blocks
 *     echo      addresses that have shown to be real (RFC 9175)
 */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "base/siphash.h"
#include "coap/endpoint.h"
#include "coap/timer.h"

#define MIDS 1024 /* counters of message ids */
#define MESSAGE_MAX 1408 /* bytes of a message of ours: a block of 1024 and its options */
#define BLOCK_MAX 1024
#define PATIENCE_MS 93000 /* RFC 7252 section 4.8.2: MAX_TRANSMIT_WAIT */
#define SZX_MAX 6
#define ETAG_MAX 8
#define ECHO_MAX 40

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

struct node { /* of a ring whose head is a node, too */
	struct node *next, *before;
};
static inline void ring_init(struct node *head)
{
	head->next = head->before = head;
}
static inline void ring_append(struct node *head, struct node *n)
{
	n->next = head;
	n->before = head->before;
	head->before->next = n;
	head->before = n;
}
static inline void ring_remove(struct node *n)
{
	n->next->before = n->before;
	n->before->next = n->next;
	ring_init(n);
}

/* ---- replies ---- */
struct reply_entry {
	uint64_t key;
	uint64_t at; /* of its bytes, counted from the first byte ever kept */
	uint32_t fingerprint; /* of the request's bytes */
	uint32_t next; /* of its bucket, + 1 */
	uint32_t second; /* of the endpoint's clock */
	uint16_t len; /* 0: too long to be kept */
};
struct replies {
	struct reply_entry *entries; /* a ring */
	uint32_t *buckets; /* index + 1 of the newest entry */
	uint8_t *bytes; /* a ring as well */
	size_t entries_mask, buckets_mask, bytes_size;
	uint64_t count, written; /* entries and bytes, ever */
	uint64_t sent; /* entries before this one are known to have left */
};
enum reply_found { REPLY_NEW, REPLY_KNOWN, REPLY_TOO_LONG };
int mp_coap_replies_init(struct replies *r, size_t max); /* 0, -ENOMEM */
void mp_coap_replies_done(struct replies *r);
enum reply_found mp_coap_replies_find(struct replies *r, uint64_t key, uint32_t fingerprint,
				      int64_t now_ms, const uint8_t **ret, size_t *ret_len);
/* len 0: known, but not kept. */
void mp_coap_replies_put(struct replies *r, uint64_t key, uint32_t fingerprint, int64_t now_ms,
			 const void *data, size_t len);

/* ---- bodies ---- */
struct body {
	struct mp_map_link by_key;
	struct node in_order;
	int64_t touched_ms;
	size_t size; /* bytes that it counts for */
	uint8_t *data; /* NULL when it has a sink or a source */
	size_t len, room;
	/* received (Block1) */
	bool has_sink;
	struct mp_coap_sink sink;
	uint64_t received;
	/* to be sent (Block2) */
	bool has_source, is_sent;
	struct mp_coap_source source;
	uint8_t code, etag[ETAG_MAX], etag_len;
	int format;
	uint32_t max_age;
};
struct bodies {
	struct mp_map by_key;
	struct node oldest; /* first */
	struct timer timer;
	size_t count, bytes;
};
struct mp_coap;
struct body *mp_coap_body_new(struct mp_coap *c); /* NULL: memory is out */
int mp_coap_body_add(struct mp_coap *c, struct body *b, const void *data, size_t len); /* -ENOMEM */
struct body *mp_coap_body_find(struct mp_coap *c, uint64_t key);
/* Keep it under this key, in the place of another; the oldest go when there are too many. */
void mp_coap_body_keep(struct mp_coap *c, struct body *b, uint64_t key);
void mp_coap_body_take(struct mp_coap *c, struct body *b); /* the caller's now */
void mp_coap_body_end(struct mp_coap *c, struct body *b, bool whole);
void mp_coap_bodies_done(struct mp_coap *c);

/* ---- peers ---- */
struct peer {
	struct mp_map_link by_identity, by_session;
	bool has_session_link;
	bool is_gone; /* with its session: nothing is sent any more, above all not in clear */
	struct mp_coap_remote remote; /* its identity is a copy */
	uint64_t serial; /* never used twice */
	unsigned references, jobs, under_way;
	unsigned passive; /* of the jobs: they are not confirmable, and only wait for a RST */
	int64_t heard_ms;
	struct node waiting, running;
	char identity[];
};
uint64_t mp_coap_remote_hash(const struct mp_coap *c, const struct mp_coap_remote *r);
/* The next message id for it. */
uint16_t mp_coap_mid(struct mp_coap *c, const struct mp_coap_remote *r);
/* With a datagram's sender its address and session are brought up to date. NULL: nothing is going on with it. */
struct peer *mp_coap_peer_find(struct mp_coap *c, const struct mp_coap_remote *r, uint64_t hash);
void mp_coap_peer_heard(struct mp_coap *c, struct peer *p, const struct mp_coap_remote *from);
struct peer *mp_coap_peer_get(struct mp_coap *c,
			      const struct mp_coap_remote *r); /* referenced; NULL */
void mp_coap_peer_unref(struct mp_coap *c, struct peer *p);
/* Its session has gone, and it may come with another one. */
bool mp_coap_peer_is_away(const struct peer *p);

/* ---- jobs ---- */
struct job;
struct job_kind {
	/* Write the message. Its length, or negative: it cannot be sent. */
	int (*write)(struct job *j, void *out, size_t room);
	void (*acknowledged)(struct job *j); /* by an empty message */
	/* The end of it, when it did not end by itself. */
	void (*failed)(struct job *j, enum mp_coap_outcome outcome);
	void (*moved)(struct job *j); /* to another peer; may be NULL */
};
enum job_state { JOB_IDLE, JOB_WAITING, JOB_SENT, JOB_SETTLED };
struct job {
	struct mp_coap *c;
	struct peer *peer;
	const struct job_kind *kind;
	struct node node; /* of the peer's waiting or running ones */
	struct mp_map_link by_mid; /* while it is sent or settled */
	struct timer timer;
	int64_t deadline_ms; /* without progress until then it fails */
	unsigned patience_ms; /* so long is it from the last progress; 0: no end */
	unsigned timeout_ms, retries, starts; /* starts: the peer went away and came back */
	uint16_t mid;
	enum job_state state;
	bool is_confirmable, holds_turn, has_mid, is_broken;
	bool may_overtake; /* takes no turn: a separate response, a NON */
};
/* The peer is referenced until _done. -ENOBUFS: too many. */
int mp_coap_job_init(struct mp_coap *c, struct job *j, const struct mp_coap_remote *to,
		     const struct job_kind *kind, bool is_confirmable);
void mp_coap_job_done(struct job *j);
/* Send it when it is its turn, as a new message. */
void mp_coap_job_queue(struct job *j);
/* It has arrived: nothing is repeated any more, the next one may go. */
void mp_coap_job_settle(struct job *j);
/* Something has come: be patient anew. While it waits its turn, whatever comes from the peer counts. */
void mp_coap_job_progress(struct job *j);
struct job *mp_coap_job_find(struct mp_coap *c, const struct peer *p, uint16_t mid);
/* Confirmable, where something can be lost: sent again until it is acknowledged. */
bool mp_coap_job_is_repeated(const struct job *j);
/* Others that wait, after the peer has come back. */
void mp_coap_peer_go_on(struct mp_coap *c, struct peer *p);
void mp_coap_job_move(struct job *j, struct peer *to);
struct job *mp_coap_peer_first_job(const struct peer *p); /* NULL: it has none */
/* Its session is gone. */
void mp_coap_peer_away(struct mp_coap *c, struct peer *p);

/* ---- incoming messages, one file each ---- */
struct incoming {
	const struct mp_coap_remote *from;
	const struct mp_coap_message *m;
	uint64_t remote_hash;
	uint64_t key; /* of remote and message id */
	uint32_t fingerprint;
	size_t len; /* of the datagram */
	struct peer *peer; /* NULL: none */
};
void mp_coap_request_receive(struct mp_coap *c, const struct incoming *in);
void mp_coap_response_receive(struct mp_coap *c, const struct incoming *in);
/* true: it was an exchange's. */
bool mp_coap_exchange_receive(struct mp_coap *c, const struct incoming *in);
void mp_coap_notification_receive(struct mp_coap *c, const struct incoming *in);

/* An empty message: ACK or RST, remembered for duplicates. */
void mp_coap_answer_empty(struct mp_coap *c, const struct incoming *in, enum mp_coap_type type);

/* ---- requests of others ---- */
struct mp_coap_reply {
	struct mp_coap *c;
	const struct mp_coap_remote *to;
	uint64_t remote_hash;
	uint64_t key;
	uint32_t fingerprint;
	size_t request_len;
	const struct mp_coap_message *message; /* the request; NULL when it is answered later */
	enum mp_coap_type type;
	uint16_t mid;
	uint8_t method;
	const uint8_t *token;
	size_t token_len;
	bool is_answered;
	bool is_terse; /* every byte counts: to an address that has not proven itself */
	bool has_block1, has_block2;
	struct mp_coap_block block1, block2;
	uint64_t block2_key; /* of a later one */
	struct mp_coap_later *later; /* it is answered by a message of its own */
};
/* One part of a response's payload, and what goes with it. */
struct part {
	const void *data;
	size_t len;
	bool has_block2, has_size2, has_size1;
	struct mp_coap_block block2;
	uint32_t size1, size2;
	const uint8_t *etag;
	size_t etag_len;
	const uint8_t *echo;
	size_t echo_len;
};
/* Write and send it. */
void mp_coap_reply_send(struct mp_coap_reply *reply, const struct mp_coap_response *response,
			const struct part *part);
void mp_coap_reply_code(struct mp_coap_reply *reply, uint8_t code);
int mp_coap_write_response(const struct mp_coap_header *h, const struct mp_coap_response *response,
			   const struct mp_coap_block *block1, const struct part *part, void *out,
			   size_t room);

/* ---- long bodies of others' exchanges ---- */
/* A block of a request's body. true: it is whole and to be served, *ret has it (NULL: the request
 * has it itself). false: answered. */
bool mp_coap_block1_receive(struct mp_coap_reply *reply, const struct mp_coap_request *rq,
			    struct body **ret);
/* A block other than the first one of a response that lies here? true: answered. */
bool mp_coap_block2_continue(struct mp_coap_reply *reply);
/* Send the part of the response that was asked for, and keep the rest. */
void mp_coap_block2_respond(struct mp_coap_reply *reply, const struct mp_coap_response *response);
/* The first block of a notification. Bytes written, negative. */
int mp_coap_block2_notification(struct mp_coap *c, const struct mp_coap_header *h,
				const struct mp_coap_response *response, void *out, size_t room);
/* What the blocks of one exchange have in common. */
uint64_t mp_coap_block1_key(const struct mp_coap_reply *reply);
uint64_t mp_coap_block2_key(const struct mp_coap_reply *reply);

void mp_coap_laters_done(struct mp_coap *c);

/* ---- pushes ---- */
int mp_coap_push(struct mp_coap *c, const struct mp_coap_remote *to, bool confirmable,
		 bool may_overtake, const void *data, size_t len,
		 void (*gone)(void *user, enum mp_coap_outcome outcome), void *user);

/* ---- exchanges ---- */
struct mp_coap_exchange {
	struct job job;
	struct mp_map_link by_token;
	bool is_listed, is_ended, is_notification;
	uint8_t code, szx, restarts;
	int format, accept, observe;
	uint8_t token[MP_COAP_TOKEN], asked_token[MP_COAP_TOKEN];
	size_t token_len, asked_token_len;
	const char *path;
	const char *queries; /* one after another, `queries_len` bytes with their NULs */
	size_t queries_len;
	const uint8_t *payload;
	size_t payload_len;
	const struct mp_coap_source *source;
	int (*sink)(void *user, uint64_t offset, const void *data, size_t len);
	void (*handler)(void *user, const struct mp_coap_answer *a);
	void *user;
	uint64_t from; /* the response begins here */
	/* what is sent */
	bool is_block1;
	uint64_t sent; /* bytes acknowledged */
	uint8_t tag[4]; /* Request-Tag */
	/* what is received */
	bool is_block2;
	uint64_t received; /* offset of the next block */
	struct mp_buf body;
	uint8_t etag[ETAG_MAX];
	size_t etag_len;
	int64_t answer_observe;
	int answer_format;
	uint8_t echo[ECHO_MAX];
	size_t echo_len;
	uint8_t echoes;
	char strings[];
};
/* As mp_coap_send(), but not yet on its way. */
int mp_coap_exchange_make(struct mp_coap *c, const struct mp_coap_remote *to,
			  const struct mp_coap_ask *ask, struct mp_coap_exchange **ret);
int mp_coap_exchange_write(struct mp_coap_exchange *x, void *out, size_t room);
/* Send the next request of it. */
void mp_coap_exchange_again(struct mp_coap_exchange *x, bool fresh_token);
void mp_coap_exchange_end(struct mp_coap_exchange *x, enum mp_coap_outcome outcome,
			  const struct mp_coap_message *m);
/* true: the body goes on, or the exchange has ended; false: this is the response to all of it. */
bool mp_coap_block1_go_on(struct mp_coap_exchange *x, const struct mp_coap_message *m);
void mp_coap_block2_begin(struct mp_coap_exchange *x, const struct mp_coap_message *m);
/* true: the response goes on, or the exchange has ended; false: it is whole. */
bool mp_coap_block2_take(struct mp_coap_exchange *x, const struct mp_coap_message *m);
uint64_t mp_coap_exchange_size(const struct mp_coap_exchange *x);

/* ---- echo ---- */
#define ECHO_SIZE 8
#define PROVEN_MAX 8192 /* addresses remembered; a power of two */
void mp_coap_echo_prove(struct mp_coap *c, uint64_t remote_hash);
void mp_coap_echo_check(struct mp_coap *c, uint64_t remote_hash, const struct mp_coap_option *o);
/* Is it certain that who asked is there? */
bool mp_coap_echo_trusts(const struct mp_coap_reply *reply);
/* May so many bytes go to who asked? */
bool mp_coap_echo_may(const struct mp_coap_reply *reply, size_t len);
/* May a response of so many bytes go to who asked? It makes *block smaller when that is what is
 * needed. false: it was asked to prove itself. */
bool mp_coap_echo_allows(struct mp_coap_reply *reply, const struct mp_coap_response *response,
			 uint64_t size, struct mp_coap_block *block);

struct mp_coap {
	struct mp_coap_config config;
	int64_t now_ms;
	struct mp_sip_key seed;
	struct wheel wheel;
	struct mp_map peers, sessions, mids, tokens;
	struct node laters;
	size_t laters_count, pushes_count;
	struct replies replies;
	struct bodies bodies;
	uint64_t *proven;
	uint64_t serial;
	uint16_t next_mid[MIDS]; /* of the remotes of a hash: none may come twice for 247 s */
	bool is_closing;
	uint8_t spare[256]; /* random bytes for tokens to come */
	size_t spare_len;
	struct mp_coap_stats stats;
};
void mp_coap_random(struct mp_coap *c, void *data, size_t len);
void mp_coap_transmit(struct mp_coap *c, const struct mp_coap_remote *to, const void *data,
		      size_t len);
