/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "oci/digest.h"
#include "oci/internal.h"
#include "tar/tar.h"

#define INDEX_DEPTH 4 /* an index may name an index */

void mp_oci_image_free(struct mp_oci_image *image)
{
	if (!image)
		return;
	free(image->dir);
	mp_buf_done(&image->config);
	free(image);
}

static char *blob_path(const char *dir, const struct mp_oci_blob *blob)
{
	return mp_str_format("%s/blobs/sha256/%s", dir, blob->sha256);
}

/* A small blob, whole, with the size and digest that its descriptor promises. */
static int read_blob(const char *dir, const struct mp_oci_blob *blob, struct mp_buf *into,
		     struct mp_err *err)
{
	auto_free char *path = blob_path(dir, blob);
	char hex[65];
	int r;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = mp_file_read(path, into, err);
	if (r < 0)
		return r;
	mp_sha256_hex(mp_buf_str(into), into->len, hex);
	if (into->len != blob->size || !mp_streq(hex, blob->sha256))
		return mp_err_set(err, -EBADMSG, "%s is not what its digest says", path);
	return 0;
}

static int check_layout(const char *dir, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/oci-layout", dir);
	auto_(mp_json) *doc = NULL;
	MP_BUF(text, 4096);
	int r;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (!mp_file_exists(path))
		return mp_err_set(err, -ENOENT,
				  "%s is not an OCI image layout (a folder with oci-layout, "
				  "index.json and blobs/); `skopeo copy` or `docker buildx build "
				  "-o type=oci` make one",
				  dir);
	r = mp_file_read(path, &text, err);
	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &doc, err);
	if (r < 0)
		return mp_err_wrap(err, r, "%s", path);
	if (!mp_str_starts_with(mp_json_str(mp_json_get(doc, "imageLayoutVersion"), ""), "1."))
		return mp_err_set(err, -ENOTSUP, "%s: only imageLayoutVersion 1.x is known", path);
	return 0;
}

/* From index.json, through at most a few more indexes, to the manifest for our platform. */
static int find_manifest(const char *dir, const char *arch, struct mp_oci_blob *ret,
			 struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/index.json", dir);
	MP_BUF(text, OCI_JSON_MAX);
	int r = path ? mp_file_read(path, &text, err) : mp_err_set(err, -ENOMEM, "out of memory");

	for (unsigned depth = 0; r == 0; depth++) {
		r = mp_oci_index_parse(mp_buf_str(&text), text.len, arch, ret, err);
		if (r < 0)
			return mp_err_wrap(err, r, "%s", path);
		if (mp_oci_is_manifest(ret->media_type))
			return 0;
		if (depth == INDEX_DEPTH)
			return mp_err_set(err, -EFBIG, "%s: indexes name each other", path);
		mp_buf_reset(&text);
		r = read_blob(dir, ret, &text, err);
	}
	return r;
}

static int read_image(struct mp_oci_image *image, const char *arch, struct mp_err *err)
{
	struct mp_oci_blob manifest, config;
	unsigned n_diff_ids;
	MP_BUF(text, OCI_JSON_MAX);
	int r = find_manifest(image->dir, arch, &manifest, err);

	if (r == 0)
		r = read_blob(image->dir, &manifest, &text, err);
	if (r < 0)
		return r;
	r = mp_oci_manifest_parse(mp_buf_str(&text), text.len, &config, image->layers,
				  &image->n_layers, err);
	if (r < 0)
		return mp_err_wrap(err, r, "%s: the manifest", image->dir);
	r = read_blob(image->dir, &config, &image->config, err);
	if (r < 0)
		return r;
	r = mp_oci_config_parse(mp_buf_str(&image->config), image->config.len, arch,
				image->diff_ids, &n_diff_ids, err);
	if (r < 0)
		return mp_err_wrap(err, r, "%s: the image configuration", image->dir);
	if (n_diff_ids != image->n_layers)
		return mp_err_set(err, -EBADMSG,
				  "%s: the manifest has %u layers, the configuration %u",
				  image->dir, image->n_layers, n_diff_ids);
	memcpy(image->image_id, config.sha256, sizeof(image->image_id));
	return 0;
}

int mp_oci_layout_open(const char *dir, const char *arch, struct mp_oci_image **ret,
		       struct mp_err *err)
{
	auto_(mp_oci_image) *image = calloc(1, sizeof(*image));
	int r;

