/* SPDX-License-Identifier: Apache-2.0
 * value.h - one value of a resource, its type, and its text for people (LwM2M Core appendix C)
 *
 *     r = mp_lwm2m_value_convert(&record.value, MP_LWM2M_INTEGER, scratch, room, &v);
 *     n = mp_lwm2m_value_format(&v, text, sizeof(text));
 *
 * Values borrow their text and bytes. No clock, no memory, no I/O.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mp_lwm2m_type {
	MP_LWM2M_NONE, /* no value: what is executed */
	MP_LWM2M_STRING, /* UTF-8 */
	MP_LWM2M_INTEGER,
	MP_LWM2M_UNSIGNED,
	MP_LWM2M_FLOAT, /* never NaN or infinite */
	MP_LWM2M_BOOLEAN,
	MP_LWM2M_OPAQUE,
	MP_LWM2M_TIME, /* seconds since 1970, UTC */
	MP_LWM2M_OBJLNK,
	MP_LWM2M_CORELNK, /* links as text (link.h) */

	/* What some formats leave open until it is converted to the type of the model: */
	MP_LWM2M_RAW_TEXT, /* text/plain: digits of any type; `text` */
	MP_LWM2M_RAW_TLV, /* the value of a TLV; `opaque` */
};

struct mp_lwm2m_link_value { /* 65535:65535 links to nothing */
	uint16_t object, instance;
};

struct mp_lwm2m_value {
	enum mp_lwm2m_type type;
	union {
		int64_t integer; /* INTEGER, TIME */
		uint64_t natural; /* UNSIGNED */
		double real; /* FLOAT */
		bool boolean;
		struct {
			const char *data; /* no NUL at its end */
			size_t len;
		} text; /* STRING, CORELNK, RAW_TEXT */
		struct {
			const uint8_t *data;
			size_t len;
		} opaque; /* OPAQUE, RAW_TLV */
		struct mp_lwm2m_link_value link; /* OBJLNK */
	};
};

/* "integer", "string", …; "none". */
const char *mp_lwm2m_type_name(enum mp_lwm2m_type type);
/* Case is ignored; Leshan's and OMA's names are known too ("UNSIGNED_INTEGER", "Unsigned Integer",
 * "CORELINK"). 0, -ENOENT. */
int mp_lwm2m_type_parse(const char *name, enum mp_lwm2m_type *ret);

/* What the wire said, as the type of the model: raw text and TLV are read, numbers change their
 * kind when nothing is lost (a float becomes an integer only when it is whole and at most 2^53),
 * text becomes opaque by Base64, "3:0" a link. `scratch` is for decoded Base64 (3/4 of its text)
 * and may be where the text itself begins. MP_LWM2M_NONE takes anything as it is, but raw TLV and
 * raw text then stay raw.
 * 0; -EBADMSG: not such a value, or out of its range; -ENOSPC: `room` is too small. */
int mp_lwm2m_value_convert(const struct mp_lwm2m_value *wire, enum mp_lwm2m_type type,
			   void *scratch, size_t room, struct mp_lwm2m_value *ret);

/* The same type and the same value? -0.0 equals 0.0. */
bool mp_lwm2m_value_equal(const struct mp_lwm2m_value *a, const struct mp_lwm2m_value *b);

/* A number for charts and thresholds: INTEGER, UNSIGNED, FLOAT, TIME, BOOLEAN (0, 1). */
bool mp_lwm2m_value_is_number(const struct mp_lwm2m_value *v, double *ret);

/* Text for people, always with a NUL: numbers in decimal, true, false, times as RFC 3339
 * ("2013-05-02T09:40:15Z"), opaque in hexadecimal, links "3:0", strings as they are.
 * Its length, or -ENOSPC. */
int mp_lwm2m_value_format(const struct mp_lwm2m_value *v, char *text, size_t room);

/* What a person wrote: the above, and times in seconds, 1 and 0 for booleans. Strings are borrowed;
 * `scratch` is for opaque (half of its text). 0, -EBADMSG, -ENOSPC. */
int mp_lwm2m_value_parse(const char *text, size_t len, enum mp_lwm2m_type type, void *scratch,
			 size_t room, struct mp_lwm2m_value *ret);

/* Short constructors. The string ends in a NUL. */
static inline struct mp_lwm2m_value mp_lwm2m_integer(int64_t v)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_INTEGER, .integer = v};
}
static inline struct mp_lwm2m_value mp_lwm2m_unsigned(uint64_t v)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_UNSIGNED, .natural = v};
}
static inline struct mp_lwm2m_value mp_lwm2m_float(double v)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_FLOAT, .real = v};
}
static inline struct mp_lwm2m_value mp_lwm2m_boolean(bool v)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_BOOLEAN, .boolean = v};
}
static inline struct mp_lwm2m_value mp_lwm2m_time(int64_t seconds)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_TIME, .integer = seconds};
}
static inline struct mp_lwm2m_value mp_lwm2m_string(const char *v)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_STRING, .text = {v, __builtin_strlen(v)}};
}
static inline struct mp_lwm2m_value mp_lwm2m_opaque(const void *v, size_t len)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_OPAQUE, .opaque = {v, len}};
}
static inline struct mp_lwm2m_value mp_lwm2m_objlnk(uint16_t object, uint16_t instance)
{
	return (struct mp_lwm2m_value){.type = MP_LWM2M_OBJLNK, .link = {object, instance}};
}
