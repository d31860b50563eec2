/* SPDX-License-Identifier: Apache-2.0 */
/* service.c - object 9, Software Management: the services of the release that runs, to be read alone
 *
 * They come and go with the release, so nothing can be written or executed here: an instance each,
 * in the manifest's order, its version the first digits of its image's id. Active is one whose container is
 * healthy, as the supervisor has heard last.
 */
#include <errno.h>
#include <stdio.h>

#include "base/str.h"
#include "worker.h"

#define ACTIVATION 12 /* Activation State */

static struct service *find(struct worker *w, const char *name)
{
	for (unsigned i = 0; i < w->n_services; i++)
		if (mp_streq(w->services[i].name, name))
			return &w->services[i];
	return NULL;
}

void service_tell(struct worker *w, const char *name, const char *image, bool healthy)
{
	struct service *s = find(w, name);
	bool is_new = !s;

	if (is_new && w->n_services == SERVICES)
		return;
	if (is_new)
		s = &w->services[w->n_services++];
	snprintf(s->name, sizeof(s->name), "%s", name);
	snprintf(s->version, sizeof(s->version), "%.12s", image);
	s->is_healthy = healthy;
	if (w->client && is_new)
		mp_lwm2m_client_instances_changed(w->client, 9);
	else if (w->client)
		mp_lwm2m_client_changed(w->client,
					&mp_lwm2m_path(9, (uint16_t)(s - w->services), ACTIVATION));
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
	case ACTIVATION:
		return mp_lwm2m_give(out, mp_lwm2m_boolean(s->is_healthy));
	default:
		return -ENOENT;
	}
}

static const uint16_t resources[] = {0, 1, 7, 9, ACTIVATION};

const struct mp_lwm2m_class service_class = {
	.id = 9, .resources = resources, .n_resources = 5, .next = next, .read = read_service};
