/* SPDX-License-Identifier: Apache-2.0
 * Raw values and hourly ones are one series: whatever of a time is left is told. */
#include "lwm2m/telemetry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lwm2m/lwm2m.h"
#include "lwm2m/model.h"
#include "server.h"

#define UNITS_RESOURCE 5701 /* "Sensor Units": what an IPSO object measures in */

/* ---- what a series is called ---- */

/* The units that an IPSO sensor told itself, else those of the model. */
static int put_units(struct server *s, const char *endpoint, const struct mp_lwm2m_path *path,
		     const char *units, struct mp_json *j)
{
	struct mp_lwm2m_path other = *path;
	auto_(mp_query) *q = NULL;
	char text[MP_LWM2M_PATH_TEXT];
	int r;

	other.n = MP_LWM2M_RESOURCE;
	other.id[2] = UNITS_RESOURCE;
	other.id[3] = 0;
	mp_lwm2m_path_format(&other, text);
	r = mp_store_query(s->store,
			   "SELECT t.value FROM telemetry_series s JOIN telemetry t ON"
			   " t.series = s.id WHERE s.endpoint = ? AND s.path = ?"
			   " ORDER BY t.time DESC LIMIT 1",
			   &q, MP_TEXT(endpoint), MP_TEXT(text));
	if (r == 0 && path->n > 2 && path->id[0] >= 3200 && path->id[0] < 3400 &&
	    path->id[2] >= 5600 && path->id[2] <= 5700 && mp_query_next(q) > 0)
		units = mp_query_text(q, 0);
	return *units ? mp_json_put_str(j, "units", units) : 0;
}

static int put_name(struct server *s, const char *endpoint, const char *text, const char *units,
		    struct mp_json *j)
{
	const struct mp_lwm2m_object *object;
	const struct mp_lwm2m_resource *resource;
	struct mp_lwm2m_path path;
	int r = mp_json_put_str(j, "path", text);

	if (mp_lwm2m_path_parse(text, strlen(text), &path) < 0)
		return r;
	object = mp_lwm2m_model_object(s->lwm2m->model, path.id[0], 0);
	resource = object ? mp_lwm2m_object_resource(object, path.id[2]) : NULL;
	if (object)
		r |= mp_json_put_str(j, "object", object->name);
	if (resource)
		r |= mp_json_put_str(j, "name", resource->name);
	return r | put_units(s, endpoint, &path, units, j);
}

/* ---- the series of a device ---- */

static int put_value(const struct mp_query *q, int column, const char *key, struct mp_json *j)
{
	if (mp_query_is_text(q, column))
		return mp_json_put_str(j, key, mp_query_text(q, column));
	return mp_json_put(j, key, mp_json_new_real(mp_query_real(q, column)));
}

static int put_time(const struct mp_query *q, int column, struct mp_json *j)
{
	return mp_json_put(j, "time", mp_json_new_real((double)mp_query_int(q, column) / 1000));
}

static int add_series(struct server *s, const char *endpoint, const struct mp_query *q,
		      struct mp_json *items)
{
	struct mp_json *j = mp_json_new_object();
	int r = put_name(s, endpoint, mp_query_text(q, 0), mp_query_text(q, 1), j);

	if (!mp_query_is_null(q, 2)) {
		r |= put_time(q, 2, j);
		r |= put_value(q, 3, "value", j);
	}
	return r | mp_json_append(items, j);
}

int telemetry_series(struct server *s, const char *endpoint, struct mp_json **ret)
{
	auto_(mp_json) *items = mp_json_new_array();
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(
		s->store,
		"SELECT s.path, s.units, t.time, t.value FROM telemetry_series s LEFT JOIN"
		" telemetry t ON t.series = s.id AND t.time ="
		" (SELECT max(time) FROM telemetry WHERE series = s.id)"
		" WHERE s.endpoint = ? ORDER BY s.id",
		&q, MP_TEXT(endpoint));

	while (r == 0 && (r = mp_query_next(q)) > 0)
		r = add_series(s, endpoint, q, items);
	if (r == 0)
		*ret = take_ptr(items);
	return r < 0 ? r : 0;
}

