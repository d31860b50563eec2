/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "containers.h"

#define RELEASES 16

/* The question comes from install, whose manifest is not stored yet: ids are all there is. */
int containers_have(struct containers *c, const struct mp_msg *m, unsigned *ret, struct mp_err *err)
{
	struct mp_release_service *s;
	unsigned n = (unsigned)(m->len / 64);
	int image, r;

	if (strlen(m->text[0]) != 64 || m->len % 64 || n > MP_RELEASE_LAYERS)
		return mp_err_set(err, -EPROTO, "that is no list of layers");
	s = calloc(1, sizeof(*s));
	if (!s)
		return mp_err_set(err, -ENOMEM, "out of memory");
	strcpy(s->image_id, m->text[0]);
	s->n_layers = n;
	for (unsigned i = 0; i < n; i++)
		memcpy(s->layers[i].diff_id, (const char *)m->data + 64 * i, 64);
	r = mp_docker_have_layers(c->docker, s, ret, &image, err);
	free(s);
	return r;
}

static DIR *open_releases(const struct containers *c)
{
	char path[600];

	snprintf(path, sizeof(path), "%s" CONTAINERS_STATE "/releases", c->root);
	return opendir(path);
}

/* The manifests that install has left are those of releases that may still run. One that cannot
 * be read keeps every image. */
static int load_kept(struct containers *c, struct mp_release *kept[RELEASES], unsigned *ret,
		     struct mp_err *err)
{
	DIR *d = open_releases(c);
	struct dirent *e;
	int r = 0;

	*ret = 0;
	if (!d)
		return mp_err_set(err, -errno, "cannot list the releases");
	while (r == 0 && (e = readdir(d))) {
		if (!mp_version_is_valid(e->d_name))
			continue;
		if (*ret == RELEASES)
			r = mp_err_set(err, -EFBIG, "more than %d releases on data", RELEASES);
		else
			r = containers_release(c, e->d_name, &kept[*ret], err);
		*ret += r == 0;
	}
	closedir(d);
	return r;
}

int containers_prune(struct containers *c, struct mp_err *err)
{
	const struct mp_release_service *services[RELEASES * MP_RELEASE_SERVICES];
	struct mp_release *kept[RELEASES];
	unsigned n_kept, n = 0;
	int r = load_kept(c, kept, &n_kept, err);

	for (unsigned i = 0; r == 0 && i < n_kept; i++)
		for (unsigned k = 0; k < kept[i]->n_services && k < MP_RELEASE_SERVICES; k++)
			services[n++] = &kept[i]->services[k];
	if (r == 0)
		r = mp_docker_prune(c->docker, services, n, err);
	for (unsigned i = 0; i < n_kept; i++)
		mp_release_free(kept[i]);
	return r;
}
