/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "ddi/ddi.h"

static const char poll_text[] =
	"{\"config\":{\"polling\":{\"sleep\":\"00:05:00\"}},\"_links\":{"
	"\"deploymentBase\":{\"href\":\"http://h/DEFAULT/controller/v1/d/deploymentBase/1?c=4\"},"
	"\"configData\":{\"href\":\"http://h/DEFAULT/controller/v1/d/configData\"}}}";

static const char deployment_text[] =
	"{\"id\":\"1001\",\"deployment\":{\"download\":\"forced\",\"update\":\"forced\",\"chunks\":"
	"["
	"{\"part\":\"bApp\",\"version\":\"9\",\"name\":\"x\",\"artifacts\":[]},"
	"{\"part\":\"os\",\"version\":\"1.1.0\",\"name\":\"demo\",\"artifacts\":["
	"{\"filename\":\"timestamp.json\",\"hashes\":{\"sha1\":\"\"},\"size\":12,\"_links\":{"
	"\"download-http\":{\"href\":\"http://h/t\"}}},"
	"{\"filename\":\"1.root.json\",\"size\":9,\"_links\":{\"download\":{\"href\":\"https://h/"
	"r\"},"
	"\"download-http\":{\"href\":\"http://h/r\"}}}]}]}}";

static int parse(const char *text, struct mp_ddi_deployment **ret)
{
	return mp_ddi_deployment_parse(text, strlen(text), ret, NULL);
}

TEST(a_poll_gives_its_links_and_its_interval)
{
	struct mp_ddi_poll p;

	ASSERT_OK(mp_ddi_poll_parse(poll_text, strlen(poll_text), &p, NULL));
	ASSERT_INT(300, p.sleep);
	ASSERT_STR("http://h/DEFAULT/controller/v1/d/deploymentBase/1?c=4", p.deployment);
	ASSERT_STR("", p.cancel);
	ASSERT(p.config_data[0]);
}

TEST(a_sleep_is_eight_characters_or_nothing)
{
	ASSERT_INT(5, mp_ddi_sleep_parse("00:00:05"));
	ASSERT_INT(86399, mp_ddi_sleep_parse("23:59:59"));
	ASSERT_INT(0, mp_ddi_sleep_parse("24:00:00"));
	ASSERT_INT(0, mp_ddi_sleep_parse("0:00:05"));
	ASSERT_INT(0, mp_ddi_sleep_parse("00:0x:05"));
	ASSERT_INT(0, mp_ddi_sleep_parse(""));
}

TEST(a_link_that_is_no_web_address_is_refused)
{
	const char *t = "{\"_links\":{\"cancelAction\":{\"href\":\"file:///etc/shadow\"}}}";
	struct mp_ddi_poll p;
	struct mp_err err;

	ASSERT_ERR(-EBADMSG, mp_ddi_poll_parse(t, strlen(t), &p, &err));
	ASSERT_ERR(-EBADMSG, mp_ddi_poll_parse("[]", 2, &p, &err));
	ASSERT_ERR(-EBADMSG, mp_ddi_poll_parse("<html>", 6, &p, &err));
}

TEST(a_deployment_takes_its_version_from_the_os_chunk)
{
	auto_(mp_ddi_deployment) *d = NULL;

	ASSERT_OK(parse(deployment_text, &d));
	ASSERT_STR("1001", d->id);
	ASSERT_STR("1.1.0", d->version);
	ASSERT_STR("demo", d->name);
	ASSERT(d->now);
	ASSERT_INT(2, d->n);
	ASSERT_STR("https://h/r", mp_ddi_find(d, "1.root.json")->url);
	ASSERT_STR("http://h/t", mp_ddi_find(d, "timestamp.json")->url);
	ASSERT(!mp_ddi_find(d, "2.root.json"));
}

