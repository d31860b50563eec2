/* SPDX-License-Identifier: Apache-2.0
 * Metadata files are blobs with a name. Versioned names (N.root.json, N.targets.json,
 * N.snapshot.json) are written once; timestamp.json points to its newest bytes. */
#include "online.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "blobs.h"
#include "clock.h"
#include "crypto/sign.h"
#include "json/json.h"
#include "releases.h"
#include "server.h"
#include "tuf/repo.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define TIMESTAMP_LIVES DAY
#define TIMESTAMP_RENEWED (6 * HOUR)
#define SNAPSHOT_LIVES (7 * DAY)
#define SNAPSHOT_RENEWED (3 * DAY)
#define METADATA_MAX (8u << 20) /* bytes of one metadata file */
#define ROOTS 64 /* that the product folder may have */

struct online {
	struct mp_sign_key *snapshot_key, *timestamp_key;
	int64_t root, targets, snapshot, timestamp; /* current versions; 0: none */
	int64_t snapshot_made, timestamp_made; /* when */
	char root_sha256[65], targets_sha256[65], snapshot_sha256[65], timestamp_sha256[65];
	int64_t complained; /* when, that the clock may not sign */
	struct mp_buf new_roots[ROOTS]; /* of the product folder, from 1.root.json on */
	size_t n_roots;
	struct mp_buf new_targets; /* the newest of the product folder; empty: none */
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

