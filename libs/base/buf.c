/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mp_buf_done(struct mp_buf *b)
{
	free(b->data);
	*b = (struct mp_buf){.limit = b->limit};
}

void mp_buf_reset(struct mp_buf *b)
{
	b->len = 0;
	if (b->data)
		b->data[0] = '\0';
}

int mp_buf_reserve(struct mp_buf *b, size_t len)
{
	size_t room = b->room ? b->room : 64;
	char *data;

	if (len > b->limit - b->len)
		return -EFBIG;
	while (room < b->len + len + 1)
		room *= 2;
	if (room == b->room)
		return 0;

	data = realloc(b->data, room);
	if (!data)
		return -ENOMEM;
	data[b->len] = '\0';
	b->data = data;
	b->room = room;
	return 0;
}

int mp_buf_add(struct mp_buf *b, const void *bytes, size_t len)
{
	int r = mp_buf_reserve(b, len);

	if (r < 0)
		return r;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int mp_buf_add_str(struct mp_buf *b, const char *s)
{
	return mp_buf_add(b, s, strlen(s));
}

int mp_buf_printf(struct mp_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n, r;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return -EINVAL;
	r = mp_buf_reserve(b, (size_t)n);
	if (r < 0)
		return r;

	va_start(ap, fmt);
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

const char *mp_buf_str(const struct mp_buf *b)
{
	return b->data ? b->data : "";
}

char *mp_buf_take(struct mp_buf *b)
{
	char *data = b->data;

	*b = (struct mp_buf){.limit = b->limit};
	return data;
}
