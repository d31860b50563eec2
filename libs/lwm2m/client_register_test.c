/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_world.h"

#define V11 MP_LWM2M_VERSION(1, 1)

TEST(ets_101_initial_registration_says_who_and_what)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(1, w.seen[1].registers);
	ASSERT_INT(MP_COAP_POST, w.seen[1].code);
	ASSERT_STR("ep=device-1&lt=300&lwm2m=1.1&b=U", w.seen[1].queries);
	ASSERT_INT(MP_LWM2M_FORMAT_LINK, w.seen[1].format);
	ASSERT_STR("</>;rt=\"oma.lwm2m\";ct=\"60 110 112 11542 11543\",</1/0>,</3>;ver=1.1,</3/0>,"
		   "</4>,</5>;ver=1.1,</5/0>,</6>,</7/0>,</9/0>,</9/1>,</11>,</16>,</19>,</20/0>,"
		   "</3303/0>,</3311/0>,</3311/1>,</33629/0>,</33629/1>,</33629/2>",
		   w.seen[1].payload);
	ASSERT_INT(1, w.events[MP_LWM2M_REGISTERED]);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(ets_102_registration_update_before_the_lifetime_ends)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	world_run(&w, 200000);
	ASSERT_INT(0, w.seen[1].updates);
	world_run(&w, 10000);
	ASSERT_INT(1, w.seen[1].updates);
	ASSERT_STR("rd/1", w.seen[1].path);
	ASSERT_STR("", w.seen[1].queries);
	ASSERT_STR("", w.seen[1].payload);
	world_run(&w, 3600000);
	ASSERT(w.seen[1].updates >= 17);
	ASSERT_INT(1, w.seen[1].registers);
}

TEST(ets_103_deregistration)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	mp_lwm2m_client_stop(w.client);
	world_run(&w, 1000);
	ASSERT_INT(1, w.seen[1].deregisters);
	ASSERT_INT(MP_COAP_DELETE, w.seen[1].code);
	ASSERT_STR("rd/1", w.seen[1].path);
	ASSERT_INT(1, w.events[MP_LWM2M_DEREGISTERED]);
	world_run(&w, 3600000);
	ASSERT_INT(1, w.seen[1].registers);
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT_INT(2, w.seen[1].registers);
}

TEST(ets_104_registration_update_trigger)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "1/0/8", -1, ""));
	world_run(&w, 1000);
	ASSERT_INT(1, w.seen[1].updates);
	ASSERT_STR("rd/1", w.seen[1].path);
}

TEST(ets_105_discarded_register_update_leads_to_a_new_registration)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	w.seen[1].reply = MP_COAP_NOT_FOUND;
	mp_lwm2m_client_update(w.client, 1);
	world_run(&w, 30);
	w.seen[1].reply = 0;
	world_run(&w, 1000);
	ASSERT_INT(2, w.seen[1].registers);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(ets_107_extending_the_lifetime)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/1", 0, "7200"));
	world_run(&w, 1000);
	ASSERT_INT(1, w.seen[1].updates);
	ASSERT_STR("lt=7200&b=U", w.seen[1].queries);
	world_run(&w, 7000000);
	ASSERT_INT(1, w.seen[1].updates);
	world_run(&w, 200000);
	ASSERT_INT(2, w.seen[1].updates);
}

TEST(ets_108_turn_on_queue_mode)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .queue_mode = true);

	ASSERT_OK(world_begin(&w));
	ASSERT_STR("ep=device-1&lt=300&lwm2m=1.1&b=U&Q", w.seen[1].queries);
}

TEST(ets_108_turn_on_queue_mode_in_1_0)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0), .queue_mode = true);

	ASSERT_OK(world_begin(&w));
	ASSERT_STR("ep=device-1&lt=300&lwm2m=1.0&b=UQ", w.seen[1].queries);
}

TEST(ets_109_behavior_in_queue_mode)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .queue_mode = true);

	ASSERT_OK(world_begin(&w));
	ASSERT(!mp_lwm2m_client_is_asleep(w.client));
	world_run(&w, 60000);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/0"));
	world_run(&w, 90000);
	ASSERT(!mp_lwm2m_client_is_asleep(w.client)); /* awake since the request */
	world_run(&w, 10000);
	ASSERT(mp_lwm2m_client_is_asleep(w.client));
	ASSERT_INT(1, w.events[MP_LWM2M_ASLEEP]);
	world_run(&w, 60000); /* wakes to update */
	ASSERT_INT(1, w.seen[1].updates);
	ASSERT(!mp_lwm2m_client_is_asleep(w.client));
	ASSERT_INT(1, w.events[MP_LWM2M_AWAKE]);
}

