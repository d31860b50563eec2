/* SPDX-License-Identifier: Apache-2.0
 * telemetry.h - what devices report, kept as series: observed and sent values with time and unit
 *
 *     r = telemetry_new(s, &s->telemetry);          // listens to notifications and Send
 *     telemetry_tick(s);                            // once a second: folds what is old
 *     r = telemetry_query(s, &(struct telemetry_query){ .endpoint = "sensor-7", ... }, &json);
 *
 * A series is an endpoint and a path. Values are written in the turn in which they come and become
 * durable with its commit. Raw values are kept for some days, then their minimum, average, maximum
 * and count an hour. The newest values stay in memory for /metrics, of a bounded number of series.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"
#include "lwm2m/path.h"

struct server;
struct mp_lwm2m_record;

#define TELEMETRY_DAYS 30 /* raw values, unless the options say otherwise */
#define TELEMETRY_HOURLY_DAYS 730

struct telemetry;
int telemetry_new(struct server *s, struct telemetry **ret); /* 0, -ENOMEM */
void telemetry_free(struct telemetry *t);
/* After a write failed: what is known of series may not be in the store. */
void telemetry_forget(struct telemetry *t);

/* Values of a device; `now` in ms for those without a time of their own. 0, or as the store says. */
int telemetry_add(struct server *s, const char *endpoint, const struct mp_lwm2m_record *records,
		  size_t n, int64_t now);
/* Its series end; their values go in slices. */
int telemetry_remove(struct server *s, const char *endpoint);
void telemetry_tick(struct server *s);

#define TELEMETRY_POINTS 5000 /* most of an answer */

struct telemetry_query {
	const char *endpoint;
	struct mp_lwm2m_path path;
	int64_t from, to; /* ms since 1970 */
	int64_t step; /* ms; 0: as they were stored */
};
/* {"path", "object", "name", "units", "from", "to", "step", "truncated", "points": [{"time", "value"},
 * {"time", "min", "avg", "max", "count"}]}. -ENOENT: no such series. */
int telemetry_query(struct server *s, const struct telemetry_query *query, struct mp_json **ret);
/* Every series of an endpoint with its newest value. */
int telemetry_series(struct server *s, const char *endpoint, struct mp_json **ret);

int telemetry_metrics(struct server *s, struct mp_buf *out);
