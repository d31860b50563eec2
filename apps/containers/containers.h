/* SPDX-License-Identifier: Apache-2.0 */
/* containers.h - the worker that speaks to Docker, and to nobody else
 *
 * Started by the supervisor for one request: which layers are there, bring the containers of a
 * release up and wait until they are healthy, see how they are, or remove images that no release
 * needs.
 */
#pragma once

#include "base/err.h"
#include "docker/docker.h"
#include "pair/pair.h"
#include "release/release.h"

#define CONTAINERS_STATE "/var/lib/microplatform"

struct containers {
	const char *root; /* prefix of our own paths, not of Docker's socket */
	struct mp_pair control;
	struct mp_docker *docker;
	bool healthy[MP_RELEASE_SERVICES]; /* as they were last */
	bool has_told; /* the supervisor of all of them */
};

/* ---- releases.c ---- */
/* Read a release's manifest, which install has verified and stored. -ENOENT: it has none. */
int containers_release(const struct containers *c, const char *version, struct mp_release **ret,
		       struct mp_err *err);

/* ---- apply.c ---- */
/* Load, start, and wait until all are healthy. -EREMOTEIO: one is not, and the sentence says why. */
int containers_apply(struct containers *c, const char *version, struct mp_err *err);
/* Tell how each is, and leave it so. One that the engine does not show is not healthy. */
int containers_look(struct containers *c, const char *version, struct mp_err *err);

/* ---- images.c ---- */
int containers_have(struct containers *c, const struct mp_msg *m, unsigned *ret,
		    struct mp_err *err);
int containers_prune(struct containers *c, struct mp_err *err);
