/* SPDX-License-Identifier: Apache-2.0
 * A simulated update: the download is real, the rest is waiting, and some of it goes wrong as the seed
 * says. An image may begin with the line "mp-sim VERSION"; others install the version of the options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "curve.h"
#include "device.h"
#include "uri.h"

/* Each try of each part has luck of its own. */
static double luck(const struct part *p, unsigned of)
{
	return chance(p->device->seed, of + p->tries + 1000u * p->number);
}

/* Decided before it begins. */
enum fate image_fate(const struct part *p)
{
	static const enum fate bad[] = {FATE_FLASH, FATE_INTEGRITY, FATE_FAILED, FATE_ROLLED_BACK,
					FATE_MEMORY};

	if (luck(p, 100) * 100 >= fleet_options(p->device->fleet)->firmware_fail)
		return FATE_GOOD;
	return bad[(size_t)(5 * luck(p, 200)) % 5];
}

static void read_version(struct part *p, const char *data, size_t len)
{
	static const char word[] = "mp-sim ";
	const size_t skip = sizeof(word) - 1;
	size_t n = 0;

	p->has_next = false;
	if (len < skip || memcmp(data, word, skip) != 0)
		return;
	while (skip + n < len && n + 1 < VERSION_SIZE && data[skip + n] > ' ')
		n++;
	memcpy(p->next, data + skip, n);
	p->next[n] = 0;
	p->has_next = mp_version_is_valid(p->next);
}

int image_write(void *part, uint64_t offset, const void *data, size_t len)
{
	struct part *p = part;

	if (offset == 0) {
		fleet_counts(p->device->fleet)->packages++;
		read_version(p, data, len);
		fleet_tell(p->device->fleet, p->device, "download", "begun");
		if (image_fate(p) == FATE_FLASH)
			return -ENOSPC;
	}
	return image_fate(p) == FATE_MEMORY && offset + len > 4096 ? -ENOMEM : 0;
}

int image_end(void *part)
{
	struct part *p = part;

	fleet_tell(p->device->fleet, p->device, "download", "whole");
	if (!p->has_next)
		(void)snprintf(p->next, sizeof(p->next), "%s",
			       fleet_options(p->device->fleet)->firmware_version);
	return image_fate(p) == FATE_INTEGRITY ? -EBADMSG : 0;
}

/* ---- pull: from the server that we are registered with, or in clear from any that has an address ---- */

static void pulled(void *user, const struct mp_coap_answer *a)
{
	struct part *p = user;
	int r = -ETIMEDOUT;

	p->download = NULL;
	if (a->outcome == MP_COAP_CANCELED)
		return;
	if (a->outcome == MP_COAP_ANSWERED)
		r = a->code == MP_COAP_CONTENT ? image_end(p) : -EINVAL;
	else if (a->outcome == MP_COAP_BROKEN) /* given up by image_write() */
		r = image_fate(p) == FATE_FLASH ? -ENOSPC : -ENOMEM;
	if (p->firmware)
		mp_lwm2m_firmware_downloaded(p->firmware, r);
	else
		mp_lwm2m_software_downloaded(p->software, r);
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

int image_pull(void *part, const char *uri)
{
	struct part *p = part;
	struct device *d = p->device;
	const char *path = strchr(strstr(uri, "://") + 3, '/');
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path ? path + 1 : "");
	struct mp_coap_remote remote;

	if (!path || !fleet_remote(d->fleet, d, &remote))
		return -EINVAL;
	go_elsewhere(d, uri, (size_t)(path - uri), &remote);
	ask.sink = image_write;
	ask.handler = pulled;
	ask.user = p;
	return mp_coap_send(fleet_coap(d->fleet), &remote, &ask, &p->download);
}

void image_drop(void *part)
{
	struct part *p = part;

	if (p->download)
		mp_coap_cancel(p->download);
	p->installed_at = INT64_MAX;
	device_plan(p->device);
}

int image_install(struct part *p)
{
	struct fleet *f = p->device->fleet;
	double seconds = fleet_options(f)->firmware_seconds * (0.5 + luck(p, 300));

	p->installed_at = fleet_now_ms(f) + (int64_t)(seconds * 1000);
	device_plan(p->device);
	fleet_tell(f, p->device, "update", "begun");
	return 0;
}

void image_take(struct part *p)
{
	memcpy(p->version, p->next, sizeof(p->version));
	fleet_counts(p->device->fleet)->installed++;
	fleet_tell(p->device->fleet, p->device, "update", p->version);
}

void image_note(struct part *p, unsigned result)
{
	fleet_counts(p->device->fleet)->results[result]++;
	fleet_tell(p->device->fleet, p->device, "result", mp_lwm2m_update_result_text(result));
}
