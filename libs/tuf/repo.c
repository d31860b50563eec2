/* SPDX-License-Identifier: Apache-2.0 */
#include "tuf/repo.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "crypto/hash.h"
#include "tuf/internal.h"

#define SPEC_VERSION "1.0.31"
#define PUBLIC_MAX 4096 /* bytes of a public key's text */

/* {"keytype", "scheme", "keyval": {"public"}}; NULL when memory is out. */
static struct mp_json *key_new(enum mp_sign_scheme scheme, const char *public_text)
{
	static const char *const types[] = {"ed25519", "ecdsa", "rsa"};
	static const char *const schemes[] = {"ed25519", "ecdsa-sha2-nistp256",
					      "rsassa-pss-sha256"};
	auto_(mp_json) *key = mp_json_new_object();
	auto_(mp_json) *value = mp_json_new_object();

	if (!key || !value || mp_json_put_str(value, "public", public_text) < 0 ||
	    mp_json_put_str(key, "keytype", types[scheme]) < 0 ||
	    mp_json_put_str(key, "scheme", schemes[scheme]) < 0 ||
	    mp_json_put(key, "keyval", take_ptr(value)) < 0)
		return NULL;
	return take_ptr(key);
}

static int key_id(const struct mp_json *key, char ret[65])
{
	MP_BUF(text, 2 * PUBLIC_MAX);
	int r = mp_json_format_canonical(key, &text);

	if (r == 0)
		mp_sha256_hex(text.data, text.len, ret);
	return r;
}

int mp_tuf_key_id(enum mp_sign_scheme scheme, const char *public_text, char ret[65])
{
	auto_(mp_json) *key = key_new(scheme, public_text);

	return key ? key_id(key, ret) : -ENOMEM;
}

/* The key as metadata lists it, and its id. */
static int describe_key(const struct mp_sign_key *k, struct mp_json **ret, char id[65])
{
	MP_BUF(text, PUBLIC_MAX);
	auto_(mp_json) *key = NULL;
	int r = mp_sign_key_public(k, &text);

	if (r < 0)
		return r;
	key = key_new(mp_sign_key_scheme(k), mp_buf_str(&text));
	if (!key)
		return -ENOMEM;
	r = key_id(key, id);
	if (r == 0 && ret)
		*ret = take_ptr(key);
	return r;
}

static int signed_new(const char *type, int64_t version, int64_t expires, struct mp_json **ret)
{
	auto_(mp_json) *j = mp_json_new_object();
	char text[21];

	mp_tuf_time_format(expires, text);
	if (!j || mp_json_put_str(j, "_type", type) < 0 ||
	    mp_json_put_str(j, "spec_version", SPEC_VERSION) < 0 ||
	    mp_json_put_int(j, "version", version) < 0 || mp_json_put_str(j, "expires", text) < 0)
		return -ENOMEM;
	*ret = take_ptr(j);
	return 0;
}

/* Put the role's keys into `keys` and give its {"keyids", "threshold"}. */
static int role_new(const struct mp_tuf_role_keys *role, struct mp_json *keys, struct mp_json **ret)
{
	auto_(mp_json) *ids = mp_json_new_array();
	auto_(mp_json) *j = mp_json_new_object();
	int r = ids && j ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < role->n; i++) {
		struct mp_json *key = NULL;
		char id[65];

		r = describe_key(role->keys[i], &key, id);
		if (r == 0)
			r = mp_json_put(keys, id, key);
		if (r == 0)
			r = mp_json_append(ids, mp_json_new_str(id));
	}
	if (r == 0)
		r = mp_json_put(j, "keyids", take_ptr(ids));
	if (r == 0)
		r = mp_json_put_int(j, "threshold", role->threshold);
	if (r == 0)
		*ret = take_ptr(j);
	return r;
}

int mp_tuf_root_create(const struct mp_tuf_root_config *config, struct mp_json **ret_signed,
		       struct mp_err *err)
{
	const struct mp_tuf_role_keys *by_type[MP_TUF_TYPES] = {
		&config->root, &config->timestamp, &config->snapshot, &config->targets};
	auto_(mp_json) *root = NULL, *keys = mp_json_new_object(), *roles = mp_json_new_object();
	int r = keys && roles ? signed_new("root", config->version, config->expires, &root)
			      : -ENOMEM;

