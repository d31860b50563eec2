/* SPDX-License-Identifier: Apache-2.0 */
#include "tar/internal.h"

#include <errno.h>
#include <string.h>

struct record {
	const char *key, *value;
	size_t key_len, value_len;
};

/* Decimal digits from *at on, at most up to `end`; *at is left behind them. */
static int read_digits(const char **at, const char *end, uint64_t *ret)
{
	const char *p = *at;
	uint64_t v = 0;

	for (; p < end && *p >= '0' && *p <= '9'; p++) {
		if (v > (INT64_MAX - 9) / 10)
			return -EBADMSG;
		v = v * 10 + (uint64_t)(*p - '0');
	}
	if (p == *at)
		return -EBADMSG;
	*at = p;
	*ret = v;
	return 0;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts the whole record. */
static int next_record(const char **at, const char *end, struct record *ret)
{
	const char *start = *at, *p = *at, *equals;
	uint64_t len;

	if (read_digits(&p, end, &len) < 0 || p == end || *p != ' ')
		return -EBADMSG;
	p++;
	if (len > (uint64_t)(end - start) || start + len <= p || start[len - 1] != '\n')
		return -EBADMSG;
	equals = memchr(p, '=', (size_t)(start + len - p));
	if (!equals || equals == p)
		return -EBADMSG;
	*ret = (struct record){.key = p,
			       .key_len = (size_t)(equals - p),
			       .value = equals + 1,
			       .value_len = (size_t)(start + len - 1 - (equals + 1))};
	*at = start + len;
	return 0;
}

static bool key_is(const struct record *r, const char *key)
{
	return strlen(key) == r->key_len && memcmp(key, r->key, r->key_len) == 0;
}

static bool key_starts(const struct record *r, const char *prefix)
{
	size_t n = strlen(prefix);

	return r->key_len >= n && memcmp(prefix, r->key, n) == 0;
}

static int take_text(const struct record *r, struct mp_buf *into)
{
	if (r->value_len == 0 || memchr(r->value, '\0', r->value_len))
		return -EBADMSG;
	mp_buf_reset(into);
	return mp_buf_add(into, r->value, r->value_len);
}

static int take_number(const struct record *r, bool *has, uint64_t *ret)
{
	const char *p = r->value, *end = r->value + r->value_len;

	if (read_digits(&p, end, ret) < 0 || p != end)
		return -EBADMSG;
	*has = true;
	return 0;
}

/* Seconds with an optional fraction; what lies before 1970 becomes 1970. */
static int take_time(const struct record *r, struct tar_pax *pax)
{
	const char *p = r->value, *end = r->value + r->value_len;
	bool negative = p < end && *p == '-';
	uint64_t seconds, fraction;

	p += negative;
	if (read_digits(&p, end, &seconds) < 0)
		return -EBADMSG;
	if (p < end && *p == '.' && ++p < end && end - p <= 18 &&
	    read_digits(&p, end, &fraction) < 0)
		return -EBADMSG;
	if (p != end)
		return -EBADMSG;
	pax->has_mtime = true;
	pax->mtime = negative ? 0 : (int64_t)seconds;
	return 0;
}

static int take(const struct record *r, const char *start, size_t len, struct tar_pax *pax)
{
	if (key_is(r, "path"))
		return take_text(r, &pax->path);
	if (key_is(r, "linkpath"))
		return take_text(r, &pax->link);
	if (key_is(r, "size"))
		return take_number(r, &pax->has_size, &pax->size);
	if (key_is(r, "uid"))
		return take_number(r, &pax->has_uid, &pax->uid);
	if (key_is(r, "gid"))
		return take_number(r, &pax->has_gid, &pax->gid);
	if (key_is(r, "mtime"))
		return take_time(r, pax);
	if (key_starts(r, "GNU.sparse."))
		return -ENOTSUP;
	if (key_starts(r, "SCHILY.xattr."))
		return mp_buf_add(&pax->kept, start, len);
	return 0; /* atime, uname, comment ... say nothing that a layer keeps */
}

int mp_tar_pax_parse(const char *text, size_t len, struct tar_pax *pax)
{
	const char *at = text, *end = text + len;

	while (at < end) {
		const char *start = at;
		struct record record;
		int r = next_record(&at, end, &record);

		if (r == 0)
			r = take(&record, start, (size_t)(at - start), pax);
		if (r < 0)
			return r;
	}
	return 0;
}
