/* SPDX-License-Identifier: Apache-2.0 */
/* fake_repo.h - a repository, a store and a mirror in memory, for tests alone
 *
 *     static struct fake f;
 *     fake_init(&f);                        // keys, first version of all roles, client initialised
 *     fake_publish(&f);                     // next targets, snapshot and timestamp
 *     ASSERT_OK(fake_refresh(&f));          // a client that starts anew from the store
 *
 * Tests tamper with what lies in `repo` (what the mirror serves), `store` (what the client has) and
 * the fields that say how the next version is made. Nothing here allocates while a client runs.
 */
#pragma once

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "crypto/hash.h"
#include "tuf/internal.h"
#include "tuf/repo.h"

#define NOW 1800000000 /* the clock of all tests */
#define DAY 86400

struct fake_file {
	char name[800];
	size_t len;
	char data[20 << 10];
};

struct fake_folder {
	unsigned n;
	struct fake_file files[48];
};

struct fake {
	struct fake_folder repo, targets, store;
	struct mp_sign_key *keys[MP_TUF_TYPES][4];
	unsigned n_keys[MP_TUF_TYPES], threshold[MP_TUF_TYPES];
	int64_t version[MP_TUF_TYPES], expires[MP_TUF_TYPES], stamp[MP_TUF_TYPES];
	struct mp_json *list; /* the signed part of targets */
	bool bare; /* snapshot and timestamp give versions alone, no lengths and hashes */
	int64_t now;
	char requests[4096]; /* names of files that the client asked for, each with a blank */
	const char *endless; /* this file never ends ... */
	size_t served; /* ... and so many bytes of it were taken */
	const char *fails; /* asking for this file gives ... */
	int fails_with;
	unsigned writes, cut_at; /* 1: the first save or remove fails, as all later ones; 0: none */
	struct mp_tuf_client *client; /* of the last refresh */
	struct mp_err err;
};

static inline void must(int r)
{
	if (r < 0)
		abort();
}

static inline struct fake_file *folder_get(struct fake_folder *d, const char *name)
{
	for (unsigned i = 0; i < d->n; i++)
		if (strcmp(d->files[i].name, name) == 0)
			return &d->files[i];
	return NULL;
}

static inline void folder_put(struct fake_folder *d, const char *name, const void *data, size_t len)
{
	struct fake_file *f = folder_get(d, name);

	if (d->n == sizeof(d->files) / sizeof(d->files[0]) || len > sizeof(f->data))
		abort();
	if (!f) {
		f = &d->files[d->n++];
		(void)snprintf(f->name, sizeof(f->name), "%s", name);
	}
	memmove(f->data, data, len);
	f->len = len;
}

static inline void folder_remove(struct fake_folder *d, const char *name)
{
	struct fake_file *f = folder_get(d, name);

	if (f)
		*f = d->files[--d->n];
}

/* ---- what the client sees ---- */

static inline int fake_load(void *user, const char *name, struct mp_buf *out)
{
	struct fake_file *f = folder_get(&((struct fake *)user)->store, name);

	return f ? mp_buf_add(out, f->data, f->len) : -ENOENT;
}

static inline bool is_cut(struct fake *f)
{
	return ++f->writes >= f->cut_at && f->cut_at > 0;
}

static inline int fake_save(void *user, const char *name, const void *data, size_t len)
{
	struct fake *f = user;

	if (is_cut(f))
		return -EIO;
	folder_put(&f->store, name, data, len);
	return 0;
}

static inline int fake_remove(void *user, const char *name)
{
	struct fake *f = user;

	if (is_cut(f))
		return -EIO;
	folder_remove(&f->store, name);
	return 0;
}

static inline int serve(struct fake *f, struct fake_folder *d, const char *name, mp_tuf_sink sink,
			void *sink_user)
{
	struct fake_file *file = folder_get(d, name);
	static const char zeros[4096];
	int r = 0;

	if (strlen(f->requests) + strlen(name) + 2 < sizeof(f->requests))
		(void)strcat(strcat(f->requests, name), " ");
	if (f->fails && strcmp(f->fails, name) == 0)
		return f->fails_with;
	while (f->endless && strcmp(f->endless, name) == 0 && r == 0) {
		f->served += sizeof(zeros);
		r = sink(sink_user, zeros, sizeof(zeros));
	}
	if (r == 0)
		r = file ? sink(sink_user, file->data, file->len) : -ENOENT;
	return r;
}

static inline int fake_metadata(void *user, const char *name, uint64_t most, mp_tuf_sink sink,
				void *sink_user, struct mp_err *err)
{
	struct fake *f = user;

	(void)most, (void)err;
	return serve(f, &f->repo, name, sink, sink_user);
}

