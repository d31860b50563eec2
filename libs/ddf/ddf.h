/* SPDX-License-Identifier: Apache-2.0
 * ddf.h - objects of LwM2M from OMA's XML files (device description files, schema LWM2M.xsd)
 *
 *     auto_(mp_ddf) *ddf = NULL;
 *     r = mp_ddf_new(&ddf);
 *     r = mp_ddf_load(ddf, "/etc/microplatform/models", &err);     // a file, or a folder of them
 *     o = mp_lwm2m_model_object(mp_ddf_model(ddf), 10274, 0);
 *
 * The files are taken as hostile: no DOCTYPE and so no entities, nothing outside of the file, and
 * limits on everything.
 */
#pragma once

#include <stddef.h>

#include "base/auto.h"
#include "base/err.h"
#include "lwm2m/model.h"

#define MP_DDF_FILE_MAX (1024 * 1024) /* bytes of a file */
#define MP_DDF_OBJECTS_MAX 4096 /* of all files */
#define MP_DDF_RESOURCES_MAX 1024 /* of an object */
#define MP_DDF_TEXT_MAX 255 /* bytes of a name, a range or units */

struct mp_ddf;

/* Empty, in front of the built-in model. 0, -ENOMEM. */
int mp_ddf_new(struct mp_ddf **ret);
void mp_ddf_free(struct mp_ddf *ddf);
DEFINE_AUTO(mp_ddf)

/* Add the objects of a file, or of every "*.xml" of a folder in the order of their names. What
 * mp_ddf_model() gave before must no longer be used. A file that fails adds nothing.
 * -ENOENT, -EBADMSG, -EFBIG: beyond a limit, -EEXIST: an object was loaded already, -ENOMEM; the
 * sentence names the file and its line. */
int mp_ddf_load(struct mp_ddf *ddf, const char *path, struct mp_err *err);

/* The same from memory; `name` stands for the file in sentences. */
int mp_ddf_parse(struct mp_ddf *ddf, const char *name, const void *xml, size_t len,
		 struct mp_err *err);

/* All that was loaded, and the built-in model behind it; borrowed. */
const struct mp_lwm2m_model *mp_ddf_model(const struct mp_ddf *ddf);
