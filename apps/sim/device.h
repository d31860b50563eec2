/* SPDX-License-Identifier: Apache-2.0
 * device.h - one simulated device: its objects, its battery, its images
 *
 *     r = device_init(d, fleet, i, &err);
 *     device_due(d, alarm);              // when fleet_wake()'s time has come
 */
#pragma once

#include "fleet.h"
#include "lwm2m/objects.h"
#include "parts.h"

enum device_time { MEASURE, SEND, REBOOT, BOOT, DEVICE_TIMES };

struct device {
	struct fleet *fleet;
	struct mp_lwm2m_client *client;
	struct mp_dtls_session *session;
	struct mp_coap_connection *stream; /* over TCP instead */
	uint64_t seed;
	int64_t at[DEVICE_TIMES]; /* what it does next; INT64_MAX: not at all */
	int64_t boot_ms; /* how long it is off */
	struct parts *parts;
	struct mp_lwm2m_device device;
	float least, most, last; /* measured */
	uint32_t index, ticket;
	uint8_t profile, dimmer;
	bool stream_writes; /* waits until it is writable */
	bool is_up, light, registered, ever_registered, waits;
};

/* Off until `boot_ms`. -ENOMEM, -EINVAL. */
int device_init(struct device *d, struct fleet *f, const struct mp_lwm2m_client_kind *kind,
		uint32_t index, const char *name, int64_t boot_ms);
void device_done(struct device *d);
void device_due(struct device *d, enum alarm a);
const char *device_name(const struct device *d);
double device_value(const struct device *d);
double device_battery(const struct device *d); /* percent */
bool device_hears(const struct device *d); /* not off, not asleep */
void device_reboot(struct device *d, double seconds); /* shortly, and so long off */
void device_plan(struct device *d); /* after a change of `at` */
void device_event(struct device *d, enum mp_lwm2m_event e, uint8_t code);

/* ---- objects.c ---- */
extern const struct mp_lwm2m_device_provider device_provider;
/* Those of a device of this profile that takes images through this object, in order; how many. */
size_t profile_classes(enum profile p, enum part_kind kind,
		       const struct mp_lwm2m_class *ret[CLASSES_MAX]);
/* The resource that is its value. */
struct mp_lwm2m_path profile_path(enum profile p);
