/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - object 9, Software Management: the services of the release that runs, to be read alone
 *
 * They come and go with the release, so nothing can be written or executed here: an instance each,
 * in the manifest's order, its version the first digits of its image's id.
 */
#include <errno.h>
#include <stdio.h>

#include "worker.h"

void service_add(struct worker *w, const char *name, const char *image)
{
	struct service *s = &w->services[w->n_services];

	if (w->n_services == SERVICES)
		return;
	w->n_services++;
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->version, sizeof(s->version), "%.12s", image);
	if (w->client)
		mp_lwm2m_client_instances_changed(w->client, 9);
}

static int32_t next(void *user, int32_t after)
{
	const struct worker *w = user;

	return after + 1 < (int32_t)w->n_services ? after + 1 : -1;
}

static int read_service(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct worker *w = user;
	const struct service *s = &w->services[instance];

	switch (resource) {
	case 0:
		return mp_lwm2m_give(out, mp_lwm2m_string(s->name));
	case 1:
		return mp_lwm2m_give(out, mp_lwm2m_string(s->version));
	case 7:
		return mp_lwm2m_give(out, mp_lwm2m_integer(MP_LWM2M_SOFTWARE_INSTALLED));
	case 9:
		return mp_lwm2m_give(out, mp_lwm2m_integer(MP_LWM2M_SOFTWARE_SUCCESS));
	case 12:
		return mp_lwm2m_give(out, mp_lwm2m_boolean(true));
	default:
		return -ENOENT;
	}
}

static const uint16_t resources[] = {0, 1, 7, 9, 12};

const struct mp_lwm2m_class service_class = {
	.id = 9, .resources = resources, .n_resources = 5, .next = next, .read = read_service};
