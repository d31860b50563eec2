/* SPDX-License-Identifier: Apache-2.0
 * cbor.h - CBOR item by item (RFC 8949), for the three formats of LwM2M that use it
 *
 *     r = mp_lwm2m_cbor_head(&at, end, &head);                 // what comes next, and how much of it
 *     r = mp_lwm2m_cbor_value(reader, &at, end, &v);           // a whole value of LwM2M
 *
 *     mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_ARRAY, 3);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/format.h"

enum mp_lwm2m_cbor_major {
	MP_LWM2M_CBOR_UNSIGNED,
	MP_LWM2M_CBOR_NEGATIVE,
	MP_LWM2M_CBOR_BYTES,
	MP_LWM2M_CBOR_TEXT,
	MP_LWM2M_CBOR_ARRAY,
	MP_LWM2M_CBOR_MAP,
	MP_LWM2M_CBOR_TAG,
	MP_LWM2M_CBOR_SIMPLE,
};

struct mp_lwm2m_cbor_head {
	enum mp_lwm2m_cbor_major major;
	uint8_t info; /* the low five bits: tells the width of a float */
	bool endless; /* an indefinite length; of MP_LWM2M_CBOR_SIMPLE: the break */
	uint64_t value;
};

/* 0, -EBADMSG. */
int mp_lwm2m_cbor_head(const uint8_t **at, const uint8_t *end, struct mp_lwm2m_cbor_head *ret);

/* Is it a break that comes next? Then step over it. */
bool mp_lwm2m_cbor_break(const uint8_t **at, const uint8_t *end);

/* A string, a number, true or false, a time (tags 0 and 1), a decimal fraction (tag 4); null has the type
 * MP_LWM2M_NONE. Strings in pieces go to the scratch as a whole. 0; -EBADMSG; -ENOTSUP: well-formed, but
 * no value of LwM2M (big numbers, other tags, arrays, maps); -ENOSPC: scratch. */
int mp_lwm2m_cbor_value(struct mp_lwm2m_reader *r, const uint8_t **at, const uint8_t *end,
			struct mp_lwm2m_value *ret);

/* Any item, at most 8 levels deep (-ENOTSUP). */
int mp_lwm2m_cbor_skip(const uint8_t **at, const uint8_t *end);

/* In the shortest form. 0, -ENOSPC. */
int mp_lwm2m_cbor_put_head(struct mp_lwm2m_writer *w, enum mp_lwm2m_cbor_major major,
			   uint64_t value);
int mp_lwm2m_cbor_put_integer(struct mp_lwm2m_writer *w, int64_t v);
int mp_lwm2m_cbor_put_float(struct mp_lwm2m_writer *w, double v);
int mp_lwm2m_cbor_put_text(struct mp_lwm2m_writer *w, const char *text, size_t len);
/* A value; links are "3:0". `tagged`: times have tag 1. */
int mp_lwm2m_cbor_put_value(struct mp_lwm2m_writer *w, const struct mp_lwm2m_value *v, bool tagged);

/* The number of items of an array or a map, whose head of one byte stands at `at`, is known now. */
int mp_lwm2m_cbor_put_count(struct mp_lwm2m_writer *w, size_t at, enum mp_lwm2m_cbor_major major,
			    uint64_t count);
