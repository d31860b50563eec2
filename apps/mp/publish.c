/* SPDX-License-Identifier: Apache-2.0 */
/* mp publish: sign a release into the product's targets and bring it to the server.
 *
 * The order makes every step repeatable: check what was built; take over newer targets that the
 * server has (published from another copy of the folder, or by a publish that was cut short);
 * upload blobs that the server lacks; hand over the new targets with the release; and only when
 * the server has accepted them, replace the local ones. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "base/file.h"
#include "base/str.h"
#include "built.h"
#include "keyring.h"
#include "server_targets.h"
#include "tuf/repo.h"
#include "verb.h"

struct publish_options {
	struct mp_server_options server;
	bool json;
	const char *notes;
	uint64_t days;
};

const struct mp_option mp_options_publish[] = {
	{"notes", 'n', MP_TEXT, offsetof(struct publish_options, notes), "TEXT",
	 "notes of the release, in place of those in product.yaml"},
	{"days", 0, MP_NUMBER, offsetof(struct publish_options, days), "NUMBER",
	 "days for which devices may believe the targets; default 365"},
	MP_OPTION_JSON(struct publish_options, json),
	MP_OPTIONS_SERVER(struct publish_options, server),
	{0},
};

/* All that one publish works with. */
struct publish {
	const struct mp_product *p;
	const struct mp_built *built;
	struct mp_api *api;
	struct mp_buf root; /* the newest root file */
	struct mp_json *targets; /* the newest targets file, checked; NULL: there is none yet */
	int64_t version; /* its version */
	uint64_t uploaded; /* bytes */
};

static void publish_done(struct publish *x)
{
	mp_api_free(x->api);
	mp_buf_done(&x->root);
	mp_json_free(x->targets);
}

static int check_targets(struct publish *x, const struct mp_buf *text, struct mp_json **ret,
			 struct mp_err *err)
{
	return mp_tuf_check(mp_buf_str(&x->root), x->root.len, "targets", mp_buf_str(text),
			    text->len, ret, err);
}

static int read_local_targets(struct publish *x, struct mp_err *err)
{
	MP_BUF(text, MP_METADATA_MAX);
	int r = mp_tuf_newest(x->p, "targets", &x->version, &text, err);

	if (r < 0 || x->version == 0)
		return r;
	r = check_targets(x, &text, &x->targets, err);
	return r < 0 ? mp_err_wrap(err, r,
				   "tuf/%lld.targets.json is not signed by this product: "
				   "restore it, or renew it with 'mp key rotate targets'",
				   (long long)x->version)
		     : 0;
}

static int write_targets(const struct mp_product *p, int64_t version, const struct mp_buf *text,
			 struct mp_err *err)
{
	auto_free char *path =
		mp_str_format("%s/tuf/%lld.targets.json", p->dir, (long long)version);

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	return mp_file_write(path, mp_buf_str(text), text->len, 0644, err);
}

static int take_over(struct publish *x, struct mp_err *err)
{
	return mp_server_targets_take(x->p, x->api, &x->root, &x->version, &x->targets, err);
}

static const struct mp_json *listed(const struct publish *x)
{
	return mp_json_get(mp_json_get(x->targets, "signed"), "targets");
}

/* "1.1.0" of "1.1.0.manifest.json" */
static bool manifest_version(const char *path, char ret[32])
{
	size_t len = strlen(path), tail = strlen(".manifest.json");

	if (!mp_str_ends_with(path, ".manifest.json") || len - tail >= 32)
		return false;
	snprintf(ret, 32, "%.*s", (int)(len - tail), path);
	return mp_version_is_valid(ret);
}

