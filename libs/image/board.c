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

/* The keys of a mapping below `root`, all of which must be there. */
static int read_texts(const struct mp_yaml *root, const char *name, const char *const *keys,
		      char **const *into, struct mp_err *err)
{
	const struct mp_yaml *map = mp_yaml_get(root, name);
	int r;

	if (!map || mp_yaml_type(map) != MP_YAML_MAP)
		return mp_yaml_err(root, err, -EBADMSG, "'%s' must be a mapping", name);
	r = mp_yaml_check_keys(map, keys, err);
	for (int i = 0; keys[i] && r == 0; i++)
		r = read_text(map, keys[i], into[i], err);
	return r;
}

static int read_types(const struct mp_yaml *root, struct board *b, struct mp_err *err)
{
	static const char *const keys[] = {"root", "verity", NULL};
	char **const into[] = {&b->root_type, &b->verity_type};

	return read_texts(root, "partition_types", keys, into, err);
}

static int read_firmware(const struct mp_yaml *root, struct board *b, struct mp_err *err)
{
	static const char *const keys[] = {"package", "code", "vars", NULL};
	char **const into[] = {&b->firmware.package, &b->firmware.code, &b->firmware.vars};

	return read_texts(root, "firmware", keys, into, err);
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

static int read_list(const struct mp_yaml *root, const char *key, struct list *ret,
		     struct mp_err *err)
{
	const struct mp_yaml *list = mp_yaml_get(root, key);

	if (!list || mp_yaml_type(list) != MP_YAML_LIST)
		return mp_yaml_err(root, err, -EBADMSG, "'%s' must be a list", key);
	for (size_t i = 0; i < mp_yaml_size(list); i++) {
		const char *item = mp_yaml_str(mp_yaml_at(list, i));

		if (!item)
			return mp_yaml_err(list, err, -EBADMSG, "'%s' must hold texts", key);
		if (list_add(ret, item) < 0)
			return OOM(err);
	}
	return 0;
}

static int read_qemu(const struct mp_yaml *root, struct board *b, struct mp_err *err)
{
	static const char *const keys[] = {"program", "package",   "machine",
					   "kvm",     "arguments", NULL};
	const struct mp_yaml *qemu = mp_yaml_get(root, "qemu");
	int r;

	if (!qemu || mp_yaml_type(qemu) != MP_YAML_MAP)
		return mp_yaml_err(root, err, -EBADMSG, "'qemu' must say how QEMU plays the board");
	r = mp_yaml_check_keys(qemu, keys, err);
	if (r == 0)
		r = read_text(qemu, "program", &b->qemu.program, err);
	if (r == 0)
		r = read_text(qemu, "package", &b->qemu.package, err);
	if (r == 0)
		r = read_text(qemu, "machine", &b->qemu.machine, err);
	if (r == 0 && mp_yaml_get(qemu, "kvm"))
		r = mp_yaml_read_bool(mp_yaml_get(qemu, "kvm"), &b->qemu.kvm, err);
	return r < 0 ? r : read_list(qemu, "arguments", &b->qemu.arguments, err);
}

static int read_names(const struct mp_yaml *root, struct board *b, struct mp_err *err)
{
	static const char *const keys[] = {"architecture", "triplet", "efi", "kernel",
					   "kernel_arguments"};
	char **const into[] = {&b->architecture, &b->triplet, &b->efi, &b->kernel,
			       &b->kernel_arguments};
	int r = 0;

	for (int i = 0; i < 5 && r == 0; i++)
		r = read_text(root, keys[i], into[i], err);
	return r;
}

static int read_board(const char *path, struct board *b, struct mp_err *err)
{
	static const char *const keys[] = {"architecture",
					   "triplet",
					   "efi",
					   "partition_types",
					   "kernel",
					   "kernel_arguments",
					   "disk",
					   "firmware",
					   "initrd_modules",
					   "qemu",
					   NULL};
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
		r = read_names(root, b, err);
	if (r == 0)
		r = read_types(root, b, err);
	if (r == 0)
		r = read_list(root, "initrd_modules", &b->initrd_modules, err);
	if (r == 0)
		r = read_firmware(root, b, err);
	if (r == 0)
		r = read_qemu(root, b, err);
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
	free(b->triplet);
	free(b->efi);
	free(b->root_type);
	free(b->verity_type);
	free(b->kernel);
	free(b->kernel_arguments);
	list_done(&b->initrd_modules);
	free(b->firmware.package);
	free(b->firmware.code);
	free(b->firmware.vars);
	free(b->qemu.program);
	free(b->qemu.package);
	free(b->qemu.machine);
	list_done(&b->qemu.arguments);
	*b = (struct board){0};
}
