/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_world.h"

#define V11 MP_LWM2M_VERSION(1, 1)

TEST(ets_301_660_observation_and_notification_of_parameter_values)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_attributes(&w, 1, "3303/0/5700", "pmin=5", "pmax=15", NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t1"));
	ASSERT(w.observe >= 0);
	ASSERT_STR("20", w.text);
	world_run(&w, 1000);
	world_set_celsius(&w, 21);
	world_run(&w, 2000);
	ASSERT_INT(0, w.notifications); /* pmin */
	world_run(&w, 3000);
	ASSERT_INT(1, w.notifications);
	ASSERT_STR("21", w.notified);
	ASSERT_INT(MP_COAP_NON, w.notified_type);
	world_run(&w, 13000);
	ASSERT_INT(1, w.notifications);
	world_run(&w, 3000);
	ASSERT_INT(2, w.notifications); /* pmax, though nothing changed */
}

TEST(ets_302_cancel_observations_by_reset)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t1"));
	world_set_celsius(&w, 21);
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
	w.refuse_notifications = true;
	world_set_celsius(&w, 22);
	world_run(&w, 1000);
	ASSERT_INT(2, w.notifications);
	world_set_celsius(&w, 23);
	world_run(&w, 60000);
	ASSERT_INT(2, w.notifications);
	ASSERT(!mp_lwm2m_client_is_observed(w.client, &mp_lwm2m_path(3303)));
}

TEST(ets_303_cancel_observations_by_the_observe_option)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t1"));
	ASSERT(mp_lwm2m_client_is_observed(w.client, &mp_lwm2m_path(3303, 0)));
	ASSERT_INT(MP_COAP_CONTENT, world_observe_as(&w, 1, "3303/0/5700", "t1", 1, -1));
	ASSERT_INT(-1, w.observe);
	ASSERT(!mp_lwm2m_client_is_observed(w.client, &mp_lwm2m_path(3303, 0)));
	world_set_celsius(&w, 25);
	world_run(&w, 60000);
	ASSERT_INT(0, w.notifications);
}

TEST(ets_304_observe_composite)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_fetch(&w, 1, 0, "c1", "[{\"n\":\"/3303/0/5700\"},{\"n\":\"/3/0/9\"}]"));
	ASSERT(w.observe >= 0);
	world_set_celsius(&w, 21.5);
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
	ASSERT_INT(MP_LWM2M_FORMAT_SENML_JSON, w.notified_format);
	ASSERT(strstr(w.notified, "21.5") && strstr(w.notified, "100"));
}

TEST(ets_305_cancel_observe_composite)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_fetch(&w, 1, 0, "c1", "[{\"n\":\"/3303/0/5700\"},{\"n\":\"/3/0/9\"}]"));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_fetch(&w, 1, 1, "c1", "[{\"n\":\"/3303/0/5700\"},{\"n\":\"/3/0/9\"}]"));
	world_set_celsius(&w, 22);
	world_run(&w, 1000);
	ASSERT_INT(0, w.notifications);
}

static void note_code(void *user, uint8_t code)
{
	*(int *)user = code;
}

TEST(ets_306_311_send)
{
	WORLD(w, .version = V11);
	const struct mp_lwm2m_path paths[] = {mp_lwm2m_path(3303, 0, 5700), mp_lwm2m_path(3, 0, 9)};
	int code = -1;

	ASSERT_OK(world_begin(&w));
	ASSERT_OK(mp_lwm2m_client_send(w.client, 1, paths, 2, MP_LWM2M_FORMAT_SENML_JSON, note_code,
				       &code));
	world_run(&w, 1000);
	ASSERT_INT(MP_COAP_CHANGED, code);
	ASSERT_INT(1, w.seen[1].sends);
	ASSERT_INT(MP_LWM2M_FORMAT_SENML_JSON, w.seen[1].format);
	ASSERT(strstr(w.seen[1].payload, "/3303/0/5700") && strstr(w.seen[1].payload, "/3/0/9"));
	ASSERT_ERR(-ENOTCONN, mp_lwm2m_client_send(w.client, 9, paths, 2,
						   MP_LWM2M_FORMAT_SENML_JSON, NULL, NULL));
	ASSERT_ERR(-ENOENT, mp_lwm2m_client_send(w.client, 1, &mp_lwm2m_path(77), 1,
						 MP_LWM2M_FORMAT_SENML_CBOR, NULL, NULL));
}

