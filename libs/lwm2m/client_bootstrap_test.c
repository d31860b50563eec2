/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_world.h"

#define V11 MP_LWM2M_VERSION(1, 1)
#define JSON MP_LWM2M_FORMAT_SENML_JSON

/* The bootstrap server is host 2, the server that it gives host 1. */
static int begin(struct world *w)
{
	int r = world_open(w);

	if (r == 0)
		r = world_account(w, 2, true, 0);
	if (r < 0)
		return r;
	mp_lwm2m_client_start(w->client);
	world_run(w, 1000);
	return 0;
}

static int write_security(struct world *w, int short_id)
{
	char body[300];

	(void)snprintf(body, sizeof(body),
		       "[{\"bn\":\"/0/1/\",\"n\":\"0\",\"vs\":\"coap://127.0.0.1:4001\"},"
		       "{\"n\":\"1\",\"vb\":false},{\"n\":\"2\",\"v\":3},{\"n\":\"10\",\"v\":%d}]",
		       short_id);
	return world_put(w, 2, "0/1", JSON, body);
}

static int write_server(struct world *w, int short_id)
{
	char body[300];

	(void)snprintf(body, sizeof(body),
		       "[{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":%d},{\"n\":\"1\",\"v\":120},"
		       "{\"n\":\"6\",\"vb\":true},{\"n\":\"7\",\"vs\":\"U\"}]",
		       short_id);
	return world_put(w, 2, "1/0", JSON, body);
}

static int whole_bootstrap(struct world *w)
{
	if (write_security(w, 1) != MP_COAP_CHANGED || write_server(w, 1) != MP_COAP_CHANGED)
		return 0;
	return world_post(w, 2, "bs", -1, "");
}

TEST(ets_0_client_initiated_bootstrap)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin(&w));
	ASSERT_INT(1, w.seen[2].bootstraps);
	ASSERT_STR("bs", w.seen[2].path);
	ASSERT_STR("ep=device-1&pct=112", w.seen[2].queries);
	ASSERT_INT(MP_COAP_CHANGED, whole_bootstrap(&w));
	world_run(&w, 1000);
	ASSERT_INT(1, w.events[MP_LWM2M_BOOTSTRAPPED]);
	ASSERT_INT(1, w.seen[1].registers);
	ASSERT_STR("ep=device-1&lt=120&lwm2m=1.1&b=U", w.seen[1].queries);
	ASSERT(w.saves > 0);
}

TEST(ets_4_bootstrap_delete)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, write_security(&w, 1));
	ASSERT_INT(MP_COAP_CHANGED, write_server(&w, 1));
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 2, MP_COAP_ASK(MP_COAP_DELETE, "1/0")));
	ASSERT_INT(-1, mp_lwm2m_rows_next(mp_lwm2m_client_rows(w.client), 1, -1));
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 2, MP_COAP_ASK(MP_COAP_DELETE, "0")));
	ASSERT_INT(0, mp_lwm2m_rows_next(mp_lwm2m_client_rows(w.client), 0, -1));
	ASSERT_INT(-1, mp_lwm2m_rows_next(mp_lwm2m_client_rows(w.client), 0, 0));
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_ask(&w, 2, MP_COAP_ASK(MP_COAP_DELETE, "0/0")));
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_ask(&w, 2, MP_COAP_ASK(MP_COAP_DELETE, "3/0")));
	ASSERT_INT(MP_COAP_DELETED, world_ask(&w, 2, MP_COAP_ASK(MP_COAP_DELETE, "")));
	ASSERT_INT(MP_COAP_CHANGED, whole_bootstrap(&w));
	world_run(&w, 1000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(ets_5_server_initiated_bootstrap_by_the_trigger)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, whole_bootstrap(&w));
	world_run(&w, 1000);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "1/0/9", -1, ""));
	world_run(&w, 1000);
	ASSERT_INT(2, w.seen[2].bootstraps);
	ASSERT_INT(MP_COAP_CHANGED, write_server(&w, 1));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 2, "bs", -1, ""));
	world_run(&w, 1000);
	ASSERT_INT(2, w.seen[1].registers);
}

