/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/str.h"
#include "crypto/hash.h"
#include "oci/internal.h"

struct oci_out {
	char *path, *tmp;
	int fd;
	ZSTD_CCtx *zstd;
	struct mp_hash *tar_hash, *file_hash;
	uint64_t tar_size, size;
	char buf[1 << 17];
};

void mp_oci_out_free(struct oci_out *o)
{
	if (!o)
		return;
	if (o->fd >= 0) {
		(void)close(o->fd);
		(void)unlink(o->tmp);
	}
	ZSTD_freeCCtx(o->zstd);
	mp_hash_free(o->tar_hash);
	mp_hash_free(o->file_hash);
	free(o->path);
	free(o->tmp);
	free(o);
}

static int prepare(struct oci_out *o, const char *path, int level)
{
	size_t z;

	o->path = strdup(path);
	o->tmp = mp_str_format("%s.XXXXXX", path);
	o->zstd = ZSTD_createCCtx();
	if (!o->path || !o->tmp || !o->zstd || mp_hash_new(MP_SHA256, &o->tar_hash) < 0 ||
	    mp_hash_new(MP_SHA256, &o->file_hash) < 0)
		return -ENOMEM;
	z = ZSTD_CCtx_setParameter(o->zstd, ZSTD_c_compressionLevel, level ? level : 15);
	return ZSTD_isError(z) ? -EINVAL : 0;
}

int mp_oci_out_open(const char *path, int level, struct oci_out **ret, struct mp_err *err)
{
	__attribute__((cleanup(oci_out_autofree))) struct oci_out *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return mp_err_set(err, -ENOMEM, "out of memory");
	o->fd = -1;
	r = prepare(o, path, level);
	if (r < 0)
		return mp_err_set(err, r, "cannot start to compress %s: %s", path, strerror(-r));
	o->fd = mkostemp(o->tmp, O_CLOEXEC);
	if (o->fd < 0)
		return mp_err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
	*ret = take_ptr(o);
	return 0;
}

static int write_out(struct oci_out *o, const char *data, size_t len)
{
	mp_hash_add(o->file_hash, data, len);
	o->size += len;
	while (len > 0) {
		ssize_t n = write(o->fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int compress(struct oci_out *o, const void *data, size_t len, ZSTD_EndDirective end)
{
	ZSTD_inBuffer in = {data, len, 0};
	size_t left;

	do {
		ZSTD_outBuffer out = {o->buf, sizeof(o->buf), 0};
		int r;

		left = ZSTD_compressStream2(o->zstd, &out, &in, end);
		if (ZSTD_isError(left))
			return -ENOMEM; /* the only error that a sound use leaves */
		r = write_out(o, o->buf, out.pos);
		if (r < 0)
			return r;
	} while (in.pos < in.size || (end == ZSTD_e_end && left > 0));
	return 0;
}

int mp_oci_out_add(struct oci_out *o, const void *data, size_t len, struct mp_err *err)
{
	int r;

	o->tar_size += len;
	if (o->tar_size > OCI_LAYER_MAX)
		return mp_err_set(err, -EFBIG, "the layer %s would be larger than 16 GiB", o->path);
	mp_hash_add(o->tar_hash, data, len);
	r = compress(o, data, len, ZSTD_e_continue);
	if (r < 0)
		return mp_err_set(err, r, "cannot write %s: %s", o->path, strerror(-r));
	return 0;
}

int mp_oci_out_end(struct oci_out *o, struct mp_oci_layer *ret, struct mp_err *err)
{
	uint8_t digest[MP_HASH_MAX];
	int r = compress(o, NULL, 0, ZSTD_e_end);

	if (r == 0 && (fchmod(o->fd, 0644) < 0 || fsync(o->fd) < 0 || rename(o->tmp, o->path) < 0))
		r = -errno;
	if (r < 0)
		return mp_err_set(err, r, "cannot write %s: %s", o->path, strerror(-r));
	(void)close(o->fd);
	o->fd = -1;
	mp_hash_end(o->tar_hash, digest);
	mp_hex_format(digest, MP_SHA256_LEN, ret->diff_id);
	mp_hash_end(o->file_hash, digest);
	mp_hex_format(digest, MP_SHA256_LEN, ret->sha256);
	ret->size = o->size;
	ret->tar_size = o->tar_size;
	return 0;
}
