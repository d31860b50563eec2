/* SPDX-License-Identifier: Apache-2.0
 * frames.c - from the payload into slot and ESP, one verified frame after the other
 *
 * Nothing is written of a frame before its SHA-256 matched the index, and nothing of the index is
 * believed before its own SHA-256 matched the manifest. After every few frames what was written is
 * flushed and the count goes into the state: there an interrupted run continues.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "crypto/hash.h"

#define CHECKPOINT 8

/* ---- the index ---- */

static int take_index(void *user, const void *data, size_t len)
{
	return mp_buf_add(user, data, len);
}

static int read_index(struct install *in, const struct mp_release_source *s, struct mp_buf *buf,
		      struct mp_err *err)
{
	const struct mp_install_hooks *h = in->h;
	uint32_t len;
	int r = h->read(h->user, s->target, 0, MP_PAYLOAD_HEADER, take_index, buf, err);

	if (r < 0)
		return r;
	if (buf->len != MP_PAYLOAD_HEADER)
		return mp_err_set(err, -EBADMSG, "it is too short");
	r = mp_payload_index_size((const uint8_t *)buf->data, &len);
	if (r < 0 || len > s->size)
		return mp_err_set(err, r < 0 ? r : -EBADMSG,
				  "it is not a payload that we can read");
	r = h->read(h->user, s->target, MP_PAYLOAD_HEADER, len - MP_PAYLOAD_HEADER, take_index, buf,
		    err);
	if (r < 0)
		return r;
	return buf->len == len ? 0 : mp_err_set(err, -EBADMSG, "it is too short");
}

static bool part_is(const struct mp_payload_index *ix, const char *name, uint64_t size)
{
	int part = mp_payload_find_part(ix, name);

	return part >= 0 && ix->parts[part].size == size;
}

static int check_index(const struct install *in, const struct mp_release_source *s,
		       const struct mp_buf *buf, struct mp_payload_index *ret, struct mp_err *err)
{
	char hex[65];
	int r;

	mp_sha256_hex(buf->data, buf->len, hex);
	if (!mp_streq(hex, s->index_sha256))
		return mp_err_set(err, -EBADMSG, "its index is not the one that was signed");
	r = mp_payload_index_decode(buf->data, buf->len, ret, err);
	if (r < 0)
		return r;
	if (ret->total != s->size || !part_is(ret, "root", in->os->root_size) ||
	    !part_is(ret, "verity", in->os->verity_size) || !part_is(ret, "uki", in->os->uki_size))
		return mp_err_set(err, -EBADMSG, "its parts are not those of the release");
	return 0;
}

/* May another source do better? Not when it is the network, the caller or our own disk. */
static bool next_may_do(int r)
{
	return r == -ENOTSUP || r == -ENOENT || r == -EBADMSG || r == -EFBIG;
}

int install_fetch_index(struct install *in, struct mp_buf *buf, struct mp_payload_index *ret,
			const struct mp_release_source **ret_source, struct mp_err *err)
{
	int r = mp_err_set(err, -ENOTSUP, "release %s comes in no form that this device can read",
			   in->job->release->version);

	for (unsigned i = 0; next_may_do(r) && i < in->os->n_sources; i++) {
		const struct mp_release_source *s = &in->os->sources[i];

		if (!mp_streq(s->type, "full"))
			continue;
		mp_buf_reset(buf);
		r = read_index(in, s, buf, err);
		if (r == 0)
			r = check_index(in, s, buf, ret, err);
		if (r == 0)
			*ret_source = s;
		else
			r = mp_err_wrap(err, r, "the payload %s", s->target);
	}
	return r;
}

/* ---- the frames ---- */

