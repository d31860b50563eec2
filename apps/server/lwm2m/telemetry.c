/* SPDX-License-Identifier: Apache-2.0
 * Writing: the number of a series is found in a cache of fixed size, else in the store, else made.
 * Folding walks the series by their numbers, a few a second, so that no turn is long. */
#include "lwm2m/telemetry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "lwm2m/credentials.h"
#include "lwm2m/listeners.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/model.h"
#include "lwm2m/registry.h"
#include "server.h"

#define CACHE 32768 /* series whose number is known; a power of two */
#define SHOWN 1000 /* series at /metrics */
#define SHOWN_SECONDS 3600 /* one that has been silent so long makes room */
#define FOLD_SERIES 50 /* looked at in a second */
#define FOLD_ROWS 5000 /* raw values that are taken away at once */
#define TEXT_MAX 256 /* bytes of a text value that are kept */
#define HOUR 3600000 /* ms */
#define DAY (24 * (int64_t)HOUR)

struct cached {
	uint64_t hash; /* of endpoint and path; 0: free */
	int64_t series;
	int shown; /* index + 1 */
};

struct shown {
	char endpoint[65];
	struct mp_lwm2m_path path;
	const char *units; /* of the model; NULL */
	int64_t time; /* ms */
	double value;
	uint64_t hash;
};

struct telemetry {
	struct lwm2m_listener listener;
	struct server *server;
	struct cached *cache;
	struct shown *shown;
	size_t n_shown, next_shown;
	uint64_t stored, not_shown;
	int64_t fold; /* series that was folded last */
};

/* ---- series ---- */

/* It stands for endpoint and path, so nobody may be able to make two of one hash. */
static uint64_t hash_of(const char *endpoint, const struct mp_lwm2m_path *path)
{
	size_t len = strnlen(endpoint, LWM2M_ENDPOINT_MAX);
	struct {
		uint16_t id[4], n;
		char endpoint[LWM2M_ENDPOINT_MAX];
	} whole = {.n = path->n};
	uint64_t h;

	memcpy(whole.id, path->id, sizeof(whole.id));
	memcpy(whole.endpoint, endpoint, len);
	h = mp_hash(&whole, sizeof(whole) - sizeof(whole.endpoint) + len);
	return h ? h : 1;
}

static const char *units_of(const struct server *s, const struct mp_lwm2m_path *path)
{
	const struct mp_lwm2m_resource *r = mp_lwm2m_model_resource(s->lwm2m->model, path, 0);

	return r && r->units ? r->units : "";
}

static int find_series(struct server *s, const char *endpoint, const char *path, int64_t *ret)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT id FROM telemetry_series WHERE endpoint = ? AND path = ?",
			       &q, MP_TEXT(endpoint), MP_TEXT(path));

	if (r == 0)
		r = mp_query_next(q);
	if (r > 0)
		*ret = mp_query_int(q, 0);
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

static int make_series(struct server *s, const char *endpoint, const struct mp_lwm2m_path *path,
		       int64_t *ret)
{
	char text[MP_LWM2M_PATH_TEXT];
	int r;

	mp_lwm2m_path_format(path, text);
	r = find_series(s, endpoint, text, ret);
	if (r != -ENOENT)
		return r;
	r = mp_store_run(s->store,
			 "INSERT INTO telemetry_series (endpoint, path, units) VALUES (?, ?, ?)",
			 MP_TEXT(endpoint), MP_TEXT(text), MP_TEXT(units_of(s, path)));
	if (r < 0)
		return r;
	*ret = mp_store_last_id(s->store);
	return 0;
}

static int series_of(struct server *s, const char *endpoint, const struct mp_lwm2m_path *path,
		     struct cached **ret)
{
	struct telemetry *t = s->telemetry;
	uint64_t hash = hash_of(endpoint, path);
	struct cached *c = &t->cache[hash & (CACHE - 1)];
	int64_t series;
	int r = 0;

