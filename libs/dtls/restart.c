/* SPDX-License-Identifier: Apache-2.0
 * Sessions over a clean stop.
 *
 * The invariant: a session goes on with record numbers from where it stands, so it is either in the
 * file or in use, never both. save() ends every session once the file has its name; load() has
 * the file deleted, durably, before it makes a session of it. After a crash there is no file. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "dtls/internal.h"
#include "dtls/saved.h"

#define CHUNK 65536 /* bytes written at once */

struct versions {
	char text[ENGINES][64];
	const char *list[ENGINES + 1];
};

static void list_versions(const struct mp_dtls *d, struct versions *ret)
{
	int n = 0;

	for (; n < ENGINES && d->backends[n]; n++) {
		snprintf(ret->text[n], sizeof(ret->text[n]), "%s %u", d->backends[n]->name,
			 d->backends[n]->keys_version);
		ret->list[n] = ret->text[n];
	}
	ret->list[n] = NULL;
}

static int flush(int fd, struct mp_buf *b)
{
	for (size_t done = 0; done < b->len;) {
		ssize_t n = write(fd, b->data + done, b->len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	explicit_bzero(b->data, b->len);
	mp_buf_reset(b);
	return 0;
}

static int add_session(struct mp_buf *b, struct mp_dtls_session *s)
{
	struct mp_dtls_saved saved = {
		.client = s->client,
		.has_local = s->has_local,
		.backend = s->engine,
		.kind = s->kind,
		.top = s->top,
		.window = s->parked->window,
		.next = s->parked->next,
		.age = (uint32_t)(s->d->now / 1000) - s->heard,
		.address = s->address,
		.cid = s->has_cid ? mp_dtls_session_cid(s) : NULL,
		.digest = s->has_digest ? mp_dtls_session_digest(s) : NULL,
		.text = mp_dtls_session_text(s),
		.text_len = s->text_len,
		.keys = s->parked->keys,
		.keys_len = s->parked->len,
	};

	if (s->has_local)
		saved.local = *mp_dtls_session_local(s);
	return mp_dtls_saved_add(b, &saved);
}

static int write_sessions(struct mp_dtls *d, int fd, struct mp_buf *b)
{
	int count = 0, r = 0;

	for (size_t i = 0; i <= d->table.mask; i++) {
		for (struct mp_dtls_session *s = d->table.buckets[i]; s; s = s->next) {
			if (s->state != PARKED)
				continue;
			r = add_session(b, s);
			if (r == 0 && b->len > CHUNK)
				r = flush(fd, b);
			if (r < 0)
				return r;
			count++;
		}
	}
	r = mp_dtls_saved_add_end(b);
	if (r == 0)
		r = flush(fd, b);
	return r < 0 ? r : count;
}

static int write_file(struct mp_dtls *d, int fd)
{
	MP_BUF(b, CHUNK + MP_DTLS_SAVED_MAX + 1024);
	struct versions versions;
	int r, n;

	list_versions(d, &versions);
	r = mp_dtls_saved_add_header(&b, versions.list);
	if (r < 0)
		return r;
	n = write_sessions(d, fd, &b);
	if (n >= 0 && fsync(fd) < 0)
		return -errno;
	return n;
}

/* Make the folder's entries durable. */
static int sync_folder(const char *path)
{
	auto_free char *copy = strdup(path);
	auto_close int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (!copy)
		return -ENOMEM;
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int mp_dtls_save(struct mp_dtls *d, const char *path, struct mp_err *err)
{
	auto_free char *draft = mp_str_format("%s.new", path);
	auto_close int fd = -1;
	int n;

	if (!draft)
		return mp_err_set(err, -ENOMEM, "Memory is out");
	(void)unlink(draft);
	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return mp_err_set(err, -errno, "%s: %s", draft, strerror(errno));
	mp_dtls_enter(d);
	n = write_file(d, fd);
	mp_dtls_leave(d);
	if (n >= 0 && rename(draft, path) < 0)
		n = -errno;
	if (n < 0) {
		(void)unlink(draft);
		return mp_err_set(err, n, "%s: %s", path, strerror(-n));
	}
	d->ended = true; /* the file has them now */
	mp_dtls_end_all(d);
	(void)sync_folder(path); /* else they are lost, as after a crash */
	return n;
}

static int restore(struct mp_dtls *d, const struct mp_dtls_saved *saved)
{
	struct shape shape = {.text_len = saved->text_len,
			      .has_digest = saved->digest != NULL,
			      .has_cid = saved->cid != NULL,
			      .local = saved->has_local ? &saved->local : NULL};
	const struct mp_dtls_backend *b = d->backends[saved->backend];
	struct mp_dtls_session *s;
	struct parked *p;
	int r;

	if (!b->is_keys || !b->is_keys(saved->keys, saved->keys_len))
		return -EBADMSG;
	s = mp_dtls_session_new(d, &shape);
	p = mp_dtls_parked_new(d, saved->keys, saved->keys_len, saved->next);
	r = s && p ? 0 : -ENOMEM;
	if (r == 0 && saved->cid)
		r = mp_dtls_cid_restore(&d->cids, s, saved->cid, 2 * d->config.sessions_max);
	if (r < 0) {
		if (p)
			mp_dtls_parked_free(d, p);
		free(s);
		return r;
	}
	p->window = saved->window;
	s->parked = p;
	s->state = PARKED;
	s->address = saved->address;
	s->client = saved->client;
	s->engine = saved->backend;
	s->kind = saved->kind;
	s->top = saved->top;
	s->heard = (uint32_t)(d->now / 1000) - saved->age;
	if (saved->cid)
		memcpy(mp_dtls_session_cid(s), saved->cid, MP_DTLS_CID_SIZE);
	if (saved->digest)
		memcpy(mp_dtls_session_digest(s), saved->digest, MP_DTLS_DIGEST);
	memcpy(mp_dtls_session_text(s), saved->text, saved->text_len);
	mp_dtls_table_add(&d->table, s);
	d->counters.sessions_now++;
	d->counters.parked_now++;
	return 0;
}

static void tell_restored(struct mp_dtls *d)
{
	for (size_t i = 0; d->config.restored && i <= d->table.mask; i++) {
		struct mp_dtls_session *s = d->table.buckets[i];

		while (s) {
			struct mp_dtls_session *next = s->next;

			if (s->state == PARKED)
				d->config.restored(d->config.user, s);
			s = s->state == DEAD ? d->table.buckets[i] : next;
		}
	}
}

static int restore_all(struct mp_dtls *d, const void *data, size_t len)
{
	struct mp_dtls_saved_cursor c;
	struct mp_dtls_saved saved;
	struct versions versions;
	int count = 0, r;

	list_versions(d, &versions);
	r = mp_dtls_saved_open(&c, data, len, versions.list);
	while (r == 0) {
		r = mp_dtls_saved_next(&c, &saved);
		if (r == 0 && d->counters.sessions_now < d->config.sessions_max) {
			r = restore(d, &saved);
			count++;
		}
	}
	mp_dtls_cid_restored(&d->cids);
	return r == -ENOENT ? count : r;
}

/* Open what only we may read. */
static int open_file(const char *path, size_t *ret_len, struct mp_err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT
				       : mp_err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0)
		return mp_err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_mode & 077 || st.st_uid != geteuid())
		return mp_err_set(err, -EPERM, "%s holds keys: it must be ours alone, mode 0600",
				  path);
	*ret_len = (size_t)st.st_size;
	return take_fd(fd);
}

static int delete_file(const char *path, struct mp_err *err)
{
	int r = unlink(path) < 0 ? -errno : sync_folder(path);

	return r == 0 ? 0 : mp_err_set(err, r, "%s cannot be deleted: %s", path, strerror(-r));
}

int mp_dtls_load(struct mp_dtls *d, const char *path, struct mp_err *err)
{
	size_t len = 0;
	auto_close int fd = open_file(path, &len, err);
	void *data = MAP_FAILED;
	int n;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (len)
		data = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	n = delete_file(path, err);
	if (n == 0) {
		n = data == MAP_FAILED ? -EBADMSG : restore_all(d, data, len);
		if (n < 0) {
			mp_dtls_end_all(d);
			n = mp_err_set(err, n, "%s is not a file of sessions for this program",
				       path);
		}
	}
	if (data != MAP_FAILED)
		(void)munmap(data, len);
	if (n > 0) {
		mp_dtls_enter(d);
		tell_restored(d);
		mp_dtls_leave(d);
	}
	return n;
}
