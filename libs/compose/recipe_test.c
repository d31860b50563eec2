/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "compose/recipe.h"

static const char full[] = "packages: [busybox-static, libc6]\n"
			   "files: root\n"
			   "command: [busybox, httpd, -f]\n"
			   "entrypoint: /bin/sh -c\n"
			   "user: \"33\"\n"
			   "environment: { PRICE: $1 }\n"
			   "working_dir: /www\n"
			   "expose: [80, 53/udp]\n"
			   "stop_signal: SIGINT\n";

static int parse(const char *text, struct mp_recipe **ret, struct mp_err *err)
{
	return mp_recipe_parse("web/image.yaml", text, strlen(text), ret, err);
}

TEST(a_recipe_gives_packages_files_and_an_image_configuration)
{
	auto_(mp_recipe) *r = NULL;
	struct mp_err err = {0};
	MP_BUF(b, 1000);

	ASSERT_OK(parse(full, &r, &err));
	ASSERT_INT(2, r->n_packages);
	ASSERT_STR("busybox-static", r->packages[0]);
	ASSERT_STR("web/root", r->files);
	ASSERT_OK(mp_json_format(r->config, &b));
	ASSERT_STR("{\"User\":\"33\",\"ExposedPorts\":{\"80/tcp\":{},\"53/"
		   "udp\":{}},\"Env\":[\"PRICE=$1\",\"PATH=/usr/local/sbin:/usr/local/bin:/usr/"
		   "sbin:/usr/bin:/sbin:/bin\"],"
		   "\"Entrypoint\":[\"/bin/sh\",\"-c\"],\"Cmd\":[\"busybox\",\"httpd\",\"-f\"],"
		   "\"WorkingDir\":\"/www\",\"StopSignal\":\"SIGINT\"}",
		   mp_buf_str(&b));
}

TEST(broken_recipes_are_refused_with_their_line)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "web/image.yaml:1: the file is empty"},
		{"command: x\n", "'packages' or 'files' is needed"},
		{"package: [a]\n", "did you mean 'packages'"},
		{"packages: [a]\n", "web/image.yaml:1: 'a' is no name of a Debian package"},
		{"packages:\n- ok\n- ../x\n", "web/image.yaml:3: '../x' is no name"},
		{"packages: [ok/sid]\n", "no name of a Debian package"},
		{"packages: []\n", "a list of 1 to"},
		{"files: /etc\n", "a folder beside this file"},
		{"files: root\nexpose: [web]\n", "'web' is no port"},
		{"files: root\nstop_signal: 9\n", "\'stop_signal\' is one of"},
		{"files: root\nworking_dir: www\n", "absolute path"},
		{"files: root\nprivileged: true\n", "supported keys are packages, files"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_(mp_recipe) *r = NULL;
		struct mp_err err = {0};

		ASSERT(parse(cases[i].text, &r, &err) < 0);
		if (!strstr(err.text, cases[i].says))
			printf("# %s -> %s\n", cases[i].text, err.text);
		ASSERT(strstr(err.text, cases[i].says));
	}
}

TEST(files_that_would_hide_the_programs_of_debian_are_refused)
{
	char dir[] = "/tmp/mp-recipe-XXXXXX", path[80], bin[80];
	auto_(mp_recipe) *r = NULL;
	struct mp_err err = {0};

	ASSERT(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/image.yaml", dir);
	ASSERT_OK(mp_file_write(path, full, strlen(full), 0644, NULL));
	ASSERT_ERR(-ENOENT, mp_recipe_load(dir, &r, &err));
	ASSERT(strstr(err.text, "root is not a folder"));
	snprintf(bin, sizeof(bin), "%s/root/usr", dir);
	ASSERT_OK(mp_file_make_dirs(bin, 0755, NULL));
	ASSERT_OK(mp_recipe_load(dir, &r, &err));
	mp_recipe_free(take_ptr(r));
	snprintf(bin, sizeof(bin), "%s/root/bin", dir);
	ASSERT_OK(mkdir(bin, 0755));
	ASSERT_ERR(-EBADMSG, mp_recipe_load(dir, &r, &err));
	ASSERT(strstr(err.text, "put its files into usr/bin"));
	ASSERT_OK(mp_file_remove_tree(dir, NULL));
}

TORTURE(recipe_survives_oom)
{
	auto_(mp_recipe) *r = NULL;
	struct mp_err err;

	return parse(full, &r, &err);
}
