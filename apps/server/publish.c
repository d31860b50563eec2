/* SPDX-License-Identifier: Apache-2.0
 * Publishing: everything is checked before anything is written. What a release consists of is read
 * from its manifest; each of its files must be a target with the digest and length of a blob that
 * has been uploaded. Under consistent snapshots devices ask for DIGEST.NAME. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "blobs.h"
#include "events.h"
#include "intern.h"
#include "online.h"
#include "release/release.h"
#include "releases.h"
#include "server.h"

#define MANIFEST_MAX (4u << 20)

struct publication {
	struct server *s;
	const struct mp_json *targets; /* the object of targets, by path */
	struct mp_release *manifest;
	int64_t release; /* row to write files for; 0: only check */
	uint64_t size; /* bytes of all files */
	struct mp_err *err;
};

/* What the targets say of a path. */
static int find_target(const struct publication *p, const char *path, struct blob *ret)
{
	const struct mp_json *target = mp_json_get(p->targets, path), *hashes = NULL;
	const char *sha256 = NULL;
	int64_t length = 0;
	int r;

	if (!target)
		return mp_err_set(p->err, -EBADMSG, "the targets do not list %s", path);
	r = mp_json_read_object(target, "hashes", &hashes, p->err);
	if (r == 0)
		r = mp_json_read_str(hashes, "sha256", &sha256, p->err);
	if (r == 0)
		r = mp_json_read_int(target, "length", 0, INT64_MAX, &length, p->err);
	if (r < 0)
		return mp_err_wrap(p->err, r, "target %s", path);
	r = blobs_find(p->s, sha256, ret);
	if (r == -ENOENT)
		return mp_err_set(p->err, r, "%s has not been uploaded (blob %s)", path, sha256);
	if (r < 0)
		return mp_err_set(p->err, r, "blob %s could not be read: %s", sha256, strerror(-r));
	if (ret->size != (uint64_t)length)
		return mp_err_set(p->err, -EBADMSG,
				  "%s is %lld bytes in the targets and %llu as blob", path,
				  (long long)length, (unsigned long long)ret->size);
	return 0;
}

static int write_file(struct publication *p, const char *path, const char *board,
		      const struct blob *blob)
{
	char name[300];
	int r;

	if (!p->release)
		return 0;
	snprintf(name, sizeof(name), "%s.%s", blob->sha256, path);
	r = mp_store_run(p->s->store,
			 "INSERT OR IGNORE INTO release_file (release, name, board, sha256)"
			 " VALUES (?, ?, ?, ?)",
			 MP_INT(p->release), MP_TEXT(name), MP_TEXT(board), MP_TEXT(blob->sha256));
	return r < 0 ? mp_err_set(p->err, r, "the release could not be written: %s", strerror(-r))
		     : 0;
}

static int add_file(struct publication *p, const char *path, const char *board)
{
	struct blob blob;
	int r = find_target(p, path, &blob);

	if (r < 0)
		return r;
	p->size += blob.size;
	return write_file(p, path, board, &blob);
}

/* It belongs to the release, but no device needs it. */
static int add_sbom(struct publication *p, const char *path)
{
	struct blob blob;
	int r = find_target(p, path, &blob);

	return r < 0 ? r : write_file(p, path, RELEASE_NO_BOARD, &blob);
}

static int add_service(struct publication *p, const struct mp_release_service *service)
{
	int r = add_file(p, service->config_target, "");

	for (unsigned i = 0; r == 0 && i < service->n_layers; i++)
		r = add_file(p, service->layers[i].target, "");
	return r;
}

/* Every file of the release: checked, and written when there is a row to write them for. */
static int add_files(struct publication *p, const char *manifest_path)
{
	const struct mp_release *m = p->manifest;
	int r = add_file(p, manifest_path, "");

	for (unsigned i = 0; r == 0 && i < m->n_os; i++)
		for (unsigned k = 0; r == 0 && k < m->os[i].n_sources; k++)
			r = add_file(p, m->os[i].sources[k].target, m->os[i].board);
	for (unsigned i = 0; r == 0 && i < m->n_firmware; i++)
		r = add_file(p, m->firmware[i].target, m->firmware[i].board);
	for (unsigned i = 0; r == 0 && i < m->n_services; i++)
		r = add_service(p, &m->services[i]);
	if (r == 0 && *m->sbom_target)
		r = add_sbom(p, m->sbom_target);
	return r;
}

