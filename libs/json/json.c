/* SPDX-License-Identifier: Apache-2.0
 * json.c - values
 *
 * A `struct mp_json` is jansson's json_t under our name; nothing else in the tree knows.
 */
#include "json/json.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "json/internal.h"

static bool out_of_memory;

static void *give(size_t size)
{
	void *p = malloc(size);

	if (!p)
		out_of_memory = true;
	return p;
}

/* jansson takes its memory through us, so that a failure is told from a malformed text. Its hash
 * seed is drawn now, before any sandbox closes /dev/urandom. */
__attribute__((constructor)) static void set_up(void)
{
	json_set_alloc_funcs(give, free);
	json_object_seed(0);
}

bool mp_json_ran_out(bool reset)
{
	bool was = out_of_memory;

	if (reset)
		out_of_memory = false;
	return was;
}

void mp_json_free(struct mp_json *j)
{
	json_decref(value_of(j));
}

struct mp_json *mp_json_copy(const struct mp_json *j)
{
	json_t *copy;

	(void)mp_json_ran_out(true);
	copy = json_deep_copy(value_of(j));
	if (mp_json_ran_out(false)) {
		json_decref(copy);
		return NULL;
	}
	return from_value(copy);
}

enum mp_json_type mp_json_type(const struct mp_json *j)
{
	if (!j)
		return MP_JSON_NULL;
	switch (json_typeof(value_of(j))) {
	case JSON_OBJECT:
		return MP_JSON_OBJECT;
	case JSON_ARRAY:
		return MP_JSON_ARRAY;
	case JSON_STRING:
		return MP_JSON_STR;
	case JSON_INTEGER:
		return MP_JSON_INT;
	case JSON_REAL:
		return MP_JSON_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return MP_JSON_BOOL;
	case JSON_NULL:
		break;
	}
	return MP_JSON_NULL;
}

const struct mp_json *mp_json_get(const struct mp_json *obj, const char *key)
{
	return from_value(json_object_get(value_of(obj), key));
}

const struct mp_json *mp_json_at(const struct mp_json *array, size_t i)
{
	return from_value(json_array_get(value_of(array), i));
}

size_t mp_json_size(const struct mp_json *j)
{
	json_t *v = value_of(j);

	return json_is_object(v) ? json_object_size(v) : json_array_size(v);
}

const char *mp_json_str(const struct mp_json *j, const char *or_else)
{
	return json_is_string(value_of(j)) ? json_string_value(value_of(j)) : or_else;
}

int64_t mp_json_int(const struct mp_json *j, int64_t or_else)
{
	return json_is_integer(value_of(j)) ? json_integer_value(value_of(j)) : or_else;
}

double mp_json_real(const struct mp_json *j, double or_else)
{
	return json_is_number(value_of(j)) ? json_number_value(value_of(j)) : or_else;
}

bool mp_json_bool(const struct mp_json *j, bool or_else)
{
	return json_is_boolean(value_of(j)) ? json_is_true(value_of(j)) : or_else;
}

bool mp_json_equal(const struct mp_json *a, const struct mp_json *b)
{
	return a == b || json_equal(value_of(a), value_of(b));
}

bool mp_json_next(const struct mp_json *obj, void **iter, const char **ret_key,
		  const struct mp_json **ret_value)
{
	json_t *v = value_of(obj);

	*iter = *iter ? json_object_iter_next(v, *iter) : json_object_iter(v);
	if (!*iter)
		return false;
	*ret_key = json_object_iter_key(*iter);
	*ret_value = from_value(json_object_iter_value(*iter));
	return true;
}

/* The member, when it has this type; else a sentence with `what` it must be. */
static int read_member(const struct mp_json *obj, const char *key, enum mp_json_type type,
		       const char *what, const struct mp_json **ret, struct mp_err *err)
{
	const struct mp_json *j = mp_json_get(obj, key);

	if (!j)
		return mp_err_set(err, -EBADMSG, "'%s' is missing", key);
	if (mp_json_type(j) != type)
		return mp_err_set(err, -EBADMSG, "'%s' must be %s", key, what);
	*ret = j;
	return 0;
}

int mp_json_read_str(const struct mp_json *obj, const char *key, const char **ret,
		     struct mp_err *err)
{
	const struct mp_json *j = NULL;
	int r = read_member(obj, key, MP_JSON_STR, "a string", &j, err);

