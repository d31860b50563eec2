/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/le.h"
#include "base/str.h"
#include "base/test.h"
#include "crypto/hash.h"

#define FRAME 4096u
#define ROOT (5 * FRAME + 100) /* text, zeros, noise, text, text, a rest */
#define UKI 300

struct made {
	char dir[64], root[96], uki[96], out[96], index_sha256[65];
	struct mp_buf file;
	uint8_t raw_root[ROOT], raw_uki[UKI];
};

static void fill(struct made *w)
{
	uint32_t x = 1;

	for (size_t i = 0; i < ROOT; i++) {
		x = x * 1664525 + 1013904223;
		w->raw_root[i] = (uint8_t)("abcdefgh"[i % 8]);
		if (i / FRAME == 1)
			w->raw_root[i] = 0;
		if (i / FRAME == 2)
			w->raw_root[i] = (uint8_t)(x >> 24);
	}
	memset(w->raw_uki, 'u', UKI);
}

static int create(struct made *w)
{
	struct mp_payload_source sources[] = {{"root", w->root}, {"uki", w->uki}};

	return mp_payload_create_framed(sources, 2, 3, FRAME, w->out, w->index_sha256, NULL, NULL,
					NULL);
}

static int make(struct made *w)
{
	int r;

	fill(w);
	w->file.limit = 1 << 20;
	snprintf(w->dir, sizeof(w->dir), "/tmp/payload-XXXXXX");
	if (!mkdtemp(w->dir))
		return -errno;
	snprintf(w->root, sizeof(w->root), "%s/root", w->dir);
	snprintf(w->uki, sizeof(w->uki), "%s/uki", w->dir);
	snprintf(w->out, sizeof(w->out), "%s/out", w->dir);
	r = mp_file_write(w->root, w->raw_root, ROOT, 0600, NULL);
	if (r == 0)
		r = mp_file_write(w->uki, w->raw_uki, UKI, 0600, NULL);
	if (r == 0)
		r = create(w);
	return r < 0 ? r : mp_file_read(w->out, &w->file, NULL);
}

static void made_done(struct made *w)
{
	mp_buf_done(&w->file);
	(void)mp_file_remove_tree(w->dir, NULL);
}

#define MADE(w) __attribute__((cleanup(made_done))) struct made w = {.dir = ""}

/* The index of a made payload, in a block of its own that ends where it ends. */
static int index_of(const struct made *w, uint8_t **ret, uint32_t *ret_len)
{
	int r = mp_payload_index_size((const uint8_t *)w->file.data, ret_len);

	if (r < 0)
		return r;
	*ret = malloc(*ret_len);
	memcpy(*ret, w->file.data, *ret_len);
	return 0;
}

TEST(payload_brings_every_byte_across)
{
	MADE(w);
	auto_(mp_payload_decoder) *d = NULL;
	auto_free uint8_t *index = NULL, *raw = malloc(MP_PAYLOAD_FRAME);
	struct mp_payload_index ix;
	struct mp_err err;
	uint32_t len;

	ASSERT_OK(make(&w));
	ASSERT_OK(index_of(&w, &index, &len));
	ASSERT_OK(mp_payload_index_decode(index, len, &ix, &err));
	ASSERT_INT(2, ix.n_parts);
	ASSERT_INT(7, ix.n_frames);
	ASSERT_INT(w.file.len, ix.total);
	ASSERT_STR("root", ix.parts[0].name);
	ASSERT_INT(ROOT, ix.parts[0].size);
	ASSERT_INT(1, mp_payload_find_part(&ix, "uki"));
	ASSERT_ERR(-ENOENT, mp_payload_find_part(&ix, "verity"));

	ASSERT_OK(mp_payload_decoder_new(&d));
	for (unsigned i = 0; i < ix.n_frames; i++) {
		struct mp_payload_frame f;

		mp_payload_frame_get(&ix, i, &f);
		ASSERT_OK(mp_payload_frame_decode(d, &f, w.file.data + f.offset, f.len, raw, &err));
		ASSERT(memcmp(raw, (f.part ? w.raw_uki : w.raw_root) + f.part_offset, f.raw_len) ==
		       0);
	}
}

TEST(payload_index_is_pinned_by_its_digest)
{
	MADE(w);
	char hex[65];
	uint32_t len;

	ASSERT_OK(make(&w));
	ASSERT_OK(mp_payload_index_size((const uint8_t *)w.file.data, &len));
	mp_sha256_hex(w.file.data, len, hex);
	ASSERT_STR(w.index_sha256, hex);
}

