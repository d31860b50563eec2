/* SPDX-License-Identifier: Apache-2.0 */
/* docker.h - bring Docker to what a release says, through its Engine API on a UNIX socket
 *
 *     auto_(mp_docker) *d = NULL;
 *     r = mp_docker_new("/run/docker.sock", &d, &err);
 *     r = mp_docker_have_layers(d, service, &have, &err);       // fetch only service->layers[have..]
 *     r = mp_docker_load(d, service, &blobs, &err);             // no-op when the image is there
 *     r = mp_docker_apply(d, "1.1.0", services, n, &err);       // replace what runs
 *     r = mp_docker_check(d, service, &state, &err);            // again and again, until healthy
 *     r = mp_docker_prune(d, keep, n_keep, &err);
 *
 * Everything may be repeated from any state: what is already so is left alone. Nothing here waits
 * or retries beyond one request; each request has its timeout. When Docker does not run, calls
 * return -ECONNREFUSED or -ENOENT with a sentence that says so. -EREMOTEIO: Docker said no, and
 * the sentence carries its reason.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"
#include "release/release.h"

#define MP_DOCKER_SOCKET "/run/docker.sock"
#define MP_DOCKER_SETTLE 5 /* seconds that a container without health check must have run */

struct mp_docker;
int mp_docker_new(const char *socket, struct mp_docker **ret, struct mp_err *err);
void mp_docker_free(struct mp_docker *d);
DEFINE_AUTO(mp_docker)

/* Does it answer? Its version ("26.1.5") when it does. */
int mp_docker_ping(struct mp_docker *d, char ret_version[32], struct mp_err *err);

/* How many of the service's layers, from the first on, Docker already has; all of them and
 * *ret_image = 1 when the very image is there. Layers from *ret_layers on must be fetched. */
int mp_docker_have_layers(struct mp_docker *d, const struct mp_release_service *service,
			  unsigned *ret_layers, int *ret_image, struct mp_err *err);

struct mp_docker_blobs { /* where the release's blobs are; the caller has verified them */
	/* A file descriptor at the start of the blob, which the loader closes; or a negative errno. */
	int (*open)(void *user, const char *target, uint64_t size);
	void *user;
	void (*progress)(void *user, uint64_t done, uint64_t total); /* bytes sent; may be NULL */
};

/* Load the service's image unless Docker has it: the configuration and the missing layers, in one
 * archive that is made on the fly. The image is tagged mp:SERVICE-ID12. After success Docker has an
 * image of exactly service->image_id. */
int mp_docker_load(struct mp_docker *d, const struct mp_release_service *service,
		   const struct mp_docker_blobs *blobs, struct mp_err *err);

/* One container a service, named mp_SERVICE, of this release, image and spec, and started; every
 * other container of ours is stopped (10 s to end by itself) and removed. n = 0: none is left.
 * A container that is already right keeps running. Containers that are not ours are not touched. */
int mp_docker_apply(struct mp_docker *d, const char *release,
		    const struct mp_release_service *services, unsigned n, struct mp_err *err);

/* Stop our containers and leave them there (before a reboot into another release). */
int mp_docker_stop(struct mp_docker *d, struct mp_err *err);

enum mp_docker_health {
	MP_DOCKER_STARTING, /* not known yet: ask again */
	MP_DOCKER_HEALTHY,
	MP_DOCKER_UNHEALTHY, /* says its health check, or it ended, or it keeps restarting */
};

struct mp_docker_state {
	enum mp_docker_health health;
	unsigned restarts;
	/* "service web is unhealthy: probe exited 1: wget: connection refused"; "" when healthy */
	char reason[480];
};

/* A container without health check is healthy once it has run for MP_DOCKER_SETTLE seconds without
 * a restart, counted on our clock from the first time it was seen here. */
int mp_docker_check(struct mp_docker *d, const struct mp_release_service *service,
		    struct mp_docker_state *ret, struct mp_err *err);

/* Remove the images that we loaded and that are not of `keep` (services of the current and the
 * previous release). An image that a container uses stays. */
int mp_docker_prune(struct mp_docker *d, const struct mp_release_service *const *keep, unsigned n,
		    struct mp_err *err);
