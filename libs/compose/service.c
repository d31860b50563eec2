/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "compose/internal.h"

static int read_environment(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	return mp_compose_read_environment(n, DOLLAR_COMPOSE, ret, err);
}

static int read_command(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	return mp_compose_read_command(n, DOLLAR_COMPOSE, ret, err);
}

static int take_str(char *text, struct mp_json **ret, struct mp_err *err)
{
	*ret = mp_json_new_str(text);
	return *ret ? 0 : mp_compose_oom(err);
}

static int read_user(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	auto_free char *user = NULL;
	int r = mp_compose_read_user(n, DOLLAR_COMPOSE, &user, err);

	return r < 0 ? r : take_str(user, ret, err);
}

static int read_restart(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	static const char *const known[] = {"no", "always", "unless-stopped", "on-failure"};
	auto_free char *text = NULL;
	int r = mp_compose_read_text(n, DOLLAR_COMPOSE, &text, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (mp_streq(text, known[i]))
			return take_str(text, ret, err);
	return mp_yaml_err(n, err, -EBADMSG,
			   "'restart' is one of \"no\", always, unless-stopped and on-failure");
}

static int read_read_only(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	bool v;
	int r = mp_yaml_read_bool(n, &v, err);

	if (r < 0)
		return r;
	*ret = mp_json_new_bool(v);
	return *ret ? 0 : mp_compose_oom(err);
}

static bool is_capability(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!isupper((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '_')
			return false;
	return true;
}

static int read_cap_drop(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *list = NULL;
	int r = mp_compose_read_list(n, DOLLAR_COMPOSE, &list, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < mp_json_size(list); i++)
		if (!is_capability(mp_json_str(mp_json_at(list, i), "")))
			return mp_yaml_err(mp_yaml_at(n, i), err, -EBADMSG,
					   "'%s' is no capability; write ALL or a name such as "
					   "NET_RAW",
					   mp_json_str(mp_json_at(list, i), ""));
	*ret = take_ptr(list);
	return 0;
}

/* "/run" or "/run:size=1m,mode=755" */
static int add_tmpfs(const struct mp_yaml *n, struct mp_json *into, struct mp_err *err)
{
	auto_free char *text = NULL;
	const char *options = "";
	char *colon;
	int r = mp_compose_read_text(n, DOLLAR_COMPOSE, &text, err);

	if (r < 0)
		return r;
	colon = strchr(text, ':');
	if (colon) {
		*colon = '\0';
		options = colon + 1;
	}
	if (text[0] != '/' || strstr(text, "/../") || mp_str_ends_with(text, "/.."))
		return mp_yaml_err(n, err, -EBADMSG, "'%s' is no absolute path", text);
	if (mp_json_get(into, text))
		return mp_yaml_err(n, err, -EBADMSG, "'%s' is there twice", text);
	return mp_json_put_str(into, text, options) < 0 ? mp_compose_oom(err) : 0;
}

static int read_tmpfs(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *map = mp_json_new_object();
	int r = map ? 0 : mp_compose_oom(err);

	if (r == 0 && mp_yaml_type(n) == MP_YAML_SCALAR)
		r = add_tmpfs(n, map, err);
	else if (r == 0 && (mp_yaml_type(n) != MP_YAML_LIST || mp_yaml_size(n) == 0))
		r = mp_yaml_err(n, err, -EBADMSG, "here must stand a list of paths");
	for (size_t i = 0; r == 0 && mp_yaml_type(n) == MP_YAML_LIST && i < mp_yaml_size(n); i++)
		r = add_tmpfs(mp_yaml_at(n, i), map, err);
	if (r == 0)
		*ret = take_ptr(map);
	return r;
}

/* What becomes part of the spec, in its order. */
static const struct {
	const char *key;
	int (*read)(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err);
	const char *or_else; /* JSON */
} members[] = {
	{"ports", mp_compose_read_ports, NULL},
	{"environment", read_environment, NULL},
	{"command", read_command, NULL},
	{"user", read_user, NULL},
	{"healthcheck", mp_compose_read_healthcheck, NULL},
	{"restart", read_restart, "\"no\""},
	{"read_only", read_read_only, "false"},
	{"cap_drop", read_cap_drop, NULL},
	{"tmpfs", read_tmpfs, NULL},
};

static const char *const keys[] = {"image",	"build",    "ports",	   "environment",
				   "command",	"user",	    "healthcheck", "restart",
				   "read_only", "cap_drop", "tmpfs",	   NULL};

static int add_member(const struct mp_yaml *map, size_t i, struct mp_json *spec, struct mp_err *err)
{
	const struct mp_yaml *n = mp_yaml_get(map, members[i].key);
	const char *or_else = members[i].or_else;
	struct mp_json *value = NULL;
	int r = 0;

	if (!n && !or_else)
		return 0;
	if (n)
		r = members[i].read(n, &value, err);
	else
		r = mp_json_parse(or_else, strlen(or_else), &value, err);
	if (r < 0)
		return r;
	return mp_json_put(spec, members[i].key, value) < 0 ? mp_compose_oom(err) : 0;
}

static int read_spec(const struct mp_yaml *map, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *spec = mp_json_new_object();
	int r = spec ? 0 : mp_compose_oom(err);

	for (size_t i = 0; r == 0 && i < sizeof(members) / sizeof(*members); i++)
		r = add_member(map, i, spec, err);
	if (r == 0)
		*ret = take_ptr(spec);
	return r;
}

static int read_image(const struct mp_yaml *n, const char *dir, char **ret, struct mp_err *err)
{
	auto_free char *text = NULL;
	int r = mp_compose_read_text(n, DOLLAR_COMPOSE, &text, err);

	if (r < 0)
		return r;
	if (text[0] != '/' && !mp_str_starts_with(text, "./") && !mp_str_starts_with(text, "../"))
		return mp_yaml_err(n, err, -ENOTSUP,
				   "'%s' names an image in a registry; name a folder instead, such "
				   "as ./image, that `skopeo copy docker://%s oci:image` makes",
				   text, text);
	*ret = mp_compose_join(dir, text);
	return *ret ? 0 : mp_compose_oom(err);
}

static int read_build(const struct mp_yaml *n, const char *dir, char **ret, struct mp_err *err)
{
	auto_free char *text = NULL;
	int r;

	if (mp_yaml_type(n) != MP_YAML_SCALAR)
		return mp_yaml_err(n, err, -ENOTSUP,
				   "'build' is the path of a folder that holds image.yaml");
	r = mp_compose_read_text(n, DOLLAR_COMPOSE, &text, err);
	if (r < 0)
		return r;
	*ret = mp_compose_join(dir, text);
	return *ret ? 0 : mp_compose_oom(err);
}

int mp_compose_read_service(const struct mp_yaml *map, const char *dir,
			    struct mp_compose_service *ret, struct mp_err *err)
{
	const struct mp_yaml *image, *build;
	int r = mp_compose_check_keys(map, keys, err);

	if (r < 0)
		return r;
	image = mp_yaml_get(map, "image");
	build = mp_yaml_get(map, "build");
	if (!image == !build)
		return mp_yaml_err(map, err, -EBADMSG,
				   "the service %s needs exactly one of 'image' and 'build'",
				   ret->name);
	r = image ? read_image(image, dir, &ret->image, err)
		  : read_build(build, dir, &ret->build, err);
	return r < 0 ? r : read_spec(map, &ret->spec, err);
}
