/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "device.h"
#include "keys.h"
#include "port.h"
#include "uri.h"

enum kind { FLAG, TEXT, WHOLE, NUMBER, PERCENT, SERVER, PROFILE, VERSION, OBJECT };

struct entry {
	const char *name;
	enum kind kind;
	size_t offset, size; /* of a member of struct fleet_options */
};
#define MEMBER(m) offsetof(struct fleet_options, m), sizeof(((struct fleet_options *)0)->m)
static const struct entry entries[] = {
	{"server", SERVER, 0, 0},
	{"devices", WHOLE, MEMBER(devices)},
	{"profile", PROFILE, 0, 0},
	{"seed", WHOLE, MEMBER(seed)},
	{"first-name", TEXT, MEMBER(first_name)},
	{"psk-file", TEXT, MEMBER(psk_file)},
	{"queue-mode", FLAG, MEMBER(queue_mode)},
	{"awake", WHOLE, MEMBER(awake_seconds)},
	{"lifetime", WHOLE, MEMBER(lifetime)},
	{"loss", PERCENT, MEMBER(loss)},
	{"firmware-object", OBJECT, 0, 0},
	{"components", WHOLE, MEMBER(parts)},
	{"linked", FLAG, MEMBER(linked)},
	{"firmware-seconds", NUMBER, MEMBER(firmware_seconds)},
	{"firmware-fail", PERCENT, MEMBER(firmware_fail)},
	{"firmware-version", TEXT, MEMBER(firmware_version)},
	{"version", VERSION, 0, 0},
	{"profile-id", FLAG, MEMBER(profile_id)},
	{"time-scale", NUMBER, MEMBER(time_scale)},
	{"seconds", NUMBER, MEMBER(seconds)},
	{"send", WHOLE, MEMBER(send_seconds)},
	{"rate", WHOLE, MEMBER(rate)},
	{"report", TEXT, MEMBER(report)},
	{"deregister", FLAG, MEMBER(deregister)},
	{"json", FLAG, MEMBER(json)},
	{"keys", FLAG, MEMBER(keys)},
};
#define ENTRIES (sizeof(entries) / sizeof(entries[0]))

static int set_whole(const struct entry *e, void *at, const char *value, uint64_t most,
		     struct mp_err *err)
{
	uint64_t v;

	if (mp_str_parse_u64(value, most, &v) < 0)
		return mp_err_set(err, -EINVAL, "--%s: '%s' is no such number", e->name, value);
	if (e->size == sizeof(uint64_t))
		*(uint64_t *)at = v;
	else
		*(uint32_t *)at = (uint32_t)v;
	return 0;
}

static int set_number(const struct entry *e, void *at, const char *value, struct mp_err *err)
{
	char *end;
	double v = strtod(value, &end);

	if (*end || end == value || !(v >= 0) || v > 1e9)
		return mp_err_set(err, -EINVAL, "--%s: '%s' is no such number", e->name, value);
	*(double *)at = v;
	return 0;
}

static int set_profile(struct fleet_options *o, const char *value, struct mp_err *err)
{
	for (int i = 0; i <= PROFILES; i++) {
		if (strcmp(value, profile_names[i]) == 0) {
			o->profile = (enum profile)i;
			return 0;
		}
	}
	return mp_err_set(err, -EINVAL,
			  "--profile: thermometer, humidity, light, power-meter or mixed");
}

const char *const part_kind_names[] = {"firmware", "software", "advanced"};

static int set_object(struct fleet_options *o, const char *value, struct mp_err *err)
{
	for (int i = 0; i < 3; i++) {
		if (strcmp(value, part_kind_names[i]) == 0) {
			o->firmware_object = (enum part_kind)i;
			return 0;
		}
	}
	return mp_err_set(err, -EINVAL, "--firmware-object: firmware, software or advanced");
}

static int set_version(struct fleet_options *o, const char *value, struct mp_err *err)
{
	if (mp_lwm2m_version_parse(value, strlen(value), &o->version) < 0 ||
	    o->version < MP_LWM2M_VERSION(1, 0) || o->version > MP_LWM2M_VERSION(1, 2))
		return mp_err_set(err, -EINVAL, "--version: 1.0, 1.1 or 1.2");
	return 0;
}

static int set_server(struct fleet_options *o, const char *value, struct mp_err *err)
{
	enum uri_scheme scheme;
	int r = uri_parse_any(value, &o->server, &scheme, err);

	if (r < 0)
		return r;
	if (strlen(value) >= sizeof(o->uri))
		return mp_err_set(err, -EINVAL, "--server: too long");
	(void)snprintf(o->uri, sizeof(o->uri), "%s", value);
	o->secure = scheme == URI_COAPS || scheme == URI_COAPS_TCP;
	o->tcp = scheme == URI_COAP_TCP || scheme == URI_COAPS_TCP;
	return 0;
}

static int set(struct fleet_options *o, const struct entry *e, const char *value,
	       struct mp_err *err)
{
	void *at = (char *)o + e->offset;