TEST(payload_chooses_the_encoding_that_fits_the_frame)
{
	static const enum mp_payload_encoding want[] = {MP_PAYLOAD_ZSTD, MP_PAYLOAD_ZERO,
							MP_PAYLOAD_RAW, MP_PAYLOAD_ZSTD};
	MADE(w);
	auto_free uint8_t *index = NULL;
	struct mp_payload_index ix;
	struct mp_payload_frame f;
	uint32_t len;

	ASSERT_OK(make(&w));
	ASSERT_OK(index_of(&w, &index, &len));
	ASSERT_OK(mp_payload_index_decode(index, len, &ix, NULL));
	for (unsigned i = 0; i < 4; i++) {
		mp_payload_frame_get(&ix, i, &f);
		ASSERT_INT(want[i], f.encoding);
	}
	ASSERT(ix.total < ROOT / 2);
}

TEST(payload_is_the_same_bytes_each_time)
{
	MADE(w);
	MP_BUF(again, 1 << 20);

	ASSERT_OK(make(&w));
	ASSERT_OK(create(&w));
	ASSERT_OK(mp_file_read(w.out, &again, NULL));
	ASSERT_INT(w.file.len, again.len);
	ASSERT(memcmp(w.file.data, again.data, again.len) == 0);
}

TEST(payload_create_says_what_it_cannot_do_and_leaves_nothing)
{
	MADE(w);
	struct mp_err err;
	char sha[65];
	struct mp_payload_source missing = {"root", "/nowhere"};
	struct mp_payload_source nameless = {"no/name", "/dev/null"};
	struct mp_payload_source twice[2];

	ASSERT_OK(make(&w));
	ASSERT_OK(unlink(w.out));
	ASSERT_ERR(-ENOENT, mp_payload_create(&missing, 1, 3, w.out, sha, NULL, NULL, &err));
	ASSERT_STR("cannot open /nowhere: No such file or directory", err.text);
	ASSERT_ERR(-EINVAL, mp_payload_create(&nameless, 1, 3, w.out, sha, NULL, NULL, &err));
	ASSERT_ERR(-EINVAL, mp_payload_create(&missing, 0, 3, w.out, sha, NULL, NULL, &err));
	nameless.name = "root";
	ASSERT_ERR(-EINVAL, mp_payload_create(&nameless, 1, 3, w.out, sha, NULL, NULL, &err));
	twice[0] = twice[1] = (struct mp_payload_source){"root", w.root};
	ASSERT_ERR(-EBADMSG, mp_payload_create(twice, 2, 3, w.out, sha, NULL, NULL, &err));
	ASSERT(!mp_file_exists(w.out));
	snprintf(w.out + strlen(w.out), 5, ".tmp");
	ASSERT(!mp_file_exists(w.out));
}

TEST(payload_index_can_be_cut_anywhere)
{
	MADE(w);
	struct mp_payload_index ix;
	uint32_t len;

	ASSERT_OK(make(&w));
	ASSERT_OK(mp_payload_index_size((const uint8_t *)w.file.data, &len));
	for (uint32_t n = 0; n < len; n++) {
		auto_free uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, w.file.data, n);
		ASSERT_ERR(-EBADMSG, mp_payload_index_decode(cut, n, &ix, NULL));
	}
}

/* Set one byte of the index of a good payload: what does the decoder say? */
static int with_byte(const struct made *w, size_t at, uint8_t value)
{
	auto_free uint8_t *index = NULL;
	struct mp_payload_index ix;
	uint32_t len;
	int r = index_of(w, &index, &len);

	if (r < 0)
		return r;
	index[at] = value;
	return mp_payload_index_decode(index, len, &ix, NULL);
}

