/* SPDX-License-Identifier: Apache-2.0 */
#include "server_targets.h"

#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "keyring.h"
#include "tuf/repo.h"
#include "verb.h"

/* The version that a timestamp or snapshot of the server lists for `name`. */
static int listed_version(struct mp_api *api, const char *path, const char *name, int64_t *ret,
			  struct mp_err *err)
{
	MP_BUF(text, MP_METADATA_MAX);
	auto_(mp_json) *file = NULL;
	const struct mp_json *meta;
	int r = mp_api_get_file(api, path, &text, err);

	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &file, err);
	if (r < 0)
		return r;
	meta = mp_json_get(mp_json_get(mp_json_get(file, "signed"), "meta"), name);
	*ret = mp_json_int(mp_json_get(meta, "version"), 0);
	return 0;
}

int mp_server_targets_version(struct mp_api *api, int64_t *ret, struct mp_err *err)
{
	int64_t snapshot;
	char path[64];
	int r = listed_version(api, "tuf/timestamp.json", "snapshot.json", &snapshot, err);

	if (r == -ENOENT) {
		*ret = 0;
		return 0;
	}
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "tuf/%lld.snapshot.json", (long long)snapshot);
	return listed_version(api, path, "targets.json", ret, err);
}

/* What the server has and we lack was signed with the targets key, or it is not taken. */
int mp_server_targets_take(const struct mp_product *p, struct mp_api *api,
			   const struct mp_buf *root, int64_t *version, struct mp_json **targets,
			   struct mp_err *err)
{
	auto_free char *path = NULL;
	auto_(mp_json) *file = NULL;
	MP_BUF(text, MP_METADATA_MAX);
	int64_t theirs = 0;
	char name[64];
	int r = mp_server_targets_version(api, &theirs, err);

	if (r < 0 || theirs <= *version)
		return r;
	snprintf(name, sizeof(name), "tuf/%lld.targets.json", (long long)theirs);
	path = mp_product_path(p, name);
	r = path ? mp_api_get_file(api, name, &text, err) : -ENOMEM;
	if (r == 0)
		r = mp_tuf_check(mp_buf_str(root), root->len, "targets", mp_buf_str(&text),
				 text.len, &file, err);
	if (r == 0)
		r = mp_file_write(path, mp_buf_str(&text), text.len, 0644, err);
	if (r < 0)
		return mp_err_wrap(err, r, "taking over the server's %lld.targets.json",
				   (long long)theirs);
	mp_step("took over targets %lld from the server", (long long)theirs);
	mp_json_free(*targets);
	*targets = take_ptr(file);
	*version = theirs;
	return 0;
}