	for (int t = 0; r == 0 && t < MP_TUF_TYPES; t++) {
		struct mp_json *role = NULL;

		if (by_type[t]->threshold < 1 || by_type[t]->threshold > by_type[t]->n)
			return mp_err_set(err, -EINVAL,
					  "a threshold of %u needs as many %s keys; there "
					  "are %zu",
					  by_type[t]->threshold, mp_tuf_type_name(t),
					  by_type[t]->n);
		r = role_new(by_type[t], keys, &role);
		if (r == 0)
			r = mp_json_put(roles, mp_tuf_type_name(t), role);
	}
	if (r == 0)
		r = mp_json_put_bool(root, "consistent_snapshot", true);
	if (r == 0)
		r = mp_json_put(root, "keys", take_ptr(keys));
	if (r == 0)
		r = mp_json_put(root, "roles", take_ptr(roles));
	if (r < 0)
		return mp_err_set(err, r, "the root cannot be made");
	*ret_signed = take_ptr(root);
	return 0;
}

int mp_tuf_targets_create(int64_t version, int64_t expires, struct mp_json **ret_signed,
			  struct mp_err *err)
{
	auto_(mp_json) *j = NULL;
	int r = signed_new("targets", version, expires, &j);

	if (r == 0)
		r = mp_json_put(j, "targets", mp_json_new_object());
	if (r < 0)
		return mp_err_set(err, r, "the targets role cannot be made");
	*ret_signed = take_ptr(j);
	return 0;
}

/* {"length", "hashes": {"sha256"}} into `to`. */
static int put_file_info(struct mp_json *to, uint64_t length, const char *sha256_hex)
{
	auto_(mp_json) *hashes = mp_json_new_object();
	int r = hashes ? mp_json_put_str(hashes, "sha256", sha256_hex) : -ENOMEM;

	if (r == 0)
		r = mp_json_put_int(to, "length", (int64_t)length);
	return r < 0 ? r : mp_json_put(to, "hashes", take_ptr(hashes));
}

int mp_tuf_targets_add(struct mp_json *targets_signed, const char *path, uint64_t length,
		       const char *sha256_hex, const struct mp_json *custom, struct mp_err *err)
{
	/* Const for readers' sake alone: it belongs to a document that the caller lets us change.
	 */
	struct mp_json *map = (struct mp_json *)mp_json_get(targets_signed, "targets");
	auto_(mp_json) *entry = mp_json_new_object();
	uint8_t digest[MP_SHA256_LEN];
	int r;

	if (mp_json_type(map) != MP_JSON_OBJECT)
		return mp_err_set(err, -EINVAL, "this is not a targets role");
	if (length > INT64_MAX || mp_hex_parse(sha256_hex, digest, sizeof(digest)) < 0)
		return mp_err_set(err, -EINVAL, "target '%s' needs a length and a SHA-256", path);
	r = entry ? put_file_info(entry, length, sha256_hex) : -ENOMEM;
	if (r == 0 && custom)
		r = mp_json_put(entry, "custom", mp_json_copy(custom));
	if (r == 0)
		r = mp_json_put(map, path, take_ptr(entry));
	return r < 0 ? mp_err_set(err, r, "target '%s' cannot be added", path) : 0;
}

int mp_tuf_bump(struct mp_json *signed_part, int64_t expires, struct mp_err *err)
{
	int64_t version;
	char text[21];
	int r = mp_json_read_int(signed_part, "version", 1, INT64_MAX - 1, &version, err);

	if (r < 0)
		return r;
	mp_tuf_time_format(expires, text);
	r = mp_json_put_str(signed_part, "expires", text);
	return r < 0 ? r : mp_json_put_int(signed_part, "version", version + 1);
}

/* A role that lists one file: its version, length and hash. */
static int listing_new(enum mp_tuf_type type, int64_t version, int64_t expires, enum mp_tuf_type of,
		       const void *data, size_t len, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *j = NULL, *meta = mp_json_new_object(), *entry = mp_json_new_object();
	auto_(mp_tuf_file) *file = NULL;
	char name[16], hex[65];
	int r = mp_tuf_file_parse(of, mp_tuf_type_name(of), data, len, &file, err);

	if (r < 0)
		return r;
	mp_sha256_hex(data, len, hex);
	(void)strcat(strcpy(name, mp_tuf_type_name(of)), ".json");
	r = meta && entry ? signed_new(mp_tuf_type_name(type), version, expires, &j) : -ENOMEM;
	if (r == 0)
		r = mp_json_put_int(entry, "version", file->version);
	if (r == 0)
		r = put_file_info(entry, len, hex);
	if (r == 0)
		r = mp_json_put(meta, name, take_ptr(entry));
	if (r == 0)
		r = mp_json_put(j, "meta", take_ptr(meta));
	if (r < 0)
		return mp_err_set(err, r, "the %s cannot be made", mp_tuf_type_name(type));
	*ret = take_ptr(j);
	return 0;
}

