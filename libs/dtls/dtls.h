/* SPDX-License-Identifier: Apache-2.0
 * dtls.h - all DTLS 1.2 sessions of one UDP port, either role
 *
 *     struct mp_dtls_config c = {.for_psk = &mp_dtls_mbedtls, .psk = find_key, .send = queue,
 *                                .deliver = got_data, .closed = gone, .user = server};
 *     r = mp_dtls_new(&c, now_ms, &d, &err);
 *     r = mp_dtls_load(d, "/var/lib/x/sessions", &err);   // at start; the file is gone afterwards
 *     ... a loop:
 *     mp_dtls_tick(d, now_ms);                            // sets the clock, runs what is due
 *     mp_dtls_receive(d, &from, NULL, data, len);         // calls deliver() for what is genuine
 *     mp_dtls_write(session, reply, reply_len);           // inside deliver(), or at any time
 *     ... wait for mp_dtls_next_ms(d) - now_ms
 *     r = mp_dtls_save(d, "/var/lib/x/sessions", &err);   // at a clean stop
 *
 * A ClientHello costs no memory until its sender has returned a cookie. With the peer's first record
 * after the handshake a session is parked, where the backend can do so: its keys are kept (64 bytes with
 * all that belongs to them), records are protected by them, and the library's context ends. There
 * is no I/O, no clock and no thread here: datagrams come and go by functions, `now_ms` counts from
 * anywhere and never goes back.
 *
 * A session pointer is good from connect() or established()/restored() until closed() returns. From
 * inside callbacks everything but mp_dtls_receive(), _tick(), _save(), _load() and _free() may be
 * called; from psk(), accept() and send() nothing at all.
 */
#pragma once

#include "base/auto.h"
#include "base/err.h"
#include "net/address.h"

#define MP_DTLS_KEY_MAX 64 /* bytes of a pre-shared key; mbedTLS 2.28 takes 32 */
#define MP_DTLS_IDENTITY_MAX 255 /* bytes of a PSK identity, or of a certificate's name */
#define MP_DTLS_MTU 1232 /* datagrams leave no longer than this unless the configuration says so */

struct mp_dtls;
struct mp_dtls_session;
struct mp_dtls_backend; /* &mp_dtls_mbedtls in dtls_mbedtls.h, &mp_dtls_gnutls in dtls_gnutls.h */

enum mp_dtls_kind {
	MP_DTLS_PSK,
	MP_DTLS_X509,
	MP_DTLS_RPK, /* raw public key, RFC 7250 */
};

/* Who the other side is. Borrowed: it lives as long as the session. */
struct mp_dtls_identity {
	enum mp_dtls_kind kind;
	const char *text; /* psk: the identity (a client's: its own); x509: the common name;
			     rpk: the SHA-256 in hexadecimal. A NUL follows. */
	size_t len; /* of text: an identity may hold any byte */
	const uint8_t
		*sha256; /* of the certificate (DER), of the public key (SPKI); NULL for psk */
};

/* What one side shows, and whom it trusts. Text (PEM) or bytes (DER), told apart by looking. */
struct mp_dtls_credentials {
	enum mp_dtls_kind kind; /* of a client; a server takes what is set */
	const void *identity, *key; /* psk, clients alone */
	size_t identity_len, key_len;
	const void *certificate,
		*private_key; /* x509: own certificate, PEM with its chain; rpk: the
						  private key alone */
	size_t certificate_len, private_key_len;
	const void *ca; /* x509: who signs the other side's certificates; without it, accept() alone
			   decides */
	size_t ca_len;
	const char *
		peer_name; /* x509, clients: the name that the server's certificate must bear; NULL:
				  none asked */
};

