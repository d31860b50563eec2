/* SPDX-License-Identifier: Apache-2.0
 * The first argument of every route is the tenant, the second the controller. */
#include "ddi/routes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/str.h"
#include "ddi/handlers.h"

#define BASE "/*/controller/v1/*"
#define BODY 65536

const struct route ddi_routes[] = {
	{MP_GET, BASE, ROLE_NONE, 0, ddi_get_base, NULL},
	{MP_POST, BASE "/deploymentBase/*/feedback", ROLE_NONE, BODY, ddi_post_feedback, NULL},
	{MP_GET, BASE "/deploymentBase/*", ROLE_NONE, 0, ddi_get_deployment, NULL},
	{MP_GET | MP_HEAD, BASE "/softwaremodules/*/artifacts/*", ROLE_NONE, 0, ddi_get_artifact,
	 NULL},
	{MP_GET, BASE "/softwaremodules/*/artifacts", ROLE_NONE, 0, ddi_get_artifacts, NULL},
	{MP_GET, BASE "/cancelAction/*", ROLE_NONE, 0, ddi_get_cancel, NULL},
	{MP_POST, BASE "/cancelAction/*/feedback", ROLE_NONE, BODY, ddi_post_cancel_feedback, NULL},
	{MP_PUT, BASE "/configData", ROLE_NONE, BODY, ddi_put_config, NULL},
	{MP_GET, BASE "/installedBase/*", ROLE_NONE, 0, ddi_get_installed, NULL},
	{MP_PUT, BASE "/installedBase", ROLE_NONE, BODY, ddi_put_installed, NULL},
	{MP_GET, BASE "/confirmationBase", ROLE_NONE, 0, ddi_get_confirmation, NULL},
	{MP_POST, BASE "/confirmationBase/activateAutoConfirm", ROLE_NONE, BODY,
	 ddi_post_auto_confirm, NULL},
	{MP_POST, BASE "/confirmationBase/deactivateAutoConfirm", ROLE_NONE, BODY,
	 ddi_post_no_auto_confirm, NULL},
	{MP_GET, BASE "/confirmationBase/*", ROLE_NONE, 0, ddi_get_confirmation_action, NULL},
	{MP_POST, BASE "/confirmationBase/*/feedback", ROLE_NONE, BODY,
	 ddi_post_confirmation_feedback, NULL},
	{0},
};

bool ddi_is_path(const struct mp_path *p)
{
	return p->n >= 3 && strcmp(p->part[1], "controller") == 0 && strcmp(p->part[2], "v1") == 0;
}

bool is_ddi_route(const struct route *r)
{
	return r >= ddi_routes && r < ddi_routes + sizeof(ddi_routes) / sizeof(*ddi_routes);
}

bool ddi_base(struct call *c, char *ret, size_t room)
{
	const char *host = mp_request_header(c->rq, "Host");
	size_t len = host ? strlen(host) : 0;

	if (len == 0 || len > 255 ||
	    strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]") !=
		    len) {
		mp_reply_empty(c->rq, 400);
		return false;
	}
	snprintf(ret, room, "http%s://%s/%s/controller/v1/%s", mp_request_is_tls(c->rq) ? "s" : "",
		 host, c->args[0], c->args[1]);
	return true;
}

void ddi_error(struct call *c, int status, const char *code, const char *class_name,
	       const char *fmt, ...)
{
	struct mp_json *j = mp_json_new_object();
	char text[512];
	va_list ap;
	int r;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r = mp_json_put_str(j, "errorCode", code);
	r |= mp_json_put_str(j, "exceptionClass", class_name);
	r |= mp_json_put_str(j, "message", text);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, status, j);
}

void ddi_not_readable(struct call *c)
{
	ddi_error(c, 400, "hawkbit.server.error.rest.body.notReadable",
		  "org.eclipse.hawkbit.rest.exception.MessageNotReadableException",
		  "The given request body is not well formed");
}

bool ddi_is_not_json(struct call *c)
{
	const char *type = mp_request_header(c->rq, "Content-Type");

	if (!type || strcasestr(type, "json"))
		return false;
	call_error(c, 415, "The body must be application/json.");
	return true;
}

static bool no_such_action(struct call *c, uint64_t id)
{
	ddi_error(c, 404, "hawkbit.server.error.repo.entityNotFound",
		  "org.eclipse.hawkbit.repository.exception.EntityNotFoundException",
		  "Not a valid action (%llu) for target: %s", (unsigned long long)id,
		  c->device->name);
	return false;
}

bool ddi_find_action(struct call *c, const char *text, struct ddi_action *ret)
{
	const struct device *d = c->device;
	auto_(mp_query) *q = NULL;
	uint64_t id;
	int r;

	if (mp_str_parse_u64(text, INT64_MAX, &id) < 0) {
		ddi_not_readable(c);
		return false;
	}
	ret->id = (int64_t)id;
	if (d->action == ret->id) { /* by far the most frequent */
		ret->state = d->action_state;
		ret->download_only = d->download_only;
		snprintf(ret->release, sizeof(ret->release), "%s", d->target);
		return true;
	}
	r = mp_store_query(
		c->server->store,
		"SELECT state, release, download_only FROM action WHERE id = ? AND device = ?", &q,
		MP_INT(ret->id), MP_INT(d->row));
	if (r == 0)
		r = mp_query_next(q);
	if (r < 0) {
		call_failed(c);
		return false;
	}
	if (r == 0)
		return no_such_action(c, id);
	ret->state = (enum action_state)mp_query_int(q, 0);
	ret->download_only = mp_query_int(q, 2);
	snprintf(ret->release, sizeof(ret->release), "%s", mp_query_text(q, 1));
	return true;
}

const char *ddi_content_type(struct call *c)
{
	const char *accept = mp_request_header(c->rq, "Accept");

	return accept && strstr(accept, "application/json") ? "application/json"
							    : "application/hal+json";
}

static void etag_of(const char *text, size_t len, char ret[24])
{
	uint64_t h = 14695981039346656037u; /* FNV-1a: it need not be secret */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)text[i]) * 1099511628211u;
	snprintf(ret, 24, "\"%016llx\"", (unsigned long long)h);
}

void ddi_reply(struct call *c, struct mp_json *j)
{
	auto_(mp_json) *owned = j;
	MP_BUF(text, 4u << 20);
	char etag[24];

	if (!owned || mp_json_format(owned, &text) < 0) {
		mp_reply_empty(c->rq, 500);
		return;
	}
	etag_of(text.data, text.len, etag);
	if (mp_request_has_etag(c->rq, etag))
		mp_reply_empty(c->rq, 304);
	else
		mp_reply(c->rq, 200, ddi_content_type(c), text.data, text.len);
	mp_reply_header(c->rq, "ETag", etag);
}