TEST(values_measured_before_are_sent_with_their_times)
{
	WORLD(w, .version = V11);
	struct mp_lwm2m_record records[2] = {
		{.path = mp_lwm2m_path(3303, 0, 5700),
		 .has_value = true,
		 .value = mp_lwm2m_float(19.5),
		 .time = 1700000000},
		{.path = mp_lwm2m_path(3303, 0, 5700),
		 .has_value = true,
		 .value = mp_lwm2m_float(20.5),
		 .time = 1700000060},
	};

	ASSERT_OK(world_begin(&w));
	ASSERT_OK(mp_lwm2m_client_send_records(w.client, 1, records, 2, MP_LWM2M_FORMAT_SENML_JSON,
					       NULL, NULL));
	world_run(&w, 1000);
	ASSERT(strstr(w.seen[1].payload, "19.5") && strstr(w.seen[1].payload, "20.5"));
	ASSERT(strstr(w.seen[1].payload, "17000000") != NULL);
}

TEST(ets_307_muting_send)
{
	WORLD(w, .version = V11);
	const struct mp_lwm2m_path path = mp_lwm2m_path(3303, 0, 5700);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/23", 0, "1"));
	ASSERT_ERR(-EPERM, mp_lwm2m_client_send(w.client, 1, &path, 1, MP_LWM2M_FORMAT_SENML_CBOR,
						NULL, NULL));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/23", 0, "0"));
	ASSERT_OK(mp_lwm2m_client_send(w.client, 1, &path, 1, MP_LWM2M_FORMAT_SENML_CBOR, NULL,
				       NULL));
	world_run(&w, 1000);
	ASSERT_INT(1, w.seen[1].sends);
}

TEST(send_is_not_for_servers_of_1_0)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(world_begin(&w));
	ASSERT_ERR(-ENOTSUP, mp_lwm2m_client_send(w.client, 1, &mp_lwm2m_path(3, 0, 9), 1,
						  MP_LWM2M_FORMAT_SENML_CBOR, NULL, NULL));
}

TEST(ets_308_309_310_observe_composite_sees_instances_come_change_and_go)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_fetch(&w, 1, 0, "c1", "[{\"n\":\"/16\"},{\"n\":\"/3/0/9\"}]"));
	ASSERT_INT(MP_COAP_CREATED, world_post(&w, 1, "16", MP_LWM2M_FORMAT_SENML_JSON,
					       "[{\"bn\":\"/16/0/0/0\",\"vs\":\"new\"}]"));
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
	ASSERT(strstr(w.notified, "new") != NULL);
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "16/0/0/0", 0, "changed"));
	world_run(&w, 1000);
	ASSERT_INT(2, w.notifications);
	ASSERT(strstr(w.notified, "changed") != NULL);
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "16/0")));
	world_run(&w, 1000);
	ASSERT_INT(3, w.notifications);
	ASSERT(!strstr(w.notified, "/16") && strstr(w.notified, "100"));
}

TEST(ets_560_delayed_report_while_disabled)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/6", 0, "1"));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/5", 0, "20"));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t1"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "1/0/4", -1, ""));
	world_run(&w, 5000);
	ASSERT_INT(1, w.seen[1].deregisters);
	world_set_celsius(&w, 30);
	world_run(&w, 5000);
	ASSERT_INT(0, w.notifications);
	world_run(&w, 15000);
	ASSERT_INT(2, w.seen[1].registers);
	ASSERT_INT(1, w.notifications);
	ASSERT_STR("30", w.notified);
}

TEST(without_storing_an_observation_ends_with_its_registration)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/5", 0, "20"));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t1"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "1/0/4", -1, ""));
	world_set_celsius(&w, 30);
	world_run(&w, 60000);
	ASSERT_INT(2, w.seen[1].registers);
	ASSERT_INT(0, w.notifications);
}

/* ---- conditions, as tables: what is written, the values, how many notifications each brings ---- */

struct step {
	double value;
	unsigned notifications; /* after 10 s */
};

static unsigned wrong_step(const char *a, const char *b, const char *c, const struct step *steps,
			   size_t n)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2));

	if (world_begin(&w) < 0 ||
	    world_attributes(&w, 1, "3303/0/5700", a, b, c) != MP_COAP_CHANGED ||
	    world_observe(&w, 1, "3303/0/5700", "t") != MP_COAP_CONTENT)
		return 100;
	for (unsigned i = 0; i < n; i++) {
		w.notifications = 0;
		world_set_celsius(&w, steps[i].value);
		world_run(&w, 10000);
		if (w.notifications != steps[i].notifications)
			return i + 1;
	}
	return 0;
}

TEST(gt_notifies_when_the_threshold_is_crossed_either_way)
{
	static const struct step steps[] = {{22, 0}, {25, 0}, {26, 1}, {27, 0}, {24, 1}, {23, 0}};

	ASSERT_INT(0, wrong_step("gt=25", NULL, NULL, steps, 6));
}

