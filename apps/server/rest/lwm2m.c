/* SPDX-License-Identifier: Apache-2.0
 * Registrations, and operations on what is registered: /api/v1/devices/{id}/lwm2m/... Paths may
 * be numbers or names of the object model. */
#include "lwm2m/lwm2m.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "lwm2m/observations.h"
#include "lwm2m/registry.h"
#include "lwm2m/values.h"
#include "rest/ask.h"
#include "rest/registration.h"
#include "rest/rest.h"

#define PATH_TEXT 256

/* NULL: answered 404. */
static struct registration *find(struct call *c)
{
	struct registration *r = registry_find(c->server->lwm2m->registry, c->args[0]);

	if (!r)
		call_error(c, 404, "%s is not registered over LwM2M.", c->args[0]);
	return r;
}

/* ---- registrations ---- */

void rest_get_registrations(struct call *c)
{
	const struct registry *g = c->server->lwm2m->registry;
	const char *text = mp_request_query(c->rq, "q");
	auto_(mp_json) *items = mp_json_new_array();
	struct rest_window window;
	uint64_t total = 0;
	int n = 0;

	if (!rest_window(c, &window))
		return;
	for (struct registration *r = registry_first(g); r && n == 0; r = registry_next(g, r)) {
		if (text && !strcasestr(r->endpoint, text))
			continue;
		if (total >= window.offset && total - window.offset < window.limit)
			n = mp_json_append(items, registration_json(r));
		total++;
	}
	if (n < 0)
		call_reply(c, 500, NULL);
	else
		rest_reply_list(c, take_ptr(items), total);
}

void rest_get_registration(struct call *c)
{
	const struct registration *r = find(c);

	if (r)
		call_reply(c, 200, registration_whole_json(c->server->lwm2m, r));
}

/* ---- what a request is about ---- */

/* The parts of the path behind "lwm2m", up to `n` of them. -EBADMSG. */
static int join_path(const struct call *c, unsigned first, unsigned n, char text[PATH_TEXT])
{
	size_t len = 0;

	for (unsigned i = first; i < first + n; i++) {
		size_t part = strlen(c->path.part[i]);

		if (len + part + 2 > PATH_TEXT)
			return -EBADMSG;
		text[len++] = '/';
		memcpy(text + len, c->path.part[i], part + 1);
		len += part;
	}
	return 0;
}

/* `last`: a word that follows the path ("observe"), or NULL. False: answered 400. */
static bool take_path(struct call *c, bool has_word, struct mp_lwm2m_path *ret)
{
	unsigned first = 5; /* api v1 devices ID lwm2m */
	unsigned n = c->path.n - first - has_word;
	char text[PATH_TEXT] = "";

	if (join_path(c, first, n, text) == 0 &&
	    mp_lwm2m_model_path(c->server->lwm2m->model, text, ret) == 0)
		return true;
	call_error(c, 400, "'%.80s' is no path of LwM2M: numbers, or names of the object model.",
		   text);
	return false;
}

/* Whom and what it is about, and how it is to be asked. NULL: answered. */
static struct registration *begin(struct call *c, enum lwm2m_kind kind, bool has_word,
				  struct mp_lwm2m_path *path, struct lwm2m_operation *o)
{
	struct registration *r = find(c);

	*o = LWM2M_OPERATION(kind);
	o->paths = path;
	o->n_paths = 1;
	if (!r || !take_path(c, has_word, path) || !ask_options(c, o))
		return NULL;
	return r;
}

/* ---- reading ---- */

void rest_lwm2m_read(struct call *c)
{
	struct lwm2m_operation o;
	struct mp_lwm2m_path path;
	struct registration *r = begin(c, LWM2M_READ, false, &path, &o);

	if (r)
		ask(c, r, &o, &rest_asker);
}

