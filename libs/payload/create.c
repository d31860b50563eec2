/* SPDX-License-Identifier: Apache-2.0
 * create.c - make a payload file
 *
 * Frames are compressed by a few worker processes, worker k of n taking the frames k, k + n, ...
 * Each sends its frames through a pipe; the parent takes them in order. So the bytes do not depend
 * on how many workers there were, and no more than a frame a worker is in memory.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "base/le.h"
#include "base/str.h"
#include "crypto/hash.h"

#define MOST_WORKERS 8

struct maker {
	const struct mp_payload_source *sources;
	unsigned n_sources, n_frames, n_workers;
	uint32_t frame;
	int level;
	int in[MP_PAYLOAD_PARTS];
	uint64_t size[MP_PAYLOAD_PARTS];
	uint64_t total;
	struct mp_payload_frame *frames;
	/* a worker's; made before the fork so that a worker allocates nothing */
	uint8_t *raw, *packed;
	size_t packed_room;
	struct mp_hash *hash;
	ZSTD_CCtx *zstd;
	/* the parent's */
	int out;
	int pipe[MOST_WORKERS];
	pid_t pid[MOST_WORKERS];
};

/* What a worker sends in front of a frame's bytes. */
struct sent {
	int32_t status; /* 0 or -errno */
	uint32_t encoding, len;
	uint8_t sha256[32];
};

static void maker_done(struct maker *m)
{
	for (unsigned i = 0; i < MP_PAYLOAD_PARTS; i++)
		if (m->in[i] >= 0)
			(void)close(m->in[i]);
	if (m->out >= 0)
		(void)close(m->out);
	free(m->frames);
	free(m->raw);
	free(m->packed);
	mp_hash_free(m->hash);
	(void)ZSTD_freeCCtx(m->zstd);
}

static int open_sources(struct maker *m, struct mp_err *err)
{
	for (unsigned i = 0; i < m->n_sources; i++) {
		const char *path = m->sources[i].path;
		struct stat st;

		m->in[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (m->in[i] < 0 || fstat(m->in[i], &st) < 0)
			return mp_err_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
		if (st.st_size == 0)
			return mp_err_set(err, -EINVAL, "%s is empty", path);
		m->size[i] = (uint64_t)st.st_size;
		m->total += m->size[i];
		m->n_frames += (unsigned)((m->size[i] + m->frame - 1) / m->frame);
		if (m->n_frames > MP_PAYLOAD_FRAMES)
			return mp_err_set(err, -EFBIG, "%s is too large for a payload", path);
	}
	return 0;
}

static void plan_frames(struct maker *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_sources; i++)
		for (uint64_t off = 0; off < m->size[i]; off += m->frame) {
			uint64_t left = m->size[i] - off;

			m->frames[n++] = (struct mp_payload_frame){
				.part = i,
				.part_offset = off,
				.raw_len = left < m->frame ? (uint32_t)left : m->frame,
			};
		}
}

static int prepare(struct maker *m, struct mp_err *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	int r = open_sources(m, err);

	if (r < 0)
		return r;
	m->n_workers = cores < 1 ? 1 : cores > MOST_WORKERS ? MOST_WORKERS : (unsigned)cores;
	if (m->n_workers > m->n_frames)
		m->n_workers = m->n_frames;
	m->packed_room = ZSTD_compressBound(m->frame);
	m->frames = calloc(m->n_frames, sizeof(*m->frames));
	m->raw = malloc(m->frame);
	m->packed = malloc(m->packed_room);
	m->zstd = ZSTD_createCCtx();
	r = mp_hash_new(MP_SHA256, &m->hash);
	if (r < 0 || !m->frames || !m->raw || !m->packed || !m->zstd)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (ZSTD_isError(ZSTD_CCtx_setParameter(m->zstd, ZSTD_c_compressionLevel, m->level)))
		return mp_err_set(err, -EINVAL, "%d is no level of zstd", m->level);
	plan_frames(m);
	return 0;
}

/* ---- in a worker ---- */

static int read_frame(const struct maker *m, const struct mp_payload_frame *f)
{
	for (uint32_t done = 0; done < f->raw_len;) {
		ssize_t n = pread(m->in[f->part], m->raw + done, f->raw_len - done,
				  (off_t)(f->part_offset + done));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EIO; /* the file has become shorter */
		if (n > 0)
			done += (uint32_t)n;
	}
	return 0;
}

