/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_world.h"

#define V11 MP_LWM2M_VERSION(1, 1)
#define JSON MP_LWM2M_FORMAT_SENML_JSON
#define LINKS MP_LWM2M_FORMAT_LINK

static int number(struct world *w, const char *path)
{
	return world_get(w, 1, path) == MP_COAP_CONTENT ? atoi(w->text) : -1;
}

/* ---- 4, 6, 11: values that the program sets ---- */

struct row {
	uint16_t resource;
	int32_t instance; /* -1: none */
	struct mp_lwm2m_value value;
};

static int fill(struct mp_lwm2m_stored *s, const struct row *rows, size_t n)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		struct mp_lwm2m_path p = mp_lwm2m_path(s->object, 0, rows[i].resource);

		if (rows[i].instance >= 0)
			p = mp_lwm2m_path_child(&p, (uint16_t)rows[i].instance);
		r = mp_lwm2m_rows_set(&s->rows, &p, &rows[i].value);
	}
	return r;
}

static int fill_radio(struct world *w)
{
	const struct row rows[] = {{0, -1, mp_lwm2m_integer(41)},
				   {1, 0, mp_lwm2m_integer(41)},
				   {2, -1, mp_lwm2m_integer(-60)},
				   {4, 0, mp_lwm2m_string("192.0.2.7")}};

	return fill(&w->radio, rows, 4);
}

TEST(ets_701_query_the_readable_resources_of_connectivity_monitoring)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_OK(fill_radio(&w));
	ASSERT_INT(41, number(&w, "4/0/0"));
	ASSERT_INT(-60, number(&w, "4/0/2"));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "4", JSON));
	ASSERT(strstr(w.text, "192.0.2.7") != NULL);
}

TEST(ets_705_720_730_735_connectivity_monitoring_is_read_only)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_OK(fill_radio(&w));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "4/0/2", 0, "5"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "4/0/0", -1, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "4", 11542, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "4/0")));
}

TEST(ets_710_711_observe_connectivity_monitoring)
{
	WORLD(w, .version = V11);
	const struct row weaker = {2, -1, mp_lwm2m_integer(-90)};

	ASSERT_OK(world_begin(&w));
	ASSERT_OK(fill_radio(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "4/0/2", "lt=-80", "pmax=200", NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "4/0/2", "t"));
	ASSERT_OK(fill(&w.radio, &weaker, 1));
	mp_lwm2m_client_changed(w.client, &mp_lwm2m_path(4, 0, 2));
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
	ASSERT_STR("-90", w.notified);
}

static int fill_place(struct world *w)
{
	const struct row rows[] = {{0, -1, mp_lwm2m_float(50.45)},
				   {1, -1, mp_lwm2m_float(30.5)},
				   {5, -1, mp_lwm2m_time(1700000000)}};

	return fill(&w->place, rows, 3);
}

TEST(ets_801_805_820_830_835_location)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_OK(fill_place(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "6/0", JSON));
	ASSERT(strstr(w.text, "50.45") && strstr(w.text, "30.5"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "6/0/0", 0, "1.0"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "6/0/0", -1, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "6", 11542, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "6/0")));
}

TEST(ets_810_811_observe_the_location)
{
	WORLD(w, .version = V11);
	const struct row moved = {0, -1, mp_lwm2m_float(50.46)};

	ASSERT_OK(world_begin(&w));
	ASSERT_OK(fill_place(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_observe_as(&w, 1, "6/0", "t", 0, JSON));
	ASSERT_OK(fill(&w.place, &moved, 1));
	mp_lwm2m_client_changed(w.client, &mp_lwm2m_path(6, 0));
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
	ASSERT(strstr(w.notified, "50.46") != NULL);
}

TEST(ets_1250_apn_connection_profiles_are_created_and_written)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED,
		   world_post(&w, 1, "11", JSON,
			      "[{\"bn\":\"/11/0/\",\"n\":\"0\",\"vs\":\"home\"},{\"n\":\"1\","
			      "\"vs\":\"internet\"},{\"n\":\"4\",\"v\":3}]"));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "11/0/1", 0, "iot"));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "11/0/1"));
	ASSERT_STR("iot", w.text);
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "11/0/13", 0, "1"));
}

