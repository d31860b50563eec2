/* SPDX-License-Identifier: Apache-2.0
 * text.c - JSON text to values and back */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "json/internal.h"

#define MOST_LEVELS 64

/* Levels are counted before jansson recurses into them. Malformed text counts wrong here and is
 * refused there. */
static bool is_too_deep(const char *text, size_t len)
{
	bool in_str = false;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (in_str && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_str = !in_str;
		else if (!in_str && (text[i] == '[' || text[i] == '{') && ++depth > MOST_LEVELS)
			return true;
		else if (!in_str && (text[i] == ']' || text[i] == '}'))
			depth--;
	}
	return false;
}

int mp_json_parse(const void *text, size_t len, struct mp_json **ret, struct mp_err *err)
{
	json_error_t e = {0};
	json_t *v;

	if (is_too_deep(text, len))
		return mp_err_set(err, -EBADMSG, "JSON nests deeper than %d levels", MOST_LEVELS);
	(void)mp_json_ran_out(true);
	v = json_loadb(text ? text : "", len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	if (mp_json_ran_out(false)) { /* jansson may then drop a character and go on */
		json_decref(v);
		return mp_err_set(err, -ENOMEM, "out of memory");
	}
	if (!v)
		return mp_err_set(err, -EBADMSG, "not valid JSON at line %d, column %d: %s", e.line,
				  e.column, e.text);
	*ret = from_value(v);
	return 0;
}

struct sink {
	struct mp_buf *out;
	int r;
};

static int add(const char *text, size_t len, void *user)
{
	struct sink *s = user;

	/* jansson goes on after a key that could not be written: stay failed. */
	if (s->r == 0)
		s->r = mp_buf_add(s->out, text, len);
	return s->r;
}

static int dump(const struct mp_json *j, size_t flags, struct mp_buf *out)
{
	struct sink s = {.out = out};
	size_t before = out->len;

	if (json_dump_callback(value_of(j), add, &s,
			       flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15)) == 0 &&
	    s.r == 0)
		return 0;
	out->len = before;
	if (out->data)
		out->data[before] = '\0';
	return s.r < 0 ? s.r : -ENOMEM;
}

int mp_json_format(const struct mp_json *j, struct mp_buf *out)
{
	return dump(j, JSON_COMPACT, out);
}

int mp_json_format_pretty(const struct mp_json *j, struct mp_buf *out)
{
	return dump(j, JSON_INDENT(2), out);
}

/* ---- canonical ---- */
static int canonical(const json_t *v, struct mp_buf *out);

static int canonical_str(const char *s, struct mp_buf *out)
{
	int r = mp_buf_add_str(out, "\"");

	while (r == 0 && *s) {
		size_t n = strcspn(s, "\"\\");

		r = mp_buf_add(out, s, n);
		s += n;
		if (r == 0 && *s)
			r = mp_buf_printf(out, "\\%c", *s++);
	}
	return r < 0 ? r : mp_buf_add_str(out, "\"");
}

static int canonical_array(const json_t *v, struct mp_buf *out)
{
	int r = mp_buf_add_str(out, "[");

	for (size_t i = 0; r == 0 && i < json_array_size(v); i++) {
		if (i > 0)
			r = mp_buf_add_str(out, ",");
		if (r == 0)
			r = canonical(json_array_get(v, i), out);
	}
	return r < 0 ? r : mp_buf_add_str(out, "]");
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Keys in the order of their code points, which in UTF-8 is the order of their bytes. */
static int canonical_object(json_t *v, struct mp_buf *out)
{
	size_t n = json_object_size(v), i = 0;
	auto_free const char **keys = malloc((n + 1) * sizeof(*keys));
	int r = keys ? mp_buf_add_str(out, "{") : -ENOMEM;

	if (r < 0)
		return r;
	for (void *it = json_object_iter(v); it; it = json_object_iter_next(v, it))
		keys[i++] = json_object_iter_key(it);
	qsort(keys, n, sizeof(*keys), compare_keys);
	for (i = 0; r == 0 && i < n; i++) {
		if (i > 0)
			r = mp_buf_add_str(out, ",");
		if (r == 0)
			r = canonical_str(keys[i], out);
		if (r == 0)
			r = mp_buf_add_str(out, ":");
		if (r == 0)
			r = canonical(json_object_get(v, keys[i]), out);
	}
	return r < 0 ? r : mp_buf_add_str(out, "}");
}

static int canonical(const json_t *v, struct mp_buf *out)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return canonical_object((json_t *)(uintptr_t)v, out);
	case JSON_ARRAY:
		return canonical_array(v, out);
	case JSON_STRING:
		return canonical_str(json_string_value(v), out);
	case JSON_INTEGER:
		return mp_buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	case JSON_TRUE:
		return mp_buf_add_str(out, "true");
	case JSON_FALSE:
		return mp_buf_add_str(out, "false");
	case JSON_NULL:
		return mp_buf_add_str(out, "null");
	case JSON_REAL:
		break;
	}
	return -EINVAL;
}

int mp_json_format_canonical(const struct mp_json *j, struct mp_buf *out)
{
	size_t before = out->len;
	int r = canonical(value_of(j), out);

	if (r < 0) {
		out->len = before;
		if (out->data)
			out->data[before] = '\0';
	}
	return r;
}
