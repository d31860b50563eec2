/* SPDX-License-Identifier: Apache-2.0
 * model.h - what objects and their resources mean: names, types, operations
 *
 *     const struct mp_lwm2m_object *o = mp_lwm2m_model_object(&mp_lwm2m_builtin, 3, 0);
 *     const struct mp_lwm2m_resource *r = mp_lwm2m_object_resource(o, 9);     // r->name: "Battery Level"
 *     r = mp_lwm2m_model_resource(model, &mp_lwm2m_path(3, 0, 9), version);
 *     mp_lwm2m_model_path(model, "device/0/battery level", &path);            // /3/0/9
 *
 * A model is a table of objects and, behind it, the next model: the one built in, or loaded ones
 * (ddf/ddf.h) in front of it. Tables are constant; nothing is allocated here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/path.h"
#include "lwm2m/value.h"

enum mp_lwm2m_operation { MP_LWM2M_R = 1, MP_LWM2M_W = 2, MP_LWM2M_E = 4, MP_LWM2M_RW = 3 };

struct mp_lwm2m_resource {
	const char *name;
	const char *range; /* "0-100", as the definition has it; NULL: none */
	const char *units; /* "%", "Cel" (RFC 8428); NULL: none */
	uint16_t id;
	uint8_t type; /* enum mp_lwm2m_type */
	uint8_t operations; /* MP_LWM2M_R | …; 0: for bootstrap servers alone */
	bool multiple, mandatory;
};

/* 1.1 is MP_LWM2M_VERSION(1, 1). */
#define MP_LWM2M_VERSION(major, minor) ((uint16_t)((major) << 8 | (minor)))

struct mp_lwm2m_object {
	const char *name;
	const struct mp_lwm2m_resource *resources; /* in the order of their ids */
	uint16_t n;
	uint16_t id;
	uint16_t version;
	bool multiple, mandatory;
};

struct mp_lwm2m_model {
	const struct mp_lwm2m_object *objects; /* in the order of ids, then of versions */
	size_t n;
	const struct mp_lwm2m_model *next; /* asked where this one does not know; NULL */
};
extern const struct mp_lwm2m_model mp_lwm2m_builtin;

/* "1.1". -EBADMSG. */
int mp_lwm2m_version_parse(const char *text, size_t len, uint16_t *ret);

/* This version of it; where there is none, the newest before it, else the oldest. Version 0: the
 * newest. NULL: unknown. */
const struct mp_lwm2m_object *mp_lwm2m_model_object(const struct mp_lwm2m_model *model, uint16_t id,
						    uint16_t version);
const struct mp_lwm2m_resource *mp_lwm2m_object_resource(const struct mp_lwm2m_object *object,
							 uint16_t id); /* NULL */
/* That of a path with three or four levels. NULL: unknown. */
const struct mp_lwm2m_resource *mp_lwm2m_model_resource(const struct mp_lwm2m_model *model,
							const struct mp_lwm2m_path *path,
							uint16_t version);

/* Walk all objects of the chain, each once, newest version, in no special order:
 * while ((o = mp_lwm2m_model_next(model, o))) */
const struct mp_lwm2m_object *mp_lwm2m_model_next(const struct mp_lwm2m_model *model,
						  const struct mp_lwm2m_object *before);

/* A path from names or numbers: "/3/0/9", "3/0/battery-level", "Device/0/Battery Level", and, where
 * an object name is followed by a resource name at once, instance 0: "Device/Manufacturer". Case,
 * blanks, '-' and '_' in names are ignored. 0, -EBADMSG: no path, -ENOENT: no such name. */
int mp_lwm2m_model_path(const struct mp_lwm2m_model *model, const char *text,
			struct mp_lwm2m_path *ret);
/* "Device/0/Battery Level"; numbers where there is no name. Its length, -ENOSPC. */
int mp_lwm2m_model_path_format(const struct mp_lwm2m_model *model, const struct mp_lwm2m_path *path,
			       char *text, size_t room);

/* Does the value fit the range ("0-100", "1..255", lengths in bytes of strings and opaque)? Ranges that
 * are not plain numbers allow everything. */
bool mp_lwm2m_resource_allows(const struct mp_lwm2m_resource *r, const struct mp_lwm2m_value *v);