	if (c->hash != hash) {
		r = make_series(s, endpoint, path, &series);
		if (r == 0)
			*c = (struct cached){.hash = hash, .series = series};
	}
	*ret = c;
	return r;
}

/* ---- the newest values, for /metrics ---- */

static struct shown *place_for(struct telemetry *t, int64_t now)
{
	struct shown *oldest;

	if (t->n_shown < SHOWN)
		return &t->shown[t->n_shown++];
	oldest = &t->shown[t->next_shown++ % SHOWN];
	return now - oldest->time > SHOWN_SECONDS * 1000 ? oldest : NULL;
}

static void show(struct telemetry *t, struct cached *c, const char *endpoint,
		 const struct mp_lwm2m_record *record, double value, int64_t time)
{
	struct shown *at = c->shown ? &t->shown[c->shown - 1] : NULL;

	if (!at || at->hash != c->hash) {
		at = NULL;
		for (size_t i = 0; i < t->n_shown && !at; i++)
			if (t->shown[i].hash == c->hash)
				at = &t->shown[i];
		if (!at)
			at = place_for(t, time);
		if (!at) {
			t->not_shown++;
			return;
		}
		c->shown = (int)(at - t->shown) + 1;
		at->hash = c->hash;
		at->path = record->path;
		at->units = units_of(t->server, &record->path);
		snprintf(at->endpoint, sizeof(at->endpoint), "%s", endpoint);
	}
	at->time = time;
	at->value = value;
}

/* ---- values come ---- */

static struct mp_value value_of(const struct mp_lwm2m_record *record, double number, bool is_number,
				char text[TEXT_MAX])
{
	if (is_number)
		return MP_REAL(number);
	if (mp_lwm2m_value_format(&record->value, text, TEXT_MAX) < 0)
		return MP_NOTHING; /* longer than what is worth keeping */
	return MP_TEXT(text);
}

static int add_one(struct server *s, const char *endpoint, const struct mp_lwm2m_record *record,
		   int64_t now)
{
	int64_t time = record->time > 0 ? (int64_t)(record->time * 1000 + 0.5) : now;
	double number = 0;
	bool is_number = mp_lwm2m_value_is_number(&record->value, &number);
	char text[TEXT_MAX];
	struct mp_value value = value_of(record, number, is_number, text);
	struct cached *c;
	int r;

	if (time > now + DAY) /* a clock that is wrong */
		time = now;
	if (value.type == MP_VALUE_END)
		return 0;
	r = series_of(s, endpoint, &record->path, &c);
	if (r == 0)
		r = mp_store_run(
			s->store,
			"INSERT OR REPLACE INTO telemetry (series, time, value) VALUES (?, ?, ?)",
			MP_INT(c->series), MP_INT(time), value);
	if (r < 0)
		return r;
	s->telemetry->stored++;
	if (is_number)
		show(s->telemetry, c, endpoint, record, number, time);
	return 0;
}

int telemetry_add(struct server *s, const char *endpoint, const struct mp_lwm2m_record *records,
		  size_t n, int64_t now)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		if (records[i].has_value && records[i].path.n >= MP_LWM2M_RESOURCE)
			r = add_one(s, endpoint, &records[i], now);
	return r;
}

static void hear(void *user, const struct lwm2m_event *e)
{
	struct server *s = user;

	if (telemetry_add(s, e->endpoint, e->records, e->n_records, e->time) < 0)
		server_write_failed(s);
}

/* ---- what is old ---- */

static unsigned days(unsigned option, unsigned usual)
{
	return option ? option : usual;
}

static int64_t first_hour(const struct server *s)
{
	return server_now() / 3600 -
	       24 * (int64_t)days(s->options.telemetry_hourly_days, TELEMETRY_HOURLY_DAYS);
}

