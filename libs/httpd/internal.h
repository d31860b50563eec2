/* SPDX-License-Identifier: Apache-2.0
 * internal.h - what the files of this folder share */
#pragma once

#include <microhttpd.h>
#include <systemd/sd-event.h>

#include "base/buf.h"
#include "httpd/httpd.h"

#define URI_MAX 2048 /* path and query; longer is answered with 414 */

enum body_mode { BODY_NONE, BODY_COLLECT, BODY_STREAM, BODY_TOO_LONG };

struct connection;

struct queue { /* the one that has waited longest first */
	struct connection *first, **last;
	unsigned n;
};

struct mp_httpd {
	struct MHD_Daemon *daemon;
	sd_event_source *io, *again, *later, *second;
	struct mp_httpd_config config; /* its strings are not used after _open */
	int listen_fd;
	bool tls;
	bool moved; /* something came of this run */
	uint16_t port;
	struct mp_request *live; /* every request that has begun and not ended */
	struct mp_request *held; /* those whose answer waits for a commit */
	struct mp_request *spare; /* for the next requests */
	unsigned spares;
	unsigned n; /* connections */
	struct queue fresh, idle; /* those of them that owe us headers: waiting.c */
};

struct mp_request {
	struct mp_httpd *h;
	struct MHD_Connection *connection;
	struct mp_request *next, **prev; /* in `live`, or `next` alone in `spare` */
	struct mp_request *next_held;
	enum mp_method method;
	bool begun, served, held, later, resting;
	bool uri_too_long;
	struct MHD_Response *response; /* the answer, not yet handed over */
	bool shared; /* and it belongs to a struct mp_answer */
	unsigned status;
	enum body_mode mode;
	struct mp_buf body;
	int (*sink)(void *user, const void *data, size_t len);
	void *sink_user;
	int sink_result;
	int (*read)(void *user, char *data, size_t room);
	void *read_user;
	void *data;
	char uri[URI_MAX];
};

/* What is known of a TLS connection's other end; looked at when first asked for. */
struct peer {
	bool looked, known;
	struct mp_identity identity;
};

struct connection {
	struct MHD_Connection *connection;
	struct peer peer;
	struct queue *queue; /* while it owes us headers */
	struct connection *next, **prev;
	int64_t since; /* seconds of the monotonic clock */
};
/* NULL: there was no memory for it. */
struct connection *mp_connection_of(struct MHD_Connection *c);

/* From now on it owes us the headers of a request; NULL is fine. */
void mp_waiting_begin(struct connection *c, struct queue *q);
void mp_waiting_end(struct connection *c);
/* Hang up on who has owed them for too long; once a second. */
void mp_waiting_sweep(struct mp_httpd *h);
/* A connection came: hang up on who has waited longest when half of all places wait for first
 * headers, or when few are left and somebody just rests between requests. */
void mp_waiting_make_room(struct mp_httpd *h);

sd_event *mp_loop_event(struct mp_loop *l);

/* The answer of this request is `response` (taken; NULL: memory was out). */
void mp_request_answer(struct mp_request *rq, int status, struct MHD_Response *response);

/* Run the server again before the loop sleeps. */
void mp_httpd_kick(struct mp_httpd *h);

/* Let go of the answer, if there is one. */
void mp_request_drop_answer(struct mp_request *rq);

/* Look at the certificate of the other end and fill `p`. */
void mp_peer_look(struct MHD_Connection *c, struct peer *p);
void mp_peer_expect(struct MHD_Connection *c); /* at its beginning */