	for (; o->n_roots < ROOTS; o->n_roots++) {
		int r;

		snprintf(path, sizeof(path), "%s/tuf/%zu.root.json", product, o->n_roots + 1);
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

static int read_targets(struct online *o, const char *product, struct mp_err *err)
{
	char path[4096];
	DIR *d;
	const struct dirent *entry;
	long newest = 0;

	snprintf(path, sizeof(path), "%s/tuf", product);
	d = opendir(path);
	while (d && (entry = readdir(d))) {
		char *end;
		long n = strtol(entry->d_name, &end, 10);

		if (n > newest && n <= INT32_MAX && strcmp(end, ".targets.json") == 0)
			newest = n;
	}
	if (d)
		closedir(d);
	if (newest == 0)
		return 0;
	snprintf(path, sizeof(path), "%s/tuf/%ld.targets.json", product, newest);
	o->new_targets.limit = METADATA_MAX;
	return mp_file_read(path, &o->new_targets, err);
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
		r = load_role(s, "timestamp", &o->timestamp, o->timestamp_sha256,
			      &o->timestamp_made);
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
		r = read_targets(o, s->options.product, err);
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
	for (size_t i = 0; i < o->n_roots; i++)
		mp_buf_done(&o->new_roots[i]);
	mp_buf_done(&o->new_targets);
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
	int64_t now = server_now();
	int r = blobs_read(s, o->snapshot_sha256, &snapshot);

	if (r < 0)
		return mp_err_set(err, r, "the current snapshot cannot be read: %s", strerror(-r));
	r = mp_tuf_timestamp_create(o->timestamp + 1, now + TIMESTAMP_LIVES, snapshot.data,
				    snapshot.len, &part, err);
	if (r == 0)
		r = sign_and_put(s, "timestamp", o->timestamp + 1, part, o->timestamp_key,
				 o->timestamp_sha256, err);
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

/* ---- the clock ---- */

/* When a file was signed; 0: it does not say, or devices that trust this root do not believe it. */
static int64_t signed_at(struct server *s, const struct mp_buf *root, const char *role,
			 const char *sha256)
{
	auto_(mp_json) *doc = NULL;
	MP_BUF(file, METADATA_MAX);

	if (!*sha256 || blobs_read(s, sha256, &file) < 0 ||
	    mp_tuf_check(root->data, root->len, role, file.data, file.len, &doc, NULL) < 0)
		return 0;
	return mp_json_int(mp_json_get(mp_json_get(doc, "signed"), "x-mp-time"), 0);
}

/* May we sign under this root? `targets`: those that are about to come; NULL: they stay. */
static int check_clock(struct server *s, const struct mp_buf *root, const struct mp_json *targets,
		       struct mp_err *err)
{
	const struct online *o = s->online;
	struct clock_evidence newest = {0};
	auto_(mp_json) *doc = NULL;

	if (mp_json_parse(root->data, root->len, &doc, NULL) == 0)
		clock_add(&newest,
			  mp_json_int(mp_json_get(mp_json_get(doc, "signed"), "x-mp-time"), 0),
			  "root");
	if (targets)
		clock_add(&newest,
			  mp_json_int(mp_json_get(mp_json_get(targets, "signed"), "x-mp-time"), 0),
			  "targets");
	else
		clock_add(&newest, signed_at(s, root, "targets", o->targets_sha256), "targets");
	clock_add(&newest, signed_at(s, root, "snapshot", o->snapshot_sha256), "snapshot");
	clock_add(&newest, signed_at(s, root, "timestamp", o->timestamp_sha256), "timestamp");
	return clock_check(server_now(), &newest, err);
}

static int current_root(struct server *s, struct mp_buf *out, struct mp_err *err)
{
	int r = blobs_read(s, s->online->root_sha256, out);

	return r < 0 ? mp_err_set(err, r, "the current root cannot be read: %s", strerror(-r)) : 0;
}

/* 1: sign; 0: the clock may not, which is said once an hour. */
static int clock_allows(struct server *s, struct mp_err *err)
{
	struct online *o = s->online;
	int64_t since = server_now() - o->complained;
	MP_BUF(root, METADATA_MAX);
	int r = current_root(s, &root, err);

	if (r == 0)
		r = check_clock(s, &root, NULL, err);
	if (r != -EPROTO)
		return r < 0 ? r : 1;
	if (since < 0 || since >= HOUR) {
		mp_log(MP_LOG_ERR, "metadata not renewed", "reason=\"%s\"", err->text);
		o->complained = server_now();
	}
	return 0;
}

int online_tick(struct server *s, struct mp_err *err)
{
	struct online *o = s->online;
	int64_t now = server_now();
	bool snapshot = o->snapshot == 0 || now - o->snapshot_made >= SNAPSHOT_RENEWED;
	bool due = snapshot || o->timestamp == 0 || now - o->timestamp_made >= TIMESTAMP_RENEWED;
	int r;

	if (o->targets == 0 || (!due && now >= o->timestamp_made))
		return 0;
	r = clock_allows(s, err);
	if (r <= 0 || !due)
		return r;
	return snapshot ? renew(s, err) : make_timestamp(s, err);
}

/* ---- roots and targets ---- */

static int version_of(const struct mp_json *doc, int64_t *ret, struct mp_err *err)
{
	return mp_json_read_int(mp_json_get(doc, "signed"), "version", 1, INT32_MAX, ret, err);
}

/* Root number `version`: signed by its own keys, and by those of the root before, which is empty
 * for the first. */
static int check_root(const struct mp_buf *before, int64_t version, const char *root,
		      struct mp_err *err)
{
	auto_(mp_json) *doc = NULL, *again = NULL;
	size_t len = strlen(root);
	int64_t found;
	int r = mp_tuf_check(root, len, "root", root, len, &doc, err);

	if (r == 0)
		r = version_of(doc, &found, err);
	if (r < 0)
		return r;
	if (found != version)
		return mp_err_set(err, -EPROTO, "this is root %lld; the next one must be %lld",
				  (long long)found, (long long)version);
	return before->len ? mp_tuf_check(before->data, before->len, "root", root, len, &again, err)
			   : 0;
}

/* The chain from the current root to the newest, whose text is left in `newest`. */
static int check_roots(struct server *s, const struct rotation *rotation, struct mp_buf *newest,
		       struct mp_err *err)
{
	int64_t version = s->online->root;
	int r = version > 0 ? current_root(s, newest, err) : 0;

	for (size_t i = 0; r == 0 && i < rotation->n_roots; i++) {
		r = check_root(newest, ++version, rotation->roots[i], err);
		mp_buf_reset(newest);
		if (r == 0)
			r = mp_buf_add(newest, rotation->roots[i], strlen(rotation->roots[i]));
	}
	return r;
}

/* Would devices that trust this root take what `key` signs for the role? */
static int check_key(const struct mp_buf *root, const char *role, const struct mp_json *part,
		     const struct mp_sign_key *key, struct mp_buf *file, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	int r = mp_tuf_sign(part, &key, 1, file, err);

	if (r < 0 ||
	    mp_tuf_check(root->data, root->len, role, file->data, file->len, &doc, err) == 0)
		return r;
	return mp_err_set(
		err, -EKEYREJECTED,
		"this root names another %s key than keys/%s.pem; put the new key there and "
		"start the server again",
		role, role);
}

/* Tried out on an empty set of targets. */
static int check_keys(struct server *s, const struct mp_buf *root, struct mp_err *err)
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
		r = check_key(root, "snapshot", snapshot, o->snapshot_key, &snapshot_file, err);
	if (r == 0)
		r = mp_tuf_timestamp_create(1, later, snapshot_file.data, snapshot_file.len,
					    &timestamp, err);
	if (r == 0)
		r = check_key(root, "timestamp", timestamp, o->timestamp_key, &timestamp_file, err);
	return r;
}

/* Signed by the keys that this root names, and above the current version. */
static int check_targets(const struct online *o, const struct mp_buf *root, const char *file,
			 size_t len, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	int64_t version;
	int r = mp_tuf_check(root->data, root->len, "targets", file, len, &doc, err);

	if (r == 0)
		r = version_of(doc, &version, err);
	if (r < 0)
		return r;
	if (version <= o->targets)
		return mp_err_set(err, -EPROTO,
				  "these are targets %lld, and %lld are published already; the "
				  "version must go up",
				  (long long)version, (long long)o->targets);
	*ret = take_ptr(doc);
	return 0;
}

/* Are the current targets signed by keys that this root names? 1, 0 or negative. */
static int vouches_for_targets(struct server *s, const struct mp_buf *root, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	MP_BUF(file, METADATA_MAX);
	int r = s->online->targets > 0 ? blobs_read(s, s->online->targets_sha256, &file) : -ENOENT;

	if (r < 0)
		return s->online->targets == 0
			       ? 1
			       : mp_err_set(err, r, "the current targets cannot be read: %s",
					    strerror(-r));
	return mp_tuf_check(root->data, root->len, "targets", file.data, file.len, &doc, NULL) == 0;
}

static int put_root(struct server *s, const char *root, struct mp_err *err)
{
	struct online *o = s->online;
	int r = put(s, "root", o->root + 1, root, strlen(root), o->root_sha256);

	if (r < 0)
		return mp_err_set(err, r, "the root could not be written: %s", strerror(-r));
	o->root++;
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

/* Everything was checked. Signed again in any case, so that a root with other online keys leaves
 * nothing signed by old ones. */
static int write_rotation(struct server *s, const struct rotation *rotation, int64_t version,
			  struct mp_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < rotation->n_roots; i++)
		r = put_root(s, rotation->roots[i], err);
	if (r < 0)
		return r;
	if (rotation->targets)
		return online_set_targets(s, rotation->targets, strlen(rotation->targets), version,
					  err);
	return s->online->targets > 0 ? renew(s, err) : 0;
}

static int check_new_targets(struct server *s, const struct mp_buf *root, const char *targets,
			     struct mp_json **ret, int64_t *ret_version, struct mp_err *err)
{
	int r = check_targets(s->online, root, targets, strlen(targets), ret, err);

	if (r == 0)
		r = version_of(*ret, ret_version, err);
	return r < 0 ? r : releases_check_targets(s, *ret, err);
}

static int check_old_targets(struct server *s, const struct mp_buf *root, struct mp_err *err)
{
	int r = vouches_for_targets(s, root, err);

	if (r == 0)
		return mp_err_set(err, -EPROTO,
				  "no device would take the current targets under this root: bring "
				  "the new targets with it (POST /api/v1/tuf/rotation)");
	return r < 0 ? r : 0;
}

/* `stale`: go on with targets that the newest root does not vouch for. */
static int rotate(struct server *s, const struct rotation *rotation, bool stale, struct mp_err *err)
{
	auto_(mp_json) *doc = NULL;
	MP_BUF(root, METADATA_MAX);
	int64_t version = 0;
	int r = check_roots(s, rotation, &root, err);

	if (r == 0 && rotation->n_roots > 0)
		r = check_keys(s, &root, err);
	if (r == 0 && rotation->targets)
		r = check_new_targets(s, &root, rotation->targets, &doc, &version, err);
	else if (r == 0 && !stale)
		r = check_old_targets(s, &root, err);
	if (r == 0 && (s->online->targets > 0 || doc))
		r = check_clock(s, &root, doc, err);
	return r < 0 ? r : write_rotation(s, rotation, version, err);
}

int online_rotate(struct server *s, const struct rotation *rotation, struct mp_err *err)
{
	return rotate(s, rotation, false, err);
}

int online_check_targets(struct server *s, const char *file, size_t len, struct mp_json **ret,
			 struct mp_err *err)
{
	MP_BUF(root, METADATA_MAX);
	auto_(mp_json) *doc = NULL;
	int r = current_root(s, &root, err);

	if (r == 0)
		r = check_targets(s->online, &root, file, len, &doc, err);
	if (r == 0)
		r = check_clock(s, &root, doc, err);
	if (r == 0)
		*ret = take_ptr(doc);
	return r;
}

/* ---- what the product folder has that is newer ---- */

/* With the folder's targets if they are good, else without: devices find nothing new until
 * somebody brings better ones, but people can see and do everything else. */
static int rotate_stale(struct server *s, struct rotation *rotation, struct mp_err *err)
{
	struct online *o = s->online;
	int r = mp_err_set(err, -ENOENT, "tuf/ has no newer ones");

	if (o->new_targets.len > 0) {
		rotation->targets = o->new_targets.data;
		r = rotate(s, rotation, false, err);
	}
	if (r == 0)
		return 0;
	mp_log(MP_LOG_ERR, "no device takes the current targets",
	       "reason=\"%s\" remedy=\"mp key rotate targets --publish\"", err->text);
	rotation->targets = NULL;
	return rotation->n_roots > 0 ? rotate(s, rotation, true, err) : 0;
}

static int take_folder(struct server *s, struct mp_err *err)
{
	struct online *o = s->online;
	const char *roots[ROOTS];
	struct rotation rotation = {.roots = roots};
	MP_BUF(newest, METADATA_MAX);
	int r;

	for (size_t i = (size_t)o->root; i < o->n_roots; i++)
		roots[rotation.n_roots++] = o->new_roots[i].data;
	r = check_roots(s, &rotation, &newest, err);
	if (r == 0 && (size_t)o->root <= o->n_roots)
		r = check_keys(s, &newest, err);
	if (r == 0)
		r = vouches_for_targets(s, &newest, err);
	if (r == 0)
		return rotate_stale(s, &rotation, err);
	if (r > 0)
		return rotation.n_roots > 0 ? rotate(s, &rotation, false, err) : 0;
	return mp_err_wrap(err, r, "tuf/ of the product folder");
}

int online_start(struct server *s, struct mp_err *err)
{
	int r = take_folder(s, err);

	mp_buf_done(&s->online->new_targets); /* they may be large */
	return r < 0 ? r : online_tick(s, err);
}
