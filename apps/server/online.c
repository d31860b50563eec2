/* SPDX-License-Identifier: Apache-2.0
 * Metadata files are blobs with a name. Versioned names (N.root.json, N.targets.json,
 * N.snapshot.json) are written once; timestamp.json points to its newest bytes. */
#include "online.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "blobs.h"
#include "crypto/sign.h"
#include "json/json.h"
#include "server.h"
#include "tuf/repo.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define TIMESTAMP_LIVES DAY
#define TIMESTAMP_RENEWED (6 * HOUR)
#define SNAPSHOT_LIVES (7 * DAY)
#define SNAPSHOT_RENEWED (3 * DAY)
#define METADATA_MAX (8u << 20) /* bytes of one metadata file */

struct online {
	struct mp_sign_key *snapshot_key, *timestamp_key;
	int64_t root, targets, snapshot, timestamp; /* current versions; 0: none */
	int64_t snapshot_made, timestamp_made; /* when */
	char root_sha256[65], targets_sha256[65], snapshot_sha256[65];
	struct mp_buf new_roots[64]; /* their contents, from 1.root.json on */
	unsigned n_roots;
};

int64_t online_targets_version(const struct online *o)
{
	return o->targets;
}

int64_t online_snapshot_version(const struct online *o)
{
	return o->snapshot;
}

/* ---- opening ---- */

static int read_key(const char *product, const char *name, struct mp_sign_key **ret,
		    struct mp_err *err)
{
	char path[4096];
	MP_BUF(pem, 16384);
	int r;

	snprintf(path, sizeof(path), "%s/keys/%s.pem", product, name);
	r = mp_file_read(path, &pem, err);
	if (r == 0)
		r = mp_sign_key_parse(mp_buf_str(&pem), ret, err);
	if (pem.data)
		explicit_bzero(pem.data, pem.len);
	return r < 0 ? mp_err_wrap(err, r, "the %s key", name) : 0;
}

static int read_roots(struct online *o, const char *product, struct mp_err *err)
{
	char path[4096];

	for (; o->n_roots < 64; o->n_roots++) {
		int r;

		snprintf(path, sizeof(path), "%s/tuf/%u.root.json", product, o->n_roots + 1);
		if (!mp_file_exists(path))
			break;
		o->new_roots[o->n_roots].limit = METADATA_MAX;
		r = mp_file_read(path, &o->new_roots[o->n_roots], err);
		if (r < 0)
			return r;
	}
	if (o->n_roots == 0)
		return mp_err_set(err, -ENOENT, "%s/tuf/1.root.json is missing; `mp init` makes it",
				  product);
	return 0;
}

static int load_role(struct server *s, const char *role, int64_t *version, char *sha256,
		     int64_t *made)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT version, sha256, created FROM tuf WHERE role = ?"
			       " ORDER BY version DESC LIMIT 1",
			       &q, MP_TEXT(role));

	if (r == 0)
		r = mp_query_next(q);
	if (r < 0)
		return r;
	*version = r > 0 ? mp_query_int(q, 0) : 0;
	if (sha256)
		snprintf(sha256, 65, "%s", r > 0 ? mp_query_text(q, 1) : "");
	if (made)
		*made = r > 0 ? mp_query_int(q, 2) : 0;
	return 0;
}

static int load(struct server *s, struct online *o, struct mp_err *err)
{
	int r = load_role(s, "root", &o->root, o->root_sha256, NULL);

	if (r == 0)
		r = load_role(s, "targets", &o->targets, o->targets_sha256, NULL);
	if (r == 0)
		r = load_role(s, "snapshot", &o->snapshot, o->snapshot_sha256, &o->snapshot_made);
	if (r == 0)
		r = load_role(s, "timestamp", &o->timestamp, NULL, &o->timestamp_made);
	return r < 0 ? mp_err_set(err, r, "the TUF metadata could not be read: %s", strerror(-r))
		     : 0;
}

int online_new(struct server *s, struct online **ret, struct mp_err *err)
{
	struct online *o = calloc(1, sizeof(*o));
	int r = o ? 0 : mp_err_set(err, -ENOMEM, "memory is out");

	if (r == 0)
		r = read_key(s->options.product, "snapshot", &o->snapshot_key, err);
	if (r == 0)
		r = read_key(s->options.product, "timestamp", &o->timestamp_key, err);
	if (r == 0)
		r = read_roots(o, s->options.product, err);
	if (r == 0)
		r = load(s, o, err);
	if (r == 0) {
		*ret = o;
		return 0;
	}
	online_free(o);
	return r;
}

void online_free(struct online *o)
{
	if (!o)
		return;
	mp_sign_key_free(o->snapshot_key);
	mp_sign_key_free(o->timestamp_key);
	for (unsigned i = 0; i < o->n_roots; i++)
		mp_buf_done(&o->new_roots[i]);
	free(o);
}

int online_reload(struct server *s, struct mp_err *err)
{
	return load(s, s->online, err);
}

