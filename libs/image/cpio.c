/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's Documentation/driver-api/early-userspace/buffer-format.rst: a header of 110 ASCII
 * bytes, the name with its NUL, data; name and data each padded to 4 bytes. */
#include <errno.h>
#include <string.h>

#include "image/internal.h"

static int pad(struct mp_buf *out)
{
	return mp_buf_add(out, "\0\0\0", (4 - out->len % 4) % 4);
}

int cpio_add(struct mp_buf *out, const char *name, unsigned mode, const void *data, size_t len)
{
	size_t name_len = strlen(name) + 1;
	int r;

	if (len > UINT32_MAX)
		return -EFBIG;
	/* magic, inode, mode, uid, gid, links, mtime, size, device (4), name's size, checksum */
	r = mp_buf_printf(out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
			  (unsigned)out->len + 1, mode, 0, 0, 1, 0, (unsigned)len, 0, 0, 0, 0,
			  (unsigned)name_len, 0);
	if (r == 0)
		r = mp_buf_add(out, name, name_len);
	if (r == 0)
		r = pad(out);
	if (r == 0)
		r = mp_buf_add(out, data, len);
	return r < 0 ? r : pad(out);
}

int cpio_end(struct mp_buf *out)
{
	return cpio_add(out, "TRAILER!!!", 0, "", 0);
}
