/* SPDX-License-Identifier: Apache-2.0 */
#include "blobs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "server.h"

#define TOUCHED_EVERY 3600 /* seconds */
#define FLUSH_EVERY (8u << 20) /* start writing back so often, so that the last sync is short */

struct blobs {
	int dir; /* DATA/blobs */
	unsigned next; /* number of the next temporary file */
};

struct upload {
	struct server *s;
	int fd;
	char name[32]; /* of the temporary file; "" once it has been named */
	uint64_t size, flushed;
	struct mp_hash *sha256, *sha1, *md5;
};

/* What an earlier process left unfinished. */
static void sweep(struct blobs *b)
{
	char name[32];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), ".upload-%u", i);
		(void)unlinkat(b->dir, name, 0);
	}
}

int blobs_new(struct server *s, struct blobs **ret, struct mp_err *err)
{
	struct blobs *b;
	int r = mp_file_make_dirs("blobs", 0700, err);

	if (r < 0)
		return r;
	b = calloc(1, sizeof(*b));
	if (!b)
		return mp_err_set(err, -ENOMEM, "memory is out");
	b->dir = open("blobs", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (b->dir < 0) {
		r = -errno;
		free(b);
		return mp_err_set(err, r, "%s/blobs cannot be opened: %s", s->options.data,
				  strerror(-r));
	}
	sweep(b);
	*ret = b;
	return 0;
}

void blobs_free(struct blobs *b)
{
	if (!b)
		return;
	close(b->dir);
	free(b);
}

/* ---- reading ---- */

int blobs_find(struct server *s, const char *sha256, struct blob *ret)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT size, sha1, md5, created FROM blob WHERE sha256 = ?", &q,
			       MP_TEXT(sha256));

	if (r == 0)
		r = mp_query_next(q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	ret->size = (uint64_t)mp_query_int(q, 0);
	ret->created = mp_query_int(q, 3);
	snprintf(ret->sha256, sizeof(ret->sha256), "%s", sha256);
	snprintf(ret->sha1, sizeof(ret->sha1), "%s", mp_query_text(q, 1));
	snprintf(ret->md5, sizeof(ret->md5), "%s", mp_query_text(q, 2));
	return 0;
}

int blobs_open(struct server *s, const char *sha256)
{
	int fd = openat(s->blobs->dir, sha256, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int blobs_read(struct server *s, const char *sha256, struct mp_buf *out)
{
	auto_close int fd = blobs_open(s, sha256);
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	for (;;) {
		r = mp_buf_reserve(out, 4096);
		if (r < 0)
			return r;
		n = read(fd, out->data + out->len, 4096);
		if (n <= 0)
			break;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
	}
	return n < 0 ? -errno : 0;
}

bool blobs_is_name(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* ---- writing ---- */

int blobs_touch(struct server *s, const struct blob *blob)
{
	int64_t now = server_now();

	if (blob->created > now - TOUCHED_EVERY)
		return 0;
	return mp_store_run(s->store, "UPDATE blob SET created = ? WHERE sha256 = ?", MP_INT(now),
			    MP_TEXT(blob->sha256));
}

int blobs_unlink(struct server *s, const char *sha256)
{
	return unlinkat(s->blobs->dir, sha256, 0) < 0 ? -errno : 0;
}

int upload_new(struct server *s, struct upload **ret)
{
	struct upload *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->s = s;
	u->fd = -1;
	if (mp_hash_new(MP_SHA256, &u->sha256) < 0 || mp_hash_new(MP_SHA1, &u->sha1) < 0 ||
	    mp_hash_new(MP_MD5, &u->md5) < 0) {
		upload_free(u);
		return -ENOMEM;
	}
	snprintf(u->name, sizeof(u->name), ".upload-%u", s->blobs->next++ % 1000);
	u->fd = openat(s->blobs->dir, u->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (u->fd < 0) {
		int r = -errno;

		u->name[0] = '\0'; /* it is another's */
		upload_free(u);
		return r;
	}
	*ret = u;
	return 0;
}

void upload_free(struct upload *u)
{
	if (!u)
		return;
	if (u->fd >= 0)
		close(u->fd);
	if (u->name[0])
		(void)unlinkat(u->s->blobs->dir, u->name, 0);
	mp_hash_free(u->sha256);
	mp_hash_free(u->sha1);
	mp_hash_free(u->md5);
	free(u);
}

int upload_add(void *upload, const void *data, size_t len)
{
	struct upload *u = upload;
	const char *p = data;

	mp_hash_add(u->sha256, data, len);
	mp_hash_add(u->sha1, data, len);
	mp_hash_add(u->md5, data, len);
	u->size += len;
	while (len > 0) {
		ssize_t n = write(u->fd, p, len);

		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	if (u->size - u->flushed >= FLUSH_EVERY) {
		(void)sync_file_range(u->fd, (off_t)u->flushed, (off_t)(u->size - u->flushed),
				      SYNC_FILE_RANGE_WRITE);
		u->flushed = u->size;
	}
	return 0;
}

static void digest_text(struct mp_hash *h, enum mp_hash_kind kind, char *ret)
{
	uint8_t digest[MP_HASH_MAX];

	mp_hash_end(h, digest);
	mp_hex_format(digest, mp_hash_len(kind), ret);
}

static int name_it(struct upload *u, const char *sha256)
{
	int dir = u->s->blobs->dir;

	if (fsync(u->fd) < 0 || renameat(dir, u->name, dir, sha256) < 0)
		return -errno;
	u->name[0] = '\0';
	return fsync(dir) < 0 ? -errno : 0;
}

int upload_end(struct upload *u, const char *promised)
{
	char sha256[65], sha1[41], md5[33];
	int r;

	digest_text(u->sha256, MP_SHA256, sha256);
	digest_text(u->sha1, MP_SHA1, sha1);
	digest_text(u->md5, MP_MD5, md5);
	if (strcmp(sha256, promised) != 0)
		return -EBADMSG;
	r = name_it(u, sha256);
	if (r == 0)
		r = mp_store_run(u->s->store,
				 "INSERT OR IGNORE INTO blob (sha256, size, sha1, md5, created)"
				 " VALUES (?, ?, ?, ?, ?)",
				 MP_TEXT(sha256), MP_INT((int64_t)u->size), MP_TEXT(sha1),
				 MP_TEXT(md5), MP_INT(server_now()));
	return r < 0 ? r : 0;
}

int blobs_put(struct server *s, const void *data, size_t len, char ret_sha256[65])
{
	struct upload *u = NULL;
	struct blob known;
	int r;

	mp_sha256_hex(data, len, ret_sha256);
	r = blobs_find(s, ret_sha256, &known);
	if (r != -ENOENT)
		return r;
	r = upload_new(s, &u);
	if (r == 0)
		r = upload_add(u, data, len);
	if (r == 0)
		r = upload_end(u, ret_sha256);
	upload_free(u);
	return r;
}
