/* SPDX-License-Identifier: Apache-2.0
 * Nodes without a server: what is malformed is refused with a sentence, and memory may be out at any
 * allocation. What devices and Leshan's clients really send is tested in tests/lwm2m_rest. */
#include "leshan/node.h"

#include "base/test.h"
#include "lwm2m/lwm2m.h"

static const struct lwm2m model = {.model = &mp_lwm2m_builtin};

static int parse_at(const struct mp_lwm2m_path *path, const char *text, struct value_set *set,
		    struct mp_err *err)
{
	auto_(mp_json) *body = NULL;
	int r = mp_json_parse(text, strlen(text), &body, err);

	if (r == 0)
		r = value_set_init(set, strlen(text));
	if (r == 0)
		r = node_parse(&model, NULL, path, body, set, err);
	for (size_t i = 0; i < set->n; i++) /* text is the body's, which goes */
		if (set->records[i].value.type == MP_LWM2M_STRING)
			set->records[i].value.text.data = "";
	return r;
}

#define SET(s) __attribute__((cleanup(value_set_done))) struct value_set s = {0}

TEST(an_instance_becomes_records_in_the_order_of_their_paths)
{
	struct mp_err err = {""};

	SET(set);
	ASSERT_OK(parse_at(&mp_lwm2m_path(3, 0),
			   "{\"resources\":[{\"id\":14,\"value\":\"Z\"},{\"id\":11,\"values\":"
			   "{\"1\":2,\"0\":\"1\"}}]}",
			   &set, &err));
	ASSERT_INT(3, set.n);
	ASSERT(set.records[0].path.id[3] == 0 && set.records[0].value.integer == 1);
	ASSERT(set.records[1].path.id[3] == 1 && set.records[1].value.integer == 2);
	ASSERT_INT(14, set.records[2].path.id[2]);
}

TEST(an_instance_without_an_id_is_the_devices_choice)
{
	struct mp_err err = {""};

	SET(set);
	ASSERT_OK(parse_at(&mp_lwm2m_path(3303), "{\"resources\":[{\"id\":5701,\"value\":\"K\"}]}",
			   &set, &err));
	ASSERT_INT(MP_LWM2M_ID_NONE, set.records[0].path.id[1]);
}

TEST(what_is_no_node_is_refused_with_a_sentence)
{
	static const char *const bad[] = {
		"{\"resources\":[{\"value\":1}]}",
		"{\"resources\":[{\"id\":-1,\"value\":1}]}",
		"{\"resources\":[{\"id\":65536,\"value\":1}]}",
		"{\"resources\":[{\"id\":9,\"value\":\"many\"}]}",
		"{\"resources\":[{\"id\":9,\"value\":null}]}",
		"{\"resources\":[{\"id\":9,\"value\":{\"objectId\":1}}]}",
		"{\"resources\":[{\"id\":9,\"type\":\"moustache\",\"value\":1}]}",
		"{\"resources\":[{\"id\":11,\"values\":{\"x\":1}}]}",
		"{\"resources\":{}}",
		"{}",
		"[]",
		"3",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct mp_err err = {""};

		SET(set);
		ASSERT_ERR(-EBADMSG, parse_at(&mp_lwm2m_path(3, 0), bad[i], &set, &err));
		ASSERT(*err.text);
	}
}

static const struct mp_lwm2m_record some[] = {
	{.path = {{3, 0, 11, 0}, 4}, .has_value = true, .value = {.type = MP_LWM2M_INTEGER}},
	{.path = {{3, 0, 9}, 3}, .has_value = true, .value = {.type = MP_LWM2M_FLOAT, .real = 0.5}},
	{.path = {{3, 1}, 2}},
};

TEST(empty_and_missing_things_are_nodes_as_well)
{
	auto_(mp_json) *object =
		node_json(&model, NULL, &mp_lwm2m_path(3), some, 3, DIALECT_LESHAN);
	auto_(mp_json) *none = node_json(&model, NULL, &mp_lwm2m_path(9), some, 3, DIALECT_LESHAN);
	const struct mp_json *instances = mp_json_get(object, "instances");

	ASSERT_INT(2, mp_json_size(instances));
	ASSERT_INT(2, mp_json_size(mp_json_get(mp_json_at(instances, 0), "resources")));
	ASSERT_INT(0, mp_json_size(mp_json_get(mp_json_at(instances, 1), "resources")));
	ASSERT(none && mp_json_type(none) == MP_JSON_NULL);
}

TORTURE(showing_nodes_survives_oom)
{
	auto_(mp_json) *j = node_json(&model, NULL, &mp_lwm2m_path(3), some, 3, DIALECT_LESHAN);

	return j ? 0 : -ENOMEM;
}

TORTURE(reading_nodes_survives_oom)
{
	SET(set);
	return parse_at(
		&mp_lwm2m_path(3, 0),
		"{\"resources\":[{\"id\":11,\"values\":{\"1\":2}},{\"id\":14,\"value\":\"Z\"}]}",
		&set, &(struct mp_err){""});
}
