/* SPDX-License-Identifier: Apache-2.0 */
#include "published.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "base/file.h"
#include "base/str.h"
#include "keyring.h"
#include "release/release.h"
#include "tuf/tuf.h"

/* ---- a store that forgets: each check begins with nothing but the first root ---- */

struct memory {
	struct {
		char name[256];
		struct mp_buf text;
	} files[32];
	size_t n;
};

static void memory_done(struct memory *m)
{
	for (size_t i = 0; i < m->n; i++)
		mp_buf_done(&m->files[i].text);
}

static int load(void *user, const char *name, struct mp_buf *out)
{
	const struct memory *m = user;

	for (size_t i = 0; i < m->n; i++)
		if (mp_streq(m->files[i].name, name))
			return mp_buf_add(out, mp_buf_str(&m->files[i].text), m->files[i].text.len);
	return -ENOENT;
}

static int save(void *user, const char *name, const void *data, size_t len)
{
	struct memory *m = user;
	size_t i = 0;

	while (i < m->n && !mp_streq(m->files[i].name, name))
		i++;
	if (i == sizeof(m->files) / sizeof(*m->files))
		return -ENOSPC;
	if (i == m->n) {
		snprintf(m->files[i].name, sizeof(m->files[i].name), "%s", name);
		m->files[i].text = (struct mp_buf){.limit = MP_METADATA_MAX};
		m->n++;
	}
	mp_buf_reset(&m->files[i].text);
	return mp_buf_add(&m->files[i].text, data, len);
}

static int forget(void *user, const char *name)
{
	struct memory *m = user;

	for (size_t i = 0; i < m->n; i++)
		if (mp_streq(m->files[i].name, name))
			m->files[i].name[0] = '\0';
	return 0;
}

/* ---- the server as a TUF repository ---- */

static int fetch(void *user, const char *name, uint64_t most, mp_tuf_sink sink, void *sink_user,
		 struct mp_err *err)
{
	auto_free char *path = mp_str_format("tuf/%s", name);

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	return mp_api_stream(user, path, most, sink, sink_user, err);
}

/* "HASH.name": the server keeps blobs by their digest. */
static int fetch_target(void *user, const char *path, uint64_t most, mp_tuf_sink sink,
			void *sink_user, struct mp_err *err)
{
	auto_free char *blob = mp_str_format("blobs/%.64s", path);

	if (!blob)
		return mp_err_set(err, -ENOMEM, "out of memory");
	return mp_api_stream(user, blob, most, sink, sink_user, err);
}

/* ---- the release ---- */

struct check {
	struct mp_tuf_client *tuf;
	struct mp_tuf_fetcher fetcher;
	size_t files;
	struct mp_progress bar;
	struct mp_buf *keep; /* what is downloaded also goes here; NULL: nowhere */
};

static int pass_by(void *user, const void *data, size_t len)
{
	struct check *c = user;

	c->bar.base += len;
	mp_progress_update(&c->bar, 0, 0);
	return c->keep ? mp_buf_add(c->keep, data, len) : 0;
}

/* The target is signed, and the server's bytes are the ones that were signed. */
static int check_path(struct check *c, const char *path, struct mp_err *err)
{
	struct mp_tuf_target target;
	int r;

	if (!*path)
		return 0;
	r = mp_tuf_find(c->tuf, &c->fetcher, path, &target, err);
	if (r == -ENOENT)
		return mp_err_set(err, r, "the server has no signed %s: publish the release", path);
	if (r == 0)
		r = mp_tuf_download(c->tuf, &c->fetcher, &target, pass_by, c, err);
	if (r == -ENOENT)
		return mp_err_set(err, r, "the server has lost %s: publish the release again",
				  path);
	c->files += r == 0;
	return r;
}

static int check_manifest(struct check *c, const struct mp_release *m, struct mp_err *err)
{
	int r = check_path(c, m->sbom_target, err);

	for (unsigned i = 0; i < m->n_os; i++)
		for (unsigned j = 0; j < m->os[i].n_sources && r == 0; j++)
			r = check_path(c, m->os[i].sources[j].target, err);
	for (unsigned i = 0; i < m->n_services && r == 0; i++) {
		r = check_path(c, m->services[i].config_target, err);
		for (unsigned j = 0; j < m->services[i].n_layers && r == 0; j++)
			r = check_path(c, m->services[i].layers[j].target, err);
	}
	return r;
}

static int check_release(struct check *c, const char *version, struct mp_err *err)
{
	auto_free char *name = mp_str_format("%s.manifest.json", version);
	auto_(mp_release) *m = NULL;
	MP_BUF(text, MP_METADATA_MAX);
	int r;

	if (!name)
		return mp_err_set(err, -ENOMEM, "out of memory");
	c->keep = &text;
	r = check_path(c, name, err);
	c->keep = NULL;
	if (r == 0)
		r = mp_release_parse(mp_buf_str(&text), text.len, &m, err);
	return r < 0 ? r : check_manifest(c, m, err);
}

static int trust_first_root(const struct mp_product *p, const struct mp_tuf_store *store,
			    struct mp_err *err)
{
	auto_free char *path = mp_product_path(p, "tuf/1.root.json");
	MP_BUF(root, MP_METADATA_MAX);
	int r = path ? mp_file_read(path, &root, err) : -ENOMEM;

	return r < 0 ? r : mp_tuf_init(store, mp_buf_str(&root), root.len, err);
}

int mp_published_check(const struct mp_product *p, const struct mp_server_options *o,
		       const char *version, size_t *ret_files, uint64_t *ret_bytes,
		       struct mp_err *err)
{
	__attribute__((cleanup(memory_done))) struct memory memory = {.n = 0};
	const struct mp_tuf_store store = {load, save, forget, &memory};
	auto_(mp_api) *api = NULL;
	auto_(mp_tuf_client) *tuf = NULL;
	struct check c = {0};
	int r = mp_api_open(o, &api, err);

	if (r == 0)
		r = trust_first_root(p, &store, err);
	if (r == 0)
		r = mp_tuf_open(&store, &tuf, err);
	if (r < 0)
		return r;
	c = (struct check){
		.tuf = tuf, .fetcher = {fetch, fetch_target, api}, .bar = {.what = "downloading"}};
	r = mp_tuf_refresh(tuf, &c.fetcher, time(NULL), err);
	if (r == 0)
		r = check_release(&c, version, err);
	mp_progress_end(&c.bar, r == 0);
	if (r < 0)
		return r;
	*ret_files = c.files;
	*ret_bytes = c.bar.base;
	return 0;
}