static int read_manifest(struct publication *p, const char *path)
{
	MP_BUF(text, MANIFEST_MAX);
	struct blob blob;
	int r = find_target(p, path, &blob);

	if (r < 0)
		return r;
	r = blobs_read(p->s, blob.sha256, &text);
	if (r < 0)
		return mp_err_set(p->err, r, "the manifest cannot be read: %s", strerror(-r));
	r = mp_release_parse(text.data, text.len, &p->manifest, p->err);
	return r < 0 ? mp_err_wrap(p->err, r, "%s", path) : 0;
}

static int check_version(const struct publication *p)
{
	const struct mp_release *m = p->manifest;
	const struct release *r;

	if (*p->s->product_name && strcmp(m->product, p->s->product_name) != 0)
		return mp_err_set(p->err, -EBADMSG,
				  "this is a release of product %s; the server is for %s",
				  m->product, p->s->product_name);
	if (releases_find(p->s->releases, m->version))
		return mp_err_set(p->err, -EEXIST,
				  "release %s is published already; choose a higher version",
				  m->version);
	r = releases_at(p->s->releases, 0);
	if (r && mp_version_compare(m->version, r->version) <= 0)
		return mp_err_set(p->err, -EPROTO,
				  "release %s is not newer than %s, which is published already; "
				  "versions only go up",
				  m->version, r->version);
	return 0;
}

/* ---- writing ---- */

/* Of the images for a board? The others are for more of its components. */
static bool is_first(const struct mp_release *m, unsigned i)
{
	return i == 0 || !mp_streq(m->firmware[i - 1].board, m->firmware[i].board);
}

static int names_json(const struct mp_release *m, struct mp_buf *boards, struct mp_buf *firmware,
		      struct mp_buf *services)
{
	auto_(mp_json) *b = mp_json_new_array(), *s = mp_json_new_array(),
		       *f = mp_json_new_object();
	int r = 0;

	for (unsigned i = 0; i < m->n_os; i++)
		r |= mp_json_append(b, mp_json_new_str(m->os[i].board));
	for (unsigned i = 0; i < m->n_firmware; i++) {
		if (!is_first(m, i))
			continue;
		r |= mp_json_append(b, mp_json_new_str(m->firmware[i].board));
		r |= mp_json_put_str(f, m->firmware[i].board, m->firmware[i].version);
	}
	for (unsigned i = 0; i < m->n_services; i++)
		r |= mp_json_append(s, mp_json_new_str(m->services[i].name));
	if (r || !b || !s || !f)
		return -ENOMEM;
	r = mp_json_format(b, boards);
	if (r == 0)
		r = mp_json_format(f, firmware);
	return r < 0 ? r : mp_json_format(s, services);
}

static int write_row(struct publication *p)
{
	const struct mp_release *m = p->manifest;
	MP_BUF(boards, 4096);
	MP_BUF(firmware, 8192);
	MP_BUF(services, 8192);
	int r = names_json(m, &boards, &firmware, &services);

	if (r == 0)
		r = mp_store_run(p->s->store,
				 "INSERT INTO release (version, minimum_version, product, notes,"
				 " published, boards, firmware, services, size)"
				 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
				 MP_TEXT(m->version), MP_TEXT(m->minimum_version),
				 MP_TEXT(m->product), MP_TEXT(m->notes), MP_INT(server_now()),
				 MP_TEXT(mp_buf_str(&boards)), MP_TEXT(mp_buf_str(&firmware)),
				 MP_TEXT(mp_buf_str(&services)), MP_INT((int64_t)p->size));
	if (r < 0)
		return mp_err_set(p->err, r, "the release could not be written: %s", strerror(-r));
	p->release = mp_store_last_id(p->s->store);
	return 0;
}

static int remember(struct publication *p, struct release **ret)
{
	const struct mp_release *m = p->manifest;
	struct release *r = calloc(1, sizeof(*r));
	int code = r ? 0 : -ENOMEM;

	if (code == 0) {
		r->id = p->release;
		r->published = server_now();
		r->version = intern(m->version);
		r->minimum_version = intern(m->minimum_version);
		r->product = intern(m->product);
		if (!r->version || !r->minimum_version || !r->product)
			code = -ENOMEM;
	}
	for (unsigned i = 0; code == 0 && i < m->n_os; i++)
		code = release_add_board(r, m->os[i].board, NULL);
	for (unsigned i = 0; code == 0 && i < m->n_firmware; i++)
		if (is_first(m, i))
			code = release_add_board(r, m->firmware[i].board, m->firmware[i].version);
	if (code == 0)
		code = releases_insert(p->s->releases, r);
	if (code < 0) {
		free(r);
		return mp_err_set(p->err, code, "memory is out");
	}
	*ret = r;
	return 0;
}

