/* SPDX-License-Identifier: Apache-2.0 */
#include "compose/recipe.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "compose/internal.h"

void mp_recipe_free(struct mp_recipe *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->n_packages; i++)
		free(r->packages[i]);
	free(r->packages);
	free(r->files);
	mp_json_free(r->config);
	free(r);
}

/* Debian policy, 5.6.7, with an optional architecture left out: it is the board's. */
static bool is_package(const char *s)
{
	if (strlen(s) < 2 || !isalnum((unsigned char)s[0]))
		return false;
	for (; *s; s++)
		if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) &&
		    !strchr("+-.", *s))
			return false;
	return true;
}

static int read_packages(const struct mp_yaml *n, struct mp_recipe *recipe, struct mp_err *err)
{
	size_t size = mp_yaml_size(n);

	if (mp_yaml_type(n) != MP_YAML_LIST || size == 0 || size > MP_RECIPE_PACKAGES)
		return mp_yaml_err(n, err, -EBADMSG, "here must stand a list of 1 to %d packages",
				   MP_RECIPE_PACKAGES);
	recipe->packages = calloc(size, sizeof(*recipe->packages));
	if (!recipe->packages)
		return mp_compose_oom(err);
	for (size_t i = 0; i < size; i++) {
		const struct mp_yaml *item = mp_yaml_at(n, i);
		int r = mp_compose_read_text(item, DOLLAR_PLAIN, &recipe->packages[i], err);

		if (r < 0)
			return r;
		recipe->n_packages++;
		if (!is_package(recipe->packages[i]))
			return mp_yaml_err(item, err, -EBADMSG,
					   "'%s' is no name of a Debian package",
					   recipe->packages[i]);
	}
	return 0;
}

static int read_files(const struct mp_yaml *n, const char *dir, struct mp_recipe *recipe,
		      struct mp_err *err)
{
	auto_free char *text = NULL;
	int r = mp_compose_read_text(n, DOLLAR_PLAIN, &text, err);

	if (r < 0)
		return r;
	if (text[0] == '/')
		return mp_yaml_err(n, err, -EBADMSG, "'files' is a folder beside this file");
	recipe->files = mp_compose_join(dir, text);
	return recipe->files ? 0 : mp_compose_oom(err);
}

/* {"A":"b"} to ["A=b"] */
static struct mp_json *join_variables(const struct mp_json *map)
{
	auto_(mp_json) *list = mp_json_new_array();
	const struct mp_json *value;
	const char *key;
	void *iter = NULL;

	while (list && mp_json_next(map, &iter, &key, &value)) {
		auto_free char *pair = mp_str_format("%s=%s", key, mp_json_str(value, ""));

		if (!pair || mp_json_append(list, mp_json_new_str(pair)) < 0)
			return NULL;
	}
	return take_ptr(list);
}

/* Docker looks for a health check's program in the PATH of the image alone. */
static int add_path(struct mp_json *env)
{
	for (size_t i = 0; i < mp_json_size(env); i++)
		if (mp_str_starts_with(mp_json_str(mp_json_at(env, i), ""), "PATH="))
			return 0;
	return mp_json_append(env, mp_json_new_str("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
						   "/usr/bin:/sbin:/bin"));
}

/* NULL: the recipe sets no variables. */
static int read_env(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *map = NULL;
	auto_(mp_json) *env = NULL;
	int r = n ? mp_compose_read_environment(n, DOLLAR_PLAIN, &map, err) : 0;

	if (r < 0)
		return r;
	env = join_variables(map);
	if (!env || add_path(env) < 0)
		return mp_compose_oom(err);
	*ret = take_ptr(env);
	return 0;
}

static int read_command(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	return mp_compose_read_command(n, DOLLAR_PLAIN, ret, err);
}

static int read_user(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	auto_free char *user = NULL;
	int r = mp_compose_read_user(n, DOLLAR_PLAIN, &user, err);

	if (r < 0)
		return r;
	*ret = mp_json_new_str(user);
	return *ret ? 0 : mp_compose_oom(err);
}

static int read_working_dir(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	const char *s = mp_yaml_str(n);

	if (!s || s[0] != '/')
		return mp_yaml_err(n, err, -EBADMSG, "'working_dir' is an absolute path");
	*ret = mp_json_new_str(s);
	return *ret ? 0 : mp_compose_oom(err);
}

/* What asks the program to end, for one that as process 1 does not listen to SIGTERM. */
static int read_stop_signal(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	static const char *const known[] = {"SIGTERM", "SIGINT",  "SIGQUIT", "SIGHUP",
					    "SIGUSR1", "SIGUSR2", "SIGKILL"};
	const char *s = mp_yaml_str(n);

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (!mp_streq(s, known[i]))
			continue;
		*ret = mp_json_new_str(s);
		return *ret ? 0 : mp_compose_oom(err);
	}
	return mp_yaml_err(n, err, -EBADMSG,
			   "'stop_signal' is one of SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, "
			   "SIGUSR2 and SIGKILL");
}

