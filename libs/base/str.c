/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool mp_str_starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool mp_str_ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

char *mp_str_format(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = n < 0 ? NULL : malloc((size_t)n + 1);
	if (!s)
		return NULL;

	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

int mp_str_parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s)
		return -EBADMSG;
	for (; *s; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (*s < '0' || *s > '9')
			return -EBADMSG;
		if (v > (max - digit) / 10 || digit > max)
			return -ERANGE;
		v = v * 10 + digit;
	}
	*ret = v;
	return 0;
}

bool mp_str_is_name(const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n == 0 || n > max || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("._-", s[i]))
			return false;
	return true;
}

void mp_hex_format(const void *bytes, size_t len, char *text)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[p[i] >> 4];
		text[2 * i + 1] = digits[p[i] & 15];
	}
	text[2 * len] = '\0';
}

int mp_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int mp_hex_parse(const char *text, void *bytes, size_t len)
{
	uint8_t *p = bytes;

	if (strlen(text) != 2 * len)
		return -EBADMSG;
	for (size_t i = 0; i < 2 * len; i++)
		if (mp_hex_digit(text[i]) < 0)
			return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(mp_hex_digit(text[2 * i]) << 4 | mp_hex_digit(text[2 * i + 1]));
	return 0;
}

/* Read one part and step over it and its dot. 0 at the end of the text; -1 when malformed. */
static int next_part(const char **at, long *ret)
{
	const char *p = *at;
	long v = 0;

	if (!*p)
		return 0;
	if (!isdigit((unsigned char)*p))
		return -1;
	for (; isdigit((unsigned char)*p); p++) {
		v = v * 10 + (*p - '0');
		if (v > INT32_MAX)
			return -1;
	}
	if (*p == '.' && !p[1])
		return -1;
	if (*p && *p != '.')
		return -1;
	*at = *p ? p + 1 : p;
	*ret = v;
	return 1;
}

bool mp_version_is_valid(const char *v)
{
	int parts = 0, r;
	long part;

	while ((r = next_part(&v, &part)) > 0)
		parts++;
	return r == 0 && parts >= 1 && parts <= 4;
}

int mp_version_compare(const char *a, const char *b)
{
	for (int i = 0; i < 4; i++) {
		long x = 0, y = 0;

		(void)next_part(&a, &x);
		(void)next_part(&b, &y);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}
