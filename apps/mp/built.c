/* SPDX-License-Identifier: Apache-2.0 */
#include "built.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"

#define RELEASE_MAX (16u << 20)

void mp_built_free(struct mp_built *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n_files; i++)
		free(b->files[i].file);
	free(b->files);
	free(b->dir);
	mp_json_free(b->doc);
	free(b);
}

static int read_json(const char *path, struct mp_json **ret, struct mp_err *err)
{
	MP_BUF(text, RELEASE_MAX);
	int r = mp_file_read(path, &text, err);

	if (r < 0)
		return r;
	r = mp_json_parse(mp_buf_str(&text), text.len, ret, err);
	return r < 0 ? mp_err_wrap(err, r, "%s", path) : 0;
}

static int write_json(const char *path, const struct mp_json *j, struct mp_err *err)
{
	MP_BUF(text, RELEASE_MAX);
	int r = mp_json_format_pretty(j, &text);

	if (r == 0)
		r = mp_buf_add_str(&text, "\n");
	return r < 0 ? mp_err_set(err, r, "%s would be too large", path)
		     : mp_file_write(path, text.data, text.len, 0644, err);
}

static int read_file_entry(const char *dir, const struct mp_json *j, struct mp_built_file *f,
			   struct mp_err *err)
{
	const char *file = NULL;
	int64_t length = 0;
	int r = mp_json_read_str(j, "path", &f->path, err);

	if (r == 0)
		r = mp_json_read_str(j, "file", &file, err);
	if (r == 0)
		r = mp_json_read_int(j, "length", 0, INT64_MAX, &length, err);
	if (r == 0)
		r = mp_json_read_str(j, "sha256", &f->sha256, err);
	if (r < 0)
		return r;
	if (!mp_str_is_name(f->path, 199))
		return mp_err_set(err, -EBADMSG, "'%s' is no name of a target", f->path);
	f->length = (uint64_t)length;
	f->file = mp_str_format("%s/%s", dir, file);
	return f->file ? 0 : mp_err_set(err, -ENOMEM, "out of memory");
}

static int read_files(struct mp_built *b, struct mp_err *err)
{
	const struct mp_json *list;
	int r = mp_json_read_array(b->doc, "targets", &list, err);

	if (r < 0)
		return r;
	b->files = calloc(mp_json_size(list) + 1, sizeof(*b->files));
	if (!b->files)
		return mp_err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < mp_json_size(list) && r == 0; i++) {
		r = read_file_entry(b->dir, mp_json_at(list, i), &b->files[i], err);
		b->total += b->files[i].length;
		b->n_files = i + 1;
	}
	return r;
}

static int read_built(struct mp_built *b, struct mp_err *err)
{
	int r = mp_json_read_str(b->doc, "version", &b->version, err);

	if (r == 0)
		r = mp_json_read_str(b->doc, "manifest", &b->manifest, err);
	if (r == 0)
		r = read_files(b, err);
	if (r == 0 && !mp_built_find(b, b->manifest))
		r = mp_err_set(err, -EBADMSG, "'%s' is not among the targets", b->manifest);
	return r;
}

int mp_built_read(const struct mp_product *p, const char *version, struct mp_built **ret,
		  struct mp_err *err)
{
	const char *wanted = version ? version : p->version;
	auto_(mp_built) *b = calloc(1, sizeof(*b));
	auto_free char *path = NULL;
	int r;

	if (!mp_version_is_valid(wanted))
		return mp_err_set(err, -EINVAL,
				  "'%s' is not a version: write one to four numbers, like 1.10.0",
				  wanted);
	if (b)
		b->dir = mp_str_format("%s/build/%s", p->dir, wanted);
	path = b && b->dir ? mp_str_format("%s/release.json", b->dir) : NULL;
	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (!mp_file_exists(path))
		return mp_err_set(
			err, -ENOENT, "release %s is not built: %s'mp build' first", wanted,
			mp_streq(wanted, p->version) ? "run "
						     : "set 'version' in product.yaml and run ");
	r = read_json(path, &b->doc, err);
	if (r == 0) {
		r = read_built(b, err);
		if (r < 0)
			r = mp_err_wrap(err, r, "%s: build it again", path);
	}
	if (r == 0 && !mp_streq(b->version, wanted))
		r = mp_err_set(err, -EBADMSG, "%s is of version %s: build %s again", path,
			       b->version, wanted);
	if (r == 0)
		*ret = take_ptr(b);
	return r;
}

const struct mp_built_file *mp_built_find(const struct mp_built *b, const char *path)
{
	for (size_t i = 0; i < b->n_files; i++)
		if (mp_streq(b->files[i].path, path))
			return &b->files[i];
	return NULL;
}

static int check_file(const struct mp_built_file *f, struct mp_err *err)
{
	struct stat st;
	uint64_t size;
	char hex[65];
	int r;

	if (stat(f->file, &st) < 0)
		return mp_err_set(err, -ENOENT, "%s is missing: build the release again", f->file);
	if ((uint64_t)st.st_size != f->length)
		return mp_err_set(err, -EBADMSG,
				  "%s has %jd bytes, but was built with %" PRIu64
				  ": build the release again",
				  f->file, (intmax_t)st.st_size, f->length);
	r = mp_sha256_file(f->file, hex, &size);
	if (r < 0)
		return mp_err_set(err, r, "cannot read %s: %s", f->file, strerror(-r));
	if (!mp_streq(hex, f->sha256))
		return mp_err_set(err, -EBADMSG,
				  "%s has changed since it was built: build the release again",
				  f->file);
	return 0;
}

