/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - one request to the Engine API, and the pieces that need no engine */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "docker/docker.h"
#include "docker/judge.h"
#include "http/client.h"
#include "json/json.h"

#define DOCKER_ANSWER_MAX (4 << 20) /* bytes of an answer */
#define DOCKER_REPOSITORY "mp" /* what our images are tagged with: mp:SERVICE-ID12 */

struct seen { /* when a run of a container was seen first, for those without health check */
	char service[64], started_at[64];
	int64_t since_ms; /* CLOCK_MONOTONIC */
};

struct mp_docker {
	struct mp_http_client *http;
	struct mp_http_client
		*slow; /* for the loading of images, which may be silent for minutes */
	struct seen seen[MP_RELEASE_SERVICES];
};

/* ---- api.c: requests; `path` begins with "/" ---- */
/* 0 and *ret_status, whatever it is; the answer's body in `into`. */
int mp_docker_request(struct mp_docker *d, const struct mp_http_call *call, const char *path,
		      struct mp_buf *into, int *ret_status, struct mp_err *err);
/* The same, where any status but 2xx, 304 and `also` (0: none) is -EREMOTEIO with Docker's reason:
 * "Docker refused to WHAT: ...". */
int mp_docker_call(struct mp_docker *d, const char *method, const char *path,
		   const struct mp_json *body, int also, const char *what, struct mp_json **ret,
		   struct mp_err *err);
/* The reason in an error answer: {"message": "..."}; "status 500" without one. */
int mp_docker_refused(const struct mp_buf *answer, int status, const char *what,
		      struct mp_err *err);

/* ---- archive.c: the tar of `docker load`, made while it is read ---- */
struct docker_archive;
int mp_docker_archive_new(const struct mp_release_service *service, unsigned first_layer,
			  const struct mp_docker_blobs *blobs, struct docker_archive **ret);
uint64_t mp_docker_archive_size(const struct docker_archive *a);
/* Up to `len` of its bytes; -EIO: a blob is shorter than the release says, or cannot be read. */
ssize_t mp_docker_archive_read(struct docker_archive *a, void *data, size_t len);
/* Target of the blob that could not be read; NULL: none. */
const char *mp_docker_archive_failed(const struct docker_archive *a);
void mp_docker_archive_free(struct docker_archive *a);
static inline void docker_archive_autofree(struct docker_archive **a)
{
	mp_docker_archive_free(*a);
}

/* ---- spec.c: the body of POST /containers/create ---- */
int mp_docker_create_body(const char *release, const struct mp_release_service *service,
			  struct mp_json **ret, struct mp_err *err);
/* The spec as text, which labels a container. NULL when memory is out. */
char *mp_docker_spec_text(const struct mp_release_service *service);
