/* SPDX-License-Identifier: Apache-2.0
 * /api/clients: what Leshan's ClientServlet offers, with its sentences. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "leshan/leshan.h"
#include "leshan/links.h"
#include "leshan/node.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/observations.h"
#include "lwm2m/registry.h"
#include "rest/ask.h"
#include "server.h"

#define SECONDS 5 /* Leshan's time-out */

/* ---- registrations ---- */

void leshan_get_clients(struct call *c)
{
	const struct registry *g = c->server->lwm2m->registry;
	struct mp_json *items = mp_json_new_array();
	int n = 0;

	if (strcspn(mp_request_path(c->rq), "?") > 0 &&
	    mp_request_path(c->rq)[strcspn(mp_request_path(c->rq), "?") - 1] == '/') {
		mp_json_free(items);
		leshan_text(c, 400, "Invalid path");
		return;
	}
	for (struct registration *r = registry_first(g); r && n == 0; r = registry_next(g, r))
		n = mp_json_append(items, leshan_registration_json(r, c->dialect));
	if (n < 0) {
		mp_json_free(items);
		items = NULL;
	}
	call_reply(c, 200, items);
}

void leshan_get_client(struct call *c)
{
	const struct registration *r = leshan_client(c);

	if (r)
		call_reply(c, 200, leshan_registration_json(r, c->dialect));
}

/* ---- results ---- */

static struct mp_json *status_json(uint8_t code)
{
	char text[64];
	const char *name = mp_coap_code_name(code);

	snprintf(text, sizeof(text), "%s(%d)", name, (code >> 5) * 100 + (code & 31));
	return mp_json_new_str(text);
}

struct mp_json *leshan_result_json(struct server *s, enum dialect dialect,
				   const struct registration *r, const struct mp_lwm2m_path *paths,
				   size_t n, bool is_composite, const struct lwm2m_result *result)
{
	auto_(mp_json) *j = mp_json_new_object();
	bool success = lwm2m_result_is_success(result);
	int e = mp_json_put(j, "status", status_json(result->code));

	e |= mp_json_put_bool(j, "valid", true);
	e |= mp_json_put_bool(j, "success", success);
	e |= mp_json_put_bool(j, "failure", !success);
	if (!success && result->diagnostic && *result->diagnostic)
		e |= mp_json_put_str(j, "errormessage", result->diagnostic);
	if (result->links && success)
		e |= mp_json_put(j, "objectLinks",
				 leshan_links_json(result->links, result->links_len));
	else if (result->code == MP_COAP_CONTENT && is_composite)
		e |= mp_json_put(j, "content",
				 nodes_json(s->lwm2m, r, paths, n, result->records,
					    result->n_records, dialect));
	else if (result->code == MP_COAP_CONTENT && n > 0)
		e |= mp_json_put(j, "content",
				 node_json(s->lwm2m, r, &paths[0], result->records,
					   result->n_records, dialect));
	if (success && result->location && *result->location)
		e |= mp_json_put_str(j, "location", result->location + (*result->location == '/'));
	return e ? NULL : take_ptr(j);
}

/* ---- what a request is about ---- */

/* Numbers alone, as there. `words`: parts behind the path. False: answered 400. */
static bool take_path(struct call *c, unsigned words, struct mp_lwm2m_path *ret)
{
	*ret = mp_lwm2m_path_root;
	for (unsigned i = 3; i < c->path.n - words; i++)
		if (mp_lwm2m_path_push(ret, c->path.part[i], strlen(c->path.part[i])) < 0) {
			leshan_text(c, 400, "Invalid request: Invalid elements in path %s",
				    c->path.part[i]);
			return false;
		}
	return true;
}

static bool is_composite(const struct call *c)
{
	return c->path.n > 3 && strcmp(c->path.part[3], "composite") == 0;
}

static size_t split_paths(const char *at, struct mp_lwm2m_path paths[OBSERVATION_PATHS])
{
	size_t n = 0;

	while (at && *at) {
		size_t len = strcspn(at, ",");

		if (n == OBSERVATION_PATHS || mp_lwm2m_path_parse(at, len, &paths[n]) < 0)
			return 0;
		n++;
		at += len + (at[len] == ',');
	}
	return n;
}

static bool take_paths(struct call *c, struct mp_lwm2m_path paths[OBSERVATION_PATHS], size_t *ret_n)
{
	*ret_n = split_paths(mp_request_query(c->rq, "paths"), paths);
	if (*ret_n == 0)
		leshan_text(c, 400, "Invalid request: paths are missing or invalid");
	return *ret_n > 0;
}

