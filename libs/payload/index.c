/* SPDX-License-Identifier: Apache-2.0
 * index.c - header and index of a payload: hostile until every field has been looked at
 *
 * After mp_payload_index_decode() the frames cover each part from its first to its last byte, in
 * the order of the parts, and stand one after the other in the file. So nothing that is written
 * by an index that passed can fall outside a part, and no byte of the file is read twice.
 */
#include "internal.h"

#include <errno.h>
#include <string.h>

#include "base/le.h"
#include "base/str.h"

int mp_payload_index_size(const uint8_t header[MP_PAYLOAD_HEADER], uint32_t *ret)
{
	uint32_t size;

	if (memcmp(header, PAYLOAD_MAGIC, 8) != 0)
		return -EBADMSG;
	if (mp_le16(header + 8) != PAYLOAD_VERSION || mp_le16(header + 10) != 0)
		return -ENOTSUP;
	size = mp_le32(header + 12);
	if (size < INDEX_HEAD)
		return -EBADMSG;
	if (size > INDEX_MOST)
		return -EFBIG;
	*ret = MP_PAYLOAD_HEADER + size;
	return 0;
}

static bool all_zero(const uint8_t *p, size_t len)
{
	uint8_t any = 0;

	while (len--)
		any |= *p++;
	return any == 0;
}

static int decode_part(const uint8_t *at, struct mp_payload_part *ret)
{
	size_t n = strnlen((const char *)at, 16);

	if (n == 16 || !all_zero(at + n, 16 - n))
		return -EBADMSG;
	memcpy(ret->name, at, 16);
	ret->size = mp_le64(at + 16);
	if (!mp_str_is_name(ret->name, 15) || ret->size == 0 ||
	    ret->size > (uint64_t)MP_PAYLOAD_FRAMES * MP_PAYLOAD_FRAME)
		return -EBADMSG;
	return all_zero(at + 24, 8) ? 0 : -ENOTSUP;
}

static int decode_parts(const uint8_t *at, unsigned n, struct mp_payload_index *ix)
{
	for (unsigned i = 0; i < n; i++) {
		int r = decode_part(at + (size_t)i * PART_LEN, &ix->parts[i]);

		if (r < 0)
			return r;
		for (unsigned j = 0; j < i; j++)
			if (mp_streq(ix->parts[i].name, ix->parts[j].name))
				return -EBADMSG;
	}
	return 0;
}

void payload_frame_encode(const struct mp_payload_frame *f, uint8_t at[FRAME_LEN])
{
	memset(at, 0, FRAME_LEN);
	mp_put_le64(at, f->offset);
	mp_put_le64(at + 8, f->part_offset);
	mp_put_le32(at + 16, f->len);
	mp_put_le32(at + 20, f->raw_len);
	at[24] = (uint8_t)f->encoding;
	at[25] = (uint8_t)f->part;
	memcpy(at + 32, f->sha256, 32);
}

static void frame_at(const uint8_t *at, struct mp_payload_frame *ret)
{
	ret->offset = mp_le64(at);
	ret->part_offset = mp_le64(at + 8);
	ret->len = mp_le32(at + 16);
	ret->raw_len = mp_le32(at + 20);
	ret->encoding = at[24];
	ret->part = at[25];
	memcpy(ret->sha256, at + 32, 32);
}

void mp_payload_frame_get(const struct mp_payload_index *ix, unsigned i,
			  struct mp_payload_frame *ret)
{
	frame_at(ix->bytes + MP_PAYLOAD_HEADER + payload_index_len(ix->n_parts, i), ret);
}

static bool len_fits(const struct mp_payload_frame *f)
{
	if (f->encoding == MP_PAYLOAD_RAW)
		return f->len == f->raw_len;
	if (f->encoding == MP_PAYLOAD_ZSTD)
		return f->len > 0 && f->len < f->raw_len;
	return f->len == 0;
}

/* Where the next frame must begin. */
struct cursor {
	unsigned part;
	uint64_t part_offset, offset;
};

static int check_frame(const struct mp_payload_index *ix, const struct mp_payload_frame *f,
		       struct cursor *c)
{
	if (f->part != c->part || f->part_offset != c->part_offset || f->offset != c->offset)
		return -EBADMSG;
	if (f->raw_len == 0 || f->raw_len > MP_PAYLOAD_FRAME ||
	    f->raw_len > ix->parts[c->part].size - c->part_offset)
		return -EBADMSG;
	if (!len_fits(f))
		return -EBADMSG;
	c->offset += f->len;
	c->part_offset += f->raw_len;
	if (c->part_offset == ix->parts[c->part].size) {
		c->part++;
		c->part_offset = 0;
	}
	return 0;
}

static int check_frames(struct mp_payload_index *ix)
{
	struct cursor c = {.offset = ix->len};

	for (unsigned i = 0; i < ix->n_frames; i++) {
		const uint8_t *at =
			ix->bytes + MP_PAYLOAD_HEADER + payload_index_len(ix->n_parts, i);
		struct mp_payload_frame f;
		int r;

		frame_at(at, &f);
		if (f.encoding > MP_PAYLOAD_ZERO || !all_zero(at + 26, 6))
			return -ENOTSUP;
		r = c.part < ix->n_parts ? check_frame(ix, &f, &c) : -EBADMSG;
		if (r < 0)
			return r;
	}
	ix->total = c.offset;
	return c.part == ix->n_parts ? 0 : -EBADMSG;
}

static int decode(const uint8_t *bytes, size_t len, struct mp_payload_index *ix)
{
	uint32_t size;
	int r;

	if (len < MP_PAYLOAD_HEADER + INDEX_HEAD)
		return -EBADMSG;
	r = mp_payload_index_size(bytes, &size);
	if (r < 0)
		return r;
	ix->bytes = bytes;
	ix->len = len;
	ix->n_parts = mp_le32(bytes + MP_PAYLOAD_HEADER);
	ix->n_frames = mp_le32(bytes + MP_PAYLOAD_HEADER + 4);
	if (ix->n_parts == 0 || ix->n_parts > MP_PAYLOAD_PARTS || ix->n_frames > MP_PAYLOAD_FRAMES)
		return -EBADMSG;
	if (size != len || len != MP_PAYLOAD_HEADER + payload_index_len(ix->n_parts, ix->n_frames))
		return -EBADMSG;
	r = decode_parts(bytes + MP_PAYLOAD_HEADER + INDEX_HEAD, ix->n_parts, ix);
	return r < 0 ? r : check_frames(ix);
}

int mp_payload_index_decode(const void *bytes, size_t len, struct mp_payload_index *ret,
			    struct mp_err *err)
{
	struct mp_payload_index ix = {0};
	int r = decode(bytes, len, &ix);

	if (r == -ENOTSUP)
		return mp_err_set(err, r, "the payload is of a kind that this device cannot read");
	if (r < 0)
		return mp_err_set(err, r, "the index of the payload is malformed");
	*ret = ix;
	return 0;
}

int mp_payload_find_part(const struct mp_payload_index *ix, const char *name)
{
	for (unsigned i = 0; i < ix->n_parts; i++)
		if (mp_streq(ix->parts[i].name, name))
			return (int)i;
	return -ENOENT;
}
