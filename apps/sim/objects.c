/* SPDX-License-Identifier: Apache-2.0
 * The objects of each profile, over struct device. */
#include "device.h"

#include <errno.h>

#include "curve.h"

const char *const profile_names[] = {"thermometer", "humidity", "light", "power-meter", "mixed"};

/* ---- 3 Device ---- */

static int read_power(const struct device *d, uint16_t resource, struct mp_lwm2m_out *out)
{
	double battery = device_battery(d);

	switch (resource) {
	case 6:
		return mp_lwm2m_give_instance(out, 0, mp_lwm2m_integer(1));
	case 7:
		return mp_lwm2m_give_instance(out, 0,
					      mp_lwm2m_integer((int64_t)(2400 + 7 * battery)));
	case 9:
		return mp_lwm2m_give(out, mp_lwm2m_integer((int64_t)(battery + 0.5)));
	default:
		return mp_lwm2m_give(out, mp_lwm2m_integer(battery < 10 ? 4 : 0));
	}
}

static int read_device(void *user, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct device *d = user;

	switch (resource) {
	case 0:
		return mp_lwm2m_give(out, mp_lwm2m_string("microPlatform"));
	case 1:
	case 17:
		return mp_lwm2m_give(out, mp_lwm2m_string(profile_names[d->profile]));
	case 2:
		return mp_lwm2m_give(out, mp_lwm2m_string(device_name(d)));
	case 3:
		return mp_lwm2m_give(out, mp_lwm2m_string(parts_firmware_version(d->parts)));
	case 19:
		return mp_lwm2m_give(out, mp_lwm2m_string(parts_software_version(d->parts)));
	case 6:
	case 7:
	case 9:
	case 20:
		return read_power(d, resource, out);
	case 10:
		return mp_lwm2m_give(out,
				     mp_lwm2m_integer(12 + (int64_t)(20 * chance(d->seed, 20))));
	case 13:
		return mp_lwm2m_give(out, mp_lwm2m_time(fleet_time(d->fleet)));
	case 16:
		return mp_lwm2m_give(out, mp_lwm2m_string("UT"));
	case 18:
		return mp_lwm2m_give(out, mp_lwm2m_string("sim-1"));
	case 21:
		return mp_lwm2m_give(out, mp_lwm2m_integer(64));
	default:
		return -ENOENT;
	}
}

static int reboot(void *user)
{
	device_reboot(user, 3);
	return 0;
}

const struct mp_lwm2m_device_provider device_provider = {
	.read = read_device,
	.reboot = reboot,
	.factory_reset = reboot,
};

/* ---- sensors ---- */

struct ranges {
	double least, most;
	const char *unit;
};
static const struct ranges ranges[PROFILES] = {
	{-20, 60, "Cel"}, {0, 100, "%RH"}, {0, 100000, "lx"}, {0, 10000, "W"}};

static int read_sensor(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct device *d = user;
	const struct ranges *r = &ranges[d->profile];

	(void)instance;
	switch (resource) {
	case 5518:
		return mp_lwm2m_give(out, mp_lwm2m_time(fleet_time(d->fleet)));
	case 5601:
	case 5801:
		return mp_lwm2m_give(out, mp_lwm2m_float((double)d->least));
	case 5602:
	case 5802:
		return mp_lwm2m_give(out, mp_lwm2m_float((double)d->most));
	case 5603:
	case 5803:
		return mp_lwm2m_give(out, mp_lwm2m_float(r->least));
	case 5604:
	case 5804:
		return mp_lwm2m_give(out, mp_lwm2m_float(r->most));
	case 5700:
	case 5800:
		return mp_lwm2m_give(out, mp_lwm2m_float(device_value(d)));
	case 5701:
		return mp_lwm2m_give(out, mp_lwm2m_string(r->unit));
	default:
		return -ENOENT;
	}
}

static int reset_sensor(void *user, uint16_t instance, uint16_t resource, const char *arguments,
			size_t len)
{
	struct device *d = user;

	(void)instance;
	(void)resource;
	(void)arguments;
	(void)len;
	d->least = d->most = (float)device_value(d);
	return 0;
}

