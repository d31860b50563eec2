/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "bootstrap/bootstrap.h"
#include "devices.h"
#include "lwm2m/credentials.h"
#include "lwm2m/lwm2m.h"
#include "server.h"

#define CONFIG_MAX 65536 /* bytes of JSON */
#define SECURITY 0 /* object */
#define IDENTITY 3 /* resources of it: own key or identity, the server's key between, … */
#define SECRET_KEY 5 /* … own secret key */

void bootstrap_config_done(struct bootstrap_config *c)
{
	value_set_done(&c->values);
	mp_json_free(c->text);
	*c = (struct bootstrap_config){0};
}

/* The paths of objects and instances that `j` has under this name. */
static int take_paths(const struct mp_json *j, const char *name, struct mp_lwm2m_path *paths,
		      size_t max, size_t *ret_n, struct mp_err *err)
{
	const struct mp_json *list = mp_json_get(j, name), *one;
	size_t n = 0;

	if (list && mp_json_type(list) != MP_JSON_ARRAY)
		return mp_err_set(err, -EBADMSG, "'%s' must be an array of paths", name);
	for (; (one = mp_json_at(list, n)); n++) {
		const char *text = mp_json_str(one, "");

		if (n == max || mp_lwm2m_path_parse(text, strlen(text), &paths[n]) < 0 ||
		    paths[n].n > MP_LWM2M_INSTANCE)
			return mp_err_set(err, -EBADMSG,
					  "'%.40s' is nothing for '%s', or there are too many",
					  text, name);
	}
	*ret_n = n;
	return 0;
}

/* What a bootstrap server may read (LwM2M Core 1.1, 6.1.8.4): never keys. */
static int check_reads(const struct bootstrap_config *c, struct mp_err *err)
{
	for (size_t i = 0; i < c->n_reads; i++)
		if (c->reads[i].n == 0 || c->reads[i].id[0] < 1 || c->reads[i].id[0] > 2)
			return mp_err_set(err, -EBADMSG,
					  "a bootstrap server reads objects 1 and 2 alone");
	return 0;
}

static bool has_value(const struct value_set *set, size_t n, const struct mp_lwm2m_path *path)
{
	for (size_t i = 0; i < n; i++)
		if (mp_lwm2m_path_compare(&set->records[i].path, path) == 0)
			return true;
	return false;
}

/* The keys of a Security instance are mandatory also where there are none (LwM2M Core 1.1, E.1), and there
 * are clients that take the specification at its word. */
static int add_empty_keys(struct value_set *set)
{
	const struct mp_lwm2m_value empty = mp_lwm2m_opaque("", 0);
	size_t n = set->n; /* what was there before, in the order of paths */
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct mp_lwm2m_path path = set->records[i].path;

		if (path.id[0] != SECURITY ||
		    (i > 0 && set->records[i - 1].path.id[0] == SECURITY &&
		     set->records[i - 1].path.id[1] == path.id[1]))
			continue;
		for (path.id[2] = IDENTITY; r == 0 && path.id[2] <= SECRET_KEY; path.id[2]++)
			if (!has_value(set, n, &path))
				r = value_set_add(set, &path, &empty);
	}
	value_set_sort(set);
	return r;
}

int bootstrap_config_parse(struct server *s, struct mp_json *j, struct bootstrap_config *ret,
			   struct mp_err *err)
{
	struct bootstrap_config c = {.text = j};
	int r = value_set_init(&c.values, CONFIG_MAX);

	if (r < 0)
		r = mp_err_set(err, r, "memory is out");
	if (r == 0)
		r = take_paths(j, "delete", c.deletes, BOOTSTRAP_DELETES, &c.n_deletes, err);
	if (r == 0)
		r = take_paths(j, "read", c.reads, BOOTSTRAP_READS, &c.n_reads, err);
	if (r == 0)
		r = check_reads(&c, err);
	if (r == 0 && mp_json_get(j, "values"))
		r = values_parse(s->lwm2m, NULL, &mp_lwm2m_path_root, j, &c.values, err);
	if (r == 0 && (r = add_empty_keys(&c.values)) < 0)
		r = mp_err_set(err, r, "there are too many values");
	c.discovers = mp_json_bool(mp_json_get(j, "discover"), false);
	if (r < 0) {
		bootstrap_config_done(&c);
		return r;
	}
	*ret = c;
	return 0;
}

