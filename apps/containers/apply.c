/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "containers.h"
#include "install/install.h"

#define ASK_AGAIN_MS 500
#define ENGINE_SECONDS 60 /* that Docker may take to come up before we end and are tried again */

struct load {
	struct containers *c;
	unsigned percent;
};

/* "DIFF_ID.layer" or "IMAGE_ID.config": the blob has the digest's name. */
static int open_blob(void *user, const char *target, uint64_t size)
{
	const struct load *l = user;
	char digest[65], path[256], full[600];
	int fd;

	(void)size;
	if (strcspn(target, ".") != 64)
		return -EBADMSG;
	memcpy(digest, target, 64);
	digest[64] = '\0';
	if (mp_install_blob_path(CONTAINERS_STATE, digest, path, sizeof(path)) < 0)
		return -EBADMSG;
	snprintf(full, sizeof(full), "%s%s", l->c->root, path);
	fd = open(full, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static void loaded(void *user, uint64_t done, uint64_t total)
{
	struct load *l = user;
	unsigned percent = total ? (unsigned)(done * 100 / total) : 0;

	if (percent == l->percent)
		return;
	l->percent = percent;
	(void)mp_pair_send(&l->c->control, &(struct mp_msg){.type = MP_MSG_PROGRESS,
							    .num = {done, total},
							    .text = {"loading"}});
}

static int load_all(struct containers *c, const struct mp_release *release, struct mp_err *err)
{
	struct load l = {.c = c, .percent = 101};
	const struct mp_docker_blobs blobs = {.open = open_blob, .user = &l, .progress = loaded};
	int r = 0;

	for (unsigned i = 0; r == 0 && i < release->n_services; i++)
		r = mp_docker_load(c->docker, &release->services[i], &blobs, err);
	return r;
}

static void tell_health(struct containers *c, const char *service, bool healthy)
{
	(void)mp_pair_send(&c->control,
			   &(struct mp_msg){.type = MP_MSG_FACT,
					    .text = {service, healthy ? MP_HEALTHY : ""}});
}

static void note_health(struct containers *c, unsigned i, const char *service, bool healthy)
{
	if (!c->has_told || c->healthy[i] != healthy)
		tell_health(c, service, healthy);
	c->healthy[i] = healthy;
}

/* One round over all services. 1: all are healthy; 0: ask again; -EREMOTEIO: the first that is not, and why. */
static int check_all(struct containers *c, const struct mp_release *release, struct mp_err *err)
{
	int all = 1;

	for (unsigned i = 0; i < release->n_services; i++) {
		struct mp_docker_state state;
		int r = mp_docker_check(c->docker, &release->services[i], &state, err);

		if (r < 0)
			return r;
		note_health(c, i, release->services[i].name, state.health == MP_DOCKER_HEALTHY);
		if (state.health == MP_DOCKER_UNHEALTHY && all >= 0)
			all = mp_err_set(err, -EREMOTEIO, "%s", state.reason);
		if (state.health == MP_DOCKER_STARTING && all >= 0) {
			all = 0;
			(void)mp_pair_send(&c->control, &(struct mp_msg){.type = MP_MSG_PROGRESS,
									 .text = {state.reason}});
		}
	}
	c->has_told = true;
	return all;
}

static bool supervisor_is_there(struct containers *c)
{
	struct mp_msg m;

	return mp_pair_recv(&c->control, false, &m) != 0;
}

/* At boot we are here before Docker is: waiting costs less than being started again and again. */
static int wait_for_engine(struct containers *c, struct mp_err *err)
{
	char version[32];
	int r = -ECONNREFUSED;

	for (unsigned ms = 0; ms < ENGINE_SECONDS * 1000 && r < 0; ms += ASK_AGAIN_MS) {
		if (ms > 0)
			(void)usleep(ASK_AGAIN_MS * 1000);
		r = mp_docker_ping(c->docker, version, err);
		if (r < 0 && ms == 0)
			(void)mp_pair_send(&c->control, &(struct mp_msg){.type = MP_MSG_PROGRESS,
									 .text = {err->text}});
		if (!supervisor_is_there(c))
			return mp_err_set(err, -ECANCELED, "the supervisor has ended");
	}
	return r;
}

/* Without end: the supervisor knows how long a release may take, and ends us. */
static int wait_until_healthy(struct containers *c, const struct mp_release *release,
			      struct mp_err *err)
{
	int r;

	while ((r = check_all(c, release, err)) == 0) {
		if (!supervisor_is_there(c))
			return mp_err_set(err, -ECANCELED, "the supervisor has ended");
		(void)usleep(ASK_AGAIN_MS * 1000);
	}
	return r < 0 ? r : 0;
}

int containers_apply(struct containers *c, const char *version, struct mp_err *err)
{
	auto_(mp_release) *release = NULL;
	int r = containers_release(c, version, &release, err);

	if (r == -ENOENT) /* an image without applications has no manifest on data */
		return 0;
	if (r == 0)
		r = wait_for_engine(c, err);
	if (r == 0)
		r = load_all(c, release, err);
	if (r == 0)
		r = mp_docker_apply(c->docker, version, release->services, release->n_services,
				    err);
	return r < 0 ? r : wait_until_healthy(c, release, err);
}

/* One round: is there one of which it is not known yet? */
static bool is_open(struct containers *c, const struct mp_release *release)
{
	bool open = false;

	for (unsigned i = 0; i < release->n_services; i++) {
		struct mp_docker_state state = {.health = MP_DOCKER_UNHEALTHY};

		(void)mp_docker_check(c->docker, &release->services[i], &state, NULL);
		c->healthy[i] = state.health == MP_DOCKER_HEALTHY;
		open = open || state.health == MP_DOCKER_STARTING;
	}
	return open;
}

int containers_look(struct containers *c, const char *version, struct mp_err *err)
{
	auto_(mp_release) *release = NULL;
	int r = containers_release(c, version, &release, err);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* one without a health check must be seen running for so long */
	for (unsigned ms = 0; is_open(c, release) && ms <= MP_DOCKER_SETTLE * 1000;
	     ms += ASK_AGAIN_MS) {
		if (!supervisor_is_there(c))
			return mp_err_set(err, -ECANCELED, "the supervisor has ended");
		(void)usleep(ASK_AGAIN_MS * 1000);
	}
	for (unsigned i = 0; i < release->n_services; i++)
		tell_health(c, release->services[i].name, c->healthy[i]);
	return 0;
}
