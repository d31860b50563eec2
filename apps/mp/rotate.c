/* SPDX-License-Identifier: Apache-2.0 */
/* A rotation's steps: (1) new keys lie beside the old as keys/ROLE.pem.next; (2) the new root is
 * written, and with that the rotation holds; (3) the .next files take their places; (4) the
 * targets are signed anew. After a stop at any point the next run looks whether the newest root
 * names a .next key: then it is put in its place, else it is dropped. */
#include "rotate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "tuf/repo.h"

static char *key_path(const struct mp_product *p, size_t role, const char *tail)
{
	return mp_str_format("%s/keys/%s.pem%s", p->dir, mp_role_names[role], tail);
}

/* Does the root file name this key for the role? */
static bool names_key(const struct mp_json *root, size_t role, const struct mp_sign_key *key)
{
	const struct mp_json *roles = mp_json_get(mp_json_get(root, "signed"), "roles");
	const struct mp_json *ids = mp_json_get(mp_json_get(roles, mp_role_names[role]), "keyids");
	MP_BUF(public, 16384);
	char id[65];

	if (mp_sign_key_public(key, &public) < 0 ||
	    mp_tuf_key_id(mp_sign_key_scheme(key), mp_buf_str(&public), id) < 0)
		return false;
	for (size_t i = 0; i < mp_json_size(ids); i++)
		if (mp_streq(mp_json_str(mp_json_at(ids, i), NULL), id))
			return true;
	return false;
}

/* Put keys/ROLE.pem.next in its place, or drop it, as the newest root has it. */
static int settle(const struct mp_product *p, size_t role, const struct mp_json *root,
		  struct mp_err *err)
{
	auto_free char *next = key_path(p, role, ".next"), *now = key_path(p, role, "");
	auto_free char *name = mp_str_format("%s.pem.next", mp_role_names[role]);
	auto_(mp_sign_key) *key = NULL;
	MP_BUF(pem, 65536);
	int r;

	if (!next || !now || !name)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (!mp_file_exists(next))
		return 0;
	r = mp_file_read(next, &pem, err);
	if (r < 0)
		return r;
	r = mp_sign_key_parse(mp_buf_str(&pem), &key, NULL);
	explicit_bzero(pem.data, pem.len);
	if (r == 0 && names_key(root, role, key))
		r = rename(next, now);
	else
		r = unlink(next);
	return r < 0 ? mp_err_set(err, -errno, "cannot replace %s: %s", now, strerror(errno)) : 0;
}

static int settle_all(const struct mp_product *p, struct mp_err *err)
{
	auto_(mp_json) *root = NULL;
	MP_BUF(text, MP_METADATA_MAX);
	int64_t version;
	int r = mp_tuf_newest(p, "root", &version, &text, err);

	if (r == 0 && version == 0)
		r = mp_err_set(err, -ENOENT, "%s/tuf has no root: restore it from your copy",
			       p->dir);
	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &root, err);
	for (size_t i = 0; i < MP_ROLES && r == 0; i++)
		r = settle(p, i, root, err);
	return r;
}

static int read_tuf(const struct mp_product *p, const char *kind, int64_t version,
		    struct mp_buf *text, struct mp_err *err)
{
	auto_free char *path =
		mp_str_format("%s/tuf/%lld.%s.json", p->dir, (long long)version, kind);

	return path ? mp_file_read(path, text, err) : mp_err_set(err, -ENOMEM, "out of memory");
}

static int write_tuf(const struct mp_product *p, const char *kind, int64_t version,
		     const struct mp_buf *text, struct mp_err *err)
{
	auto_free char *path =
		mp_str_format("%s/tuf/%lld.%s.json", p->dir, (long long)version, kind);

	return path ? mp_file_write(path, mp_buf_str(text), text->len, 0644, err)
		    : mp_err_set(err, -ENOMEM, "out of memory");
}

/* Which root, from the newest down, believes these targets? */
static int find_believer(const struct mp_product *p, int64_t newest, const struct mp_buf *targets,
			 struct mp_json **ret, int64_t *ret_version, struct mp_err *err)
{
	int r = -ENOENT;

	for (int64_t v = newest; v > 0 && r < 0; v--) {
		MP_BUF(root, MP_METADATA_MAX);

		r = read_tuf(p, "root", v, &root, err);
		if (r == 0)
			r = mp_tuf_check(mp_buf_str(&root), root.len, "targets",
					 mp_buf_str(targets), targets->len, ret, err);
		*ret_version = v;
	}
	return r;
}

