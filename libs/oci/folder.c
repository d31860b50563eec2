/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "oci/internal.h"
#include "tar/tar.h"

#define DEPTH_MAX 64 /* folders in folders */

struct link { /* the first name of a file that has several */
	dev_t dev;
	ino_t ino;
	char *path;
};

struct walk {
	struct oci_out *out;
	const struct mp_oci_source *source;
	const char *root; /* for sentences */
	struct link *links;
	size_t n_links;
};

static int say(const struct walk *w, const char *path, int code, struct mp_err *err)
{
	return mp_err_set(err, code, "cannot read %s/%s: %s", w->root, path, strerror(-code));
}

static int copy_file(struct walk *w, int dir, const char *name, const struct mp_tar_entry *e,
		     struct mp_err *err)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint64_t left = e->size;
	char chunk[65536];

	if (fd < 0)
		return say(w, e->path, -errno, err);
	while (left > 0) {
		ssize_t n = read(fd, chunk, left < sizeof(chunk) ? (size_t)left : sizeof(chunk));
		int r;

		if (n < 0)
			return say(w, e->path, -errno, err);
		if (n == 0)
			return mp_err_set(err, -ESTALE, "%s/%s changed while it was read", w->root,
					  e->path);
		r = mp_oci_out_add(w->out, chunk, (size_t)n, err);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
	}
	return mp_oci_add_zeros(w->out, mp_tar_padding(e->size), err);
}

/* Turn the entry into a hard link when its file went by under another name. */
static int find_link(struct walk *w, const struct stat *st, struct mp_tar_entry *e)
{
	struct link *more;
	char *path;

	if (st->st_nlink < 2 || w->source->plain)
		return 0;
	for (size_t i = 0; i < w->n_links; i++) {
		if (w->links[i].dev != st->st_dev || w->links[i].ino != st->st_ino)
			continue;
		e->type = MP_TAR_HARDLINK;
		e->link = w->links[i].path;
		e->size = 0;
		return 0;
	}
	more = reallocarray(w->links, w->n_links + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	w->links = more;
	path = strdup(e->path);
	if (!path)
		return -ENOMEM;
	more[w->n_links++] = (struct link){st->st_dev, st->st_ino, path};
	return 0;
}

static int add_file(struct walk *w, int dir, const char *name, const struct stat *st,
		    struct mp_tar_entry *e, struct mp_err *err)
{
	int r;

	e->type = MP_TAR_FILE;
	e->size = (uint64_t)st->st_size;
	r = find_link(w, st, e);
	if (r < 0)
		return say(w, e->path, r, err);
	mp_oci_settle(e, w->source);
	r = mp_oci_add_header(w->out, e, err);
	if (r < 0 || e->type == MP_TAR_HARDLINK)
		return r;
	return copy_file(w, dir, name, e, err);
}

static int add_symlink(struct walk *w, int dir, const char *name, struct mp_tar_entry *e,
		       struct mp_err *err)
{
	char target[MP_TAR_PATH_MAX + 1];
	ssize_t n = readlinkat(dir, name, target, sizeof(target));

	if (n < 0)
		return say(w, e->path, -errno, err);
	if ((size_t)n == sizeof(target))
		return say(w, e->path, -ENAMETOOLONG, err);
	target[n] = '\0';
	e->type = MP_TAR_SYMLINK;
	e->link = target;
	mp_oci_settle(e, w->source);
	return mp_oci_add_header(w->out, e, err);
}

static int walk_folder(struct walk *w, int fd, const char *path, unsigned depth,
		       struct mp_err *err);

static int add_subfolder(struct walk *w, int dir, const char *name, struct mp_tar_entry *e,
			 unsigned depth, struct mp_err *err)
{
	int fd, r;

	if (depth == DEPTH_MAX)
		return mp_err_set(err, -EFBIG, "%s/%s lies more than %d folders deep", w->root,
				  e->path, DEPTH_MAX);
	e->type = MP_TAR_DIR;
	mp_oci_settle(e, w->source);
	r = mp_oci_add_header(w->out, e, err);
	if (r < 0)
		return r;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return say(w, e->path, -errno, err);
	return walk_folder(w, fd, e->path, depth + 1, err);
}

static int add_name(struct walk *w, int dir, const char *parent, const char *name, unsigned depth,
		    struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s%s%s", parent, *parent ? "/" : "", name);
	struct mp_tar_entry e = {.path = path, .mtime = w->source->epoch};
	struct stat st;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (mp_oci_is_left_out(path, w->source->without))
		return 0;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return say(w, path, -errno, err);
	if (strlen(path) > MP_TAR_PATH_MAX)
		return say(w, path, -ENAMETOOLONG, err);
	e.mode = st.st_mode & 07777;
	e.uid = st.st_uid;
	e.gid = st.st_gid;
	if (S_ISDIR(st.st_mode))
		return add_subfolder(w, dir, name, &e, depth, err);
	if (S_ISREG(st.st_mode))
		return add_file(w, dir, name, &st, &e, err);
	if (S_ISLNK(st.st_mode))
		return add_symlink(w, dir, name, &e, err);
	return 0;
}

struct names {
	char **list;
	size_t n;
};

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_names(DIR *d, struct names *ret)
{
	const struct dirent *e;

	while (errno = 0, (e = readdir(d))) {
		char **more;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		more = reallocarray(ret->list, ret->n + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		ret->list = more;
		more[ret->n] = strdup(e->d_name);
		if (!more[ret->n])
			return -ENOMEM;
		ret->n++;
	}
	if (ret->n > 1)
		qsort(ret->list, ret->n, sizeof(*ret->list), compare);
	return -errno;
}

/* Takes `fd`. */
static int walk_folder(struct walk *w, int fd, const char *path, unsigned depth, struct mp_err *err)
{
	__attribute__((cleanup(names_done))) struct names names = {0};
	DIR *d = fdopendir(fd);
	int r;

	if (!d) {
		r = -errno;
		(void)close(fd);
		return say(w, path, r, err);
	}
	r = read_names(d, &names);
	if (r < 0)
		r = say(w, path, r, err);
	for (size_t i = 0; r == 0 && i < names.n; i++)
		r = add_name(w, dirfd(d), path, names.list[i], depth, err);
	(void)closedir(d);
	return r;
}

int mp_oci_add_folder(struct oci_out *o, const char *path, const struct mp_oci_source *source,
		      struct mp_err *err)
{
	struct walk w = {.out = o, .source = source, .root = path};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	if (fd < 0)
		return mp_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	r = walk_folder(&w, fd, "", 0, err);
	for (size_t i = 0; i < w.n_links; i++)
		free(w.links[i].path);
	free(w.links);
	return r;
}
