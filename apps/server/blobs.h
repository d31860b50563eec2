/* SPDX-License-Identifier: Apache-2.0
 * blobs.h - files by the SHA-256 of their bytes, in DATA/blobs
 *
 * A blob is written beside, synced and renamed; its row comes with the turn's commit. A file
 * without a row (cut off between the two) is written again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct server;

struct blob {
	uint64_t size;
	char sha256[65], sha1[41], md5[33];
	int64_t created;
};

struct blobs;
int blobs_new(struct server *s, struct blobs **ret, struct mp_err *err);
void blobs_free(struct blobs *b);

/* Is it the name of a blob: 64 hexadecimal digits in lower case? */
bool blobs_is_name(const char *text);
/* -ENOENT: not here. */
int blobs_find(struct server *s, const char *sha256, struct blob *ret);
/* A descriptor to read it, or -ENOENT. */
int blobs_open(struct server *s, const char *sha256);
/* All of a small one: -EFBIG past the buffer's limit. */
struct mp_buf;
int blobs_read(struct server *s, const char *sha256, struct mp_buf *out);

/* Somebody is about to need it: as good as uploaded now (collect.h). Writes now and then; 1: it did. */
int blobs_touch(struct server *s, const struct blob *blob);
/* Take the bytes of one that has no row from the disk. */
int blobs_unlink(struct server *s, const char *sha256);

/* Write one from memory; one that is there already is fine. *ret_sha256 gets its name. */
int blobs_put(struct server *s, const void *data, size_t len, char ret_sha256[65]);

/* Write one piece by piece. */
struct upload;
int upload_new(struct server *s, struct upload **ret);
int upload_add(void *upload, const void *data, size_t len); /* -ENOSPC, -EIO */
/* Check, sync and name it. -EBADMSG: not the digest that was promised. */
int upload_end(struct upload *u, const char *sha256);
void upload_free(struct upload *u); /* removes what was not ended */