void rest_lwm2m_discover(struct call *c)
{
	struct lwm2m_operation o;
	struct mp_lwm2m_path path;
	struct registration *r = begin(c, LWM2M_DISCOVER, true, &path, &o);

	if (r)
		ask(c, r, &o, &rest_asker);
}

/* ---- writing ---- */

static bool is_octets(struct call *c)
{
	const char *type = mp_request_header(c->rq, "Content-Type");

	return type && mp_str_starts_with(type, "application/octet-stream");
}

/* A body of JSON, or of plain bytes for one opaque resource. False: answered. */
static bool take_values(struct call *c, const struct registration *r,
			const struct mp_lwm2m_path *path, struct mp_json **ret_body,
			struct value_set *set)
{
	struct mp_err err = {""};
	size_t len;
	const char *body = mp_request_body(c->rq, &len);
	int n;

	if (!is_octets(c) && !call_json(c, ret_body))
		return false;
	n = value_set_init(set, *ret_body ? len : 0);
	if (n < 0) {
		call_reply(c, 500, NULL);
		return false;
	}
	if (*ret_body) {
		n = values_parse(c->server->lwm2m, r, path, *ret_body, set, &err);
	} else if (path->n < MP_LWM2M_RESOURCE) {
		n = mp_err_set(&err, -EBADMSG, "plain bytes are for a resource");
	} else {
		struct mp_lwm2m_value value = mp_lwm2m_opaque(body, len);

		n = value_set_add(set, path, &value);
	}
	if (n < 0)
		call_error_code(c, n, &err);
	return n == 0;
}

static void write_values(struct call *c, enum lwm2m_kind kind)
{
	__attribute__((cleanup(value_set_done))) struct value_set set = {0};
	auto_(mp_json) *body = NULL;
	struct lwm2m_operation o;
	struct mp_lwm2m_path path;
	struct registration *r = begin(c, kind, false, &path, &o);

	if (!r || !take_values(c, r, &path, &body, &set))
		return;
	o.records = set.records;
	o.n_records = set.n;
	ask(c, r, &o, &rest_asker);
}

void rest_lwm2m_write(struct call *c)
{
	write_values(c, LWM2M_WRITE_REPLACE);
}

void rest_lwm2m_update(struct call *c)
{
	write_values(c, LWM2M_WRITE_PARTIAL);
}

/* ---- create and execute: both are POST ---- */

static void create(struct call *c, struct registration *r, struct lwm2m_operation *o,
		   const struct mp_lwm2m_path *object)
{
	__attribute__((cleanup(value_set_done))) struct value_set set = {0};
	auto_(mp_json) *body = NULL;
	struct mp_err err = {""};
	struct mp_lwm2m_path base;
	int64_t instance;
	size_t len;
	int n;

	(void)mp_request_body(c->rq, &len);
	if (!call_json(c, &body))
		return;
	instance = mp_json_int(mp_json_get(body, "instance"), MP_LWM2M_ID_NONE);
	if (instance < 0 || instance > MP_LWM2M_ID_NONE) {
		call_error(c, 400, "'instance' must be a number of 0 to %d.", MP_LWM2M_ID_MAX);
		return;
	}
	base = mp_lwm2m_path_child(object, (uint16_t)instance);
	n = value_set_init(&set, len);
	if (n == 0 && mp_json_size(mp_json_get(body, "values")) > 0)
		n = values_parse(c->server->lwm2m, r, &base, body, &set, &err);
	else if (n == 0 && instance != MP_LWM2M_ID_NONE)
		n = value_set_add(&set, &base, NULL); /* an empty instance */
	if (n < 0) {
		call_error_code(c, n, &err);
		return;
	}
	if (instance != MP_LWM2M_ID_NONE) /* one path: of the instance, when we choose it */
		o->paths = &base;
	o->kind = LWM2M_CREATE;
	o->records = set.records;
	o->n_records = set.n;
	ask(c, r, o, &rest_asker);
}