int online_find(struct server *s, const char *name, char ret_sha256[65])
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store, "SELECT sha256 FROM tuf WHERE name = ?", &q,
			       MP_TEXT(name));

	if (r == 0)
		r = mp_query_next(q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	snprintf(ret_sha256, 65, "%s", mp_query_text(q, 0));
	return 0;
}

/* ---- writing ---- */

static int put(struct server *s, const char *role, int64_t version, const void *data, size_t len,
	       char ret_sha256[65])
{
	char name[64];
	int r = blobs_put(s, data, len, ret_sha256);

	if (strcmp(role, "timestamp") == 0)
		snprintf(name, sizeof(name), "timestamp.json");
	else
		snprintf(name, sizeof(name), "%lld.%s.json", (long long)version, role);
	if (r == 0)
		r = mp_store_run(s->store,
				 "INSERT OR REPLACE INTO tuf (name, role, version, sha256, created)"
				 " VALUES (?, ?, ?, ?, ?)",
				 MP_TEXT(name), MP_TEXT(role), MP_INT(version), MP_TEXT(ret_sha256),
				 MP_INT(server_now()));
	return r < 0 ? r : 0;
}

static int sign_and_put(struct server *s, const char *role, int64_t version,
			const struct mp_json *signed_part, const struct mp_sign_key *key,
			char ret_sha256[65], struct mp_err *err)
{
	MP_BUF(file, METADATA_MAX);
	int r = mp_tuf_sign(signed_part, &key, 1, &file, err);

	if (r < 0)
		return r;
	r = put(s, role, version, file.data, file.len, ret_sha256);
	return r < 0 ? mp_err_set(err, r, "the %s could not be written: %s", role, strerror(-r))
		     : 0;
}

static int make_snapshot(struct server *s, struct mp_err *err)
{
	struct online *o = s->online;
	auto_(mp_json) *part = NULL;
	MP_BUF(targets, METADATA_MAX);
	int64_t now = server_now();
	int r = blobs_read(s, o->targets_sha256, &targets);

	if (r < 0)
		return mp_err_set(err, r, "the current targets cannot be read: %s", strerror(-r));
	r = mp_tuf_snapshot_create(o->snapshot + 1, now + SNAPSHOT_LIVES, targets.data, targets.len,
				   &part, err);
	if (r == 0)
		r = sign_and_put(s, "snapshot", o->snapshot + 1, part, o->snapshot_key,
				 o->snapshot_sha256, err);
	if (r < 0)
		return r;
	o->snapshot++;
	o->snapshot_made = now;
	return 0;
}

static int make_timestamp(struct server *s, struct mp_err *err)
{
	struct online *o = s->online;
	auto_(mp_json) *part = NULL;
	MP_BUF(snapshot, METADATA_MAX);
	char sha256[65];
	int64_t now = server_now();
	int r = blobs_read(s, o->snapshot_sha256, &snapshot);

	if (r < 0)
		return mp_err_set(err, r, "the current snapshot cannot be read: %s", strerror(-r));
	r = mp_tuf_timestamp_create(o->timestamp + 1, now + TIMESTAMP_LIVES, snapshot.data,
				    snapshot.len, &part, err);
	if (r == 0)
		r = sign_and_put(s, "timestamp", o->timestamp + 1, part, o->timestamp_key, sha256,
				 err);
	if (r < 0)
		return r;
	o->timestamp++;
	o->timestamp_made = now;
	return 0;
}

static int renew(struct server *s, struct mp_err *err)
{
	int r = make_snapshot(s, err);

	return r < 0 ? r : make_timestamp(s, err);
}

int online_tick(struct server *s, struct mp_err *err)
{
	struct online *o = s->online;
	int64_t now = server_now();

	if (o->targets == 0)
		return 0;
	if (o->snapshot == 0 || now - o->snapshot_made >= SNAPSHOT_RENEWED ||
	    now < o->snapshot_made)
		return renew(s, err);
	if (o->timestamp == 0 || now - o->timestamp_made >= TIMESTAMP_RENEWED ||
	    now < o->timestamp_made)
		return make_timestamp(s, err);
	return 0;
}

/* ---- roots and targets ---- */

static int version_of(const struct mp_json *doc, int64_t *ret, struct mp_err *err)
{
	return mp_json_read_int(mp_json_get(doc, "signed"), "version", 1, INT32_MAX, ret, err);
}

static int current_root(struct server *s, struct mp_buf *out, struct mp_err *err)
{
	int r = blobs_read(s, s->online->root_sha256, out);

	return r < 0 ? mp_err_set(err, r, "the current root cannot be read: %s", strerror(-r)) : 0;
}

/* Signed by its own keys, and by those of the current root if there is one. */
static int check_root(struct server *s, const void *file, size_t len, int64_t *ret_version,
		      struct mp_err *err)
{
	auto_(mp_json) *doc = NULL, *again = NULL;
	MP_BUF(current, METADATA_MAX);
	int r = mp_tuf_check(file, len, "root", file, len, &doc, err);

