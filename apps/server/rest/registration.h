/* SPDX-License-Identifier: Apache-2.0
 * registration.h - a registration as the JSON of /api/v1, for answers and events
 *
 *     call_reply(c, 200, registration_whole_json(s->lwm2m, r));
 */
#pragma once

#include "json/json.h"
#include "lwm2m/path.h"

struct lwm2m;
struct registration;

/* Both give NULL when memory is out. The whole has objects, attributes and observations as well. */
struct mp_json *registration_json(const struct registration *r);
struct mp_json *registration_whole_json(const struct lwm2m *l, const struct registration *r);

/* [{"id": 3, "name": "Device", "version": "1.1", "instances": [0]}]; without names when `l` is NULL. */
struct mp_json *registration_objects_json(const struct lwm2m *l, const struct registration *r);

/* ["/3/0/9", "/1/0"] */
struct mp_json *paths_json(const struct mp_lwm2m_path *paths, size_t n);
/* {"name": "value"} of "name=value&…"; NULL text: {}. */
struct mp_json *attributes_json(const char *text);