TEST(ets_5_server_initiated_bootstrap_of_1_0)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 0));

	ASSERT_OK(begin(&w));
	ASSERT_STR("ep=device-1", w.seen[2].queries);
	ASSERT_INT(MP_COAP_CHANGED, whole_bootstrap(&w));
	world_run(&w, 1000);
	ASSERT_INT(MP_COAP_CHANGED, whole_bootstrap(&w)); /* unasked, on the connection there is */
	world_run(&w, 1000);
	ASSERT_INT(2, w.seen[1].registers);
	ASSERT_INT(1, w.seen[2].bootstraps);
}

TEST(ets_6_bootstrap_sequence_accounts_first)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_open(&w));
	ASSERT_OK(world_account(&w, 2, true, 0));
	ASSERT_OK(world_account(&w, 1, false, 300));
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT_INT(0, w.seen[2].bootstraps);
	ASSERT_INT(1, w.seen[1].registers);
}

TEST(ets_7_fallback_to_bootstrap)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_open(&w));
	ASSERT_OK(world_account(&w, 2, true, 0));
	ASSERT_OK(world_account(&w, 1, false, 300));
	w.seen[1].reply = MP_COAP_FORBIDDEN;
	mp_lwm2m_client_start(w.client);
	world_run(&w, 5000);
	ASSERT_INT(1, w.events[MP_LWM2M_REFUSED]);
	ASSERT_INT(1, w.seen[2].bootstraps);
	w.seen[1].reply = 0;
	ASSERT_INT(MP_COAP_CHANGED,
		   world_ask(&w, 2, MP_COAP_ASK(MP_COAP_DELETE, "1")) == MP_COAP_DELETED
			   ? whole_bootstrap(&w)
			   : 0);
	world_run(&w, 1000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(ets_8_bootstrap_read)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, write_server(&w, 1));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 2, "1", JSON));
	ASSERT(strstr(w.text, "120") != NULL);
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_get_as(&w, 2, "0", JSON));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_get_as(&w, 2, "3/0", JSON));
}

TEST(bootstrap_discover)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, write_security(&w, 1));
	ASSERT_INT(MP_COAP_CHANGED, write_server(&w, 1));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 2, "", MP_LWM2M_FORMAT_LINK));
	ASSERT(mp_str_starts_with(w.text, "</>;lwm2m=1.1,"));
	ASSERT(strstr(w.text, "</0/1>;ssid=1;uri=\"coap://127.0.0.1:4001\"") != NULL);
	ASSERT(strstr(w.text, "</1/0>;ssid=1") != NULL);
	ASSERT(strstr(w.text, "</3/0>") != NULL);
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 2, "1", MP_LWM2M_FORMAT_LINK));
	ASSERT(!strstr(w.text, "</3/0>"));
}

TEST(ets_9_bootstrap_and_configuration_consistency)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, write_security(&w, 1));
	ASSERT_INT(MP_COAP_CHANGED, write_server(&w, 2)); /* of another server */
	ASSERT_INT(MP_COAP_NOT_ACCEPTABLE, world_post(&w, 2, "bs", -1, ""));
	ASSERT_INT(1, w.events[MP_LWM2M_BOOTSTRAP_FAILED]);
	/* as before the bootstrap */
	ASSERT_INT(-1, mp_lwm2m_rows_next(mp_lwm2m_client_rows(w.client), 1, -1));
	world_run(&w, 70000);
	ASSERT_INT(2, w.seen[2].bootstraps);
	ASSERT_INT(MP_COAP_CHANGED, whole_bootstrap(&w));
	world_run(&w, 1000);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
}