/* Targets that only an older root believes get a signature that the newest one believes. */
static int renew_targets(const struct mp_product *p, struct mp_err *err)
{
	auto_(mp_sign_key) *key = NULL;
	auto_(mp_json) *file = NULL, *next = NULL;
	MP_BUF(targets, MP_METADATA_MAX);
	MP_BUF(root, MP_METADATA_MAX);
	MP_BUF(text, MP_METADATA_MAX);
	int64_t version, newest, believer = 0;
	int r = mp_tuf_newest(p, "targets", &version, &targets, err);

	if (r < 0 || version == 0)
		return r;
	r = mp_tuf_newest(p, "root", &newest, &root, err);
	if (r == 0)
		r = find_believer(p, newest, &targets, &file, &believer, err);
	if (r < 0 || believer == newest)
		return r;
	r = mp_keyring_read(p, "targets", &key, err);
	if (r < 0)
		return r;
	next = mp_json_copy(mp_json_get(file, "signed"));
	r = next ? mp_tuf_bump(next, time(NULL) + MP_TARGETS_DAYS * 86400LL, err) : -ENOMEM;
	if (r == 0)
		r = mp_tuf_sign(next, (const struct mp_sign_key *const[]){key}, 1, &text, err);
	return r < 0 ? r : write_tuf(p, "targets", version + 1, &text, err);
}

/* New keys where wanted, stored as .next; the others as they are. */
static int gather(const struct mp_product *p, const bool roles[MP_ROLES], struct mp_tuf_keys *keys,
		  struct mp_err *err)
{
	int r = 0;

	for (size_t i = 0; i < MP_ROLES && r == 0; i++) {
		char name[48];

		if (!roles[i]) {
			r = mp_keyring_read(p, mp_role_names[i], &keys->key[i], err);
			continue;
		}
		snprintf(name, sizeof(name), "keys/%s.pem.next", mp_role_names[i]);
		r = mp_sign_key_generate(MP_ED25519, &keys->key[i], err);
		if (r == 0)
			r = mp_keyring_write_key(p->dir, name, keys->key[i], err);
	}
	return r;
}

/* The next root must be good by the old one and by itself, as a device will check it. */
static int write_root(const struct mp_product *p, const struct mp_tuf_keys *keys, bool new_root,
		      int64_t expires, int64_t *ret_version, struct mp_err *err)
{
	auto_(mp_sign_key) *old = NULL;
	auto_(mp_json) *check = NULL, *check_self = NULL;
	MP_BUF(before, MP_METADATA_MAX);
	MP_BUF(after, MP_METADATA_MAX);
	int64_t version;
	int r = mp_tuf_newest(p, "root", &version, &before, err);

	if (r == 0)
		r = mp_keyring_read(p, "root", &old, err);
	if (r == 0)
		r = mp_keyring_sign_root(keys, new_root ? old : NULL, version + 1, expires, &after,
					 err);
	if (r < 0)
		return r;
	r = mp_tuf_check(mp_buf_str(&before), before.len, "root", mp_buf_str(&after), after.len,
			 &check, err);
	if (r < 0)
		return mp_err_wrap(err, r,
				   "keys/root.pem is not the key of tuf/%lld.root.json: "
				   "restore it from your copy",
				   (long long)version);
	r = mp_tuf_check(mp_buf_str(&after), after.len, "root", mp_buf_str(&after), after.len,
			 &check_self, err);
	if (r == 0)
		r = write_tuf(p, "root", version + 1, &after, err);
	if (r == 0)
		*ret_version = version + 1;
	return r;
}

int mp_rotate(const struct mp_product *p, const bool roles[MP_ROLES], int64_t expires,
	      int64_t *ret_version, struct mp_err *err)
{
	AUTO_TUF_KEYS(keys);
	int r = settle_all(p, err);

	if (r == 0)
		r = gather(p, roles, &keys, err);
	if (r == 0)
		r = write_root(p, &keys, roles[MP_ROLE_ROOT], expires, ret_version, err);
	if (r < 0) {
		(void)settle_all(p, NULL);
		return r;
	}
	r = settle_all(p, err);
	return r < 0 ? r : renew_targets(p, err);
}
