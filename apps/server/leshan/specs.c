/* SPDX-License-Identifier: Apache-2.0
 * /api/objectspecs: the object model of what a client has. */
#include <stdio.h>
#include <string.h>

#include "leshan/leshan.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/model.h"
#include "lwm2m/registry.h"
#include "rest/registration.h"
#include "server.h"

static struct mp_json *resource_json(const struct mp_lwm2m_resource *r)
{
	static const char *const operations[] = {"", "R", "W", "RW", "E", "E", "E", "E"};
	static const char *const types[] = {
		[MP_LWM2M_NONE] = "none",	[MP_LWM2M_STRING] = "string",
		[MP_LWM2M_INTEGER] = "integer", [MP_LWM2M_UNSIGNED] = "unsigned_integer",
		[MP_LWM2M_FLOAT] = "float",	[MP_LWM2M_BOOLEAN] = "boolean",
		[MP_LWM2M_OPAQUE] = "opaque",	[MP_LWM2M_TIME] = "time",
		[MP_LWM2M_OBJLNK] = "objlnk",	[MP_LWM2M_CORELNK] = "corelink",
	};
	auto_(mp_json) *j = mp_json_new_object();
	int n = mp_json_put_int(j, "id", r->id);

	n |= mp_json_put_str(j, "name", r->name);
	n |= mp_json_put_str(j, "operations", operations[r->operations & 7]);
	n |= mp_json_put_str(j, "instancetype", r->multiple ? "multiple" : "single");
	n |= mp_json_put_bool(j, "mandatory", r->mandatory);
	n |= mp_json_put_str(j, "type", types[r->type]);
	n |= mp_json_put_str(j, "range", r->range ? r->range : "");
	n |= mp_json_put_str(j, "units", r->units ? r->units : "");
	n |= mp_json_put_str(j, "description", "");
	return n ? NULL : take_ptr(j);
}

static struct mp_json *object_json(const struct mp_lwm2m_object *o)
{
	auto_(mp_json) *j = mp_json_new_object();
	struct mp_json *resources = mp_json_new_array();
	char version[16];
	int n = mp_json_put_str(j, "name", o->name);

	snprintf(version, sizeof(version), "%d.%d", o->version >> 8, o->version & 255);
	n |= mp_json_put_int(j, "id", o->id);
	n |= mp_json_put_str(j, "instancetype", o->multiple ? "multiple" : "single");
	n |= mp_json_put_bool(j, "mandatory", o->mandatory);
	n |= mp_json_put_str(j, "version", version);
	n |= mp_json_put_str(j, "description", "");
	for (unsigned i = 0; i < o->n; i++)
		n |= mp_json_append(resources, resource_json(&o->resources[i]));
	n |= mp_json_put(j, "resourcedefs", resources);
	return n ? NULL : take_ptr(j);
}

void leshan_get_specs(struct call *c)
{
	const struct registration *r = leshan_client(c);
	auto_(mp_json) *has = r ? registration_objects_json(c->server->lwm2m, r) : NULL;
	struct mp_json *items;
	const struct mp_json *one;
	int n = has ? 0 : -1;

	if (!r)
		return;
	items = mp_json_new_array();
	for (size_t i = 0; n == 0 && (one = mp_json_at(has, i)); i++) {
		uint16_t id = (uint16_t)mp_json_int(mp_json_get(one, "id"), 0);
		const struct mp_lwm2m_object *o = mp_lwm2m_model_object(
			c->server->lwm2m->model, id, registration_object_version(r, id));

		if (o)
			n = mp_json_append(items, object_json(o));
	}
	if (n < 0) {
		mp_json_free(items);
		items = NULL;
	}
	call_reply(c, 200, items);
}
