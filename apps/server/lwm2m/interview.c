/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/interview.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actions.h"
#include "base/log.h"
#include "base/str.h"
#include "devices.h"
#include "lwm2m/credentials.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"
#include "lwm2m/requests.h"
#include "releases.h"
#include "rollouts.h"
#include "server.h"

#define SCAN 4096 /* devices looked at in one second */
#define RECENT 4096 /* a power of two */

struct interviews {
	struct device *recent[RECENT]; /* a ring of those that registered last; NULL: gone */
	size_t end; /* where the next one comes */
	size_t n; /* before it, at most RECENT */
	size_t cursor; /* of the scan for the others */
};

int interviews_new(struct interviews **ret)
{
	struct interviews *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	*ret = t;
	return 0;
}

void interviews_free(struct interviews *t)
{
	free(t);
}

void interviews_reset(struct interviews *t)
{
	if (t)
		t->n = 0;
}

void interviews_forget(struct interviews *t, const struct device *d)
{
	for (size_t i = 0; t && i < t->n; i++) {
		struct device **at = &t->recent[(t->end - 1 - i) % RECENT];

		if (*at == d)
			*at = NULL;
	}
}

static const struct mp_lwm2m_path device_object = {.id = {3, 0}, .n = 2};

/* What the fleet calls what the Device object has (LwM2M Core 1.2, appendix E.4). */
static const struct {
	uint16_t resource;
	const char *attribute;
} told[] = {
	{0, "manufacturer"}, {1, "board"},     {2, "serial"},	 {3, "firmware"},
	{17, "type"},	     {18, "hardware"}, {19, "software"},
};

static bool has_firmware(const struct release *r, const char *board, const char *version)
{
	const char *firmware = release_firmware_version(r, board);

	return firmware ? mp_streq(firmware, version)
			: release_fits(r, board) && mp_streq(r->version, version);
}

/* The release whose firmware for this board has this version: the one that the device is known to run, if it has, for
 * a newer one may bring the same; else the newest. NULL: none. */
static const struct release *release_of(struct server *s, const struct device *d, const char *board,
					const char *version)
{
	const struct release *r = releases_find(s->releases, d->release);

	if (r && has_firmware(r, board, version))
		return r;
	for (size_t i = 0; (r = releases_at(s->releases, i)); i++)
		if (has_firmware(r, board, version))
			return r;
	return NULL;
}

static int attributes_of(struct server *s, const struct device *d,
			 const struct lwm2m_result *result, struct mp_json *j)
{
	char text[128], board[128] = "", firmware[128] = "";
	const struct release *release;
	int r = 0;

	for (size_t i = 0; r == 0 && i < result->n_records; i++) {
		const struct mp_lwm2m_record *record = &result->records[i];

		for (size_t k = 0; k < sizeof(told) / sizeof(*told); k++) {
			if (!record->has_value || record->path.n != 3 ||
			    record->path.id[2] != told[k].resource ||
			    mp_lwm2m_value_format(&record->value, text, sizeof(text)) < 0)
				continue;
			r = mp_json_put_str(j, told[k].attribute, text);
			if (told[k].resource == 1)
				snprintf(board, sizeof(board), "%s", text);
			if (told[k].resource == 3)
				snprintf(firmware, sizeof(firmware), "%s", text);
		}
	}
	release = *board && *firmware ? release_of(s, d, board, firmware) : NULL;
	if (r == 0 && release)
		r = mp_json_put_str(j, "release", release->version);
	return r;
}

void interview_heard(struct server *s, struct device *d, const struct lwm2m_result *result)
{
	auto_(mp_json) *j = mp_json_new_object();
	int r;

	d->wants_interview = false;
	if (d->state == DEVICE_UNKNOWN &&
	    devices_report(s, d, &(struct report){.state = DEVICE_IDLE, .what = "registered"}) < 0)
		server_write_failed(s);
	if (!lwm2m_result_is_success(result) || result->n_records == 0)
		return;
	r = j ? attributes_of(s, d, result, j) : -ENOMEM;
	if (r == 0)
		r = actions_attributes(s, d, ATTRIBUTES_MERGE, j);
	if (r == -EFBIG)
		mp_log(MP_LOG_WARNING, "attributes not kept", "device=%s reason=\"%s\"", d->name,
		       "it has too many already");
	else if (r < 0)
		server_write_failed(s);
}

void interview_wanted(struct server *s, struct device *d)
{
	struct interviews *t = s->interviews;

	d->wants_interview = true;
	t->recent[t->end++ % RECENT] = d;
	t->n += t->n < RECENT;
}

struct question {
	struct server *server;
	char endpoint[LWM2M_ENDPOINT_MAX + 1];
};

static void answered(void *user, const struct lwm2m_result *result)
{
	struct question *q = user;
	struct device *d = devices_find(q->server->devices, q->endpoint);

	if (d && result->outcome == LWM2M_ANSWERED)
		interview_heard(q->server, d, result);
	free(q);
}

static bool ask(struct server *s, struct device *d, struct registration *r)
{
	struct lwm2m_operation read = LWM2M_OPERATION(LWM2M_READ);
	struct question *q = calloc(1, sizeof(*q));

	if (!q)
		return false;
	q->server = s;
	snprintf(q->endpoint, sizeof(q->endpoint), "%s", d->name);
	read.paths = &device_object;
	read.n_paths = 1;
	if (lwm2m_ask(s, r, &read, answered, q, NULL, NULL) < 0) {
		free(q);
		return false;
	}
	d->wants_interview = false; /* until it registers again */
	return true;
}

static bool begin(struct server *s, struct device *d)
{
	struct registration *r;

	if (!d || !d->wants_interview || d->campaign)
		return false;
	r = registry_find(s->lwm2m->registry, d->name);
	return r && registration_is_awake(r) && registration_has(r, &device_object) && ask(s, d, r);
}

void interviews_tick(struct server *s)
{
	struct interviews *t = s->interviews;
	unsigned left = s->options.interviews, for_others = left / 4;

	while (left > for_others && t->n) {
		t->n--;
		left -= begin(s, t->recent[--t->end % RECENT]);
	}
	for (size_t i = 0; left && i < SCAN; i++) {
		struct device *d = devices_at(s->devices, t->cursor++);

		if (!d) {
			t->cursor = 0;
			break;
		}
		left -= begin(s, d);
	}
}
