/* err.h - how a function says no
 *
 * Every function that can fail returns 0 (or a useful positive number) on
 * success and a negative errno on failure. Functions whose failure a person
 * will read also take a `struct mp_err *` as their last argument and leave one
 * plain sentence in it. The caller owns the struct; nothing is allocated; NULL
 * means "I only want the number".
 */
#pragma once

#include <stddef.h>

struct mp_err {
	char text[512];
};

/* Write the sentence, return `code` unchanged, so callers can `return mp_err_set(...)`. */
int mp_err_set(struct mp_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));

/* Put context in front of a sentence that a callee left: "install web: bad signature". */
int mp_err_wrap(struct mp_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), warn_unused_result));
