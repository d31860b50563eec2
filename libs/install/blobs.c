/* SPDX-License-Identifier: Apache-2.0
 * blobs.c - what a release needs on `data`: image configurations, layers, its manifest
 *
 * A blob is written to BLOB.part and renamed when its SHA-256 is the one that TUF promised. So a
 * blob that has its name is whole. What an interrupted download left in the part is hashed again
 * and continued; when that does not add up, it starts once more from nothing.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "crypto/hash.h"

#define CHUNK 65536
#define UNPACKED 3 /* how much larger a layer is in Docker than its blob, about */

int mp_install_blob_path(const char *state_dir, const char *digest, char *ret, size_t room)
{
	return install_path(ret, room, "%s/blobs/%s", state_dir, digest);
}

int mp_install_manifest_path(const char *state_dir, const char *version, char *ret, size_t room)
{
	return install_path(ret, room, "%s/releases/%s/manifest.json", state_dir, version);
}

static bool is_there(const struct mp_install_config *c, const char *digest, uint64_t size)
{
	char path[INSTALL_PATH];

	return mp_install_blob_path(c->state_dir, digest, path, sizeof(path)) == 0 &&
	       mp_medium_size(c->medium, path) == (int64_t)size;
}

static bool has_layer(const struct mp_install_hooks *h, const char *diff_id)
{
	return h->have_layer && h->have_layer(h->user, diff_id);
}

struct blob {
	const char *digest, *target;
	uint64_t size;
};

/* Each blob of the release that is not here yet, one after the other. */
static int each_missing(const struct mp_install_config *c, const struct mp_install_hooks *h,
			const struct mp_release *release,
			int (*each)(void *user, const struct blob *b, struct mp_err *err),
			void *user, struct mp_err *err)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < release->n_services; i++) {
		const struct mp_release_service *s = &release->services[i];

		if (!is_there(c, s->image_id, s->config_size))
			r = each(user,
				 &(struct blob){s->image_id, s->config_target, s->config_size},
				 err);
		for (unsigned k = 0; r == 0 && k < s->n_layers; k++) {
			const struct mp_release_layer *l = &s->layers[k];

			if (!is_there(c, l->diff_id, l->size) && !has_layer(h, l->diff_id))
				r = each(user, &(struct blob){l->diff_id, l->target, l->size}, err);
		}
	}
	return r;
}

struct sum {
	const struct mp_install_config *c;
	uint64_t move, room;
};

static int add_blob(void *user, const struct blob *b, struct mp_err *err)
{
	struct sum *sum = user;
	char path[INSTALL_PATH];
	int64_t part = -1;

	(void)err;
	if (install_path(path, sizeof(path), "%s/blobs/%s.part", sum->c->state_dir, b->digest) == 0)
		part = mp_medium_size(sum->c->medium, path);
	if (part < 0 || (uint64_t)part > b->size)
		part = 0;
	sum->move += b->size;
	sum->room += b->size * (1 + UNPACKED) - (uint64_t)part;
	return 0;
}

void install_blobs_missing(const struct mp_install_config *c, const struct mp_install_hooks *h,
			   const struct mp_release *release, uint64_t *ret_move, uint64_t *ret_room)
{
	struct sum sum = {.c = c};

	(void)each_missing(c, h, release, add_blob, &sum, NULL);
	*ret_move = sum.move;
	*ret_room = sum.room;
}

struct download {
	struct install *in;
	struct mp_hash *hash;
	const struct blob *blob;
	char path[INSTALL_PATH];
	uint64_t off;
	int failed; /* to write */
};

static int take_bytes(void *user, const void *data, size_t len)
{
	struct download *d = user;
	int r;

	if (len > d->blob->size - d->off)
		return -EFBIG;
	r = mp_medium_write(d->in->c->medium, d->path, d->off, data, len);
	d->failed = r;
	if (r < 0)
		return r;
	mp_hash_add(d->hash, data, len);
	d->off += len;
	return install_progress(d->in, len);
}

/* Hash what an interrupted download left. */
static int take_up(struct download *d, int64_t size)
{
	auto_free uint8_t *chunk = malloc(CHUNK);

	if (!chunk)
		return -ENOMEM;
	while (d->off < (uint64_t)size) {
		ssize_t n = mp_medium_read(d->in->c->medium, d->path, d->off, chunk, CHUNK);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		mp_hash_add(d->hash, chunk, (size_t)n);
		d->off += (uint64_t)n;
	}
	return install_progress(d->in, d->off);
}