TEST(a_device_that_waits_for_an_answer_stays_awake_and_is_not_woken_for_nothing)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .queue_mode = true);

	ASSERT_OK(world_begin(&w));
	w.kind.awake_ms = 5000;
	w.seen[1].mute = true;
	mp_lwm2m_client_update(w.client, 1);
	world_run(&w, 10000);
	ASSERT(!mp_lwm2m_client_is_asleep(w.client));
	ASSERT(w.wake > w.net.now_ms);
	w.seen[1].mute = false; /* its next try is heard */
	world_run(&w, 30000);
	ASSERT_INT(1, w.seen[1].updates);
	ASSERT(mp_lwm2m_client_is_asleep(w.client));
}

TEST(new_instances_are_told_by_an_update)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	mp_lwm2m_client_instances_changed(w.client, 3303);
	world_run(&w, 1000);
	ASSERT_INT(1, w.seen[1].updates);
	ASSERT(strstr(w.seen[1].payload, "</3303/0>") != NULL);
	ASSERT_INT(MP_LWM2M_FORMAT_LINK, w.seen[1].format);
}

TEST(a_server_that_does_not_answer_is_tried_again_with_growing_waits)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_open(&w));
	ASSERT_OK(world_account(&w, 1, false, 300));
	w.unreachable = true;
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT_INT(1, w.connects);
	world_run(&w, 60000);
	ASSERT_INT(2, w.connects);
	world_run(&w, 60000);
	ASSERT_INT(2, w.connects);
	world_run(&w, 60000);
	ASSERT_INT(3, w.connects);
	world_run(&w, 720000);
	ASSERT_INT(5, w.connects); /* five tries a sequence, by default */
	world_run(&w, 80000000);
	ASSERT_INT(5, w.connects);
	w.unreachable = false;
	world_run(&w, 10000000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(communication_retries_are_those_of_the_server_object)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));
	const struct {
		uint16_t resource;
		int64_t value;
	} rows[] = {{17, 2}, {18, 10}, {19, 100}, {20, 2}};

	ASSERT_OK(world_open(&w));
	ASSERT_OK(world_account(&w, 1, false, 300));
	for (size_t i = 0; i < 4; i++) {
		struct mp_lwm2m_value v = mp_lwm2m_unsigned((uint64_t)rows[i].value);

		ASSERT_OK(mp_lwm2m_rows_set(mp_lwm2m_client_rows(w.client),
					    &mp_lwm2m_path(1, 0, rows[i].resource), &v));
	}
	w.unreachable = true;
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT_INT(1, w.connects);
	world_run(&w, 10000);
	ASSERT_INT(2, w.connects);
	world_run(&w, 95000);
	ASSERT_INT(2, w.connects);
	world_run(&w, 10000);
	ASSERT_INT(3, w.connects);
}

TEST(a_refusal_of_the_version_is_answered_with_an_older_one)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2));

	ASSERT_OK(world_open(&w));
	ASSERT_OK(world_account(&w, 1, false, 300));
	w.seen[1].reply = MP_COAP_PRECONDITION_FAILED;
	mp_lwm2m_client_start(w.client);
	world_run(&w, 45); /* there and back once */
	ASSERT(strstr(w.seen[1].queries, "lwm2m=1.2") || strstr(w.seen[1].queries, "lwm2m=1.1"));
	w.seen[1].reply = 0;
	world_run(&w, 1000);
	ASSERT(strstr(w.seen[1].queries, "lwm2m=1.1") || strstr(w.seen[1].queries, "lwm2m=1.0"));
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(an_update_without_an_answer_leads_to_a_new_registration)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	w.seen[1].mute = true;
	mp_lwm2m_client_update(w.client, 1);
	world_run(&w, 100000);
	ASSERT(!mp_lwm2m_client_is_registered(w.client, 1));
	ASSERT(w.events[MP_LWM2M_UNREACHABLE] > 0);
	w.seen[1].mute = false;
	world_run(&w, 400000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
	ASSERT(w.seen[1].registers >= 2);
}

TEST(ets_555_disable_deregisters_and_comes_back)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/5", 0, "15"));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "1/0/4", -1, ""));
	world_run(&w, 1000);
	ASSERT_INT(1, w.seen[1].deregisters);
	ASSERT_INT(1, w.events[MP_LWM2M_DISABLED]);
	world_run(&w, 13000);
	ASSERT_INT(1, w.seen[1].registers);
	world_run(&w, 3000);
	ASSERT_INT(2, w.seen[1].registers);
}

TEST(ets_556_update_registration_capability)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/1", 0, "20"));
	world_run(&w, 1000);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "1/0/8", -1, ""));
	world_run(&w, 1000);
	ASSERT(w.seen[1].updates >= 2);
}

TEST(ets_950_multi_server_registration)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .two_servers = true);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(1, w.seen[1].registers);
	ASSERT_INT(1, w.seen[2].registers);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
	ASSERT(mp_lwm2m_client_is_registered(w.client, 2));
	ASSERT(strstr(w.seen[2].payload, "</1/0>,</1/1>") != NULL);
}

