/* SPDX-License-Identifier: Apache-2.0 */
/* compose.h - docker-compose.yml, the slice of it that devices run
 *
 *     auto_(mp_compose) *c = NULL;
 *     r = mp_compose_load("app/docker-compose.yml", &c, &err);
 *     for (unsigned i = 0; i < c->n_services; i++)      // c->services[i].image or .build, .spec
 *
 * Every key that is not supported is refused with file and line. docs/guide/applications.md
 * describes the keys; docs/spec/release.md the normalised `spec`.
 */
#pragma once

#include <stddef.h>

#include "base/auto.h"
#include "base/err.h"
#include "json/json.h"

struct mp_compose_service {
	char name[64];
	/* exactly one of these; a path that starts with '/' or is joined to the file's folder */
	char *image; /* an OCI image layout (a folder) */
	char *build; /* a folder with a recipe (recipe.h) */
	/* What the release carries and libs/docker reads. Keys come in one fixed order and absent
	 * ones are left out, so that equal services give equal text. */
	struct mp_json *spec;
};

struct mp_compose {
	unsigned n_services; /* 1 to MP_RELEASE_SERVICES, in the order of the file */
	struct mp_compose_service *services;
};

/* -ENOENT: no such file; -EBADMSG, -ENOTSUP: "FILE:LINE: sentence". */
int mp_compose_load(const char *path, struct mp_compose **ret, struct mp_err *err);
/* The same from memory; paths are relative to the folder of `path`, which is not opened. */
int mp_compose_parse(const char *path, const void *text, size_t len, struct mp_compose **ret,
		     struct mp_err *err);
void mp_compose_free(struct mp_compose *c);
DEFINE_AUTO(mp_compose)
