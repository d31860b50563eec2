/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/str.h"
#include "crypto/hash.h"
#include "oci/internal.h"

struct oci_in {
	int fd;
	enum oci_packing packing;
	struct mp_hash *hash;
	uint64_t size; /* bytes of the file so far */
	char buf[1 << 16];
	size_t at, end; /* of buf, not consumed yet */
	bool eof;
	bool open_frame; /* inside a gzip member or a zstd frame: the file may not end here */
	z_stream gzip;
	bool gzip_ready;
	ZSTD_DCtx *zstd;
};

void mp_oci_in_free(struct oci_in *in)
{
	if (!in)
		return;
	if (in->fd >= 0)
		(void)close(in->fd);
	if (in->gzip_ready)
		(void)inflateEnd(&in->gzip);
	ZSTD_freeDCtx(in->zstd);
	mp_hash_free(in->hash);
	free(in);
}

static int prepare(struct oci_in *in)
{
	if (mp_hash_new(MP_SHA256, &in->hash) < 0)
		return -ENOMEM;
	if (in->packing == OCI_ZSTD) {
		in->zstd = ZSTD_createDCtx();
		return in->zstd ? 0 : -ENOMEM;
	}
	if (in->packing == OCI_GZIP) {
		if (inflateInit2(&in->gzip, 16 + MAX_WBITS) != Z_OK)
			return -ENOMEM;
		in->gzip_ready = true;
	}
	return 0;
}

int mp_oci_in_open(const char *path, enum oci_packing packing, struct oci_in **ret,
		   struct mp_err *err)
{
	__attribute__((cleanup(oci_in_autofree))) struct oci_in *in = calloc(1, sizeof(*in));

	if (!in)
		return mp_err_set(err, -ENOMEM, "out of memory");
	in->packing = packing;
	in->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (in->fd < 0)
		return mp_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	if (prepare(in) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	*ret = take_ptr(in);
	return 0;
}

static int fill(struct oci_in *in)
{
	ssize_t n;

	if (in->at < in->end || in->eof)
		return 0;
	do
		n = read(in->fd, in->buf, sizeof(in->buf));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	mp_hash_add(in->hash, in->buf, (size_t)n);
	in->size += (uint64_t)n;
	in->at = 0;
	in->end = (size_t)n;
	in->eof = n == 0;
	return 0;
}

static ssize_t read_plain(struct oci_in *in, void *data, size_t len)
{
	size_t n = in->end - in->at < len ? in->end - in->at : len;

	memcpy(data, in->buf + in->at, n);
	in->at += n;
	return (ssize_t)n;
}

/* A gzip file may hold several members, one after the other. */
static ssize_t read_gzip(struct oci_in *in, void *data, size_t len)
{
	int r;

	if (!in->open_frame && inflateReset(&in->gzip) != Z_OK)
		return -EBADMSG;
	in->open_frame = true;
	in->gzip.next_in = (Bytef *)in->buf + in->at;
	in->gzip.avail_in = (uInt)(in->end - in->at);
	in->gzip.next_out = data;
	in->gzip.avail_out = (uInt)len;
	r = inflate(&in->gzip, Z_NO_FLUSH);
	if (r == Z_MEM_ERROR)
		return -ENOMEM;
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return -EBADMSG;
	in->at = in->end - in->gzip.avail_in;
	in->open_frame = r != Z_STREAM_END;
	return (ssize_t)(len - in->gzip.avail_out);
}

static ssize_t read_zstd(struct oci_in *in, void *data, size_t len)
{
	ZSTD_inBuffer from = {in->buf, in->end, in->at};
	ZSTD_outBuffer to = {data, len, 0};
	size_t left = ZSTD_decompressStream(in->zstd, &to, &from);

	if (ZSTD_isError(left))
		return -EBADMSG;
	in->at = from.pos;
	in->open_frame = left > 0;
	return (ssize_t)to.pos;
}

ssize_t mp_oci_in_read(struct oci_in *in, void *data, size_t len)
{
	static ssize_t (*const readers[])(struct oci_in *, void *, size_t) = {
		[OCI_PLAIN] = read_plain, [OCI_GZIP] = read_gzip, [OCI_ZSTD] = read_zstd};

	for (;;) {
		ssize_t n = fill(in);

		if (n < 0)
			return n;
		if (in->eof && !in->open_frame)
			return 0;
		n = readers[in->packing](in, data, len);
		if (n != 0)
			return n;
		if (in->eof) /* nothing comes out and nothing goes in any more: cut short */
			return -EBADMSG;
	}
}

void mp_oci_in_end(struct oci_in *in, uint64_t *ret_size, char ret_sha256[65])
{
	uint8_t digest[MP_HASH_MAX];

	mp_hash_end(in->hash, digest);
	mp_hex_format(digest, MP_SHA256_LEN, ret_sha256);
	*ret_size = in->size;
}
