/* SPDX-License-Identifier: Apache-2.0 */
#include "leshan/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "leshan/leshan.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"

/* ---- going out: values ---- */

static const char *const type_names[] = {
	[MP_LWM2M_NONE] = "NONE",	[MP_LWM2M_STRING] = "STRING",
	[MP_LWM2M_INTEGER] = "INTEGER", [MP_LWM2M_UNSIGNED] = "UNSIGNED_INTEGER",
	[MP_LWM2M_FLOAT] = "FLOAT",	[MP_LWM2M_BOOLEAN] = "BOOLEAN",
	[MP_LWM2M_OPAQUE] = "OPAQUE",	[MP_LWM2M_TIME] = "TIME",
	[MP_LWM2M_OBJLNK] = "OBJLNK",	[MP_LWM2M_CORELNK] = "CORELINK",
	[MP_LWM2M_RAW_TEXT] = "STRING", [MP_LWM2M_RAW_TLV] = "OPAQUE",
};

/* As Java writes a double: "-12.0", "3.14159", "1.0E10". */
static void format_real(double v, char text[40])
{
	double size = v < 0 ? -v : v;
	char *end, *exponent;
	int digits = 1;

	do {
		snprintf(text, 40, "%.*e", digits, v);
	} while (strtod(text, NULL) != v && digits++ < 17);
	exponent = strchr(text, 'e');
	if (size == 0 || (size >= 1e-3 && size < 1e7)) {
		int shift = exponent ? (int)strtol(exponent + 1, NULL, 10) : 0;

		snprintf(text, 40, "%.*f", digits > shift ? digits - shift : 1, v);
		return;
	}
	end = exponent - 1;
	while (*end == '0' && end[-1] != '.')
		end--;
	snprintf(end + 1, (size_t)(text + 40 - end - 1), "E%ld", strtol(exponent + 1, NULL, 10));
}

static struct mp_json *number_json(const struct mp_lwm2m_value *v, enum dialect dialect)
{
	char text[40];

	if (dialect == DIALECT_LESHAN1)
		return value_json(v);
	if (v->type == MP_LWM2M_FLOAT)
		format_real(value_neat(v->real), text);
	else if (mp_lwm2m_value_format(v, text, sizeof(text)) < 0)
		return NULL;
	return mp_json_new_str(text);
}

static struct mp_json *link_json(const struct mp_lwm2m_link_value *link, enum dialect dialect)
{
	struct mp_json *j = mp_json_new_object();
	int r = mp_json_put_int(j, "objectId", link->object);

