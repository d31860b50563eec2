/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/proc.h"
#include "crypto/hash.h"
#include "image/internal.h"

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Walk a tree in sorted order: `each` sees a folder before what is in it, or after it when
 * `after`; `path` is relative to the root, which itself is not visited. */
struct walk {
	const char *root;
	bool after;
	int (*each)(void *user, const char *path, const FTSENT *e, struct mp_err *err);
	void *user;
};

static int walk_one(const struct walk *w, const FTSENT *e, struct mp_err *err)
{
	bool folder_before = e->fts_info == FTS_D, folder_after = e->fts_info == FTS_DP;

	if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR || e->fts_info == FTS_NS)
		return mp_err_set(err, -e->fts_errno, "cannot read %s: %s", e->fts_path,
				  strerror(e->fts_errno));
	if (e->fts_level == 0 || (w->after ? folder_before : folder_after))
		return 0;
	return w->each(w->user, e->fts_path + strlen(w->root) + 1, e, err);
}

static int walk(const struct walk *w, struct mp_err *err)
{
	char *const roots[] = {(char *)w->root, NULL};
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	FTSENT *e;
	int r = 0;

	if (!fts)
		return mp_err_set(err, -errno, "cannot read %s: %s", w->root, strerror(errno));
	while (r == 0 && (e = fts_read(fts)))
		r = walk_one(w, e, err);
	(void)fts_close(fts);
	return r;
}

/* The pieces of `in` that hold data, to the same places after `at` of `out`. */
static int copy_data(int in, int out, off_t at)
{
	off_t data, hole = 0;

	while ((data = lseek(in, hole, SEEK_DATA)) >= 0) {
		hole = lseek(in, data, SEEK_HOLE);
		if (hole < 0 || lseek(in, data, SEEK_SET) < 0 ||
		    lseek(out, at + data, SEEK_SET) < 0)
			return -errno;
		while (data < hole) {
			ssize_t n = sendfile(out, in, NULL, (size_t)(hole - data));

			if (n <= 0)
				return n < 0 ? -errno : -EIO;
			data += n;
		}
	}
	return errno == ENXIO ? 0 : -errno;
}

int file_place(const char *from, const char *to, uint64_t at, struct mp_err *err)
{
	auto_close int in = open(from, O_RDONLY | O_CLOEXEC);
	auto_close int out = open(to, O_WRONLY | O_CLOEXEC);
	int r = in < 0 || out < 0 ? -errno : copy_data(in, out, (off_t)at);

	return r < 0 ? mp_err_set(err, r, "cannot copy %s into %s: %s", from, to, strerror(-r)) : 0;
}

int file_copy(const char *from, const char *to, struct mp_err *err)
{
	auto_close int in = open(from, O_RDONLY | O_CLOEXEC);
	auto_close int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct stat st;
	int r = in < 0 || out < 0 || fstat(in, &st) < 0 ? -errno : copy_data(in, out, 0);

	if (r == 0 && ftruncate(out, st.st_size) < 0)
		r = -errno;
	return r < 0 ? mp_err_set(err, r, "cannot copy %s to %s: %s", from, to, strerror(-r)) : 0;
}

static int unpack_one(const struct apt *a, const struct package *p, const char *dir,
		      struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", a->packages, p->file);
	const char *const argv[] = {"dpkg-deb", "-x", path, dir, NULL};
	uint64_t size;
	char sha256[65];
	int r = path ? mp_sha256_file(path, sha256, &size) : -ENOMEM;

	if (r < 0)
		return mp_err_set(err, r, "cannot read %s: %s", p->file, strerror(-r));
	if (!mp_streq(sha256, p->sha256))
		return mp_err_set(err, -EBADMSG,
				  "cache/packages/%s is not the file that mp.lock names: remove it",
				  p->file);
	return mp_proc_run(&(struct mp_proc){.argv = argv}, err);
}

int tree_unpack(const struct apt *a, const struct mp_json *group, const char *dir,
		struct mp_err *err)
{
	int r = mp_file_make_dirs(dir, 0755, err);

	for (size_t i = 0; i < mp_json_size(group) && r == 0; i++) {
		struct package p;

		r = lock_package(group, i, &p, err);
		if (r == 0)
			r = unpack_one(a, &p, dir, err);
	}
	return r;
}

static int link_entry(void *user, const char *path, const FTSENT *e, struct mp_err *err)
{
	auto_free char *to = mp_str_format("%s/%s", (const char *)user, path);

	if (!to)
		return OOM(err);
	if (e->fts_info == FTS_D ? mkdir(to, e->fts_statp->st_mode & 07777) < 0
				 : linkat(AT_FDCWD, e->fts_path, AT_FDCWD, to, 0) < 0)
		return mp_err_set(err, -errno, "cannot make %s: %s", to, strerror(errno));
	return 0;
}

int tree_link(const char *from, const char *to, struct mp_err *err)
{
	int r = mp_file_make_dirs(to, 0755, err);

	return r < 0 ? r
		     : walk(&(struct walk){.root = from, .each = link_entry, .user = (void *)to},
			    err);
}

static int lay_link(const char *from, const char *to, struct mp_err *err)
{
	char target[4096];
	ssize_t n = readlink(from, target, sizeof(target) - 1);

	if (n >= 0)
		target[n] = '\0';
	if (n < 0 || (unlink(to) < 0 && errno != ENOENT) || symlink(target, to) < 0)
		return mp_err_set(err, -errno, "cannot make the link %s: %s", to, strerror(errno));
	return 0;
}