	if (r == 0)
		*ret = mp_json_str(j, NULL);
	return r;
}

int mp_json_read_int(const struct mp_json *obj, const char *key, int64_t min, int64_t max,
		     int64_t *ret, struct mp_err *err)
{
	const struct mp_json *j = NULL;
	int r = read_member(obj, key, MP_JSON_INT, "a whole number", &j, err);
	int64_t v = r == 0 ? mp_json_int(j, 0) : 0;

	if (r < 0)
		return r;
	if (v < min || v > max)
		return mp_err_set(err, -EBADMSG, "'%s' must be a whole number from %lld to %lld",
				  key, (long long)min, (long long)max);
	*ret = v;
	return 0;
}

int mp_json_read_array(const struct mp_json *obj, const char *key, const struct mp_json **ret,
		       struct mp_err *err)
{
	return read_member(obj, key, MP_JSON_ARRAY, "a list", ret, err);
}

int mp_json_read_object(const struct mp_json *obj, const char *key, const struct mp_json **ret,
			struct mp_err *err)
{
	return read_member(obj, key, MP_JSON_OBJECT, "an object", ret, err);
}

struct mp_json *mp_json_new_object(void)
{
	return from_value(json_object());
}

struct mp_json *mp_json_new_array(void)
{
	return from_value(json_array());
}

/* Bytes of the UTF-8 sequence at `s` (RFC 3629), 0 when it is none. Stops at a NUL by itself. */
static size_t utf8_len(const unsigned char *s)
{
	unsigned min_second = 0x80, max_second = 0xbf;
	size_t n;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : 4;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	if (s[0] == 0xe0)
		min_second = 0xa0;
	else if (s[0] == 0xed)
		max_second = 0x9f;
	else if (s[0] == 0xf0)
		min_second = 0x90;
	else if (s[0] == 0xf4)
		max_second = 0x8f;
	if (s[1] < min_second || s[1] > max_second)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

/* Each stray byte becomes U+FFFD. */
static json_t *repaired(const char *s)
{
	MP_BUF(b, 3 * strlen(s));

	while (*s) {
		size_t n = utf8_len((const unsigned char *)s);
		int r = n ? mp_buf_add(&b, s, n) : mp_buf_add_str(&b, "\xef\xbf\xbd");

		if (r < 0)
			return NULL;
		s += n ? n : 1;
	}
	return json_string(mp_buf_str(&b));
}

struct mp_json *mp_json_new_str(const char *s)
{
	for (const char *p = s; *p;) {
		size_t n = utf8_len((const unsigned char *)p);

		if (n == 0)
			return from_value(repaired(s));
		p += n;
	}
	return from_value(json_string_nocheck(s));
}

struct mp_json *mp_json_new_int(int64_t v)
{
	return from_value(json_integer(v));
}

struct mp_json *mp_json_new_real(double v)
{
	return from_value(json_real(v));
}

struct mp_json *mp_json_new_bool(bool v)
{
	return from_value(json_boolean(v));
}

struct mp_json *mp_json_new_null(void)
{
	return from_value(json_null());
}

int mp_json_put(struct mp_json *obj, const char *key, struct mp_json *value)
{
	assert(!obj || json_is_object(value_of(obj)));
	/* jansson takes the value in either case */
	return json_object_set_new(value_of(obj), key, value_of(value)) < 0 ? -ENOMEM : 0;
}

int mp_json_append(struct mp_json *array, struct mp_json *value)
{
	assert(!array || json_is_array(value_of(array)));
	return json_array_append_new(value_of(array), value_of(value)) < 0 ? -ENOMEM : 0;
}

int mp_json_put_str(struct mp_json *obj, const char *key, const char *s)
{
	return mp_json_put(obj, key, s ? mp_json_new_str(s) : mp_json_new_null());
}

int mp_json_put_int(struct mp_json *obj, const char *key, int64_t v)
{
	return mp_json_put(obj, key, mp_json_new_int(v));
}

int mp_json_put_bool(struct mp_json *obj, const char *key, bool v)
{
	return mp_json_put(obj, key, mp_json_new_bool(v));
}

int mp_json_remove(struct mp_json *obj, const char *key)
{
	return json_object_del(value_of(obj), key) < 0 ? -ENOENT : 0;
}
