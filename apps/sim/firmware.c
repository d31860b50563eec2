/* SPDX-License-Identifier: Apache-2.0
 * A simulated firmware update: the download is real, the rest is waiting, and some of it goes wrong as the seed
 * says. A package may begin with the line "mp-sim VERSION"; others install the version of the options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "curve.h"
#include "device.h"
#include "uri.h"

enum fate { FATE_GOOD, FATE_FLASH, FATE_MEMORY, FATE_INTEGRITY, FATE_FAILED, FATE_ROLLED_BACK };

/* What comes of this try, decided before it begins. */
static enum fate fate_of(const struct device *d)
{
	static const enum fate bad[] = {FATE_FLASH, FATE_INTEGRITY, FATE_FAILED, FATE_ROLLED_BACK,
					FATE_MEMORY};
	double luck = chance(d->seed, 100u + d->updates);

	if (luck * 100 >= fleet_options(d->fleet)->firmware_fail)
		return FATE_GOOD;
	return bad[(size_t)(5 * chance(d->seed, 200u + d->updates)) % 5];
}

static void read_version(struct device *d, const char *data, size_t len)
{
	static const char word[] = "mp-sim ";
	const size_t skip = sizeof(word) - 1;
	size_t n = 0;

	d->has_next = false;
	if (len < skip || memcmp(data, word, skip) != 0)
		return;
	while (skip + n < len && n + 1 < VERSION_SIZE && data[skip + n] > ' ')
		n++;
	memcpy(d->next, data + skip, n);
	d->next[n] = 0;
	d->has_next = mp_version_is_valid(d->next);
}

static int write_package(void *user, uint64_t offset, const void *data, size_t len)
{
	struct device *d = user;

	if (offset == 0) {
		fleet_counts(d->fleet)->packages++;
		read_version(d, data, len);
		fleet_tell(d->fleet, d, "download", "begun");
		if (fate_of(d) == FATE_FLASH)
			return -ENOSPC;
	}
	return fate_of(d) == FATE_MEMORY && offset + len > 4096 ? -ENOMEM : 0;
}

static int end_package(void *user)
{
	struct device *d = user;

	fleet_tell(d->fleet, d, "download", "whole");
	return fate_of(d) == FATE_INTEGRITY ? -EBADMSG : 0;
}

/* ---- pull: from the server that we are registered with, or in clear from any that has an address ---- */

static int take_part(void *user, uint64_t offset, const void *data, size_t len)
{
	return write_package(user, offset, data, len);
}

static void pulled(void *user, const struct mp_coap_answer *a)
{
	struct device *d = user;
	int r = -ETIMEDOUT;

	d->download = NULL;
	if (a->outcome == MP_COAP_CANCELED)
		return;
	if (a->outcome == MP_COAP_ANSWERED)
		r = a->code == MP_COAP_CONTENT ? end_package(d) : -EINVAL;
	else if (a->outcome == MP_COAP_BROKEN) /* given up by take_part() */
		r = fate_of(d) == FATE_FLASH ? -ENOSPC : -ENOMEM;
	mp_lwm2m_firmware_downloaded(&d->firmware, r);
}

/* What comes from elsewhere over DTLS would need a session there. */
static void go_elsewhere(const struct device *d, const char *uri, size_t len,
			 struct mp_coap_remote *remote)
{
	auto_free char *base = strndup(uri, len);
	struct mp_net_address there;
	struct mp_err err = {0};
	bool secure;

	if (base && !fleet_options(d->fleet)->secure &&
	    uri_parse(base, &there, &secure, &err) == 0 && !secure)
		remote->address = there;
}

static int pull(void *user, const char *uri)
{
	struct device *d = user;
	const char *path = strchr(strstr(uri, "://") + 3, '/');
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path ? path + 1 : "");
	struct mp_coap_remote remote;

	if (!path || !fleet_remote(d->fleet, d, &remote))
		return -EINVAL;
	go_elsewhere(d, uri, (size_t)(path - uri), &remote);
	ask.sink = take_part;
	ask.handler = pulled;
	ask.user = d;
	return mp_coap_send(fleet_coap(d->fleet), &remote, &ask, &d->download);
}

static void drop(void *user)
{
	struct device *d = user;

	if (d->download)
		mp_coap_cancel(d->download);
	d->at[INSTALLED] = INT64_MAX;
	device_plan(d);
}

/* ---- installing ---- */

static int update(void *user)
{
	struct device *d = user;
	const struct fleet_options *o = fleet_options(d->fleet);
	double seconds = o->firmware_seconds * (0.5 + chance(d->seed, 300u + d->updates));

	d->at[INSTALLED] = fleet_now_ms(d->fleet) + (int64_t)(seconds * 1000);
	device_plan(d);
	fleet_tell(d->fleet, d, "update", "begun");
	return 0;
}

void firmware_due(struct device *d)
{
	enum fate fate = fate_of(d);

	d->updates++;
	if (fate == FATE_FAILED) {
		mp_lwm2m_firmware_updated(&d->firmware, MP_LWM2M_RESULT_FAILED);
		return;
	}
	d->will_roll_back = fate == FATE_ROLLED_BACK;
	device_reboot(d, 2 + 3 * chance(d->seed, 400u + d->updates));
}

/* Up again: with the new version, or with the old one because the new one did not come up. */
void firmware_boot(struct device *d)
{
	struct fleet_counts *counts = fleet_counts(d->fleet);

	if (d->firmware.state != MP_LWM2M_UPDATE_UPDATING)
		return;
	if (d->will_roll_back) {
		counts->rolled_back++;
		fleet_tell(d->fleet, d, "update", "the new version did not come up");
		mp_lwm2m_firmware_updated(&d->firmware, MP_LWM2M_RESULT_FAILED);
		return;
	}
	memcpy(d->version, d->next, sizeof(d->version));
	if (!d->has_next)
		(void)snprintf(d->version, sizeof(d->version), "%s",
			       fleet_options(d->fleet)->firmware_version);
	counts->installed++;
	fleet_tell(d->fleet, d, "update", d->version);
	mp_lwm2m_firmware_updated(&d->firmware, MP_LWM2M_RESULT_SUCCESS);
}

static void note_result(void *user, uint8_t state, uint8_t result, const char *uri)
{
	struct device *d = user;

	(void)uri;
	if (state != MP_LWM2M_UPDATE_IDLE || result < MP_LWM2M_RESULT_SUCCESS || result >= 12)
		return;
	fleet_counts(d->fleet)->results[result]++;
	if (result != MP_LWM2M_RESULT_SUCCESS && result != MP_LWM2M_RESULT_FAILED)
		d->updates++; /* the next try has a fate of its own */
	fleet_tell(d->fleet, d, "result", mp_lwm2m_update_result_text(result));
}

static const char *version(void *user)
{
	struct device *d = user;

	return d->version;
}

static const char *name(void *user)
{
	(void)user;
	return "mp-sim";
}

const struct mp_lwm2m_firmware_provider firmware_provider = {
	.delivery = 2,
	.protocols = 3, /* coap, coaps */
	.write = write_package,
	.end = end_package,
	.pull = pull,
	.drop = drop,
	.update = update,
	.save = note_result,
	.name = name,
	.version = version,
};
