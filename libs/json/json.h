/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - JSON values, strict parsing with limits, compact and canonical text (wraps jansson)
 *
 *     auto_(mp_json) *doc = NULL;
 *     r = mp_json_parse(text, len, &doc, &err);
 *     r = mp_json_read_str(doc, "version", &version, &err);   // "'version' is missing"
 *
 * A `const struct mp_json *` is borrowed from its document and dies with it. Objects keep the
 * order in which keys were set.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"

struct mp_json;

enum mp_json_type {
	MP_JSON_NULL,
	MP_JSON_BOOL,
	MP_JSON_INT,
	MP_JSON_REAL,
	MP_JSON_STR,
	MP_JSON_ARRAY,
	MP_JSON_OBJECT
};

/* Parse one whole document: UTF-8, no duplicate keys, at most 64 levels deep. -EBADMSG with
 * line and column in the sentence; -ENOMEM. */
int mp_json_parse(const void *text, size_t len, struct mp_json **ret, struct mp_err *err);

/* Drop a document (or a value that was never handed to a parent). NULL is fine. */
void mp_json_free(struct mp_json *j);
DEFINE_AUTO(mp_json)

/* A deep copy that outlives its source. NULL when memory is out. */
struct mp_json *mp_json_copy(const struct mp_json *j);

/* ---- looking: every pointer is borrowed; a NULL `j` gives the default ---- */
enum mp_json_type mp_json_type(const struct mp_json *j); /* MP_JSON_NULL for NULL */
const struct mp_json *mp_json_get(const struct mp_json *obj, const char *key); /* NULL: not there */
const struct mp_json *mp_json_at(const struct mp_json *array, size_t i); /* NULL: past the end */
size_t mp_json_size(const struct mp_json *array_or_object); /* 0 for anything else */
const char *mp_json_str(const struct mp_json *j, const char *or_else); /* may hold no NUL bytes */
int64_t mp_json_int(const struct mp_json *j, int64_t or_else);
double mp_json_real(const struct mp_json *j, double or_else); /* an integer counts as real */
bool mp_json_bool(const struct mp_json *j, bool or_else);
bool mp_json_equal(const struct mp_json *a, const struct mp_json *b);

/* Step through an object: start with *iter = NULL; false at the end. */
bool mp_json_next(const struct mp_json *obj, void **iter, const char **ret_key,
		  const struct mp_json **ret_value);

/* ---- required members: -EBADMSG with "'key' is missing" or "'key' must be a string" ---- */
int mp_json_read_str(const struct mp_json *obj, const char *key, const char **ret,
		     struct mp_err *err);
int mp_json_read_int(const struct mp_json *obj, const char *key, int64_t min, int64_t max,
		     int64_t *ret, struct mp_err *err);
int mp_json_read_array(const struct mp_json *obj, const char *key, const struct mp_json **ret,
		       struct mp_err *err);
int mp_json_read_object(const struct mp_json *obj, const char *key, const struct mp_json **ret,
			struct mp_err *err);

/* ---- building: NULL when memory is out ---- */
struct mp_json *mp_json_new_object(void);
struct mp_json *mp_json_new_array(void);
struct mp_json *mp_json_new_str(const char *s); /* bytes that are no UTF-8 become U+FFFD */
struct mp_json *mp_json_new_int(int64_t v);
struct mp_json *mp_json_new_real(double v);
struct mp_json *mp_json_new_bool(bool v);
struct mp_json *mp_json_new_null(void);

/* Put a value into an object or at the end of an array. Takes `value`, also on failure, and
 * passes a NULL on as -ENOMEM, so that building needs one check at the end of a chain. */
int mp_json_put(struct mp_json *obj, const char *key, struct mp_json *value);
int mp_json_append(struct mp_json *array, struct mp_json *value);
int mp_json_put_str(struct mp_json *obj, const char *key, const char *s); /* NULL s: null */
int mp_json_put_int(struct mp_json *obj, const char *key, int64_t v);
int mp_json_put_bool(struct mp_json *obj, const char *key, bool v);
int mp_json_remove(struct mp_json *obj, const char *key);

/* ---- text, appended to `out`; 0, -EFBIG, -ENOMEM ---- */
int mp_json_format(const struct mp_json *j, struct mp_buf *out); /* one line; reals: 15 digits */
int mp_json_format_pretty(const struct mp_json *j, struct mp_buf *out); /* indented by 2 */
/* OLPC canonical JSON, as TUF signs it (TUF specification, section 4.2): sorted keys, only \" and
 * \\ escaped, no reals (-EINVAL). */
int mp_json_format_canonical(const struct mp_json *j, struct mp_buf *out);
