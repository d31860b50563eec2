/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/registration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lwm2m/link.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/model.h"
#include "lwm2m/observations.h"
#include "lwm2m/registry.h"

#define LINKS_MAX 4096 /* instances that are shown of one device */

struct mp_json *paths_json(const struct mp_lwm2m_path *paths, size_t n)
{
	auto_(mp_json) *items = mp_json_new_array();
	char text[MP_LWM2M_PATH_TEXT];

	for (size_t i = 0; i < n; i++) {
		mp_lwm2m_path_format(&paths[i], text);
		if (mp_json_append(items, mp_json_new_str(text)) < 0)
			return NULL;
	}
	return take_ptr(items);
}

struct mp_json *attributes_json(const char *text)
{
	auto_(mp_json) *j = mp_json_new_object();

	while (text && *text) {
		size_t len = strcspn(text, "&"), name_len = strcspn(text, "=&");
		auto_free char *name = strndup(text, name_len);
		auto_free char *value = name_len < len
						? strndup(text + name_len + 1, len - name_len - 1)
						: strdup("");

		if (!name || !value || mp_json_put_str(j, name, value) < 0)
			return NULL;
		text += len + (text[len] == '&');
	}
	return take_ptr(j);
}

/* ---- objects: the links in the order of their paths ---- */

static int by_path(const void *a, const void *b)
{
	return mp_lwm2m_path_compare(a, b);
}

static size_t take_links(const struct registration *r, struct mp_lwm2m_path *paths)
{
	struct mp_lwm2m_links walk;
	struct mp_lwm2m_link link;
	size_t n = 0, len;
	const char *text = registration_links(r, &len);

	mp_lwm2m_links(&walk, text, len);
	while (n < LINKS_MAX && mp_lwm2m_link_next(&walk, &link) > 0)
		if (link.has_path && (link.path.n == 1 || link.path.n == 2))
			paths[n++] = link.path;
	qsort(paths, n, sizeof(*paths), by_path);
	return n;
}

static struct mp_json *object_json(const struct lwm2m *l, const struct registration *r, uint16_t id)
{
	uint16_t version = registration_object_version(r, id);
	const struct mp_lwm2m_object *known =
		l ? mp_lwm2m_model_object(l->model, id, version) : NULL;
	auto_(mp_json) *j = mp_json_new_object();
	char text[16];
	int n = mp_json_put_int(j, "id", id);

	if (known)
		n |= mp_json_put_str(j, "name", known->name);
	if (version) {
		snprintf(text, sizeof(text), "%d.%d", version >> 8, version & 255);
		n |= mp_json_put_str(j, "version", text);
	}
	return n ? NULL : take_ptr(j);
}

struct mp_json *registration_objects_json(const struct lwm2m *l, const struct registration *r)
{
	auto_free struct mp_lwm2m_path *paths = calloc(LINKS_MAX, sizeof(*paths));
	auto_(mp_json) *items = mp_json_new_array();
	size_t n = paths ? take_links(r, paths) : 0;

	if (!paths)
		return NULL;
	for (size_t i = 0; i < n;) {
		uint16_t id = paths[i].id[0];
		struct mp_json *j = object_json(l, r, id), *instances = mp_json_new_array();
		int e = j && instances ? 0 : -1;

		for (; i < n && paths[i].id[0] == id; i++)
			if (e == 0 && paths[i].n == 2)
				e = mp_json_append(instances, mp_json_new_int(paths[i].id[1]));
		if (e == 0)
			e = mp_json_put(j, "instances", take_ptr(instances));
		mp_json_free(instances);
		if (e < 0) {
			mp_json_free(j);
			return NULL;
		}
		if (mp_json_append(items, j) < 0)
			return NULL;
	}
	return take_ptr(items);
}

static struct mp_json *observations_json(const struct registration *r)
{
	auto_(mp_json) *items = mp_json_new_array();

	for (const struct observation *o = observations_of(r); o; o = o->next) {
		struct mp_json *j = mp_json_new_object();
		int n = mp_json_put(j, "paths", paths_json(o->paths, o->n));

		n |= mp_json_put_bool(j, "composite", o->is_composite);
		n |= mp_json_put_int(j, "notifications", o->notifications);
		if (n) {
			mp_json_free(j);
			return NULL;
		}
		if (mp_json_append(items, j) < 0)
			return NULL;
	}
	return take_ptr(items);
}

/* ---- the whole ---- */

static int put_basics(const struct registration *r, struct mp_json *j)
{
	char text[MP_NET_ADDRESS_TEXT], location[REGISTRATION_LOCATION];
	char binding[REGISTRATION_BINDING], version[16];
	int n = mp_json_put_str(j, "endpoint", r->endpoint);

	registration_location(r, location);
	registration_binding(r, binding);
	snprintf(version, sizeof(version), "%d.%d", r->version >> 8, r->version & 255);
	n |= mp_json_put_str(j, "location", location);
	n |= mp_json_put_str(j, "version", version);
	if (registration_profile(r))
		n |= mp_json_put_str(j, "profile", registration_profile(r));
	n |= mp_json_put_str(j, "binding", binding);
	n |= mp_json_put_int(j, "lifetime", r->lifetime);
	n |= mp_json_put_int(j, "registered", r->registered / 1000);
	n |= mp_json_put_int(j, "updated", r->updated / 1000);
	n |= mp_json_put_int(j, "expires", registration_expires(r) / 1000);
	mp_net_address_format(&r->remote.address, text);
	n |= mp_json_put_str(j, "address", text);
	n |= mp_json_put_bool(j, "secure", registration_is_secure(r));
	n |= mp_json_put_bool(j, "queue_mode", (r->binding & BINDING_Q) != 0);
	n |= mp_json_put_bool(j, "sleeping", !registration_is_awake(r));
	return n;
}

struct mp_json *registration_json(const struct registration *r)
{
	struct mp_json *j = mp_json_new_object();

	if (put_basics(r, j) == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

struct mp_json *registration_whole_json(const struct lwm2m *l, const struct registration *r)
{
	auto_(mp_json) *j = registration_json(r);
	int n = mp_json_put(j, "objects", registration_objects_json(l, r));

	n |= mp_json_put(j, "attributes", attributes_json(r->attributes));
	n |= mp_json_put(j, "observations", observations_json(r));
	return n ? NULL : take_ptr(j);
}