struct stream {
	struct install *in;
	const struct mp_payload_index *ix;
	bool uki;
	struct mp_payload_decoder *decoder;
	uint8_t *packed, *raw;
	uint32_t have; /* bytes of the frame in `packed` */
	unsigned at; /* the frame that comes next */
	unsigned since; /* frames since the last checkpoint */
	char uki_path[INSTALL_PATH], uki_dir[INSTALL_PATH];
	int failed; /* why take_frames() wants no more, and in words: */
	struct mp_err why;
};

static bool is_wanted(const struct stream *s, unsigned i)
{
	struct mp_payload_frame f;
	const char *name;

	mp_payload_frame_get(s->ix, i, &f);
	name = s->ix->parts[f.part].name;
	return s->uki ? mp_streq(name, "uki") : mp_streq(name, "root") || mp_streq(name, "verity");
}

static int write_frame(struct stream *s, const struct mp_payload_frame *f)
{
	struct install *in = s->in;
	bool root = mp_streq(s->ix->parts[f->part].name, "root");
	const struct mp_slots_part *p =
		root ? &in->slots.root[in->target] : &in->slots.verity[in->target];

	if (s->uki)
		return mp_medium_write(in->c->medium, s->uki_path, f->part_offset, s->raw,
				       f->raw_len);
	if (f->part_offset + f->raw_len > p->size)
		return -ENOSPC;
	return mp_medium_write(in->c->medium, p->device, p->base + f->part_offset, s->raw,
			       f->raw_len);
}

static int flush_written(struct stream *s)
{
	struct mp_medium *m = s->in->c->medium;
	const struct mp_slots *slots = &s->in->slots;
	int r;

	if (s->uki) {
		r = mp_medium_flush(m, s->uki_path);
		return r < 0 ? r : mp_medium_sync_dir(m, s->uki_dir);
	}
	r = mp_medium_flush(m, slots->root[s->in->target].device);
	return r < 0 ? r : mp_medium_flush(m, slots->verity[s->in->target].device);
}

/* All frames before s->at are on the disk: say so in the state. */
static int checkpoint(struct stream *s, struct mp_err *err)
{
	struct install_state *st = &s->in->st;
	int r;

	if (s->since == 0)
		return 0;
	r = flush_written(s);
	if (r < 0)
		return mp_err_set(err, r, "cannot flush what was written: %s", strerror(-r));
	s->since = 0;
	if (s->uki)
		st->uki_frames = s->at;
	else
		st->frames = s->at;
	return install_state_save(s->in->c, st, err);
}

/* The bytes of frame s->at are complete. */
static int finish_frame(struct stream *s, const struct mp_payload_frame *f)
{
	unsigned every = s->in->c->checkpoint ? s->in->c->checkpoint : CHECKPOINT;
	int r = mp_payload_frame_decode(s->decoder, f, s->packed, s->have, s->raw, &s->why);

	if (r < 0)
		return r;
	r = write_frame(s, f);
	if (r < 0)
		return mp_err_set(&s->why, r, "cannot write to %s: %s",
				  s->uki ? "the ESP" : "the slot", strerror(-r));
	s->have = 0;
	s->at++;
	s->since++;
	return s->since >= every ? checkpoint(s, &s->why) : 0;
}

/* Finish every frame that has all of its bytes; one of zeros has none to wait for. */
static int finish_frames(struct stream *s, unsigned end)
{
	int r = 0;

	while (r == 0 && s->at < end) {
		struct mp_payload_frame f;

		mp_payload_frame_get(s->ix, s->at, &f);
		if (s->have < f.len)
			break;
		r = finish_frame(s, &f);
	}
	return r;
}

struct run { /* frames that stand one after the other in the payload */
	struct stream *s;
	unsigned end;
};

static int take_frames(void *user, const void *data, size_t len)
{
	struct run *run = user;
	struct stream *s = run->s;
	const uint8_t *p = data;
	int r = install_progress(s->in, len);

	while (r == 0 && len > 0) {
		struct mp_payload_frame f;
		size_t n;

		if (s->at >= run->end)
			return -EFBIG;
		mp_payload_frame_get(s->ix, s->at, &f);
		n = f.len - s->have < len ? f.len - s->have : len;
		memcpy(s->packed + s->have, p, n);
		s->have += (uint32_t)n;
		p += n;
		len -= n;
		r = finish_frames(s, run->end);
	}
	s->failed = r;
	return r;
}

