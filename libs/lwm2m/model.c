/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/model.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "lwm2m/number.h"

int mp_lwm2m_version_parse(const char *text, size_t len, uint16_t *ret)
{
	struct mp_lwm2m_value v[2];
	const char *dot = len ? memchr(text, '.', len) : NULL;

	if (!dot || mp_lwm2m_number_parse(text, (size_t)(dot - text), true, &v[0]) < 0 ||
	    mp_lwm2m_number_parse(dot + 1, len - 1 - (size_t)(dot - text), true, &v[1]) < 0)
		return -EBADMSG;
	for (int i = 0; i < 2; i++)
		if (v[i].type != MP_LWM2M_INTEGER || v[i].integer < 0 || v[i].integer > 255)
			return -EBADMSG;
	*ret = MP_LWM2M_VERSION(v[0].integer, v[1].integer);
	return 0;
}

/* ---- objects ---- */

/* Where the versions of this object begin. */
static size_t first_of(const struct mp_lwm2m_model *model, uint16_t id)
{
	size_t low = 0, high = model->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (model->objects[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* How far a version is from the wanted one: older ones are nearer than newer ones. */
static unsigned distance(uint16_t version, uint16_t wanted)
{
	if (wanted == 0)
		wanted = UINT16_MAX;
	return version <= wanted ? (unsigned)(wanted - version) : 65536u + version - wanted;
}

const struct mp_lwm2m_object *mp_lwm2m_model_object(const struct mp_lwm2m_model *model, uint16_t id,
						    uint16_t version)
{
	const struct mp_lwm2m_object *best = NULL;

	for (; model; model = model->next)
		for (size_t i = first_of(model, id); i < model->n && model->objects[i].id == id;
		     i++)
			if (!best || distance(model->objects[i].version, version) <
					     distance(best->version, version))
				best = &model->objects[i];
	return best;
}

const struct mp_lwm2m_resource *mp_lwm2m_object_resource(const struct mp_lwm2m_object *object,
							 uint16_t id)
{
	size_t low = 0, high = object->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (object->resources[middle].id == id)
			return &object->resources[middle];
		if (object->resources[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct mp_lwm2m_resource *mp_lwm2m_model_resource(const struct mp_lwm2m_model *model,
							const struct mp_lwm2m_path *path,
							uint16_t version)
{
	const struct mp_lwm2m_object *object;

	if (path->n < MP_LWM2M_RESOURCE)
		return NULL;
	object = mp_lwm2m_model_object(model, path->id[0], version);
	return object ? mp_lwm2m_object_resource(object, path->id[2]) : NULL;
}

/* The object behind `before` in the same table, or the first of the tables after it. */
static const struct mp_lwm2m_object *step(const struct mp_lwm2m_model *model,
					  const struct mp_lwm2m_object *before)
{
	bool found = !before;

	for (; model; model = model->next)
		for (size_t i = 0; i < model->n; i++) {
			if (found)
				return &model->objects[i];
			found = &model->objects[i] == before;
		}
	return NULL;
}

const struct mp_lwm2m_object *mp_lwm2m_model_next(const struct mp_lwm2m_model *model,
						  const struct mp_lwm2m_object *before)
{
	const struct mp_lwm2m_object *o = before;

	while ((o = step(model, o)) && o != mp_lwm2m_model_object(model, o->id, 0))
		;
	return o;
}