static int write_all(struct publication *p, const char *manifest, const char *targets,
		     int64_t version, struct release **ret)
{
	int r = write_row(p);

	if (r == 0)
		r = add_files(p, manifest);
	if (r == 0)
		r = online_set_targets(p->s, targets, strlen(targets), version, p->err);
	return r < 0 ? r : remember(p, ret);
}

int releases_publish(struct server *s, const char *manifest, const char *targets,
		     struct release **ret, struct mp_err *err)
{
	struct publication p = {.s = s, .err = err};
	auto_(mp_json) *doc = NULL, *event = NULL;
	const struct mp_json *part;
	int r = online_check_targets(s, targets, strlen(targets), &doc, err);

	if (r < 0)
		return r;
	part = mp_json_get(doc, "signed");
	p.targets = mp_json_get(part, "targets");
	r = read_manifest(&p, manifest);
	if (r == 0)
		r = check_version(&p);
	if (r == 0)
		r = add_files(&p, manifest); /* only checks: there is no row yet */
	if (r == 0)
		r = write_all(&p, manifest, targets, mp_json_int(mp_json_get(part, "version"), 0),
			      ret);
	mp_release_free(p.manifest);
	if (r == 0 && events_wanted(s->events, EVENT_RELEASE, NULL) &&
	    release_json(s, *ret, &event) == 0)
		events_add(s->events, EVENT_RELEASE, NULL, take_ptr(event));
	return r;
}

/* One file of a published release: is it still a target, and the same? */
static int check_kept(const struct publication *p, const struct mp_query *q)
{
	const char *path = mp_query_text(q, 0) + 65; /* behind "DIGEST." */
	struct blob blob;
	int r = find_target(p, path, &blob);

	if (r == 0 && strcmp(blob.sha256, mp_query_text(q, 1)) != 0)
		r = mp_err_set(p->err, -EBADMSG, "the targets have another %s than before", path);
	if (r < 0)
		return mp_err_wrap(p->err, r == -ENOENT ? -EBADMSG : r, "published release %s",
				   mp_query_text(q, 2));
	return 0;
}

int releases_check_targets(struct server *s, const struct mp_json *targets, struct mp_err *err)
{
	struct publication p = {.s = s, .err = err};
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT f.name, f.sha256, min(r.version) FROM release_file f"
			       " JOIN release r ON r.id = f.release GROUP BY f.name, f.sha256",
			       &q, MP_NOTHING);

	if (r < 0)
		return mp_err_set(err, r, "the releases could not be read: %s", strerror(-r));
	p.targets = mp_json_get(mp_json_get(targets, "signed"), "targets");
	while ((r = mp_query_next(q)) > 0) {
		r = check_kept(&p, q);
		if (r < 0)
			return r;
	}
	return r;
}

int release_firmware(struct server *s, const struct release *r, const char *board,
		     struct mp_release_firmware **ret, unsigned *ret_n)
{
	auto_(mp_query) *q = NULL;
	auto_(mp_release) *manifest = NULL;
	const struct mp_release_firmware *f;
	struct mp_release_firmware *copy;
	unsigned n;
	MP_BUF(text, MANIFEST_MAX);
	int code = mp_store_query(s->store,
				  "SELECT sha256 FROM release_file WHERE release = ?1 AND name ="
				  " sha256 || '.' || ?2 || '.manifest.json'",
				  &q, MP_INT(r->id), MP_TEXT(r->version));

	if (code == 0)
		code = mp_query_next(q);
	if (code <= 0)
		return code < 0 ? code : -ENOENT;
	code = blobs_read(s, mp_query_text(q, 0), &text);
	if (code == 0)
		code = mp_release_parse(text.data, text.len, &manifest, NULL);
	if (code < 0)
		return code;
	f = mp_release_find_firmware(manifest, board, &n);
	if (!f)
		return -ENOENT;
	copy = calloc(n, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, f, n * sizeof(*copy));
	*ret = copy;
	*ret_n = n;
	return 0;
}
