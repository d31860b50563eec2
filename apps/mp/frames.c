/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "payload/payload.h"

#define INDEX_MAX (16u << 20)

struct reader {
	const char *path;
	int fd;
	struct mp_buf head; /* header and index */
	struct mp_payload_index index;
	struct mp_payload_decoder *decoder;
	uint8_t *packed, *raw; /* one frame */
	size_t packed_room;
};

static void reader_done(struct reader *x)
{
	if (x->fd >= 0)
		close(x->fd);
	mp_buf_done(&x->head);
	mp_payload_decoder_free(x->decoder);
	free(x->packed);
	free(x->raw);
}

static int read_at(const struct reader *x, uint64_t offset, void *into, size_t len,
		   struct mp_err *err)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(x->fd, (char *)into + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno != EINTR)
			return mp_err_set(err, -errno, "cannot read %s: %s", x->path,
					  strerror(errno));
		if (n == 0)
			return mp_err_set(err, -EBADMSG, "%s is cut short: build the release again",
					  x->path);
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int read_index(struct reader *x, const struct mp_release_source *source, struct mp_err *err)
{
	uint8_t header[MP_PAYLOAD_HEADER];
	uint32_t size;
	char hex[65];
	int r = read_at(x, 0, header, sizeof(header), err);

	if (r < 0)
		return r;
	if (mp_payload_index_size(header, &size) < 0)
		return mp_err_set(err, -EBADMSG, "%s is no payload: build the release again",
				  x->path);
	r = mp_buf_reserve(&x->head, size);
	if (r < 0)
		return mp_err_set(err, r, "the index of %s is too large", x->path);
	r = read_at(x, 0, x->head.data, size, err);
	if (r < 0)
		return r;
	x->head.len = size;
	mp_sha256_hex(x->head.data, size, hex);
	if (!mp_streq(hex, source->index_sha256))
		return mp_err_set(err, -EBADMSG,
				  "the index of %s is not the one in the manifest: build the "
				  "release again",
				  x->path);
	r = mp_payload_index_decode(x->head.data, size, &x->index, err);
	return r < 0 ? mp_err_wrap(err, r, "%s", x->path) : 0;
}

static int open_payload(struct reader *x, const struct mp_release_source *source,
			struct mp_err *err)
{
	int r;

	x->fd = open(x->path, O_RDONLY | O_CLOEXEC);
	if (x->fd < 0)
		return mp_err_set(err, -errno, "cannot open %s: %s", x->path, strerror(errno));
	r = read_index(x, source, err);
	if (r < 0)
		return r;
	x->raw = malloc(MP_PAYLOAD_FRAME);
	if (!x->raw || mp_payload_decoder_new(&x->decoder) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	return 0;
}

static int decode_frame(struct reader *x, const struct mp_payload_frame *f, struct mp_err *err)
{
	int r;

	if (f->len > x->packed_room) {
		uint8_t *more = realloc(x->packed, f->len);

		if (!more)
			return mp_err_set(err, -ENOMEM, "out of memory");
		x->packed = more;
		x->packed_room = f->len;
	}
	r = read_at(x, f->offset, x->packed, f->len, err);
	if (r < 0)
		return r;
	r = mp_payload_frame_decode(x->decoder, f, x->packed, f->len, x->raw, err);
	return r < 0 ? mp_err_wrap(err, r, "%s", x->path) : 0;
}

static int compare(const struct reader *x, const char *part, const uint8_t *digest,
		   const struct mp_release_os *os, struct mp_err *err)
{
	const char *wanted = mp_streq(part, "root")	? os->root_sha256
			     : mp_streq(part, "verity") ? os->verity_sha256
			     : mp_streq(part, "uki")	? os->uki_sha256
							: NULL;
	char hex[65];

	mp_hex_format(digest, MP_SHA256_LEN, hex);
	if (!wanted || mp_streq(hex, wanted))
		return 0;
	return mp_err_set(err, -EBADMSG,
			  "%s holds another '%s' than the manifest says: build the release again",
			  x->path, part);
}

/* Frames come in order, so each part is hashed as it streams by. */
static int check_frames(struct reader *x, const struct mp_release_os *os,
			struct mp_progress *progress, struct mp_err *err)
{
	auto_(mp_hash) *hash = NULL;
	struct mp_payload_frame f = {0}, next = {0};
	uint8_t digest[MP_HASH_MAX];
	int r = mp_hash_new(MP_SHA256, &hash);

	if (r < 0)
		return mp_err_set(err, r, "out of memory");
	for (unsigned i = 0; i < x->index.n_frames && r == 0; i++) {
		mp_payload_frame_get(&x->index, i, &f);
		r = decode_frame(x, &f, err);
		if (r < 0)
			return r;
		mp_hash_add(hash, x->raw, f.raw_len);
		mp_progress_update(progress, f.offset + f.len, x->index.total);
		if (i + 1 < x->index.n_frames)
			mp_payload_frame_get(&x->index, i + 1, &next);
		if (i + 1 < x->index.n_frames && next.part == f.part)
			continue;
		mp_hash_end(hash, digest);
		r = compare(x, x->index.parts[f.part].name, digest, os, err);
	}
	return r;
}

int mp_frames_check(const char *path, const struct mp_release_os *os,
		    const struct mp_release_source *source, struct mp_progress *progress,
		    struct mp_err *err)
{
	__attribute__((cleanup(reader_done))) struct reader x = {
		.path = path, .fd = -1, .head = {.limit = INDEX_MAX}};
	int r = open_payload(&x, source, err);

	return r < 0 ? r : check_frames(&x, os, progress, err);
}
