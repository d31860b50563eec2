/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "docker/internal.h"

#define STOP_SECONDS "10"

/* Ours are those with the label mp.service; the filter is {"label":["mp.service"]}. */
static int list_ours(struct mp_docker *d, struct mp_json **ret, struct mp_err *err)
{
	return mp_docker_call(
		d, "GET",
		"/containers/json?all=1&filters=%7B%22label%22%3A%5B%22mp.service%22%5D%7D", NULL,
		0, "list its containers", ret, err);
}

static const char *text_of(const struct mp_json *container, const char *key)
{
	return mp_json_str(mp_json_get(container, key), "");
}

static const char *label_of(const struct mp_json *container, const char *label)
{
	return mp_json_str(mp_json_get(mp_json_get(container, "Labels"), label), "");
}

/* POST or DELETE of one container; 404 (gone) and 304 (so already) are fine. */
static int act(struct mp_docker *d, const char *method, const char *id, const char *action,
	       const char *what, struct mp_err *err)
{
	auto_free char *path = mp_str_format("/containers/%s%s", id, action);
	int r;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = mp_docker_call(d, method, path, NULL, 404, what, NULL, err);
	return r < 0 ? r : 0;
}

static int stop(struct mp_docker *d, const char *id, struct mp_err *err)
{
	return act(d, "POST", id, "/stop?t=" STOP_SECONDS, "stop a container", err);
}

static int start(struct mp_docker *d, const char *id, const char *service, struct mp_err *err)
{
	char what[100];

	snprintf(what, sizeof(what), "start the service %s", service);
	return act(d, "POST", id, "/start", what, err);
}

static int remove_one(struct mp_docker *d, const char *id, struct mp_err *err)
{
	int r = stop(d, id, err);

	return r < 0 ? r : act(d, "DELETE", id, "?force=1&v=1", "remove a container", err);
}

static bool has_name(const struct mp_json *container, const char *service)
{
	const char *name = mp_json_str(mp_json_at(mp_json_get(container, "Names"), 0), "");

	return mp_str_starts_with(name, "/mp_") && mp_streq(name + strlen("/mp_"), service);
}

/* A container that is created, runs, is started again or has ended may stay; a paused or dead one
 * is made anew. */
static bool has_sound_state(const struct mp_json *container)
{
	static const char *const sound[] = {"created", "running", "restarting", "exited"};

	for (size_t i = 0; i < sizeof(sound) / sizeof(*sound); i++)
		if (mp_streq(text_of(container, "State"), sound[i]))
			return true;
	return false;
}

static bool is_right(const struct mp_json *container, const char *release,
		     const struct mp_release_service *s, const char *spec)
{
	const char *image = text_of(container, "ImageID");

	return has_name(container, s->name) && has_sound_state(container) &&
	       mp_streq(label_of(container, "mp.service"), s->name) &&
	       mp_streq(label_of(container, "mp.release"), release) &&
	       mp_streq(label_of(container, "mp.spec"), spec) &&
	       mp_str_starts_with(image, "sha256:") &&
	       mp_streq(image + strlen("sha256:"), s->image_id);
}

/* The index of the service that the container is right for; -1: none. */
static int find_service(const struct mp_json *container, const char *release,
			const struct mp_release_service *services, char *const *specs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (is_right(container, release, &services[i], specs[i]))
			return (int)i;
	return -1;
}

struct plan {
	char *specs[MP_RELEASE_SERVICES]; /* texts that right containers are labelled with */
	char *ids[MP_RELEASE_SERVICES]; /* of containers that are right */
	unsigned n;
};

static void plan_done(struct plan *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		free(p->specs[i]);
		free(p->ids[i]);
	}
}

/* Keep what is right, remove the rest before anything starts: ports must be free by then. */
static int remove_others(struct mp_docker *d, const char *release,
			 const struct mp_release_service *services, struct plan *p,
			 struct mp_err *err)
{
	auto_(mp_json) *ours = NULL;
	int r = list_ours(d, &ours, err);

	for (size_t i = 0; r == 0 && i < mp_json_size(ours); i++) {
		const struct mp_json *c = mp_json_at(ours, i);
		int service = find_service(c, release, services, p->specs, p->n);

		if (service < 0 || p->ids[service]) {
			r = remove_one(d, text_of(c, "Id"), err);
			continue;
		}
		p->ids[service] = strdup(text_of(c, "Id"));
		if (!p->ids[service])
			r = mp_err_set(err, -ENOMEM, "out of memory");
	}
	return r;
}

static int create(struct mp_docker *d, const char *release, const struct mp_release_service *s,
		  char **ret_id, struct mp_err *err)
{
	auto_free char *path = mp_str_format("/containers/create?name=mp_%s", s->name);
	auto_(mp_json) *body = NULL;
	auto_(mp_json) *answer = NULL;
	char what[100];
	int r = path ? 0 : mp_err_set(err, -ENOMEM, "out of memory");

	if (r == 0)
		r = mp_docker_create_body(release, s, &body, err);
	snprintf(what, sizeof(what), "create the container of service %s", s->name);
	if (r == 0)
		r = mp_docker_call(d, "POST", path, body, 0, what, &answer, err);
	if (r < 0)
		return r;
	*ret_id = strdup(text_of(answer, "Id"));
	return *ret_id ? 0 : mp_err_set(err, -ENOMEM, "out of memory");
}

int mp_docker_apply(struct mp_docker *d, const char *release,
		    const struct mp_release_service *services, unsigned n, struct mp_err *err)
{
	__attribute__((cleanup(plan_done))) struct plan p = {0};
	int r;

	if (n > MP_RELEASE_SERVICES)
		return mp_err_set(err, -EFBIG, "there may be at most %d services",
				  MP_RELEASE_SERVICES);
	for (; p.n < n; p.n++) {
		p.specs[p.n] = mp_docker_spec_text(&services[p.n]);
		if (!p.specs[p.n])
			return mp_err_set(err, -ENOMEM, "out of memory");
	}
	r = remove_others(d, release, services, &p, err);
	for (unsigned i = 0; r == 0 && i < n; i++) {
		if (!p.ids[i])
			r = create(d, release, &services[i], &p.ids[i], err);
		if (r == 0)
			r = start(d, p.ids[i], services[i].name, err);
	}
	return r;
}

int mp_docker_stop(struct mp_docker *d, struct mp_err *err)
{
	auto_(mp_json) *ours = NULL;
	int r = list_ours(d, &ours, err);

	for (size_t i = 0; r == 0 && i < mp_json_size(ours); i++)
		r = stop(d, text_of(mp_json_at(ours, i), "Id"), err);
	return r;
}
