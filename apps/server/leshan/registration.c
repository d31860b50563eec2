/* SPDX-License-Identifier: Apache-2.0
 * Registrations and links as Leshan shows them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "leshan/leshan.h"
#include "leshan/links.h"
#include "lwm2m/link.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"
#include "rest/registration.h"

/* ---- links ---- */

/* Quoted values keep their quotes in a registration; Discover shows them the same way. */
static struct mp_json *attribute_value_json(const struct mp_lwm2m_attribute *a)
{
	auto_free char *text = NULL;

	if (!a->value)
		return mp_json_new_null();
	if (a->quoted)
		text = malloc(a->value_len + 3);
	else
		text = strndup(a->value, a->value_len);
	if (!text)
		return NULL;
	if (a->quoted) {
		text[0] = '"';
		memcpy(text + 1, a->value, a->value_len);
		strcpy(text + 1 + a->value_len, "\"");
	}
	return mp_json_new_str(text);
}

static struct mp_json *link_json(struct mp_lwm2m_link *link)
{
	struct mp_json *j = mp_json_new_object(), *attributes = mp_json_new_object();
	auto_free char *url = strndup(link->target, link->target_len);
	struct mp_lwm2m_attribute a;
	int r = url ? mp_json_put_str(j, "url", url) : -1;

	while (r == 0 && mp_lwm2m_link_attribute(link, &a)) {
		auto_free char *name = strndup(a.name, a.name_len);

		r = name ? mp_json_put(attributes, name, attribute_value_json(&a)) : -1;
	}
	r |= mp_json_put(j, "attributes", attributes);
	if (r == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

struct mp_json *leshan_links_json(const char *text, size_t len)
{
	auto_(mp_json) *items = mp_json_new_array();
	struct mp_lwm2m_links walk;
	struct mp_lwm2m_link link;

	mp_lwm2m_links(&walk, text, len);
	while (mp_lwm2m_link_next(&walk, &link) > 0)
		if (mp_json_append(items, link_json(&link)) < 0)
			return NULL;
	return take_ptr(items);
}

/* ---- registrations ---- */

/* {"3": [0], "3303": [0, 1]} */
static struct mp_json *instances_json(const struct registration *r)
{
	auto_(mp_json) *whole = registration_objects_json(NULL, r);
	auto_(mp_json) *j = mp_json_new_object();
	const struct mp_json *one;
	char key[8];

	if (!whole || !j)
		return NULL;
	for (size_t i = 0; (one = mp_json_at(whole, i)); i++) {
		const struct mp_json *ids = mp_json_get(one, "instances");

		if (mp_json_size(ids) == 0)
			continue;
		snprintf(key, sizeof(key), "%d", (int)mp_json_int(mp_json_get(one, "id"), 0));
		if (mp_json_put(j, key, mp_json_copy(ids)) < 0)
			return NULL;
	}
	return take_ptr(j);
}

/* "UT" for 1.0's "UQ" as well: queue mode has a member of its own. */
static int put_binding(const struct registration *r, struct mp_json *j)
{
	char binding[REGISTRATION_BINDING], *to = binding;

	registration_binding(r, binding);
	for (const char *from = binding; *from; from++)
		if (*from != 'Q')
			*to++ = *from;
	*to = '\0';
	return mp_json_put_str(j, "bindingMode", binding);
}

static int put_links(const struct registration *r, struct mp_json *j)
{
	size_t len, root_len;
	const char *text = registration_links(r, &len), *root = registration_root(r, &root_len);
	char path[128];
	int n;

	snprintf(path, sizeof(path), "%.*s/", (int)(root_len < 120 ? root_len : 120), root);
	n = mp_json_put_str(j, "rootPath", path);
	n |= mp_json_put(j, "objectLinks", leshan_links_json(text, len));
	return n;
}

struct mp_json *leshan_registration_json(const struct registration *r, enum dialect dialect)
{
	auto_(mp_json) *j = mp_json_new_object();
	char location[REGISTRATION_LOCATION], address[MP_NET_ADDRESS_TEXT], version[16];
	bool is_queue = r->binding & BINDING_Q;
	int n = mp_json_put_str(j, "endpoint", r->endpoint);

	registration_location(r, location);
	mp_net_address_format(&r->remote.address, address);
	snprintf(version, sizeof(version), "%d.%d", r->version >> 8, r->version & 255);
	n |= mp_json_put_str(j, "registrationId", location);
	n |= mp_json_put(j, "registrationDate", leshan_time_json(r->registered, dialect));
	n |= mp_json_put(j, "lastUpdate", leshan_time_json(r->updated, dialect));
	n |= mp_json_put_str(j, "address", address);
	n |= mp_json_put_str(j, "lwM2mVersion", version);
	n |= mp_json_put_int(j, "lifetime", r->lifetime);
	n |= put_binding(r, j);
	n |= put_links(r, j);
	n |= mp_json_put_bool(j, "secure", registration_is_secure(r));
	n |= mp_json_put(j, "additionalRegistrationAttributes", attributes_json(r->attributes));
	n |= mp_json_put_bool(j, "queuemode", is_queue);
	n |= mp_json_put(j, "availableInstances", instances_json(r));
	if (is_queue)
		n |= mp_json_put_bool(j, "sleeping", !registration_is_awake(r));
	return n ? NULL : take_ptr(j);
}
