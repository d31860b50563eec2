/* SPDX-License-Identifier: Apache-2.0
 * Every endpoint is a device of the fleet. Registering must not wait for that, so devices are made
 * here, some each second; after a restart the registry says again who still has none. */
#include "devices.h"
#include "server.h"
#include "inside.h"
#include "interview.h"
#include "lwm2m.h"
#include "registry_edit.h"

#define SLICE 4000 /* devices made in a second */
#define LOOK 50000 /* registrations looked at in a second */

static bool make(struct server *s, struct registration *r)
{
	struct device *d = devices_find(s->devices, r->endpoint);

	if (!d && devices_add(s, r->endpoint, &d) < 0) {
		server_write_failed(s);
		return false;
	}
	interview_wanted(s, d);
	r->is_device = true;
	return true;
}

void fleet_tick(struct lwm2m *l)
{
	struct registration *r = registry_from(l->registry, l->device_at);
	unsigned made = 0;

	for (unsigned n = 0; r && n < LOOK && made < SLICE; n++) {
		if (!r->is_device && devices_find(l->server->devices, r->endpoint))
			r->is_device = true;
		if (!r->is_device && (made++, !make(l->server, r)))
			return;
		l->device_at = r->slot + 1;
		r = registry_next(l->registry, r);
	}
	if (!r)
		l->device_at = 0; /* once around */
}
