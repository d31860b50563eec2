/* SPDX-License-Identifier: Apache-2.0 */
/* recipe.h - image.yaml: a container image made of Debian packages and a folder of files
 *
 *     auto_(mp_recipe) *r = NULL;
 *     e = mp_recipe_load(service->build, &r, &err);
 *     // r->packages -> first layer, r->files -> second layer, r->config -> mp_oci_config_create()
 */
#pragma once

#include <stddef.h>

#include "base/auto.h"
#include "base/err.h"
#include "json/json.h"

#define MP_RECIPE_FILE "image.yaml"
#define MP_RECIPE_PACKAGES 256

struct mp_recipe {
	unsigned n_packages;
	char **packages; /* names of Debian packages, as written */
	char *files; /* folder laid over the packages, joined to the recipe's; NULL: none */
	/* OCI image configuration, "config" object (image-spec, config.md): Env, Cmd, Entrypoint,
	 * User, WorkingDir, ExposedPorts, StopSignal */
	struct mp_json *config;
};

/* Read DIR/image.yaml. -ENOENT: no such file; -EBADMSG, -ENOTSUP: "FILE:LINE: sentence". */
int mp_recipe_load(const char *dir, struct mp_recipe **ret, struct mp_err *err);
int mp_recipe_parse(const char *path, const void *text, size_t len, struct mp_recipe **ret,
		    struct mp_err *err);
void mp_recipe_free(struct mp_recipe *r);
DEFINE_AUTO(mp_recipe)
