/* SPDX-License-Identifier: Apache-2.0
 * values.h - values of devices as the JSON of /api/v1, in both directions
 *
 *     items = values_json(s->lwm2m, registration, result->records, result->n_records);
 *     r = values_parse(s->lwm2m, registration, &path, body, &set, &err);
 *     operation.records = set.records, operation.n_records = set.n;
 *
 * Going out each value names its path, what the object model calls it, its type and unit. Coming in
 * a value is {"value": x}, several are {"values": {"14": x, "Timezone": x, "11/0": x}}, relative to
 * the path of the request; x may be {"value": x, "type": "float"} where the model knows no type.
 * Numbers are JSON numbers (strings beyond 2^53), opaque bytes hexadecimal digits, times seconds
 * since 1970 or RFC 3339, links "3:0".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/json.h"
#include "lwm2m/format.h"
#include "lwm2m/model.h"

struct lwm2m;
struct registration;

/* A float of 4 bytes as the device meant it: 20.1, not 20.1000003814697. */
double value_neat(double v);
/* NULL when memory is out. */
struct mp_json *value_json(const struct mp_lwm2m_value *v);
/* {"path": "/3/0/9", "object": "Device", "name": "Battery Level", "type": "integer", "units": "%",
 *  "value": 87}; what is not known is left out. */
struct mp_json *record_json(const struct lwm2m *l, const struct registration *r,
			    const struct mp_lwm2m_record *record);
struct mp_json *values_json(const struct lwm2m *l, const struct registration *r,
			    const struct mp_lwm2m_record *records, size_t n);

/* JSON to a value of this type (NONE: what the JSON looks like). Text is borrowed from `j`; `scratch`
 * is for opaque bytes and is moved on. -EBADMSG, -ENOSPC. */
struct values_scratch {
	uint8_t *at;
	size_t room;
};
int value_parse(const struct mp_json *j, enum mp_lwm2m_type type, struct values_scratch *scratch,
		struct mp_lwm2m_value *ret);
/* The type that the model gives for it; NONE: unknown, or executable. */
enum mp_lwm2m_type value_type(const struct lwm2m *l, const struct registration *r,
			      const struct mp_lwm2m_path *path);

#define VALUES_MAX 4096 /* in one request */

struct value_set { /* in the order of paths */
	struct mp_lwm2m_record *records;
	size_t n, room;
	uint8_t *memory; /* opaque bytes */
	struct values_scratch scratch;
};
/* `scratch`: most bytes that opaque values of it can have. -ENOMEM. */
int value_set_init(struct value_set *set, size_t scratch);
void value_set_done(struct value_set *set);
/* -EFBIG, -ENOMEM. */
int value_set_add(struct value_set *set, const struct mp_lwm2m_path *path,
		  const struct mp_lwm2m_value *value);
void value_set_sort(struct value_set *set);

/* What a body asks to be written at `base`; the set borrows from the body. -EBADMSG with a sentence. */
int values_parse(const struct lwm2m *l, const struct registration *r,
		 const struct mp_lwm2m_path *base, const struct mp_json *body,
		 struct value_set *ret, struct mp_err *err);