/* Versions only go up. Returns 1 when the very same release is in the targets already. */
static int check_version(const struct publish *x, struct mp_err *err)
{
	const struct mp_built_file *manifest = mp_built_find(x->built, x->built->manifest);
	const struct mp_json *target;
	const char *path, *sha256;
	void *iter = NULL;
	char other[32];

	while (mp_json_next(listed(x), &iter, &path, &target))
		if (manifest_version(path, other) &&
		    mp_version_compare(other, x->built->version) > 0)
			return mp_err_set(err, -EEXIST,
					  "release %s is older than %s, which is published: raise "
					  "'version' in product.yaml and build again",
					  x->built->version, other);
	target = mp_json_get(listed(x), x->built->manifest);
	if (!target)
		return 0;
	sha256 = mp_json_str(mp_json_get(mp_json_get(target, "hashes"), "sha256"), "");
	if (mp_streq(sha256, manifest->sha256))
		return 1;
	return mp_err_set(err, -EEXIST,
			  "release %s was published with other contents: raise 'version' in "
			  "product.yaml and build again",
			  x->built->version);
}

/* Is the release on the server? 1, 0, or negative. */
static int is_published(struct publish *x, struct mp_err *err)
{
	auto_free char *path = mp_str_format("releases/%s", x->built->version);
	int r = path ? mp_api_get(x->api, path, NULL, err) : -ENOMEM;

	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

static int upload_one(struct publish *x, const struct mp_built_file *f, struct mp_progress *bar,
		      struct mp_err *err)
{
	int r = mp_api_has_blob(x->api, f->sha256, err);

	if (r == 0) {
		r = mp_api_put_blob(x->api, f->sha256, f->file, f->length, bar, err);
		if (r < 0)
			return mp_err_wrap(err, r, "uploading %s", f->path);
		x->uploaded += f->length;
	}
	if (r < 0)
		return r;
	bar->base += f->length;
	return 0;
}

static int upload(struct publish *x, struct mp_err *err)
{
	struct mp_progress bar = {.what = "uploading", .whole = x->built->total};
	int r = 0;

	for (size_t i = 0; i < x->built->n_files && r == 0; i++)
		r = upload_one(x, &x->built->files[i], &bar, err);
	bar.done = x->uploaded;
	mp_progress_end(&bar, r == 0);
	return r;
}

/* The next targets: the last ones with this release's files, signed. */
static int sign_targets(struct publish *x, int64_t expires, struct mp_buf *text, struct mp_err *err)
{
	auto_(mp_sign_key) *key = NULL;
	auto_(mp_json) *next = NULL, *check = NULL;
	int r = mp_keyring_read(x->p, "targets", &key, err);

	if (r == 0 && !x->targets)
		r = mp_tuf_targets_create(1, expires, &next, err);
	if (r == 0 && x->targets) {
		next = mp_json_copy(mp_json_get(x->targets, "signed"));
		r = next ? mp_tuf_bump(next, expires, err) : -ENOMEM;
	}
	for (size_t i = 0; i < x->built->n_files && r == 0; i++) {
		const struct mp_built_file *f = &x->built->files[i];

		r = mp_tuf_targets_add(next, f->path, f->length, f->sha256, NULL, err);
	}
	if (r == 0)
		r = mp_tuf_sign(next, (const struct mp_sign_key *const[]){key}, 1, text, err);
	if (r < 0)
		return r;
	r = check_targets(x, text, &check, err);
	return r < 0 ? mp_err_wrap(err, r,
				   "keys/targets.pem is not the key that the newest root "
				   "names: restore it, or run 'mp key rotate targets'")
		     : 0;
}

static int post_release(struct publish *x, const struct mp_buf *targets, struct mp_err *err)
{
	auto_(mp_json) *body = mp_json_new_object();
	int r = mp_json_put_str(body, "manifest", x->built->manifest);

	if (r == 0)
		r = mp_json_put_str(body, "targets", mp_buf_str(targets));
	if (r < 0)
		return mp_err_set(err, r, "out of memory");
	return mp_api_send(x->api, "POST", "releases", body, NULL, err);
}

/* The targets with this release exist already, but the server does not have them: it lost its
 * data, or is another one. */
static int publish_again(struct publish *x, struct mp_err *err)
{
	MP_BUF(text, MP_METADATA_MAX);
	int64_t version;
	int r = mp_tuf_newest(x->p, "targets", &version, &text, err);

	if (r == 0)
		r = upload(x, err);
	return r < 0 ? r : post_release(x, &text, err);
}

static int publish_new(struct publish *x, int64_t expires, struct mp_err *err)
{
	MP_BUF(text, MP_METADATA_MAX);
	int r = sign_targets(x, expires, &text, err);

	if (r == 0)
		r = upload(x, err);
	if (r == 0)
		r = post_release(x, &text, err);
	if (r < 0)
		return r;
	x->version++;
	return write_targets(x->p, x->version, &text, err);
}

static int publish(struct publish *x, const struct publish_options *o, struct mp_err *err)
{
	int64_t expires = time(NULL) + (int64_t)o->days * 86400;
	int r = take_over(x, err), same;

	same = r < 0 ? r : check_version(x, err);
	if (same < 0)
		return same;
	r = is_published(x, err);
	if (r == 1)
		return mp_err_set(err, -EEXIST,
				  "release %s is published already: raise 'version' in "
				  "product.yaml and build again",
				  x->built->version);
	if (r < 0)
		return r;
	return same ? publish_again(x, err) : publish_new(x, expires, err);
}

/* Everything that can be found wrong without the server. */
static int prepare(struct publish *x, const struct mp_built *built, struct mp_err *err)
{
	struct mp_progress bar = {.what = "checking"};
	auto_(mp_release) *manifest = NULL;
	int64_t version;
	int r = mp_built_check(built, &bar, err);

	mp_progress_end(&bar, r == 0);
	if (r == 0)
		r = mp_built_manifest(built, x->p, &manifest, err);
	if (r == 0)
		r = mp_tuf_read_root(x->p, &x->root, &version, err);
	return r < 0 ? r : read_local_targets(x, err);
}

static int read_built(const struct mp_product *p, const char *version, const char *notes,
		      struct mp_built **ret, struct mp_err *err)
{
	auto_(mp_built) *b = NULL;
	int r = mp_built_read(p, version, notes ? &b : ret, err);

	if (r < 0 || !notes)
		return r;
	r = mp_built_set_notes(b, notes, err);
	return r < 0 ? r : mp_built_read(p, version, ret, err);
}

static int say_done(const struct publish *x, bool json)
{
	auto_(mp_json) *answer = NULL;

	if (!json) {
		mp_step("published release %s; bring it to devices with 'mp rollout start %s'",
			x->built->version, x->built->version);
		return EXIT_SUCCESS;
	}
	answer = mp_json_new_object();
	(void)mp_json_put_str(answer, "version", x->built->version);
	(void)mp_json_put_int(answer, "targets_version", x->version);
	(void)mp_json_put_int(answer, "uploaded", (int64_t)x->uploaded);
	return mp_print_json(answer);
}

int mp_verb_publish(int argc, char *argv[])
{
	__attribute__((cleanup(publish_done))) struct publish x = {0};
	struct publish_options o = {.days = MP_TARGETS_DAYS};
	auto_(mp_built) *built = NULL;
	auto_(mp_product) *p = NULL;
	struct mp_err err = {0};
	int status = mp_options_parse(mp_options_publish, &o, &argc, &argv);

	if (status != MP_GO_ON)
		return status;
	if (o.days < 1 || o.days > 36500)
		return mp_fail_usage("--days is a number from 1 to 36500");
	if (mp_here(&p, &err) < 0 ||
	    read_built(p, argc > 0 ? argv[0] : NULL, o.notes, &built, &err) < 0)
		return mp_fail(&err);
	x.p = p;
	x.built = built;
	x.root.limit = MP_METADATA_MAX;
	if (prepare(&x, built, &err) < 0 || mp_api_open(&o.server, &x.api, &err) < 0 ||
	    publish(&x, &o, &err) < 0)
		return mp_fail(&err);
	return say_done(&x, o.json);
}
