/* SPDX-License-Identifier: Apache-2.0
 * find.c - look a target up through the delegations, and fetch it (sections 5.6.7 and 5.7)
 *
 * Pre-order depth-first: a role's own targets come before those of the roles that it delegates to,
 * those in their order; a terminating delegation ends the search but for its own descendants. A
 * role is visited once a search, and verified against the very role that led to it. */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "crypto/hash.h"

static bool is_visited(const struct mp_tuf_client *c, const char *name)
{
	for (unsigned i = 0; i < c->n_roles; i++)
		if (mp_streq(c->roles[i].name, name))
			return true;
	return mp_streq(name, "targets");
}

/* Put the children of `by` before those that wait; a terminating one drops all that wait. */
static int push_children(const struct mp_tuf_file *by, int parent, const char *path,
			 struct mp_tuf_child **waiting)
{
	struct mp_tuf_child *list = NULL, **end = &list;
	bool terminating = false;
	int r = mp_tuf_children(by, path, &list);

	if (r < 0)
		return r;
	for (; *end; end = &(*end)->next) {
		(*end)->parent = parent;
		terminating = (*end)->terminating;
	}
	if (terminating)
		mp_tuf_children_free(take_ptr(*waiting));
	*end = *waiting;
	*waiting = list;
	return 0;
}

static const struct mp_json *entry_of(const struct mp_tuf_file *f, const char *path)
{
	return mp_json_get(mp_json_get(f->body, "targets"), path);
}

/* Visit the first of those that wait. */
static int visit(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, const char *path,
		 struct mp_tuf_child **waiting, const struct mp_json **ret, struct mp_err *err)
{
	struct mp_tuf_child *child = *waiting;
	const struct mp_tuf_file *by =
		child->parent < 0 ? c->targets : c->roles[child->parent].file;
	struct mp_tuf_role *role = &c->roles[c->n_roles];
	int r = 0;

	*waiting = child->next;
	child->next = NULL;
	if (!is_visited(c, child->name)) {
		r = mp_tuf_load_targets(c, f, child->name, by, &role->file, err);
		if (r == 0) {
			(void)snprintf(role->name, sizeof(role->name), "%s", child->name);
			*ret = entry_of(role->file, path);
			r = push_children(role->file, (int)c->n_roles++, path, waiting);
		}
	}
	mp_tuf_children_free(child);
	return r;
}

static int search(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, const char *path,
		  const struct mp_json **ret, struct mp_err *err)
{
	struct mp_tuf_child *waiting = NULL;
	const struct mp_json *entry = entry_of(c->targets, path);
	int r = entry ? 0 : push_children(c->targets, -1, path, &waiting);

	while (r == 0 && !entry && waiting && c->n_roles < MP_TUF_DELEGATIONS)
		r = visit(c, f, path, &waiting, &entry, err);
	mp_tuf_children_free(waiting);
	if (r < 0)
		return r;
	if (!entry)
		return mp_err_set(err, -ENOENT, "no trusted role lists the target '%s'", path);
	*ret = entry;
	return 0;
}

/* A digest in lower case into `to`, which has room for it; "" when not given. */
static int read_hash(const struct mp_json *entry, const char *algorithm, enum mp_hash_kind kind,
		     char *to)
{
	const char *hex = mp_json_str(mp_json_get(mp_json_get(entry, "hashes"), algorithm), NULL);
	uint8_t bytes[MP_HASH_MAX];

	to[0] = '\0';
	if (!hex)
		return 0;
	if (mp_hex_parse(hex, bytes, mp_hash_len(kind)) < 0)
		return -EBADMSG;
	mp_hex_format(bytes, mp_hash_len(kind), to);
	return 0;
}

static int describe(const struct mp_tuf_client *c, const char *path, const struct mp_json *entry,
		    struct mp_tuf_target *ret, struct mp_err *err)
{
	bool consistent = mp_json_bool(mp_json_get(c->root->body, "consistent_snapshot"), false);
	const char *slash = strrchr(path, '/');
	int folder = slash ? (int)(slash + 1 - path) : 0;
	struct mp_tuf_target t = {.custom = mp_json_get(entry, "custom")};