/* An unknown format is ignored there too. */
static int format_of(struct call *c, const char *name)
{
	const char *text = mp_request_query(c->rq, name);
	unsigned format;

	return text && mp_lwm2m_format_parse(text, &format) == 0 ? (int)format : -1;
}

static void take_options(struct call *c, struct lwm2m_operation *o)
{
	const char *timeout = mp_request_query(c->rq, "timeout");

	if (!timeout || ask_timeout_parse(timeout, &o->timeout_ms) < 0)
		o->timeout_ms = SECONDS * 1000;
	o->asleep = LWM2M_QUEUE;
	if (is_composite(c)) {
		o->accept = format_of(c, "nodeformat");
		o->format =
			o->kind == LWM2M_WRITE_COMPOSITE ? o->accept : format_of(c, "pathformat");
	} else {
		o->format = o->accept = format_of(c, "format");
	}
}

/* ---- asking ---- */

/* What was asked for, from the address: it is there until the call ends. */
static size_t paths_of(struct call *c, struct mp_lwm2m_path paths[OBSERVATION_PATHS])
{
	size_t n = 0;

	if (is_composite(c))
		return split_paths(mp_request_query(c->rq, "paths"), paths);
	paths[n] = mp_lwm2m_path_root;
	for (unsigned i = 3; i < c->path.n; i++)
		if (mp_lwm2m_path_push(&paths[n], c->path.part[i], strlen(c->path.part[i])) < 0)
			break;
	return 1;
}

static void answered(struct call *c, const struct lwm2m_result *result)
{
	const struct registration *r = registry_find(c->server->lwm2m->registry, c->args[0]);
	struct mp_lwm2m_path paths[OBSERVATION_PATHS];
	size_t n = paths_of(c, paths);

	switch (result->outcome) {
	case LWM2M_ANSWERED:
		call_reply(c, 200,
			   leshan_result_json(c->server, c->dialect, r, paths, n, is_composite(c),
					      result));
		break;
	case LWM2M_TIMED_OUT:
		leshan_text(c, 504, "Request timeout");
		break;
	case LWM2M_UNREADABLE:
		leshan_text(c, 500, "Invalid Response: %s", result->diagnostic);
		break;
	default:
		leshan_text(c, 500, "Request %s", lwm2m_outcome_name(result->outcome));
		break;
	}
}

static void queued(struct call *c, int64_t id)
{
	struct mp_json *j = mp_json_new_object();
	struct mp_lwm2m_path paths[OBSERVATION_PATHS];
	char text[MP_LWM2M_PATH_TEXT] = "/", number[24];
	int r;

	if (paths_of(c, paths) > 0)
		mp_lwm2m_path_format(&paths[0], text);
	snprintf(number, sizeof(number), "%lld", (long long)id);
	r = mp_json_put_str(j, "ep", c->args[0]);
	r |= mp_json_put_str(j, "path", text);
	r |= mp_json_put_str(j, "requestId", number);
	r |= mp_json_put_bool(j, "delayed", true);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 200, j);
}

static void refused(struct call *c, int code)
{
	if (code == -EINVAL || code == -ENOTSUP || code == -EFBIG || code == -EEXIST)
		leshan_text(c, 400, "Invalid request: this cannot be asked of a device");
	else if (code == -ENOBUFS || code == -EHOSTDOWN)
		leshan_text(c, 500, "Too many requests wait for %s", c->args[0]);
	else
		call_failed(c);
}

static const struct asker leshan_asker = {answered, queued, refused};

static void ask_about(struct call *c, struct lwm2m_operation *o, unsigned words)
{
	struct registration *r = leshan_client(c);
	struct mp_lwm2m_path path;

	if (!r || !take_path(c, words, &path))
		return;
	o->paths = &path;
	o->n_paths = 1;
	take_options(c, o);
	ask(c, r, o, &leshan_asker);
}

static void ask_about_all(struct call *c, struct lwm2m_operation *o)
{
	struct registration *r = leshan_client(c);
	struct mp_lwm2m_path paths[OBSERVATION_PATHS];

	if (!r || !take_paths(c, paths, &o->n_paths))
		return;
	o->paths = paths;
	take_options(c, o);
	ask(c, r, o, &leshan_asker);
}

void leshan_read(struct call *c)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_READ);

	ask_about(c, &o, 0);
}

