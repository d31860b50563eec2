/* SPDX-License-Identifier: Apache-2.0 */
/* tar.h - entries of tar archives: ustar, PAX and GNU long names (tar(5); POSIX.1-2017, pax)
 *
 *     struct mp_tar_reader r = { .read = from_file, .user = f };
 *     while ((n = mp_tar_next(&r, &e)) > 0)            // e->path, e->size ...
 *             while ((k = mp_tar_data(&r, chunk, sizeof(chunk))) > 0)   // may be skipped
 *     mp_tar_reader_done(&r);
 *
 *     mp_tar_format(&e, &buf);      // header; then e.size bytes, mp_tar_padding(e.size) zeros,
 *                                   // and MP_TAR_END zeros after the last entry
 *
 * The reader takes hostile input: names that leave the root are refused, and everything has its
 * limit. It owns no clock and opens nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

#define MP_TAR_BLOCK 512
#define MP_TAR_END 1024 /* zeros that end an archive */
#define MP_TAR_PATH_MAX 4095 /* bytes of a name */
#define MP_TAR_ENTRIES_MAX 1000000
#define MP_TAR_EXTENDED_MAX (1 << 20) /* bytes of an extended header */

enum mp_tar_type {
	MP_TAR_FILE = '0',
	MP_TAR_HARDLINK = '1',
	MP_TAR_SYMLINK = '2',
	MP_TAR_CHAR = '3',
	MP_TAR_BLOCKDEV = '4',
	MP_TAR_DIR = '5',
	MP_TAR_FIFO = '6'
};

struct mp_tar_entry {
	enum mp_tar_type type;
	const char *
		path; /* without leading "/" or "./" and without a trailing "/"; "." for the root */
	const char *link; /* target of a hard link (as `path`) or of a symbolic link (as it is) */
	uint64_t size; /* bytes that follow; 0 for everything but files */
	uint32_t mode; /* permission bits, 07777 */
	uint64_t uid, gid;
	int64_t mtime; /* seconds since 1970 */
	uint32_t major, minor; /* of devices */
	/* PAX records beside those told above (extended attributes), as they came; NULL: none */
	const char *pax;
	size_t pax_len;
};

struct mp_tar_reader {
	/* Fill `data` with up to `len` bytes: how many, 0 at the end, or a negative errno. */
	ssize_t (*read)(void *user, void *data, size_t len);
	void *user;
	/* private */
	struct mp_tar_private *p;
};

/* 1: an entry, valid until the next call; what is left of the one before is skipped. 0: the end.
 * -EBADMSG: not a tar, cut short, or a name that leaves the root; -EFBIG: past a limit;
 * -ENOTSUP: a sparse file or another unknown kind; -ENOMEM; or what `read` returned. */
int mp_tar_next(struct mp_tar_reader *r, struct mp_tar_entry *ret);
/* Bytes of the current entry: how many, 0 at its end, or a negative errno. */
ssize_t mp_tar_data(struct mp_tar_reader *r, void *data, size_t len);
void mp_tar_reader_done(struct mp_tar_reader *r);

/* Append the header of an entry to `out`: ustar, with a PAX header before it when a name, an id or
 * the size does not fit, or when `pax` is there. The same entry gives the same bytes. */
int mp_tar_format(const struct mp_tar_entry *e, struct mp_buf *out);
static inline size_t mp_tar_padding(uint64_t size)
{
	return (size_t)(-size % MP_TAR_BLOCK);
}