/* ---- one of them over time ---- */

static const char select_points[] =
	"SELECT time, value, NULL, NULL, NULL, NULL FROM telemetry"
	" WHERE series = ?1 AND time >= ?2 AND time < ?3"
	" UNION ALL SELECT hour * 3600000, NULL, min, avg, max, count FROM telemetry_hour"
	" WHERE series = ?1 AND hour >= ?2 / 3600000 AND hour * 3600000 < ?3"
	" ORDER BY 1 LIMIT ?4";

static const char select_steps[] =
	"SELECT time / ?5 * ?5, NULL, min(low), sum(mid * n) / sum(n), max(high), sum(n) FROM"
	" (SELECT time, value AS low, value AS mid, value AS high, 1 AS n FROM telemetry"
	"  WHERE series = ?1 AND time >= ?2 AND time < ?3 AND typeof(value) = 'real'"
	"  UNION ALL SELECT hour * 3600000, min, avg, max, count FROM telemetry_hour"
	"  WHERE series = ?1 AND hour >= ?2 / 3600000 AND hour * 3600000 < ?3)"
	" GROUP BY 1 ORDER BY 1 LIMIT ?4";

static int add_point(const struct mp_query *q, struct mp_json *points)
{
	struct mp_json *j = mp_json_new_object();
	int r = put_time(q, 0, j);

	if (!mp_query_is_null(q, 1)) {
		r |= put_value(q, 1, "value", j);
	} else {
		r |= put_value(q, 2, "min", j);
		r |= put_value(q, 3, "avg", j);
		r |= put_value(q, 4, "max", j);
		r |= mp_json_put_int(j, "count", mp_query_int(q, 5));
	}
	return r | mp_json_append(points, j);
}

static int put_points(struct server *s, int64_t series, const struct telemetry_query *query,
		      struct mp_json *j)
{
	struct mp_json *points = mp_json_new_array();
	auto_(mp_query) *q = NULL;
	bool truncated = false;
	int n = 0, r;

	if (query->step > 0)
		r = mp_store_query(s->store, select_steps, &q, MP_INT(series), MP_INT(query->from),
				   MP_INT(query->to), MP_INT(TELEMETRY_POINTS + 1),
				   MP_INT(query->step));
	else
		r = mp_store_query(s->store, select_points, &q, MP_INT(series), MP_INT(query->from),
				   MP_INT(query->to), MP_INT(TELEMETRY_POINTS + 1));
	while (r == 0 && !truncated && (r = mp_query_next(q)) > 0) {
		truncated = n++ == TELEMETRY_POINTS;
		r = truncated ? 0 : add_point(q, points);
	}
	if (r == 0)
		r = mp_json_put_bool(j, "truncated", truncated);
	return mp_json_put(j, "points", points) | r;
}

int telemetry_query(struct server *s, const struct telemetry_query *query, struct mp_json **ret)
{
	auto_(mp_json) *j = mp_json_new_object();
	auto_(mp_query) *q = NULL;
	char path[MP_LWM2M_PATH_TEXT];
	int r;

	mp_lwm2m_path_format(&query->path, path);
	r = mp_store_query(s->store,
			   "SELECT id, units FROM telemetry_series WHERE endpoint = ? AND path = ?",
			   &q, MP_TEXT(query->endpoint), MP_TEXT(path));
	if (r == 0)
		r = mp_query_next(q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = put_name(s, query->endpoint, path, mp_query_text(q, 1), j);
	r |= mp_json_put(j, "from", mp_json_new_real((double)query->from / 1000));
	r |= mp_json_put(j, "to", mp_json_new_real((double)query->to / 1000));
	r |= mp_json_put(j, "step", mp_json_new_real((double)query->step / 1000));
	if (r == 0)
		r = put_points(s, mp_query_int(q, 0), query, j);
	if (r == 0)
		*ret = take_ptr(j);
	return r < 0 ? -ENOMEM : 0;
}
