/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int mp_err_set(struct mp_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	assert(code < 0);
	if (!err)
		return code;

	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return code;
}

/* A sentence that does not fit is cut, never refused. */
static void append(struct mp_err *err, size_t at, const char *s)
{
	size_t room = sizeof(err->text) - 1 - at, n = strnlen(s, room);

	memcpy(err->text + at, s, n);
	err->text[at + n] = '\0';
}

int mp_err_wrap(struct mp_err *err, int code, const char *fmt, ...)
{
	struct mp_err inner;
	va_list ap;
	int n;

	assert(code < 0);
	if (!err)
		return code;

	inner = *err;
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(err->text))
		return code; /* no room left: the context alone will do */

	append(err, (size_t)n, ": ");
	append(err, strlen(err->text), inner.text[0] ? inner.text : strerror(-code));
	return code;
}
