/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "image/internal.h"
#include "yaml/yaml.h"

#define MIB_MAX (1u << 20)

static int read_text(const struct mp_yaml *root, const char *key, char **ret, struct mp_err *err)
{
	const char *text = NULL;
	int r = mp_yaml_read_str(root, key, &text, err);

	if (r < 0)
		return r;
	*ret = strdup(text);
	return *ret ? 0 : OOM(err);
}

static int read_sizes(const struct mp_yaml *root, struct board *b, struct mp_err *err)
{
	static const char *const keys[] = {"esp", "root", "verity", "data", NULL};
	uint64_t *const into[] = {&b->esp, &b->root, &b->verity, &b->data};
	const struct mp_yaml *disk = mp_yaml_get(root, "disk");
	int r;

	if (!disk || mp_yaml_type(disk) != MP_YAML_MAP)
		return mp_yaml_err(root, err, -EBADMSG, "'disk' must give the partitions' sizes");
	r = mp_yaml_check_keys(disk, keys, err);
	for (int i = 0; keys[i] && r == 0; i++) {
		const struct mp_yaml *n = mp_yaml_get(disk, keys[i]);

		r = n ? mp_yaml_read_u64(n, MIB_MAX, into[i], err)
		      : mp_yaml_err(disk, err, -EBADMSG, "'%s' is missing", keys[i]);
	}
	return r;
}

static int read_modules(const struct mp_yaml *root, struct board *b, struct mp_err *err)
{
	const struct mp_yaml *list = mp_yaml_get(root, "initrd_modules");

	if (!list || mp_yaml_type(list) != MP_YAML_LIST)
		return mp_yaml_err(root, err, -EBADMSG, "'initrd_modules' must be a list");
	for (size_t i = 0; i < mp_yaml_size(list); i++) {
		const char *name = mp_yaml_str(mp_yaml_at(list, i));

		if (!name)
			return mp_yaml_err(list, err, -EBADMSG, "a module's name is text");
		if (list_add(&b->initrd_modules, name) < 0)
			return OOM(err);
	}
	return 0;
}

static int read_board(const char *path, struct board *b, struct mp_err *err)
{
	static const char *const keys[] = {"architecture",   "kernel", "kernel_arguments",
					   "initrd_modules", "disk",   NULL};
	auto_(mp_yaml_doc) *doc = NULL;
	const struct mp_yaml *root;
	int r = mp_yaml_load(path, &doc, err);

	if (r < 0)
		return r;
	root = mp_yaml_root(doc);
	if (!root || mp_yaml_type(root) != MP_YAML_MAP)
		return mp_err_set(err, -EBADMSG, "%s describes no board", path);
	r = mp_yaml_check_keys(root, keys, err);
	if (r == 0)
		r = read_text(root, "architecture", &b->architecture, err);
	if (r == 0)
		r = read_text(root, "kernel", &b->kernel, err);
	if (r == 0)
		r = read_text(root, "kernel_arguments", &b->kernel_arguments, err);
	if (r == 0)
		r = read_modules(root, b, err);
	return r < 0 ? r : read_sizes(root, b, err);
}

int board_load(const char *source, const char *name, struct board *ret, struct mp_err *err)
{
	struct board b = {.name = name, .dir = mp_str_format("%s/os/boards/%s", source, name)};
	auto_free char *path = mp_str_format("%s/os/boards/%s/board.yaml", source, name);
	int r = b.dir && path ? 0 : OOM(err);

	if (r == 0)
		r = read_board(path, &b, err);
	if (r == -ENOENT)
		r = mp_err_set(err, r, "there is no board '%s': %s/os/boards has what there is",
			       name, source);
	if (r < 0)
		board_done(&b);
	else
		*ret = b;
	return r;
}

void board_done(struct board *b)
{
	free(b->dir);
	free(b->architecture);
	free(b->kernel);
	free(b->kernel_arguments);
	list_done(&b->initrd_modules);
	*b = (struct board){0};
}
