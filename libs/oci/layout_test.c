/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "crypto/hash.h"
#include "oci/oci.h"
#include "tar/tar.h"

#define MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define INDEX "application/vnd.oci.image.index.v1+json"
#define LAYER "application/vnd.oci.image.layer.v1.tar"

static char dir[64]; /* the layout of the running test */

static const char *in_dir(const char *name)
{
	static char paths[4][200];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const void *data, size_t len)
{
	if (mp_file_write(in_dir(name), data, len, 0644, NULL) < 0)
		abort();
}

struct descriptor {
	char json[300];
	char name[100]; /* of the blob's file */
};

static struct descriptor put_blob(const char *media_type, const void *data, size_t len)
{
	struct descriptor d;
	char hex[65];

	mp_sha256_hex(data, len, hex);
	snprintf(d.name, sizeof(d.name), "blobs/sha256/%s", hex);
	put(d.name, data, len);
	snprintf(d.json, sizeof(d.json),
		 "{\"mediaType\":\"%s\",\"digest\":\"sha256:%s\",\"size\":%zu}", media_type, hex,
		 len);
	return d;
}

/* One layer each: plain, gzip (in two members) and zstd, all of one tar. */
static void pack_layers(const struct mp_buf *tar, struct descriptor d[3])
{
	static char out[1 << 16];
	size_t half = tar->len / 2, n = 0;

	d[0] = put_blob(LAYER, tar->data, tar->len);
	for (int member = 0; member < 2; member++) {
		z_stream z = {0};

		if (deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
			abort();
		z.next_in = (Bytef *)tar->data + (member ? half : 0);
		z.avail_in = (uInt)(member ? tar->len - half : half);
		z.next_out = (Bytef *)out + n;
		z.avail_out = (uInt)(sizeof(out) - n);
		if (deflate(&z, Z_FINISH) != Z_STREAM_END)
			abort();
		n += z.total_out;
		(void)deflateEnd(&z);
	}
	d[1] = put_blob(LAYER "+gzip", out, n);
	n = ZSTD_compress(out, sizeof(out), tar->data, tar->len, 3);
	d[2] = put_blob(LAYER "+zstd", out, n);
}

static int make_tar(struct mp_buf *tar, const char *name)
{
	static const char zeros[MP_TAR_END];
	struct mp_tar_entry e = {.type = MP_TAR_FILE, .path = name};
	int r = mp_tar_format(&e, tar);

	return r < 0 ? r : mp_buf_add(tar, zeros, sizeof(zeros));
}

static struct descriptor put_text(const char *media_type, struct mp_buf *text)
{
	return put_blob(media_type, text->data, text->len);
}

/* A layout of one image with three layers; index.json names an index that names the image. */
static struct descriptor make_layout(const char *entry, char diff_id[65],
				     struct descriptor layers[3])
{
	struct descriptor config, manifest;
	MP_BUF(tar, 1 << 16);
	MP_BUF(text, 1 << 16);

	snprintf(dir, sizeof(dir), "/tmp/mp-layout-XXXXXX");
	if (!mkdtemp(dir) || mp_file_make_dirs(in_dir("blobs/sha256"), 0755, NULL) < 0 ||
	    make_tar(&tar, entry) < 0)
		abort();
	put("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}", 30);
	mp_sha256_hex(tar.data, tar.len, diff_id);
	pack_layers(&tar, layers);
	(void)mp_buf_printf(
		&text,
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
		"\"diff_ids\":[\"sha256:%s\",\"sha256:%s\",\"sha256:%s\"]}}",
		diff_id, diff_id, diff_id);
	config = put_text("application/vnd.oci.image.config.v1+json", &text);
	mp_buf_reset(&text);
	(void)mp_buf_printf(&text, "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s,%s,%s]}",
			    config.json, layers[0].json, layers[1].json, layers[2].json);
	manifest = put_text(MANIFEST, &text);
	mp_buf_reset(&text);
	(void)mp_buf_printf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}", manifest.json);
	manifest = put_text(INDEX, &text);
	mp_buf_reset(&text);
	(void)mp_buf_printf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}", manifest.json);
	put("index.json", text.data, text.len);
	return config;
}

TEST(layers_of_every_packing_come_out_with_the_same_diff_id_and_bytes)
{
	auto_(mp_oci_image) *image = NULL;
	struct descriptor layers[3];
	struct mp_oci_layer l[3];
	struct mp_err err = {0};
	char diff_id[65];

	(void)make_layout("hello", diff_id, layers);
	ASSERT_OK(mp_oci_layout_open(dir, "amd64", &image, &err));
	ASSERT_INT(3, image->n_layers);
	for (unsigned i = 0; i < 3; i++) {
		ASSERT_OK(mp_oci_layout_layer(image, i, in_dir("out"), &l[i], &err));
		ASSERT_STR(diff_id, l[i].diff_id);
		ASSERT_STR(l[0].sha256, l[i].sha256);
	}
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
}

TEST(another_platform_is_not_found)
{
	auto_(mp_oci_image) *image = NULL;
	struct descriptor layers[3];
	struct mp_err err = {0};
	char diff_id[65];

	(void)make_layout("hello", diff_id, layers);
	ASSERT_ERR(-ENOENT, mp_oci_layout_open(dir, "arm64", &image, &err));
	ASSERT(strstr(err.text, "the image is for linux/amd64, not for linux/arm64"));
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
}