void leshan_discover(struct call *c)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_DISCOVER);

	ask_about(c, &o, 1);
}

void leshan_delete(struct call *c)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_DELETE);

	ask_about(c, &o, 0);
}

void leshan_observe(struct call *c)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_OBSERVE);

	ask_about(c, &o, 1);
}

void leshan_read_composite(struct call *c)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_READ_COMPOSITE);

	ask_about_all(c, &o);
}

void leshan_observe_composite(struct call *c)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_OBSERVE_COMPOSITE);

	ask_about_all(c, &o);
}

/* ---- attributes ---- */

struct attributes {
	struct mp_lwm2m_attributes all;
	char bad[64]; /* what is wrong; "" nothing */
};

static void take_attribute(void *user, const char *name, const char *value)
{
	struct attributes *a = user;
	char text[128];
	int n, r;

	if (strcmp(name, "timeout") == 0 || strcmp(name, "format") == 0)
		return;
	n = value && *value ? snprintf(text, sizeof(text), "%.40s=%.60s", name, value)
			    : snprintf(text, sizeof(text), "%.40s", name);
	r = mp_lwm2m_attributes_parse(&a->all, text, (size_t)n);
	if (r == -ENOENT)
		snprintf(a->bad, sizeof(a->bad), "%.20s attribute is unknown", name);
	else if (r < 0)
		snprintf(a->bad, sizeof(a->bad), "Unable to parse [%.40s]", value ? value : name);
}

void leshan_attributes(struct call *c)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_WRITE_ATTRIBUTES);
	struct attributes a = {0};

	mp_request_each_query(c->rq, take_attribute, &a);
	if (*a.bad) {
		leshan_text(c, 400, "Invalid attributes: %s", a.bad);
		return;
	}
	o.attributes = &a.all;
	ask_about(c, &o, 1);
}

/* ---- ending an observation ---- */

struct search {
	const char *name;
	bool found;
};

static void look_for(void *user, const char *name, const char *value)
{
	struct search *s = user;

	(void)value;
	s->found |= strcmp(name, s->name) == 0;
}

static void unobserve(struct call *c, struct registration *r, const struct mp_lwm2m_path *paths,
		      size_t n)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_CANCEL_OBSERVE);
	struct observation *seen = observation_find(r, paths, n, is_composite(c));
	struct search active = {.name = "active"};
	char text[MP_LWM2M_PATH_TEXT];

	mp_request_each_query(c->rq, look_for, &active);
	if (active.found && !seen) {
		mp_lwm2m_path_format(paths, text);
		leshan_text(c, 404, "no observation for path %s for  client '%s'", text,
			    c->args[0]);
	} else if (active.found) {
		o.observation = seen;
		o.paths = paths;
		o.n_paths = n;
		take_options(c, &o);
		ask(c, r, &o, &leshan_asker);
	} else {
		if (seen)
			observation_forget(c->server, seen);
		mp_reply_empty(c->rq, 200);
		call_wrote(c);
	}
}

void leshan_unobserve(struct call *c)
{
	struct registration *r = leshan_client(c);
	struct mp_lwm2m_path path;

	if (r && take_path(c, 1, &path))
		unobserve(c, r, &path, 1);
}

void leshan_unobserve_composite(struct call *c)
{
	struct registration *r = leshan_client(c);
	struct mp_lwm2m_path paths[OBSERVATION_PATHS];
	size_t n;

	if (r && take_paths(c, paths, &n))
		unobserve(c, r, paths, n);
}

/* ---- writing ---- */

/* The body, JSON or text, as records at `path`. False: answered. */
static bool take_body(struct call *c, const struct registration *r,
		      const struct mp_lwm2m_path *path, struct mp_json **ret_body,
		      struct value_set *set)
{
	const char *type = mp_request_header(c->rq, "Content-Type");
	const struct lwm2m *l = c->server->lwm2m;
	struct mp_err err = {""};
	size_t len;
	const char *body = mp_request_body(c->rq, &len);
	int n = value_set_init(set, len);

	if (n == 0 && type && mp_str_starts_with(type, "application/json")) {
		n = mp_json_parse(body, len, ret_body, &err);
		if (n == 0)
			n = node_parse(l, r, path, *ret_body, set, &err);
	} else if (n == 0 && type && mp_str_starts_with(type, "text/plain") &&
		   path->n >= MP_LWM2M_RESOURCE) {
		n = node_parse_text(l, r, path, body, len, set, &err);
	} else if (n == 0) {
		n = mp_err_set(&err, -EBADMSG, "content type %.80s not supported",
			       type ? type : "null");
	}
	if (n == -ENOMEM)
		call_reply(c, 500, NULL);
	else if (n < 0)
		leshan_text(c, 400, "Invalid request: %s", err.text);
	return n == 0;
}

