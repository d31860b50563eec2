/* SPDX-License-Identifier: Apache-2.0 */
/* mp key: what keys there are, and new ones in their place (rotate.c). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "base/file.h"
#include "base/str.h"
#include "crypto/x509.h"
#include "keyring.h"
#include "rotate.h"
#include "server_targets.h"
#include "table.h"
#include "tuf/repo.h"
#include "verb.h"

#define SOON (30 * 86400)

struct key_options {
	struct mp_server_options server;
	bool json, publish;
	uint64_t days;
};

static const struct mp_option ls_options[] = {
	MP_OPTION_JSON(struct key_options, json),
	{0},
};
static const struct mp_option rotate_options[] = {
	{"days", 0, MP_NUMBER, offsetof(struct key_options, days), "NUMBER",
	 "days until the new TUF root expires; default 3650"},
	{"publish", 0, MP_SWITCH, offsetof(struct key_options, publish), NULL,
	 "bring the new root, and targets signed by its key, to the running server at once"},
	MP_OPTIONS_SERVER(struct key_options, server),
	{0},
};

/* ---- ls ---- */

static const char *state_of(int64_t expires, bool here)
{
	int64_t now = time(NULL);

	if (expires && expires <= now)
		return "expired";
	if (expires && expires - now < SOON)
		return "expires soon";
	return here ? "good" : "not here";
}

static int add_key(struct mp_json *items, const char *name, const char *use, const char *id,
		   int64_t expires, bool here)
{
	struct mp_json *key = mp_json_new_object();
	int r = mp_json_put_str(key, "name", name);

	if (r == 0)
		r = mp_json_put_str(key, "use", use);
	if (r == 0)
		r = mp_json_put_str(key, "id", id);
	if (r == 0)
		r = mp_json_put(key, "expires",
				expires ? mp_json_new_int(expires) : mp_json_new_null());
	if (r == 0)
		r = mp_json_put_str(key, "state", state_of(expires, here));
	if (r < 0) {
		mp_json_free(key);
		return r;
	}
	return mp_json_append(items, key);
}

static bool is_here(const struct mp_product *p, const char *name)
{
	auto_free char *path = mp_str_format("%s/keys/%s.pem", p->dir, name);

	return path && mp_file_exists(path);
}

/* What the newest root says of the four roles. */
static int add_tuf(const struct mp_product *p, struct mp_json *items, struct mp_err *err)
{
	static const char *const uses[] = {"TUF: names the other keys", "TUF: signs releases",
					   "TUF: on the server", "TUF: on the server"};
	auto_(mp_json) *root = NULL, *targets = NULL;
	int64_t version, expires[MP_ROLES] = {0};
	MP_BUF(text, MP_METADATA_MAX);
	int r = mp_tuf_newest(p, "root", &version, &text, err);

	if (r == 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &root, err);
	if (r == 0)
		r = mp_tuf_expires(root, &expires[MP_ROLE_ROOT], err);
	mp_buf_reset(&text);
	if (r == 0)
		r = mp_tuf_newest(p, "targets", &version, &text, err);
	if (r == 0 && version > 0)
		r = mp_json_parse(mp_buf_str(&text), text.len, &targets, err);
	if (r == 0 && version > 0)
		r = mp_tuf_expires(targets, &expires[MP_ROLE_TARGETS], err);
	for (size_t i = 0; i < MP_ROLES && r == 0; i++) {
		const struct mp_json *roles = mp_json_get(mp_json_get(root, "signed"), "roles");
		const struct mp_json *role = mp_json_get(roles, mp_role_names[i]);

		r = add_key(items, mp_role_names[i], uses[i],
			    mp_json_str(mp_json_at(mp_json_get(role, "keyids"), 0), ""), expires[i],
			    is_here(p, mp_role_names[i]));
	}
	return r;
}

static int add_certificate(const struct mp_product *p, const char *name, const char *use,
			   struct mp_json *items, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/keys/%s.crt", p->dir, name);
	struct mp_x509_info info;
	MP_BUF(text, 65536);
	int r;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (!mp_file_exists(path))
		return add_key(items, name, use, "", 0, false);
	r = mp_file_read(path, &text, err);
	if (r == 0)
		r = mp_x509_parse(mp_buf_str(&text), text.len, &info, err);
	if (r < 0)
		return mp_err_wrap(err, r, "%s", path);
	return add_key(items, name, use, info.fingerprint, info.not_after, is_here(p, name));
}

