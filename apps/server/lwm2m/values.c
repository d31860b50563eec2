/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"

#define EXACT (INT64_C(1) << 53) /* integers up to here survive a double */
#define PATH_TEXT 128 /* characters of a path with names */

/* ---- going out ---- */

static struct mp_json *hex_json(const uint8_t *data, size_t len)
{
	auto_free char *text = malloc(len * 2 + 1);

	if (!text)
		return NULL;
	mp_hex_format(data, len, text);
	text[len * 2] = '\0';
	return mp_json_new_str(text);
}

static struct mp_json *text_json(const char *data, size_t len)
{
	auto_free char *text = strndup(data, len);

	return text ? mp_json_new_str(text) : NULL;
}

double value_neat(double v)
{
	float narrow = (float)v;
	char text[32];

	if ((double)narrow != v)
		return v;
	for (int digits = 6; digits < 9; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtof(text, NULL) == narrow)
			return strtod(text, NULL);
	}
	return v;
}

struct mp_json *value_json(const struct mp_lwm2m_value *v)
{
	char text[32];

	switch (v->type) {
	case MP_LWM2M_INTEGER:
		if (v->integer <= EXACT && v->integer >= -EXACT)
			return mp_json_new_int(v->integer);
		break;
	case MP_LWM2M_TIME:
		return mp_json_new_int(v->integer);
	case MP_LWM2M_UNSIGNED:
		if (v->natural <= EXACT)
			return mp_json_new_int((int64_t)v->natural);
		break;
	case MP_LWM2M_FLOAT:
		return mp_json_new_real(value_neat(v->real));
	case MP_LWM2M_BOOLEAN:
		return mp_json_new_bool(v->boolean);
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
	case MP_LWM2M_RAW_TEXT:
		return text_json(v->text.data, v->text.len);
	case MP_LWM2M_OPAQUE:
	case MP_LWM2M_RAW_TLV:
		return hex_json(v->opaque.data, v->opaque.len);
	default:
		break;
	}
	return mp_lwm2m_value_format(v, text, sizeof(text)) < 0 ? mp_json_new_null()
								: mp_json_new_str(text);
}

static uint16_t version_of(const struct registration *r, const struct mp_lwm2m_path *path)
{
	return r && path->n ? registration_object_version(r, path->id[0]) : 0;
}

enum mp_lwm2m_type value_type(const struct lwm2m *l, const struct registration *r,
			      const struct mp_lwm2m_path *path)
{
	const struct mp_lwm2m_resource *resource =
		path->n < MP_LWM2M_RESOURCE
			? NULL
			: mp_lwm2m_model_resource(l->model, path, version_of(r, path));

	return resource ? (enum mp_lwm2m_type)resource->type : MP_LWM2M_NONE;
}

static const char *type_name(const struct mp_lwm2m_value *v)
{
	if (v->type == MP_LWM2M_RAW_TEXT)
		return mp_lwm2m_type_name(MP_LWM2M_STRING);
	return mp_lwm2m_type_name(v->type == MP_LWM2M_RAW_TLV ? MP_LWM2M_OPAQUE : v->type);
}

/* Of a resource without a value, as Discover names it: what may be done with it. */
static int put_meaning(struct mp_json *j, const struct mp_lwm2m_resource *resource)
{
	static const char *const words[8] = {"", "R", "W", "RW", "E", "RE", "WE", "RWE"};
	int n = mp_json_put_str(j, "operations", words[resource->operations & 7]);

	return n |
	       mp_json_put_str(j, "type", mp_lwm2m_type_name((enum mp_lwm2m_type)resource->type));
}

