/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/client_world.h"

#define V11 MP_LWM2M_VERSION(1, 1)

static const char package[] = "a package of some bytes";

static int push(struct world *w, size_t len)
{
	static char big[20000];

	return world_send(w, 1, MP_COAP_PUT, "5/0/0", MP_LWM2M_FORMAT_OPAQUE,
			  len ? (const void *)big : package, len ? len : sizeof(package));
}

static int number(struct world *w, const char *path)
{
	return world_get(w, 1, path) == MP_COAP_CONTENT ? atoi(w->text) : -1;
}

#define ASSERT_STATE(state, result)                                                                \
	do {                                                                                       \
		ASSERT_INT(state, number(&w, "5/0/3"));                                            \
		ASSERT_INT(result, number(&w, "5/0/5"));                                           \
	} while (0)

TEST(ets_751_query_the_readable_resources)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_STATE(0, 0);
	ASSERT_INT(2, number(&w, "5/0/9"));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "5/0/8", MP_LWM2M_FORMAT_SENML_JSON));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_get(&w, 1, "5/0/0"));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_get(&w, 1, "5/0/2"));
	ASSERT_INT(MP_COAP_CONTENT, world_get_as(&w, 1, "5/0", MP_LWM2M_FORMAT_SENML_JSON));
}

TEST(ets_755_set_the_package)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, push(&w, 0));
	ASSERT_INT(sizeof(package), (long long)w.package_len);
	ASSERT_STATE(2, 0);
	ASSERT_INT(MP_COAP_CHANGED,
		   world_send(&w, 1, MP_COAP_PUT, "5/0/0", MP_LWM2M_FORMAT_OPAQUE, "", 0));
	ASSERT_STATE(0, 0);
	ASSERT_INT(MP_COAP_CHANGED, push(&w, 0));
	ASSERT_STATE(2, 0);
	ASSERT_INT(MP_COAP_CHANGED,
		   world_send(&w, 1, MP_COAP_PUT, "5/0/0", MP_LWM2M_FORMAT_OPAQUE, "", 1));
	ASSERT_STATE(0, 0);
}

TEST(ets_755_set_the_package_in_tlv)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED,
		   world_send(&w, 1, MP_COAP_PUT, "5/0/0", MP_LWM2M_FORMAT_TLV, "\xc3\x00xyz", 5));
	ASSERT_INT(3, (long long)w.package_len);
	ASSERT_STATE(2, 0);
}

TEST(ets_756_set_the_package_uri)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "coap://127.0.0.1/fw"));
	ASSERT_STR("coap://127.0.0.1/fw", w.pulled);
	ASSERT_STATE(1, 0);
	ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "5/0/1"));
	ASSERT_STR("coap://127.0.0.1/fw", w.text);
	mp_lwm2m_firmware_downloaded(&w.firmware, 0);
	ASSERT_STATE(2, 0);
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, ""));
	ASSERT_STATE(0, 0);
}

TEST(ets_760_basic_observation_and_notification)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CONTENT, world_observe(&w, 1, "5/0/3", "t"));
	ASSERT_INT(MP_COAP_CHANGED, push(&w, 0));
	world_run(&w, 1000);
	ASSERT(w.notifications >= 1);
	ASSERT_STR("2", w.notified);
}

TEST(ets_770_successful_update_by_coap)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, push(&w, 20000)); /* block by block */
	ASSERT_INT(20000, (long long)w.package_len);
	ASSERT_STATE(2, 0);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "5/0/2", -1, ""));
	ASSERT_INT(1, w.installs);
	ASSERT_STATE(3, 0);
	ASSERT_INT(MP_COAP_UNAVAILABLE, push(&w, 0)); /* not now */
	mp_lwm2m_firmware_updated(&w.firmware, MP_LWM2M_RESULT_SUCCESS);
	ASSERT_STATE(0, 1);
}

TEST(ets_771_successful_update_by_another_mechanism)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "https://example.org/fw"));
	ASSERT_INT(1, w.pulls);
	mp_lwm2m_firmware_downloaded(&w.firmware, 0);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "5/0/2", -1, ""));
	mp_lwm2m_firmware_updated(&w.firmware, MP_LWM2M_RESULT_SUCCESS);
	ASSERT_STATE(0, 1);
}

TEST(ets_772_error_1_no_install_without_a_package)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_METHOD_NOT_ALLOWED, world_post(&w, 1, "5/0/2", -1, ""));
	ASSERT_STATE(0, 0);
	ASSERT_INT(0, w.installs);
}

TEST(ets_773_error_2_storage_shortage)
{
	WORLD(w, .version = V11, .package_error = -ENOSPC);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_TOO_LARGE, push(&w, 20000));
	ASSERT_STATE(0, 2);
	ASSERT_INT(MP_COAP_TOO_LARGE, push(&w, 0));
	ASSERT_STATE(0, 2);
}

TEST(ets_774_error_3_out_of_memory)
{
	WORLD(w, .version = V11, .package_error = -ENOMEM);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_TOO_LARGE, push(&w, 20000));
	ASSERT_STATE(0, 3);
}

