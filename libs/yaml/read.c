/* SPDX-License-Identifier: Apache-2.0
 * read.c - values out of a tree, with a complaint at the line where one is wrong */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "yaml/internal.h"

#define KEY_MAX 40 /* longer keys are not compared for likeness */

/* Levenshtein's distance, for texts of up to KEY_MAX bytes. */
static size_t distance(const char *a, const char *b)
{
	size_t row[KEY_MAX + 1], n = strlen(b);

	if (strlen(a) > KEY_MAX || n > KEY_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[n];
}

/* The known key that was probably meant; NULL when none is near. */
static const char *nearest(const char *key, const char *const *keys)
{
	size_t best = strlen(key) / 3 + 2;
	const char *found = NULL;

	for (; *keys; keys++) {
		size_t d = distance(key, *keys);

		if (d < best) {
			best = d;
			found = *keys;
		}
	}
	return found;
}

static bool is_known(const char *key, const char *const *keys)
{
	for (; *keys; keys++)
		if (mp_streq(key, *keys))
			return true;
	return false;
}

int mp_yaml_check_keys(const struct mp_yaml *map, const char *const *keys, struct mp_err *err)
{
	if (mp_yaml_type(map) != MP_YAML_MAP)
		return mp_yaml_err(map, err, -EBADMSG, "here must stand keys and values");
	for (size_t i = 0; i < mp_yaml_size(map); i++) {
		const char *key = mp_yaml_key(map, i), *meant = nearest(key, keys);

		if (is_known(key, keys))
			continue;
		if (meant)
			return mp_yaml_key_err(map, i, err, "unknown key '%s': did you mean '%s'?",
					       key, meant);
		return mp_yaml_key_err(map, i, err, "unknown key '%s'", key);
	}
	return 0;
}

static bool is_nothing(const struct mp_yaml *n)
{
	const char *s = mp_yaml_str(n);

	return mp_yaml_is_plain(n) && (!*s || mp_streq(s, "~") || mp_streq(s, "null"));
}

int mp_yaml_read_str(const struct mp_yaml *map, const char *key, const char **ret,
		     struct mp_err *err)
{
	const struct mp_yaml *n = mp_yaml_get(map, key);

	if (!n)
		return mp_yaml_err(map, err, -EBADMSG, "'%s' is missing", key);
	if (!mp_yaml_str(n))
		return mp_yaml_err(n, err, -EBADMSG, "'%s' must be a text", key);
	if (is_nothing(n))
		return mp_yaml_err(n, err, -EBADMSG, "'%s' has no value", key);
	*ret = mp_yaml_str(n);
	return 0;
}

int mp_yaml_read_bool(const struct mp_yaml *n, bool *ret, struct mp_err *err)
{
	static const char *const yes[] = {"true", "True", "TRUE", NULL};
	static const char *const no[] = {"false", "False", "FALSE", NULL};

	if (mp_yaml_is_plain(n) && is_known(mp_yaml_str(n), yes))
		*ret = true;
	else if (mp_yaml_is_plain(n) && is_known(mp_yaml_str(n), no))
		*ret = false;
	else
		return mp_yaml_err(n, err, -EBADMSG, "here must stand true or false");
	return 0;
}

int mp_yaml_read_u64(const struct mp_yaml *n, uint64_t max, uint64_t *ret, struct mp_err *err)
{
	const char *s = mp_yaml_str(n);

	if (!s || mp_str_parse_u64(s, max, ret) < 0)
		return mp_yaml_err(n, err, -EBADMSG,
				   "here must stand a whole number from 0 to %llu",
				   (unsigned long long)max);
	return 0;
}

/* Seconds of a unit's letter; 0 for no unit. */
static uint64_t unit(char letter)
{
	switch (letter) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

/* One or more numbers, each with its unit, from the largest unit to the smallest. -EBADMSG. */
static int parse_duration(const char *s, uint64_t *ret)
{
	uint64_t total = 0, last = UINT64_MAX;

	do {
		size_t digits = strspn(s, "0123456789");
		uint64_t number = 0, seconds = unit(s[digits]);

		if (digits == 0 || digits > 9 || seconds == 0 || seconds >= last)
			return -EBADMSG;
		for (; digits > 0; digits--)
			number = number * 10 + (uint64_t)(*s++ - '0');
		total += number * seconds;
		last = seconds;
		s++;
	} while (*s);
	*ret = total;
	return 0;
}

int mp_yaml_read_duration(const struct mp_yaml *n, uint64_t *ret_seconds, struct mp_err *err)
{
	const char *s = mp_yaml_str(n);

	if (mp_streq(s, "0")) {
		*ret_seconds = 0;
		return 0;
	}
	if (!s || parse_duration(s, ret_seconds) < 0)
		return mp_yaml_err(n, err, -EBADMSG,
				   "here must stand a time such as 30s, 5m, 2h, 1d or 1m30s");
	return 0;
}
