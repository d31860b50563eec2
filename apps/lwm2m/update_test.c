/* SPDX-License-Identifier: Apache-2.0 */
#include "bed.h"
#include "lwm2m/update_line.h"

#define URL "https://10.0.2.2:8443/DEFAULT/controller/v1/device-1/deploymentBase/7"

static bool shows(struct bed *b, const char *state, const char *result)
{
	return mp_streq(bed_read(b, "5/0/3"), state) && mp_streq(bed_read(b, "5/0/5"), result);
}

TEST(ets_751_states_of_the_agent_are_those_of_object_5)
{
	static const struct {
		const char *said, *state;
		unsigned result;
		const char *shown;
	} cases[] = {{"downloading", "1", 0, "0"}, {"verifying", "1", 0, "0"},
		     {"downloaded", "2", 0, "0"},  {"installed", "3", 0, "0"},
		     {"rebooting", "3", 0, "0"},   {"proving", "3", 0, "0"},
		     {"proven", "0", 1, "1"},	   {"downloading", "1", 0, "0"},
		     {"failed", "0", 5, "5"},	   {"rolled_back", "0", 8, "8"}};
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT(shows(&b, "0", "0"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bed_say(&b, cases[i].said, "1.1.0", "lwm2m/7", "", cases[i].result);
		ASSERT(shows(&b, cases[i].state, cases[i].shown));
	}
	ASSERT_STR("1.1.0", bed_read(&b, "5/0/7"));
	ASSERT_STR("demo", bed_read(&b, "5/0/6"));
	ASSERT_STR("2", bed_read(&b, "5/0/9"));
	ASSERT_STR("3", bed_read(&b, "5/0/8/0"));
}

TEST(ets_756_an_address_is_handed_to_the_supervisor)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CHANGED, bed_write(&b, "5/0/1", URL));
	ASSERT(bed_heard(&b, MP_MSG_UPDATE));
	ASSERT_STR(URL, b.texts[0]);
	ASSERT(shows(&b, "1", "0"));
	bed_say(&b, "downloaded", "1.1.0", "lwm2m/7", "", 0);
	ASSERT_INT(MP_COAP_CHANGED, bed_execute(&b, "5/0/2"));
	ASSERT(bed_heard(&b, MP_MSG_COMMIT));
}

TEST(ets_755_a_pushed_deployment_becomes_a_file)
{
	char path[200];
	MP_BUF(file, 1000);
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CHANGED,
		   bed_send(&b, MP_COAP_PUT, "5/0/0", MP_LWM2M_FORMAT_OPAQUE, "{\"id\": \"7\"}"));
	ASSERT(bed_heard(&b, MP_MSG_UPDATE));
	ASSERT_STR("package", b.texts[0]);
	snprintf(path, sizeof(path), "%s" STATE_DIR "/lwm2m/package.json", b.root);
	ASSERT_OK(mp_file_read(path, &file, NULL));
	ASSERT_STR("{\"id\": \"7\"}", mp_buf_str(&file));
}

TEST(ets_777_a_package_that_is_too_long_is_no_deployment)
{
	static char body[70000];
	BED(b);

	memset(body, 'x', sizeof(body) - 1);
	ASSERT_OK(bed_open(&b));
	(void)bed_send(&b, MP_COAP_PUT, "5/0/0", MP_LWM2M_FORMAT_OPAQUE, body);
	ASSERT(!bed_heard(&b, MP_MSG_UPDATE));
	ASSERT(shows(&b, "0", "6"));
}

TEST(ets_780_another_protocol_is_result_9_and_nonsense_7)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	(void)bed_write(&b, "5/0/1", "coap://[::1]/fw");
	ASSERT(shows(&b, "0", "9"));
	(void)bed_write(&b, "5/0/1", "nonsense");
	ASSERT(shows(&b, "0", "7"));
	ASSERT(!bed_heard(&b, MP_MSG_UPDATE));
}

TEST(an_empty_address_gives_up)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CHANGED, bed_write(&b, "5/0/1", URL));
	ASSERT_INT(MP_COAP_CHANGED, bed_write(&b, "5/0/1", ""));
	ASSERT(bed_heard(&b, MP_MSG_DROP));
	ASSERT(shows(&b, "0", "0"));
}

TEST(an_update_of_another_channel_cannot_be_replaced)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	bed_say(&b, "downloading", "1.1.0", "1001", "", 0);
	ASSERT(shows(&b, "1", "0"));
	ASSERT_INT(MP_COAP_UNAVAILABLE, bed_write(&b, "5/0/1", URL));
	ASSERT_INT(MP_COAP_UNAVAILABLE, bed_execute(&b, "5/0/2"));
	ASSERT_INT(MP_COAP_UNAVAILABLE,
		   bed_send(&b, MP_COAP_PUT, "5/0/0", MP_LWM2M_FORMAT_OPAQUE, "{}"));
	ASSERT(!bed_heard(&b, MP_MSG_UPDATE));
}

TEST(what_the_supervisor_said_before_it_had_heard_us_is_passed_over)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	ASSERT_INT(MP_COAP_CHANGED, bed_write(&b, "5/0/1", URL));
	(void)mp_pair_send(&b.supervisor, &(struct mp_msg){.type = MP_MSG_STATE,
							   .num = {0, 0},
							   .text = {"idle", "", "", "", ""}});
	ASSERT_OK(supervisor_listen(&b.w));
	ASSERT(shows(&b, "1", "0"));
	bed_say(&b, "idle", "", "", "", 0); /* it has refused */
	ASSERT(shows(&b, "0", "8"));
}

/* What a server makes of the log. */
static const char *reason(struct bed *b)
{
	static char text[200];
	int r;

	(void)bed_get(b, "20/0/4014", MP_LWM2M_FORMAT_OPAQUE);
	r = mp_lwm2m_update_reason(b->text, b->text_len, "1.1.0", text, sizeof(text));
	return r == 0 ? text : strerror(-r);
}

TEST(the_log_has_the_reason_of_a_failure)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	bed_say(&b, "rolled_back", "1.1.0", "lwm2m/7", "release 1.1.0: web: unhealthy", 8);
	ASSERT_STR("release 1.1.0: web: unhealthy", reason(&b));
	bed_say(&b, "downloading", "", "lwm2m/", "", 0);
	ASSERT_STR(strerror(ENOENT), reason(&b));
	bed_say(&b, "failed", "", "lwm2m/", "nothing answers\nthere", 4);
	ASSERT_STR("nothing answers there", reason(&b));
	ASSERT_OK(bed_restart(&b));
	ASSERT_STR("nothing answers there", reason(&b));
}

TEST(the_log_has_the_reason_of_what_object_5_refuses_by_itself)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	bed_say(&b, "failed", "1.1.0", "lwm2m/7", "an old reason", 4);
	(void)bed_write(&b, "5/0/1", "nonsense");
	ASSERT_STR("invalid URI", reason(&b));
	ASSERT_INT(MP_COAP_CHANGED, bed_write(&b, "5/0/1", URL));
	bed_say(&b, "failed", "1.1.0", "lwm2m/7", "an old reason", 4); /* it has refused */
	ASSERT(strstr(reason(&b), "under way"));
}

TEST(a_supervisor_that_is_gone_is_noticed)
{
	BED(b);

	ASSERT_OK(bed_open(&b));
	mp_pair_done(&b.supervisor);
	ASSERT_ERR(-ECONNRESET, supervisor_listen(&b.w));
}