static inline int fake_target(void *user, const char *path, uint64_t most, mp_tuf_sink sink,
			      void *sink_user, struct mp_err *err)
{
	struct fake *f = user;

	(void)most, (void)err;
	return serve(f, &f->targets, path, sink, sink_user);
}

static inline struct mp_tuf_store fake_store(struct fake *f)
{
	return (struct mp_tuf_store){fake_load, fake_save, fake_remove, f};
}

static inline struct mp_tuf_fetcher fake_fetcher(struct fake *f)
{
	return (struct mp_tuf_fetcher){fake_metadata, fake_target, f};
}

/* ---- making metadata ---- */

/* Sign `doc` (taken) with the keys of a role and serve it as `name`. */
static inline void fake_serve_signed_at(struct fake *f, enum mp_tuf_type by, int64_t now,
					struct mp_json *doc, const char *name)
{
	MP_BUF(out, 1 << 20);
	struct mp_err err;

	must(mp_tuf_sign_at(doc, now, (const struct mp_sign_key *const *)f->keys[by], f->n_keys[by],
			    &out, &err));
	folder_put(&f->repo, name, out.data, out.len);
	mp_json_free(doc);
}

static inline void fake_serve_signed(struct fake *f, enum mp_tuf_type by, struct mp_json *doc,
				     const char *name)
{
	fake_serve_signed_at(f, by, 0, doc, name);
}

static inline struct mp_tuf_role_keys fake_role(struct fake *f, enum mp_tuf_type t)
{
	return (struct mp_tuf_role_keys){(const struct mp_sign_key *const *)f->keys[t],
					 f->n_keys[t], f->threshold[t]};
}

/* The root of f->version[MP_TUF_ROOT], signed by its own keys and by `old` ones. */
static inline void fake_root_by(struct fake *f, struct mp_sign_key *const *old, size_t n_old)
{
	struct mp_tuf_root_config config = {
		f->version[MP_TUF_ROOT],       f->expires[MP_TUF_ROOT],
		fake_role(f, MP_TUF_ROOT),     fake_role(f, MP_TUF_TARGETS),
		fake_role(f, MP_TUF_SNAPSHOT), fake_role(f, MP_TUF_TIMESTAMP)};
	const struct mp_sign_key *keys[8];
	MP_BUF(out, 1 << 20);
	struct mp_json *doc;
	char name[64];
	size_t n = 0;

	for (size_t i = 0; i < f->n_keys[MP_TUF_ROOT]; i++)
		keys[n++] = f->keys[MP_TUF_ROOT][i];
	for (size_t i = 0; i < n_old; i++)
		keys[n++] = old[i];
	must(mp_tuf_root_create(&config, &doc, NULL));
	must(mp_tuf_sign_at(doc, f->stamp[MP_TUF_ROOT], keys, n, &out, NULL));
	(void)snprintf(name, sizeof(name), "%" PRId64 ".root.json", f->version[MP_TUF_ROOT]);
	folder_put(&f->repo, name, out.data, out.len);
	mp_json_free(doc);
}

/* The next root by the same root keys, whatever else has changed. */
static inline void fake_root(struct fake *f)
{
	f->version[MP_TUF_ROOT]++;
	fake_root_by(f, NULL, 0);
}

static inline struct fake_file *fake_file_of(struct fake *f, enum mp_tuf_type t)
{
	char name[64];

	if (t == MP_TUF_TIMESTAMP)
		return folder_get(&f->repo, "timestamp.json");
	(void)snprintf(name, sizeof(name), "%" PRId64 ".%s.json", f->version[t],
		       mp_tuf_type_name(t));
	return folder_get(&f->repo, name);
}

static inline void fake_serve(struct fake *f, enum mp_tuf_type t, struct mp_json *doc)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%" PRId64 ".%s.json", f->version[t],
		       mp_tuf_type_name(t));
	fake_serve_signed_at(f, t, f->stamp[t], doc,
			     t == MP_TUF_TIMESTAMP ? "timestamp.json" : name);
}

/* Each at its version as it stands. */
static inline void fake_targets(struct fake *f)
{
	char expires[21];

	mp_tuf_time_format(f->expires[MP_TUF_TARGETS], expires);
	must(mp_json_put_int(f->list, "version", f->version[MP_TUF_TARGETS]));
	must(mp_json_put_str(f->list, "expires", expires));
	fake_serve(f, MP_TUF_TARGETS, mp_json_copy(f->list));
}

/* Drop what snapshot or timestamp say of a file beyond its version. */
static inline void fake_strip(struct fake *f, struct mp_json *doc, const char *file)
{
	struct mp_json *meta = (struct mp_json *)mp_json_get(mp_json_get(doc, "meta"), file);

	if (!f->bare)
		return;
	must(mp_json_remove(meta, "length"));
	must(mp_json_remove(meta, "hashes"));
}

