/* SPDX-License-Identifier: Apache-2.0
 * Firmware (object 5) and components (33629): what was installed runs after a reboot, or does not. Those that
 * were told to update at the same time share the reboot; linked ones stand and fall together. */
#include "curve.h"
#include "device.h"

static bool is_updating(const struct part *p)
{
	return p->firmware->state == MP_LWM2M_UPDATE_UPDATING;
}

static int update(void *user)
{
	return image_install(user);
}

/* Those that are linked with one that failed go back to what they were. */
static void fail_with(struct parts *t, const struct part *failed)
{
	for (uint8_t i = 0; t->are_linked && i < t->n; i++)
		if (&t->part[i] != failed && is_updating(&t->part[i]))
			mp_lwm2m_firmware_updated(t->part[i].firmware, MP_LWM2M_RESULT_CONFLICT);
}

static bool are_installed(const struct parts *t)
{
	bool any = false;

	for (uint8_t i = 0; i < t->n; i++) {
		any |= is_updating(&t->part[i]);
		if (t->part[i].installed_at != INT64_MAX)
			return false;
	}
	return any;
}

void firmware_due(struct part *p)
{
	struct device *d = p->device;
	enum fate fate = image_fate(p);

	p->tries++;
	p->will_roll_back = fate == FATE_ROLLED_BACK;
	if (fate == FATE_FAILED) {
		mp_lwm2m_firmware_updated(p->firmware, MP_LWM2M_RESULT_FAILED);
		fail_with(d->parts, p);
	}
	if (are_installed(d->parts))
		device_reboot(d, 2 + 3 * chance(d->seed, 400u + p->tries));
}

/* Up again: with the new version, or with the old one because the new one did not come up. */
static void come_up(struct part *p, bool with_others)
{
	struct fleet *f = p->device->fleet;

	if (!p->will_roll_back && with_others) {
		image_take(p);
		mp_lwm2m_firmware_updated(p->firmware, MP_LWM2M_RESULT_SUCCESS);
		return;
	}
	fleet_counts(f)->rolled_back++;
	fleet_tell(f, p->device, "update", "the new version did not come up");
	mp_lwm2m_firmware_updated(p->firmware, p->will_roll_back ? MP_LWM2M_RESULT_FAILED
								 : MP_LWM2M_RESULT_CONFLICT);
}

void firmware_boot(struct parts *t)
{
	bool all_good = true;

	for (uint8_t i = 0; t->are_linked && i < t->n; i++)
		all_good &= !is_updating(&t->part[i]) || !t->part[i].will_roll_back;
	for (uint8_t i = 0; i < t->n; i++)
		if (is_updating(&t->part[i]))
			come_up(&t->part[i], all_good);
}

static void note_result(void *user, uint8_t state, uint8_t result, const char *uri)
{
	struct part *p = user;

	(void)uri;
	if (state != MP_LWM2M_UPDATE_IDLE || result < MP_LWM2M_RESULT_SUCCESS || result >= RESULTS)
		return;
	if (result != MP_LWM2M_RESULT_SUCCESS && result != MP_LWM2M_RESULT_FAILED &&
	    result != MP_LWM2M_RESULT_CONFLICT)
		p->tries++; /* the next try has a fate of its own */
	image_note(p, result);
}

const char *firmware_version(void *part)
{
	const struct part *p = part;

	return p->version;
}

/* Of the image that is there, as object 33629 has it; else of what runs. */
static const char *package_version(void *part)
{
	const struct part *p = part;

	if (p->firmware->state < MP_LWM2M_UPDATE_DOWNLOADED)
		return p->version;
	return p->has_next ? p->next : NULL;
}

static const char *name(void *user)
{
	(void)user;
	return "mp-sim";
}

const struct mp_lwm2m_firmware_provider firmware_provider = {
	.delivery = 2,
	.protocols = 3, /* coap, coaps */
	.write = image_write,
	.end = image_end,
	.pull = image_pull,
	.drop = image_drop,
	.update = update,
	.save = note_result,
	.name = name,
	.version = package_version,
};
