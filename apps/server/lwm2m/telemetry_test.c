/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/telemetry.h"

#include "base/test.h"
#include "lwm2m/format.h"
#include "lwm2m/lwm2m.h"
#include "schema.h"
#include "server.h"

#define HOUR 3600000

struct place {
	struct server s;
	struct lwm2m lwm2m;
	int64_t now; /* ms */
};

static void place_done(struct place *p)
{
	telemetry_free(p->s.telemetry);
	mp_store_free(p->s.store);
}

#define PLACE(p)                                                                                   \
	__attribute__((cleanup(place_done))) struct place p = {                                    \
		.lwm2m = {.model = &mp_lwm2m_builtin}, .now = server_now() * 1000};                \
	p.s.lwm2m = &p.lwm2m;                                                                      \
	ASSERT_OK(mp_store_open(":memory:", server_migrations, &p.s.store, NULL));                 \
	ASSERT_OK(telemetry_new(&p.s, &p.s.telemetry))

static int add(struct place *p, const char *endpoint, double value, int64_t time)
{
	struct mp_lwm2m_record record = {.path = mp_lwm2m_path(3303, 0, 5700),
					 .has_value = true,
					 .value = mp_lwm2m_float(value)};

	return telemetry_add(&p->s, endpoint, &record, 1, time);
}

static int ask(struct place *p, int64_t from, int64_t step, struct mp_json **ret)
{
	return telemetry_query(&p->s,
			       &(struct telemetry_query){.endpoint = "one",
							 .path = mp_lwm2m_path(3303, 0, 5700),
							 .from = from,
							 .to = p->now + 1000,
							 .step = step},
			       ret);
}

static double at(const struct mp_json *j, size_t i, const char *key)
{
	return mp_json_real(mp_json_get(mp_json_at(mp_json_get(j, "points"), i), key), -1);
}

static size_t points(const struct mp_json *j)
{
	return mp_json_size(mp_json_get(j, "points"));
}

TEST(values_come_back_with_their_time_name_and_unit)
{
	auto_(mp_json) *j = NULL;

	PLACE(p);
	ASSERT_OK(add(&p, "one", 20.5, p.now - 2000));
	ASSERT_OK(add(&p, "one", 21.5, p.now - 1000));
	ASSERT_OK(add(&p, "two", 99, p.now - 1000));
	ASSERT_OK(ask(&p, p.now - HOUR, 0, &j));
	ASSERT_STR("/3303/0/5700", mp_json_str(mp_json_get(j, "path"), ""));
	ASSERT_STR("Temperature", mp_json_str(mp_json_get(j, "object"), ""));
	ASSERT_INT(2, points(j));
	ASSERT(at(j, 0, "value") == 20.5 && at(j, 1, "value") == 21.5);
	ASSERT(at(j, 1, "time") == (double)(p.now - 1000) / 1000);
}

TEST(a_time_of_its_own_counts_unless_it_lies_in_the_future)
{
	struct mp_lwm2m_record record = {.path = mp_lwm2m_path(3303, 0, 5700),
					 .has_value = true,
					 .value = mp_lwm2m_float(1)};
	auto_(mp_json) *j = NULL;

	PLACE(p);
	record.time = (double)(p.now / 1000 - 60);
	ASSERT_OK(telemetry_add(&p.s, "one", &record, 1, p.now));
	record.time = 1e12;
	ASSERT_OK(telemetry_add(&p.s, "one", &record, 1, p.now));
	ASSERT_OK(ask(&p, p.now - HOUR, 0, &j));
	ASSERT_INT(2, points(j));
	ASSERT(at(j, 0, "time") == (double)(p.now / 1000 - 60));
	ASSERT(at(j, 1, "time") == (double)p.now / 1000);
}

TEST(steps_tell_minimum_average_maximum_and_count)
{
	auto_(mp_json) *j = NULL;
	int64_t start = 0;

	PLACE(p);
	start = p.now / HOUR * HOUR - 2 * HOUR;
	for (int i = 0; i < 4; i++)
		ASSERT_OK(add(&p, "one", 10 + i, start + i * (HOUR / 2)));
	ASSERT_OK(ask(&p, start, HOUR, &j));
	ASSERT_INT(2, points(j));
	ASSERT(at(j, 0, "min") == 10 && at(j, 0, "avg") == 10.5 && at(j, 0, "max") == 11);
	ASSERT(at(j, 1, "count") == 2);
}