	r |= mp_json_put_int(j, "objectInstanceId", link->instance);
	if (dialect == DIALECT_LESHAN)
		r |= mp_json_put_bool(j, "nullLink",
				      link->object == MP_LWM2M_ID_NONE &&
					      link->instance == MP_LWM2M_ID_NONE);
	if (r == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

struct mp_json *leshan_time_json(int64_t ms, enum dialect dialect)
{
	time_t seconds = ms / 1000;
	struct tm tm;
	char text[40];

	if (dialect != DIALECT_LESHAN1 || !gmtime_r(&seconds, &tm))
		return mp_json_new_int(ms);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return mp_json_new_str(text);
}

static struct mp_json *leaf_json(const struct mp_lwm2m_value *v, enum dialect dialect)
{
	switch (v->type) {
	case MP_LWM2M_INTEGER:
	case MP_LWM2M_UNSIGNED:
	case MP_LWM2M_FLOAT:
		return number_json(v, dialect);
	case MP_LWM2M_TIME:
		return leshan_time_json(v->integer * 1000, dialect);
	case MP_LWM2M_OBJLNK:
		return link_json(&v->link, dialect);
	default:
		return value_json(v);
	}
}

/* ---- going out: nodes ---- */

struct out {
	const struct lwm2m *l;
	const struct registration *r;
	enum dialect dialect;
};

static int put_kind(const struct out *to, struct mp_json *j, const char *kind)
{
	return to->dialect == DIALECT_LESHAN ? mp_json_put_str(j, "kind", kind) : 0;
}

static int put_type(const struct out *to, struct mp_json *j, enum mp_lwm2m_type type)
{
	return to->dialect == DIALECT_LESHAN ? mp_json_put_str(j, "type", type_names[type]) : 0;
}

static struct mp_json *done(struct mp_json *j, int r)
{
	if (r == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

static struct mp_json *single_json(const struct out *to, const char *kind, uint16_t id,
				   const struct mp_lwm2m_value *v)
{
	struct mp_json *j = mp_json_new_object();
	int r = put_kind(to, j, kind);

	r |= mp_json_put_int(j, "id", id);
	r |= put_type(to, j, v->type);
	r |= mp_json_put(j, "value", leaf_json(v, to->dialect));
	return done(j, r);
}

static struct mp_json *multi_json(const struct out *to, const struct mp_lwm2m_path *path,
				  const struct mp_lwm2m_record *records, size_t n)
{
	enum mp_lwm2m_type type = value_type(to->l, to->r, path);
	struct mp_json *j = mp_json_new_object(), *values = mp_json_new_object();
	int r = put_kind(to, j, "multiResource");
	char key[8];

	for (size_t i = 0; i < n; i++) {
		if (!records[i].has_value)
			continue;
		if (type == MP_LWM2M_NONE)
			type = records[i].value.type;
		snprintf(key, sizeof(key), "%u", records[i].path.id[3]);
		r |= mp_json_put(values, key, leaf_json(&records[i].value, to->dialect));
	}
	r |= mp_json_put(j, "values", values);
	r |= mp_json_put_int(j, "id", path->id[2]);
	r |= put_type(to, j, type);
	return done(j, r);
}

/* How many of the records from the first on share its first `level` ids. */
static size_t run_of(const struct mp_lwm2m_record *records, size_t n, unsigned level)
{
	struct mp_lwm2m_path top = mp_lwm2m_path_top(&records[0].path, level);
	size_t i = 1;

	while (i < n && mp_lwm2m_path_is_below(&records[i].path, &top))
		i++;
	return i;
}

static struct mp_json *resource_json(const struct out *to, const struct mp_lwm2m_path *path,
				     const struct mp_lwm2m_record *records, size_t n)
{
	if (n == 1 && records[0].path.n == MP_LWM2M_RESOURCE && records[0].has_value)
		return single_json(to, "singleResource", path->id[2], &records[0].value);
	return multi_json(to, path, records, n);
}

static struct mp_json *tree_json(const struct out *to, const struct mp_lwm2m_path *path,
				 const struct mp_lwm2m_record *records, size_t n)
{
	static const char *const kinds[] = {"root", "obj", "instance"};
	static const char *const children[] = {"objects", "instances", "resources"};
	struct mp_json *j, *items;
	int r;

	if (path->n == MP_LWM2M_RESOURCE_INSTANCE)
		return single_json(to, "resourceInstance", path->id[3], &records[0].value);
	if (path->n == MP_LWM2M_RESOURCE)
		return resource_json(to, path, records, n);
	j = mp_json_new_object();
	items = mp_json_new_array();
	r = put_kind(to, j, kinds[path->n]);
	for (size_t i = 0, run; i < n; i += run) {
		struct mp_lwm2m_path child = mp_lwm2m_path_top(&records[i].path, path->n + 1u);

		run = run_of(records + i, n - i, path->n + 1u);
		if (records[i].path.n > path->n) /* else an empty instance: nothing is in it */
			r |= mp_json_append(items, tree_json(to, &child, records + i, run));
	}
	r |= mp_json_put(j, children[path->n], items);
	if (path->n > 0)
		r |= mp_json_put_int(j, "id", path->id[path->n - 1]);
	return done(j, r);
}

static int by_path(const void *a, const void *b)
{
	const struct mp_lwm2m_record *x = a, *y = b;

	return mp_lwm2m_path_compare(&x->path, &y->path);
}

/* Devices send resources in any order, and composite answers mix objects. */
struct mp_json *node_json(const struct lwm2m *l, const struct registration *r,
			  const struct mp_lwm2m_path *path, const struct mp_lwm2m_record *records,
			  size_t n, enum dialect dialect)
{
	auto_free struct mp_lwm2m_record *mine = malloc((n + 1) * sizeof(*mine));
	size_t found = 0;

	if (!mine)
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (mp_lwm2m_path_is_below(&records[i].path, path))
			mine[found++] = records[i];
	if (found == 0)
		return mp_json_new_null();
	if (path->n == MP_LWM2M_RESOURCE_INSTANCE && !mine[0].has_value)
		return mp_json_new_null();
	qsort(mine, found, sizeof(*mine), by_path);
	return tree_json(&(struct out){l, r, dialect}, path, mine, found);
}

struct mp_json *nodes_json(const struct lwm2m *l, const struct registration *r,
			   const struct mp_lwm2m_path *paths, size_t n,
			   const struct mp_lwm2m_record *records, size_t n_records,
			   enum dialect dialect)
{
	auto_(mp_json) *all = mp_json_new_object();
	char text[MP_LWM2M_PATH_TEXT];

	for (size_t i = 0; i < n; i++) {
		struct mp_json *node = node_json(l, r, &paths[i], records, n_records, dialect);

		mp_lwm2m_path_format(&paths[i], text);
		if (node && mp_json_type(node) == MP_JSON_NULL)
			mp_json_free(node);
		else if (mp_json_put(all, text, node) < 0)
			return NULL;
	}
	return take_ptr(all);
}

/* ---- coming in ---- */

struct in {
	const struct lwm2m *l;
	const struct registration *r;
	struct value_set *set;
	struct mp_err *err;
};

static int parse_link(const struct mp_json *j, struct mp_lwm2m_value *ret)
{
	int64_t object = mp_json_int(mp_json_get(j, "objectId"), -1);
	int64_t instance = mp_json_int(mp_json_get(j, "objectInstanceId"), -1);

	if (object < 0 || object > 65535 || instance < 0 || instance > 65535)
		return -EBADMSG;
	*ret = mp_lwm2m_objlnk((uint16_t)object, (uint16_t)instance);
	return 0;
}

static int parse_leaf(const struct in *from, const struct mp_json *j, enum mp_lwm2m_type type,
		      struct mp_lwm2m_value *ret)
{
	if (mp_json_type(j) == MP_JSON_OBJECT)
		return parse_link(j, ret);
	if (type == MP_LWM2M_TIME && mp_json_type(j) == MP_JSON_INT) {
		*ret = mp_lwm2m_time(mp_json_int(j, 0) / 1000);
		return 0;
	}
	return value_parse(j, type, &from->set->scratch, ret);
}

static int add_leaf(const struct in *from, const struct mp_lwm2m_path *path,
		    const struct mp_json *j, enum mp_lwm2m_type type)
{
	struct mp_lwm2m_value value;
	char text[MP_LWM2M_PATH_TEXT];
	int r = parse_leaf(from, j, type, &value);

	if (r == 0)
		r = value_set_add(from->set, path, &value);
	if (r == -ENOMEM)
		return mp_err_set(from->err, r, "memory is out");
	mp_lwm2m_path_format(path, text);
	return r < 0 ? mp_err_set(from->err, -EBADMSG, "the value of %s is not a valid %s", text,
				  type_names[type])
		     : 0;
}

static int add_values(const struct in *from, const struct mp_lwm2m_path *path,
		      const struct mp_json *values, enum mp_lwm2m_type type)
{
	const struct mp_json *value;
	void *iter = NULL;
	const char *key;
	int r = 0;

	if (mp_json_size(values) == 0) /* an empty resource is a value as well */
		return value_set_add(from->set, path, NULL);
	while (r == 0 && mp_json_next(values, &iter, &key, &value)) {
		struct mp_lwm2m_path child = *path;

		if (mp_lwm2m_path_push(&child, key, strlen(key)) < 0)
			return mp_err_set(from->err, -EBADMSG, "'%.40s' is no instance id", key);
		r = add_leaf(from, &child, value, type);
	}
	return r;
}

static int add_resource(const struct in *from, const struct mp_lwm2m_path *path,
			const struct mp_json *node)
{
	enum mp_lwm2m_type type = value_type(from->l, from->r, path);
	const char *name = mp_json_str(mp_json_get(node, "type"), NULL);
	const struct mp_json *values = mp_json_get(node, "values");

	if (name && mp_lwm2m_type_parse(name, &type) < 0)
		return mp_err_set(from->err, -EBADMSG, "'%.40s' is no type of a resource", name);
	if (mp_json_type(values) == MP_JSON_OBJECT && path->n == MP_LWM2M_RESOURCE)
		return add_values(from, path, values, type);
	if (!mp_json_get(node, "value"))
		return mp_err_set(from->err, -EBADMSG, "payload must contain a value");
	return add_leaf(from, path, mp_json_get(node, "value"), type);
}

static int id_of(const struct in *from, const struct mp_json *node, int64_t or_else)
{
	int64_t id = mp_json_int(mp_json_get(node, "id"), or_else);

	if (id < 0 || id > 65535)
		return mp_err_set(from->err, -EBADMSG, "a node has no valid id");
	return (int)id;
}

static int add_instance(const struct in *from, const struct mp_lwm2m_path *path,
			const struct mp_json *node)
{
	const struct mp_json *resources = mp_json_get(node, "resources"), *one;
	int r = 0;

	if (mp_json_type(resources) != MP_JSON_ARRAY)
		return mp_err_set(from->err, -EBADMSG, "payload must contain an object instance");
	for (size_t i = 0; r >= 0 && (one = mp_json_at(resources, i)); i++) {
		struct mp_lwm2m_path child;

		r = id_of(from, one, -1);
		if (r < 0)
			return r;
		child = mp_lwm2m_path_child(path, (uint16_t)r);
		r = add_resource(from, &child, one);
	}
	return r < 0 ? r : 0;
}

int node_parse(const struct lwm2m *l, const struct registration *r,
	       const struct mp_lwm2m_path *path, const struct mp_json *body, struct value_set *set,
	       struct mp_err *err)
{
	const struct in from = {l, r, set, err};
	struct mp_lwm2m_path base = *path;
	int n = 0;

	if (mp_json_type(body) != MP_JSON_OBJECT)
		return mp_err_set(err, -EBADMSG, "payload must be a JSON object");
	if (path->n == MP_LWM2M_OBJECT) {
		n = id_of(&from, body, MP_LWM2M_ID_NONE);
		if (n < 0)
			return n;
		base = mp_lwm2m_path_child(path, (uint16_t)n);
	}
	if (base.n >= MP_LWM2M_RESOURCE)
		n = add_resource(&from, &base, body);
	else if (base.n == MP_LWM2M_INSTANCE)
		n = add_instance(&from, &base, body);
	else
		return mp_err_set(err, -EBADMSG, "nothing can be written there");
	value_set_sort(set);
	return n < 0 ? n : 0;
}

int node_parse_text(const struct lwm2m *l, const struct registration *r,
		    const struct mp_lwm2m_path *path, const char *text, size_t len,
		    struct value_set *set, struct mp_err *err)
{
	enum mp_lwm2m_type type = value_type(l, r, path);
	struct mp_lwm2m_value value;

	if (mp_lwm2m_value_parse(text, len, type == MP_LWM2M_NONE ? MP_LWM2M_STRING : type,
				 set->scratch.at, set->scratch.room, &value) < 0)
		return mp_err_set(err, -EBADMSG, "this is not a valid %s", type_names[type]);
	return value_set_add(set, path, &value);
}