/* [80, 53/udp] to {"80/tcp":{},"53/udp":{}} */
static int read_expose(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *list = NULL;
	auto_(mp_json) *map = mp_json_new_object();
	int r = mp_compose_read_list(n, DOLLAR_PLAIN, &list, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < mp_json_size(list); i++) {
		const char *protocol, *text = mp_json_str(mp_json_at(list, i), "");
		uint16_t port;
		char name[16];

		if (mp_compose_parse_port(text, &port, &protocol) < 0)
			return mp_yaml_err(mp_yaml_at(n, i), err, -EBADMSG,
					   "'%s' is no port; write 80 or 53/udp", text);
		snprintf(name, sizeof(name), "%u/%s", port, protocol);
		if (!map || mp_json_put(map, name, mp_json_new_object()) < 0)
			return mp_compose_oom(err);
	}
	*ret = take_ptr(map);
	return 0;
}

/* What becomes part of the image's configuration, in its order. */
static const struct {
	const char *key, *name;
	int (*read)(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err);
	bool always; /* also when the key is not there */
} members[] = {
	{"user", "User", read_user, false},
	{"expose", "ExposedPorts", read_expose, false},
	{"environment", "Env", read_env, true},
	{"entrypoint", "Entrypoint", read_command, false},
	{"command", "Cmd", read_command, false},
	{"working_dir", "WorkingDir", read_working_dir, false},
	{"stop_signal", "StopSignal", read_stop_signal, false},
};

static int read_config(const struct mp_yaml *root, struct mp_recipe *recipe, struct mp_err *err)
{
	recipe->config = mp_json_new_object();
	if (!recipe->config)
		return mp_compose_oom(err);
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		const struct mp_yaml *n = mp_yaml_get(root, members[i].key);
		struct mp_json *value = NULL;
		int r = n || members[i].always ? members[i].read(n, &value, err) : 0;

		if (r < 0)
			return r;
		if (value && mp_json_put(recipe->config, members[i].name, value) < 0)
			return mp_compose_oom(err);
	}
	return 0;
}

static int read_document(const char *path, const struct mp_yaml_doc *doc, struct mp_recipe **ret,
			 struct mp_err *err)
{
	static const char *const keys[] = {
		"packages",    "files",	      "command", "entrypoint",	"user",
		"environment", "working_dir", "expose",	 "stop_signal", NULL};
	const struct mp_yaml *root = mp_yaml_root(doc), *packages, *files;
	auto_(mp_recipe) *recipe = calloc(1, sizeof(*recipe));
	auto_free char *dir = mp_compose_folder(path);
	int r;

	if (!recipe || !dir)
		return mp_compose_oom(err);
	if (!root)
		return mp_err_set(err, -EBADMSG, "%s:1: the file is empty", path);
	r = mp_compose_check_keys(root, keys, err);
	if (r < 0)
		return r;
	packages = mp_yaml_get(root, "packages");
	files = mp_yaml_get(root, "files");
	if (!packages && !files)
		return mp_yaml_err(root, err, -EBADMSG, "'packages' or 'files' is needed");
	if (packages)
		r = read_packages(packages, recipe, err);
	if (r == 0 && files)
		r = read_files(files, dir, recipe, err);
	if (r == 0)
		r = read_config(root, recipe, err);
	if (r == 0)
		*ret = take_ptr(recipe);
	return r;
}

int mp_recipe_parse(const char *path, const void *text, size_t len, struct mp_recipe **ret,
		    struct mp_err *err)
{
	auto_(mp_yaml_doc) *doc = NULL;
	int r = mp_yaml_parse(path, text, len, &doc, err);

	return r < 0 ? r : read_document(path, doc, ret, err);
}

/* In Debian /bin and its like are links into /usr; a folder laid over them would hide all programs. */
static int check_files(const struct mp_recipe *recipe, struct mp_err *err)
{
	static const char *const links[] = {"bin", "sbin", "lib", "lib64"};
	struct stat st;

	if (!recipe->files)
		return 0;
	if (stat(recipe->files, &st) < 0 || !S_ISDIR(st.st_mode))
		return mp_err_set(err, -ENOENT, "%s is not a folder; 'files' names it",
				  recipe->files);
	for (size_t i = 0; recipe->n_packages && i < sizeof(links) / sizeof(*links); i++) {
		auto_free char *path = mp_str_format("%s/%s", recipe->files, links[i]);

		if (!path)
			return mp_compose_oom(err);
		if (mp_file_exists(path))
			return mp_err_set(err, -EBADMSG,
					  "%s would hide the programs of the packages; put its "
					  "files into usr/%s",
					  path, links[i]);
	}
	return 0;
}

int mp_recipe_load(const char *dir, struct mp_recipe **ret, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", dir, MP_RECIPE_FILE);
	auto_(mp_yaml_doc) *doc = NULL;
	auto_(mp_recipe) *recipe = NULL;
	int r = path ? mp_yaml_load(path, &doc, err) : mp_compose_oom(err);

	if (r == 0)
		r = read_document(path, doc, &recipe, err);
	if (r == 0)
		r = check_files(recipe, err);
	if (r == 0)
		*ret = take_ptr(recipe);
	return r;
}