static void execute(struct call *c, struct registration *r, struct lwm2m_operation *o)
{
	auto_(mp_json) *body = NULL;
	size_t len;

	(void)mp_request_body(c->rq, &len);
	if (len > 0 && !call_json(c, &body))
		return;
	o->kind = LWM2M_EXECUTE;
	o->arguments = mp_json_str(mp_json_get(body, "arguments"), NULL);
	ask(c, r, o, &rest_asker);
}

void rest_lwm2m_post(struct call *c)
{
	struct lwm2m_operation o;
	struct mp_lwm2m_path path;
	struct registration *r = begin(c, LWM2M_EXECUTE, false, &path, &o);

	if (!r)
		return;
	if (path.n == MP_LWM2M_OBJECT)
		create(c, r, &o, &path);
	else if (path.n == MP_LWM2M_RESOURCE)
		execute(c, r, &o);
	else
		call_error(c, 400, "POST creates an instance of an object or executes a resource.");
}

void rest_lwm2m_delete(struct call *c)
{
	struct lwm2m_operation o;
	struct mp_lwm2m_path path;
	struct registration *r = begin(c, LWM2M_DELETE, false, &path, &o);

	if (r)
		ask(c, r, &o, &rest_asker);
}

/* ---- attributes ---- */

/* {"pmin": 10, "gt": 21.5, "pmax": null}: as the text that the library knows. */
static int take_attributes(const struct mp_json *body, struct mp_lwm2m_attributes *ret,
			   struct mp_err *err)
{
	const struct mp_json *value;
	void *iter = NULL;
	const char *key;
	char text[80];

	while (mp_json_next(body, &iter, &key, &value)) {
		int n = snprintf(text, sizeof(text), "%.16s", key);

		if (mp_json_type(value) == MP_JSON_INT || mp_json_type(value) == MP_JSON_REAL)
			n = snprintf(text, sizeof(text), "%.16s=%.15g", key,
				     mp_json_real(value, 0));
		else if (mp_json_type(value) != MP_JSON_NULL)
			return mp_err_set(err, -EBADMSG, "'%.40s' must be a number or null", key);
		if (mp_lwm2m_attributes_parse(ret, text, (size_t)n) < 0)
			return mp_err_set(err, -EBADMSG,
					  "'%.40s' is no attribute, or that is no value of it",
					  key);
	}
	if (mp_lwm2m_attributes_check(ret) < 0)
		return mp_err_set(err, -EBADMSG,
				  "these attributes contradict each other (lt + 2 * st < gt, "
				  "st > 0)");
	return 0;
}

void rest_lwm2m_attributes(struct call *c)
{
	struct mp_lwm2m_attributes attributes = {0};
	auto_(mp_json) *body = NULL;
	struct mp_err err = {""};
	struct lwm2m_operation o;
	struct mp_lwm2m_path path;
	struct registration *r = begin(c, LWM2M_WRITE_ATTRIBUTES, true, &path, &o);

	if (!r || !call_json(c, &body))
		return;
	if (take_attributes(body, &attributes, &err) < 0) {
		call_error(c, 400, "%s.", err.text);
		return;
	}
	if (mp_lwm2m_attributes_fit(&attributes, &path) < 0) {
		call_error(c, 400, "gt, lt, st and edge are for resources.");
		return;
	}
	o.attributes = &attributes;
	ask(c, r, &o, &rest_asker);
}

/* ---- observing ---- */

static void end_observation(struct call *c, struct registration *r,
			    const struct mp_lwm2m_path *paths, size_t n, bool composite,
			    struct lwm2m_operation *o)
{
	struct observation *seen = observation_find(r, paths, n, composite);

	if (!seen) {
		call_error(c, 404, "There is no such observation of %s.", c->args[0]);
	} else if (mp_streq(mp_request_query(c->rq, "active"), "yes")) {
		o->kind = LWM2M_CANCEL_OBSERVE;
		o->observation = seen;
		ask(c, r, o, &rest_asker);
	} else {
		observation_forget(c->server, seen);
		mp_reply_empty(c->rq, 204);
		call_wrote(c);
	}
}

