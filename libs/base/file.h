/* file.h - whole files: read with a limit, write so that a power cut leaves old or new */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* Append the file to `b`; -EFBIG when it does not fit in b->limit. */
int mp_file_read(const char *path, struct mp_buf *b, struct mp_err *err);

/* Write `path` whole: a temporary file in its folder, fsync, rename, fsync of the folder. */
int mp_file_write(const char *path, const void *data, size_t len, mode_t mode, struct mp_err *err);

/* Make a folder and its missing parents; an existing one is fine. */
int mp_file_make_dirs(const char *path, mode_t mode, struct mp_err *err);

/* Remove a file or a whole tree; a missing one is fine. Does not follow links or cross mounts. */
int mp_file_remove_tree(const char *path, struct mp_err *err);

bool mp_file_exists(const char *path);
