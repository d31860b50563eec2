/* SPDX-License-Identifier: Apache-2.0
 * check.c - the form of the part that is each role's own (specification sections 4.3 to 4.6) */
#include "tuf/internal.h"

#include <errno.h>

#include "base/str.h"

typedef int (*check_member)(const char *key, const struct mp_json *value, struct mp_err *err);

/* `check` holds for each member of the object `key`. */
static int check_each(const struct mp_json *obj, const char *key, check_member check,
		      struct mp_err *err)
{
	const struct mp_json *map, *value;
	const char *name;
	void *iter = NULL;
	int r = mp_json_read_object(obj, key, &map, err);

	if (r < 0)
		return r;
	while (mp_json_next(map, &iter, &name, &value)) {
		r = check(name, value, err);
		if (r < 0)
			return mp_err_wrap(err, r, "'%s' of '%s'", name, key);
	}
	return 0;
}

/* Key types and schemes that we do not know are no fault: such keys never verify anything. */
static int check_key(const char *key, const struct mp_json *value, struct mp_err *err)
{
	const struct mp_json *keyval;
	const char *text;
	int r = mp_json_read_str(value, "keytype", &text, err);

	(void)key;
	if (r == 0)
		r = mp_json_read_str(value, "scheme", &text, err);
	return r < 0 ? r : mp_json_read_object(value, "keyval", &keyval, err);
}

