/* SPDX-License-Identifier: Apache-2.0
 * httpd.h - an HTTP(S) server in one thread (wraps libmicrohttpd, GnuTLS and sd-event)
 *
 *     static void serve(void *user, struct mp_request *rq) { mp_reply_text(rq, 200, "hello\n"); }
 *     r = mp_httpd_open(loop, &(struct mp_httpd_config){ .address = "127.0.0.1", .port = 8080,
 *                       .serve = serve }, &h, &err);
 *
 * A request goes through `begin` when its headers are in, and `serve` when its body is. `begin`
 * may answer already (a refusal), or say what becomes of the body: mp_request_collect() keeps it
 * in memory, mp_request_stream() passes it on piece by piece. Without a word a body of more than
 * 0 bytes is refused. `end` is called once for each request, whatever became of it.
 *
 * Group commit: a handler that has written answers as usual and calls mp_reply_hold(); `turn`
 * runs after all requests that were ready, commits, and lets the answers out with
 * mp_httpd_release(), or takes them back with mp_httpd_fail().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"
#include "httpd/loop.h"

struct mp_httpd;
struct mp_request;

struct mp_httpd_config { /* all borrowed during _open; 0: the default */
	const char *address; /* "127.0.0.1", "::1", "0.0.0.0" */
	uint16_t port; /* 0: any free one */
	const char *cert_pem, *key_pem; /* HTTPS with these; NULL: plain HTTP */
	const char *client_ca_pem; /* ask clients for a certificate of this authority */
	unsigned connections; /* at most so many at once; 1024 */
	unsigned idle_seconds; /* a silent connection is closed; 120 */
	unsigned header_seconds; /* so is one that takes longer to send a request's headers; 15 */
	void (*begin)(void *user, struct mp_request *rq); /* may be NULL */
	void (*serve)(void *user, struct mp_request *rq);
	void (*end)(void *user, struct mp_request *rq); /* may be NULL */
	void (*turn)(void *user); /* may be NULL */
	void *user;
};

int mp_httpd_open(struct mp_loop *loop, const struct mp_httpd_config *config, struct mp_httpd **ret,
		  struct mp_err *err);
void mp_httpd_free(struct mp_httpd *h); /* ends every connection */
/* Before that: take no new connections, and send what can be sent without waiting. */
void mp_httpd_drain(struct mp_httpd *h);
DEFINE_AUTO(mp_httpd)
uint16_t mp_httpd_port(const struct mp_httpd *h);
unsigned mp_httpd_connections(const struct mp_httpd *h);

/* ---- looking at a request: everything is borrowed until its end ---- */
enum mp_method {
	MP_GET = 1,
	MP_HEAD = 2,
	MP_PUT = 4,
	MP_POST = 8,
	MP_DELETE = 16,
	MP_OTHER = 32,
	MP_PATCH = 64
};
enum mp_method mp_request_method(const struct mp_request *rq);
const char *mp_request_path(
	const struct mp_request *rq); /* as sent, still escaped, with the query */
const char *mp_request_header(struct mp_request *rq, const char *name); /* NULL: not there */
const char *mp_request_query(struct mp_request *rq,
			     const char *name); /* decoded; NULL: not there */
/* Every parameter of the query in its order, decoded; `value` is NULL for one without '='. */
void mp_request_each_query(struct mp_request *rq,
			   void (*each)(void *user, const char *name, const char *value),
			   void *user);
bool mp_request_is_tls(const struct mp_request *rq);
uint64_t mp_request_body_len(struct mp_request *rq); /* as announced; UINT64_MAX when chunked */
/* The client's address without its port: 16 bytes, IPv4 mapped. */
void mp_request_address(struct mp_request *rq, uint8_t ret[16]);

struct mp_identity {
	char cn[65]; /* common name of the client's certificate */
	char fingerprint[65]; /* SHA-256 of its DER, hex */
};
/* Who the client's certificate says it is, once it has been verified; NULL: none, or not ours. */
const struct mp_identity *mp_request_identity(struct mp_request *rq);

void mp_request_set_data(struct mp_request *rq, void *data);
void *mp_request_data(const struct mp_request *rq);

/* ---- the body ---- */
/* Keep up to `limit` bytes in memory; more is answered with 413. */
void mp_request_collect(struct mp_request *rq, size_t limit);
const char *mp_request_body(const struct mp_request *rq, size_t *ret_len); /* ends in a NUL */
/* Pass each piece to `sink`; after a negative return the rest is thrown away, and `serve` finds
 * that number in mp_request_stream_result(). */
void mp_request_stream(struct mp_request *rq, int (*sink)(void *user, const void *data, size_t len),
		       void *user);
int mp_request_stream_result(const struct mp_request *rq);

/* ---- answers: exactly one for each request ---- */
void mp_reply(struct mp_request *rq, int status, const char *type, const void *body, size_t len);
void mp_reply_text(struct mp_request *rq, int status, const char *text);
void mp_reply_empty(struct mp_request *rq, int status);
/* A header for the answer given before. */
void mp_reply_header(struct mp_request *rq, const char *name, const char *value);
/* Is this entity tag (with its quotes) what the client has already (If-None-Match)? */
bool mp_request_has_etag(struct mp_request *rq, const char *etag);
bool mp_request_is_answered(const struct mp_request *rq);

/* An answer that is made once and given often, without copying. */
struct mp_answer;
int mp_answer_new(int status, const char *type, const char *etag, const void *body, size_t len,
		  struct mp_answer **ret);
int mp_answer_header(struct mp_answer *a, const char *name, const char *value);
void mp_answer_free(struct mp_answer *a); /* answers on their way to clients are not disturbed */
DEFINE_AUTO(mp_answer)
/* 304 when the client has its entity tag already. Not together with mp_reply_hold(): the answer
 * may have changed until the commit. */
void mp_reply_answer(struct mp_request *rq, struct mp_answer *a);

struct mp_reply_file {
	int fd; /* taken, also on failure */
	uint64_t size;
	const char *type, *etag; /* etag with its quotes */
	int64_t modified; /* seconds since 1970; 0: not told */
	const char *disposition; /* Content-Disposition, may be NULL */
};
/* Range (also several), If-Range, If-Match, If-None-Match: 200, 206, 304, 412, 416. */
void mp_reply_file(struct mp_request *rq, const struct mp_reply_file *f);

/* An answer that has no end of its own. `read` fills `data` with what there is: the number of
 * bytes, 0 when there is nothing yet (the connection rests until mp_reply_wake), negative to end. */
void mp_reply_stream(struct mp_request *rq, const char *type,
		     int (*read)(void *user, char *data, size_t room), void *user);
void mp_reply_wake(struct mp_request *rq);

/* The answer takes a while: the connection rests, however long, until mp_reply_now(). The request
 * stays valid until its end, which comes after that or with mp_httpd_free(); a client that hangs up
 * meanwhile is noticed then. */
void mp_reply_later(struct mp_request *rq);
/* It has been given: it goes out with the next mp_httpd_release(). */
void mp_reply_now(struct mp_request *rq);

/* Keep the answer back until mp_httpd_release or mp_httpd_fail. */
void mp_reply_hold(struct mp_request *rq);
bool mp_httpd_is_holding(const struct mp_httpd *h);
void mp_httpd_release(struct mp_httpd *h);
/* Every answer held back becomes this one instead. */
void mp_httpd_fail(struct mp_httpd *h, int status, const char *text);
