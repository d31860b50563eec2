/* SPDX-License-Identifier: Apache-2.0 */
/* oci.h - container images: made of folders and tar archives, or read from an OCI image layout
 *
 *     // an image of our own: packages first, then files, then what to run
 *     r = mp_oci_layer_create("root.tar", "a.layer", &(struct mp_oci_source){ .epoch = t }, &l[0], &err);
 *     r = mp_oci_layer_create("files", "b.layer", &(struct mp_oci_source){ .epoch = t, .plain = true }, &l[1], &err);
 *     r = mp_oci_config_create(recipe->config, "amd64", t, l, 2, &config, image_id, &err);
 *
 *     // somebody else's
 *     auto_(mp_oci_image) *image = NULL;
 *     r = mp_oci_layout_open("web", "amd64", &image, &err);
 *     r = mp_oci_layout_layer(image, 0, "a.layer", &layer, &err);
 *
 * A layer is written as a zstd-compressed tar; its name is its diff_id, the SHA-256 of the tar.
 * The same input gives the same bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

#define MP_OCI_LAYERS 64

struct mp_oci_layer {
	char diff_id[65]; /* SHA-256 of the uncompressed tar, hex */
	char sha256[65]; /* of the compressed file */
	uint64_t size; /* bytes of the compressed file */
	uint64_t tar_size; /* bytes of the tar */
};

struct mp_oci_source {
	int64_t epoch; /* no entry is newer than this (seconds since 1970); a folder's are all this */
	/* Everything belongs to root, files are 0644 or 0755, folders 0755 (but 1777 stays, for
	 * /tmp): for folders that people keep in a repository, whose owners and umasks mean nothing. */
	bool plain;
	/* Paths (without leading '/') to leave out, with all below; NULL-terminated; NULL: none. */
	const char *const *without;
	int level; /* of zstd; 0: 15 */
};

/* Make a layer from a folder (entries in sorted order) or from a tar archive (in its order; not
 * compressed). Devices, pipes and sockets are left out. -EBADMSG: not a tar, or a name that leaves
 * the root; -EFBIG: past the limits of tar.h; -ENOTSUP: a sparse file. `out` is written whole or
 * not at all. */
int mp_oci_layer_create(const char *path, const char *out, const struct mp_oci_source *source,
			struct mp_oci_layer *ret, struct mp_err *err);

/* The image configuration, appended to `out`, and its SHA-256, which is Docker's image id.
 * `config` is the "config" object (image-spec, config.md); `arch` a Go name: "amd64", "arm64". */
int mp_oci_config_create(const struct mp_json *config, const char *arch, int64_t epoch,
			 const struct mp_oci_layer *layers, unsigned n_layers, struct mp_buf *out,
			 char ret_image_id[65], struct mp_err *err);

struct mp_oci_blob { /* a descriptor: what the layout says about a blob */
	char media_type[96];
	char sha256[65];
	uint64_t size;
};

struct mp_oci_image {
	char *dir; /* the layout */
	struct mp_buf config; /* the configuration's bytes, verified */
	char image_id[65]; /* their SHA-256 */
	unsigned n_layers;
	struct mp_oci_blob layers[MP_OCI_LAYERS];
	char diff_ids[MP_OCI_LAYERS][65]; /* as the configuration has them */
};

/* Open an OCI image layout (image-spec, image-layout.md): `dir` holds oci-layout, index.json and
 * blobs/. An index of several platforms is searched for linux/`arch`. -ENOENT: no layout, or no
 * such platform; -EBADMSG: malformed, or a digest that does not match; -ENOTSUP: a media type. */
int mp_oci_layout_open(const char *dir, const char *arch, struct mp_oci_image **ret,
		       struct mp_err *err);
/* Write layer `i` as a zstd-compressed tar to `out`, verified against its digest and diff_id. */
int mp_oci_layout_layer(const struct mp_oci_image *image, unsigned i, const char *out,
			struct mp_oci_layer *ret, struct mp_err *err);
void mp_oci_image_free(struct mp_oci_image *image);
DEFINE_AUTO(mp_oci_image)

/* The pieces of opening a layout, for hostile bytes: pick the manifest of linux/`arch` from an
 * index, and read a manifest (`ret_config` and the layers' descriptors). */
int mp_oci_index_parse(const void *text, size_t len, const char *arch, struct mp_oci_blob *ret,
		       struct mp_err *err);
int mp_oci_manifest_parse(const void *text, size_t len, struct mp_oci_blob *ret_config,
			  struct mp_oci_blob layers[MP_OCI_LAYERS], unsigned *ret_n,
			  struct mp_err *err);
int mp_oci_config_parse(const void *text, size_t len, const char *arch,
			char diff_ids[MP_OCI_LAYERS][65], unsigned *ret_n, struct mp_err *err);