static int lay_entry(void *user, const char *path, const FTSENT *e, struct mp_err *err)
{
	auto_free char *to = mp_str_format("%s/%s", (const char *)user, path);
	mode_t mode = e->fts_statp->st_mode & 0111 ? 0755 : 0644;
	int r;

	if (!to)
		return OOM(err);
	if (e->fts_info == FTS_D)
		return mkdir(to, 0755) < 0 && errno != EEXIST
			       ? mp_err_set(err, -errno, "cannot make %s: %s", to, strerror(errno))
			       : 0;
	if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE)
		return lay_link(e->fts_path, to, err);
	if (e->fts_info != FTS_F)
		return mp_err_set(err, -ENOTSUP, "%s is neither file, folder nor link",
				  e->fts_path);
	(void)unlink(to);
	r = file_copy(e->fts_path, to, err);
	if (r == 0 && chmod(to, mode) < 0)
		r = mp_err_set(err, -errno, "cannot set the mode of %s", to);
	return r;
}

int tree_lay(const char *from, const char *to, struct mp_err *err)
{
	return walk(&(struct walk){.root = from, .each = lay_entry, .user = (void *)to}, err);
}

int tree_write(const char *root, const char *path, const void *data, size_t len, mode_t mode,
	       struct mp_err *err)
{
	auto_free char *to = mp_str_format("%s/%s", root, path);
	auto_free char *dir = to ? strdup(to) : NULL;
	auto_close int fd = -1;
	int r;

	if (!dir)
		return OOM(err);
	*strrchr(dir, '/') = '\0';
	r = mp_file_make_dirs(dir, 0755, err);
	if (r < 0)
		return r;
	(void)unlink(to);
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0 || (len > 0 && write(fd, data, len) != (ssize_t)len) || fchmod(fd, mode) < 0)
		return mp_err_set(err, -errno, "cannot write %s: %s", to, strerror(errno));
	return 0;
}

static bool covers(const char *pattern, const char *path)
{
	return fnmatch(pattern, path, FNM_PATHNAME | FNM_LEADING_DIR) == 0;
}

/* Does a '!' pattern name something below this folder? */
static bool leads_to(const char *pattern, const char *path)
{
	size_t n = strlen(path);

	return strncmp(pattern, path, n) == 0 && pattern[n] == '/';
}

static int remove_entry(void *user, const char *path, const FTSENT *e, struct mp_err *err)
{
	const struct list *patterns = user;
	bool gone = false;

	for (size_t i = 0; i < patterns->n; i++) {
		const char *p = patterns->items[i];

		if (*p == '!' && (covers(p + 1, path) || leads_to(p + 1, path)))
			return 0;
		gone = gone || (*p != '!' && covers(p, path));
	}
	if (!gone)
		return 0;
	if (remove(e->fts_path) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		return mp_err_set(err, -errno, "cannot remove %s: %s", e->fts_path,
				  strerror(errno));
	return 0;
}

int tree_remove(const char *root, const struct list *patterns, struct mp_err *err)
{
	return walk(&(struct walk){.root = root,
				   .after = true,
				   .each = remove_entry,
				   .user = (void *)patterns},
		    err);
}

static int settle_entry(void *user, const char *path, const FTSENT *e, struct mp_err *err)
{
	mode_t is = e->fts_statp->st_mode & 07777, want = is & ~(mode_t)06000;

	(void)user;
	(void)path;
	if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE)
		return 0;
	if (!(want & S_ISVTX))
		want &= ~(mode_t)0022;
	want |= e->fts_info == FTS_D ? 0700 : 0400;
	if (want != is && chmod(e->fts_path, want) < 0)
		return mp_err_set(err, -errno, "cannot set the mode of %s: %s", e->fts_path,
				  strerror(errno));
	return 0;
}

int tree_settle(const char *root, struct mp_err *err)
{
	return walk(&(struct walk){.root = root, .each = settle_entry}, err);
}

static int digest_entry(void *user, const char *path, const FTSENT *e, struct mp_err *err)
{
	char head[32], text[4096];
	ssize_t n;

	/* Of the mode, only what tree_lay() looks at. */
	(void)snprintf(head, sizeof(head), "%d %d", e->fts_info,
		       e->fts_info == FTS_F && (e->fts_statp->st_mode & 0111));
	mp_hash_add(user, path, strlen(path) + 1);
	mp_hash_add(user, head, strlen(head) + 1);
	if (e->fts_info == FTS_F) {
		uint64_t size;
		int r = mp_sha256_file(e->fts_path, text, &size);

		if (r < 0)
			return mp_err_set(err, r, "cannot read %s: %s", e->fts_path, strerror(-r));
		mp_hash_add(user, text, 64);
	} else if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE) {
		n = readlink(e->fts_path, text, sizeof(text));
		mp_hash_add(user, text, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

int tree_digest(const char *dir, char hex[65], struct mp_err *err)
{
	auto_(mp_hash) *h = NULL;
	uint8_t digest[MP_HASH_MAX];
	int r = mp_hash_new(MP_SHA256, &h);

	if (r < 0)
		return OOM(err);
	if (mp_file_exists(dir))
		r = walk(&(struct walk){.root = dir, .each = digest_entry, .user = h}, err);
	if (r < 0)
		return r;
	mp_hash_end(h, digest);
	mp_hex_format(digest, MP_SHA256_LEN, hex);
	return 0;
}