TEST(lt_notifies_when_the_threshold_is_crossed_either_way)
{
	static const struct step steps[] = {{18, 0}, {14, 1}, {12, 0}, {16, 1}, {17, 0}};

	ASSERT_INT(0, wrong_step("lt=15", NULL, NULL, steps, 5));
}

TEST(a_value_on_the_threshold_has_not_crossed_it)
{
	static const struct step above[] = {{25, 0}, {26, 1}, {25, 1}, {24, 0}, {25, 0}},
				 below[] = {{15, 0}, {14, 1}, {15, 1}, {16, 0}, {15, 0}};

	ASSERT_INT(0, wrong_step("gt=25", NULL, NULL, above, 5));
	ASSERT_INT(0, wrong_step("lt=15", NULL, NULL, below, 5));
}

TEST(st_notifies_at_a_step_from_what_was_sent_last)
{
	static const struct step steps[] = {{21, 0}, {21.9, 0}, {22, 1},
					    {23, 0}, {20, 1},	{20.5, 0}};

	ASSERT_INT(0, wrong_step("st=2", NULL, NULL, steps, 6));
}

TEST(gt_lt_and_st_together_notify_when_any_of_them_does)
{
	static const struct step steps[] = {{21, 0}, {30, 1}, {31, 0}, {8, 1}, {9, 0}, {15, 1}};

	ASSERT_INT(0, wrong_step("gt=25", "lt=10", "st=7", steps, 6));
}

TEST(pmin_holds_back_and_the_newest_value_is_sent)
{
	static const struct step steps[] = {{21, 0}, {22, 0}, {23, 1}, {24, 0}, {25, 0}, {26, 1}};

	ASSERT_INT(0, wrong_step("pmin=27", NULL, NULL, steps, 6));
}

TEST(epmin_holds_back_the_evaluation)
{
	static const struct step steps[] = {{26, 0}, {27, 0}, {26, 1}, {20, 0}, {20, 0}, {20, 1}};

	ASSERT_INT(0, wrong_step("epmin=27", "gt=25", NULL, steps, 6));
}

TEST(epmax_evaluates_though_nobody_said_that_it_changed)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_attributes(&w, 1, "3303/0/5700", "epmax=20", "gt=25", NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t"));
	w.celsius = 26; /* in silence */
	world_run(&w, 15000);
	ASSERT_INT(0, w.notifications);
	world_run(&w, 10000);
	ASSERT_INT(1, w.notifications);
	ASSERT_STR("26", w.notified);
	world_run(&w, 100000);
	ASSERT_INT(1, w.notifications);
}

TEST(edge_notifies_of_one_direction)
{
	for (int rising = 0; rising <= 1; rising++) {
		WORLD(w, .version = MP_LWM2M_VERSION(1, 2));
		unsigned want = 0;

		ASSERT_OK(world_begin(&w));
		ASSERT_INT(MP_COAP_CHANGED,
			   world_attributes(&w, 1, "3311/0/5850", rising ? "edge=1" : "edge=0",
					    NULL, NULL));
		ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3311/0/5850", "t"));
		for (int i = 0; i < 4; i++) {
			w.on = !w.on;
			mp_lwm2m_client_changed(w.client, &mp_lwm2m_path(3311, 0, 5850));
			world_run(&w, 1000);
			want += w.on == rising;
			ASSERT_INT(want, w.notifications);
		}
	}
}

TEST(con_asks_for_confirmable_notifications)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3303/0/5700", "con=1", NULL, NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t"));
	world_set_celsius(&w, 21);
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
	ASSERT_INT(MP_COAP_CON, w.notified_type);
}

TEST(the_defaults_of_the_server_object_hold_where_nothing_is_written)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/2", 0, "8"));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/3", 0, "30"));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t"));
	world_set_celsius(&w, 21);
	world_run(&w, 7000);
	ASSERT_INT(0, w.notifications);
	world_run(&w, 2000);
	ASSERT_INT(1, w.notifications);
	world_run(&w, 31000);
	ASSERT_INT(2, w.notifications);
}

TEST(attributes_of_higher_levels_are_inherited)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3303", "pmin=20", NULL, NULL));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3303/0", "pmin=4", NULL, NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t"));
	world_set_celsius(&w, 21);
	world_run(&w, 3000);
	ASSERT_INT(0, w.notifications);
	world_run(&w, 2000);
	ASSERT_INT(1, w.notifications);
}

TEST(ets_951_attributes_are_each_servers_own)
{
	WORLD(w, .version = V11, .two_servers = true);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3303/0/5700", "gt=50", NULL, NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 2, "3303/0/5700", MP_LWM2M_FORMAT_LINK));
	ASSERT_STR("</3303/0/5700>", w.text);
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t"));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 2, "3303/0/5700", "t"));
	world_set_celsius(&w, 21);
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
}