TEST(payload_index_refuses_what_does_not_add_up)
{
	const size_t parts = MP_PAYLOAD_HEADER + INDEX_HEAD;
	const size_t frames = parts + 2 * PART_LEN, last = frames + 6 * FRAME_LEN;
	MADE(w);

	ASSERT_OK(make(&w));
	ASSERT_ERR(-EBADMSG, with_byte(&w, 0, 'M')); /* magic */
	ASSERT_ERR(-ENOTSUP, with_byte(&w, 8, 2)); /* version */
	ASSERT_ERR(-ENOTSUP, with_byte(&w, 10, 1)); /* flags */
	ASSERT_ERR(-EBADMSG, with_byte(&w, 12, 0)); /* index size */
	ASSERT_ERR(-EFBIG, with_byte(&w, 15, 1));
	ASSERT_ERR(-EBADMSG, with_byte(&w, 16, 0)); /* parts */
	ASSERT_ERR(-EBADMSG, with_byte(&w, 16, 9));
	ASSERT_ERR(-EBADMSG, with_byte(&w, 20, 6)); /* frames */
	ASSERT_ERR(-EBADMSG, with_byte(&w, parts + 1, '/')); /* name */
	ASSERT_ERR(-EBADMSG, with_byte(&w, parts + 10, 'x'));
	ASSERT_ERR(-EBADMSG, with_byte(&w, parts + 16, 0)); /* part size */
	ASSERT_ERR(-EBADMSG, with_byte(&w, parts + 23, 255));
	ASSERT_ERR(-ENOTSUP, with_byte(&w, parts + 24, 1)); /* reserved */
	ASSERT_ERR(-EBADMSG, with_byte(&w, frames, 0)); /* offset */
	ASSERT_ERR(-EBADMSG, with_byte(&w, frames + 8, 1)); /* part offset */
	ASSERT_ERR(-EBADMSG, with_byte(&w, frames + 19, 1)); /* length */
	ASSERT_ERR(-EBADMSG, with_byte(&w, frames + 22, 255)); /* raw length */
	ASSERT_ERR(-ENOTSUP, with_byte(&w, frames + 24, 3)); /* encoding */
	ASSERT_ERR(-EBADMSG, with_byte(&w, frames + 24, MP_PAYLOAD_ZERO));
	ASSERT_ERR(-EBADMSG, with_byte(&w, frames + 25, 1)); /* part */
	ASSERT_ERR(-ENOTSUP, with_byte(&w, frames + 31, 1)); /* reserved */
	ASSERT_ERR(-EBADMSG, with_byte(&w, last + 20, 1)); /* the last part is not complete */
}

TEST(payload_frame_refuses_a_flipped_bit)
{
	MADE(w);
	auto_(mp_payload_decoder) *d = NULL;
	auto_free uint8_t *index = NULL, *raw = malloc(MP_PAYLOAD_FRAME);
	struct mp_payload_index ix;
	struct mp_payload_frame f;
	struct mp_err err;
	uint32_t len;

	ASSERT_OK(make(&w));
	ASSERT_OK(index_of(&w, &index, &len));
	ASSERT_OK(mp_payload_index_decode(index, len, &ix, &err));
	ASSERT_OK(mp_payload_decoder_new(&d));
	for (unsigned i = 0; i < ix.n_frames; i++) {
		mp_payload_frame_get(&ix, i, &f);
		for (uint32_t at = 0; at < f.len; at += 1 + f.len / 50) {
			int r;

			w.file.data[f.offset + at] ^= 4;
			r = mp_payload_frame_decode(d, &f, w.file.data + f.offset, f.len, raw,
						    &err);
			ASSERT(r == 0 || r == -EBADMSG); /* 0: a bit that zstd does not use */
			ASSERT(r < 0 ||
			       memcmp(raw, (f.part ? w.raw_uki : w.raw_root) + f.part_offset,
				      f.raw_len) == 0);
			w.file.data[f.offset + at] ^= 4;
		}
	}
	mp_payload_frame_get(&ix, 1, &f); /* the zeros */
	f.sha256[0] ^= 1;
	ASSERT_ERR(-EBADMSG, mp_payload_frame_decode(d, &f, "", 0, raw, &err));
	ASSERT_STR("a frame of the payload is damaged: its SHA-256 does not match", err.text);
	ASSERT_ERR(-EBADMSG, mp_payload_frame_decode(d, &f, "x", 1, raw, &err));
}

TORTURE(payload_create_survives_oom)
{
	static struct made w;
	int r = 0;

	if (!w.dir[0])
		r = make(&w);
	else
		r = create(&w);
	if (r == 0)
		made_done(&w);
	else if (!mp_file_exists(w.uki))
		made_done(&w), w.dir[0] = '\0';
	return r;
}

TORTURE(payload_decoder_survives_oom)
{
	auto_(mp_payload_decoder) *d = NULL;

	return mp_payload_decoder_new(&d);
}