TEST(ets_775_error_4_connection_lost_during_the_download)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "coap://127.0.0.1/fw"));
	mp_lwm2m_firmware_downloaded(&w.firmware, -ETIMEDOUT);
	ASSERT_STATE(0, 4);
}

TEST(ets_775_error_4_a_push_that_stops)
{
	WORLD(w, .version = V11);
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_PUT, "5/0/0");
	static const uint8_t half[5000];

	ASSERT_OK(world_begin(&w));
	ask.format = MP_LWM2M_FORMAT_OPAQUE;
	ask.payload = half;
	ask.payload_len = sizeof(half);
	ask.handler = world_answer;
	ask.user = &w;
	ASSERT_OK(mp_coap_send(w.net.hosts[1].c, fake_remote(&w.net, 0), &ask, NULL));
	world_run(&w, 60);
	w.seen[1].mute = true;
	world_run(&w, 1000000);
	ASSERT_INT(MP_LWM2M_UPDATE_IDLE, w.firmware.state);
	ASSERT_INT(MP_LWM2M_RESULT_CONNECTION_LOST, w.firmware.result);
}

TEST(ets_776_error_5_crc_check_fail)
{
	WORLD(w, .version = V11, .package_error = -EBADMSG);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_BAD_REQUEST, push(&w, 20000));
	ASSERT_STATE(0, 5);
}

TEST(ets_777_error_6_unsupported_package_type)
{
	WORLD(w, .version = V11, .package_error = -ENOTSUP);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_BAD_REQUEST, push(&w, 20000));
	ASSERT_STATE(0, 6);
	ASSERT_INT(MP_COAP_BAD_REQUEST, push(&w, 0));
}

TEST(ets_778_error_7_invalid_uri)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "no uri at all"));
	ASSERT_STATE(0, 7);
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "coap://"));
	ASSERT_STATE(0, 7);
	w.pull_error = -EINVAL; /* what the provider finds out */
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "coap://[bad]/x"));
	ASSERT_STATE(0, 7);
}

TEST(ets_779_error_8_unsuccessful_update)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, push(&w, 0));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "5/0/2", -1, ""));
	mp_lwm2m_firmware_updated(&w.firmware, MP_LWM2M_RESULT_FAILED);
	ASSERT_STATE(0, 8);
	w.update_error = -EIO;
	ASSERT_INT(MP_COAP_CHANGED, push(&w, 0));
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "5/0/2", -1, ""));
	ASSERT_STATE(0, 8);
}

TEST(ets_780_error_9_unsupported_protocol)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "ftp://example.org/fw"));
	ASSERT_STATE(0, 9);
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "coap+tcp://example.org/fw"));
	ASSERT_STATE(0, 9);
	ASSERT_INT(0, w.pulls);
}

TEST(cancel_and_deferral_of_1_1)
{
	WORLD(w, .version = V11);

	ASSERT_OK(world_begin(&w));
	ASSERT_INT(MP_COAP_CHANGED, world_put(&w, 1, "5/0/1", 0, "coap://127.0.0.1/fw"));
	mp_lwm2m_firmware_downloaded(&w.firmware, 0);
	ASSERT_INT(MP_COAP_CHANGED, world_post(&w, 1, "5/0/2", -1, ""));
	mp_lwm2m_firmware_updated(&w.firmware, MP_LWM2M_RESULT_DEFERRED);
	ASSERT_STATE(2, 11);
	ASSERT_STR("put off", mp_lwm2m_update_result_text(11));
}

TEST(a_push_arrives_whole_at_twenty_percent_loss)
{
	WORLD(w, .version = V11, .loss = 20);

	ASSERT_OK(world_begin(&w));
	for (int i = 0; i < 100 && !mp_lwm2m_client_is_registered(w.client, 1); i++)
		world_run(&w, 60000);
	ASSERT_INT(MP_COAP_CHANGED, push(&w, 20000));
	ASSERT_INT(20000, (long long)w.package_len);
	ASSERT_INT(MP_LWM2M_UPDATE_DOWNLOADED, w.firmware.state);
}

TEST(a_push_that_outlives_its_client_harms_nobody)
{
	WORLD(w, .version = V11);
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_PUT, "5/0/0");
	static const uint8_t half[5000];

	ASSERT_OK(world_begin(&w));
	ask.format = MP_LWM2M_FORMAT_OPAQUE;
	ask.payload = half;
	ask.payload_len = sizeof(half);
	ask.handler = world_answer;
	ask.user = &w;
	ASSERT_OK(mp_coap_send(w.net.hosts[1].c, fake_remote(&w.net, 0), &ask, NULL));
	world_run(&w, 60);
	ASSERT_INT(MP_LWM2M_UPDATE_DOWNLOADING, w.firmware.state);
	mp_lwm2m_client_free(w.client);
	w.client = NULL;
	ASSERT_INT(MP_LWM2M_UPDATE_IDLE, w.firmware.state);
	fake_run(&w.net, 1000000);
}