/* What the meter has counted: its mean power is that of its curve at a few moments. */
static double energy(const struct device *d)
{
	double hours = (double)fleet_now_ms(d->fleet) / 3.6e6, sum = 0;

	for (int i = 0; i < 8; i++)
		sum += curve_at(CURVE_POWER, d->seed, 10800.0 * i);
	return (double)(int64_t)(100 * (sum / 8 * hours + 1e5 * chance(d->seed, 21))) / 100;
}

static int read_energy(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct device *d = user;

	(void)instance;
	switch (resource) {
	case 5700:
		return mp_lwm2m_give(out, mp_lwm2m_float(energy(d)));
	case 5701:
		return mp_lwm2m_give(out, mp_lwm2m_string("Wh"));
	default:
		return -ENOENT;
	}
}

static int read_light(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct device *d = user;

	(void)instance;
	switch (resource) {
	case 5850:
		return mp_lwm2m_give(out, mp_lwm2m_boolean(d->light));
	case 5851:
		return mp_lwm2m_give(out, mp_lwm2m_integer(d->dimmer));
	default:
		return -ENOENT;
	}
}

static int write_light(void *user, const struct mp_lwm2m_path *path,
		       const struct mp_lwm2m_value *value)
{
	struct device *d = user;

	if (path->id[2] == 5850)
		d->light = value->boolean;
	else
		d->dimmer = (uint8_t)value->integer;
	fleet_tell(d->fleet, d, "light", d->light ? "on" : "off");
	return 0;
}

static const uint16_t sensor_resources[] = {5518, 5601, 5602, 5603, 5604, 5605, 5700, 5701};
static const uint16_t power_resources[] = {5518, 5605, 5800, 5801, 5802, 5803, 5804};
static const uint16_t energy_resources[] = {5700, 5701};
static const uint16_t light_resources[] = {5850, 5851};
#define SENSOR(number)                                                                             \
	{                                                                                          \
		.id = (number), .version = MP_LWM2M_VERSION(1, 1), .resources = sensor_resources,  \
		.n_resources = 8, .read = read_sensor, .execute = reset_sensor                     \
	}

static const struct mp_lwm2m_class temperature = SENSOR(3303);
static const struct mp_lwm2m_class humidity = SENSOR(3304);
static const struct mp_lwm2m_class illuminance = SENSOR(3301);
static const struct mp_lwm2m_class power = {
	.id = 3305,
	.version = MP_LWM2M_VERSION(1, 1),
	.resources = power_resources,
	.n_resources = 7,
	.read = read_sensor,
	.execute = reset_sensor,
};
static const struct mp_lwm2m_class meter = {
	.id = 3331,
	.version = MP_LWM2M_VERSION(1, 1),
	.resources = energy_resources,
	.n_resources = 2,
	.read = read_energy,
};
static const struct mp_lwm2m_class light = {
	.id = 3311,
	.resources = light_resources,
	.n_resources = 2,
	.read = read_light,
	.write = write_light,
};

static const struct mp_lwm2m_class *const sensors[PROFILES][2] = {
	{&temperature},
	{&humidity},
	{&illuminance, &light},
	{&power, &meter},
};

size_t profile_classes(enum profile p, enum part_kind kind,
		       const struct mp_lwm2m_class *ret[CLASSES_MAX])
{
	size_t n = 0;

	ret[n++] = &mp_lwm2m_device_class;
	if (kind != PART_COMPONENT)
		ret[n++] = parts_class(kind);
	ret[n++] = sensors[p][0];
	if (sensors[p][1])
		ret[n++] = sensors[p][1];
	if (kind == PART_COMPONENT) /* the highest number */
		ret[n++] = parts_class(kind);
	return n;
}

struct mp_lwm2m_path profile_path(enum profile p)
{
	return p == PROFILE_POWER_METER ? mp_lwm2m_path(3305, 0, 5800)
					: mp_lwm2m_path(sensors[p][0]->id, 0, 5700);
}
