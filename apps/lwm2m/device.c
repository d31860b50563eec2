/* SPDX-License-Identifier: Apache-2.0 */
/* device.c - object 3: what this machine is, and how it does
 *
 * Error codes beside OMA's: 16 the data partition is nearly full, 17 the last update was rolled
 * back. Reset Error Code silences them until they come anew.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/str.h"
#include "worker.h"

#define SUPPLIES "/sys/class/power_supply"
#define SUPPLIES_MOST 8
#define DISK_LEAST (16u << 20)

enum { ERROR_DISK = 16, ERROR_ROLLED_BACK = 17 };
enum { SOURCE_DC = 0, SOURCE_BATTERY = 1, SOURCE_USB = 5, SOURCE_AC = 6 };
enum { CHARGING = 1, CHARGED = 2, LOW = 4, NOT_INSTALLED = 5, UNKNOWN = 6 };

struct supply {
	char path[96];
	int source;
};

static int source_of(const char *type)
{
	if (mp_streq(type, "Battery"))
		return SOURCE_BATTERY;
	return mp_streq(type, "USB") ? SOURCE_USB : SOURCE_AC;
}

/* Those of the kernel; a machine that has none hangs on the mains. */
static unsigned find_supplies(const struct worker *w, struct supply ret[SUPPLIES_MOST])
{
	char path[400], name[160], type[32];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "%s" SUPPLIES, w->config.root);
	d = opendir(path);
	while (d && n < SUPPLIES_MOST && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(ret[n].path, sizeof(ret[n].path), SUPPLIES "/%.60s", e->d_name);
		snprintf(name, sizeof(name), "%s/type", ret[n].path);
		fact_text(w, name, type, sizeof(type));
		ret[n++].source = source_of(type);
	}
	if (d)
		closedir(d);
	return n;
}

static int64_t supply_number(const struct worker *w, const struct supply *s, const char *what)
{
	char path[160];

	snprintf(path, sizeof(path), "%.100s/%.40s", s->path, what);
	return fact_number(w, path);
}

static int give_sources(const struct worker *w, struct mp_lwm2m_out *out)
{
	struct supply all[SUPPLIES_MOST];
	unsigned n = find_supplies(w, all);
	int r = n ? 0 : mp_lwm2m_give_instance(out, 0, mp_lwm2m_integer(SOURCE_DC));

	for (unsigned i = 0; r == 0 && i < n; i++)
		r = mp_lwm2m_give_instance(out, (uint16_t)i, mp_lwm2m_integer(all[i].source));
	return r;
}

/* In thousandths of what the kernel counts: uV and uA. */
static int give_of_supplies(const struct worker *w, const char *what, struct mp_lwm2m_out *out)
{
	struct supply all[SUPPLIES_MOST];
	unsigned n = find_supplies(w, all), given = 0;

	for (unsigned i = 0; i < n; i++) {
		int64_t v = supply_number(w, &all[i], what);
		int r = v == -1 ? 0
				: mp_lwm2m_give_instance(out, (uint16_t)i,
							 mp_lwm2m_integer(v / 1000));

		if (r < 0)
			return r;
		given += v != -1;
	}
	return given ? 0 : -ENOENT;
}

static const struct supply *find_battery(const struct worker *w, struct supply all[SUPPLIES_MOST])
{
	unsigned n = find_supplies(w, all);

	for (unsigned i = 0; i < n; i++)
		if (all[i].source == SOURCE_BATTERY)
			return &all[i];
	return NULL;
}

int64_t device_battery(const struct worker *w)
{
	struct supply all[SUPPLIES_MOST];
	const struct supply *b = find_battery(w, all);
	int64_t v = b ? supply_number(w, b, "capacity") : -1;

	return v > 100 ? -1 : v;
}

static int give_battery_level(const struct worker *w, struct mp_lwm2m_out *out)
{
	int64_t v = device_battery(w);

	return v < 0 ? -ENOENT : mp_lwm2m_give(out, mp_lwm2m_integer(v));
}

static int give_battery_status(const struct worker *w, struct mp_lwm2m_out *out)
{
	struct supply all[SUPPLIES_MOST];
	const struct supply *b = find_battery(w, all);
	char path[160], text[32];
	int status = UNKNOWN;

	if (!b)
		return mp_lwm2m_give(out, mp_lwm2m_integer(NOT_INSTALLED));
	snprintf(path, sizeof(path), "%.100s/status", b->path);
	fact_text(w, path, text, sizeof(text));
	if (mp_streq(text, "Charging"))
		status = CHARGING;
	else if (mp_streq(text, "Full"))
		status = CHARGED;
	else if (mp_streq(text, "Discharging"))
		status = supply_number(w, b, "capacity") < 20 ? LOW : 0;
	return mp_lwm2m_give(out, mp_lwm2m_integer(status));
}

static int give_text(struct mp_lwm2m_out *out, const char *text)
{
	return *text ? mp_lwm2m_give(out, mp_lwm2m_string(text)) : -ENOENT;
}