TEST(ets_1600_1605_1610_1611_1620_portfolio_is_read_written_and_observed)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED,
		   world_post(&w, 1, "16", JSON, "[{\"bn\":\"/16/0/0/0\",\"vs\":\"host\"}]"));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "16/0", JSON));
	ASSERT(strstr(w.text, "host") != NULL);
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "16/0", "pmin=2", "pmax=60", NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_observe_as(&w, 1, "16/0", "t", 0, JSON));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "16/0/0/0", 0, "other"));
	world_run(&w, 3000);
	ASSERT_INT(1, w.notifications);
	ASSERT(strstr(w.notified, "other") != NULL);
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "16/0/1", -1, ""));
}

/* ---- 7 ---- */

TEST(ets_901_905_connectivity_statistics)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	w.totals = (struct mp_lwm2m_traffic_totals){10240, 20480, 30, 0};
	ASSERT_INT(0, number(&w, "7/0/2"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "7/0/6", -1, ""));
	w.totals = (struct mp_lwm2m_traffic_totals){10240 + 3072, 20480 + 5120, 38, 700};
	ASSERT_INT(3, number(&w, "7/0/2"));
	ASSERT_INT(5, number(&w, "7/0/3"));
	ASSERT_INT(700, number(&w, "7/0/4"));
	ASSERT_INT(1024, number(&w, "7/0/5"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "7/0/7", -1, ""));
	w.totals.sent *= 2;
	ASSERT_INT(3, number(&w, "7/0/2"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_put(&w, 1, "7/0/2", 0, "1"));
}

TEST(ets_905_statistics_end_with_their_period)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "7/0/8", 0, "10"));
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_put(&w, 1, "7/0/8", 0, "-1"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "7/0/6", -1, ""));
	world_run(&w, 11000);
	ASSERT_INT(0, number(&w, "7/0/2"));
	w.totals.sent = 1 << 20;
	ASSERT_INT(0, number(&w, "7/0/2"));
}

TEST(ets_910_911_observe_connectivity_statistics)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "7/0/6", -1, ""));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "7/0/2", "pmax=10", NULL, NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "7/0/2", "t"));
	w.totals.sent = 4096;
	world_run(&w, 11000);
	ASSERT_INT(1, w.notifications);
	ASSERT_STR("4", w.notified);
}

TEST(ets_920_930_935_the_statistics_instance_stays)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "7/0", LINKS));
	ASSERT(strstr(w.text, "</7/0/6>,</7/0/7>") != NULL);
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "7/0/2", -1, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "7", 11542, ""));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED,
		   world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "7/0")));
}

/* ---- 9: there is no ETS for it ---- */

static int push(struct world *w, const char *path, size_t len)
{
	static const char package[8000];

	return world_send(w, 1, MP_COAP_PUT, path, MP_LWM2M_FORMAT_OPAQUE, package, len);
}

#define ASSERT_SOFTWARE(state, result)                                                             \
	do {                                                                                       \
		ASSERT_INT(state, number(&w, "9/0/7"));                                            \
		ASSERT_INT(result, number(&w, "9/0/9"));                                           \
	} while (0)

TEST(software_is_delivered_installed_activated_and_uninstalled)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_SOFTWARE(0, 0);
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "9/0/4", -1, ""));
	ASSERT_INT(MP_COAP_CHANGED, push(&w, "9/0/2", 8000));
	ASSERT_SOFTWARE(3, 3);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "9/0/4", -1, ""));
	mp_lwm2m_software_installed(&w.software[0], 0);
	ASSERT_SOFTWARE(4, 2);
	ASSERT_INT(0, number(&w, "9/0/12"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "9/0/10", -1, ""));
	ASSERT_INT(1, number(&w, "9/0/12"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "9/0/11", -1, ""));
	ASSERT_INT(0, number(&w, "9/0/12"));
	ASSERT_INT(MP_COAP_UNAVAILABLE, push(&w, "9/0/2", 10));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "9/0/6", 0, "0"));
	ASSERT_SOFTWARE(0, 0);
	ASSERT_INT(1, w.uninstalls);
	ASSERT_INT(0, number(&w, "9/1/7")); /* the other instance is another package */
}

TEST(software_failures_have_their_results)
{
	static const struct {
		int error, result;
	} cases[] = {{-ENOSPC, 50}, {-ENOMEM, 51}, {-EBADMSG, 53}, {-ENOTSUP, 54}};

	for (size_t i = 0; i < 4; i++) {
		WORLD(w, .version = V11, .package_error = cases[i].error);

		ASSERT_OK(world_begin(&w));
		ASSERT(push(&w, "9/0/2", 8000) != MP_COAP_CHANGED);
		ASSERT_SOFTWARE(0, cases[i].result);
	}
}

