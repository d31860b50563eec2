/* SPDX-License-Identifier: Apache-2.0
 * parts.h - what of a simulated device takes images: its firmware, a piece of software, or its components
 *
 *     r = parts_new(d, PART_COMPONENT, 2, true, &d->parts);
 *     parts_due(d->parts);               // when what parts_next() said has come
 *     parts_boot(d->parts);              // after a reboot, which an update of firmware ends with
 *
 * An image comes in and is tried (image.c), whatever the object; then objects differ: firmware and
 * components restart the device (firmware.c), software is installed while it runs (software.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet.h"
#include "lwm2m/objects.h"

#define VERSION_SIZE 16

struct part {
	struct device *device;
	struct mp_coap_exchange *download; /* a pull under way */
	int64_t installed_at; /* INT64_MAX: nothing is being installed */
	struct mp_lwm2m_firmware *firmware; /* of object 5 or 33629; else NULL, and it is */
	struct mp_lwm2m_software *software;
	uint16_t tries;
	uint8_t number;
	bool will_roll_back, has_next;
	char version[VERSION_SIZE], next[VERSION_SIZE]; /* that runs, of the image */
};

struct parts {
	struct mp_lwm2m_firmware firmware; /* object 5 */
	struct mp_lwm2m_softwares softwares;
	struct mp_lwm2m_components components;
	enum part_kind kind;
	bool are_linked; /* components that are updated together */
	uint8_t n;
	struct part part[];
};

#define PARTS_MAX 8
int parts_new(struct device *d, enum part_kind kind, unsigned n, bool are_linked,
	      struct parts **ret);
void parts_free(struct parts *t); /* after parts_down() */
int64_t parts_next(const struct parts *t);
void parts_due(struct parts *t);
void parts_down(struct parts *t); /* the power is off */
void parts_boot(struct parts *t);
/* The state of its object's class. */
void *parts_state(struct parts *t);
const struct mp_lwm2m_class *parts_class(enum part_kind kind);
const char *parts_name(const struct part *p); /* of a component */
unsigned parts_result(const struct part *p); /* as its object has it */
/* "1.0.0" of the firmware (/3/0/3), of the software (/3/0/19). */
const char *parts_firmware_version(const struct parts *t);
const char *parts_software_version(const struct parts *t);

/* ---- image.c ---- */
enum fate { FATE_GOOD, FATE_FLASH, FATE_MEMORY, FATE_INTEGRITY, FATE_FAILED, FATE_ROLLED_BACK };
enum fate image_fate(const struct part *p); /* what comes of this try */
int image_write(void *part, uint64_t offset, const void *data, size_t len);
int image_end(void *part);
int image_pull(void *part, const char *uri);
void image_drop(void *part);
/* It takes a while: installed_at. */
int image_install(struct part *p);
/* The image runs now. */
void image_take(struct part *p);
/* Its try has ended with a result of object 5. */
void image_note(struct part *p, unsigned result);

/* ---- firmware.c, software.c ---- */
extern const struct mp_lwm2m_firmware_provider firmware_provider;
extern const struct mp_lwm2m_software_provider software_provider;
const char *firmware_version(void *part);
void firmware_due(struct part *p);
void firmware_boot(struct parts *t);
void software_due(struct part *p);
void software_boot(struct part *p);
