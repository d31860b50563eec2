/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

struct keep {
	const struct mp_release *const *releases;
	unsigned n;
	bool (*wanted)(const struct mp_release *r, const char *name);
	char found[160]; /* a name that no release wants */
};

/* A digest, or the part of one. */
static bool is_blob(const char *name, const char *digest)
{
	return strncmp(name, digest, 64) == 0 && (name[64] == '\0' || mp_streq(name + 64, ".part"));
}

static bool wants_blob(const struct mp_release *r, const char *name)
{
	for (unsigned i = 0; i < r->n_services; i++) {
		const struct mp_release_service *s = &r->services[i];

		if (is_blob(name, s->image_id))
			return true;
		for (unsigned k = 0; k < s->n_layers; k++)
			if (is_blob(name, s->layers[k].diff_id))
				return true;
	}
	return false;
}

static bool wants_manifest(const struct mp_release *r, const char *name)
{
	return mp_streq(r->version, name);
}

static int look_at(void *user, const char *name)
{
	struct keep *k = user;

	for (unsigned i = 0; i < k->n; i++)
		if (k->wanted(k->releases[i], name))
			return 0;
	if (strlen(name) >= sizeof(k->found))
		return 0;
	memcpy(k->found, name, strlen(name) + 1);
	return -EEXIST; /* ends the walk: a folder is not changed while it is listed */
}

/* Remove one unwanted name after the other; a name that is a folder loses its manifest first. */
static int sweep_dir(struct mp_medium *m, const char *dir, struct keep *k)
{
	char path[INSTALL_PATH], inner[INSTALL_PATH];
	int r;

	while ((r = mp_medium_list(m, dir, look_at, k)) == -EEXIST) {
		r = install_path(path, sizeof(path), "%s/%s", dir, k->found);
		if (r == 0)
			r = install_path(inner, sizeof(inner), "%s/manifest.json", path);
		if (r == 0 && k->wanted == wants_manifest)
			r = mp_medium_remove(m, inner);
		if (r == 0)
			r = mp_medium_remove(m, path);
		if (r < 0)
			return r;
	}
	if (r == -ENOENT)
		return 0; /* nothing was ever installed */
	return r < 0 ? r : mp_medium_sync_dir(m, dir);
}

int mp_install_sweep(const struct mp_install_config *c, const struct mp_release *const *keep,
		     unsigned n, struct mp_err *err)
{
	struct keep k = {.releases = keep, .n = n, .wanted = wants_blob};
	char dir[INSTALL_PATH];
	int r = install_path(dir, sizeof(dir), "%s/blobs", c->state_dir);

	if (r == 0)
		r = sweep_dir(c->medium, dir, &k);
	k.wanted = wants_manifest;
	if (r == 0)
		r = install_path(dir, sizeof(dir), "%s/releases", c->state_dir);
	if (r == 0)
		r = sweep_dir(c->medium, dir, &k);
	if (r < 0)
		return mp_err_set(err, r, "cannot remove old files from %s: %s", c->state_dir,
				  strerror(-r));
	return 0;
}
