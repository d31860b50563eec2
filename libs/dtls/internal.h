/* SPDX-License-Identifier: Apache-2.0
 * internal.h - what the files of libs/dtls share
 *
 * A session is small and lives long; what a handshake needs besides is in its `live`, and the keys
 * of an established one are in its `parked`.
 */
#pragma once

#include "base/siphash.h"
#include "dtls/backend.h"

#define ENGINES 3
#define COOKIE_SIZE 9 /* which secret, and a MAC */

enum state {
	SHAKING, /* in d->shaking */
	FRESH, /* in d->shaking: established, and the peer's first record is awaited */
	FIXED, /* in d->fixed, the most lately used first: it cannot do without its context */
	PARKED, /* its keys are all that is left of the handshake */
	DEAD, /* in d->dead until the outermost call returns */
};

struct parked {
	uint64_t window; /* bit n: the record of session->top - n has been seen */
	uint64_t next; /* epoch and number of the next record from here */
	uint16_t len;
	uint8_t keys[];
};

struct live {
	struct live *prev, *next; /* in one of the lists */
	struct mp_dtls_link link;
	struct mp_dtls_context *context;
	uint64_t window;
	int64_t used, deadline; /* ms */
	uint8_t random[32]; /* of the ClientHello that began it */
	uint16_t identity_len; /* what the handshake has found out */
	bool known; /* the identity stands */
	uint8_t sha256[MP_DTLS_DIGEST];
	char identity[MP_DTLS_IDENTITY_MAX + 1];
};

struct mp_dtls_session {
	struct mp_dtls_session *next; /* in its bucket, or among the dead */
	struct mp_dtls *d;
	void *user;
	union {
		struct live *live;
		struct parked *parked;
	};
	uint64_t top; /* epoch and number of the newest genuine record */
	uint32_t heard; /* s, when it came */
	struct mp_net_address address;
	uint8_t state, engine, kind;
	bool client : 1, has_local : 1, has_cid : 1, has_digest : 1;
	uint8_t text_len;
	_Alignas(2) uint8_t tail[]; /* [local address], [own connection id], [digest], text, NUL */
};

struct list {
	struct live *first, *last;
	struct live *cursor; /* of who walks from the last to the first while they come and go */
	size_t count;
};

/* By address: chains in buckets. */
struct table {
	struct mp_dtls_session **buckets;
	size_t mask, count;
	uint64_t seed[2];
};

/* By connection id: its first half is the index, the second half is random. */
struct cid_slot {
	struct mp_dtls_session *session;
	uint32_t tag, next_free;
};
struct cids {
	struct cid_slot *slots;
	uint32_t count, room, free; /* free: UINT32_MAX when none */
};

#define POOL_MAX 256 /* bytes of a cell */

struct pool_cell;
struct pool_block;
struct pool {
	struct pool_cell *cells[POOL_MAX / 8]; /* free ones, by size */
	struct pool_block *blocks;
};

struct mp_dtls {
	struct mp_dtls_config config;
	const struct mp_dtls_backend *backends[ENGINES]; /* distinct ones */
	struct mp_dtls_engine *engines[ENGINES];
	uint8_t engine_of[3]; /* by kind; ENGINES: none */
	struct table table;
	struct cids cids;
	struct pool pool; /* of what is parked */
	struct list shaking, fixed;
	struct mp_dtls_session *dead;
	unsigned depth; /* of calls from outside */
	bool ended; /* saved */
	int64_t now, swept; /* ms */
	int64_t due; /* the first timer or deadline of `shaking` */
	size_t sweep; /* the next bucket */
	struct mp_sip_key secrets[2];
	int64_t secret_at; /* ms, of the newest */
	uint8_t secret_now; /* which one */
	struct mp_dtls_counters counters;
	uint8_t buffer[MP_DTLS_RECORD_MAX]; /* data on its way to deliver() */
	uint8_t out[MP_DTLS_RECORD_MAX]; /* a record on its way to send() */
};

/* table.c */
int mp_dtls_table_init(struct table *t);
void mp_dtls_table_done(struct table *t);
void mp_dtls_table_add(struct table *t, struct mp_dtls_session *s);
void mp_dtls_table_remove(struct table *t, struct mp_dtls_session *s);
/* Give `to` the place of `from`. */
void mp_dtls_table_replace(struct table *t, struct mp_dtls_session *from,
			   struct mp_dtls_session *to);
struct pair { /* of one pair of addresses; NULL: none */
	struct mp_dtls_session *established, *shaking;
};
struct pair mp_dtls_table_find(const struct table *t, const struct mp_net_address *local,
			       const struct mp_net_address *address);
