/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/value.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "lwm2m/base64.h"
#include "lwm2m/number.h"
#include "lwm2m/utf8.h"

#define EXACT 9007199254740992.0 /* 2^53: whole doubles up to it are exact */

static const char *const names[] = {
	[MP_LWM2M_NONE] = "none",	  [MP_LWM2M_STRING] = "string",
	[MP_LWM2M_INTEGER] = "integer",	  [MP_LWM2M_UNSIGNED] = "unsigned",
	[MP_LWM2M_FLOAT] = "float",	  [MP_LWM2M_BOOLEAN] = "boolean",
	[MP_LWM2M_OPAQUE] = "opaque",	  [MP_LWM2M_TIME] = "time",
	[MP_LWM2M_OBJLNK] = "objlnk",	  [MP_LWM2M_CORELNK] = "corelnk",
	[MP_LWM2M_RAW_TEXT] = "raw text", [MP_LWM2M_RAW_TLV] = "raw tlv",
};

const char *mp_lwm2m_type_name(enum mp_lwm2m_type type)
{
	return (unsigned)type < sizeof(names) / sizeof(names[0]) ? names[type] : "?";
}

int mp_lwm2m_type_parse(const char *name, enum mp_lwm2m_type *ret)
{
	static const struct {
		const char *name;
		enum mp_lwm2m_type type;
	} others[] = {
		{"unsigned integer", MP_LWM2M_UNSIGNED},
		{"unsigned_integer", MP_LWM2M_UNSIGNED},
		{"corelink", MP_LWM2M_CORELNK},
		{"objectlink", MP_LWM2M_OBJLNK},
	};

	for (int i = MP_LWM2M_NONE; i <= MP_LWM2M_CORELNK; i++)
		if (!strcasecmp(name, names[i])) {
			*ret = (enum mp_lwm2m_type)i;
			return 0;
		}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcasecmp(name, others[i].name)) {
			*ret = others[i].type;
			return 0;
		}
	return -ENOENT;
}

/* ---- numbers into numbers ---- */

/* Rounded down; exact in the range that is taken. */
static bool floor_float(double v, int64_t *ret)
{
	if (!(v >= -EXACT && v <= EXACT))
		return false;
	*ret = (int64_t)v;
	if ((double)*ret > v)
		(*ret)--;
	return true;
}

static bool whole_float(double v, int64_t *ret)
{
	return floor_float(v, ret) && (double)*ret == v;
}

static int to_integer(const struct mp_lwm2m_value *v, int64_t *ret)
{
	switch (v->type) {
	case MP_LWM2M_INTEGER:
	case MP_LWM2M_TIME:
		*ret = v->integer;
		return 0;
	case MP_LWM2M_UNSIGNED:
		if (v->natural > INT64_MAX)
			return -EBADMSG;
		*ret = (int64_t)v->natural;
		return 0;
	case MP_LWM2M_FLOAT:
		return whole_float(v->real, ret) ? 0 : -EBADMSG;
	default:
		return -EBADMSG;
	}
}

/* A time may have a fraction on the wire, which is dropped. */
static int to_time(const struct mp_lwm2m_value *v, int64_t *ret)
{
	if (v->type == MP_LWM2M_FLOAT)
		return floor_float(v->real, ret) ? 0 : -EBADMSG;
	return to_integer(v, ret);
}

static int to_unsigned(const struct mp_lwm2m_value *v, uint64_t *ret)
{
	int64_t whole;

	if (v->type == MP_LWM2M_UNSIGNED) {
		*ret = v->natural;
		return 0;
	}
	if (to_integer(v, &whole) < 0 || whole < 0)
		return -EBADMSG;
	*ret = (uint64_t)whole;
	return 0;
}

static int to_float(const struct mp_lwm2m_value *v, double *ret)
{
	if (v->type == MP_LWM2M_FLOAT)
		*ret = v->real;
	else if (v->type == MP_LWM2M_INTEGER || v->type == MP_LWM2M_TIME)
		*ret = (double)v->integer;
	else if (v->type == MP_LWM2M_UNSIGNED)
		*ret = (double)v->natural;
	else
		return -EBADMSG;
	return isfinite(*ret) ? 0 : -EBADMSG;
}