static int list_keys(const struct mp_product *p, struct mp_json *items, struct mp_err *err)
{
	static const char *const certificates[][2] = {
		{"pk", "secure boot: platform key"},	  {"kek", "secure boot: signs key updates"},
		{"db", "secure boot: signs what boots"},  {"device-ca", "authority of devices"},
		{"server-ca", "authority of the server"}, {"server", "the server's certificate"},
	};
	int r = add_tuf(p, items, err);

	for (size_t i = 0; i < sizeof(certificates) / sizeof(*certificates) && r == 0; i++)
		r = add_certificate(p, certificates[i][0], certificates[i][1], items, err);
	return r;
}

static void print_keys(const struct mp_json *items)
{
	struct mp_table t;

	mp_table_init(&t, "NAME", "STATE", "EXPIRES", "ID", "USE");
	for (size_t i = 0; i < mp_json_size(items); i++) {
		const struct mp_json *k = mp_json_at(items, i);
		char time[32], id[13];

		snprintf(id, sizeof(id), "%s", mp_json_str(mp_json_get(k, "id"), ""));
		mp_format_time(mp_json_get(k, "expires"), time);
		time[strcspn(time, " ")] = '\0';
		mp_table_add(&t, mp_json_str(mp_json_get(k, "name"), "-"),
			     mp_json_str(mp_json_get(k, "state"), "-"), time, id,
			     mp_json_str(mp_json_get(k, "use"), "-"));
	}
	mp_table_print(&t);
	mp_table_done(&t);
}

static int key_ls(int argc, char *argv[])
{
	struct key_options o = {0};
	auto_(mp_product) *p = NULL;
	auto_(mp_json) *list = mp_json_new_object();
	struct mp_json *items = mp_json_new_array();
	struct mp_err err = {0};
	int status = mp_options_parse(ls_options, &o, &argc, &argv);

	if (mp_json_put(list, "items", items) < 0)
		return EXIT_FAILURE;
	if (status != MP_GO_ON)
		return status;
	if (mp_here(&p, &err) < 0 || list_keys(p, items, &err) < 0)
		return mp_fail(&err);
	if (o.json)
		return mp_print_json(list);
	print_keys(items);
	return EXIT_SUCCESS;
}

/* ---- rotate ---- */

/* Operands to a set of TUF roles and "server". EXIT_USAGE when one is none. */
static int read_roles(int argc, char *argv[], bool roles[MP_ROLES], bool *ret_server)
{
	for (int i = 0; i < argc; i++) {
		bool all = mp_streq(argv[i], "all"), known = all;

		for (size_t j = 0; j < MP_ROLES; j++)
			if (all || mp_streq(argv[i], mp_role_names[j]))
				roles[j] = known = true;
		if (mp_streq(argv[i], "server"))
			*ret_server = known = true;
		if (!known)
			return mp_fail_usage("'%s' cannot be rotated: name root, targets, "
					     "snapshot, timestamp, all or server",
					     argv[i]);
	}
	return MP_GO_ON;
}

/* Targets that the server has and this folder lacks are to be signed anew as well. */
static int take_targets(const struct mp_product *p, struct mp_api *api, struct mp_err *err)
{
	auto_(mp_json) *targets = NULL;
	MP_BUF(root, MP_METADATA_MAX);
	MP_BUF(text, MP_METADATA_MAX);
	int64_t version;
	int r = mp_tuf_newest(p, "root", &version, &root, err);

	if (r == 0)
		r = mp_tuf_newest(p, "targets", &version, &text, err);
	return r < 0 ? r : mp_server_targets_take(p, api, &root, &version, &targets, err);
}

static int read_tuf(const struct mp_product *p, int64_t version, const char *kind,
		    struct mp_buf *text, struct mp_err *err)
{
	auto_free char *path =
		mp_str_format("%s/tuf/%lld.%s.json", p->dir, (long long)version, kind);

	return path ? mp_file_read(path, text, err) : mp_err_set(err, -ENOMEM, "out of memory");
}

/* The roots that the server lacks, the oldest first; *ret_version is the newest. */
static int add_roots(const struct mp_product *p, struct mp_api *api, struct mp_json *body,
		     int64_t *ret_version, struct mp_err *err)
{
	struct mp_json *roots = mp_json_new_array();
	MP_BUF(text, MP_METADATA_MAX);
	int64_t first;
	int r = mp_json_put(body, "roots", roots);

	if (r == 0)
		r = mp_tuf_read_root(p, &text, ret_version, err);
	for (first = *ret_version; r == 0 && first > 0; first--) {
		char path[64];

		mp_buf_reset(&text);
		snprintf(path, sizeof(path), "tuf/%lld.root.json", (long long)first);
		r = mp_api_get_file(api, path, &text, err);
		if (r == 0)
			break;
		r = r == -ENOENT ? 0 : r;
	}
	for (int64_t v = first + 1; r == 0 && v <= *ret_version; v++) {
		mp_buf_reset(&text);
		r = read_tuf(p, v, "root", &text, err);
		if (r == 0)
			r = mp_json_append(roots, mp_json_new_str(mp_buf_str(&text)));
	}
	return r;
}