	if (r == 0)
		r = version_of(doc, ret_version, err);
	if (r < 0 || s->online->root == 0)
		return r;
	if (*ret_version != s->online->root + 1)
		return mp_err_set(err, -EPROTO, "this is root %lld; the next one must be %lld",
				  (long long)*ret_version, (long long)s->online->root + 1);
	r = current_root(s, &current, err);
	if (r == 0)
		r = mp_tuf_check(current.data, current.len, "root", file, len, &again, err);
	return r;
}

/* Would devices that trust this root take what `key` signs for the role? */
static int check_key(const void *root, size_t len, const char *role, const struct mp_json *part,
		     const struct mp_sign_key *key, struct mp_buf *file, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	int r = mp_tuf_sign(part, &key, 1, file, err);

	if (r < 0 || mp_tuf_check(root, len, role, file->data, file->len, &doc, err) == 0)
		return r;
	return mp_err_set(
		err, -EKEYREJECTED,
		"this root names another %s key than keys/%s.pem; put the new key there and "
		"start the server again",
		role, role);
}

/* Tried out on an empty set of targets. */
static int check_keys(struct server *s, const void *root, size_t len, struct mp_err *err)
{
	struct online *o = s->online;
	auto_(mp_json) *targets = NULL, *snapshot = NULL, *timestamp = NULL;
	const struct mp_sign_key *any = o->snapshot_key;
	MP_BUF(targets_file, METADATA_MAX);
	MP_BUF(snapshot_file, METADATA_MAX);
	MP_BUF(timestamp_file, METADATA_MAX);
	int64_t later = server_now() + DAY;
	int r = mp_tuf_targets_create(1, later, &targets, err);

	if (r == 0)
		r = mp_tuf_sign(targets, &any, 1, &targets_file, err);
	if (r == 0)
		r = mp_tuf_snapshot_create(1, later, targets_file.data, targets_file.len, &snapshot,
					   err);
	if (r == 0)
		r = check_key(root, len, "snapshot", snapshot, o->snapshot_key, &snapshot_file,
			      err);
	if (r == 0)
		r = mp_tuf_timestamp_create(1, later, snapshot_file.data, snapshot_file.len,
					    &timestamp, err);
	if (r == 0)
		r = check_key(root, len, "timestamp", timestamp, o->timestamp_key, &timestamp_file,
			      err);
	return r;
}

static int take_root(struct server *s, const void *file, size_t len, struct mp_err *err)
{
	int64_t version;
	int r = check_root(s, file, len, &version, err);

	if (r < 0)
		return r;
	r = put(s, "root", version, file, len, s->online->root_sha256);
	if (r < 0)
		return mp_err_set(err, r, "the root could not be written: %s", strerror(-r));
	s->online->root = version;
	return 0;
}

int online_add_root(struct server *s, const void *file, size_t len, struct mp_err *err)
{
	int r = check_keys(s, file, len, err);

	if (r == 0)
		r = take_root(s, file, len, err);
	/* Signed again, so that a root with other online keys leaves nothing signed by old ones. */
	if (r == 0 && s->online->targets > 0)
		r = renew(s, err);
	return r;
}

int online_start(struct server *s, struct mp_err *err)
{
	struct online *o = s->online;
	int64_t before = o->root;
	struct mp_buf *newest = &o->new_roots[o->n_roots - 1];
	int r = 0;

	for (unsigned i = (unsigned)o->root; r == 0 && i < o->n_roots; i++) {
		r = take_root(s, o->new_roots[i].data, o->new_roots[i].len, err);
		if (r < 0)
			r = mp_err_wrap(err, r, "tuf/%u.root.json", i + 1);
	}
	if (r == 0 && o->root == o->n_roots)
		r = check_keys(s, newest->data, newest->len, err);
	if (r == 0 && o->root != before && o->targets > 0)
		return renew(s, err);
	return r < 0 ? r : online_tick(s, err);
}

int online_check_targets(struct server *s, const char *file, size_t len, struct mp_json **ret,
			 struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	MP_BUF(root, METADATA_MAX);
	int64_t version;
	int r = current_root(s, &root, err);

	if (r == 0)
		r = mp_tuf_check(root.data, root.len, "targets", file, len, &doc, err);
	if (r == 0)
		r = version_of(doc, &version, err);
	if (r < 0)
		return r;
	if (version <= s->online->targets)
		return mp_err_set(err, -EPROTO,
				  "these are targets %lld, and %lld are published already; the "
				  "version must go up",
				  (long long)version, (long long)s->online->targets);
	*ret = take_ptr(doc);
	return 0;
}

int online_set_targets(struct server *s, const char *file, size_t len, int64_t version,
		       struct mp_err *err)
{
	int r = put(s, "targets", version, file, len, s->online->targets_sha256);

	if (r < 0)
		return mp_err_set(err, r, "the targets could not be written: %s", strerror(-r));
	s->online->targets = version;
	return renew(s, err);
}
