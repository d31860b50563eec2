/* SPDX-License-Identifier: Apache-2.0
 * What became of the crowd: for people on stderr, as JSON in a file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "json/json.h"

static unsigned registered(struct fleet *f)
{
	unsigned n = 0;

	for (size_t i = 0; i < fleet_size(f); i++)
		n += fleet_device(f, i)->registered;
	return n;
}

void fleet_print_progress(struct fleet *f)
{
	const struct fleet_counts *c = fleet_counts(f);

	(void)fflush(stdout);
	(void)fprintf(stderr,
		      "%.0f s: %u of %zu registered, %llu requests served, %llu values sent, "
		      "%llu updated\n",
		      (double)fleet_now_ms(f) / 1000, registered(f), fleet_size(f),
		      (unsigned long long)c->requests, (unsigned long long)c->sends,
		      (unsigned long long)c->installed);
}

static int put_results(struct mp_json *j, const struct fleet_counts *c)
{
	struct mp_json *results = mp_json_new_object();
	int r = 0;

	for (unsigned i = 1; r == 0 && i < RESULTS; i++)
		if (c->results[i])
			r = mp_json_put_int(results, mp_lwm2m_update_result_text(i),
					    (int64_t)c->results[i]);
	return r < 0 ? (mp_json_free(results), r) : mp_json_put(j, "firmware_results", results);
}

static int put_components(struct mp_json *j, const struct parts *t)
{
	struct mp_json *all = mp_json_new_object();
	int r = all ? 0 : -ENOMEM;

	for (uint8_t i = 0; r == 0 && i < t->n; i++)
		r = mp_json_put_str(all, parts_name(&t->part[i]), t->part[i].version);
	return r < 0 ? (mp_json_free(all), r) : mp_json_put(j, "components", all);
}

static int put_devices(struct mp_json *j, struct fleet *f)
{
	struct mp_json *list = mp_json_new_array();
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < fleet_size(f); i++) {
		const struct device *d = fleet_device(f, i);
		struct mp_json *one = mp_json_new_object();

		r = mp_json_put_str(one, "endpoint", device_name(d));
		if (r == 0)
			r = mp_json_put_str(one, "profile", profile_names[d->profile]);
		if (r == 0)
			r = mp_json_put_bool(one, "registered", d->registered);
		if (r == 0)
			r = mp_json_put_str(one, "version", d->parts->part[0].version);
		if (r == 0)
			r = mp_json_put_int(one, "result", parts_result(&d->parts->part[0]));
		if (r == 0 && d->parts->kind == PART_COMPONENT)
			r = put_components(one, d->parts);
		if (r == 0)
			r = mp_json_append(list, one);
		else
			mp_json_free(one);
	}
	return r < 0 ? (mp_json_free(list), r) : mp_json_put(j, "devices", list);
}

static int put_counts(struct mp_json *j, struct fleet *f)
{
	const struct fleet_counts *c = fleet_counts(f);
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{"registered", registered(f)},
		{"registrations", c->registrations},
		{"updates", c->updates},
		{"deregistrations", c->deregistrations},
		{"refused", c->refused},
		{"unreachable", c->unreachable},
		{"requests", c->requests},
		{"sends", c->sends},
		{"sends_failed", c->sends_failed},
		{"packages", c->packages},
		{"reboots", c->reboots},
		{"installed", c->installed},
		{"rolled_back", c->rolled_back},
		{"client_bytes", mp_lwm2m_client_memory(fleet_device(f, 0)->client)},
		{"device_bytes", sizeof(struct device)},
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
		r = mp_json_put_int(j, numbers[i].name, (int64_t)numbers[i].value);
	return r;
}

static int write_report(struct fleet *f, const char *path)
{
	auto_(mp_json) *j = mp_json_new_object();
	MP_BUF(text, 64 * 1024 * 1024);
	FILE *out;
	int r = put_counts(j, f);

	if (r == 0)
		r = put_results(j, fleet_counts(f));
	if (r == 0)
		r = put_devices(j, f);
	if (r == 0)
		r = mp_json_format_pretty(j, &text);
	if (r < 0)
		return r;
	out = fopen(path, "we");
	if (!out)
		return -errno;
	r = fwrite(text.data, 1, text.len, out) == text.len ? 0 : -EIO;
	return fclose(out) != 0 ? -EIO : r;
}

int fleet_report(struct fleet *f, struct mp_err *err)
{
	const struct fleet_counts *c = fleet_counts(f);
	const char *path = fleet_options(f)->report;
	int r;

	fleet_print_progress(f);
	(void)fprintf(stderr,
		      "%llu registrations, %llu updates, %llu refused, %llu times no answer\n",
		      (unsigned long long)c->registrations, (unsigned long long)c->updates,
		      (unsigned long long)c->refused, (unsigned long long)c->unreachable);
	if (c->packages)
		(void)fprintf(stderr, "%llu packages received: %llu installed, %llu rolled back\n",
			      (unsigned long long)c->packages, (unsigned long long)c->installed,
			      (unsigned long long)c->rolled_back);
	for (unsigned i = 2; i < RESULTS; i++)
		if (c->results[i])
			(void)fprintf(stderr, "  %llu times: %s\n",
				      (unsigned long long)c->results[i],
				      mp_lwm2m_update_result_text(i));
	if (!path)
		return 0;
	r = write_report(f, path);
	return r < 0 ? mp_err_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}