/* The folder's targets, if they are newer than the server's. */
static int add_targets(const struct mp_product *p, struct mp_api *api, struct mp_json *body,
		       struct mp_err *err)
{
	MP_BUF(text, MP_METADATA_MAX);
	int64_t ours, theirs = 0;
	int r = mp_tuf_newest(p, "targets", &ours, &text, err);

	if (r == 0)
		r = mp_server_targets_version(api, &theirs, err);
	if (r < 0 || theirs == 0 || ours <= theirs)
		return r;
	return mp_json_put_str(body, "targets", mp_buf_str(&text));
}

/* In one request, so that no device sees the new root with the old targets. */
static int bring_to_server(const struct mp_product *p, struct mp_api *api, struct mp_err *err)
{
	auto_(mp_json) *body = mp_json_new_object();
	int64_t version = 0;
	int r = add_roots(p, api, body, &version, err);

	if (r == 0)
		r = add_targets(p, api, body, err);
	if (r == 0)
		r = mp_api_send(api, "POST", "tuf/rotation", body, NULL, err);
	if (r < 0)
		return mp_err_wrap(err, r, "the new root is in tuf/, but not yet on the server");
	mp_step("the server has root %lld%s", (long long)version,
		mp_json_get(body, "targets") ? " and the targets signed by its key" : "");
	return 0;
}

static int rotate_tuf(const struct mp_product *p, const struct key_options *o, const bool *roles,
		      struct mp_err *err)
{
	auto_(mp_api) *api = NULL;
	int64_t version;
	int r = o->publish ? mp_api_open(&o->server, &api, err) : 0;

	if (r == 0 && o->publish)
		r = take_targets(p, api, err);
	if (r == 0)
		r = mp_rotate(p, roles, time(NULL) + (int64_t)o->days * 86400, &version, err);
	if (r < 0)
		return r;
	mp_step("wrote tuf/%lld.root.json, signed by the old and the new root key",
		(long long)version);
	return o->publish ? bring_to_server(p, api, err) : 0;
}

static int rotate(const struct mp_product *p, const struct key_options *o, const bool *roles,
		  bool server, struct mp_err *err)
{
	bool tuf = roles[0] || roles[1] || roles[2] || roles[3];
	int r = 0;

	if (server) {
		r = mp_keyring_create_server(p->dir, p, err);
		if (r == 0)
			mp_step("made a new server certificate");
	}
	return r == 0 && tuf ? rotate_tuf(p, o, roles, err) : r;
}

static int key_rotate(int argc, char *argv[])
{
	struct key_options o = {.days = MP_ROOT_DAYS};
	bool roles[MP_ROLES] = {false}, server = false;
	auto_(mp_product) *p = NULL;
	struct mp_err err = {0};
	int status = mp_options_parse(rotate_options, &o, &argc, &argv);

	if (status == MP_GO_ON)
		status = read_roles(argc, argv, roles, &server);
	if (status != MP_GO_ON)
		return status;
	if (o.days < 1 || o.days > 36500)
		return mp_fail_usage("--days is a number from 1 to 36500");
	if (o.publish && (roles[MP_ROLE_SNAPSHOT] || roles[MP_ROLE_TIMESTAMP] || server))
		return mp_fail_usage("the server reads its own keys when it starts: leave out "
				     "--publish and start it anew");
	if (mp_here(&p, &err) < 0 || rotate(p, &o, roles, server, &err) < 0)
		return mp_fail(&err);
	if (!o.publish)
		mp_step("start the server anew with 'mp serve': it takes over what has changed");
	if (roles[MP_ROLE_TARGETS])
		mp_step("publish a release soon: the server has its targets signed by the old key");
	return EXIT_SUCCESS;
}

const struct mp_verb mp_verbs_key[] = {
	{"ls", NULL, "list keys and certificates with their expiry", NULL, ls_options, key_ls,
	 NULL},
	{"rotate", "root|targets|snapshot|timestamp|all|server...",
	 "put new keys in the place of old ones",
	 "Makes new TUF keys and the next tuf/N.root.json, signed by the old and by the new root "
	 "key, so that devices follow. 'root' also renews a root that has expired or soon will; "
	 "'server' makes a new server certificate for the names in product.yaml. Secure boot "
	 "keys cannot be rotated without visiting the devices.",
	 rotate_options, key_rotate, NULL},
	{0},
};