static int set_number(struct world *w, uint16_t instance, uint16_t resource, uint64_t v)
{
	struct mp_lwm2m_value value = mp_lwm2m_unsigned(v);

	return mp_lwm2m_rows_set(mp_lwm2m_client_rows(w->client),
				 &mp_lwm2m_path(1, instance, resource), &value);
}

static int begin_in_order(struct world *w, bool blocks)
{
	int r = world_open(w);

	if (r == 0)
		r = world_account(w, 1, false, 300);
	if (r == 0)
		r = world_account(w, 2, false, 300);
	for (uint16_t i = 0; r == 0 && i < 2; i++)
		r = set_number(w, i, 13, i ? 1 : 2); /* server 2 first */
	if (r == 0)
		r = set_number(w, 1, 17, 1);
	if (r == 0 && blocks)
		r = set_number(w, 1, 15, 1);
	return r;
}

TEST(servers_with_a_priority_are_registered_with_one_after_the_other)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin_in_order(&w, false));
	w.seen[2].mute = true;
	mp_lwm2m_client_start(w.client);
	world_run(&w, 30000);
	ASSERT_INT(0, w.seen[1].registers);
	w.seen[2].mute = false;
	world_run(&w, 60000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 2));
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(a_failed_registration_blocks_the_next_only_when_it_says_so)
{
	for (int blocks = 0; blocks <= 1; blocks++) {
		WORLD(w, .version = V11);

		ASSERT_OK(begin_in_order(&w, blocks));
		w.seen[2].reply = MP_COAP_INTERNAL_ERROR;
		mp_lwm2m_client_start(w.client);
		world_run(&w, 200000);
		ASSERT_INT(!blocks, mp_lwm2m_client_is_registered(w.client, 1));
	}
}

TEST(with_a_bootstrap_server_each_failed_server_is_tried_again_while_another_lives)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_open(&w));
	ASSERT_OK(world_account(&w, 1, false, 300));
	ASSERT_OK(world_account(&w, 2, false, 300));
	ASSERT_OK(world_account(&w, 3, true, 0));
	ASSERT_OK(set_number(&w, 1, 17, 1));
	ASSERT_OK(set_number(&w, 1, 19, 600));
	w.seen[2].reply = MP_COAP_INTERNAL_ERROR;
	mp_lwm2m_client_start(w.client);
	world_run(&w, 10000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
	w.seen[2].reply = 0;
	world_run(&w, 601000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 2));
	ASSERT_INT(0, w.seen[3].bootstraps);
}

TEST(a_server_that_blocks_another_for_good_is_no_end_with_a_bootstrap_server)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin_in_order(&w, true));
	ASSERT_OK(world_account(&w, 3, true, 0));
	w.seen[2].reply = MP_COAP_INTERNAL_ERROR;
	mp_lwm2m_client_start(w.client);
	world_run(&w, 200000);
	ASSERT(w.seen[3].bootstraps > 0);
}

TEST(attributes_of_the_kind_are_told)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .attributes = "site=12&floor=3");

	ASSERT_OK(world_begin(&w));
	ASSERT(strstr(w.seen[1].queries, "&site=12&floor=3") != NULL);
}

TEST(accounts_outlive_a_restart)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));
	struct mp_lwm2m_client *next;

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "1/0/1", 0, "4000"));
	ASSERT(w.saves > 0);
	mp_lwm2m_client_free(w.client);
	w.client = NULL;
	ASSERT_OK(mp_lwm2m_client_new(&w.kind, "device-1", &w, &next));
	w.client = next;
	ASSERT_OK(mp_lwm2m_client_load(w.client, w.saved, w.saved_len));
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT(strstr(w.seen[1].queries, "lt=4000") != NULL);
	ASSERT_INT(2, w.seen[1].registers);
}

TEST(requests_of_strangers_are_refused)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_UNAUTHORIZED, world_get(&w, 3, "3/0/0"));
}

TEST(registration_gets_through_at_forty_percent_loss)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .loss = 40);

	ASSERT_OK(world_begin(&w));
	world_run(&w, 3600000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
	ASSERT(w.seen[1].updates > 0);
}

TEST(names_and_classes_are_checked)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));
	static const struct mp_lwm2m_class *const wrong[] = {&world_light, &world_temperature};
	struct mp_lwm2m_client_kind kind;
	struct mp_lwm2m_client *c;

	ASSERT_OK(world_open(&w));
	kind = w.kind;
	ASSERT_ERR(-EINVAL, mp_lwm2m_client_new(&kind, "", &w, &c));
	kind.classes = wrong;
	kind.n_classes = 2;
	ASSERT_ERR(-EINVAL, mp_lwm2m_client_new(&kind, "x", &w, &c));
	ASSERT_OK(world_account(&w, 1, false, 60));
	ASSERT_ERR(-EEXIST, world_account(&w, 1, false, 60));
	ASSERT_ERR(-EINVAL, mp_lwm2m_client_add_account(
				    w.client, &(struct mp_lwm2m_account){.uri = "nonsense"}));
}

