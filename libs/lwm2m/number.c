/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 127 /* characters of a number */

static size_t digits(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] >= '0' && text[at] <= '9')
		at++;
	return at;
}

/* The shape: where the digits of its whole part begin and end; is that all? */
struct shape {
	size_t begin, end;
	bool whole;
};

static int look(const char *text, size_t len, bool json, struct shape *ret)
{
	size_t at = 0, from;

	if (len && (text[0] == '-' || (!json && text[0] == '+')))
		at++;
	ret->begin = at;
	ret->end = at = digits(text, len, at);
	if (at == ret->begin || (json && text[ret->begin] == '0' && at > ret->begin + 1))
		return -EBADMSG;
	ret->whole = at == len;
	if (at < len && text[at] == '.') {
		from = at + 1;
		if ((at = digits(text, len, from)) == from)
			return -EBADMSG;
	}
	if (at < len && (text[at] == 'e' || text[at] == 'E')) {
		from = at + 1;
		if (from < len && (text[from] == '-' || text[from] == '+'))
			from++;
		if ((at = digits(text, len, from)) == from)
			return -EBADMSG;
	}
	return at == len ? 0 : -EBADMSG;
}

/* The whole part as 64 bits, with its sign. */
static bool whole(const char *text, const struct shape *s, struct mp_lwm2m_value *ret)
{
	bool negative = text[0] == '-';
	uint64_t v = 0;

	for (size_t i = s->begin; i < s->end; i++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(text[i] - '0'), &v))
			return false;
	if (negative && v > (uint64_t)INT64_MAX + 1)
		return false;
	if (negative)
		*ret = mp_lwm2m_integer((int64_t)(0 - v));
	else
		*ret = v > INT64_MAX ? mp_lwm2m_unsigned(v) : mp_lwm2m_integer((int64_t)v);
	return true;
}

int mp_lwm2m_number_parse(const char *text, size_t len, bool json, struct mp_lwm2m_value *ret)
{
	char copy[MOST + 1];
	struct shape s;
	double real;

	if (len > MOST || look(text, len, json, &s) < 0)
		return -EBADMSG;
	if (s.whole && whole(text, &s, ret))
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	real = strtod(copy, NULL);
	if (!isfinite(real))
		return -EBADMSG;
	*ret = mp_lwm2m_float(real);
	return 0;
}

size_t mp_lwm2m_number_format_float(double v, char text[MP_LWM2M_NUMBER_TEXT])
{
	int n = 0;

	for (int precision = 15; precision <= 17; precision++) {
		n = snprintf(text, MP_LWM2M_NUMBER_TEXT, "%.*g", precision, v);
		if (strtod(text, NULL) == v)
			break;
	}
	return (size_t)n;
}

static size_t decimal(uint64_t v, char *text)
{
	char reversed[20];
	size_t n = 0, len = 0;

	do
		reversed[n++] = (char)('0' + v % 10);
	while ((v /= 10));
	while (n)
		text[len++] = reversed[--n];
	text[len] = '\0';
	return len;
}

size_t mp_lwm2m_number_format_unsigned(uint64_t v, char text[MP_LWM2M_NUMBER_TEXT])
{
	return decimal(v, text);
}

size_t mp_lwm2m_number_format_integer(int64_t v, char text[MP_LWM2M_NUMBER_TEXT])
{
	if (v >= 0)
		return decimal((uint64_t)v, text);
	text[0] = '-';
	return 1 + decimal(0 - (uint64_t)v, text + 1);
}
