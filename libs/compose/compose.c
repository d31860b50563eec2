/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/compose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "compose/internal.h"
#include "release/release.h"

void mp_compose_free(struct mp_compose *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->n_services; i++) {
		free(c->services[i].image);
		free(c->services[i].build);
		mp_json_free(c->services[i].spec);
	}
	free(c->services);
	free(c);
}

static int64_t member(const struct mp_json *port, const char *key)
{
	return mp_json_int(mp_json_get(port, key), 0);
}

static bool ports_collide(const struct mp_json *a, const struct mp_json *b)
{
	const char *x = mp_json_str(mp_json_get(a, "address"), "");
	const char *y = mp_json_str(mp_json_get(b, "address"), "");

	return member(a, "host") == member(b, "host") &&
	       mp_streq(mp_json_str(mp_json_get(a, "protocol"), ""),
			mp_json_str(mp_json_get(b, "protocol"), "")) &&
	       (mp_streq(x, y) || mp_streq(x, "0.0.0.0") || mp_streq(y, "0.0.0.0"));
}

/* Refuse a port that this or an earlier service has taken. */
static int check_ports(const struct mp_compose *c, unsigned service, const struct mp_yaml *node,
		       struct mp_err *err)
{
	const struct mp_json *ports = mp_json_get(c->services[service].spec, "ports");

	for (size_t i = 0; i < mp_json_size(ports); i++) {
		for (unsigned s = 0; s <= service; s++) {
			const struct mp_json *others = mp_json_get(c->services[s].spec, "ports");
			size_t n = s == service ? i : mp_json_size(others);

			for (size_t k = 0; k < n; k++)
				if (ports_collide(mp_json_at(ports, i), mp_json_at(others, k)))
					return mp_yaml_err(
						mp_yaml_at(mp_yaml_get(node, "ports"), i), err,
						-EBADMSG,
						"the host's port %lld is already taken by %s",
						(long long)member(mp_json_at(ports, i), "host"),
						c->services[s].name);
		}
	}
	return 0;
}

static int read_name(const struct mp_yaml *services, unsigned i, char ret[64], struct mp_err *err)
{
	const char *name = mp_yaml_key(services, i);

	if (!mp_str_is_name(name, 63) || strchr("_-", name[0]))
		return mp_yaml_err(
			mp_yaml_at(services, i), err, -EBADMSG,
			"'%s' is no name of a service: up to 63 letters, digits, '.', '_' "
			"and '-', a letter or digit first",
			name);
	snprintf(ret, 64, "%s", name);
	return 0;
}

static int read_services(const struct mp_yaml *services, const char *dir, struct mp_compose *c,
			 struct mp_err *err)
{
	size_t n = mp_yaml_size(services);
	int r = 0;

	if (mp_yaml_type(services) != MP_YAML_MAP || n == 0)
		return mp_yaml_err(services, err, -EBADMSG, "'services' must name a service");
	if (n > MP_RELEASE_SERVICES)
		return mp_yaml_err(services, err, -EFBIG, "there may be at most %d services",
				   MP_RELEASE_SERVICES);
	c->services = calloc(n, sizeof(*c->services));
	if (!c->services)
		return mp_compose_oom(err);
	for (unsigned i = 0; r == 0 && i < n; i++) {
		const struct mp_yaml *node = mp_yaml_at(services, i);

		c->n_services++;
		r = read_name(services, i, c->services[i].name, err);
		if (r == 0)
			r = mp_compose_read_service(node, dir, &c->services[i], err);
		if (r == 0)
			r = check_ports(c, i, node, err);
	}
	return r;
}

/* `name` and `version` say nothing to a device; Compose itself calls `version` obsolete. */
static int read_document(const char *path, const struct mp_yaml_doc *doc, struct mp_compose **ret,
			 struct mp_err *err)
{
	static const char *const keys[] = {"services", "name", "version", NULL};
	const struct mp_yaml *root = mp_yaml_root(doc);
	auto_(mp_compose) *c = calloc(1, sizeof(*c));
	auto_free char *dir = mp_compose_folder(path);
	int r;

	if (!c || !dir)
		return mp_compose_oom(err);
	if (!root)
		return mp_err_set(err, -EBADMSG, "%s:1: the file is empty; it needs 'services'",
				  path);
	r = mp_compose_check_keys(root, keys, err);
	if (r == 0 && !mp_yaml_get(root, "services"))
		r = mp_yaml_err(root, err, -EBADMSG, "'services' is missing");
	if (r == 0)
		r = read_services(mp_yaml_get(root, "services"), dir, c, err);
	if (r == 0)
		*ret = take_ptr(c);
	return r;
}

int mp_compose_load(const char *path, struct mp_compose **ret, struct mp_err *err)
{
	auto_(mp_yaml_doc) *doc = NULL;
	int r = mp_yaml_load(path, &doc, err);

	return r < 0 ? r : read_document(path, doc, ret, err);
}

int mp_compose_parse(const char *path, const void *text, size_t len, struct mp_compose **ret,
		     struct mp_err *err)
{
	auto_(mp_yaml_doc) *doc = NULL;
	int r = mp_yaml_parse(path, text, len, &doc, err);

	return r < 0 ? r : read_document(path, doc, ret, err);
}