	switch (e->kind) {
	case FLAG:
		*(bool *)at = true;
		return 0;
	case TEXT:
		*(const char **)at = value;
		return 0;
	case WHOLE:
		return set_whole(e, at, value, e->size == 4 ? UINT32_MAX : UINT64_MAX, err);
	case PERCENT:
		return set_whole(e, at, value, 100, err);
	case NUMBER:
		return set_number(e, at, value, err);
	case PROFILE:
		return set_profile(o, value, err);
	case VERSION:
		return set_version(o, value, err);
	case OBJECT:
		return set_object(o, value, err);
	default:
		return set_server(o, value, err);
	}
}

static int check(const struct fleet_options *o, struct mp_err *err)
{
	if (!o->uri[0] && !o->keys)
		return mp_err_set(err, -EINVAL, "--server coap://ADDRESS:PORT is needed");
	if (o->tcp && o->loss)
		return mp_err_set(err, -EINVAL, "--loss: a TCP connection loses nothing");
	if (o->profile_id && o->version < MP_LWM2M_VERSION(1, 2))
		return mp_err_set(err, -EINVAL, "--profile-id is of --version 1.2");
	if (!o->devices || o->devices > PORT_HOSTS_MAX)
		return mp_err_set(err, -EINVAL, "--devices: 1 to %u", PORT_HOSTS_MAX);
	if (!o->rate || o->time_scale < 0.001 || o->time_scale > 10000)
		return mp_err_set(err, -EINVAL, "--rate and --time-scale must be positive");
	if (!mp_str_is_name(o->first_name, 50))
		return mp_err_set(err, -EINVAL, "--first-name: letters, digits, '.', '_', '-'");
	if (o->parts > PARTS_MAX)
		return mp_err_set(err, -EINVAL, "--components: 1 to %u", PARTS_MAX);
	if ((o->parts || o->linked) && o->firmware_object != PART_COMPONENT)
		return mp_err_set(err, -EINVAL,
				  "--components and --linked are of --firmware-object advanced");
	if (!mp_version_is_valid(o->firmware_version) ||
	    strlen(o->firmware_version) >= VERSION_SIZE)
		return mp_err_set(err, -EINVAL, "--firmware-version: like 1.2.3");
	return 0;
}

int fleet_options_parse(int argc, char *argv[], struct fleet_options *ret, struct mp_err *err)
{
	struct fleet_options o = {.devices = 10,
				  .profile = PROFILE_MIXED,
				  .seed = 1,
				  .first_name = "sensor-",
				  .lifetime = 300,
				  .firmware_seconds = 5,
				  .firmware_version = "2.0.0",
				  .version = MP_LWM2M_VERSION(1, 1),
				  .time_scale = 1,
				  .rate = 1000};
	struct option table[ENTRIES + 1] = {0};
	int option, index = 0, r = 0;

	for (size_t i = 0; i < ENTRIES; i++) {
		table[i].name = entries[i].name;
		table[i].has_arg = entries[i].kind == FLAG ? no_argument : required_argument;
	}
	while (r == 0 && (option = getopt_long(argc, argv, "", table, &index)) != -1)
		r = option == '?' ? mp_err_set(err, -EINVAL, "unknown option or no value")
				  : set(&o, &entries[index], optarg, err);
	if (r == 0 && optind < argc)
		r = mp_err_set(err, -EINVAL, "'%s' is not expected", argv[optind]);
	if (r == 0)
		r = check(&o, err);
	if (r == 0 && !o.parts)
		o.parts = o.firmware_object == PART_COMPONENT ? 2 : 1;
	if (r == 0)
		*ret = o;
	return r;
}

static int result_of(struct fleet *f)
{
	for (size_t i = 0; i < fleet_size(f); i++)
		if (!fleet_device(f, i)->ever_registered)
			return 1;
	return 0;
}

static int print_keys(const struct fleet_options *o)
{
	char name[NAME_SIZE], hex[2 * KEY_SIZE + 1];
	uint8_t key[KEY_SIZE];

	for (uint32_t i = 0; i < o->devices; i++) {
		fleet_name(o, i, name);
		keys_derive(o->seed, name, key);
		mp_hex_format(key, sizeof(key), hex);
		printf("%s %s %s\n", name, name, hex);
	}
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}

int fleet_main(int argc, char *argv[])
{
	auto_(fleet) *f = NULL;
	struct fleet_options o;
	struct mp_err err = {0};
	int r = fleet_options_parse(argc, argv, &o, &err);
	int code = r < 0 ? 2 : 3;

	if (r == 0 && o.keys)
		return print_keys(&o);
	if (r == 0 && o.json) /* who reads them wants them as they happen */
		(void)setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (r == 0)
		r = fleet_open(&o, &f, &err);
	if (r == 0)
		r = fleet_run(f, &err);
	if (r == 0)
		r = fleet_report(f, &err);
	if (r < 0) {
		(void)fprintf(stderr, "mp-sim: %s\n", err.text);
		return code;
	}
	return result_of(f);
}