/* Through a set, since a hostile file may list very many. */
int mp_tuf_check_unique(const struct mp_json *list, const char *member, struct mp_err *err)
{
	auto_(mp_json) *seen = mp_json_new_object();

	if (!seen)
		return -ENOMEM;
	for (size_t i = 0; i < mp_json_size(list); i++) {
		const struct mp_json *item = mp_json_at(list, i);
		const char *name = mp_json_str(member ? mp_json_get(item, member) : item, NULL);

		if (!name)
			return mp_err_set(err, -EBADMSG, "entry %zu must be a string", i + 1);
		if (mp_json_get(seen, name))
			return mp_err_set(err, -EBADMSG, "'%s' is listed twice", name);
		if (mp_json_put_bool(seen, name, true) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* {"keyids": [...], "threshold": n}, no id twice */
static int check_role(const struct mp_json *role, struct mp_err *err)
{
	const struct mp_json *ids;
	int64_t threshold;
	int r = mp_json_read_array(role, "keyids", &ids, err);

	if (r == 0)
		r = mp_json_read_int(role, "threshold", 1, INT64_MAX, &threshold, err);
	return r < 0 ? r : mp_tuf_check_unique(ids, NULL, err);
}

static int check_root(const struct mp_json *body, struct mp_err *err)
{
	const struct mp_json *roles, *role, *consistent = mp_json_get(body, "consistent_snapshot");
	int r = check_each(body, "keys", check_key, err);

	if (r == 0)
		r = mp_json_read_object(body, "roles", &roles, err);
	for (int t = 0; r == 0 && t < MP_TUF_TYPES; t++) {
		r = mp_json_read_object(roles, mp_tuf_type_name(t), &role, err);
		if (r == 0)
			r = check_role(role, err);
		if (r < 0)
			return mp_err_wrap(err, r, "role %s", mp_tuf_type_name(t));
	}
	if (r == 0 && consistent && mp_json_type(consistent) != MP_JSON_BOOL)
		return mp_err_set(err, -EBADMSG, "'consistent_snapshot' must be true or false");
	return r;
}

static int check_hash(const char *key, const struct mp_json *value, struct mp_err *err)
{
	(void)key;
	if (mp_json_type(value) != MP_JSON_STR)
		return mp_err_set(err, -EBADMSG, "a hash must be a string");
	return 0;
}

static int check_hashes(const struct mp_json *obj, struct mp_err *err)
{
	int r = check_each(obj, "hashes", check_hash, err);

	if (r == 0 && mp_json_size(mp_json_get(obj, "hashes")) == 0)
		return mp_err_set(err, -EBADMSG, "'hashes' must not be empty");
	return r;
}

/* {"version": n, "length": n?, "hashes": {...}?} */
static int check_meta(const char *key, const struct mp_json *value, struct mp_err *err)
{
	int64_t n;
	int r = mp_json_read_int(value, "version", 1, INT64_MAX, &n, err);

	(void)key;
	if (r == 0 && mp_json_get(value, "length"))
		r = mp_json_read_int(value, "length", 0, INT64_MAX, &n, err);
	if (r == 0 && mp_json_get(value, "hashes"))
		r = check_hashes(value, err);
	return r;
}

static int check_timestamp(const struct mp_json *body, struct mp_err *err)
{
	int r = check_each(body, "meta", check_meta, err);

	if (r == 0 && !mp_json_get(mp_json_get(body, "meta"), "snapshot.json"))
		return mp_err_set(err, -EBADMSG, "'meta' does not list snapshot.json");
	return r;
}

static int check_target(const char *key, const struct mp_json *value, struct mp_err *err)
{
	int64_t n;
	int r = mp_json_read_int(value, "length", 0, INT64_MAX, &n, err);

	(void)key;
	return r < 0 ? r : check_hashes(value, err);
}

static int check_strings(const struct mp_json *obj, const char *key, struct mp_err *err)
{
	const struct mp_json *list;
	int r = mp_json_read_array(obj, key, &list, err);

	for (size_t i = 0; r == 0 && i < mp_json_size(list); i++)
		if (mp_json_type(mp_json_at(list, i)) != MP_JSON_STR)
			return mp_err_set(err, -EBADMSG, "'%s' must hold strings alone", key);
	return r;
}

/* Not empty, not too long for a file, and no top-level role's. */
static int check_role_name(const char *name, struct mp_err *err)
{
	size_t n = __builtin_strlen(name);

	if (n == 0 || n > MP_TUF_NAME_MAX)
		return mp_err_set(err, -EBADMSG, "a delegated role's name must have 1 to %d bytes",
				  MP_TUF_NAME_MAX);
	for (int t = 0; t < MP_TUF_TYPES; t++)
		if (mp_streq(name, mp_tuf_type_name(t)))
			return mp_err_set(err, -EBADMSG, "'%s' cannot be a delegated role", name);
	return 0;
}

static int check_delegated_role(const struct mp_json *role, struct mp_err *err)
{
	const char *name;
	bool paths = mp_json_get(role, "paths"), bins = mp_json_get(role, "path_hash_prefixes");
	int r = mp_json_read_str(role, "name", &name, err);

	if (r == 0)
		r = check_role_name(name, err);
	if (r == 0)
		r = check_role(role, err);
	if (r < 0)
		return r;
	if (mp_json_type(mp_json_get(role, "terminating")) != MP_JSON_BOOL)
		return mp_err_set(err, -EBADMSG, "'terminating' must be true or false");
	if (paths == bins)
		return mp_err_set(err, -EBADMSG,
				  "one of 'paths' and 'path_hash_prefixes' must be there");
	return check_strings(role, paths ? "paths" : "path_hash_prefixes", err);
}

static int check_delegated_roles(const struct mp_json *delegations, struct mp_err *err)
{
	const struct mp_json *roles;
	int r = mp_json_read_array(delegations, "roles", &roles, err);

	for (size_t i = 0; r == 0 && i < mp_json_size(roles); i++) {
		r = check_delegated_role(mp_json_at(roles, i), err);
		if (r < 0)
			return mp_err_wrap(err, r, "delegated role %zu", i + 1);
	}
	return r < 0 ? r : mp_tuf_check_unique(roles, "name", err);
}

static int check_succinct(const struct mp_json *bins, struct mp_err *err)
{
	const char *prefix;
	int64_t bits;
	int r = check_role(bins, err);

	if (r == 0)
		r = mp_json_read_int(bins, "bit_length", 1, 32, &bits, err);
	if (r == 0)
		r = mp_json_read_str(bins, "name_prefix", &prefix, err);
	return r < 0 || !prefix[0] ? r : check_role_name(prefix, err);
}

static int check_delegations(const struct mp_json *body, struct mp_err *err)
{
	const struct mp_json *delegations, *succinct;
	int r = mp_json_read_object(body, "delegations", &delegations, err);

	if (r == 0)
		r = check_each(delegations, "keys", check_key, err);
	if (r < 0)
		return r;
	succinct = mp_json_get(delegations, "succinct_roles");
	if (!succinct == !mp_json_get(delegations, "roles"))
		return mp_err_set(err, -EBADMSG,
				  "one of 'roles' and 'succinct_roles' must be there");
	return succinct ? check_succinct(succinct, err) : check_delegated_roles(delegations, err);
}

static int check_targets(const struct mp_json *body, struct mp_err *err)
{
	int r = check_each(body, "targets", check_target, err);

	if (r == 0 && mp_json_get(body, "delegations"))
		r = check_delegations(body, err);
	return r;
}

int mp_tuf_check_body(enum mp_tuf_type type, const struct mp_json *body, struct mp_err *err)
{
	switch (type) {
	case MP_TUF_ROOT:
		return check_root(body, err);
	case MP_TUF_TIMESTAMP:
		return check_timestamp(body, err);
	case MP_TUF_SNAPSHOT:
		return check_each(body, "meta", check_meta, err);
	default:
		return check_targets(body, err);
	}
}
