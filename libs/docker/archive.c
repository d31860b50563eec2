/* SPDX-License-Identifier: Apache-2.0 */
/* archive.c - the archive of `docker load`, without a copy of it anywhere
 *
 * It holds manifest.json, the configuration and the layers, each under its digest. Docker looks for
 * a layer's file only when it lacks the layer, so those that it has are named and left out. Layers
 * go in as they are, compressed.
 *
 * The archive is a row of segments: bytes in memory (headers, padding) and blobs, in turns. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "docker/internal.h"
#include "tar/tar.h"

#define SEGMENTS (2 * (1 + MP_RELEASE_LAYERS) + 1)

struct segment {
	const char *target; /* a blob; NULL: bytes of `memory` */
	size_t at; /* in `memory` */
	uint64_t size;
};

struct docker_archive {
	const struct mp_docker_blobs *blobs;
	struct mp_buf memory;
	struct segment segments[SEGMENTS];
	unsigned n, current;
	uint64_t done; /* bytes of the current segment */
	int fd; /* of the current blob; -1: not open */
	uint64_t size, sent;
	const char *failed;
};

void mp_docker_archive_free(struct docker_archive *a)
{
	if (!a)
		return;
	if (a->fd >= 0)
		(void)close(a->fd);
	mp_buf_done(&a->memory);
	free(a);
}

/* Everything added to memory since `at` becomes a segment. */
static void close_segment(struct docker_archive *a, size_t at)
{
	a->segments[a->n++] = (struct segment){.at = at, .size = a->memory.len - at};
}

static int add_header(struct docker_archive *a, const char *name, uint64_t size)
{
	return mp_tar_format(
		&(struct mp_tar_entry){
			.type = MP_TAR_FILE, .path = name, .size = size, .mode = 0644},
		&a->memory);
}

static int add_zeros(struct docker_archive *a, size_t len)
{
	static const char zeros[MP_TAR_END];

	return mp_buf_add(&a->memory, zeros, len);
}

/* The header of a blob (after what memory already holds since *at), and the blob. */
static int add_blob(struct docker_archive *a, size_t *at, const char *name, const char *target,
		    uint64_t size)
{
	int r = add_header(a, name, size);

	if (r < 0)
		return r;
	close_segment(a, *at);
	a->segments[a->n++] = (struct segment){.target = target, .size = size};
	*at = a->memory.len;
	return add_zeros(a, mp_tar_padding(size));
}

static int format_manifest(const struct mp_release_service *s, struct mp_buf *out)
{
	int r = mp_buf_printf(out,
			      "[{\"Config\":\"%s.json\",\"RepoTags\":[\"" DOCKER_REPOSITORY
			      ":%s-%.12s\"],\"Layers\":[",
			      s->image_id, s->name, s->image_id);

	for (unsigned i = 0; r == 0 && i < s->n_layers; i++)
		r = mp_buf_printf(out, "%s\"%s.tar\"", i ? "," : "", s->layers[i].diff_id);
	return r < 0 ? r : mp_buf_add_str(out, "]}]");
}

static int add_manifest(struct docker_archive *a, const struct mp_release_service *s)
{
	MP_BUF(text, 64 * 1024);
	int r = format_manifest(s, &text);

	if (r == 0)
		r = add_header(a, "manifest.json", text.len);
	if (r == 0)
		r = mp_buf_add(&a->memory, text.data, text.len);
	return r < 0 ? r : add_zeros(a, mp_tar_padding(text.len));
}

static int fill(struct docker_archive *a, const struct mp_release_service *s, unsigned first_layer)
{
	char name[80];
	size_t at = 0;
	int r = add_manifest(a, s);

	snprintf(name, sizeof(name), "%s.json", s->image_id);
	if (r == 0)
		r = add_blob(a, &at, name, s->config_target, s->config_size);
	for (unsigned i = first_layer; r == 0 && i < s->n_layers; i++) {
		const struct mp_release_layer *l = &s->layers[i];

		snprintf(name, sizeof(name), "%s.tar", l->diff_id);
		r = add_blob(a, &at, name, l->target, l->size);
	}
	if (r == 0)
		r = add_zeros(a, MP_TAR_END);
	if (r < 0)
		return r;
	close_segment(a, at);
	for (unsigned i = 0; i < a->n; i++)
		a->size += a->segments[i].size;
	return 0;
}

int mp_docker_archive_new(const struct mp_release_service *service, unsigned first_layer,
			  const struct mp_docker_blobs *blobs, struct docker_archive **ret)
{
	__attribute__((cleanup(docker_archive_autofree))) struct docker_archive *a =
		calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	a->blobs = blobs;
	a->fd = -1;
	a->memory.limit = 1 << 20;
	r = fill(a, service, first_layer);
	if (r == 0)
		*ret = take_ptr(a);
	return r;
}

uint64_t mp_docker_archive_size(const struct docker_archive *a)
{
	return a->size;
}

const char *mp_docker_archive_failed(const struct docker_archive *a)
{
	return a->failed;
}

static ssize_t read_blob(struct docker_archive *a, const struct segment *s, void *data, size_t len)
{
	ssize_t n;

	a->failed = s->target;
	if (a->fd < 0)
		a->fd = a->blobs->open(a->blobs->user, s->target, s->size);
	if (a->fd < 0)
		return a->fd;
	do
		n = read(a->fd, data, len);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -EIO;
	a->failed = NULL;
	return n;
}

static void next_segment(struct docker_archive *a)
{
	if (a->fd >= 0)
		(void)close(a->fd);
	a->fd = -1;
	a->done = 0;
	a->current++;
}

ssize_t mp_docker_archive_read(struct docker_archive *a, void *data, size_t len)
{
	const struct segment *s;
	uint64_t left;
	ssize_t n;

	while (a->current < a->n && a->done == a->segments[a->current].size)
		next_segment(a);
	if (a->current == a->n || len == 0)
		return 0;
	s = &a->segments[a->current];
	left = s->size - a->done;
	n = (ssize_t)(left < len ? left : len);
	if (s->target)
		n = read_blob(a, s, data, (size_t)n);
	else
		memcpy(data, a->memory.data + s->at + a->done, (size_t)n);
	if (n < 0)
		return n;
	a->done += (uint64_t)n;
	a->sent += (uint64_t)n;
	if (a->blobs->progress)
		a->blobs->progress(a->blobs->user, a->sent, a->size);
	return n;
}