static int to_boolean(const struct mp_lwm2m_value *v, bool *ret)
{
	int64_t whole;

	if (v->type == MP_LWM2M_BOOLEAN) {
		*ret = v->boolean;
		return 0;
	}
	if (to_integer(v, &whole) < 0 || (whole != 0 && whole != 1))
		return -EBADMSG;
	*ret = whole == 1;
	return 0;
}

/* ---- text and bytes ---- */

static bool is_text(const struct mp_lwm2m_value *v)
{
	return v->type == MP_LWM2M_STRING || v->type == MP_LWM2M_CORELNK ||
	       v->type == MP_LWM2M_RAW_TEXT;
}

static int to_text(const struct mp_lwm2m_value *v, struct mp_lwm2m_value *ret)
{
	if (v->type == MP_LWM2M_RAW_TLV) {
		ret->text.data = (const char *)v->opaque.data;
		ret->text.len = v->opaque.len;
	} else if (is_text(v)) {
		ret->text = v->text;
	} else {
		return -EBADMSG;
	}
	return mp_lwm2m_utf8_is_valid(ret->text.data, ret->text.len) ? 0 : -EBADMSG;
}

static int to_opaque(const struct mp_lwm2m_value *v, void *scratch, size_t room,
		     struct mp_lwm2m_value *ret)
{
	int n;

	if (v->type == MP_LWM2M_OPAQUE || v->type == MP_LWM2M_RAW_TLV) {
		ret->opaque = v->opaque;
		return 0;
	}
	if (!is_text(v))
		return -EBADMSG;
	n = mp_lwm2m_base64_decode(v->text.data, v->text.len, scratch, room);
	if (n < 0)
		return n;
	ret->opaque.data = scratch;
	ret->opaque.len = (size_t)n;
	return 0;
}

/* "3:0"; each up to 65535, which links to nothing. */
static int link_number(const char **at, const char *end, uint16_t *ret)
{
	const char *start = *at;
	unsigned v = 0;

	while (*at < end && **at >= '0' && **at <= '9' && *at - start < 5)
		v = v * 10 + (unsigned)(*(*at)++ - '0');
	if (*at == start || v > 65535)
		return -EBADMSG;
	*ret = (uint16_t)v;
	return 0;
}

static int to_link(const struct mp_lwm2m_value *v, struct mp_lwm2m_link_value *ret)
{
	const char *at, *end;

	if (v->type == MP_LWM2M_OBJLNK) {
		*ret = v->link;
		return 0;
	}
	if (!is_text(v))
		return -EBADMSG;
	at = v->text.data;
	end = at + v->text.len;
	if (link_number(&at, end, &ret->object) < 0 || at == end || *at++ != ':' ||
	    link_number(&at, end, &ret->instance) < 0 || at != end)
		return -EBADMSG;
	return 0;
}

/* ---- raw text and raw TLV into something with a type ---- */

static int number_of_text(const struct mp_lwm2m_value *v, struct mp_lwm2m_value *ret)
{
	return mp_lwm2m_number_parse(v->text.data, v->text.len, false, ret);
}

static uint64_t big_endian(const uint8_t *b, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len; i++)
		v = v << 8 | b[i];
	return v;
}

static int real_of_tlv(const uint8_t *b, size_t len, double *ret)
{
	uint64_t bits = big_endian(b, len);
	uint32_t half = (uint32_t)bits;
	float single;

	if (len == 4) {
		memcpy(&single, &half, sizeof(single));
		*ret = (double)single;
	} else if (len == 8) {
		memcpy(ret, &bits, sizeof(*ret));
	} else {
		return -EBADMSG;
	}
	return 0;
}

/* LwM2M Core appendix C, column TLV. Text and opaque are taken as they are. */
static int number_of_tlv(const struct mp_lwm2m_value *v, enum mp_lwm2m_type type,
			 struct mp_lwm2m_value *ret)
{
	const uint8_t *b = v->opaque.data;
	size_t len = v->opaque.len;
	double real;

