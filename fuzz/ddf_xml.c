/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "ddf/ddf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever was loaded is in order and has names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_ddf *ddf = NULL;
	struct mp_err err;

	if (mp_ddf_new(&ddf) < 0)
		return 0;
	if (mp_ddf_parse(ddf, "fuzz.xml", data, size, &err) == 0)
		for (size_t i = 0; i < mp_ddf_model(ddf)->n; i++) {
			const struct mp_lwm2m_object *o = &mp_ddf_model(ddf)->objects[i];

			if (!o->name[0])
				abort();
			for (size_t k = 0; k < o->n; k++)
				if (!o->resources[k].name[0] ||
				    o->resources[k].type > MP_LWM2M_CORELNK ||
				    mp_lwm2m_object_resource(o, o->resources[k].id) !=
					    &o->resources[k])
					abort();
		}
	mp_ddf_free(ddf);
	return 0;
}
