/* SPDX-License-Identifier: Apache-2.0 */
#include "payload/payload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "crypto/hash.h"

struct mp_payload_decoder {
	ZSTD_DCtx *zstd;
	struct mp_hash *hash;
};

int mp_payload_decoder_new(struct mp_payload_decoder **ret)
{
	auto_(mp_payload_decoder) *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return -ENOMEM;
	r = mp_hash_new(MP_SHA256, &d->hash);
	if (r < 0)
		return r;
	d->zstd = ZSTD_createDCtx();
	if (!d->zstd)
		return -ENOMEM;
	*ret = take_ptr(d);
	return 0;
}

void mp_payload_decoder_free(struct mp_payload_decoder *d)
{
	if (!d)
		return;
	(void)ZSTD_freeDCtx(d->zstd);
	mp_hash_free(d->hash);
	free(d);
}

static int unpack(struct mp_payload_decoder *d, const struct mp_payload_frame *f, const void *bytes,
		  uint8_t *raw)
{
	size_t n;

	switch (f->encoding) {
	case MP_PAYLOAD_RAW:
		memcpy(raw, bytes, f->raw_len);
		return 0;
	case MP_PAYLOAD_ZERO:
		memset(raw, 0, f->raw_len);
		return 0;
	case MP_PAYLOAD_ZSTD:
		/* The output is the whole frame, so the decoder needs no window of its own,
		 * whatever the frame's header asks for. */
		n = ZSTD_decompressDCtx(d->zstd, raw, f->raw_len, bytes, f->len);
		return ZSTD_isError(n) || n != f->raw_len ? -EBADMSG : 0;
	}
	return -ENOTSUP;
}

int mp_payload_frame_decode(struct mp_payload_decoder *d, const struct mp_payload_frame *f,
			    const void *bytes, size_t len, uint8_t *raw, struct mp_err *err)
{
	uint8_t digest[MP_SHA256_LEN];
	int r;

	if (len != f->len || f->raw_len > MP_PAYLOAD_FRAME)
		return mp_err_set(err, -EBADMSG, "a frame of the payload has the wrong length");
	r = unpack(d, f, bytes, raw);
	if (r < 0)
		return mp_err_set(err, r, "a frame of the payload is damaged: it does not unpack");
	mp_hash_add(d->hash, raw, f->raw_len);
	mp_hash_end(d->hash, digest);
	if (memcmp(digest, f->sha256, sizeof(digest)) != 0)
		return mp_err_set(err, -EBADMSG,
				  "a frame of the payload is damaged: its SHA-256 does not match");
	return 0;
}