struct mp_json *record_json(const struct lwm2m *l, const struct registration *r,
			    const struct mp_lwm2m_record *record)
{
	const struct mp_lwm2m_object *object =
		mp_lwm2m_model_object(l->model, record->path.id[0], version_of(r, &record->path));
	const struct mp_lwm2m_resource *resource =
		object && record->path.n >= MP_LWM2M_RESOURCE
			? mp_lwm2m_object_resource(object, record->path.id[2])
			: NULL;
	auto_(mp_json) *j = mp_json_new_object();
	char path[MP_LWM2M_PATH_TEXT];
	int n;

	mp_lwm2m_path_format(&record->path, path);
	n = mp_json_put_str(j, "path", path);
	if (object)
		n |= mp_json_put_str(j, "object", object->name);
	if (resource)
		n |= mp_json_put_str(j, "name", resource->name);
	if (resource && resource->units)
		n |= mp_json_put_str(j, "units", resource->units);
	if (record->has_value) {
		n |= mp_json_put_str(j, "type", type_name(&record->value));
		n |= mp_json_put(j, "value", value_json(&record->value));
	} else if (resource) {
		n |= put_meaning(j, resource);
	}
	if (record->time > 0)
		n |= mp_json_put(j, "time", mp_json_new_real(record->time));
	return n ? NULL : take_ptr(j);
}

struct mp_json *values_json(const struct lwm2m *l, const struct registration *r,
			    const struct mp_lwm2m_record *records, size_t n)
{
	auto_(mp_json) *items = mp_json_new_array();

	for (size_t i = 0; i < n; i++)
		if (mp_json_append(items, record_json(l, r, &records[i])) < 0)
			return NULL;
	return take_ptr(items);
}

/* ---- coming in ---- */

static int parse_text(const char *text, enum mp_lwm2m_type type, struct values_scratch *scratch,
		      struct mp_lwm2m_value *ret)
{
	int r = mp_lwm2m_value_parse(text, strlen(text), type, scratch->at, scratch->room, ret);

	if (r == 0 && type == MP_LWM2M_OPAQUE) {
		scratch->at += ret->opaque.len;
		scratch->room -= ret->opaque.len;
	}
	return r;
}

int value_parse(const struct mp_json *j, enum mp_lwm2m_type type, struct values_scratch *scratch,
		struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_value v;

	switch (mp_json_type(j)) {
	case MP_JSON_BOOL:
		v = mp_lwm2m_boolean(mp_json_bool(j, false));
		break;
	case MP_JSON_INT:
		v = mp_lwm2m_integer(mp_json_int(j, 0));
		break;
	case MP_JSON_REAL:
		v = mp_lwm2m_float(mp_json_real(j, 0));
		break;
	case MP_JSON_STR:
		return parse_text(mp_json_str(j, ""),
				  type == MP_LWM2M_NONE ? MP_LWM2M_STRING : type, scratch, ret);
	default:
		return -EBADMSG;
	}
	if (type == MP_LWM2M_NONE) {
		*ret = v;
		return 0;
	}
	return mp_lwm2m_value_convert(&v, type, NULL, 0, ret);
}

int value_set_init(struct value_set *set, size_t scratch)
{
	*set = (struct value_set){.memory = malloc(scratch + 1)};
	set->scratch = (struct values_scratch){set->memory, scratch};
	return set->memory ? 0 : -ENOMEM;
}

void value_set_done(struct value_set *set)
{
	free(set->records);
	free(set->memory);
	*set = (struct value_set){0};
}

int value_set_add(struct value_set *set, const struct mp_lwm2m_path *path,
		  const struct mp_lwm2m_value *value)
{
	if (set->n == VALUES_MAX)
		return -EFBIG;
	if (set->n == set->room) {
		size_t room = set->room ? set->room * 2 : 8;
		struct mp_lwm2m_record *records = realloc(set->records, room * sizeof(*records));

		if (!records)
			return -ENOMEM;
		set->records = records;
		set->room = room;
	}
	set->records[set->n++] =
		(struct mp_lwm2m_record){.path = *path,
					 .has_value = value != NULL,
					 .value = value ? *value : (struct mp_lwm2m_value){0}};
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct mp_lwm2m_record *x = a, *y = b;

	return mp_lwm2m_path_compare(&x->path, &y->path);
}

void value_set_sort(struct value_set *set)
{
	if (set->n > 1)
		qsort(set->records, set->n, sizeof(*set->records), by_path);
}

struct reading {
	const struct lwm2m *l;
	const struct registration *r;
	struct value_set *set;
	struct mp_err *err;
};

