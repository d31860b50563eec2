/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

int mp_file_read(const char *path, struct mp_buf *b, struct mp_err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return mp_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	while (n > 0) {
		size_t want = b->limit - b->len < 65536 ? b->limit - b->len + 1 : 65536;
		char chunk[65536];
		int r;

		do
			n = read(fd, chunk, want);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return mp_err_set(err, -errno, "cannot read %s: %s", path, strerror(errno));
		r = mp_buf_add(b, chunk, (size_t)n);
		if (r < 0)
			return mp_err_set(err, r, "%s is larger than %zu bytes", path, b->limit);
	}
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* The folder's entry is durable only once the folder itself has been flushed. */
static int flush_parent(const char *path)
{
	auto_free char *dir = strdup(path);
	auto_close int fd = -1;
	char *slash;

	if (!dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

int mp_file_write(const char *path, const void *data, size_t len, mode_t mode, struct mp_err *err)
{
	auto_free char *tmp = mp_str_format("%s.XXXXXX", path);
	auto_close int fd = -1;
	int r;

	if (!tmp)
		return mp_err_set(err, -ENOMEM, "out of memory");
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return mp_err_set(err, -errno, "cannot write %s: %s", path, strerror(errno));
	r = write_all(fd, data, len);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(tmp, path) < 0))
		r = -errno;
	if (r < 0)
		(void)unlink(tmp);
	else
		r = flush_parent(path);
	if (r < 0)
		return mp_err_set(err, r, "cannot write %s: %s", path, strerror(-r));
	return 0;
}

int mp_file_make_dirs(const char *path, mode_t mode, struct mp_err *err)
{
	auto_free char *p = strdup(path);

	if (!p)
		return mp_err_set(err, -ENOMEM, "out of memory");
	for (char *s = p + 1;; s++) {
		char c = *s;

		if (c && c != '/')
			continue;
		*s = '\0';
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			return mp_err_set(err, -errno, "cannot make the folder %s: %s", p,
					  strerror(errno));
		*s = c;
		if (!c)
			return 0;
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path) < 0 ? -errno : 0;
}

int mp_file_remove_tree(const char *path, struct mp_err *err)
{
	int r = nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);

	if (r == -1)
		r = -errno;
	if (r < 0 && r != -ENOENT)
		return mp_err_set(err, r, "cannot remove %s: %s", path, strerror(-r));
	return 0;
}

bool mp_file_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}