enum mp_dtls_reason {
	MP_DTLS_CLOSED, /* close_notify, either side's */
	MP_DTLS_REPLACED, /* the peer made a new session from the same address */
	MP_DTLS_TIMEOUT, /* the handshake, or the first record after it, did not come in time */
	MP_DTLS_IDLE, /* config.session_seconds */
	MP_DTLS_ALERT, /* the peer sent a fatal alert */
	MP_DTLS_WRONG_KEY, /* the other side has another key (its Finished does not verify) */
	MP_DTLS_UNKNOWN_IDENTITY, /* psk() knows no such identity */
	MP_DTLS_NOT_TRUSTED, /* certificate or raw key: chain, signature, name, or accept() said no */
	MP_DTLS_NOTHING_SHARED, /* no common suite, curve or certificate type */
	MP_DTLS_CROWDED, /* handshakes_max, sessions_max or fixed_max: given up for a newer one */
	MP_DTLS_BROKEN, /* the peer broke the rules, or memory is out */
	MP_DTLS_REASONS
};
/* A few words, as in "the peer sent a fatal alert". */
const char *mp_dtls_reason_text(enum mp_dtls_reason reason);

struct mp_dtls_config {
	/* Who handles what a ClientHello offers, and what a client's credentials name. Raw public keys
	 * (client_certificate_type) are looked for first, then PSK, then certificates. NULL: not
	 * offered. */
	const struct mp_dtls_backend *for_psk, *for_x509, *for_rpk;
	bool server; /* answer ClientHellos; without it, mp_dtls_connect() alone makes sessions */
	struct mp_dtls_credentials own; /* of the server role; borrowed during mp_dtls_new() */

	/* The key of an identity: its length, or -ENOENT. */
	int (*psk)(void *user, const void *identity, size_t len, uint8_t key[MP_DTLS_KEY_MAX]);
	/* Is this certificate or raw key welcome? Asked when its chain, with a `ca`, has been verified;
	 * that the peer holds the private key is proven after it, and before established(). 0 or
	 * -EKEYREJECTED; NULL with a `ca`: yes; NULL without: no. */
	int (*accept)(void *user, const struct mp_dtls_identity *who, const void *der, size_t len);

	/* Queue a datagram: it is copied. `local` is what the session's first datagram, or its
	 * mp_dtls_connect(), gave; NULL when that was NULL. */
	void (*send)(void *user, const struct mp_net_address *local,
		     const struct mp_net_address *to, const void *data, size_t len);
	void (*deliver)(void *user, struct mp_dtls_session *s, const void *data, size_t len);
	/* The rest may be NULL. established() comes after the old session's closed() when the peer made
	 * a new session from the address of an old one. closed() comes for established sessions and for
	 * those of mp_dtls_connect(), not for what mp_dtls_close(), _save() and _free() end. */
	void (*established)(void *user, struct mp_dtls_session *s);
	void (*closed)(void *user, struct mp_dtls_session *s, enum mp_dtls_reason reason);
	/* By mp_dtls_load(), for each: set its user, or drop it, and nothing else. */
	void (*restored)(void *user, struct mp_dtls_session *s);
	void (*moved)(void *user,
		      struct mp_dtls_session *s); /* new address, proven by its record */
	/* A client's handshake failed. */
	void (*refused)(void *user, const struct mp_net_address *from, enum mp_dtls_reason reason);
	void *user;

	/* 0: the default that stands behind it. */
	unsigned
		handshakes_max; /* 256; of about 42 KB each, with those that wait for a first record */
	unsigned
		sessions_max; /* 1,000,000; established ones: a long silent one makes room for the next */
	unsigned
		fixed_max; /* 4,096; sessions that cannot be parked: GnuTLS's, 11 KB each, and those of
			       mbedTLS with CBC, 37 KB each. The longest idle one makes room. */
	unsigned handshake_seconds; /* 30; and as long for the first record after it */
	unsigned session_seconds; /* never; a session without a genuine record for so long ends */
	unsigned retransmit_ms; /* 1,000; of handshake flights, doubled each time */
	unsigned mtu; /* MP_DTLS_MTU; bytes of a datagram that leaves */
	bool cid; /* offer and take connection ids (RFC 9146) where the library has them */
};

/* -EINVAL: a needed function or credential is missing; -EBADMSG: a key or certificate cannot be
 * read; -ENOTSUP, -ENOMEM; with a sentence. */
int mp_dtls_new(const struct mp_dtls_config *config, int64_t now_ms, struct mp_dtls **ret,
		struct mp_err *err);
void mp_dtls_free(struct mp_dtls *d); /* sends nothing, calls nothing */
DEFINE_AUTO(mp_dtls)

