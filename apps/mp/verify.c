/* SPDX-License-Identifier: Apache-2.0 */
/* mp verify: would a device believe this release, and get what was built? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "built.h"
#include "frames.h"
#include "keyring.h"
#include "published.h"
#include "tuf/repo.h"
#include "verb.h"

struct verify_options {
	struct mp_server_options server;
	bool json, published;
};

const struct mp_option mp_options_verify[] = {
	{"published", 0, MP_SWITCH, offsetof(struct verify_options, published), NULL,
	 "check what the server gives to devices, not what was built"},
	MP_OPTION_JSON(struct verify_options, json),
	MP_OPTIONS_SERVER(struct verify_options, server),
	{0},
};

static int check_payloads(const struct mp_built *b, const struct mp_release *m, struct mp_err *err)
{
	int r = 0;

	for (unsigned i = 0; i < m->n_os && r == 0; i++)
		for (unsigned j = 0; j < m->os[i].n_sources && r == 0; j++) {
			const struct mp_release_source *s = &m->os[i].sources[j];
			const struct mp_built_file *f = mp_built_find(b, s->target);
			struct mp_progress bar = {.what = "decoding"};

			if (!mp_streq(s->type, "full") || !f)
				continue;
			r = mp_frames_check(f->file, &m->os[i], s, &bar, err);
			mp_progress_end(&bar, r == 0);
		}
	return r;
}

/* An image's id is the digest of its configuration. */
static int check_images(const struct mp_built *b, const struct mp_release *m, struct mp_err *err)
{
	for (unsigned i = 0; i < m->n_services; i++) {
		const struct mp_release_service *s = &m->services[i];
		const struct mp_built_file *f = mp_built_find(b, s->config_target);

		if (f && !mp_streq(f->sha256, s->image_id))
			return mp_err_set(err, -EBADMSG,
					  "the image of service %s is not the one in the manifest: "
					  "build the release again",
					  s->name);
	}
	return 0;
}

/* 1: the local targets list this release and are signed by the product; 0: not published. */
static int check_signature(const struct mp_product *p, const struct mp_built *b, struct mp_err *err)
{
	const struct mp_built_file *f = mp_built_find(b, b->manifest);
	auto_(mp_json) *targets = NULL;
	const struct mp_json *target;
	MP_BUF(root, MP_METADATA_MAX);
	MP_BUF(text, MP_METADATA_MAX);
	int64_t version;
	int r = mp_tuf_read_root(p, &root, &version, err);

	if (r == 0)
		r = mp_tuf_newest(p, "targets", &version, &text, err);
	if (r < 0 || version == 0)
		return r;
	r = mp_tuf_check(mp_buf_str(&root), root.len, "targets", mp_buf_str(&text), text.len,
			 &targets, err);
	if (r < 0)
		return mp_err_wrap(err, r, "tuf/%lld.targets.json", (long long)version);
	target = mp_json_get(mp_json_get(mp_json_get(targets, "signed"), "targets"), b->manifest);
	if (!target)
		return 0;
	target = mp_json_get(target, "hashes");
	if (!mp_streq(mp_json_str(mp_json_get(target, "sha256"), ""), f->sha256))
		return mp_err_set(err, -EBADMSG,
				  "release %s was published with other contents: raise 'version' "
				  "in product.yaml and build again",
				  b->version);
	return 1;
}

struct found {
	size_t files;
	uint64_t bytes;
	bool is_signed;
};

static int verify_built(const struct mp_product *p, const char *version, struct found *ret,
			struct mp_err *err)
{
	struct mp_progress bar = {.what = "digests"};
	auto_(mp_built) *b = NULL;
	auto_(mp_release) *m = NULL;
	int r = mp_built_read(p, version, &b, err);

	if (r < 0)
		return r;
	r = mp_built_check(b, &bar, err);
	mp_progress_end(&bar, r == 0);
	if (r == 0)
		r = mp_built_manifest(b, p, &m, err);
	if (r == 0)
		r = check_payloads(b, m, err);
	if (r == 0)
		r = check_images(b, m, err);
	if (r == 0)
		r = check_signature(p, b, err);
	if (r < 0)
		return r;
	*ret = (struct found){.files = b->n_files, .bytes = b->total, .is_signed = r == 1};
	return 0;
}

static int verify_published(const struct mp_product *p, const struct verify_options *o,
			    const char *version, struct found *ret, struct mp_err *err)
{
	int r = mp_published_check(p, &o->server, version, &ret->files, &ret->bytes, err);

	ret->is_signed = r == 0;
	return r;
}

static int say(const char *version, const struct found *f, const struct verify_options *o)
{
	auto_(mp_json) *answer = NULL;
	char size[16];

	if (!o->json) {
		mp_step("release %s is good: %zu files, %s, %s", version, f->files,
			mp_format_bytes(f->bytes, size),
			o->published   ? "as the server gives them"
			: f->is_signed ? "signed"
				       : "not published yet");
		return EXIT_SUCCESS;
	}
	answer = mp_json_new_object();
	(void)mp_json_put_str(answer, "version", version);
	(void)mp_json_put_int(answer, "files", (int64_t)f->files);
	(void)mp_json_put_int(answer, "bytes", (int64_t)f->bytes);
	(void)mp_json_put_bool(answer, "signed", f->is_signed);
	return mp_print_json(answer);
}

int mp_verb_verify(int argc, char *argv[])
{
	struct verify_options o = {0};
	auto_(mp_product) *p = NULL;
	struct found found = {0};
	struct mp_err err = {0};
	const char *version;
	int status = mp_options_parse(mp_options_verify, &o, &argc, &argv);

	if (status != MP_GO_ON)
		return status;
	if (mp_here(&p, &err) < 0)
		return mp_fail(&err);
	version = argc > 0 ? argv[0] : p->version;
	if ((o.published ? verify_published(p, &o, version, &found, &err)
			 : verify_built(p, version, &found, &err)) < 0)
		return mp_fail(&err);
	return say(version, &found, &o);
}