static int add_value(const struct reading *in, const struct mp_lwm2m_path *path,
		     const struct mp_json *j)
{
	enum mp_lwm2m_type type = value_type(in->l, in->r, path);
	const char *type_text = mp_json_str(mp_json_get(j, "type"), NULL);
	char text[MP_LWM2M_PATH_TEXT];
	struct mp_lwm2m_value value;
	int r = 0;

	mp_lwm2m_path_format(path, text);
	if (path->n < MP_LWM2M_RESOURCE)
		return mp_err_set(in->err, -EBADMSG, "%s has no value of its own", text);
	if (mp_json_type(j) == MP_JSON_OBJECT) {
		if (type_text && mp_lwm2m_type_parse(type_text, &type) < 0)
			return mp_err_set(in->err, -EBADMSG, "'%.40s' is no type of a value",
					  type_text);
		j = mp_json_get(j, "value");
	}
	r = value_parse(j, type, &in->set->scratch, &value);
	if (r == 0)
		r = value_set_add(in->set, path, &value);
	if (r == -ENOMEM)
		return mp_err_set(in->err, r, "memory is out");
	if (r == -EFBIG)
		return mp_err_set(in->err, -EBADMSG, "more than %d values at once", VALUES_MAX);
	return r < 0 ? mp_err_set(in->err, -EBADMSG, "the value of %s is no %s", text,
				  mp_lwm2m_type_name(type))
		     : 0;
}

/* "11/0", "Timezone", "/3/0/14": relative to the base, absolute with a '/'. */
static int find_path(const struct reading *in, const struct mp_lwm2m_path *base, const char *key,
		     struct mp_lwm2m_path *ret)
{
	/* No path can name an instance whose number is open. */
	bool is_open = base->n > 1 && base->id[1] == MP_LWM2M_ID_NONE;
	struct mp_lwm2m_path named = *base;
	char whole[MP_LWM2M_PATH_TEXT + PATH_TEXT];
	size_t len = 0;

	if (is_open)
		named.id[1] = 0;
	if (*key != '/' && base->n > 0) {
		len = mp_lwm2m_path_format(&named, whole);
		whole[len++] = '/';
	}
	if (strlen(key) < PATH_TEXT) {
		strcpy(whole + len, key);
		if (mp_lwm2m_model_path(in->l->model, whole, ret) == 0 &&
		    mp_lwm2m_path_is_below(ret, &named)) {
			if (is_open)
				ret->id[1] = MP_LWM2M_ID_NONE;
			return 0;
		}
	}
	mp_lwm2m_path_format(base, whole);
	return mp_err_set(in->err, -EBADMSG, "'%.80s' is no resource of %s", key, whole);
}

static int add_all(const struct reading *in, const struct mp_lwm2m_path *base,
		   const struct mp_json *values)
{
	const struct mp_json *value;
	struct mp_lwm2m_path path;
	void *iter = NULL;
	const char *key;
	int r = 0;

	while (r == 0 && mp_json_next(values, &iter, &key, &value)) {
		r = find_path(in, base, key, &path);
		if (r == 0)
			r = add_value(in, &path, value);
	}
	value_set_sort(in->set);
	for (size_t i = 1; i < in->set->n && r == 0; i++)
		if (by_path(&in->set->records[i - 1], &in->set->records[i]) == 0)
			r = mp_err_set(in->err, -EBADMSG, "the same resource is named twice");
	return r;
}

int values_parse(const struct lwm2m *l, const struct registration *r,
		 const struct mp_lwm2m_path *base, const struct mp_json *body,
		 struct value_set *ret, struct mp_err *err)
{
	const struct reading in = {l, r, ret, err};
	const struct mp_json *values = mp_json_get(body, "values");

	if (values && mp_json_type(values) != MP_JSON_OBJECT)
		return mp_err_set(err, -EBADMSG, "'values' must be an object of paths and values");
	if (values)
		return add_all(&in, base, values);
	if (!mp_json_get(body, "value"))
		return mp_err_set(err, -EBADMSG, "'value' or 'values' is missing");
	return add_value(&in, base, body);
}