void rest_lwm2m_observe(struct call *c)
{
	struct lwm2m_operation o;
	struct mp_lwm2m_path path;
	struct registration *r = begin(c, LWM2M_OBSERVE, true, &path, &o);

	if (r)
		ask(c, r, &o, &rest_asker);
}

void rest_lwm2m_unobserve(struct call *c)
{
	struct lwm2m_operation o;
	struct mp_lwm2m_path path;
	struct registration *r = begin(c, LWM2M_CANCEL_OBSERVE, true, &path, &o);

	if (r)
		end_observation(c, r, &path, 1, false, &o);
}

/* ---- composite ---- */

/* ?paths=/3/0/9,Device/Manufacturer. The number of paths; 0: answered 400. */
static size_t take_paths(struct call *c, struct mp_lwm2m_path paths[OBSERVATION_PATHS])
{
	const char *at = mp_request_query(c->rq, "paths");
	size_t n = 0;

	while (at && *at) {
		size_t len = strcspn(at, ",");
		char one[PATH_TEXT];

		snprintf(one, sizeof(one), "%.*s", (int)(len < PATH_TEXT ? len : PATH_TEXT), at);
		if (n == OBSERVATION_PATHS || len >= PATH_TEXT ||
		    mp_lwm2m_model_path(c->server->lwm2m->model, one, &paths[n]) < 0) {
			call_error(c, 400, "'%.80s' is no path of LwM2M, or there are too many.",
				   one);
			return 0;
		}
		n++;
		at += len + (at[len] == ',');
	}
	if (n == 0)
		call_error(c, 400, "'paths' must name paths with commas between them.");
	return n;
}

static struct registration *begin_composite(struct call *c, enum lwm2m_kind kind,
					    struct mp_lwm2m_path paths[OBSERVATION_PATHS],
					    struct lwm2m_operation *o)
{
	struct registration *r = find(c);

	*o = LWM2M_OPERATION(kind);
	o->paths = paths;
	if (!r || !ask_options(c, o))
		return NULL;
	o->n_paths = take_paths(c, paths);
	return o->n_paths ? r : NULL;
}

void rest_lwm2m_read_composite(struct call *c)
{
	struct mp_lwm2m_path paths[OBSERVATION_PATHS];
	struct lwm2m_operation o;
	struct registration *r = begin_composite(c, LWM2M_READ_COMPOSITE, paths, &o);

	if (r)
		ask(c, r, &o, &rest_asker);
}

void rest_lwm2m_observe_composite(struct call *c)
{
	struct mp_lwm2m_path paths[OBSERVATION_PATHS];
	struct lwm2m_operation o;
	struct registration *r = begin_composite(c, LWM2M_OBSERVE_COMPOSITE, paths, &o);

	if (r)
		ask(c, r, &o, &rest_asker);
}

void rest_lwm2m_unobserve_composite(struct call *c)
{
	struct mp_lwm2m_path paths[OBSERVATION_PATHS];
	struct lwm2m_operation o;
	struct registration *r = begin_composite(c, LWM2M_CANCEL_OBSERVE, paths, &o);

	if (r)
		end_observation(c, r, paths, o.n_paths, true, &o);
}

void rest_lwm2m_write_composite(struct call *c)
{
	__attribute__((cleanup(value_set_done))) struct value_set set = {0};
	auto_(mp_json) *body = NULL;
	struct lwm2m_operation o = LWM2M_OPERATION(LWM2M_WRITE_COMPOSITE);
	struct registration *r = find(c);

	if (!r || !ask_options(c, &o) || !take_values(c, r, &mp_lwm2m_path_root, &body, &set))
		return;
	o.records = set.records;
	o.n_records = set.n;
	ask(c, r, &o, &rest_asker);
}
