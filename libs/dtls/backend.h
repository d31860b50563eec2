/* SPDX-License-Identifier: Apache-2.0
 * backend.h - what a library of DTLS must do for libs/dtls, and what it finds there
 *
 *     const struct mp_dtls_backend mp_dtls_mbedtls = {.name = "mbedtls", .open = open_engine, ...};
 *
 * An engine is what all sessions share (keys, certificates, random numbers); a context is the
 * library's state of one session. libs/dtls owns addresses, timers, cookies and record numbers; it
 * hands a context one record at a time, so that what a context says is about that record. Each
 * context talks to the world through its link alone. Where the backend can, a session's context
 * ends with its handshake and the session is kept as its keys.
 */
#pragma once

#include "dtls/dtls.h"
#include "dtls/wire.h"

struct mp_dtls_engine; /* of the backend */
struct mp_dtls_context; /* of the backend */

#define MP_DTLS_DIGEST 32
#define MP_DTLS_KEYS_MAX 160 /* bytes of a session's keys */

struct mp_dtls_link {
	const uint8_t *in; /* the record to read; NULL: none. mp_dtls_link_take() takes it. */
	size_t in_len;
	int64_t timer_at; /* when the handshake's flight is sent again; the backend sets it. INT64_MAX: never */
	enum mp_dtls_reason reason; /* the backend says here why it failed */
	bool sent; /* something has left */
	struct mp_dtls_session *session;
};

/* The record into `buf`: its length, or -EAGAIN. */
int mp_dtls_link_take(struct mp_dtls_link *l, void *buf, size_t size);
void mp_dtls_link_send(struct mp_dtls_link *l, const void *data, size_t len);
int64_t mp_dtls_link_now(const struct mp_dtls_link *l);
/* Ask the configuration for the key of an identity: its length, -ENOENT; remembers the identity. */
int mp_dtls_link_psk(struct mp_dtls_link *l, const void *identity, size_t len,
		     uint8_t key[MP_DTLS_KEY_MAX]);
/* Ask the configuration whether this certificate or raw key is welcome; remembers it. `name` is cut to
 * MP_DTLS_IDENTITY_MAX; NULL for raw keys. `verified`: a CA vouches for it. */
int mp_dtls_link_accept(struct mp_dtls_link *l, enum mp_dtls_kind kind, const char *name,
			const void *der, size_t len, const uint8_t sha256[MP_DTLS_DIGEST],
			bool verified);

struct mp_dtls_start {
	bool client;
	const struct mp_dtls_credentials *credentials; /* of a client, borrowed during the call */
	uint64_t record_number; /* of a server: what its ClientHello bore */
	unsigned message_number;
	const uint8_t *cid; /* our connection id of MP_DTLS_CID_SIZE bytes; NULL: none */
};

struct mp_dtls_backend {
	const char *name;
	bool cids; /* can do connection ids */
	unsigned keys_version; /* of what keep() makes; a file of another one is refused */
	int (*open)(const struct mp_dtls_config *config, struct mp_dtls_engine **ret,
		    struct mp_err *err);
	void (*shut)(struct mp_dtls_engine *e);

	int (*start)(struct mp_dtls_engine *e, struct mp_dtls_link *l,
		     const struct mp_dtls_start *how, struct mp_dtls_context **ret);
	/* Go on with the handshake, by the record in the link or by its timer. 0: done, -EAGAIN, or
	 * failed with link->reason set. */
	int (*shake)(struct mp_dtls_context *c);
	/* The data of the record in the link: its length (0: an empty record), -EAGAIN: there is none,
	 * or the session ended: link->reason. */
	int (*read)(struct mp_dtls_context *c, void *buf, size_t size);
	int (*write)(struct mp_dtls_context *c, const void *data, size_t len);
	void (*bye)(struct mp_dtls_context *c); /* close_notify */
	void (*end)(struct mp_dtls_context *c);
	bool (*has_cid)(
		struct mp_dtls_context *c); /* the peer sends ours; asked after the handshake */

	/* Sessions without contexts; NULL when there is no such thing. keep(): the keys of an
	 * established session and the number (epoch << 48 | sequence number) of its next record: their length, or -ENOTSUP (a suite
	 * without AEAD). Whoever uses them to seal must have ended the context. */
	int (*keep)(struct mp_dtls_context *c, uint8_t keys[MP_DTLS_KEYS_MAX], uint64_t *ret_next);
	bool (*is_keys)(const void *keys, size_t len);
	/* A whole record: its length, -EMSGSIZE, -ENOMEM. */
	int (*seal)(const uint8_t *keys, uint8_t type, uint64_t number, const void *data,
		    size_t len, uint8_t *out, size_t size);
	/* The content of a record: its length, -EBADMSG: not genuine; -EMSGSIZE, -ENOMEM. */
	int (*unseal)(const uint8_t *keys, const struct mp_dtls_record *r, uint8_t *out,
		      size_t size, uint8_t *ret_type);
};