void leshan_write(struct call *c)
{
	__attribute__((cleanup(value_set_done))) struct value_set set = {0};
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_WRITE_REPLACE);
	auto_(mp_json) *body = NULL;
	struct registration *r = leshan_client(c);
	struct mp_lwm2m_path path;

	if (!r || !take_path(c, 0, &path))
		return;
	if (path.n < MP_LWM2M_INSTANCE) {
		leshan_text(c, 400, "Invalid path");
		return;
	}
	if (!take_body(c, r, &path, &body, &set))
		return;
	if (mp_streq(mp_request_query(c->rq, "replace"), "false"))
		o.kind = LWM2M_WRITE_PARTIAL;
	o.paths = &path;
	o.n_paths = 1;
	o.records = set.records;
	o.n_records = set.n;
	take_options(c, &o);
	ask(c, r, &o, &leshan_asker);
}

/* {"/1/0/1": node, ...} */
static int parse_composite(struct call *c, const struct registration *r, const struct mp_json *body,
			   struct value_set *set, struct mp_err *err)
{
	const struct mp_json *node;
	void *iter = NULL;
	const char *key;
	int n = 0;

	while (n == 0 && mp_json_next(body, &iter, &key, &node)) {
		struct mp_lwm2m_path path;

		if (mp_lwm2m_path_parse(key, strlen(key), &path) < 0)
			return mp_err_set(err, -EBADMSG, "'%.40s' is no path", key);
		n = node_parse(c->server->lwm2m, r, &path, node, set, err);
	}
	return n;
}

void leshan_write_composite(struct call *c)
{
	__attribute__((cleanup(value_set_done))) struct value_set set = {0};
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_WRITE_COMPOSITE);
	auto_(mp_json) *body = NULL;
	struct mp_err err = {""};
	struct registration *r = leshan_client(c);
	size_t len;
	const char *text = mp_request_body(c->rq, &len);
	int n;

	if (!r)
		return;
	n = value_set_init(&set, len);
	if (n == 0)
		n = mp_json_parse(text, len, &body, &err);
	if (n == 0)
		n = parse_composite(c, r, body, &set, &err);
	if (n < 0) {
		leshan_text(c, 400, "Invalid request: %s", err.text);
		return;
	}
	o.records = set.records;
	o.n_records = set.n;
	take_options(c, &o);
	ask(c, r, &o, &leshan_asker);
}

/* ---- POST: execute a resource, or create an instance ---- */

static void execute(struct call *c, struct registration *r, const struct mp_lwm2m_path *path)
{
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_EXECUTE);
	size_t len;
	const char *body = mp_request_body(c->rq, &len);

	o.paths = path;
	o.n_paths = 1;
	o.arguments = len ? body : NULL;
	take_options(c, &o);
	ask(c, r, &o, &leshan_asker);
}

static void create(struct call *c, struct registration *r, struct mp_lwm2m_path *path)
{
	__attribute__((cleanup(value_set_done))) struct value_set set = {0};
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_CREATE);
	auto_(mp_json) *body = NULL;
	int64_t id;

	if (!take_body(c, r, path, &body, &set))
		return;
	id = mp_json_int(mp_json_get(body, "id"), MP_LWM2M_ID_NONE);
	if (path->n == MP_LWM2M_OBJECT && id != MP_LWM2M_ID_NONE)
		*path = mp_lwm2m_path_child(path, (uint16_t)id);
	if (set.n == 0 && path->n == MP_LWM2M_INSTANCE && value_set_add(&set, path, NULL) < 0) {
		call_reply(c, 500, NULL); /* an empty instance is a record as well */
		return;
	}
	o.paths = path;
	o.n_paths = 1;
	o.records = set.records;
	o.n_records = set.n;
	take_options(c, &o);
	ask(c, r, &o, &leshan_asker);
}

void leshan_post(struct call *c)
{
	struct registration *r = leshan_client(c);
	struct mp_lwm2m_path path;

	if (!r || !take_path(c, 0, &path))
		return;
	if (path.n == MP_LWM2M_RESOURCE)
		execute(c, r, &path);
	else
		create(c, r, &path);
}