static inline void fake_snapshot(struct fake *f)
{
	struct fake_file *of = fake_file_of(f, MP_TUF_TARGETS);
	struct mp_json *doc;

	must(mp_tuf_snapshot_create(f->version[MP_TUF_SNAPSHOT], f->expires[MP_TUF_SNAPSHOT],
				    of->data, of->len, &doc, NULL));
	fake_strip(f, doc, "targets.json");
	fake_serve(f, MP_TUF_SNAPSHOT, doc);
}

static inline void fake_timestamp(struct fake *f)
{
	struct fake_file *of = fake_file_of(f, MP_TUF_SNAPSHOT);
	struct mp_json *doc;

	must(mp_tuf_timestamp_create(f->version[MP_TUF_TIMESTAMP], f->expires[MP_TUF_TIMESTAMP],
				     of->data, of->len, &doc, NULL));
	fake_strip(f, doc, "snapshot.json");
	fake_serve(f, MP_TUF_TIMESTAMP, doc);
}

static inline void fake_online(struct fake *f)
{
	f->version[MP_TUF_SNAPSHOT]++;
	f->version[MP_TUF_TIMESTAMP]++;
	fake_snapshot(f);
	fake_timestamp(f);
}

static inline void fake_publish(struct fake *f)
{
	f->version[MP_TUF_TARGETS]++;
	fake_targets(f);
	fake_online(f);
}

/* List a target (published with the next fake_publish) and serve it. */
static inline void fake_add(struct fake *f, const char *path, const char *content)
{
	char hex[65], file[700];

	mp_sha256_hex(content, strlen(content), hex);
	must(mp_tuf_targets_add(f->list, path, strlen(content), hex, NULL, NULL));
	(void)snprintf(file, sizeof(file), "%s.%s", hex, path);
	folder_put(&f->targets, file, content, strlen(content));
}

static inline void fake_new_keys(struct fake *f, enum mp_tuf_type t)
{
	for (unsigned i = 0; i < f->n_keys[t]; i++) {
		mp_sign_key_free(f->keys[t][i]);
		must(mp_sign_key_generate(MP_ED25519, &f->keys[t][i], NULL));
	}
}

static inline void fake_done(struct fake *f)
{
	mp_tuf_client_free(f->client);
	mp_json_free(f->list);
	for (int t = 0; t < MP_TUF_TYPES; t++)
		for (unsigned i = 0; i < f->n_keys[t]; i++)
			mp_sign_key_free(f->keys[t][i]);
	*f = (struct fake){0};
}

static inline void fake_init(struct fake *f)
{
	struct mp_tuf_store store = fake_store(f);
	struct fake_file *root;

	fake_done(f);
	f->now = NOW;
	for (int t = 0; t < MP_TUF_TYPES; t++) {
		f->n_keys[t] = f->threshold[t] = 1;
		f->version[t] = 1;
		f->expires[t] = NOW + (t == MP_TUF_ROOT ? 365 : 30) * DAY;
		must(mp_sign_key_generate(MP_ED25519, &f->keys[t][0], NULL));
	}
	must(mp_tuf_targets_create(1, NOW, &f->list, NULL));
	fake_add(f, "app", "an application");
	fake_root_by(f, NULL, 0);
	fake_targets(f);
	fake_snapshot(f);
	fake_timestamp(f);
	root = fake_file_of(f, MP_TUF_ROOT);
	must(mp_tuf_init(&store, root->data, root->len, NULL));
}

/* ---- the client ---- */

static inline int fake_refresh(struct fake *f)
{
	struct mp_tuf_store store = fake_store(f);
	struct mp_tuf_fetcher fetcher = fake_fetcher(f);
	int r;

	mp_tuf_client_free(f->client);
	f->client = NULL;
	f->requests[0] = '\0';
	f->err.text[0] = '\0';
	r = mp_tuf_open(&store, &f->client, &f->err);
	return r < 0 ? r : mp_tuf_refresh(f->client, &fetcher, f->now, &f->err);
}

struct fake_sink {
	size_t len;
	char data[4096];
};

static inline int fake_take(void *user, const void *data, size_t len)
{
	struct fake_sink *s = user;

	if (len >= sizeof(s->data) - s->len)
		return -ENOSPC;
	memcpy(s->data + s->len, data, len);
	s->len += len;
	s->data[s->len] = '\0';
	return 0;
}

/* Find and fetch into `to`, with the client of the last refresh. */
static inline int fake_get(struct fake *f, const char *path, struct fake_sink *to)
{
	struct mp_tuf_fetcher fetcher = fake_fetcher(f);
	struct mp_tuf_target t;
	int r = mp_tuf_find(f->client, &fetcher, path, &t, &f->err);

	to->len = 0;
	return r < 0 ? r : mp_tuf_download(f->client, &fetcher, &t, fake_take, to, &f->err);
}
