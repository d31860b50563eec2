/* SPDX-License-Identifier: Apache-2.0
 * fleet.h - a crowd of simulated devices in one process, over one socket and one CoAP endpoint
 *
 *     mp-sim --server coap://127.0.0.1:5683 --devices 200 --profile mixed --seed 1 --seconds 60
 *
 * Each device is a client of libs/lwm2m with objects of its own (device.h). The fleet is the
 * platform of them all: time (which may run faster), addresses, security, and a heap of what each
 * wants to do next.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "lwm2m/client.h"
#include "net/address.h"

enum profile {
	PROFILE_THERMOMETER,
	PROFILE_HUMIDITY,
	PROFILE_LIGHT,
	PROFILE_POWER_METER,
	PROFILES,
	PROFILE_MIXED = PROFILES,
};
extern const char *const profile_names[PROFILES + 1];

enum part_kind { /* the object through which devices take images */
		 PART_FIRMWARE, /* 5 */
		 PART_SOFTWARE, /* 9 */
		 PART_COMPONENT, /* 33629, an instance a component */
};
extern const char *const part_kind_names[3];
#define CLASSES_MAX 4
#define RESULTS 14 /* of updates, by their number in objects 5 and 33629 */

struct fleet_options {
	struct mp_net_address server;
	char uri[80];
	bool secure, tcp;
	uint32_t devices;
	enum profile profile;
	uint64_t seed;
	const char *first_name; /* "sensor-": sensor-000, sensor-001 … */
	const char *psk_file;
	bool queue_mode, deregister, json, keys; /* keys: print them, and that is all */
	bool profile_id; /* 1.2: registrations by profile id */
	unsigned awake_seconds; /* queue mode */
	uint32_t lifetime;
	unsigned loss; /* percent */
	enum part_kind firmware_object;
	unsigned parts; /* instances of it; 0: one, or two components */
	bool linked; /* the components are updated together */
	double firmware_seconds;
	unsigned firmware_fail; /* percent */
	const char
		*firmware_version; /* what an update installs, unless its package says so itself */
	uint16_t version; /* of LwM2M */
	double time_scale; /* simulated seconds a second */
	double seconds; /* 0: until a signal */
	unsigned send_seconds; /* each device sends its value so often; 0: never */
	unsigned rate; /* devices that appear a second */
	const char *report;
};
int fleet_options_parse(int argc, char *argv[], struct fleet_options *ret, struct mp_err *err);

struct fleet_counts {
	uint64_t registrations, updates, deregistrations, refused, unreachable;
	uint64_t requests, sends, sends_failed, packages, reboots;
	uint64_t installed, rolled_back, results[RESULTS];
};

struct device;
struct keys;
struct port;
struct fleet;

#define NAME_SIZE 65
void fleet_name(const struct fleet_options *o, uint32_t device, char name[NAME_SIZE]);
int fleet_main(int argc, char *argv[]);
int fleet_open(const struct fleet_options *o, struct fleet **ret, struct mp_err *err);
/* Until it is over. 0, -errno with a sentence. */
int fleet_run(struct fleet *f, struct mp_err *err);
void fleet_free(struct fleet *f);
DEFINE_AUTO(fleet)

/* ---- what devices need of it ---- */
const struct fleet_options *fleet_options(const struct fleet *f);
struct fleet_counts *fleet_counts(struct fleet *f);
int64_t fleet_now_ms(const struct fleet *f); /* simulated, from 0 */
int64_t fleet_time(const struct fleet *f); /* simulated seconds since 1970 */
struct mp_coap *fleet_coap(struct fleet *f);
/* Call device_due() then; INT64_MAX: not at all. Each device has two of these times. */
enum alarm { ALARM_CLIENT, ALARM_DEVICE };
void fleet_wake(struct fleet *f, const struct device *d, enum alarm a, int64_t at_ms);
/* Something to tell: a line of JSON when asked for. */
void fleet_tell(struct fleet *f, const struct device *d, const char *event, const char *detail);
/* Of the server as this device sees it; false: there is no session. */
bool fleet_remote(struct fleet *f, const struct device *d, struct mp_coap_remote *ret);
int fleet_connect(struct fleet *f, struct device *d);
void fleet_disconnect(struct fleet *f, struct device *d);

/* ---- report.c ---- */
void fleet_print_progress(struct fleet *f);
int fleet_report(struct fleet *f, struct mp_err *err);
size_t fleet_size(const struct fleet *f);
struct device *fleet_device(struct fleet *f, size_t i);