TEST(a_bootstrap_without_finish_is_given_up_and_begun_again)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, write_security(&w, 1));
	world_run(&w, 240000);
	ASSERT_INT(0, w.events[MP_LWM2M_BOOTSTRAP_FAILED]);
	world_run(&w, 10000);
	ASSERT_INT(1, w.events[MP_LWM2M_BOOTSTRAP_FAILED]);
	ASSERT_INT(-1, mp_lwm2m_rows_next(mp_lwm2m_client_rows(w.client), 0, 0));
	world_run(&w, 100000);
	ASSERT_INT(2, w.seen[2].bootstraps);
}

TEST(what_is_not_for_a_bootstrap_server_is_refused)
{
	WORLD(w, .version = V11);

	ASSERT_OK(begin(&w));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 2, "3/0/4", -1, ""));
	ASSERT_INT(0, w.reboots);
	ASSERT_INT(MP_COAP_NOT_FOUND, world_put(&w, 2, "99/0", JSON, "[]"));
	ASSERT_INT(MP_COAP_BAD_REQUEST, world_put(&w, 2, "1/0", JSON, "[{"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_ask(&w, 2, MP_COAP_ASK(MP_COAP_FETCH, "")));
}

TEST(a_bootstrap_server_that_refuses_is_asked_again_later)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_open(&w));
	ASSERT_OK(world_account(&w, 2, true, 0));
	w.seen[2].reply = MP_COAP_BAD_REQUEST;
	mp_lwm2m_client_start(w.client);
	world_run(&w, 1000);
	ASSERT_INT(1, w.events[MP_LWM2M_BOOTSTRAP_FAILED]);
	world_run(&w, 70000);
	ASSERT_INT(2, w.seen[2].bootstraps);
}

#define PACK_SECURITY                                                                              \
	"{\"bn\":\"/0/1/\",\"n\":\"0\",\"vs\":\"coap://"                                           \
	"127.0.0.1:4001\"},{\"n\":\"1\",\"vb\":false},"                                            \
	"{\"n\":\"2\",\"v\":3},{\"n\":\"10\",\"v\":1}"
#define PACK_SERVER                                                                                \
	"{\"bn\":\"/1/0/\",\"n\":\"0\",\"v\":1},{\"n\":\"1\",\"v\":90},{\"n\":\"6\",\"vb\":true}," \
	"{\"n\":\"7\",\"vs\":\"U\"}"

TEST(a_bootstrap_pack_of_1_2_brings_everything_in_one_answer)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2), .pack = "[" PACK_SECURITY "," PACK_SERVER "]");

	ASSERT_OK(begin(&w));
	ASSERT_INT(0, w.seen[2].bootstraps);
	ASSERT_INT(1, w.events[MP_LWM2M_BOOTSTRAPPED]);
	ASSERT(mp_lwm2m_client_is_registered(w.client, 1));
	ASSERT(strstr(w.seen[1].queries, "lt=90&lwm2m=1.2") != NULL);
}

TEST(without_packs_the_bootstrap_goes_on_as_in_1_1)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2));

	ASSERT_OK(begin(&w));
	ASSERT_INT(1, w.seen[2].bootstraps);
	ASSERT_INT(MP_COAP_CHANGED, whole_bootstrap(&w));
}

TEST(a_pack_that_is_not_consistent_changes_nothing)
{
	WORLD(w, .version = MP_LWM2M_VERSION(1, 2), .pack = "[" PACK_SECURITY "]");

	ASSERT_OK(begin(&w));
	ASSERT_INT(1, w.events[MP_LWM2M_BOOTSTRAP_FAILED]);
	ASSERT_INT(-1, mp_lwm2m_rows_next(mp_lwm2m_client_rows(w.client), 0, 0));
}

TORTURE(a_bootstrap_succeeds_or_runs_out_of_memory)
{
	WORLD(w, .version = V11);
	int r = begin(&w);

	if (r < 0)
		return r;
	if (whole_bootstrap(&w) != MP_COAP_CHANGED)
		return -ENOMEM;
	world_run(&w, 1000);
	return mp_lwm2m_client_is_registered(w.client, 1) ? 0 : -ENOMEM;
}
