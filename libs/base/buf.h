/* buf.h - a growing byte buffer that is born with its limit
 *
 *     MP_BUF(b, 64 * 1024);                  // freed at the end of the scope
 *     r = mp_buf_printf(&b, "{\"id\":%d}", id);
 *     send(fd, b.data, b.len, 0);
 *
 * `data` always ends in a NUL that `len` does not count, so text can be read as
 * a string. Nothing grows past `limit`: the call returns -EFBIG instead and the
 * contents stay as they were.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mp_buf {
	char *data; /* NULL until the first byte */
	size_t len; /* bytes in use, without the final NUL */
	size_t room; /* bytes allocated */
	size_t limit; /* most bytes that `len` may reach */
};

#define MP_BUF(name, max)                                                                          \
	__attribute__((cleanup(mp_buf_done))) struct mp_buf name = {.limit = (max)}

void mp_buf_done(struct mp_buf *b);

/* Forget the contents, keep the memory. */
void mp_buf_reset(struct mp_buf *b);

/* Append. 0, -EFBIG past the limit, -ENOMEM. */
int mp_buf_add(struct mp_buf *b, const void *bytes, size_t len);
int mp_buf_add_str(struct mp_buf *b, const char *s);
int mp_buf_printf(struct mp_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Make `len` more bytes writable at data + b->len (the caller adds to b->len). */
int mp_buf_reserve(struct mp_buf *b, size_t len);

/* The text, "" when empty; borrowed until the next change. */
const char *mp_buf_str(const struct mp_buf *b);

/* Hand the memory to the caller, who frees it; the buffer is empty again. NULL when empty. */
char *mp_buf_take(struct mp_buf *b);