static int give_hardware(const struct worker *w, struct mp_lwm2m_out *out)
{
	static const char *const files[] = {"/sys/firmware/devicetree/base/model",
					    "/sys/class/dmi/id/product_name"};
	char text[128] = "";

	for (unsigned i = 0; i < 2 && !*text; i++)
		fact_text(w, files[i], text, sizeof(text));
	return give_text(out, text);
}

static int give_memory(const struct worker *w, const char *key, struct mp_lwm2m_out *out)
{
	int64_t v = fact_after(w, "/proc/meminfo", key);

	return v < 0 ? -ENOENT : mp_lwm2m_give(out, mp_lwm2m_integer(v));
}

static int give_offset(struct mp_lwm2m_out *out)
{
	time_t now = time(NULL);
	char text[8], with_colon[8];
	struct tm t;

	if (!localtime_r(&now, &t) || strftime(text, sizeof(text), "%z", &t) != 5)
		return -ENOENT;
	snprintf(with_colon, sizeof(with_colon), "%.3s:%.2s", text, text + 3);
	return mp_lwm2m_give(out, mp_lwm2m_string(with_colon));
}

static int give_zone(struct mp_lwm2m_out *out)
{
	time_t now = time(NULL);
	struct tm t;

	return localtime_r(&now, &t) ? give_text(out, t.tm_zone) : -ENOENT;
}

static int read_device(void *user, uint16_t resource, struct mp_lwm2m_out *out)
{
	const struct worker *w = user;

	switch (resource) {
	case 0:
	case 17:
		return give_text(out, w->config.product);
	case 1:
		return give_text(out, w->config.board);
	case 2:
		return give_text(out, w->config.id);
	case 3:
		return give_text(out, w->config.release);
	case 6:
		return give_sources(w, out);
	case 7:
		return give_of_supplies(w, "voltage_now", out);
	case 8:
		return give_of_supplies(w, "current_now", out);
	case 9:
		return give_battery_level(w, out);
	case 10:
		return give_memory(w, "MemAvailable:", out);
	case 13:
		return mp_lwm2m_give(out, mp_lwm2m_time((int64_t)time(NULL)));
	case 14:
		return give_offset(out);
	case 15:
		return give_zone(out);
	case 16:
		return give_text(out, "UT");
	case 18:
		return give_hardware(w, out);
	case 19:
		return give_text(out, MP_VERSION);
	case 20:
		return give_battery_status(w, out);
	case 21:
		return give_memory(w, "MemTotal:", out);
	default:
		return -ENOENT;
	}
}

static int reboot(void *user)
{
	supervisor_say(user, &(struct mp_msg){.type = MP_MSG_REBOOT});
	return 0;
}

static int factory_reset(void *user)
{
	supervisor_say(user, &(struct mp_msg){.type = MP_MSG_RESET});
	return 0;
}

const struct mp_lwm2m_device_provider device_provider = {
	.read = read_device, .reboot = reboot, .factory_reset = factory_reset};

/* A factory reset with the argument 0='identity' takes the identity, too. */
static int execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
		   size_t len)
{
	const struct mp_lwm2m_device *d = user;

	if (resource != 5 || !mp_streq(arguments, "0='identity'"))
		return mp_lwm2m_device_class.execute(user, instance, resource, arguments, len);
	supervisor_say(d->user, &(struct mp_msg){.type = MP_MSG_RESET, .num = {1}});
	return 0;
}

const struct mp_lwm2m_class *device_class(void)
{
	static const uint16_t resources[] = {0,	 1,  2,	 3,  4,	 5,  6,	 7,  8,	 9,  10,
					     11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21};
	static struct mp_lwm2m_class class;

	class = mp_lwm2m_device_class;
	class.resources = resources;
	class.n_resources = sizeof(resources) / sizeof(*resources);
	class.write = NULL; /* the clock is the system's */
	class.execute = execute;
	return &class;
}

static bool is_disk_full(const struct worker *w)
{
	struct statvfs s;
	char path[400];

	snprintf(path, sizeof(path), "%s" STATE_DIR, w->config.root);
	return statvfs(path, &s) == 0 && (uint64_t)s.f_bavail * s.f_frsize < DISK_LEAST;
}

static void set_error(struct worker *w, int slot, int code, bool is_on)
{
	if ((w->seen[slot] == 1) == is_on) /* reset meanwhile: not again until it comes anew */
		return;
	w->seen[slot] = is_on;
	mp_lwm2m_device_set_error(&w->device, (enum mp_lwm2m_device_error)code, is_on);
}

void device_look_for_errors(struct worker *w)
{
	int64_t level = device_battery(w);

	set_error(w, 0, ERROR_DISK, is_disk_full(w));
	set_error(w, 1, ERROR_ROLLED_BACK, mp_streq(w->update.state, "rolled_back"));
	set_error(w, 2, MP_LWM2M_ERROR_LOW_BATTERY, level >= 0 && level < 10);
}
