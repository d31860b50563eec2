/* SPDX-License-Identifier: Apache-2.0
 * glob.c - the path patterns of delegations (specification section 4.5)
 *
 * As Python's fnmatch has them for each part between slashes: no escape character, "!" alone
 * negates a set, an unclosed "[" stands for itself. Neither locale nor recursion is involved: on a
 * mismatch only the last "*" of the same part is tried again, so the time is at most the product
 * of both lengths. */
#include "tuf/internal.h"

#include <stdint.h>
#include <string.h>

/* The UTF-8 character at *s, stepping over it; a stray byte stands for itself. */
static uint32_t next_char(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	unsigned more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
	uint32_t c = more ? p[0] & (0x3fu >> more) : p[0];

	for (unsigned i = 1; i <= more; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			*s += 1;
			return p[0];
		}
		c = c << 6 | (p[i] & 0x3f);
	}
	*s += 1 + more;
	return c;
}

/* The "]" that closes the set which begins after `p`'s "["; NULL when there is none in this part.
 */
static const char *set_end(const char *p)
{
	p += *p == '!';
	p += *p == ']';
	while (*p && *p != '/' && *p != ']')
		p++;
	return *p == ']' ? p : NULL;
}

static bool in_set(const char *p, const char *end, uint32_t c)
{
	bool negated = *p == '!', found = false;

	p += negated;
	while (p < end) {
		uint32_t low = next_char(&p), high = low;

		if (*p == '-' && p + 1 < end) {
			p++;
			high = next_char(&p);
		}
		found |= c >= low && c <= high;
	}
	return found != negated;
}

/* Match one character of `path` against one element of `pattern`, stepping over both. */
static bool match_one(const char **pattern, const char **path)
{
	const char *end = **pattern == '[' ? set_end(*pattern + 1) : NULL, *set = *pattern + 1;
	uint32_t want, c;

	if (!**pattern || !**path)
		return false;
	want = next_char(pattern);
	c = next_char(path);
	if (c == '/' || want == '/')
		return c == want;
	if (want == '?')
		return true;
	if (!end)
		return c == want;
	*pattern = end + 1;
	return in_set(set, end, c);
}

bool mp_tuf_glob(const char *pattern, const char *path)
{
	const char *star = NULL, *from = NULL; /* after the last "*", and where its match ends */

	while (*pattern || *path) {
		const char *p = pattern, *s = path;

		if (*p == '*') {
			star = pattern = p + 1;
			from = path;
			continue;
		}
		if (match_one(&p, &s)) {
			if (s[-1] == '/')
				star = NULL;
			pattern = p;
			path = s;
			continue;
		}
		if (!star || !*from || *from == '/')
			return false;
		(void)next_char(&from);
		pattern = star;
		path = from;
	}
	return true;
}