int mp_tuf_snapshot_create(int64_t version, int64_t expires, const void *targets, size_t len,
			   struct mp_json **ret_signed, struct mp_err *err)
{
	return listing_new(MP_TUF_SNAPSHOT, version, expires, MP_TUF_TARGETS, targets, len,
			   ret_signed, err);
}

int mp_tuf_timestamp_create(int64_t version, int64_t expires, const void *snapshot, size_t len,
			    struct mp_json **ret_signed, struct mp_err *err)
{
	return listing_new(MP_TUF_TIMESTAMP, version, expires, MP_TUF_SNAPSHOT, snapshot, len,
			   ret_signed, err);
}

/* One {"keyid", "sig"} over `text`. */
static int signature_new(const struct mp_sign_key *key, const struct mp_buf *text,
			 struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *j = mp_json_new_object();
	MP_BUF(sig, 1024);
	char id[65], hex[2 * 1024 + 1];
	int r = j ? describe_key(key, NULL, id) : -ENOMEM;

	if (r == 0)
		r = mp_sign(key, text->data, text->len, &sig, err);
	if (r < 0)
		return r;
	mp_hex_format(sig.data, sig.len, hex);
	r = mp_json_put_str(j, "keyid", id);
	if (r == 0)
		r = mp_json_put_str(j, "sig", hex);
	if (r == 0)
		*ret = take_ptr(j);
	return r;
}

int mp_tuf_sign_at(const struct mp_json *signed_part, int64_t now,
		   const struct mp_sign_key *const *keys, size_t n, struct mp_buf *out,
		   struct mp_err *err)
{
	MP_BUF(text, MP_TUF_TARGETS_MAX);
	auto_(mp_json) *body = mp_json_copy(signed_part);
	auto_(mp_json) *list = mp_json_new_array();
	auto_(mp_json) *doc = mp_json_new_object();
	int r = body && list && doc ? 0 : -ENOMEM;

	if (r == 0 && now > 0)
		r = mp_json_put_int(body, "x-mp-time", now);
	if (r == 0)
		r = mp_json_format_canonical(body, &text);
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct mp_json *signature = NULL;

		r = signature_new(keys[i], &text, &signature, err);
		if (r == 0)
			r = mp_json_append(list, signature);
	}
	if (r == 0)
		r = mp_json_put(doc, "signatures", take_ptr(list));
	if (r == 0)
		r = mp_json_put(doc, "signed", take_ptr(body));
	if (r == 0)
		r = mp_json_format(doc, out);
	return r < 0 ? mp_err_wrap(err, r, "the metadata cannot be signed") : 0;
}

int mp_tuf_sign(const struct mp_json *signed_part, const struct mp_sign_key *const *keys, size_t n,
		struct mp_buf *out, struct mp_err *err)
{
	return mp_tuf_sign_at(signed_part, time(NULL), keys, n, out, err);
}

static int type_of(const char *role)
{
	for (int t = 0; t < MP_TUF_TYPES; t++)
		if (mp_streq(role, mp_tuf_type_name(t)))
			return t;
	return -EINVAL;
}

/* A root vouches for the next one, and that for itself. */
static int check_next_root(const struct mp_tuf_file *trusted, const struct mp_tuf_file *next,
			   struct mp_err *err)
{
	struct mp_tuf_signers own;
	int r;

	if (next->version != trusted->version && next->version != trusted->version + 1)
		return mp_err_set(err, -EPROTO,
				  "root: found version %" PRId64 ", expected %" PRId64,
				  next->version, trusted->version + 1);
	(void)mp_tuf_signers_get(next, "root", &own);
	r = mp_tuf_verify(next, "root", &own, err);
	return r < 0 ? mp_err_wrap(err, r, "by its own keys") : 0;
}

int mp_tuf_check(const void *root, size_t root_len, const char *role, const void *file, size_t len,
		 struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_tuf_file) *trusted = NULL, *f = NULL;
	struct mp_tuf_signers signers;
	int type = type_of(role), r;

	if (type < 0)
		return mp_err_set(err, type, "there is no role '%s'", role);
	r = mp_tuf_file_parse(MP_TUF_ROOT, "the trusted root", root, root_len, &trusted, err);
	if (r == 0)
		r = mp_tuf_file_parse((enum mp_tuf_type)type, role, file, len, &f, err);
	if (r < 0)
		return r;
	(void)mp_tuf_signers_get(trusted, role, &signers);
	r = mp_tuf_verify(f, role, &signers, err);
	if (r == 0 && type == MP_TUF_ROOT)
		r = check_next_root(trusted, f, err);
	if (r < 0)
		return r;
	*ret = take_ptr(f->doc);
	return 0;
}