static bool is_zero(const uint8_t *p, size_t len)
{
	return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

/* Choose the encoding and give the bytes that go into the file. */
static const uint8_t *pack(struct maker *m, const struct mp_payload_frame *f, struct sent *s)
{
	size_t n;

	if (is_zero(m->raw, f->raw_len)) {
		s->encoding = MP_PAYLOAD_ZERO;
		s->len = 0;
		return m->raw;
	}
	n = ZSTD_compress2(m->zstd, m->packed, m->packed_room, m->raw, f->raw_len);
	/* What saves less than a 64th is not worth unpacking. */
	if (ZSTD_isError(n) || n >= f->raw_len - f->raw_len / 64) {
		s->encoding = MP_PAYLOAD_RAW;
		s->len = f->raw_len;
		return m->raw;
	}
	s->encoding = MP_PAYLOAD_ZSTD;
	s->len = (uint32_t)n;
	return m->packed;
}

static int write_all(int fd, const void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const char *)data + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

static void work(struct maker *m, unsigned k, int fd)
{
	int r = 0;

	for (unsigned i = k; r == 0 && i < m->n_frames; i += m->n_workers) {
		const struct mp_payload_frame *f = &m->frames[i];
		struct sent s = {.status = read_frame(m, f)};
		const uint8_t *bytes = m->raw;

		if (s.status == 0) {
			bytes = pack(m, f, &s);
			mp_hash_add(m->hash, m->raw, f->raw_len);
			mp_hash_end(m->hash, s.sha256);
		}
		r = write_all(fd, &s, sizeof(s));
		if (r == 0)
			r = s.status;
		if (r == 0)
			r = write_all(fd, bytes, s.len);
	}
	_exit(0);
}

/* ---- in the parent ---- */

static int start_worker(struct maker *m, unsigned k)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	m->pipe[k] = fds[0];
	m->pid[k] = fork();
	if (m->pid[k] == 0) {
		/* A worker whose pipe has no reader left must end. */
		for (unsigned i = 0; i <= k; i++)
			(void)close(m->pipe[i]);
		work(m, k, fds[1]);
	}
	(void)close(fds[1]);
	return m->pid[k] < 0 ? -errno : 0;
}

static void end_workers(struct maker *m)
{
	for (unsigned k = 0; k < m->n_workers; k++)
		if (m->pipe[k] >= 0)
			(void)close(m->pipe[k]);
	for (unsigned k = 0; k < m->n_workers; k++)
		while (m->pid[k] > 0 && waitpid(m->pid[k], NULL, 0) < 0 && errno == EINTR)
			;
}

static int read_all(int fd, void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (char *)data + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -EREMOTEIO; /* the worker is gone */
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

static int take_frame(struct maker *m, unsigned i, uint64_t offset)
{
	int fd = m->pipe[i % m->n_workers];
	struct mp_payload_frame *f = &m->frames[i];
	struct sent s;
	int r = read_all(fd, &s, sizeof(s));

	if (r == 0)
		r = s.status;
	if (r == 0 && s.len > f->raw_len)
		r = -EREMOTEIO;
	if (r == 0)
		r = read_all(fd, m->raw, s.len);
	if (r < 0)
		return r;
	f->encoding = s.encoding;
	f->len = s.len;
	f->offset = offset;
	memcpy(f->sha256, s.sha256, sizeof(f->sha256));
	return write_all(m->out, m->raw, s.len);
}

static int take_frames(struct maker *m, uint64_t offset,
		       void (*progress)(void *user, uint64_t done, uint64_t total), void *user)
{
	uint64_t done = 0;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < m->n_frames; i++) {
		r = take_frame(m, i, offset);
		offset += m->frames[i].len;
		done += m->frames[i].raw_len;
		if (r == 0 && progress)
			progress(user, done, m->total);
	}
	return r;
}