/* Any datagram of the port; what is not genuine is dropped and counted. `local` may be NULL. */
void mp_dtls_receive(struct mp_dtls *d, const struct mp_net_address *from,
		     const struct mp_net_address *local, const void *data, size_t len);

/* Set the clock and run what is due: retransmissions, time-outs, parking. Call it before each batch of
 * datagrams and whenever mp_dtls_next_ms() has come; it is cheap when nothing is due. */
void mp_dtls_tick(struct mp_dtls *d, int64_t now_ms);
int64_t mp_dtls_next_ms(const struct mp_dtls *d); /* INT64_MAX: nothing is due */

/* Begin a handshake: its first datagram leaves with the next mp_dtls_tick(), and established() or
 * closed() follows. An existing session with `to` from `local` stays until then. -EBUSY: handshakes_max; -ENOTSUP: no backend for this kind; -EINVAL; -EBADMSG;
 * -ENOMEM. */
int mp_dtls_connect(struct mp_dtls *d, const struct mp_net_address *local,
		    const struct mp_net_address *to, const struct mp_dtls_credentials *credentials,
		    void *session_user, struct mp_dtls_session **ret);

/* One datagram with one record. 0; -EMSGSIZE: longer than mp_dtls_write_max(); -ENOTCONN: not
 * established; -EPIPE: the session broke (closed() has been called), -ENOMEM. */
int mp_dtls_write(struct mp_dtls_session *s, const void *data, size_t len);
size_t mp_dtls_write_max(const struct mp_dtls *d); /* with the longest record expansion there is */

/* close_notify, and the session is gone, without closed(). `_drop`: the same in silence. */
void mp_dtls_close(struct mp_dtls_session *s);
void mp_dtls_drop(struct mp_dtls_session *s);

void mp_dtls_session_identity(const struct mp_dtls_session *s, struct mp_dtls_identity *ret);
const struct mp_net_address *mp_dtls_session_address(const struct mp_dtls_session *s);
bool mp_dtls_session_is_established(const struct mp_dtls_session *s);
bool mp_dtls_session_is_client(const struct mp_dtls_session *s); /* made by mp_dtls_connect() */
bool mp_dtls_session_has_cid(const struct mp_dtls_session *s);
void *mp_dtls_session_user(const struct mp_dtls_session *s); /* NULL at first */
void mp_dtls_session_set_user(struct mp_dtls_session *s, void *user);
struct mp_dtls *mp_dtls_session_dtls(const struct mp_dtls_session *s);

/* Sessions over a clean stop. save() writes them (mode 0600, whole or not at all) and ends them: only
 * mp_dtls_free() may follow. Returns their number; handshakes and what cannot be parked are left
 * out. The file holds keys; docs/spec/dtls-sessions.md has its bytes.
 * load() deletes the file durably before it returns, so that no record number is used twice even
 * when the program is killed: then there is no file, and the sessions are lost. Returns the number,
 * 0 without a file; -EBADMSG, -ESTALE (another version of the program wrote it), -EPERM (others may read
 * it), I/O errors: nothing is loaded then, and a file that cannot be deleted is never used. */
int mp_dtls_save(struct mp_dtls *d, const char *path, struct mp_err *err);
int mp_dtls_load(struct mp_dtls *d, const char *path, struct mp_err *err);

struct mp_dtls_counters {
	uint64_t received, delivered, written; /* datagrams; records with data */
	uint64_t cookies; /* HelloVerifyRequests sent */
	uint64_t handshakes_started, handshakes_finished;
	uint64_t ended[MP_DTLS_REASONS]; /* sessions and handshakes, by reason */
	uint64_t dropped; /* malformed, of nobody, or not genuine */
	uint64_t replayed; /* of those, seen before or too old */
	uint64_t refused; /* ClientHellos with a good cookie beyond handshakes_max */
	uint64_t moved; /* sessions that changed their address */
	uint64_t handshakes_now; /* with those that wait for a first record */
	uint64_t sessions_now, parked_now, fixed_now;
};
void mp_dtls_get_counters(const struct mp_dtls *d, struct mp_dtls_counters *ret);
