/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/values.h"

#include "base/test.h"
#include "lwm2m/lwm2m.h"

static const struct lwm2m model = {.model = &mp_lwm2m_builtin};

#define SET(s) __attribute__((cleanup(value_set_done))) struct value_set s = {0}

static int parse_at(const struct mp_lwm2m_path *path, const char *text, struct mp_json **ret_body,
		    struct value_set *set)
{
	struct mp_err err = {""};
	int r = mp_json_parse(text, strlen(text), ret_body, &err);

	if (r == 0)
		r = value_set_init(set, strlen(text));
	return r < 0 ? r : values_parse(&model, NULL, path, *ret_body, set, &err);
}

TEST(names_and_numbers_are_paths_and_come_out_in_order)
{
	auto_(mp_json) *body = NULL;

	SET(set);
	ASSERT_OK(parse_at(
		&mp_lwm2m_path(3, 0),
		"{\"values\":{\"Timezone\":\"Z\",\"14\":\"+01\",\"11/1\":2,\"/3/0/11/0\":1}}",
		&body, &set));
	ASSERT_INT(4, set.n);
	ASSERT(set.records[0].path.id[3] == 0 && set.records[1].path.id[3] == 1);
	ASSERT(set.records[2].path.id[2] == 14 && set.records[3].path.id[2] == 15);
}

TEST(a_type_that_the_model_does_not_know_is_given_or_guessed)
{
	auto_(mp_json) *body = NULL;

	SET(set);
	ASSERT_OK(parse_at(&mp_lwm2m_path(4242, 0),
			   "{\"values\":{\"0\":1.5,\"1\":{\"value\":\"00ff\",\"type\":\"opaque\"},"
			   "\"2\":true}}",
			   &body, &set));
	ASSERT(set.records[0].value.type == MP_LWM2M_FLOAT);
	ASSERT(set.records[1].value.type == MP_LWM2M_OPAQUE);
	ASSERT(set.records[1].value.opaque.len == 2 && set.records[1].value.opaque.data[1] == 0xff);
	ASSERT(set.records[2].value.type == MP_LWM2M_BOOLEAN);
}

TEST(the_same_resource_twice_is_refused)
{
	auto_(mp_json) *body = NULL;

	SET(set);
	ASSERT_ERR(-EBADMSG,
		   parse_at(&mp_lwm2m_path(3, 0), "{\"values\":{\"14\":\"a\",\"/3/0/14\":\"b\"}}",
			    &body, &set));
}

static const char everything[] =
	"{\"values\":{\"Timezone\":\"+01\",\"13\":\"2026-11-24T10:20:30Z\",\"11/0\":1,"
	"\"/3/0/9000\":{\"value\":\"00ff10\",\"type\":\"opaque\"},"
	"\"9001\":{\"value\":\"3:65535\",\"type\":\"objlnk\"},"
	"\"9002\":{\"value\":\"-12.5e-1\",\"type\":\"float\"}}}";

TEST(a_body_that_was_cut_anywhere_is_no_json)
{
	auto_(mp_json) *whole = NULL;

	SET(set);
	ASSERT_OK(parse_at(&mp_lwm2m_path(3, 0), everything, &whole, &set));
	ASSERT_INT(6, set.n);
	EACH_CUT(cut, n, everything, sizeof(everything) - 1) {
		auto_(mp_json) *body = NULL;

		ASSERT_ERR(-EBADMSG, mp_json_parse(cut, n, &body, NULL));
	}
}

/* Of all beginnings of `text` as the value (or, with "name", as the name of one), those that are taken. */
static unsigned taken(const char *type, const char *text)
{
	unsigned n = 0;

	for (size_t len = 0; len < strlen(text); len++) {
		auto_(mp_json) *body = NULL;
		struct mp_err err = {""};
		char json[200];
		int r;

		SET(set);
		if (!strcmp(type, "name"))
			snprintf(json, sizeof(json), "{\"values\":{\"%.*s\":\"x\"}}", (int)len,
				 text);
		else
			snprintf(json, sizeof(json),
				 "{\"values\":{\"9000\":{\"value\":\"%.*s\",\"type\":\"%s\"}}}",
				 (int)len, text, type);
		if (mp_json_parse(json, strlen(json), &body, NULL) < 0 ||
		    value_set_init(&set, len / 2) < 0)
			return 1000;
		r = values_parse(&model, NULL, &mp_lwm2m_path(3, 0), body, &set, &err);
		if (r != 0 && (r != -EBADMSG || !*err.text || set.n))
			return 1000;
		n += r == 0;
	}
	return n;
}

TEST(a_value_or_a_name_that_was_cut_anywhere_is_another_or_refused)
{
	ASSERT_INT(4, taken("time", "2026-11-24T10:20:30Z")); /* 2026: seconds */
	ASSERT_INT(3, taken("opaque", "00ff10"));
	ASSERT_INT(4, taken("objlnk", "3:65535"));
	ASSERT_INT(3, taken("float", "-12.5e-1"));
	ASSERT_INT(18, taken("integer", "9007199254740993123"));
	ASSERT_INT(0, taken("boolean", "true"));
	ASSERT_INT(3, taken("string", "abc"));
	ASSERT_INT(0, taken("name", "Timezone"));
	ASSERT_INT(1, taken("name", "/3/0/14"));
}

TEST(floats_of_four_bytes_are_shown_as_they_were_meant)
{
	ASSERT(value_neat((double)20.1f) == 20.1);
	ASSERT(value_neat((double)3.14159f) == 3.14159);
	ASSERT(value_neat(20.1) == 20.1);
	ASSERT(value_neat(-0.5) == -0.5 && value_neat(0) == 0);
}

TEST(numbers_beyond_2_53_are_text)
{
	struct mp_lwm2m_value v = mp_lwm2m_integer((INT64_C(1) << 53) + 1);
	auto_(mp_json) *big = value_json(&v);

	ASSERT_STR("9007199254740993", mp_json_str(big, ""));
}

TORTURE(values_survive_oom)
{
	struct mp_lwm2m_record record = {
		.path = mp_lwm2m_path(3, 0, 9), .has_value = true, .value = mp_lwm2m_integer(87)};
	auto_(mp_json) *j = values_json(&model, NULL, &record, 1);

	return j ? 0 : -ENOMEM;
}

TORTURE(a_body_of_values_survives_oom)
{
	auto_(mp_json) *body = NULL;

	SET(set);
	return parse_at(&mp_lwm2m_path(3, 0), "{\"values\":{\"14\":\"a\",\"15\":\"b\"}}", &body,
			&set);
}