/* 1: whole and as promised; 0: something else came. */
static int fetch(struct download *d, const char *sha256, struct mp_err *err)
{
	const struct mp_install_hooks *h = d->in->h;
	uint8_t digest[MP_SHA256_LEN];
	char hex[65];
	int r = 0;

	if (d->off < d->blob->size)
		r = h->read(h->user, d->blob->target, d->off, d->blob->size - d->off, take_bytes, d,
			    err);
	mp_hash_end(d->hash, digest);
	if (d->failed < 0)
		return mp_err_set(err, d->failed, "cannot write it: %s", strerror(-d->failed));
	if (r < 0)
		return r;
	mp_hex_format(digest, sizeof(digest), hex);
	return d->off == d->blob->size && mp_streq(hex, sha256);
}

static int keep_blob(struct download *d)
{
	struct mp_medium *m = d->in->c->medium;
	char path[INSTALL_PATH], dir[INSTALL_PATH];
	int r = mp_install_blob_path(d->in->c->state_dir, d->blob->digest, path, sizeof(path));

	if (r == 0)
		r = install_path(dir, sizeof(dir), "%s/blobs", d->in->c->state_dir);
	if (r == 0)
		r = mp_medium_flush(m, d->path);
	if (r == 0)
		r = mp_medium_rename(m, d->path, path);
	return r < 0 ? r : mp_medium_sync_dir(m, dir);
}

static int download(struct download *d, const char *sha256, struct mp_err *err)
{
	struct mp_medium *m = d->in->c->medium;
	int64_t size = mp_medium_size(m, d->path);
	int r = 0, whole = 0;

	if (size > 0 && (uint64_t)size <= d->blob->size) {
		r = take_up(d, size);
		if (r == 0)
			whole = fetch(d, sha256, err);
	}
	if (r == 0 && whole == 0) {
		d->off = 0;
		r = mp_medium_remove(m, d->path);
		if (r == 0)
			whole = fetch(d, sha256, err);
	}
	if (r < 0 || whole < 0)
		return r < 0 ? r : whole;
	if (whole == 0) {
		(void)mp_medium_remove(m, d->path);
		return mp_err_set(err, -EBADMSG, "its SHA-256 is not the one that was signed");
	}
	return keep_blob(d);
}

static int get_blob(void *user, const struct blob *b, struct mp_err *err)
{
	struct install *in = user;
	auto_(mp_hash) *hash = NULL;
	struct download d = {.in = in, .blob = b};
	char sha256[65];
	uint64_t size;
	struct mp_err why = {""};
	int r = in->h->find(in->h->user, b->target, &size, sha256, &why);

	if (r == 0 && size != b->size)
		r = mp_err_set(&why, -EPROTO, "manifest and signed metadata differ on its size");
	if (r == 0)
		r = mp_hash_new(MP_SHA256, &hash);
	d.hash = hash;
	if (r == 0)
		r = install_path(d.path, sizeof(d.path), "%s/blobs/%s.part", in->c->state_dir,
				 b->digest);
	if (r == 0)
		r = download(&d, sha256, &why);
	if (r < 0)
		return mp_err_set(err, r, "%s: %s", b->target,
				  why.text[0] ? why.text : strerror(-r));
	return 0;
}

static int make_dir(struct install *in, const char *name)
{
	char path[INSTALL_PATH];
	int r = install_path(path, sizeof(path), "%s/%s", in->c->state_dir, name);

	return r < 0 ? r : mp_medium_make_dir(in->c->medium, path);
}

int install_blobs(struct install *in, struct mp_err *err)
{
	int r = make_dir(in, "blobs");

	if (r == 0)
		r = make_dir(in, "releases");
	if (r == 0)
		r = mp_medium_sync_dir(in->c->medium, in->c->state_dir);
	if (r < 0)
		return mp_err_set(err, r, "cannot make a folder in %s: %s", in->c->state_dir,
				  strerror(-r));
	return each_missing(in->c, in->h, in->job->release, get_blob, in, err);
}

int install_manifest(struct install *in, struct mp_err *err)
{
	const char *version = in->job->release->version;
	char dir[INSTALL_PATH], path[INSTALL_PATH];
	int r = install_path(dir, sizeof(dir), "%s/releases/%s", in->c->state_dir, version);

	if (r == 0)
		r = mp_medium_make_dir(in->c->medium, dir);
	if (r == 0)
		r = mp_install_manifest_path(in->c->state_dir, version, path, sizeof(path));
	if (r == 0)
		r = mp_medium_replace(in->c->medium, path, in->job->manifest,
				      in->job->manifest_len);
	if (r == 0)
		r = install_path(dir, sizeof(dir), "%s/releases", in->c->state_dir);
	if (r == 0)
		r = mp_medium_sync_dir(in->c->medium, dir);
	if (r < 0)
		return mp_err_set(err, r, "cannot keep the manifest of %s: %s", version,
				  strerror(-r));
	return 0;
}
