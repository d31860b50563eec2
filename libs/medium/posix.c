/* SPDX-License-Identifier: Apache-2.0
 * posix.c - the medium of a real machine: files and block devices
 *
 * A few descriptors stay open between calls, since an installation writes thousands of times to
 * the same names. flush() also drops the pages from the page cache: what is read back afterwards
 * comes from the device, and an installation does not push everything else out of memory.
 */
#include "medium/medium.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

#define N_OPEN 4
#define PATH_ROOM 4096

struct open_file {
	char *name; /* NULL: free */
	int fd;
	bool writable;
	unsigned used; /* time of last use */
};

struct posix {
	struct mp_medium medium;
	char *root;
	struct open_file open[N_OPEN];
	unsigned clock;
};

static struct posix *posix_of(struct mp_medium *m)
{
	return (struct posix *)m;
}

static int path_of(const struct posix *p, const char *name, char path[PATH_ROOM])
{
	int n = snprintf(path, PATH_ROOM, "%s%s", p->root, name);

	if (name[0] != '/')
		return -EINVAL;
	return n < 0 || n >= PATH_ROOM ? -ENAMETOOLONG : 0;
}

static void forget(struct open_file *f)
{
	if (!f->name)
		return;
	(void)close(f->fd);
	free(f->name);
	f->name = NULL;
}

static void forget_name(struct posix *p, const char *name)
{
	for (int i = 0; i < N_OPEN; i++)
		if (mp_streq(p->open[i].name, name))
			forget(&p->open[i]);
}

static struct open_file *oldest(struct posix *p)
{
	struct open_file *f = &p->open[0];

	for (int i = 0; i < N_OPEN; i++) {
		if (!p->open[i].name)
			return &p->open[i];
		if (p->open[i].used < f->used)
			f = &p->open[i];
	}
	return f;
}

static struct open_file *cached(struct posix *p, const char *name)
{
	for (int i = 0; i < N_OPEN; i++)
		if (mp_streq(p->open[i].name, name))
			return &p->open[i];
	return NULL;
}

/* A descriptor of `name`, borrowed from the cache. */
static int fd_of(struct posix *p, const char *name, int flags)
{
	bool writable = flags & O_RDWR;
	struct open_file *f = cached(p, name);
	char path[PATH_ROOM];
	int r;

	if (f && writable && !f->writable)
		forget(f);
	if (f && f->name) {
		f->used = ++p->clock;
		return f->fd;
	}
	r = path_of(p, name, path);
	if (r < 0)
		return r;
	f = oldest(p);
	forget(f);
	/* A device that is not there must not become a file under /dev. */
	if (mp_str_starts_with(name, "/dev/"))
		flags &= ~O_CREAT;
	f->fd = open(path, flags | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return -errno;
	f->name = strdup(name);
	if (!f->name) {
		(void)close(f->fd);
		return -ENOMEM;
	}
	f->writable = writable;
	f->used = ++p->clock;
	return f->fd;
}

static ssize_t posix_read(struct mp_medium *m, const char *name, uint64_t off, void *buf,
			  size_t len)
{
	int fd = fd_of(posix_of(m), name, O_RDONLY);
	size_t done = 0;

	if (fd < 0)
		return fd;
	while (done < len) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(off + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	return (ssize_t)done;
}

static int posix_write(struct mp_medium *m, const char *name, uint64_t off, const void *buf,
		       size_t len)
{
	int fd = fd_of(posix_of(m), name, O_RDWR | O_CREAT);
	size_t done = 0;

	if (fd < 0)
		return fd;
	while (done < len) {
		ssize_t n = pwrite(fd, (const char *)buf + done, len - done, (off_t)(off + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

static int posix_truncate(struct mp_medium *m, const char *name, uint64_t size)
{
	int fd = fd_of(posix_of(m), name, O_RDWR | O_CREAT);

	if (fd < 0)
		return fd;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

static int posix_flush(struct mp_medium *m, const char *name)
{
	int fd = fd_of(posix_of(m), name, O_RDWR);

	if (fd < 0)
		return fd;
	if (fdatasync(fd) < 0)
		return -errno;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return 0;
}

static int posix_rename(struct mp_medium *m, const char *from, const char *to)
{
	struct posix *p = posix_of(m);
	char a[PATH_ROOM], b[PATH_ROOM];
	int r = path_of(p, from, a);

	if (r == 0)
		r = path_of(p, to, b);
	if (r < 0)
		return r;
	forget_name(p, from);
	forget_name(p, to);
	return rename(a, b) < 0 ? -errno : 0;
}

static int posix_remove(struct mp_medium *m, const char *name)
{
	struct posix *p = posix_of(m);
	char path[PATH_ROOM];
	int r = path_of(p, name, path);

	if (r < 0)
		return r;
	forget_name(p, name);
	return remove(path) < 0 ? -errno : 0;
}

static int posix_sync_dir(struct mp_medium *m, const char *dir)
{
	auto_close int fd = -1;
	char path[PATH_ROOM];
	int r = path_of(posix_of(m), dir, path);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int posix_list(struct mp_medium *m, const char *dir,
		      int (*each)(void *user, const char *name), void *user)
{
	char path[PATH_ROOM];
	int r = path_of(posix_of(m), dir, path);
	struct dirent *e;
	DIR *d;

	if (r < 0)
		return r;
	d = opendir(path);
	if (!d)
		return -errno;
	while (r >= 0 && (errno = 0, e = readdir(d)))
		if (!mp_streq(e->d_name, ".") && !mp_streq(e->d_name, ".."))
			r = each(user, e->d_name);
	if (r >= 0)
		r = -errno;
	(void)closedir(d);
	return r;
}

static int64_t posix_size(struct mp_medium *m, const char *name)
{
	int fd = fd_of(posix_of(m), name, O_RDONLY);
	struct stat st;
	off_t end;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISBLK(st.st_mode))
		return st.st_size;
	end = lseek(fd, 0, SEEK_END);
	return end < 0 ? -errno : end;
}

static int posix_make_dir(struct mp_medium *m, const char *dir)
{
	char path[PATH_ROOM];
	int r = path_of(posix_of(m), dir, path);

	if (r < 0)
		return r;
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int64_t posix_room(struct mp_medium *m, const char *dir)
{
	char path[PATH_ROOM];
	struct statvfs st;
	int r = path_of(posix_of(m), dir, path);

	if (r < 0)
		return r;
	if (statvfs(path, &st) < 0)
		return -errno;
	return (int64_t)(st.f_bavail * st.f_frsize);
}

static const struct mp_medium_ops posix_ops = {
	.read = posix_read,
	.write = posix_write,
	.truncate = posix_truncate,
	.flush = posix_flush,
	.rename = posix_rename,
	.remove = posix_remove,
	.sync_dir = posix_sync_dir,
	.list = posix_list,
	.size = posix_size,
	.make_dir = posix_make_dir,
	.room = posix_room,
};

int mp_medium_posix_new(const char *root, struct mp_medium **ret)
{
	struct posix *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->medium.ops = &posix_ops;
	p->root = strdup(root);
	if (!p->root) {
		free(p);
		return -ENOMEM;
	}
	*ret = &p->medium;
	return 0;
}

void mp_medium_posix_free(struct mp_medium *m)
{
	struct posix *p = posix_of(m);

	if (!m)
		return;
	for (int i = 0; i < N_OPEN; i++)
		forget(&p->open[i]);
	free(p->root);
	free(p);
}