static void flip(const char *name)
{
	MP_BUF(b, 1 << 20);

	if (mp_file_read(in_dir(name), &b, NULL) < 0)
		abort();
	b.data[b.len / 2] ^= 1;
	put(name, b.data, b.len);
}

TEST(a_flipped_bit_is_refused_and_no_layer_is_left)
{
	auto_(mp_oci_image) *image = NULL;
	struct descriptor layers[3], config;
	struct mp_oci_layer layer;
	struct mp_err err = {0};
	char diff_id[65];

	config = make_layout("hello", diff_id, layers);
	ASSERT_OK(mp_oci_layout_open(dir, "amd64", &image, &err));
	for (unsigned i = 0; i < 3; i++) {
		flip(layers[i].name);
		ASSERT_ERR(-EBADMSG, mp_oci_layout_layer(image, i, in_dir("out"), &layer, &err));
		ASSERT(!mp_file_exists(in_dir("out")));
	}
	mp_oci_image_free(take_ptr(image));
	flip(config.name);
	ASSERT_ERR(-EBADMSG, mp_oci_layout_open(dir, "amd64", &image, &err));
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
}

TEST(a_layer_whose_names_leave_the_root_is_refused)
{
	auto_(mp_oci_image) *image = NULL;
	struct descriptor layers[3];
	struct mp_oci_layer layer;
	struct mp_err err = {0};
	char diff_id[65];

	(void)make_layout("../../etc/passwd", diff_id, layers);
	ASSERT_OK(mp_oci_layout_open(dir, "amd64", &image, &err));
	ASSERT_ERR(-EBADMSG, mp_oci_layout_layer(image, 1, in_dir("out"), &layer, &err));
	ASSERT(strstr(err.text, "leaves the root"));
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
}

TEST(a_folder_that_is_no_layout_is_refused_with_advice)
{
	auto_(mp_oci_image) *image = NULL;
	struct mp_err err = {0};

	ASSERT_ERR(-ENOENT, mp_oci_layout_open("/tmp", "amd64", &image, &err));
	ASSERT(strstr(err.text, "skopeo copy"));
}

#define PLATFORM(arch) ",\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\"}"

static int pick(const char *entries, char first[3], struct mp_err *err)
{
	struct mp_oci_blob blob = {0};
	char text[2000];
	int r, n = snprintf(text, sizeof(text), "{\"schemaVersion\":2,\"manifests\":[%s]}",
			    entries);

	r = mp_oci_index_parse(text, (size_t)n, "amd64", &blob, err);
	snprintf(first, 3, "%.2s", blob.sha256);
	return r;
}

#define D(a) "sha256:" a "00000000000000000000000000000000000000000000000000000000000000"
#define E(kind, a, platform)                                                                       \
	"{\"mediaType\":\"" kind "\",\"digest\":\"" D(a) "\",\"size\":1" platform "}"

TEST(an_index_gives_the_image_of_the_platform)
{
	struct mp_err err = {0};
	char first[3];

	ASSERT_OK(
		pick(E(MANIFEST, "01", PLATFORM("arm64")) "," E(MANIFEST, "02", PLATFORM("amd64")),
		     first, &err));
	ASSERT_STR("02", first);
	ASSERT_OK(pick(E(MANIFEST, "01", PLATFORM("unknown")) "," E(INDEX, "02", ""), first, &err));
	ASSERT_STR("02", first);
	ASSERT_ERR(-ENOENT, pick(E(MANIFEST, "01", PLATFORM("arm64")), first, &err));
	ASSERT_ERR(-ENOENT, pick("", first, &err));
	ASSERT_ERR(-EBADMSG, pick(E(MANIFEST, "01", "") "," E(MANIFEST, "02", ""), first, &err));
	ASSERT(strstr(err.text, "several images"));
	ASSERT_OK(pick(E(MANIFEST, "01", "") "," E(MANIFEST, "01", ""), first, &err));
}

TEST(malformed_indexes_and_digests_are_refused)
{
	struct mp_err err = {0};
	char first[3];

	ASSERT_ERR(-EBADMSG, pick("{}", first, &err));
	ASSERT_ERR(-EBADMSG,
		   pick("{\"mediaType\":\"a\",\"digest\":\"sha256:00\",\"size\":1}", first, &err));
	ASSERT_ERR(-EBADMSG,
		   pick("{\"mediaType\":\"a\",\"digest\":\"../../x\",\"size\":1}", first, &err));
	ASSERT_ERR(-ENOTSUP,
		   pick("{\"mediaType\":\"a\",\"digest\":\"sha512:00\",\"size\":1}", first, &err));
	ASSERT_ERR(-EBADMSG, pick("{\"mediaType\":\"a\",\"digest\":\"" D("00") "\",\"size\":-1}",
				  first, &err));
}

/* What the torture reads is made before any allocation fails. */
static char ready[64];

__attribute__((constructor)) static void make_ready(void)
{
	struct descriptor layers[3];
	char diff_id[65];

	(void)make_layout("hello", diff_id, layers);
	memcpy(ready, dir, sizeof(ready));
}

__attribute__((destructor)) static void remove_ready(void)
{
	(void)mp_file_remove_tree(ready, NULL);
}

TORTURE(opening_a_layout_survives_oom)
{
	auto_(mp_oci_image) *image = NULL;
	struct mp_oci_layer layer;
	struct mp_err err;
	char out[80];
	int r = mp_oci_layout_open(ready, "amd64", &image, &err);

	snprintf(out, sizeof(out), "%s/out", ready);
	return r < 0 ? r : mp_oci_layout_layer(image, 1, out, &layer, &err);
}
