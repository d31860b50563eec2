/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "curve.h"

#define MEASURE_MS 10000
#define REBOOT_MS 200 /* whoever asked for it is to get the answer first */
#define BATTERY_DAYS 200 /* of a good one */

static const enum curve curves[PROFILES] = {CURVE_TEMPERATURE, CURVE_HUMIDITY, CURVE_LIGHT,
					    CURVE_POWER};

const char *device_name(const struct device *d)
{
	return mp_lwm2m_client_endpoint(d->client);
}

double device_value(const struct device *d)
{
	return curve_at(curves[d->profile], d->seed, (double)fleet_time(d->fleet));
}

double device_battery(const struct device *d)
{
	double days = (double)fleet_now_ms(d->fleet) / 86400000;
	double life = BATTERY_DAYS * (0.5 + chance(d->seed, 30));
	double left = 100 * (0.4 + 0.6 * chance(d->seed, 31)) - 100 * days / life;

	return left > 0 ? left : 0;
}

bool device_hears(const struct device *d)
{
	return d->is_up && !mp_lwm2m_client_is_asleep(d->client);
}

void device_plan(struct device *d)
{
	int64_t at = parts_next(d->parts);

	for (int i = 0; i < DEVICE_TIMES; i++)
		at = d->at[i] < at ? d->at[i] : at;
	fleet_wake(d->fleet, d, ALARM_DEVICE, at);
}

static void measure(struct device *d)
{
	struct mp_lwm2m_path path = profile_path((enum profile)d->profile);
	float v = (float)device_value(d);

	d->at[MEASURE] = fleet_now_ms(d->fleet) + MEASURE_MS;
	d->least = v < d->least ? v : d->least;
	d->most = v > d->most ? v : d->most;
	if (v != d->last)
		mp_lwm2m_client_changed(d->client, &path);
	d->last = v;
	mp_lwm2m_device_set_error(&d->device, MP_LWM2M_ERROR_LOW_BATTERY, device_battery(d) < 10);
}

static void sent(void *user, uint8_t code)
{
	struct fleet_counts *counts = fleet_counts(user);

	if (code == MP_COAP_CHANGED)
		counts->sends++;
	else
		counts->sends_failed++;
}

static void send_value(struct device *d)
{
	struct mp_lwm2m_path path = profile_path((enum profile)d->profile);

	d->at[SEND] = fleet_now_ms(d->fleet) + fleet_options(d->fleet)->send_seconds * 1000ll;
	if (mp_lwm2m_client_is_registered(d->client, 1))
		(void)mp_lwm2m_client_send(d->client, 1, &path, 1, MP_LWM2M_FORMAT_SENML_CBOR, sent,
					   d->fleet);
}

static void boot(struct device *d)
{
	const struct fleet_options *o = fleet_options(d->fleet);
	int64_t now = fleet_now_ms(d->fleet);

	d->is_up = true;
	d->at[BOOT] = INT64_MAX;
	d->at[MEASURE] = now + (int64_t)(MEASURE_MS * chance(d->seed, 32));
	if (o->send_seconds)
		d->at[SEND] = now + (int64_t)(o->send_seconds * 1000 * chance(d->seed, 33));
	d->least = d->most = d->last = (float)device_value(d);
	parts_boot(d->parts);
	mp_lwm2m_client_start(d->client);
}

void device_reboot(struct device *d, double seconds)
{
	d->boot_ms = (int64_t)(seconds * 1000);
	d->at[REBOOT] = fleet_now_ms(d->fleet) + REBOOT_MS;
	device_plan(d);
}

static void go_down(struct device *d)
{
	parts_down(d->parts);
	mp_lwm2m_client_reset(d->client);
	d->is_up = d->registered = false;
	for (int i = 0; i < DEVICE_TIMES; i++)
		d->at[i] = INT64_MAX;
	d->at[BOOT] = fleet_now_ms(d->fleet) + d->boot_ms;
	fleet_counts(d->fleet)->reboots++;
	fleet_tell(d->fleet, d, "reboot", NULL);
}

void device_due(struct device *d, enum alarm a)
{
	int64_t now = fleet_now_ms(d->fleet);

	if (a == ALARM_CLIENT) {
		mp_lwm2m_client_tick(d->client);
		return;
	}
	if (d->at[BOOT] <= now)
		boot(d);
	if (d->at[MEASURE] <= now)
		measure(d);
	if (d->at[SEND] <= now)
		send_value(d);
	if (d->is_up)
		parts_due(d->parts);
	if (d->at[REBOOT] <= now)
		go_down(d);
	device_plan(d);
}

void device_event(struct device *d, enum mp_lwm2m_event e, uint8_t code)
{
	struct fleet_counts *counts = fleet_counts(d->fleet);
	char text[16] = "";

	switch (e) {
	case MP_LWM2M_REGISTERED:
		counts->registrations++;
		d->registered = d->ever_registered = true;
		break;
	case MP_LWM2M_UPDATED:
		counts->updates++;
		return;
	case MP_LWM2M_DEREGISTERED:
		counts->deregistrations++;
		d->registered = false;
		break;
	case MP_LWM2M_REFUSED:
		counts->refused++;
		d->registered = false;
		(void)snprintf(text, sizeof(text), "%u.%02u", code >> 5, code & 31);
		break;
	case MP_LWM2M_UNREACHABLE:
		counts->unreachable++;
		d->registered = false;
		break;
	default:
		return;
	}
	fleet_tell(d->fleet, d, mp_lwm2m_event_name(e), text[0] ? text : NULL);
}

int device_init(struct device *d, struct fleet *f, const struct mp_lwm2m_client_kind *kind,
		uint32_t index, const char *name, int64_t boot_ms)
{
	const struct fleet_options *o = fleet_options(f);
	struct mp_lwm2m_account account = {.uri = o->uri,
					   .short_id = 1,
					   .mode = o->secure ? MP_LWM2M_SECURITY_PSK
							     : MP_LWM2M_SECURITY_NONE,
					   .lifetime = o->lifetime};
	int r = mp_lwm2m_client_new(kind, name, d, &d->client);

	if (r < 0)
		return r;
	d->fleet = f;
	d->index = index;
	d->seed = o->seed * 1000003 + index;
	d->profile = (uint8_t)(o->profile == PROFILE_MIXED ? index % PROFILES : o->profile);
	d->dimmer = 100;
	r = parts_new(d, o->firmware_object, o->parts, o->linked, &d->parts);
	if (r < 0)
		return r;
	d->device = (struct mp_lwm2m_device){
		.provider = &device_provider, .user = d, .client = d->client};
	for (int i = 0; i < DEVICE_TIMES; i++)
		d->at[i] = INT64_MAX;
	d->at[BOOT] = boot_ms;
	device_plan(d);
	return mp_lwm2m_client_add_account(d->client, &account);
}

void device_done(struct device *d)
{
	if (d->parts)
		parts_down(d->parts);
	mp_lwm2m_client_free(d->client);
	parts_free(d->parts);
}