/* Reading first: a write, even one that finds nothing, begins a transaction. 1, 0 or negative. */
static int has_old(struct server *s, int64_t series, int64_t before)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(
		s->store,
		"SELECT EXISTS (SELECT 1 FROM telemetry WHERE series = ?1 AND time < ?2)"
		" OR EXISTS (SELECT 1 FROM telemetry_hour WHERE series = ?1 AND hour < ?3)",
		&q, MP_INT(series), MP_INT(before), MP_INT(first_hour(s)));

	if (r == 0)
		r = mp_query_next(q);
	return r > 0 ? mp_query_int(q, 0) != 0 : r;
}

/* The sum of large numbers is no number any more, and a fold that fails would fail for ever. */
#define LARGEST "1.7976931348623157e308"
#define BOUNDED(average) "max(-" LARGEST ", min(" LARGEST ", " average "))"
#define BOTH "(avg * count + excluded.avg * excluded.count) / (count + excluded.count)"

static const char fold_hours[] =
	"INSERT INTO telemetry_hour (series, hour, min, avg, max, count)"
	" SELECT series, time / 3600000, min(value), coalesce(" BOUNDED(
		"avg(value)") ", max(value)),"
			      " max(value), count(*) FROM telemetry"
			      " WHERE series = ? AND time < ? AND typeof(value) = 'real' GROUP BY "
			      "time / 3600000"
			      " ON CONFLICT (series, hour) DO UPDATE SET min = min(min, "
			      "excluded.min),"
			      " max = max(max, excluded.max), avg = coalesce(" BOUNDED(
				      BOTH) ", excluded.avg),"
					    " count = count + excluded.count";

static int fold_series(struct server *s, int64_t series, int64_t before)
{
	int r = mp_store_run(s->store, fold_hours, MP_INT(series), MP_INT(before));

	if (r >= 0)
		r = mp_store_run(s->store, "DELETE FROM telemetry WHERE series = ? AND time < ?",
				 MP_INT(series), MP_INT(before));
	if (r >= 0)
		r = mp_store_run(s->store,
				 "DELETE FROM telemetry_hour WHERE series = ? AND hour < ?",
				 MP_INT(series), MP_INT(first_hour(s)));
	return r;
}

/* As many hours as have about FOLD_ROWS values; *ret_more: there is more. */
static int fold_some(struct server *s, int64_t series, int64_t before, bool *ret_more)
{
	auto_(mp_query) *q = NULL;
	int64_t end = before;
	int r = has_old(s, series, before);

	if (r <= 0)
		return r;
	r = mp_store_query(s->store,
			   "SELECT time FROM telemetry WHERE series = ? AND time < ?"
			   " ORDER BY time LIMIT 1 OFFSET ?",
			   &q, MP_INT(series), MP_INT(before), MP_INT(FOLD_ROWS));

	if (r == 0)
		r = mp_query_next(q);
	*ret_more = r > 0;
	if (r > 0) {
		end = (mp_query_int(q, 0) / HOUR + 1) * HOUR;
		if (end > before)
			end = before;
	}
	mp_query_free(take_ptr(q));
	return r < 0 ? r : fold_series(s, series, end);
}

static int drop_some(struct server *s, int64_t series, bool *ret_more)
{
	int r = mp_store_run(s->store,
			     "DELETE FROM telemetry WHERE series = ?1 AND time IN"
			     " (SELECT time FROM telemetry WHERE series = ?1 LIMIT ?2)",
			     MP_INT(series), MP_INT(FOLD_ROWS));

	*ret_more = r >= FOLD_ROWS;
	if (r < 0 || *ret_more)
		return r;
	r = mp_store_run(s->store, "DELETE FROM telemetry_hour WHERE series = ?", MP_INT(series));
	if (r >= 0)
		r = mp_store_run(s->store, "DELETE FROM telemetry_series WHERE id = ?",
				 MP_INT(series));
	return r;
}