/* Another established one of the same peer, at the same address; NULL: none. */
struct mp_dtls_session *mp_dtls_table_find_twin(const struct table *t, struct mp_dtls_session *s);

/* cid.c */
int mp_dtls_cid_give(struct cids *c, struct mp_dtls_session *s, uint8_t ret[MP_DTLS_CID_SIZE]);
int mp_dtls_cid_restore(struct cids *c, struct mp_dtls_session *s,
			const uint8_t cid[MP_DTLS_CID_SIZE], uint32_t max);
void mp_dtls_cid_restored(struct cids *c); /* after the last one */
void mp_dtls_cid_take_back(struct cids *c, const uint8_t cid[MP_DTLS_CID_SIZE]);
void mp_dtls_cid_point(struct cids *c, const uint8_t cid[MP_DTLS_CID_SIZE],
		       struct mp_dtls_session *s);
struct mp_dtls_session *mp_dtls_cid_find(const struct cids *c, const uint8_t cid[MP_DTLS_CID_SIZE]);

/* pool.c */
void *mp_dtls_pool_take(struct pool *p, size_t size); /* NULL when memory is out */
void mp_dtls_pool_give(struct pool *p, void *cell, size_t size); /* overwritten first */
void mp_dtls_pool_done(struct pool *p);

/* cookie.c */
int mp_dtls_cookie_make(struct mp_dtls *d, const struct mp_net_address *from,
			const struct mp_dtls_hello *h, uint8_t ret[COOKIE_SIZE]);
bool mp_dtls_cookie_check(struct mp_dtls *d, const struct mp_net_address *from,
			  const struct mp_dtls_hello *h);
int mp_dtls_random(void *buf, size_t len);

/* session.c */
struct shape { /* of a session's tail */
	size_t text_len;
	bool has_digest, has_cid;
	const struct mp_net_address *local; /* NULL: none */
};
struct mp_dtls_session *mp_dtls_session_new(struct mp_dtls *d, const struct shape *shape);
const struct mp_net_address *mp_dtls_session_local(const struct mp_dtls_session *s);
uint8_t *mp_dtls_session_cid(struct mp_dtls_session *s);
uint8_t *mp_dtls_session_digest(struct mp_dtls_session *s);
char *mp_dtls_session_text(struct mp_dtls_session *s);
/* Take it out of everything; closed() or refused() when `tell`. */
void mp_dtls_kill(struct mp_dtls_session *s, enum mp_dtls_reason reason, bool tell);
void mp_dtls_enter(struct mp_dtls *d);
void mp_dtls_leave(struct mp_dtls *d); /* frees the dead when it is the outermost */

/* handshake.c */
void mp_dtls_greet(struct mp_dtls *d, const struct mp_net_address *from,
		   const struct mp_net_address *local, const struct mp_dtls_record *r,
		   struct pair pair);
void mp_dtls_shake(struct mp_dtls_session *s); /* with its link's record or timer */
int mp_dtls_begin(struct mp_dtls_session *s, const struct mp_dtls_start *how);
bool mp_dtls_make_room(struct mp_dtls *d); /* for one more handshake */

/* live.c */
void mp_dtls_list_push(struct list *l, struct live *v); /* to the front */
void mp_dtls_list_remove(struct list *l, struct live *v);
struct list *mp_dtls_list_of(struct mp_dtls_session *s); /* NULL: none */
const struct mp_dtls_backend *mp_dtls_backend_of(const struct mp_dtls_session *s);
struct live *mp_dtls_live_new(struct mp_dtls_session *s);
void mp_dtls_live_free(struct live *v); /* with its context */
/* Its handshake is over, on both sides: the context ends, and the keys are left. -ENOTSUP: it is kept
 * with its context, among those who need theirs; -ENOMEM: nothing has changed. */
int mp_dtls_settle(struct mp_dtls_session *s);
void mp_dtls_touch(struct mp_dtls_session *s); /* one with a context has been used */

/* parked.c */
struct parked *mp_dtls_parked_new(struct mp_dtls *d, const void *keys, size_t len, uint64_t next);
void mp_dtls_parked_free(struct mp_dtls *d, struct parked *p);
/* Send a record of a parked session. -EPIPE: no number is left; -EMSGSIZE, -ENOMEM. */
int mp_dtls_parked_send(struct mp_dtls_session *s, uint8_t type, const void *data, size_t len);

/* dtls.c */
void mp_dtls_end_all(struct mp_dtls *d); /* in silence */

/* receive.c */
void mp_dtls_read(struct mp_dtls_session *s, const struct mp_dtls_record *r,
		  const struct mp_net_address *from);