TEST(a_closed_window_and_download_only_mean_not_now)
{
	auto_(mp_ddi_deployment) *a = NULL, *b = NULL;

	ASSERT_OK(parse(
		"{\"id\":1,\"deployment\":{\"update\":\"skip\",\"chunks\":[{\"version\":\"1\"}]}}",
		&a));
	ASSERT(!a->now);
	ASSERT_OK(
		parse("{\"id\":\"2\",\"deployment\":{\"update\":\"attempt\",\"maintenanceWindow\":"
		      "\"unavailable\",\"chunks\":[{\"version\":\"1\"}]}}",
		      &b));
	ASSERT(!b->now);
	ASSERT_STR("1", a->id);
}

TEST(ids_and_versions_must_be_plain_names)
{
	auto_(mp_ddi_deployment) *d = NULL;

	ASSERT_ERR(
		-EBADMSG,
		parse("{\"id\":\"../1\",\"deployment\":{\"chunks\":[{\"version\":\"1\"}]}}", &d));
	ASSERT_ERR(-EBADMSG,
		   parse("{\"id\":\"1\",\"deployment\":{\"chunks\":[{\"version\":\"a/b\"}]}}", &d));
	ASSERT_ERR(-EBADMSG, parse("{\"id\":\"1\",\"deployment\":{\"chunks\":[]}}", &d));
	ASSERT_ERR(-EBADMSG, parse("{}", &d));
}

TEST(a_deployment_cut_anywhere_is_refused)
{
	for (size_t n = 0; n < strlen(deployment_text); n++) {
		auto_free char *cut = malloc(n ? n : 1);
		auto_(mp_ddi_deployment) *d = NULL;

		memcpy(cut, deployment_text, n);
		ASSERT_ERR(-EBADMSG, mp_ddi_deployment_parse(cut, n, &d, NULL));
	}
}

TEST(a_cancellation_names_the_action)
{
	const char *t = "{\"id\":\"7\",\"cancelAction\":{\"stopId\":\"7\"}}";
	char id[MP_DDI_ID];

	ASSERT_OK(mp_ddi_cancel_parse(t, strlen(t), id, NULL));
	ASSERT_STR("7", id);
	ASSERT_ERR(-EBADMSG, mp_ddi_cancel_parse("{\"id\":\"7\"}", 10, id, NULL));
}

TEST(feedback_has_hawkbits_shape)
{
	MP_BUF(b, 4096);

	ASSERT_OK(mp_ddi_feedback_format("7", "closed", "failure", "no \"room\"", &b));
	ASSERT_STR("{\"id\":\"7\",\"status\":{\"execution\":\"closed\",\"result\":{\"finished\":"
		   "\"failure\"},\"details\":[\"no \\\"room\\\"\"]}}",
		   mp_buf_str(&b));
	mp_buf_reset(&b);
	ASSERT_OK(mp_ddi_feedback_format("7", "proceeding", "none", "", &b));
	ASSERT(strstr(mp_buf_str(&b), "\"details\":[]"));
}

TEST(attributes_are_merged_into_what_the_server_has)
{
	MP_BUF(b, 4096);

	ASSERT_OK(mp_ddi_attributes_format("{\"slot\":\"a\"}", 12, &b));
	ASSERT_STR("{\"mode\":\"merge\",\"data\":{\"slot\":\"a\"}}", mp_buf_str(&b));
	ASSERT_ERR(-EBADMSG, mp_ddi_attributes_format("[]", 2, &b));
}

/* No string of more than 13 bytes: jansson 2.14's reader itself does not survive a failed growth
 * of its token buffer, which begins at 16 bytes. */
TORTURE(reading_a_deployment_survives_oom)
{
	auto_(mp_ddi_deployment) *d = NULL;

	return parse("{\"id\":\"1001\",\"deployment\":{\"chunks\":[{\"part\":\"os\",\"version\":"
		     "\"1.1.0\","
		     "\"artifacts\":[{\"filename\":\"a.json\",\"_links\":{\"download\":{\"href\":"
		     "\"http://h/r\"}}}]}]}}",
		     &d);
}

TORTURE(writing_feedback_survives_oom)
{
	MP_BUF(b, 4096);

	return mp_ddi_feedback_format("7", "closed", "failure", "no room", &b);
}
