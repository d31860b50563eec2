/* str.h - small questions about strings, hexadecimal text and version numbers */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool mp_streq(const char *a, const char *b)
{
	return a == b || (a && b && __builtin_strcmp(a, b) == 0);
}

bool mp_str_starts_with(const char *s, const char *prefix);
bool mp_str_ends_with(const char *s, const char *suffix);

/* A newly allocated string, or NULL when memory is out. The caller frees it. */
char *mp_str_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A decimal number without sign, blanks or leading '+', at most `max`. 0, -EBADMSG, -ERANGE. */
int mp_str_parse_u64(const char *s, uint64_t max, uint64_t *ret);

/* A name that is safe as a file name and in a URL: [A-Za-z0-9._-], 1..`max` long, no leading dot. */
bool mp_str_is_name(const char *s, size_t max);

/* Lower-case hexadecimal. `text` has room for 2 * len + 1 characters. */
void mp_hex_format(const void *bytes, size_t len, char *text);

/* The value of one hexadecimal digit, or -1. */
int mp_hex_digit(char c);

/* Exactly 2 * len hexadecimal digits and no more. 0 or -EBADMSG. */
int mp_hex_parse(const char *text, void *bytes, size_t len);

/* A release version: 1 to 4 dot-separated decimal numbers ("1.10.0"), each below 2^31. */
bool mp_version_is_valid(const char *v);

/* <0, 0, >0 as `a` is older than, the same as, or newer than `b`; missing parts count as 0.
 * Both must be valid. The order is that of the Boot Loader Specification for such versions. */
int mp_version_compare(const char *a, const char *b);