	if (type == MP_LWM2M_FLOAT) {
		if (real_of_tlv(b, len, &real) < 0)
			return -EBADMSG;
		*ret = mp_lwm2m_float(real);
		return 0;
	}
	if (len != 1 && len != 2 && len != 4 && len != 8)
		return -EBADMSG;
	if (type == MP_LWM2M_OBJLNK) {
		if (len != 4)
			return -EBADMSG;
		*ret = mp_lwm2m_objlnk((uint16_t)big_endian(b, 2), (uint16_t)big_endian(b + 2, 2));
	} else if (type == MP_LWM2M_UNSIGNED) {
		*ret = mp_lwm2m_unsigned(big_endian(b, len));
	} else {
		unsigned unused = 64 - 8 * (unsigned)len;

		*ret = mp_lwm2m_integer((int64_t)(big_endian(b, len) << unused) >> unused);
	}
	return 0;
}

static bool is_bytes(enum mp_lwm2m_type type)
{
	return type == MP_LWM2M_STRING || type == MP_LWM2M_CORELNK || type == MP_LWM2M_OPAQUE;
}

static int typed(const struct mp_lwm2m_value *wire, enum mp_lwm2m_type type,
		 struct mp_lwm2m_value *ret)
{
	*ret = *wire;
	if (is_bytes(type))
		return 0;
	if (wire->type == MP_LWM2M_RAW_TLV)
		return number_of_tlv(wire, type, ret);
	if (wire->type == MP_LWM2M_RAW_TEXT && type != MP_LWM2M_OBJLNK)
		return number_of_text(wire, ret);
	return 0;
}

int mp_lwm2m_value_convert(const struct mp_lwm2m_value *wire, enum mp_lwm2m_type type,
			   void *scratch, size_t room, struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_value from, to = {.type = type};
	int r = -EBADMSG;

	if (type == MP_LWM2M_NONE) {
		*ret = *wire;
		return 0;
	}
	if (typed(wire, type, &from) < 0)
		return -EBADMSG;
	if (type == MP_LWM2M_STRING || type == MP_LWM2M_CORELNK)
		r = to_text(&from, &to);
	else if (type == MP_LWM2M_INTEGER)
		r = to_integer(&from, &to.integer);
	else if (type == MP_LWM2M_TIME)
		r = to_time(&from, &to.integer);
	else if (type == MP_LWM2M_UNSIGNED)
		r = to_unsigned(&from, &to.natural);
	else if (type == MP_LWM2M_FLOAT)
		r = to_float(&from, &to.real);
	else if (type == MP_LWM2M_BOOLEAN)
		r = to_boolean(&from, &to.boolean);
	else if (type == MP_LWM2M_OPAQUE)
		r = to_opaque(&from, scratch, room, &to);
	else if (type == MP_LWM2M_OBJLNK)
		r = to_link(&from, &to.link);
	if (r == 0)
		*ret = to;
	return r;
}

bool mp_lwm2m_value_equal(const struct mp_lwm2m_value *a, const struct mp_lwm2m_value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
	case MP_LWM2M_RAW_TEXT:
		return a->text.len == b->text.len &&
		       (a->text.len == 0 || !memcmp(a->text.data, b->text.data, a->text.len));
	case MP_LWM2M_OPAQUE:
	case MP_LWM2M_RAW_TLV:
		return a->opaque.len == b->opaque.len &&
		       (a->opaque.len == 0 ||
			!memcmp(a->opaque.data, b->opaque.data, a->opaque.len));
	case MP_LWM2M_INTEGER:
	case MP_LWM2M_TIME:
		return a->integer == b->integer;
	case MP_LWM2M_UNSIGNED:
		return a->natural == b->natural;
	case MP_LWM2M_FLOAT:
		return a->real == b->real;
	case MP_LWM2M_BOOLEAN:
		return a->boolean == b->boolean;
	case MP_LWM2M_OBJLNK:
		return a->link.object == b->link.object && a->link.instance == b->link.instance;
	default:
		return true;
	}
}

bool mp_lwm2m_value_is_number(const struct mp_lwm2m_value *v, double *ret)
{
	if (v->type == MP_LWM2M_BOOLEAN)
		*ret = v->boolean;
	else
		return to_float(v, ret) == 0;
	return true;
}