	if (strlen(path) >= sizeof(t.path))
		return mp_err_set(err, -ENOTSUP,
				  "target paths longer than %zu bytes are not supported",
				  sizeof(t.path) - 1);
	t.length = (uint64_t)mp_json_int(mp_json_get(entry, "length"), 0);
	if (read_hash(entry, "sha256", MP_SHA256, t.sha256) < 0 ||
	    read_hash(entry, "sha512", MP_SHA512, t.sha512) < 0)
		return mp_err_set(err, -EBADMSG, "target '%s' has a malformed hash", path);
	if (!t.sha256[0] && !t.sha512[0])
		return mp_err_set(err, -ENOTSUP, "target '%s' has neither a SHA-256 nor a SHA-512",
				  path);

	(void)snprintf(t.path, sizeof(t.path), "%s", path);
	if (consistent)
		(void)snprintf(t.file, sizeof(t.file), "%.*s%s.%s", folder, path,
			       t.sha256[0] ? t.sha256 : t.sha512, path + folder);
	else
		(void)snprintf(t.file, sizeof(t.file), "%s", path);
	*ret = t;
	return 0;
}

int mp_tuf_find(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, const char *path,
		struct mp_tuf_target *ret, struct mp_err *err)
{
	const struct mp_json *entry = NULL;
	int r;

	if (!c->fresh)
		return mp_err_set(err, -ESTALE, "the metadata must be refreshed first");
	mp_tuf_forget_roles(c);
	r = search(c, f, path, &entry, err);
	return r < 0 ? r : describe(c, path, entry, ret, err);
}

/* ---- download: count and hash what passes through ---- */
struct passing {
	uint64_t most, got;
	struct mp_hash *sha256, *sha512; /* NULL: not given */
	mp_tuf_sink sink;
	void *sink_user;
};

static int pass(void *user, const void *data, size_t len)
{
	struct passing *p = user;

	if (len > p->most - p->got)
		return -EFBIG;
	p->got += len;
	if (p->sha256)
		mp_hash_add(p->sha256, data, len);
	if (p->sha512)
		mp_hash_add(p->sha512, data, len);
	return p->sink(p->sink_user, data, len);
}

static bool is_digest(struct mp_hash *h, enum mp_hash_kind kind, const char *want)
{
	uint8_t digest[MP_HASH_MAX];
	char hex[2 * MP_HASH_MAX + 1];

	if (!h)
		return true;
	mp_hash_end(h, digest);
	mp_hex_format(digest, mp_hash_len(kind), hex);
	return strcmp(hex, want) == 0;
}

static int check_passed(struct passing *p, const struct mp_tuf_target *t, struct mp_err *err)
{
	if (p->got != t->length)
		return mp_err_set(err, -EPROTO,
				  "target '%s' has %" PRIu64 " bytes, expected %" PRIu64, t->path,
				  p->got, t->length);
	if (!is_digest(p->sha256, MP_SHA256, t->sha256) ||
	    !is_digest(p->sha512, MP_SHA512, t->sha512))
		return mp_err_set(err, -EPROTO, "target '%s' does not have the signed hash",
				  t->path);
	return 0;
}

int mp_tuf_download(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f,
		    const struct mp_tuf_target *t, mp_tuf_sink sink, void *sink_user,
		    struct mp_err *err)
{
	auto_(mp_hash) *sha256 = NULL, *sha512 = NULL;
	struct passing p = {.most = t->length, .sink = sink, .sink_user = sink_user};
	int r = 0;

	(void)c;
	if (!t->sha256[0] && !t->sha512[0])
		return mp_err_set(err, -EINVAL, "target '%s' has no hash", t->path);
	if (t->sha256[0])
		r = mp_hash_new(MP_SHA256, &sha256);
	if (r == 0 && t->sha512[0])
		r = mp_hash_new(MP_SHA512, &sha512);
	if (r < 0)
		return r;
	p.sha256 = sha256;
	p.sha512 = sha512;
	if (err)
		err->text[0] = '\0';
	r = f->target(f->user, t->file, t->length, pass, &p, err);
	if (r == -EFBIG)
		return mp_err_set(err, r, "target '%s' is longer than the signed %" PRIu64 " bytes",
				  t->path, t->length);
	if (r < 0)
		return mp_err_wrap(err, r, "target '%s'", t->path);
	return check_passed(&p, t, err);
}