static uint8_t *encode_index(const struct maker *m, size_t *ret_len)
{
	size_t len = MP_PAYLOAD_HEADER + payload_index_len(m->n_sources, m->n_frames);
	uint8_t *index = calloc(1, len), *at = index;

	if (!index)
		return NULL;
	memcpy(at, PAYLOAD_MAGIC, 8);
	mp_put_le16(at + 8, PAYLOAD_VERSION);
	mp_put_le32(at + 12, (uint32_t)(len - MP_PAYLOAD_HEADER));
	mp_put_le32(at + 16, m->n_sources);
	mp_put_le32(at + 20, m->n_frames);
	at += MP_PAYLOAD_HEADER + INDEX_HEAD;
	for (unsigned i = 0; i < m->n_sources; i++, at += PART_LEN) {
		memcpy(at, m->sources[i].name, strlen(m->sources[i].name));
		mp_put_le64(at + 16, m->size[i]);
	}
	for (unsigned i = 0; i < m->n_frames; i++, at += FRAME_LEN)
		payload_frame_encode(&m->frames[i], at);
	*ret_len = len;
	return index;
}

static int write_index(const struct maker *m, char index_sha256[65])
{
	size_t len = 0;
	auto_free uint8_t *index = encode_index(m, &len);
	struct mp_payload_index ix;
	int r;

	if (!index)
		return -ENOMEM;
	r = mp_payload_index_decode(index, len, &ix, NULL);
	if (r < 0) /* a part name that is none, or twice the same */
		return r;
	if (lseek(m->out, 0, SEEK_SET) < 0)
		return -errno;
	r = write_all(m->out, index, len);
	if (r == 0)
		mp_sha256_hex(index, len, index_sha256);
	return r;
}

static int make(struct maker *m, char index_sha256[65],
		void (*progress)(void *user, uint64_t done, uint64_t total), void *user)
{
	uint64_t offset = MP_PAYLOAD_HEADER + payload_index_len(m->n_sources, m->n_frames);
	int r = lseek(m->out, (off_t)offset, SEEK_SET) < 0 ? -errno : 0;

	for (unsigned k = 0; r == 0 && k < m->n_workers; k++)
		r = start_worker(m, k);
	if (r == 0)
		r = take_frames(m, offset, progress, user);
	end_workers(m);
	return r < 0 ? r : write_index(m, index_sha256);
}

static int make_file(struct maker *m, const char *out, char index_sha256[65],
		     void (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		     struct mp_err *err)
{
	auto_free char *tmp = mp_str_format("%s.tmp", out);
	int r;

	if (!tmp)
		return mp_err_set(err, -ENOMEM, "out of memory");
	m->out = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (m->out < 0)
		return mp_err_set(err, -errno, "cannot write %s: %s", tmp, strerror(errno));
	r = make(m, index_sha256, progress, user);
	if (r == 0 && rename(tmp, out) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlink(tmp);
		return mp_err_set(err, r, "cannot make the payload %s: %s", out, strerror(-r));
	}
	return 0;
}

int mp_payload_create_framed(const struct mp_payload_source *sources, unsigned n, int level,
			     uint32_t frame, const char *out, char index_sha256[65],
			     void (*progress)(void *user, uint64_t done, uint64_t total),
			     void *user, struct mp_err *err)
{
	struct maker m = {
		.sources = sources, .n_sources = n, .frame = frame, .level = level, .out = -1};
	int r;

	for (unsigned i = 0; i < MP_PAYLOAD_PARTS; i++)
		m.in[i] = -1;
	for (unsigned i = 0; i < MOST_WORKERS; i++)
		m.pipe[i] = -1;
	if (n == 0 || n > MP_PAYLOAD_PARTS || frame == 0 || frame > MP_PAYLOAD_FRAME)
		return mp_err_set(err, -EINVAL, "a payload has 1 to %d parts", MP_PAYLOAD_PARTS);
	for (unsigned i = 0; i < n; i++)
		if (!mp_str_is_name(sources[i].name, 15))
			return mp_err_set(err, -EINVAL, "'%s' is no name of a part",
					  sources[i].name);
	r = prepare(&m, err);
	if (r == 0)
		r = make_file(&m, out, index_sha256, progress, user, err);
	maker_done(&m);
	return r;
}

int mp_payload_create(const struct mp_payload_source *sources, unsigned n, int level,
		      const char *out, char index_sha256[65],
		      void (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		      struct mp_err *err)
{
	return mp_payload_create_framed(sources, n, level, MP_PAYLOAD_FRAME, out, index_sha256,
					progress, user, err);
}
