/* SPDX-License-Identifier: Apache-2.0
 * Software (object 9): installed while the device runs, and then activated. */
#include <errno.h>

#include "device.h"

void software_due(struct part *p)
{
	enum fate fate = image_fate(p);

	p->tries++;
	p->will_roll_back = fate == FATE_ROLLED_BACK;
	if (fate == FATE_FAILED) {
		mp_lwm2m_software_installed(p->software, -EIO);
		return;
	}
	image_take(p);
	mp_lwm2m_software_installed(p->software, 0);
	image_note(p, MP_LWM2M_RESULT_SUCCESS);
}

/* The power went while it was being installed. */
void software_boot(struct part *p)
{
	mp_lwm2m_software_installed(p->software, -EIO);
}

static int install(void *user)
{
	return image_install(user);
}

static int uninstall(void *user)
{
	struct part *p = user;

	p->version[0] = 0;
	return 0;
}

/* One that cannot be rolled back to anything does not start at all. */
static int activate(void *user, bool on)
{
	struct part *p = user;

	if (on && p->will_roll_back) {
		fleet_tell(p->device->fleet, p->device, "update",
			   "the new version did not come up");
		return -EIO;
	}
	return 0;
}

/* The result of object 5 that says the same. */
static unsigned as_firmware(uint8_t result)
{
	switch (result) {
	case MP_LWM2M_SOFTWARE_NO_STORAGE:
		return MP_LWM2M_RESULT_NO_FLASH;
	case MP_LWM2M_SOFTWARE_NO_MEMORY:
		return MP_LWM2M_RESULT_NO_MEMORY;
	case MP_LWM2M_SOFTWARE_CONNECTION_LOST:
		return MP_LWM2M_RESULT_CONNECTION_LOST;
	case MP_LWM2M_SOFTWARE_INTEGRITY:
		return MP_LWM2M_RESULT_INTEGRITY;
	case MP_LWM2M_SOFTWARE_PACKAGE_TYPE:
		return MP_LWM2M_RESULT_PACKAGE_TYPE;
	case MP_LWM2M_SOFTWARE_URI:
		return MP_LWM2M_RESULT_URI;
	default:
		return MP_LWM2M_RESULT_FAILED;
	}
}

static void note_result(void *user, uint8_t state, uint8_t result, bool active)
{
	struct part *p = user;

	(void)active;
	if (result < MP_LWM2M_SOFTWARE_NO_STORAGE)
		return;
	if (state == MP_LWM2M_SOFTWARE_INITIAL)
		p->tries++; /* the next try has a fate of its own */
	image_note(p, as_firmware(result));
}

static const char *name(void *user)
{
	(void)user;
	return "mp-sim";
}

/* Of the package: there before it is installed. */
static const char *version(void *user)
{
	const struct part *p = user;

	switch (p->software->state) {
	case MP_LWM2M_SOFTWARE_DELIVERED:
		return p->next;
	case MP_LWM2M_SOFTWARE_INSTALLED:
		return p->version;
	default:
		return NULL;
	}
}

const struct mp_lwm2m_software_provider software_provider = {
	.write = image_write,
	.end = image_end,
	.pull = image_pull,
	.drop = image_drop,
	.install = install,
	.uninstall = uninstall,
	.activate = activate,
	.save = note_result,
	.name = name,
	.version = version,
};