/* ---- the store ---- */

int bootstrap_set(struct server *s, const char *endpoint, const struct mp_json *config,
		  struct mp_err *err)
{
	struct bootstrap_config c;
	MP_BUF(text, CONFIG_MAX);
	MP_BUF(sealed, CONFIG_MAX + 64);
	int r;

	if (*endpoint && !device_name_is_valid(endpoint))
		return mp_err_set(err, -EBADMSG, "'%.80s' is no name of a device", endpoint);
	r = bootstrap_config_parse(s, mp_json_copy(config), &c, err);
	if (r < 0)
		return r;
	bootstrap_config_done(&c);
	r = mp_json_format(config, &text);
	if (r < 0)
		return mp_err_set(err, -EBADMSG, "the configuration is too long");
	r = credentials_seal(s->credentials, endpoint, text.data, text.len, &sealed);
	explicit_bzero(text.data, text.len);
	if (r == 0)
		r = mp_store_run(s->store,
				 "INSERT INTO bootstrap_config (endpoint, config) VALUES (?, ?)"
				 " ON CONFLICT (endpoint) DO UPDATE SET config = excluded.config",
				 MP_TEXT(endpoint), MP_BYTES(sealed.data, sealed.len));
	return r < 0 ? mp_err_set(err, r, "it could not be stored") : 0;
}

int bootstrap_remove(struct server *s, const char *endpoint)
{
	int r = mp_store_run(s->store, "DELETE FROM bootstrap_config WHERE endpoint = ?",
			     MP_TEXT(endpoint));

	return r < 0 ? r : r == 0 ? -ENOENT : 0;
}

int bootstrap_get(struct server *s, const char *endpoint, struct mp_json **ret)
{
	auto_(mp_query) *q = NULL;
	MP_BUF(text, CONFIG_MAX);
	const void *sealed;
	size_t len;
	int r = mp_store_query(s->store, "SELECT config FROM bootstrap_config WHERE endpoint = ?",
			       &q, MP_TEXT(endpoint));

	if (r == 0)
		r = mp_query_next(q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	sealed = mp_query_bytes(q, 0, &len);
	r = credentials_unseal(s->credentials, endpoint, sealed, len, &text);
	if (r == 0)
		r = mp_json_parse(text.data, text.len, ret, NULL);
	if (text.data)
		explicit_bzero(text.data, text.len);
	return r;
}

int bootstrap_find(struct server *s, const char *endpoint, struct bootstrap_config *ret)
{
	struct mp_json *j = NULL;
	int r = bootstrap_get(s, endpoint, &j);

	if (r == -ENOENT)
		r = bootstrap_get(s, "", &j);
	return r < 0 ? r : bootstrap_config_parse(s, j, ret, NULL);
}

int bootstrap_list(struct server *s, struct mp_json **ret)
{
	auto_(mp_json) *items = mp_json_new_array();
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store, "SELECT endpoint FROM bootstrap_config ORDER BY endpoint",
			       &q, MP_NOTHING);

	while (r == 0 && (r = mp_query_next(q)) > 0)
		r = mp_json_append(items, mp_json_new_str(mp_query_text(q, 0)));
	if (r == 0)
		*ret = take_ptr(items);
	return r;
}

/* ---- shown to people ---- */

static bool is_secret(const char *key)
{
	struct mp_lwm2m_path path;

	/* By name or below a name nobody can tell cheaply: then it is taken for a secret. */
	if (mp_lwm2m_path_parse(key, strlen(key), &path) < 0)
		return strcasestr(key, "key") != NULL;
	return path.n >= MP_LWM2M_RESOURCE && path.id[0] == SECURITY && path.id[2] == SECRET_KEY;
}

struct mp_json *bootstrap_shown(const struct mp_json *config)
{
	auto_(mp_json) *copy = mp_json_copy(config);
	struct mp_json *values = mp_json_new_object();
	const struct mp_json *value;
	void *iter = NULL;
	const char *key;
	int r = 0;

	while (mp_json_next(mp_json_get(config, "values"), &iter, &key, &value))
		r |= mp_json_put(values, key,
				 is_secret(key) ? mp_json_new_null() : mp_json_copy(value));
	r |= mp_json_put(copy, "values", values);
	return r ? NULL : take_ptr(copy);
}