TORTURE(a_client_registers_or_says_that_memory_is_out)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));
	int r = world_begin(&w);

	if (r < 0)
		return r;
	if (!mp_lwm2m_client_is_registered(w.client, 1))
		return -ENOMEM;
	return world_get(&w, 1, "3/0/0") == MP_COAP_CONTENT ? 0 : -ENOMEM;
}

TEST(a_profile_id_stands_for_the_list_once_the_server_has_seen_both)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2), .profiles = true);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(2, w.seen[1].registers); /* 4.09, then with the list */
	ASSERT_INT(MP_LWM2M_FORMAT_LINK, w.seen[1].format);
	ASSERT(mp_str_starts_with(w.seen[1].profile, "pid=5:"));
	ASSERT_INT(6 + 16, strlen(w.seen[1].profile));
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
	mp_lwm2m_client_reset(w.client);
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT_INT(3, w.seen[1].registers);
	ASSERT_STR("", w.seen[1].payload);
	ASSERT_INT(-1, w.seen[1].format);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
	ASSERT_INT(0, w.events[MP_LWM2M_REFUSED]);
}

TEST(a_profile_id_changes_with_the_instances)
{
	char before[80], after[80];
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2), .profiles = true);

	ASSERT_OK(world_begin(&w));
	(void)snprintf(before, sizeof(before), "%s", w.seen[1].profile);
	ASSERT_OK(mp_lwm2m_rows_add(&w.apn.rows, &mp_lwm2m_path(11, 3)));
	mp_lwm2m_client_reset(w.client);
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	(void)snprintf(after, sizeof(after), "%s", w.seen[1].profile);
	ASSERT(!mp_streq(before, after));
	ASSERT_INT(4, w.seen[1].registers);
}

TEST(a_profile_id_has_the_digest_that_the_server_names)
{
	struct mp_lwm2m_value whole = mp_lwm2m_unsigned(1);
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2), .profiles = true);

	ASSERT_OK(world_open(&w));
	ASSERT_OK(world_account(&w, 1, false, 300));
	ASSERT_OK(mp_lwm2m_rows_set(mp_lwm2m_client_rows(w.client), &mp_lwm2m_path(1, 0, 27),
				    &whole));
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT(mp_str_starts_with(w.seen[1].profile, "pid=1:"));
	ASSERT_INT(6 + 64, strlen(w.seen[1].profile));
}

TEST(before_1_2_no_profile_id_is_sent)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .profiles = true);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(1, w.seen[1].registers);
	ASSERT(!strstr(w.seen[1].queries, "pid"));
}

TEST(a_server_that_takes_no_profile_id_is_told_the_list_and_asked_no_more_than_twice)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2), .profiles = true);

	w.seen[1].reply = MP_COAP_BAD_REQUEST;
	ASSERT_OK(world_begin(&w));
	ASSERT_INT(2, w.seen[1].registers);
	ASSERT_INT(1, w.events[MP_LWM2M_REFUSED]);
}

TEST(ets_106_a_server_over_tcp_is_told_the_binding_t)
{
	struct mp_lwm2m_account account = {
		.uri = "coap+tcp://10.0.0.1:1", .short_id = 1, .mode = MP_LWM2M_SECURITY_NONE};
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1), .queue_mode = true);

	ASSERT_OK(world_open(&w));
	for (int i = 0; i < FAKE_HOSTS; i++)
		w.net.hosts[i].seen.is_reliable = true;
	ASSERT_OK(mp_lwm2m_client_add_account(w.client, &account));
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT_STR("ep=device-1&lt=86400&lwm2m=1.1&b=T&Q", w.seen[1].queries);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "1/0/7"));
	ASSERT_STR("T", w.text);
}

TEST(a_stream_to_a_server_that_object_1_knows_for_datagrams_is_named_beside_them)
{
	struct mp_lwm2m_account account = {.uri = "coap+tcp://10.0.0.1:1",
					   .short_id = 1,
					   .mode = MP_LWM2M_SECURITY_NONE,
					   .binding = "U"};
	WORLD(w, .version = MP_LWM2M_VERSION(1, 1));

	ASSERT_OK(world_open(&w));
	for (int i = 0; i < FAKE_HOSTS; i++)
		w.net.hosts[i].seen.is_reliable = true;
	ASSERT_OK(mp_lwm2m_client_add_account(w.client, &account));
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT_STR("ep=device-1&lt=86400&lwm2m=1.1&b=UT", w.seen[1].queries);
}