/* Fetch the frames from s->at up to `end` with one request. */
static int fetch_run(struct stream *s, const char *target, unsigned end, struct mp_err *err)
{
	const struct mp_install_hooks *h = s->in->h;
	struct run run = {s, end};
	struct mp_payload_frame first, last;
	uint64_t len;
	int r;

	s->have = 0;
	r = finish_frames(s, end);
	if (r < 0)
		return mp_err_set(err, r, "%s", s->why.text);
	if (s->at == end)
		return 0;
	mp_payload_frame_get(s->ix, s->at, &first);
	mp_payload_frame_get(s->ix, end - 1, &last);
	len = last.offset + last.len - first.offset;
	r = h->read(h->user, target, first.offset, len, take_frames, &run, err);
	/* Our own reason, whatever the caller made of it. */
	if (s->failed < 0 && s->why.text[0])
		return mp_err_set(err, s->failed, "%s", s->why.text);
	if (r < 0)
		return r;
	if (s->at < end)
		return mp_err_set(err, -ECONNRESET, "the payload ended early");
	return 0;
}

static int fetch_all(struct stream *s, const char *target, struct mp_err *err)
{
	unsigned n = s->ix->n_frames;
	int r = 0;

	while (r == 0 && s->at < n) {
		unsigned end;

		if (!is_wanted(s, s->at)) {
			s->at++;
			continue;
		}
		for (end = s->at; end < n && is_wanted(s, end); end++)
			;
		r = fetch_run(s, target, end, err);
	}
	return r;
}

static uint64_t bytes_before(const struct stream *s, unsigned end)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < end; i++) {
		struct mp_payload_frame f;

		mp_payload_frame_get(s->ix, i, &f);
		sum += is_wanted(s, i) ? f.len : 0;
	}
	return sum;
}

static int stream(struct stream *s, const char *target, unsigned from, struct mp_err *err)
{
	struct mp_err ignored;
	int r = install_progress(s->in, bytes_before(s, from));

	s->at = from;
	if (from > 0 && !s->uki && s->in->h->resumed)
		s->in->h->resumed(s->in->h->user, from, s->ix->n_frames);
	if (r == 0)
		r = fetch_all(s, target, err);
	if (r == 0)
		return checkpoint(s, err);
	/* What has arrived need not come again. */
	(void)checkpoint(s, &ignored);
	return r;
}

int install_frames(struct install *in, const struct mp_payload_index *ix, const char *target,
		   bool uki, struct mp_err *err)
{
	auto_(mp_payload_decoder) *decoder = NULL;
	auto_free uint8_t *packed = malloc(MP_PAYLOAD_FRAME), *raw = malloc(MP_PAYLOAD_FRAME);
	struct stream s = {.in = in, .ix = ix, .uki = uki, .packed = packed, .raw = raw};
	uint64_t from = (uint64_t)(uki ? in->st.uki_frames : in->st.frames);
	int r = mp_payload_decoder_new(&decoder);

	if (r < 0 || !packed || !raw)
		return mp_err_set(err, -ENOMEM, "out of memory");
	s.decoder = decoder;
	r = mp_boot_part_path(in->c->esp, in->st.version, s.uki_path, sizeof(s.uki_path));
	if (r == 0)
		r = install_path(s.uki_dir, sizeof(s.uki_dir), "%s/EFI/Linux", in->c->esp);
	if (r < 0)
		return mp_err_set(err, r, "the path of the ESP is too long");
	return stream(&s, target, from > ix->n_frames ? 0 : (unsigned)from, err);
}