int mp_built_check(const struct mp_built *b, struct mp_progress *progress, struct mp_err *err)
{
	progress->whole = b->total;
	for (size_t i = 0; i < b->n_files; i++) {
		int r = check_file(&b->files[i], err);

		if (r < 0)
			return r;
		mp_progress_update(progress, b->files[i].length, b->total);
		progress->base += b->files[i].length;
	}
	return 0;
}

/* What the manifest names lies among the files, with the size that it says. */
static int check_named(const struct mp_built *b, const char *path, uint64_t size,
		       struct mp_err *err)
{
	const struct mp_built_file *f = mp_built_find(b, path);

	if (!f)
		return mp_err_set(err, -EBADMSG,
				  "the manifest names %s, which release.json lacks: build the "
				  "release again",
				  path);
	if (size && f->length != size)
		return mp_err_set(err, -EBADMSG,
				  "the manifest says %" PRIu64 " bytes for %s, which has %" PRIu64
				  ": build the release again",
				  size, path, f->length);
	return 0;
}

static int check_os(const struct mp_built *b, const struct mp_release *m, struct mp_err *err)
{
	int r = 0;

	for (unsigned i = 0; i < m->n_os; i++)
		for (unsigned j = 0; j < m->os[i].n_sources && r == 0; j++)
			if (*m->os[i].sources[j].target)
				r = check_named(b, m->os[i].sources[j].target,
						m->os[i].sources[j].size, err);
	return r;
}

static int check_services(const struct mp_built *b, const struct mp_release *m, struct mp_err *err)
{
	int r = 0;

	for (unsigned i = 0; i < m->n_services && r == 0; i++) {
		const struct mp_release_service *s = &m->services[i];

		r = check_named(b, s->config_target, s->config_size, err);
		for (unsigned j = 0; j < s->n_layers && r == 0; j++)
			r = check_named(b, s->layers[j].target, s->layers[j].size, err);
	}
	return r;
}

int mp_built_manifest(const struct mp_built *b, const struct mp_product *p, struct mp_release **ret,
		      struct mp_err *err)
{
	const struct mp_built_file *f = mp_built_find(b, b->manifest);
	auto_(mp_release) *m = NULL;
	MP_BUF(text, RELEASE_MAX);
	int r = mp_file_read(f->file, &text, err);

	if (r < 0)
		return r;
	r = mp_release_parse(mp_buf_str(&text), text.len, &m, err);
	if (r < 0)
		return mp_err_wrap(err, r, "%s", f->file);
	if (!mp_streq(m->product, p->name) || !mp_streq(m->version, b->version))
		return mp_err_set(err, -EBADMSG, "%s is of %s %s, not of %s %s: build it again",
				  f->file, m->product, m->version, p->name, b->version);
	r = *m->sbom_target ? check_named(b, m->sbom_target, 0, err) : 0;
	if (r == 0)
		r = check_os(b, m, err);
	if (r == 0)
		r = check_services(b, m, err);
	if (r == 0)
		*ret = take_ptr(m);
	return r;
}

/* release.json with the manifest's new length and digest. */
static int update_entry(const struct mp_built *b, uint64_t length, const char *hex,
			struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/release.json", b->dir);
	auto_(mp_json) *doc = mp_json_copy(b->doc);
	struct mp_json *list = mp_json_new_array();
	const struct mp_json *targets = mp_json_get(b->doc, "targets");
	int r = 0;

	for (size_t i = 0; i < mp_json_size(targets) && r == 0; i++) {
		struct mp_json *entry = mp_json_copy(mp_json_at(targets, i));

		if (mp_streq(mp_json_str(mp_json_get(entry, "path"), NULL), b->manifest)) {
			r = mp_json_put_int(entry, "length", (int64_t)length);
			r = r < 0 ? r : mp_json_put_str(entry, "sha256", hex);
		}
		r = r < 0 ? r : mp_json_append(list, entry);
	}
	if (!path || !doc || r < 0) {
		mp_json_free(list);
		return mp_err_set(err, -ENOMEM, "out of memory");
	}
	r = mp_json_put(doc, "targets", list);
	return r < 0 ? mp_err_set(err, r, "out of memory") : write_json(path, doc, err);
}

int mp_built_set_notes(const struct mp_built *b, const char *notes, struct mp_err *err)
{
	const struct mp_built_file *f = mp_built_find(b, b->manifest);
	auto_(mp_json) *doc = NULL;
	char hex[65];
	uint64_t length;
	int r = read_json(f->file, &doc, err);

	if (r < 0 || mp_streq(mp_json_str(mp_json_get(doc, "notes"), ""), notes))
		return r;
	r = mp_json_put_str(doc, "notes", notes);
	if (r < 0)
		return mp_err_set(err, r, "these notes are no UTF-8 text");
	r = write_json(f->file, doc, err);
	if (r == 0)
		r = mp_sha256_file(f->file, hex, &length);
	return r < 0 ? r : update_entry(b, length, hex, err);
}
