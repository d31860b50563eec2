/* SPDX-License-Identifier: Apache-2.0 */
#include "parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "device.h"

#define FIRST_VERSION "1.0.0"

static const char *const names[PARTS_MAX] = {"application", "modem",	 "bootloader", "network",
					     "display",	    "radio-hub", "secure",     "model"};

const char *parts_name(const struct part *p)
{
	return names[p->number];
}

static int make_softwares(struct parts *t)
{
	t->softwares.list = calloc(t->n, sizeof(*t->softwares.list));
	if (!t->softwares.list)
		return -ENOMEM;
	t->softwares.n = t->n;
	for (uint8_t i = 0; i < t->n; i++) {
		t->part[i].software = &t->softwares.list[i];
		t->softwares.list[i] =
			(struct mp_lwm2m_software){.provider = &software_provider,
						   .user = &t->part[i],
						   .client = t->part[i].device->client,
						   .instance = i};
	}
	return 0;
}

static int make_components(struct parts *t)
{
	t->components.list = calloc(t->n, sizeof(*t->components.list));
	if (!t->components.list)
		return -ENOMEM;
	t->components.n = t->n;
	for (uint8_t i = 0; i < t->n; i++) {
		struct mp_lwm2m_component *c = &t->components.list[i];

		c->name = names[i];
		c->current = firmware_version;
		c->linked = t->are_linked ? ((1u << t->n) - 1) & ~(1u << i) : 0;
		c->firmware.provider = &firmware_provider;
		c->firmware.user = &t->part[i];
		t->part[i].firmware = &c->firmware;
	}
	mp_lwm2m_components_init(&t->components, t->part[0].device->client);
	return 0;
}

int parts_new(struct device *d, enum part_kind kind, unsigned n, bool are_linked,
	      struct parts **ret)
{
	struct parts *t = calloc(1, sizeof(*t) + n * sizeof(t->part[0]));
	int r = 0;

	if (!t)
		return -ENOMEM;
	t->kind = kind;
	t->are_linked = are_linked;
	t->n = (uint8_t)n;
	for (uint8_t i = 0; i < n; i++) {
		t->part[i] = (struct part){.device = d, .installed_at = INT64_MAX, .number = i};
		if (kind != PART_SOFTWARE)
			(void)snprintf(t->part[i].version, VERSION_SIZE, "%s", FIRST_VERSION);
	}
	t->firmware = (struct mp_lwm2m_firmware){
		.provider = &firmware_provider, .user = &t->part[0], .client = d->client};
	if (kind == PART_FIRMWARE)
		t->part[0].firmware = &t->firmware;
	else
		r = kind == PART_SOFTWARE ? make_softwares(t) : make_components(t);
	if (r < 0)
		parts_free(t);
	else
		*ret = t;
	return r;
}

void parts_free(struct parts *t)
{
	if (!t)
		return;
	for (uint8_t i = 0; i < t->n; i++) {
		if (t->part[i].firmware)
			mp_lwm2m_firmware_done(t->part[i].firmware);
	}
	free(t->softwares.list);
	free(t->components.list);
	free(t);
}

int64_t parts_next(const struct parts *t)
{
	int64_t at = INT64_MAX;

	for (uint8_t i = 0; i < t->n; i++)
		at = t->part[i].installed_at < at ? t->part[i].installed_at : at;
	return at;
}

void parts_due(struct parts *t)
{
	for (uint8_t i = 0; i < t->n; i++) {
		struct part *p = &t->part[i];

		if (p->installed_at > fleet_now_ms(p->device->fleet))
			continue;
		p->installed_at = INT64_MAX;
		if (t->kind == PART_SOFTWARE)
			software_due(p);
		else
			firmware_due(p);
	}
}

void parts_down(struct parts *t)
{
	for (uint8_t i = 0; i < t->n; i++) {
		if (t->part[i].download)
			mp_coap_cancel(t->part[i].download);
		t->part[i].installed_at = INT64_MAX;
	}
}

void parts_boot(struct parts *t)
{
	if (t->kind != PART_SOFTWARE) {
		firmware_boot(t);
		return;
	}
	for (uint8_t i = 0; i < t->n; i++)
		software_boot(&t->part[i]);
}

void *parts_state(struct parts *t)
{
	return t->kind == PART_FIRMWARE	  ? (void *)&t->firmware
	       : t->kind == PART_SOFTWARE ? (void *)&t->softwares
					  : (void *)&t->components;
}

const struct mp_lwm2m_class *parts_class(enum part_kind kind)
{
	return kind == PART_FIRMWARE   ? &mp_lwm2m_firmware_class
	       : kind == PART_SOFTWARE ? &mp_lwm2m_software_class
				       : &mp_lwm2m_components_class;
}

unsigned parts_result(const struct part *p)
{
	return p->firmware ? p->firmware->result : p->software->result;
}

const char *parts_firmware_version(const struct parts *t)
{
	return t->kind == PART_SOFTWARE ? FIRST_VERSION : t->part[0].version;
}

const char *parts_software_version(const struct parts *t)
{
	return t->part[0].version;
}