TEST(software_by_uri_and_an_installation_that_fails)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "9/0/3", 0, "not a uri"));
	ASSERT_SOFTWARE(0, 56);
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "9/0/3", 0, "coap://127.0.0.1/app"));
	ASSERT_SOFTWARE(1, 1);
	mp_lwm2m_software_downloaded(&w.software[0], -ETIMEDOUT);
	ASSERT_SOFTWARE(0, 52);
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "9/0/3", 0, "coap://127.0.0.1/app"));
	mp_lwm2m_software_downloaded(&w.software[0], 0);
	ASSERT_SOFTWARE(3, 3);
	w.software_error = -EIO;
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "9/0/4", -1, ""));
	ASSERT_SOFTWARE(3, 58);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "9/0/6", -1, ""));
	ASSERT_SOFTWARE(3, 59);
}

/* ---- 20 ---- */

TEST(the_event_log_keeps_the_newest_lines)
{
	WORLD(w, .version = V11);
	char line[64];

	ASSERT_OK(world_begin(&w));
	mp_lwm2m_log_add(&w.log, "before it runs");
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "20/0/4011", -1, ""));
	for (int i = 0; i < 500; i++) {
		(void)snprintf(line, sizeof(line), "event number %d", i);
		mp_lwm2m_log_add(&w.log, line);
	}
	ASSERT_INT(2, number(&w, "20/0/4013")); /* runs, has data */
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "20/0/4014"));
	ASSERT(w.text_len <= MP_LWM2M_LOG_SIZE && w.text_len > MP_LWM2M_LOG_SIZE - 64);
	ASSERT(mp_str_starts_with(w.text, "event number ") && strstr(w.text, "number 499\n"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "20/0/4012", -1, ""));
	ASSERT_INT(3, number(&w, "20/0/4013"));
}

TEST(event_log_keeps_or_drops_its_lines_as_the_argument_says)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "20/0/4011", -1, ""));
	mp_lwm2m_log_add(&w.log, "one");
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "20/0/4011", 0, "0='1'"));
	mp_lwm2m_log_add(&w.log, "two");
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "20/0/4014"));
	ASSERT_STR("one\ntwo\n", w.text);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "20/0/4012", 0, "0='1'"));
	ASSERT_INT(1, number(&w, "20/0/4013"));
}

/* ---- 33629 ---- */

TEST(components_are_updated_each_on_its_own)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "33629/2/14"));
	ASSERT_STR("boot", w.text);
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "33629/2/3", "t"));
	ASSERT_INT(MP_COAP_CHANGED, push(&w, "33629/2/0", 5000));
	ASSERT_INT(2, number(&w, "33629/2/3"));
	ASSERT_INT(0, number(&w, "33629/0/3"));
	ASSERT(w.notifications > 0);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "33629/2/2", -1, ""));
	ASSERT_INT(3, number(&w, "33629/2/3"));
	mp_lwm2m_firmware_updated(&w.component[2].firmware, MP_LWM2M_RESULT_SUCCESS);
	ASSERT_INT(0, number(&w, "33629/2/3"));
	ASSERT_INT(1, number(&w, "33629/2/5"));
}

TEST(linked_and_named_components_are_updated_together)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "33629/0/16", JSON));
	ASSERT(strstr(w.text, "33629:1") != NULL);
	for (int i = 0; i < 3; i++)
		ASSERT_INT(MP_COAP_CHANGED, push(&w,
						 i == 0	  ? "33629/0/0"
						 : i == 1 ? "33629/1/0"
							  : "33629/2/0",
						 100));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "33629/0/2", 0, "0='</33629/2>'"));
	ASSERT_INT(3, (int)w.installs);
	for (int i = 0; i < 3; i++)
		ASSERT_INT(MP_LWM2M_UPDATE_UPDATING, w.component[i].firmware.state);
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "33629/0/10", -1, ""));
}

TEST(cancel_takes_a_downloaded_component_back)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, push(&w, "33629/1/0", 100));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "33629/1/10", -1, ""));
	ASSERT_INT(0, number(&w, "33629/1/3"));
	ASSERT_INT(10, number(&w, "33629/1/5"));
}
