/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - values that change by themselves: looked at while somebody observes them */
#include <stdlib.h>
#include <time.h>

#include "worker.h"

#define LOOK_MS 5000
#define RARELY_MS 60000 /* errors, and whether there is a position */

static int64_t memory(const struct worker *w)
{
	return fact_after(w, "/proc/meminfo", "MemAvailable:");
}

static int64_t clock_now(const struct worker *w)
{
	(void)w;
	return (int64_t)time(NULL);
}

static const struct {
	struct mp_lwm2m_path path;
	int64_t (*number)(const struct worker *w);
	int64_t least; /* of a change that counts */
} values[] = {
	{{.id = {3, 0, 9}, .n = 3}, device_battery, 1}, {{.id = {3, 0, 10}, .n = 3}, memory, 512},
	{{.id = {3, 0, 13}, .n = 3}, clock_now, 1},	{{.id = {4, 0, 2}, .n = 3}, link_level, 1},
	{{.id = {4, 0, 4}, .n = 3}, link_addresses, 1}, {{.id = {6, 0}, .n = 2}, position_time, 1},
	{{.id = {7, 0}, .n = 2}, traffic_bytes, 1000},	{{.id = {19, 0}, .n = 2}, appdata_state, 1},
};
#define VALUES (sizeof(values) / sizeof(*values))
#define FIRST_SEEN 4 /* of worker.seen; device.c has those before */

static bool has_changed(struct worker *w, unsigned i)
{
	int64_t *seen = &w->seen[FIRST_SEEN + i], now = values[i].number(w);

	if (llabs(now - *seen) < values[i].least)
		return false;
	*seen = now;
	return true;
}

static bool is_anything_observed(const struct worker *w)
{
	for (unsigned i = 0; i < VALUES; i++)
		if (mp_lwm2m_client_is_observed(w->client, &values[i].path))
			return true;
	return false;
}

static void look_at_values(struct worker *w)
{
	for (unsigned i = 0; i < VALUES; i++)
		if (mp_lwm2m_client_is_observed(w->client, &values[i].path) && has_changed(w, i))
			mp_lwm2m_client_changed(w->client, &values[i].path);
}

static void look_rarely(struct worker *w)
{
	bool is_there = position_is_there(w);

	device_look_for_errors(w);
	if (is_there == w->has_position)
		return;
	w->has_position = is_there;
	mp_lwm2m_client_instances_changed(w->client, 6);
}

void watch_look(struct worker *w, int64_t now)
{
	if (now >= w->look_rarely) {
		w->look_rarely = now + RARELY_MS;
		look_rarely(w);
	}
	if (now >= w->look) {
		w->look = now + LOOK_MS;
		look_at_values(w);
	}
}

int64_t watch_next(const struct worker *w, int64_t now)
{
	(void)now;
	return is_anything_observed(w) && w->look < w->look_rarely ? w->look : w->look_rarely;
}