TEST(ets_661_extended_notification_of_a_whole_instance)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_observe_as(&w, 1, "3311/0", "t", 0, MP_LWM2M_FORMAT_SENML_JSON));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "3311/0/5851", 0, "77"));
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
	ASSERT_INT(MP_LWM2M_FORMAT_SENML_JSON, w.notified_format);
	ASSERT(strstr(w.notified, "77") != NULL);
}

TEST(an_observation_of_what_is_deleted_ends)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CREATED, world_post(&w, 1, "16", MP_LWM2M_FORMAT_TLV, ""));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "16/0/0/0", 0, "x"));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "16/0/0", "t"));
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 1, MP_COAP_ASK(MP_COAP_DELETE, "16/0")));
	ASSERT(!mp_lwm2m_client_is_observed(w.client, &mp_lwm2m_path(16, 0)));
}

TEST(in_queue_mode_notifications_are_confirmable_and_wake)
{
	WORLD(w, .version = V11, .queue_mode = true);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t"));
	world_run(&w, 100000);
	ASSERT(mp_lwm2m_client_is_asleep(w.client));
	world_set_celsius(&w, 21);
	ASSERT(!mp_lwm2m_client_is_asleep(w.client));
	world_run(&w, 1000);
	ASSERT_INT(1, w.notifications);
	ASSERT_INT(MP_COAP_CON, w.notified_type);
}

TEST(a_notification_that_is_not_acknowledged_leads_to_an_update)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3303/0/5700", "con=1", NULL, NULL));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t"));
	w.seen[1].mute = true;
	world_set_celsius(&w, 21);
	world_run(&w, 110000);
	w.seen[1].mute = false;
	world_run(&w, 300000);
	ASSERT(w.seen[1].updates + w.seen[1].registers > 1);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(a_client_may_end_while_notifications_are_on_their_way)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "3303/0/5700", "t"));
	world_set_celsius(&w, 21);
	mp_lwm2m_client_free(w.client);
	w.client = NULL;
	fake_run(&w.net, 60000);
	ASSERT_INT(1, w.notifications);
}

TEST(hqmax_keeps_the_values_that_could_not_be_told)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/6", 0, "1"));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/5", 0, "30"));
	ASSERT_INT(MP_COAP_CHANGED, world_attributes(&w, 1, "3303/0/5700", "hqmax=3", NULL, NULL));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_observe_as(&w, 1, "3303/0/5700", "t1", 0, MP_LWM2M_FORMAT_SENML_JSON));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "1/0/4", -1, ""));
	for (int i = 0; i < 5; i++) {
		world_run(&w, 2000);
		world_set_celsius(&w, 30 + i);
	}
	world_run(&w, 40000);
	ASSERT_INT(1, w.notifications);
	ASSERT(!strstr(w.notified, ":31"));
	ASSERT(strstr(w.notified, ":32") && strstr(w.notified, ":33") && strstr(w.notified, ":34"));
	ASSERT(strstr(w.notified, "\"t\":-") || strstr(w.notified, "\"bt\":-"));
	world_set_celsius(&w, 21);
	world_run(&w, 1000);
	ASSERT_INT(2, w.notifications);
	ASSERT(!strstr(w.notified, "\"t\""));
}

TEST(hqmax_tells_the_newest_value_though_its_evaluation_is_held_back)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_attributes(&w, 1, "3303/0/5700", "pmin=12", "epmin=5", "hqmax=4"));
	ASSERT_INT(MP_COAP_CONTENT,
		   world_observe_as(&w, 1, "3303/0/5700", "t1", 0, MP_LWM2M_FORMAT_SENML_JSON));
	world_run(&w, 5500);
	world_set_celsius(&w, 31);
	world_run(&w, 5500);
	world_set_celsius(&w, 32);
	world_run(&w, 300);
	world_set_celsius(&w, 33);
	world_run(&w, 2000);
	ASSERT_INT(1, w.notifications);
	ASSERT(strstr(w.notified, ":31") && strstr(w.notified, ":32") && strstr(w.notified, ":33"));
}

TEST(a_server_cannot_fill_the_memory_with_observations)
{
	WORLD(w, .version = V11);
	char token[8];
	int code = 0;

	ASSERT_OK(world_begin(&w));
	for (int i = 0; i < 300; i++) {
		(void)snprintf(token, sizeof(token), "t%d", i);
		code = world_observe(&w, 1, "3/0/9", token);
	}
	ASSERT_INT(MP_COAP_UNAVAILABLE, code);
	ASSERT(mp_lwm2m_client_memory(w.client) < 64 * 1024);
}
