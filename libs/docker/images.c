/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "docker/internal.h"

static int list_images(struct mp_docker *d, struct mp_json **ret, struct mp_err *err)
{
	return mp_docker_call(d, "GET", "/images/json", NULL, 0, "list its images", ret, err);
}

/* Leading layers that the image and the service have in common. */
static unsigned common_layers(const struct mp_json *image, const struct mp_release_service *s)
{
	const struct mp_json *layers = mp_json_get(mp_json_get(image, "RootFS"), "Layers");
	unsigned n = 0;

	while (n < s->n_layers) {
		const char *id = mp_json_str(mp_json_at(layers, n), "");

		if (!mp_str_starts_with(id, "sha256:") ||
		    !mp_streq(id + strlen("sha256:"), s->layers[n].diff_id))
			break;
		n++;
	}
	return n;
}

/* The image, or NULL when it is gone meanwhile. */
static int inspect(struct mp_docker *d, const char *id, struct mp_json **ret, struct mp_err *err)
{
	auto_free char *path = mp_str_format("/images/%s/json", id);
	int r;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = mp_docker_call(d, "GET", path, NULL, 404, "show an image", ret, err);
	return r < 0 ? r : 0;
}

static bool is_id(const char *docker_id, const char *hex)
{
	return mp_str_starts_with(docker_id, "sha256:") &&
	       mp_streq(docker_id + strlen("sha256:"), hex);
}

int mp_docker_have_layers(struct mp_docker *d, const struct mp_release_service *service,
			  unsigned *ret_layers, int *ret_image, struct mp_err *err)
{
	auto_(mp_json) *images = NULL;
	unsigned best = 0;
	int r = list_images(d, &images, err);

	if (r < 0)
		return r;
	*ret_image = 0;
	for (size_t i = 0; i < mp_json_size(images); i++) {
		const char *id = mp_json_str(mp_json_get(mp_json_at(images, i), "Id"), "");
		auto_(mp_json) *image = NULL;
		unsigned n;

		r = inspect(d, id, &image, err);
		if (r < 0)
			return r;
		n = common_layers(image, service);
		best = n > best ? n : best;
		if (image && is_id(id, service->image_id))
			*ret_image = 1;
	}
	*ret_layers = best;
	return 0;
}

static bool is_kept(const char *id, const struct mp_release_service *const *keep, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (is_id(id, keep[i]->image_id))
			return true;
	return false;
}

/* Without its last tag, an image that no container uses goes. */
static int remove_tag(struct mp_docker *d, const char *tag, struct mp_err *err)
{
	auto_free char *path = mp_str_format("/images/%s", tag);
	int r;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = mp_docker_call(d, "DELETE", path, NULL, 409, "remove an image", NULL, err);
	return r < 0 ? r : 0;
}

int mp_docker_prune(struct mp_docker *d, const struct mp_release_service *const *keep, unsigned n,
		    struct mp_err *err)
{
	auto_(mp_json) *images = NULL;
	int r = list_images(d, &images, err);

	for (size_t i = 0; r == 0 && i < mp_json_size(images); i++) {
		const struct mp_json *image = mp_json_at(images, i);
		const struct mp_json *tags = mp_json_get(image, "RepoTags");

		if (is_kept(mp_json_str(mp_json_get(image, "Id"), ""), keep, n))
			continue;
		for (size_t k = 0; r == 0 && k < mp_json_size(tags); k++) {
			const char *tag = mp_json_str(mp_json_at(tags, k), "");

			if (mp_str_starts_with(tag, DOCKER_REPOSITORY ":"))
				r = remove_tag(d, tag, err);
		}
	}
	return r;
}

/* ---- loading ---- */

/* The answer is a line of JSON for each thing that happened; an error may stand under a 200. */
static int check_load(const struct mp_buf *answer, const char *service, struct mp_err *err)
{
	const char *line = mp_buf_str(answer);

	while (*line) {
		size_t n = strcspn(line, "\n");
		auto_(mp_json) *doc = NULL;
		const char *reason = NULL;

		if (mp_json_parse(line, n, &doc, NULL) == 0)
			reason = mp_json_str(mp_json_get(doc, "error"), NULL);
		if (reason)
			return mp_err_set(err, -EREMOTEIO,
					  "Docker refused to load the image of service %s: %s",
					  service, reason);
		line += n + (line[n] == '\n');
	}
	return 0;
}

static ssize_t from_archive(void *user, void *data, size_t len)
{
	return mp_docker_archive_read(user, data, len);
}

static int send_archive(struct mp_docker *d, struct docker_archive *a, const char *service,
			struct mp_err *err)
{
	static const char *const headers[] = {"Content-Type: application/x-tar", NULL};
	const struct mp_http_call call = {.method = "POST",
					  .headers = headers,
					  .source = from_archive,
					  .user = a,
					  .body_len = mp_docker_archive_size(a)};
	MP_BUF(answer, DOCKER_ANSWER_MAX);
	int status = 0;
	int r = mp_docker_request(d, &call, "/images/load?quiet=1", &answer, &status, err);

	if (r < 0 && mp_docker_archive_failed(a))
		return mp_err_set(err, r, "cannot read the blob %s of service %s: %s",
				  mp_docker_archive_failed(a), service, strerror(-r));
	if (r < 0)
		return r;
	if (status != 200)
		return mp_docker_refused(&answer, status, "load an image", err);
	return check_load(&answer, service, err);
}

int mp_docker_load(struct mp_docker *d, const struct mp_release_service *service,
		   const struct mp_docker_blobs *blobs, struct mp_err *err)
{
	__attribute__((cleanup(docker_archive_autofree))) struct docker_archive *a = NULL;
	unsigned have;
	int image, r = mp_docker_have_layers(d, service, &have, &image, err);

	if (r < 0 || image)
		return r;
	r = mp_docker_archive_new(service, have, blobs, &a);
	if (r < 0)
		return mp_err_set(err, r, "cannot make the archive of service %s: %s",
				  service->name, strerror(-r));
	r = send_archive(d, a, service->name, err);
	if (r == 0)
		r = mp_docker_have_layers(d, service, &have, &image, err);
	if (r == 0 && !image)
		return mp_err_set(err, -EREMOTEIO,
				  "Docker loaded the image of service %s but has no image %.12s",
				  service->name, service->image_id);
	return r;
}
