/* SPDX-License-Identifier: Apache-2.0 */
/* Finished steps in PRODUCT/cache are dear in space: all but the last few of each kind go. A step
 * counts as used whenever a build takes it, which sets its folder's time. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "image/internal.h"

void prune_used(const char *path)
{
	(void)utimensat(AT_FDCWD, path, NULL, 0);
}

struct found {
	char *path;
	time_t used;
};

static int newest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->used < y->used) - (x->used > y->used);
}

int prune(const char *cache, const char *prefix, size_t keep, struct mp_err *err)
{
	struct found found[256];
	size_t n = 0;
	DIR *d = opendir(cache);
	const struct dirent *e;
	int r = d ? 0 : mp_err_set(err, -errno, "cannot read %s: %s", cache, strerror(errno));

	while (r == 0 && n < 256 && (e = readdir(d))) {
		struct stat st;

		if (!mp_str_starts_with(e->d_name, prefix))
			continue;
		found[n].path = mp_str_format("%s/%s", cache, e->d_name);
		if (!found[n].path)
			r = OOM(err);
		else if (stat(found[n].path, &st) < 0)
			free(found[n].path);
		else
			found[n++].used = st.st_mtime;
	}
	if (d)
		(void)closedir(d);
	qsort(found, n, sizeof(*found), newest_first);
	for (size_t i = 0; i < n; i++) {
		if (i >= keep && r == 0)
			r = mp_file_remove_tree(found[i].path, err);
		free(found[i].path);
	}
	return r;
}
