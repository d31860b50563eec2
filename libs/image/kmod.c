/* SPDX-License-Identifier: Apache-2.0 */
/* modules.dep, as depmod writes it: "PATH: PATH PATH...", a module and all that it needs, the
 * most basic last; paths are relative to usr/lib/modules/VERSION. */
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "image/internal.h"

#define INDEX_MAX (8u << 20)

int kmod_version(const char *root, char ret[128], struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/usr/lib/modules", root);
	DIR *d = path ? opendir(path) : NULL;
	const struct dirent *e;
	int found = 0;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && strlen(e->d_name) < 128) {
			strcpy(ret, e->d_name);
			found++;
		}
	if (d)
		(void)closedir(d);
	return found == 1
		       ? 0
		       : mp_err_set(err, -ENOENT, "the packages bring %d kernels, not one", found);
}

/* ".../dm-verity.ko.xz" to "dm_verity": what the kernel calls it */
static void name_of(const char *path, char ret[128])
{
	const char *base = strrchr(path, '/');

	(void)snprintf(ret, 128, "%s", base ? base + 1 : path);
	ret[strcspn(ret, ".")] = '\0';
	for (char *p = ret; *p; p++)
		if (*p == '-')
			*p = '_';
}

static bool wanted(const char *path, const struct list *patterns)
{
	char name[128];

	name_of(path, name);
	for (size_t i = 0; i < patterns->n; i++) {
		char pattern[128];

		(void)snprintf(pattern, sizeof(pattern), "%s", patterns->items[i]);
		for (char *p = pattern; *p; p++)
			if (*p == '-')
				*p = '_';
		if (fnmatch(pattern, name, 0) == 0)
			return true;
	}
	return false;
}

static int depmod(const struct tools *t, const char *root, const char *version, struct mp_err *err)
{
	const char *const argv[] = {"/usr/sbin/depmod", "-b", root, version, NULL};

	return tools_run(t, &(struct tool){.argv = argv}, err);
}

static int read_index(const char *root, const char *version, struct mp_buf *out, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/usr/lib/modules/%s/modules.dep", root, version);

	return path ? mp_file_read(path, out, err) : OOM(err);
}

/* All paths of the lines whose module is wanted; what a module needs before the module itself. */
static int collect(char *index, const struct list *patterns, struct list *ret)
{
	char *rest = NULL;
	int r = 0;

	for (char *line = strtok_r(index, "\n", &rest); line && r == 0;
	     line = strtok_r(NULL, "\n", &rest)) {
		char *needs = strchr(line, ':');

		if (!needs)
			continue;
		*needs++ = '\0';
		if (!wanted(line, patterns))
			continue;
		while (r == 0 && strrchr(needs, ' ')) {
			char *last = strrchr(needs, ' ');

			if (last[1] && !list_has(ret, last + 1))
				r = list_add(ret, last + 1);
			*last = '\0';
		}
		if (r == 0 && *needs && !list_has(ret, needs))
			r = list_add(ret, needs);
		if (r == 0 && !list_has(ret, line))
			r = list_add(ret, line);
	}
	return r;
}

static int uncompress(const struct tools *t, const char *dir, const struct list *keep,
		      struct mp_err *err)
{
	auto_free const char **argv = calloc(keep->n + 4, sizeof(*argv));
	size_t n = 0;

	if (!argv)
		return OOM(err);
	argv[n++] = "/usr/bin/xz";
	argv[n++] = "-d";
	argv[n++] = "-q";
	for (size_t i = 0; i < keep->n; i++)
		if (mp_str_ends_with(keep->items[i], ".xz"))
			argv[n++] = keep->items[i];
	return n == 3 ? 0 : tools_run(t, &(struct tool){.argv = argv, .dir = dir}, err);
}

int kmod_trim(const struct tools *t, const char *root, const struct list *patterns,
	      struct mp_err *err)
{
	MP_BUF(index, INDEX_MAX);
	LIST(keep);
	LIST(remove);
	auto_free char *dir = NULL;
	char version[128];
	int r = kmod_version(root, version, err);

	if (r == 0)
		r = depmod(t, root, version, err);
	if (r == 0)
		r = read_index(root, version, &index, err);
	if (r < 0)
		return r;
	dir = mp_str_format("%s/usr/lib/modules/%s", root, version);
	if (!dir || collect(index.data, patterns, &keep) < 0 || list_add(&remove, "kernel") < 0)
		return OOM(err);
	for (size_t i = 0; i < keep.n; i++) {
		auto_free char *pattern = mp_str_format("!%s", keep.items[i]);

		if (!pattern || list_add(&remove, pattern) < 0)
			return OOM(err);
	}
	r = tree_remove(dir, &remove, err);
	if (r == 0)
		r = uncompress(t, dir, &keep, err);
	return r < 0 ? r : depmod(t, root, version, err);
}

int kmod_order(const char *root, const struct list *names, struct list *ret, struct mp_err *err)
{
	MP_BUF(index, INDEX_MAX);
	char version[128];
	int r = kmod_version(root, version, err);

	if (r == 0)
		r = read_index(root, version, &index, err);
	for (size_t i = 0; i < names->n && r == 0; i++) {
		auto_free char *copy = strdup(mp_buf_str(&index));
		struct list one = {.items = &names->items[i], .n = 1};
		bool found = false;

		if (!copy || collect(copy, &one, ret) < 0)
			return OOM(err);
		for (size_t k = 0; k < ret->n; k++)
			found = found || wanted(ret->items[k], &one);
		if (!found)
			r = mp_err_set(err, -ENOENT, "the kernel has no module '%s'",
				       names->items[i]);
	}
	for (size_t i = 0; i < ret->n && r == 0; i++) {
		char *full = mp_str_format("usr/lib/modules/%s/%s", version, ret->items[i]);

		if (!full)
			return OOM(err);
		free(ret->items[i]);
		ret->items[i] = full;
	}
	return r;
}
