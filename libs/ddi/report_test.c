/* SPDX-License-Identifier: Apache-2.0 */
#include "ddi/report.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/test.h"

static struct mp_ddi_report report;
static struct mp_err error;

static int parse(const char *text)
{
	return mp_ddi_report_parse(text, strlen(text), &report, &error);
}

#define STATUS(execution, finished, more)                                                          \
	"{\"status\":{\"execution\":\"" execution "\",\"result\":{\"finished\":\"" finished        \
	"\"}" more "}}"

TEST(feedback_is_read_with_details_and_progress)
{
	ASSERT_OK(parse("{\"id\":\"1\",\"time\":\"20140511T121314\",\"status\":{\"execution\":"
			"\"proceeding\","
			"\"result\":{\"finished\":\"none\",\"progress\":{\"cnt\":2,\"of\":5}},"
			"\"code\":200,\"details\":[\"a\",\"b\"]}}"));
	ASSERT_INT(MP_DDI_PROCEEDING, report.execution);
	ASSERT_INT(MP_DDI_NONE, report.finished);
	ASSERT_INT(40, report.percent);
	ASSERT_STR("a; b", report.details);
}

TEST(what_is_optional_may_be_missing)
{
	ASSERT_OK(parse(STATUS("closed", "success", "")));
	ASSERT_INT(MP_DDI_CLOSED, report.execution);
	ASSERT_INT(MP_DDI_SUCCESS, report.finished);
	ASSERT_INT(-1, report.percent);
	ASSERT_STR("", report.details);
}

TEST(what_hawkbit_refuses_is_refused)
{
	static const char *const bad[] = {
		"{}",
		"{",
		"[]",
		"{\"status\":{\"execution\":\"proceeding\"}}",
		"{\"status\":{\"result\":{\"finished\":\"none\"}}}",
		STATUS("zap", "none", ""),
		STATUS("closed", "zap", ""),
		STATUS("closed", "none", ",\"details\":\"text\""),
		STATUS("closed", "none", ",\"details\":[1]"),
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ASSERT_ERR(-EBADMSG, parse(bad[i]));
}

TEST(more_than_fifty_messages_are_too_many)
{
	MP_BUF(text, 4096);

	mp_buf_add_str(
		&text,
		"{\"status\":{\"execution\":\"proceeding\",\"result\":{\"finished\":\"none\"},"
		"\"details\":[\"m\"");
	for (int i = 1; i < MP_DDI_DETAILS; i++)
		mp_buf_add_str(&text, ",\"m\"");
	ASSERT_OK(mp_buf_add_str(&text, "]}}"));
	ASSERT_OK(parse(text.data));
	text.len -= 3;
	ASSERT_OK(mp_buf_add_str(&text, ",\"m\"]}}"));
	ASSERT_ERR(-EDQUOT, parse(text.data));
}

TEST(long_details_are_cut_between_characters)
{
	MP_BUF(text, 8192);

	mp_buf_add_str(
		&text,
		"{\"status\":{\"execution\":\"proceeding\",\"result\":{\"finished\":\"none\"},"
		"\"details\":[\"\\u0007x");
	for (int i = 0; i < 1000; i++)
		mp_buf_add_str(&text, "\xc3\xa4");
	ASSERT_OK(mp_buf_add_str(&text, "\"]}}"));
	ASSERT_OK(parse(text.data));
	ASSERT_INT(' ', report.details[0]);
	ASSERT_INT(1022, strlen(report.details));
	ASSERT_INT('\xa4', report.details[1021]);
}

static int answer(const char *text, struct mp_ddi_confirmation *ret)
{
	return mp_ddi_confirmation_parse(text, strlen(text), ret, &error);
}

TEST(a_confirmation_says_yes_or_no_and_why)
{
	static const char *const bad[] = {"{}", "[]", "{\"confirmation\":\"zap\"}",
					  "{\"confirmation\":1}",
					  "{\"confirmation\":\"denied\",\"details\":\"x\"}"};
	struct mp_ddi_confirmation said;

	ASSERT_OK(answer("{\"confirmation\":\"confirmed\"}", &said));
	ASSERT(said.is_welcome);
	ASSERT_STR("", said.details);
	ASSERT_OK(answer("{\"confirmation\":\"denied\",\"code\":-1,\"details\":[\"not\",\"now\"]}",
			 &said));
	ASSERT(!said.is_welcome);
	ASSERT_STR("not; now", said.details);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ASSERT_ERR(-EBADMSG, answer(bad[i], &said));
}

TEST(attributes_have_a_mode_and_plain_values)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *data;
	enum mp_ddi_mode mode;
	static const char good[] = "{\"mode\":\"replace\",\"data\":{\"board\":\"b\",\"n\":1}}";
	static const char *const bad[] = {"{}", "{\"data\":{}}", "{\"data\":[]}",
					  "{\"data\":{\"a\":{}}}",
					  "{\"mode\":\"zap\",\"data\":{\"a\":\"b\"}}"};

	ASSERT_OK(mp_ddi_config_parse(good, sizeof(good) - 1, &doc, &mode, &data, &error));
	ASSERT_INT(MP_DDI_REPLACE, mode);
	ASSERT_STR("b", mp_json_str(mp_json_get(data, "board"), ""));
	mp_json_free(take_ptr(doc));
	ASSERT_OK(mp_ddi_config_parse("{\"data\":{\"a\":\"b\"}}", 18, &doc, &mode, &data, &error));
	ASSERT_INT(MP_DDI_MERGE, mode);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct mp_json *none = NULL;

		ASSERT_ERR(-EBADMSG, mp_ddi_config_parse(bad[i], strlen(bad[i]), &none, &mode,
							 &data, &error));
	}
}

TEST(a_report_cut_anywhere_is_refused)
{
	static const char whole[] = STATUS("closed", "failure", ",\"details\":[\"no room\"]");

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		char *exact = malloc(n ? n : 1);
		int r;

		ASSERT(exact);
		memcpy(exact, whole, n);
		r = mp_ddi_report_parse(exact, n, &report, NULL);
		free(exact);
		ASSERT_ERR(-EBADMSG, r);
	}
}

TEST(a_confirmation_cut_anywhere_is_refused)
{
	static const char whole[] = "{\"confirmation\":\"confirmed\",\"details\":[\"yes\"]}";

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		struct mp_ddi_confirmation said;
		char *exact = malloc(n ? n : 1);
		int r;

		ASSERT(exact);
		memcpy(exact, whole, n);
		r = mp_ddi_confirmation_parse(exact, n, &said, NULL);
		free(exact);
		ASSERT_ERR(-EBADMSG, r);
	}
}

TORTURE(a_confirmation_survives_running_out_of_memory)
{
	static const char whole[] = "{\"confirmation\":\"confirmed\",\"details\":[\"yes\"]}";
	struct mp_ddi_confirmation said;

	return mp_ddi_confirmation_parse(whole, sizeof(whole) - 1, &said, NULL);
}

TORTURE(a_report_survives_running_out_of_memory)
{
	static const char whole[] = STATUS("closed", "failure", ",\"details\":[\"no room\"]");

	return mp_ddi_report_parse(whole, sizeof(whole) - 1, &report, NULL);
}