	if (image)
		image->dir = strdup(dir);
	if (!image || !image->dir)
		return mp_err_set(err, -ENOMEM, "out of memory");
	image->config.limit = OCI_JSON_MAX;
	r = check_layout(dir, err);
	if (r == 0)
		r = read_image(image, arch, err);
	if (r == 0)
		*ret = take_ptr(image);
	return r;
}

static int find_packing(const char *media_type, enum oci_packing *ret, struct mp_err *err)
{
	static const struct {
		const char *media_type;
		enum oci_packing packing;
	} known[] = {
		{"application/vnd.oci.image.layer.v1.tar", OCI_PLAIN},
		{"application/vnd.oci.image.layer.v1.tar+gzip", OCI_GZIP},
		{"application/vnd.oci.image.layer.v1.tar+zstd", OCI_ZSTD},
		{"application/vnd.docker.image.rootfs.diff.tar", OCI_PLAIN},
		{"application/vnd.docker.image.rootfs.diff.tar.gzip", OCI_GZIP},
		{"application/vnd.docker.image.rootfs.diff.tar.zstd", OCI_ZSTD},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!mp_streq(media_type, known[i].media_type))
			continue;
		*ret = known[i].packing;
		return 0;
	}
	return mp_err_set(err, -ENOTSUP, "a layer of the media type '%s' is not supported",
			  media_type);
}

struct tee { /* what the tar reader reads goes into the new layer as well */
	struct oci_in *in;
	struct oci_out *out;
	struct mp_err *err;
	bool failed_out; /* the sentence is there already */
};

static ssize_t read_tee(void *user, void *data, size_t len)
{
	struct tee *t = user;
	ssize_t n = mp_oci_in_read(t->in, data, len);
	int r;

	if (n <= 0)
		return n;
	r = mp_oci_out_add(t->out, data, (size_t)n, t->err);
	t->failed_out = r < 0;
	return r < 0 ? r : n;
}

/* Every entry is looked at; then whatever follows the end of the archive still belongs to its
 * digest. */
static int copy_tar(struct tee *t, const char *path)
{
	struct mp_tar_reader reader = {.read = read_tee, .user = t};
	struct mp_tar_entry e;
	char chunk[16384];
	ssize_t n;

	while ((n = mp_tar_next(&reader, &e)) > 0)
		;
	while (n == 0 && (n = read_tee(t, chunk, sizeof(chunk))) > 0)
		n = 0;
	mp_tar_reader_done(&reader);
	if (n < 0 && !t->failed_out)
		return mp_oci_tar_err(path, (int)n, t->err);
	return (int)n;
}

int mp_oci_layout_layer(const struct mp_oci_image *image, unsigned i, const char *out,
			struct mp_oci_layer *ret, struct mp_err *err)
{
	__attribute__((cleanup(oci_in_autofree))) struct oci_in *in = NULL;
	__attribute__((cleanup(oci_out_autofree))) struct oci_out *o = NULL;
	const struct mp_oci_blob *blob = &image->layers[i];
	auto_free char *path = blob_path(image->dir, blob);
	struct mp_oci_layer layer = {0};
	enum oci_packing packing = OCI_PLAIN;
	uint64_t size;
	char hex[65];
	int r = path ? find_packing(blob->media_type, &packing, err)
		     : mp_err_set(err, -ENOMEM, "out of memory");

	if (r == 0)
		r = mp_oci_in_open(path, packing, &in, err);
	if (r == 0)
		r = mp_oci_out_open(out, 0, &o, err);
	if (r == 0)
		r = copy_tar(&(struct tee){.in = in, .out = o, .err = err}, path);
	if (r < 0)
		return r;
	mp_oci_in_end(in, &size, hex);
	if (size != blob->size || !mp_streq(hex, blob->sha256))
		return mp_err_set(err, -EBADMSG, "%s is not what its digest says", path);
	r = mp_oci_out_end(o, &layer, err);
	if (r < 0)
		return r;
	if (!mp_streq(layer.diff_id, image->diff_ids[i])) {
		(void)mp_file_remove_tree(out, NULL);
		return mp_err_set(err, -EBADMSG, "%s holds another tar than the configuration says",
				  path);
	}
	*ret = layer;
	return 0;
}
