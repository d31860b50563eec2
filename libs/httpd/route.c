/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/route.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

/* The next character of a part, decoded: its code, or -EBADMSG. */
static int character(const char **s)
{
	int c = (unsigned char)**s;

	(*s)++;
	if (c == '%') {
		int high = mp_hex_digit((*s)[0]);
		int low = high < 0 ? -1 : mp_hex_digit((*s)[1]);

		if (low < 0)
			return -EBADMSG;
		*s += 2;
		c = high * 16 + low;
		if (c == '/')
			return -EBADMSG;
	}
	return c < 0x20 || c == 0x7f ? -EBADMSG : c;
}

static bool at_end(const char *s)
{
	return *s == '\0' || *s == '?';
}

int mp_path_split(const char *raw, struct mp_path *ret)
{
	size_t at = 0;

	ret->n = 0;
	if (*raw != '/')
		return -EBADMSG;
	while (*raw == '/' && !at_end(raw + 1)) {
		const char *part = ret->text + at;

		raw++;
		if (ret->n == MP_PATH_PARTS)
			return -EFBIG;
		while (*raw != '/' && !at_end(raw)) {
			int c = character(&raw);

			if (c < 0)
				return c;
			if (at + 1 >= sizeof(ret->text))
				return -EFBIG;
			ret->text[at++] = (char)c;
		}
		if (at >= sizeof(ret->text))
			return -EFBIG;
		ret->text[at++] = '\0';
		if (strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
			return -EBADMSG;
		ret->part[ret->n++] = part;
	}
	return 0;
}

bool mp_path_match(const struct mp_path *p, const char *pattern, const char **args)
{
	unsigned i = 0, n_args = 0;

	for (; *pattern == '/' && pattern[1]; i++) {
		size_t len = strcspn(++pattern, "/");

		if (i == p->n)
			return false;
		if (len == 1 && *pattern == '*') {
			if (!*p->part[i])
				return false;
			args[n_args++] = p->part[i];
		} else if (strlen(p->part[i]) != len || memcmp(p->part[i], pattern, len) != 0) {
			return false;
		}
		pattern += len;
	}
	return i == p->n;
}
