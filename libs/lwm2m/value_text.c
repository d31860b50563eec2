/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/value.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "lwm2m/number.h"
#include "lwm2m/time.h"

static int put(char *text, size_t room, const char *what, size_t len)
{
	if (len >= room || len > INT_MAX)
		return -ENOSPC;
	if (len)
		memcpy(text, what, len);
	text[len] = '\0';
	return (int)len;
}

static int put_hex(char *text, size_t room, const uint8_t *bytes, size_t len)
{
	if (len > INT_MAX / 2 || 2 * len >= room)
		return -ENOSPC;
	mp_hex_format(bytes, len, text);
	return (int)(2 * len);
}

static int put_link(char *text, size_t room, const struct mp_lwm2m_link_value *link)
{
	char number[2 * MP_LWM2M_NUMBER_TEXT];
	size_t n = mp_lwm2m_number_format_unsigned(link->object, number);

	number[n++] = ':';
	n += mp_lwm2m_number_format_unsigned(link->instance, number + n);
	return put(text, room, number, n);
}

static int put_time(char *text, size_t room, int64_t seconds)
{
	char number[MP_LWM2M_NUMBER_TEXT];
	int n = mp_lwm2m_time_format(seconds, number);

	if (n < 0)
		n = (int)mp_lwm2m_number_format_integer(seconds, number);
	return put(text, room, number, (size_t)n);
}

int mp_lwm2m_value_format(const struct mp_lwm2m_value *v, char *text, size_t room)
{
	char number[MP_LWM2M_NUMBER_TEXT];

	switch (v->type) {
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
	case MP_LWM2M_RAW_TEXT:
		return put(text, room, v->text.data, v->text.len);
	case MP_LWM2M_OPAQUE:
	case MP_LWM2M_RAW_TLV:
		return put_hex(text, room, v->opaque.data, v->opaque.len);
	case MP_LWM2M_INTEGER:
		return put(text, room, number, mp_lwm2m_number_format_integer(v->integer, number));
	case MP_LWM2M_UNSIGNED:
		return put(text, room, number, mp_lwm2m_number_format_unsigned(v->natural, number));
	case MP_LWM2M_FLOAT:
		return put(text, room, number, mp_lwm2m_number_format_float(v->real, number));
	case MP_LWM2M_BOOLEAN:
		return v->boolean ? put(text, room, "true", 4) : put(text, room, "false", 5);
	case MP_LWM2M_TIME:
		return put_time(text, room, v->integer);
	case MP_LWM2M_OBJLNK:
		return put_link(text, room, &v->link);
	default:
		return put(text, room, "", 0);
	}
}

static int parse_hex(const char *text, size_t len, uint8_t *out, size_t room,
		     struct mp_lwm2m_value *ret)
{
	if (len % 2)
		return -EBADMSG;
	if (len / 2 > room)
		return -ENOSPC;
	for (size_t i = 0; i < len; i += 2) {
		int high = mp_hex_digit(text[i]), low = mp_hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*ret = mp_lwm2m_opaque(out, len / 2);
	return 0;
}

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !strncasecmp(text, word, len);
}

int mp_lwm2m_value_parse(const char *text, size_t len, enum mp_lwm2m_type type, void *scratch,
			 size_t room, struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_value raw = {.type = MP_LWM2M_RAW_TEXT, .text = {text, len}};
	int64_t seconds;

	if (type == MP_LWM2M_NONE)
		return -EBADMSG;
	if (type == MP_LWM2M_OPAQUE)
		return parse_hex(text, len, scratch, room, ret);
	if (type == MP_LWM2M_BOOLEAN &&
	    (is_word(text, len, "true") || is_word(text, len, "false"))) {
		*ret = mp_lwm2m_boolean(len == 4);
		return 0;
	}
	if (type == MP_LWM2M_TIME && mp_lwm2m_time_parse(text, len, &seconds) == 0) {
		*ret = mp_lwm2m_time(seconds);
		return 0;
	}
	return mp_lwm2m_value_convert(&raw, type, scratch, room, ret);
}
