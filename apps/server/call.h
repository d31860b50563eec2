/* SPDX-License-Identifier: Apache-2.0
 * call.h - one request on its way through the server
 *
 *     static void get_status(struct call *c) { call_reply(c, 200, status_json(c->server)); }
 *
 * A table of routes says who may call what, with how much of a body. The handler runs when the body
 * is there; it answers exactly once. One that has written calls call_wrote() after answering, so
 * that the answer waits for the commit; one whose write failed calls call_failed().
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "httpd/httpd.h"
#include "httpd/route.h"
#include "json/json.h"
#include "tokens.h"

struct server;
struct device;
struct upload;
struct lwm2m_request;
struct asker;

enum dialect { DIALECT_OWN, DIALECT_LESHAN, DIALECT_LESHAN1 };

struct call {
	struct server *server;
	struct mp_request *rq;
	const struct route *route;
	struct mp_path path;
	const char *args[MP_PATH_PARTS]; /* the parts of the path that the pattern leaves open */
	struct device *device; /* DDI: the one that authenticated */
	bool registered; /* and it was made for this call */
	struct upload *upload; /* while a blob streams in */
	const char *token; /* enrolment: what came with it */
	struct lwm2m_request *asked; /* of the device that the answer waits for (rest/ask.h) */
	const struct asker *asker;
	enum dialect dialect; /* of the address that was called */
};

struct route {
	unsigned methods; /* enum mp_method, or'ed */
	const char *pattern; /* '*' for an argument */
	enum role role; /* least role; ROLE_NONE: anybody, or the handler looks itself */
	size_t body; /* most bytes of a body; 0: none */
	void (*handle)(struct call *c);
	void (*begin)(struct call *c); /* before the body, when it is not just collected; or NULL */
};

/* How a person or a script authenticates: Bearer token with the route's role. True: go on. */
bool call_authorize(struct call *c);

/* Count a failed attempt to authenticate. */
void call_refused(struct call *c);
bool call_is_throttled(struct call *c); /* true: answered 429 */

/* Takes `j`; a NULL becomes 500. */
void call_reply(struct call *c, int status, struct mp_json *j);
/* {"error": "..."} */
void call_error(struct call *c, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The status that goes with this code, and the sentence. */
void call_error_code(struct call *c, int code, const struct mp_err *err);
void call_wrote(struct call *c);
/* A write failed: nothing of this turn is kept, and everybody in it is told so. */
void call_failed(struct call *c);

/* The body as JSON object; false: answered 400. */
bool call_json(struct call *c, struct mp_json **ret);

/* Wired into the server's configuration. */
void call_begin(void *user, struct mp_request *rq);
void call_serve(void *user, struct mp_request *rq);
void call_end(void *user, struct mp_request *rq);