static int fold(struct server *s)
{
	struct telemetry *t = s->telemetry;
	int64_t before = server_now() * 1000 -
			 DAY * (int64_t)days(s->options.telemetry_days, TELEMETRY_DAYS);
	auto_(mp_query) *q = NULL;
	int64_t series[FOLD_SERIES];
	bool gone[FOLD_SERIES], more = false;
	int n = 0, r;

	before -= before % HOUR;
	r = mp_store_query(s->store,
			   "SELECT id, endpoint IS NULL FROM telemetry_series WHERE id > ?"
			   " ORDER BY id LIMIT ?",
			   &q, MP_INT(t->fold), MP_INT(FOLD_SERIES));
	while (r == 0 && n < FOLD_SERIES && (r = mp_query_next(q)) > 0) {
		series[n] = mp_query_int(q, 0);
		gone[n++] = mp_query_int(q, 1);
		r = 0;
	}
	mp_query_free(take_ptr(q));
	for (int i = 0; i < n && r >= 0 && !more; i++) {
		r = gone[i] ? drop_some(s, series[i], &more)
			    : fold_some(s, series[i], before, &more);
		if (!more)
			t->fold = series[i];
	}
	if (n < FOLD_SERIES && !more)
		t->fold = 0; /* from the beginning again */
	return r;
}

void telemetry_tick(struct server *s)
{
	if (fold(s) < 0)
		server_write_failed(s);
}

int telemetry_remove(struct server *s, const char *endpoint)
{
	int r = mp_store_run(s->store,
			     "UPDATE telemetry_series SET endpoint = NULL WHERE endpoint = ?",
			     MP_TEXT(endpoint));

	if (r > 0)
		telemetry_forget(s->telemetry);
	return r < 0 ? r : 0;
}

/* ---- from beginning to end ---- */

int telemetry_new(struct server *s, struct telemetry **ret)
{
	struct telemetry *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->server = s;
	t->cache = calloc(CACHE, sizeof(*t->cache));
	t->shown = calloc(SHOWN, sizeof(*t->shown));
	if (!t->cache || !t->shown) {
		telemetry_free(t);
		return -ENOMEM;
	}
	t->listener = (struct lwm2m_listener){
		.hear = hear, .user = s, .kinds = LWM2M_NOTIFIED | LWM2M_SENT};
	if (s->lwm2m)
		lwm2m_listen(s->lwm2m, &t->listener);
	*ret = t;
	return 0;
}

void telemetry_free(struct telemetry *t)
{
	if (!t)
		return;
	free(t->cache);
	free(t->shown);
	free(t);
}

void telemetry_forget(struct telemetry *t)
{
	memset(t->cache, 0, CACHE * sizeof(*t->cache));
	t->n_shown = 0;
}

/* ---- metrics ---- */

static int show_one(const struct shown *one, struct mp_buf *out)
{
	char path[MP_LWM2M_PATH_TEXT];

	mp_lwm2m_path_format(&one->path, path);
	return mp_buf_printf(out, "mp_lwm2m_value{device=\"%s\",path=\"%s\",unit=\"%s\"} %.15g\n",
			     one->endpoint, path, one->units, one->value);
}

int telemetry_metrics(struct server *s, struct mp_buf *out)
{
	const struct telemetry *t = s->telemetry;
	int64_t since = server_now() * 1000 - (int64_t)SHOWN_SECONDS * 1000;
	int r = mp_buf_printf(out,
			      "# HELP mp_telemetry_values_total Values of devices stored\n"
			      "# TYPE mp_telemetry_values_total counter\n"
			      "mp_telemetry_values_total %llu\n"
			      "# HELP mp_telemetry_not_shown_total Values of series beyond the %d "
			      "that mp_lwm2m_value shows\n"
			      "# TYPE mp_telemetry_not_shown_total counter\n"
			      "mp_telemetry_not_shown_total %llu\n"
			      "# HELP mp_lwm2m_value The newest values of devices\n"
			      "# TYPE mp_lwm2m_value gauge\n",
			      (unsigned long long)t->stored, SHOWN,
			      (unsigned long long)t->not_shown);

	for (size_t i = 0; i < t->n_shown && r == 0; i++)
		if (t->shown[i].time >= since)
			r = show_one(&t->shown[i], out);
	return r;
}