TEST(old_values_become_hours_and_stay_in_the_series)
{
	auto_(mp_json) *j = NULL, *again = NULL;
	int64_t old = 0;

	PLACE(p);
	p.s.options.telemetry_days = 2;
	old = p.now / HOUR * HOUR - 100 * HOUR;
	ASSERT_OK(add(&p, "one", 5, old));
	ASSERT_OK(add(&p, "one", 7, old + 1000));
	ASSERT_OK(add(&p, "one", 9, p.now));
	telemetry_tick(&p.s);
	ASSERT_OK(ask(&p, old - HOUR, 0, &j));
	ASSERT_INT(2, points(j));
	ASSERT(at(j, 0, "avg") == 6 && at(j, 0, "count") == 2 && at(j, 1, "value") == 9);
	ASSERT_OK(add(&p, "one", 9, old + 2000)); /* late, of an hour that is folded already */
	telemetry_tick(&p.s); /* the walk begins anew */
	telemetry_tick(&p.s);
	ASSERT_OK(ask(&p, old - HOUR, 0, &again));
	ASSERT_INT(2, points(again));
	ASSERT(at(again, 0, "avg") == 7 && at(again, 0, "count") == 3);
}

TEST(numbers_whose_sum_is_none_are_folded_all_the_same)
{
	static const double values[] = {1.7e308, 1.7e308, -1.7e308, -1.7e308, 1.7e308, -1.7e308};
	auto_(mp_json) *j = NULL;
	int64_t old = 0;

	PLACE(p);
	p.s.options.telemetry_days = 2;
	old = p.now / HOUR * HOUR - 100 * HOUR;
	for (int i = 0; i < 6; i++) {
		ASSERT_OK(add(&p, "one", values[i], old + i));
		if (i % 2 == 0)
			continue;
		telemetry_tick(&p.s);
		telemetry_tick(&p.s);
		ASSERT(!p.s.write_failed);
	}
	ASSERT_OK(ask(&p, old - HOUR, 0, &j));
	ASSERT_INT(1, points(j));
	ASSERT(at(j, 0, "count") == 6 && at(j, 0, "max") == 1.7e308);
	ASSERT(__builtin_isfinite(at(j, 0, "avg")));
	ASSERT(mp_store_run(p.s.store, "UPDATE telemetry_hour SET avg = 9e999", MP_NOTHING) == 1);
	for (int i = 2; i < 4; i++)
		ASSERT_OK(add(&p, "one", values[i], old + i));
	telemetry_tick(&p.s);
	telemetry_tick(&p.s);
	ASSERT(!p.s.write_failed);
}

TEST(text_is_kept_and_told_but_not_averaged)
{
	struct mp_lwm2m_record record = {.path = mp_lwm2m_path(3303, 0, 5700),
					 .has_value = true,
					 .value = mp_lwm2m_string("hot")};
	auto_(mp_json) *j = NULL, *steps = NULL, *all = NULL;

	PLACE(p);
	ASSERT_OK(telemetry_add(&p.s, "one", &record, 1, p.now));
	ASSERT_OK(ask(&p, p.now - HOUR, 0, &j));
	ASSERT_STR("hot",
		   mp_json_str(mp_json_get(mp_json_at(mp_json_get(j, "points"), 0), "value"), ""));
	ASSERT_OK(ask(&p, p.now - HOUR, 1000, &steps));
	ASSERT_INT(0, points(steps));
	ASSERT_OK(telemetry_series(&p.s, "one", &all));
	ASSERT_INT(1, mp_json_size(all));
}

TEST(a_series_that_is_removed_goes_in_slices_and_can_come_back)
{
	auto_(mp_json) *j = NULL;

	PLACE(p);
	auto_(mp_query) *q = NULL;

	for (int i = 0; i < 12000; i++)
		ASSERT_OK(add(&p, "one", i, p.now - i));
	ASSERT_OK(telemetry_remove(&p.s, "one"));
	ASSERT_ERR(-ENOENT, ask(&p, 0, 0, &j));
	ASSERT_OK(add(&p, "one", 1, p.now));
	for (int i = 0; i < 6; i++)
		telemetry_tick(&p.s);
	ASSERT_OK(mp_store_query(p.s.store, "SELECT count(*) FROM telemetry", &q, MP_NOTHING));
	ASSERT_INT(1, mp_query_next(q));
	ASSERT_INT(1, mp_query_int(q, 0));
}

TEST(metrics_show_the_newest_value_of_a_bounded_number_of_series)
{
	MP_BUF(out, 1u << 20);
	char name[32];

	PLACE(p);
	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "device-%d", i);
		ASSERT_OK(add(&p, name, i, p.now));
	}
	ASSERT_OK(add(&p, "device-7", 8.5, p.now));
	ASSERT_OK(telemetry_metrics(&p.s, &out));
	ASSERT(strstr(out.data, "{device=\"device-7\",path=\"/3303/0/5700\""));
	ASSERT(strstr(out.data, "\"} 8.5\n"));
	ASSERT(strstr(out.data, "not_shown_total 500\n"));
	ASSERT(!strstr(out.data, "device-1200"));
}
