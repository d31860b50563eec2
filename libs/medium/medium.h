/* SPDX-License-Identifier: Apache-2.0 */
/* medium.h - everything durable that a device update touches goes through this one struct
 *
 * Slot partitions, the disk's partition table, files on the ESP, state files and application
 * layers are all written through these operations, so that a test can replace the world by one
 * whose power fails after write n, that tears that write, and that forgets or reorders what had
 * not been flushed (fake.h).
 *
 *     r = mp_medium_write(m, "/dev/disk-slot", off, buf, len);
 *     r = mp_medium_flush(m, "/dev/disk-slot");            // only now is it there
 *
 * All return 0 (or a count) or a negative errno. Names are absolute paths. Nothing is durable
 * before flush() of that name; creating, renaming and removing names is durable only after
 * sync_dir() of their folder. rename() replaces within one folder, atomically where the file system
 * has a journal; on FAT a cut can leave the old name beside the new one, which then leads to the
 * same clusters or to nothing.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"

struct mp_medium;

struct mp_medium_ops {
	ssize_t (*read)(struct mp_medium *m, const char *name, uint64_t off, void *buf, size_t len);
	int (*write)(struct mp_medium *m, const char *name, uint64_t off, const void *buf,
		     size_t len);
	int (*truncate)(struct mp_medium *m, const char *name, uint64_t size);
	int (*flush)(struct mp_medium *m, const char *name);
	int (*rename)(struct mp_medium *m, const char *from, const char *to);
	int (*remove)(struct mp_medium *m, const char *name);
	int (*sync_dir)(struct mp_medium *m, const char *dir);
	/* Names in a folder, each handed to `each`; a negative return of it ends the walk. */
	int (*list)(struct mp_medium *m, const char *dir, int (*each)(void *user, const char *name),
		    void *user);
	int64_t (*size)(struct mp_medium *m, const char *name); /* bytes, also of a block device */
	int (*make_dir)(struct mp_medium *m, const char *dir);
	int64_t (*room)(struct mp_medium *m, const char *dir);
};

struct mp_medium {
	const struct mp_medium_ops *ops;
};

/* Wrappers with the obvious meaning; short reads mean the end of the file. */
ssize_t mp_medium_read(struct mp_medium *m, const char *name, uint64_t off, void *buf, size_t len);
/* Creates a missing file (its folder must be there), never a missing device under /dev. */
int mp_medium_write(struct mp_medium *m, const char *name, uint64_t off, const void *buf,
		    size_t len);
int mp_medium_truncate(struct mp_medium *m, const char *name, uint64_t size);
int mp_medium_flush(struct mp_medium *m, const char *name);
/* Also flushes the file: on FAT its size and first cluster belong to the name. */
int mp_medium_rename(struct mp_medium *m, const char *from, const char *to);
int mp_medium_remove(struct mp_medium *m, const char *name); /* a missing one is fine */
int mp_medium_sync_dir(struct mp_medium *m, const char *dir);
int mp_medium_list(struct mp_medium *m, const char *dir, int (*each)(void *user, const char *name),
		   void *user);
int64_t mp_medium_size(struct mp_medium *m, const char *name); /* -ENOENT: not there */

/* Durable after sync_dir() of its parent; an existing one is fine. An empty folder is removed by
 * remove(). */
int mp_medium_make_dir(struct mp_medium *m, const char *dir);
/* Bytes that files in this folder may still grow by. */
int64_t mp_medium_room(struct mp_medium *m, const char *dir);

/* Append a whole file to `b`. -ENOENT, -EFBIG past b->limit. */
int mp_medium_read_all(struct mp_medium *m, const char *name, struct mp_buf *b);
/* Replace a file so that a power cut leaves the old or the new: name.tmp, flush, rename, sync_dir. */
int mp_medium_replace(struct mp_medium *m, const char *name, const void *data, size_t len);

/* The real world below `root` ("" on a device, a folder in tests). mp_medium_posix_free closes it. */
int mp_medium_posix_new(const char *root, struct mp_medium **ret);
void mp_medium_posix_free(struct mp_medium *m);
