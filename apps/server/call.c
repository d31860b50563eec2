/* SPDX-License-Identifier: Apache-2.0
 * Finding the route: devices come first, since almost every request is a poll; then our API; what is
 * left are the files of the page. */
#include "call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "blobs.h"
#include "ddi/routes.h"
#include "events.h"
#include "leshan/leshan.h"
#include "metrics.h"
#include "page.h"
#include "rest/ask.h"
#include "rest/rest.h"
#include "server.h"
#include "throttle.h"

#define REPLY_MAX (16u << 20)

/* ---- answers ---- */

void call_reply(struct call *c, int status, struct mp_json *j)
{
	auto_(mp_json) *owned = j;
	MP_BUF(text, REPLY_MAX);

	if (!owned || mp_json_format(owned, &text) < 0) {
		mp_reply(c->rq, 500, "application/json", "{\"error\":\"memory is out\"}", 25);
		return;
	}
	mp_reply(c->rq, status, "application/json", text.data, text.len);
}

void call_error(struct call *c, int status, const char *fmt, ...)
{
	struct mp_json *j = mp_json_new_object();
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (mp_json_put_str(j, "error", text) < 0) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, status, j);
}

static int status_of(int code)
{
	switch (code) {
	case -ENOENT:
		return 404;
	case -EEXIST:
	case -EPROTO:
		return 409;
	case -EBADMSG:
	case -EKEYREJECTED:
		return 400;
	case -EACCES:
	case -EPERM:
		return 403;
	case -EFBIG:
		return 413;
	default:
		return 500;
	}
}

void call_error_code(struct call *c, int code, const struct mp_err *err)
{
	int status = status_of(code);

	call_error(c, status, "%s", err->text);
	if (status == 500)
		call_failed(c);
}

void call_wrote(struct call *c)
{
	mp_reply_hold(c->rq);
}

void call_failed(struct call *c)
{
	if (!mp_request_is_answered(c->rq))
		call_error(c, 500, "The server could not write this down.");
	server_write_failed(c->server);
	mp_reply_hold(c->rq);
}

bool call_json(struct call *c, struct mp_json **ret)
{
	auto_(mp_json) *doc = NULL;
	struct mp_err err = {""};
	size_t len;
	const char *body = mp_request_body(c->rq, &len);
	int r = mp_json_parse(body, len, &doc, &err);

	if (r == 0 && mp_json_type(doc) != MP_JSON_OBJECT)
		r = mp_err_set(&err, -EBADMSG, "the body must be a JSON object");
	if (r < 0) {
		call_error(c, 400, "%s", err.text);
		return false;
	}
	*ret = take_ptr(doc);
	return true;
}

/* ---- who is it? ---- */

bool call_is_throttled(struct call *c)
{
	uint8_t address[16];

	mp_request_address(c->rq, address);
	if (!throttle_is_closed(address, server_now()))
		return false;
	call_error(c, 429, "Too many failed attempts from this address; wait a minute.");
	mp_reply_header(c->rq, "Retry-After", "60");
	return true;
}

void call_refused(struct call *c)
{
	uint8_t address[16];

	mp_request_address(c->rq, address);
	throttle_failed(address, server_now());
	c->server->metrics->refused++;
}

bool call_authorize(struct call *c)
{
	const char *authorization = mp_request_header(c->rq, "Authorization");
	enum role role;

	if (c->route->role == ROLE_NONE)
		return true;
	if (call_is_throttled(c))
		return false;
	role = tokens_role(c->server->tokens, authorization);
	if (role >= c->route->role)
		return true;
	if (role == ROLE_NONE) {
		call_refused(c);
		call_error(c, 401, "This needs a token: Authorization: Bearer <token>.");
		mp_reply_header(c->rq, "WWW-Authenticate", "Bearer");
	} else {
		call_error(c, 403, "This needs the role %s; your token has the role %s.",
			   role_name(c->route->role), role_name(role));
	}
	return false;
}

/* ---- the way of a request ---- */

static const struct route *find(struct call *c, const struct route *routes, unsigned method,
				bool *ret_known)
{
	for (; routes->pattern; routes++) {
		if (!mp_path_match(&c->path, routes->pattern, c->args))
			continue;
		*ret_known = true;
		if (routes->methods & method)
			return routes;
	}
	return NULL;
}

static const struct route *routes_of(struct call *c)
{
	if (ddi_is_path(&c->path))
		return ddi_routes;
	return leshan_take_path(c) ? leshan_routes : rest_routes;
}

static void route_call(struct call *c)
{
	unsigned method = mp_request_method(c->rq);
	const struct route *routes = routes_of(c);
	bool known = false;

	c->route = find(c, routes, method, &known);
	if (c->route)
		return;
	if (known)
		call_error(c, 405, "This address does not know that method.");
	else if (routes != rest_routes || rest_is_path(&c->path) || !(method & (MP_GET | MP_HEAD)))
		call_error(c, 404, "There is nothing at this address.");
	else
		page_serve(c);
}

/* Again when the body is there: who was known when it began may have been removed since. */
static bool authorize(struct call *c)
{
	if (is_ddi_route(c->route))
		return ddi_authorize(c);
	return is_leshan_route(c->route) ? leshan_authorize(c) : call_authorize(c);
}

void call_begin(void *user, struct mp_request *rq)
{
	struct call *c = malloc(sizeof(*c));
	int r;

	if (!c)
		return; /* call_serve will say so */
	/* Not the text of the path, which is long and about to be written. */
	c->server = user;
	c->rq = rq;
	c->route = NULL;
	c->device = NULL;
	c->registered = false;
	c->upload = NULL;
	c->token = NULL;
	c->asked = NULL;
	c->dialect = DIALECT_OWN;
	c->args[0] = NULL; /* of a pattern without arguments */
	mp_request_set_data(rq, c);
	c->server->metrics->requests++;
	r = mp_path_split(mp_request_path(rq), &c->path);
	if (r < 0) {
		call_error(c, r == -EFBIG ? 414 : 400,
			   "This is no address that the server can have.");
		return;
	}
	route_call(c);
	if (!c->route || mp_request_body_len(rq) == 0)
		return;
	/* A body is only taken from those who may send it. */
	if (!authorize(c))
		return;
	if (c->route->begin)
		c->route->begin(c);
	else if (c->route->body > 0)
		mp_request_collect(rq, c->route->body);
}

void call_serve(void *user, struct mp_request *rq)
{
	struct call *c = mp_request_data(rq);

	(void)user;
	if (!c) {
		mp_reply_empty(rq, 503);
		return;
	}
	if (authorize(c))
		c->route->handle(c);
	if (c->registered)
		call_wrote(c);
}

void call_end(void *user, struct mp_request *rq)
{
	struct server *s = user;
	struct call *c = mp_request_data(rq);

	events_close(s->events, rq);
	leshan_close(s->leshan, rq);
	if (!c)
		return;
	ask_end(c);
	upload_free(c->upload);
	free(c);
}
