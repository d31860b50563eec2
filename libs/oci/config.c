/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "crypto/hash.h"
#include "oci/digest.h"
#include "oci/internal.h"

static struct mp_json *new_rootfs(const struct mp_oci_layer *layers, unsigned n)
{
	auto_(mp_json) *rootfs = mp_json_new_object();
	auto_(mp_json) *ids = mp_json_new_array();

	for (unsigned i = 0; ids && i < n; i++) {
		char id[80];

		snprintf(id, sizeof(id), "sha256:%s", layers[i].diff_id);
		if (mp_json_append(ids, mp_json_new_str(id)) < 0)
			return NULL;
	}
	if (!rootfs || mp_json_put_str(rootfs, "type", "layers") < 0 ||
	    mp_json_put(rootfs, "diff_ids", take_ptr(ids)) < 0)
		return NULL;
	return take_ptr(rootfs);
}

static struct mp_json *new_config(const struct mp_json *config, const char *arch, int64_t epoch,
				  const struct mp_oci_layer *layers, unsigned n)
{
	auto_(mp_json) *doc = mp_json_new_object();
	time_t t = (time_t)epoch;
	char created[40];
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return NULL;
	if (!doc || mp_json_put_str(doc, "created", created) < 0 ||
	    mp_json_put_str(doc, "architecture", arch) < 0 ||
	    mp_json_put_str(doc, "os", "linux") < 0 ||
	    mp_json_put(doc, "config", config ? mp_json_copy(config) : mp_json_new_object()) < 0 ||
	    mp_json_put(doc, "rootfs", new_rootfs(layers, n)) < 0)
		return NULL;
	return take_ptr(doc);
}

int mp_oci_config_create(const struct mp_json *config, const char *arch, int64_t epoch,
			 const struct mp_oci_layer *layers, unsigned n_layers, struct mp_buf *out,
			 char ret_image_id[65], struct mp_err *err)
{
	auto_(mp_json) *doc = new_config(config, arch, epoch, layers, n_layers);
	MP_BUF(text, OCI_JSON_MAX);
	int r = doc ? mp_json_format(doc, &text) : -ENOMEM;

	if (r == 0)
		r = mp_buf_add(out, text.data, text.len);
	if (r < 0)
		return mp_err_set(err, r, "cannot write the image configuration: %s", strerror(-r));
	mp_sha256_hex(text.data, text.len, ret_image_id);
	return 0;
}

static int check_platform(const struct mp_json *doc, const char *arch, struct mp_err *err)
{
	const char *os, *architecture;
	int r = mp_json_read_str(doc, "os", &os, err);

	if (r == 0)
		r = mp_json_read_str(doc, "architecture", &architecture, err);
	if (r < 0)
		return r;
	if (!mp_streq(os, "linux") || !mp_streq(architecture, arch))
		return mp_err_set(err, -ENOENT, "the image is for %s/%s, not for linux/%s", os,
				  architecture, arch);
	return 0;
}

int mp_oci_config_parse(const void *text, size_t len, const char *arch,
			char diff_ids[MP_OCI_LAYERS][65], unsigned *ret_n, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *rootfs, *ids;
	int r = mp_json_parse(text, len, &doc, err);

	if (r == 0)
		r = check_platform(doc, arch, err);
	if (r == 0)
		r = mp_json_read_object(doc, "rootfs", &rootfs, err);
	if (r == 0)
		r = mp_json_read_array(rootfs, "diff_ids", &ids, err);
	if (r < 0)
		return r;
	if (mp_json_size(ids) > MP_OCI_LAYERS)
		return mp_err_set(err, -EFBIG, "the image has more than %d layers", MP_OCI_LAYERS);
	for (size_t i = 0; i < mp_json_size(ids); i++) {
		r = mp_oci_digest_parse(mp_json_str(mp_json_at(ids, i), ""), diff_ids[i], err);
		if (r < 0)
			return r;
	}
	*ret_n = (unsigned)mp_json_size(ids);
	return 0;
}
