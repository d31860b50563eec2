/* SPDX-License-Identifier: Apache-2.0
 * What can be read off a registration. */
#include <string.h>

#include "lwm2m/link.h"
#include "lwm2m/model.h"
#include "object_links.h"
#include "profiles.h"
#include "registry.h"

void registration_binding(const struct registration *r, char text[REGISTRATION_BINDING])
{
	static const char letters[] = "UTSNQ";
	unsigned n = 0;

	for (unsigned i = 0; letters[i]; i++)
		if (r->binding & 1u << i)
			text[n++] = letters[i];
	text[n] = '\0';
}

bool registration_is_secure(const struct registration *r)
{
	return r->peer != NULL;
}

bool registration_is_awake(const struct registration *r)
{
	if ((r->peer || r->remote.is_reliable) && !r->remote.session)
		return false;
	return !(r->binding & BINDING_Q) || r->is_awake;
}

const char *registration_links(const struct registration *r, size_t *ret_len)
{
	*ret_len = r->links ? r->links->len : 0;
	return r->links ? r->links->text : "";
}

const char *registration_profile(const struct registration *r)
{
	return r->profile ? r->profile->id : NULL;
}

const char *registration_root(const struct registration *r, size_t *ret_len)
{
	*ret_len = r->links ? r->links->root_len : 0;
	return r->links ? r->links->text + r->links->root_at : "";
}

static void walk(const struct registration *r, struct mp_lwm2m_links *ret)
{
	size_t len;
	const char *text = registration_links(r, &len);

	mp_lwm2m_links(ret, text, len);
}

bool registration_has(const struct registration *r, const struct mp_lwm2m_path *path)
{
	struct mp_lwm2m_path top = mp_lwm2m_path_top(path, path->n < 2 ? path->n : 2);
	struct mp_lwm2m_links links;
	struct mp_lwm2m_link link;

	if (path->n == 0)
		return true;
	walk(r, &links);
	while (mp_lwm2m_link_next(&links, &link) > 0)
		if (link.has_path && link.path.n > 0 && mp_lwm2m_path_is_below(&link.path, &top))
			return true;
	return false;
}

uint16_t registration_object_version(const struct registration *r, uint16_t object)
{
	struct mp_lwm2m_links links;
	struct mp_lwm2m_link link;
	struct mp_lwm2m_attribute a;
	uint16_t version;

	walk(r, &links);
	while (mp_lwm2m_link_next(&links, &link) > 0)
		if (link.has_path && link.path.n > 0 && link.path.id[0] == object &&
		    mp_lwm2m_link_find(&link, "ver", &a) && a.value &&
		    mp_lwm2m_version_parse(a.value, a.value_len, &version) == 0)
			return version;
	return 0;
}
