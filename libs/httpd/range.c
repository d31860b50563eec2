/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/range.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

/* Digits at *s; false when there are none. A number too large saturates: it lies past any end. */
static bool number(const char **s, uint64_t *ret)
{
	const char *p = *s;
	uint64_t n = 0;

	while (*p >= '0' && *p <= '9') {
		unsigned digit = (unsigned)(*p++ - '0');

		n = n > (UINT64_MAX - digit) / 10 ? UINT64_MAX : n * 10 + digit;
	}
	if (p == *s)
		return false;
	*s = p;
	*ret = n;
	return true;
}

static void blanks(const char **s)
{
	*s += strspn(*s, " \t");
}

/* One "first-last", "first-" or "-suffix". 1: usable, 0: lies past the end, -EBADMSG. */
static int one_range(const char **s, uint64_t size, struct mp_range *ret)
{
	uint64_t first = 0, last = 0;
	bool has_first = number(s, &first), has_last;

	if (**s != '-')
		return -EBADMSG;
	(*s)++;
	has_last = number(s, &last);
	if (!has_first && !has_last)
		return -EBADMSG;
	if (has_first && has_last && last < first)
		return -EBADMSG;
	if (!has_first) { /* the last `last` bytes */
		if (last == 0 || size == 0)
			return 0;
		first = last < size ? size - last : 0;
		last = size - 1;
	} else if (first >= size) {
		return 0;
	} else if (!has_last || last >= size) {
		last = size - 1;
	}
	*ret = (struct mp_range){first, last};
	return 1;
}

int mp_range_parse(const char *header, uint64_t size, struct mp_range *ret, size_t room)
{
	size_t n = 0;

	if (!header)
		return 0;
	if (strncasecmp(header, "bytes=", 6) != 0)
		return -ERANGE;
	header += 6;
	for (;;) {
		struct mp_range range;
		int r;

		blanks(&header);
		r = one_range(&header, size, &range);
		if (r < 0)
			return -ERANGE;
		if (r > 0 && n == room)
			return 0;
		if (r > 0)
			ret[n++] = range;
		blanks(&header);
		if (!*header)
			break;
		if (*header++ != ',')
			return -ERANGE;
	}
	return n > 0 ? (int)n : -ERANGE;
}
