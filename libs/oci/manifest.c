/* SPDX-License-Identifier: Apache-2.0 */
/* manifest.c - index and manifest (image-spec, image-index.md, manifest.md, descriptor.md), also
 * under the names that Docker gave them before */
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "oci/digest.h"

#define INDEX_MAX 256 /* entries */

bool mp_oci_is_index(const char *media_type)
{
	return mp_streq(media_type, "application/vnd.oci.image.index.v1+json") ||
	       mp_streq(media_type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

bool mp_oci_is_manifest(const char *media_type)
{
	return mp_streq(media_type, "application/vnd.oci.image.manifest.v1+json") ||
	       mp_streq(media_type, "application/vnd.docker.distribution.manifest.v2+json");
}

int mp_oci_digest_parse(const char *digest, char ret_hex[65], struct mp_err *err)
{
	uint8_t bytes[32];

	if (!mp_str_starts_with(digest, "sha256:") && strchr(digest, ':'))
		return mp_err_set(err, -ENOTSUP, "the digest '%.80s' is not a SHA-256", digest);
	if (!mp_str_starts_with(digest, "sha256:") ||
	    mp_hex_parse(digest + strlen("sha256:"), bytes, sizeof(bytes)) < 0)
		return mp_err_set(err, -EBADMSG, "'%.80s' is not a digest", digest);
	mp_hex_format(bytes, sizeof(bytes), ret_hex);
	return 0;
}

int mp_oci_descriptor_parse(const struct mp_json *j, struct mp_oci_blob *ret, struct mp_err *err)
{
	const char *media_type, *digest;
	struct mp_oci_blob blob = {0};
	int64_t size;
	int r = mp_json_read_str(j, "mediaType", &media_type, err);

	if (r == 0)
		r = mp_json_read_str(j, "digest", &digest, err);
	if (r == 0)
		r = mp_json_read_int(j, "size", 0, INT64_MAX, &size, err);
	if (r == 0)
		r = mp_oci_digest_parse(digest, blob.sha256, err);
	if (r < 0)
		return r;
	if (strlen(media_type) >= sizeof(blob.media_type))
		return mp_err_set(err, -EBADMSG, "the media type '%.100s' is too long", media_type);
	memcpy(blob.media_type, media_type, strlen(media_type) + 1);
	blob.size = (uint64_t)size;
	*ret = blob;
	return 0;
}

/* How well an entry of an index fits: 3 names our platform, 2 names none, 1 is an index that may
 * hold it, 0 does not fit. */
static int rate(const struct mp_json *entry, const struct mp_oci_blob *blob, const char *arch)
{
	const struct mp_json *platform = mp_json_get(entry, "platform");
	bool manifest = mp_oci_is_manifest(blob->media_type);

	if (!manifest && !mp_oci_is_index(blob->media_type))
		return 0;
	if (!platform)
		return manifest ? 2 : 1;
	if (!mp_streq(mp_json_str(mp_json_get(platform, "os"), NULL), "linux") ||
	    !mp_streq(mp_json_str(mp_json_get(platform, "architecture"), NULL), arch))
		return 0;
	return manifest ? 3 : 1;
}

static int pick(const struct mp_json *entries, const char *arch, struct mp_oci_blob *ret,
		struct mp_err *err)
{
	bool several = false;
	int best = 0;

	for (size_t i = 0; i < mp_json_size(entries); i++) {
		const struct mp_json *entry = mp_json_at(entries, i);
		struct mp_oci_blob blob;
		int r = mp_oci_descriptor_parse(entry, &blob, err), fit;

		if (r < 0)
			return r;
		fit = rate(entry, &blob, arch);
		if (fit > 0 && fit == best && !mp_streq(blob.sha256, ret->sha256))
			several = true;
		if (fit <= best)
			continue;
		best = fit;
		several = false;
		*ret = blob;
	}
	if (best == 0)
		return mp_err_set(err, -ENOENT, "there is no image for linux/%s", arch);
	if (several)
		return mp_err_set(err, -EBADMSG, "there are several images for linux/%s; leave one",
				  arch);
	return 0;
}

static int parse_versioned(const void *text, size_t len, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	int64_t version;
	int r = mp_json_parse(text, len, &doc, err);

	if (r == 0)
		r = mp_json_read_int(doc, "schemaVersion", 2, 2, &version, err);
	if (r == 0)
		*ret = take_ptr(doc);
	return r;
}

int mp_oci_index_parse(const void *text, size_t len, const char *arch, struct mp_oci_blob *ret,
		       struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *entries;
	struct mp_oci_blob best = {0};
	int r = parse_versioned(text, len, &doc, err);

	if (r == 0)
		r = mp_json_read_array(doc, "manifests", &entries, err);
	if (r < 0)
		return r;
	if (mp_json_size(entries) > INDEX_MAX)
		return mp_err_set(err, -EFBIG, "it lists more than %d images", INDEX_MAX);
	r = pick(entries, arch, &best, err);
	if (r == 0)
		*ret = best;
	return r;
}

int mp_oci_manifest_parse(const void *text, size_t len, struct mp_oci_blob *ret_config,
			  struct mp_oci_blob layers[MP_OCI_LAYERS], unsigned *ret_n,
			  struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *config, *list;
	struct mp_oci_blob blob;
	int r = parse_versioned(text, len, &doc, err);

	if (r == 0)
		r = mp_json_read_object(doc, "config", &config, err);
	if (r == 0)
		r = mp_json_read_array(doc, "layers", &list, err);
	if (r == 0)
		r = mp_oci_descriptor_parse(config, &blob, err);
	if (r < 0)
		return r;
	if (mp_json_size(list) > MP_OCI_LAYERS)
		return mp_err_set(err, -EFBIG, "the image has more than %d layers", MP_OCI_LAYERS);
	for (size_t i = 0; i < mp_json_size(list); i++) {
		r = mp_oci_descriptor_parse(mp_json_at(list, i), &layers[i], err);
		if (r < 0)
			return r;
	}
	*ret_config = blob;
	*ret_n = (unsigned)mp_json_size(list);
	return 0;
}
