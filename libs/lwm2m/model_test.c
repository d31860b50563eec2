/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/model.h"

static const struct mp_lwm2m_model *const model = &mp_lwm2m_builtin;

TEST(model_knows_a_resource_by_its_path)
{
	const struct mp_lwm2m_resource *r =
		mp_lwm2m_model_resource(model, &mp_lwm2m_path(3, 0, 9), 0);

	ASSERT(r);
	ASSERT_STR("Battery Level", r->name);
	ASSERT_INT(MP_LWM2M_INTEGER, r->type);
	ASSERT_INT(MP_LWM2M_R, r->operations);
	ASSERT_STR("%", r->units);
	r = mp_lwm2m_model_resource(model, &mp_lwm2m_path(3303, 5, 5700), 0);
	ASSERT(r);
	ASSERT_INT(MP_LWM2M_FLOAT, r->type);
	ASSERT(mp_lwm2m_model_resource(model, &mp_lwm2m_path(33629, 0, 16, 3), 0)->multiple);
	ASSERT(!mp_lwm2m_model_resource(model, &mp_lwm2m_path(3, 0), 0));
	ASSERT(!mp_lwm2m_model_resource(model, &mp_lwm2m_path(3, 0, 999), 0));
	ASSERT(!mp_lwm2m_model_resource(model, &mp_lwm2m_path(9999, 0, 0), 0));
}

TEST(model_has_what_a_modem_is_told)
{
	const struct mp_lwm2m_object *o = mp_lwm2m_model_object(model, 10, 0),
				     *first = mp_lwm2m_model_object(model, 10,
								    MP_LWM2M_VERSION(1, 0));

	ASSERT_STR("LwM2M Cellular Connectivity", o->name);
	ASSERT(!o->multiple);
	ASSERT_STR("s", mp_lwm2m_object_resource(o, 4)->units);
	ASSERT(mp_lwm2m_object_resource(o, 11)->multiple &&
	       mp_lwm2m_object_resource(o, 11)->mandatory);
	ASSERT(mp_lwm2m_object_resource(first, 6) && !mp_lwm2m_object_resource(o, 6));
}

TEST(model_has_the_versions_of_an_object)
{
	const struct mp_lwm2m_object *o = mp_lwm2m_model_object(model, 5, MP_LWM2M_VERSION(1, 0));

	ASSERT(!mp_lwm2m_object_resource(o, 10));
	ASSERT(mp_lwm2m_object_resource(mp_lwm2m_model_object(model, 5, MP_LWM2M_VERSION(1, 1)),
					13));
	ASSERT(!mp_lwm2m_object_resource(mp_lwm2m_model_object(model, 5, MP_LWM2M_VERSION(1, 1)),
					 14));
	ASSERT(mp_lwm2m_object_resource(mp_lwm2m_model_object(model, 5, 0), 14));
	/* A version that nobody knows is the newest before it. */
	ASSERT_INT(MP_LWM2M_VERSION(1, 2),
		   mp_lwm2m_model_object(model, 5, MP_LWM2M_VERSION(1, 9))->version);
	ASSERT_INT(MP_LWM2M_VERSION(1, 0),
		   mp_lwm2m_model_object(model, 5, MP_LWM2M_VERSION(0, 9))->version);
	/* Where operations or types changed, each version has its own. */
	o = mp_lwm2m_model_object(model, 1, MP_LWM2M_VERSION(1, 1));
	ASSERT_INT(0, mp_lwm2m_object_resource(o, 17)->operations);
	ASSERT_INT(MP_LWM2M_RW,
		   mp_lwm2m_object_resource(mp_lwm2m_model_object(model, 1, 0), 17)->operations);
	o = mp_lwm2m_model_object(model, 21, MP_LWM2M_VERSION(1, 0));
	ASSERT_INT(MP_LWM2M_STRING, mp_lwm2m_object_resource(o, 0)->type);
}

TEST(model_is_in_order_and_sound)
{
	for (const struct mp_lwm2m_model *m = model; m; m = m->next)
		for (size_t i = 0; i < m->n; i++) {
			const struct mp_lwm2m_object *o = &m->objects[i];

			ASSERT(i == 0 || o->id > o[-1].id ||
			       (o->id == o[-1].id && o->version > o[-1].version));
			for (size_t k = 0; k < o->n; k++) {
				const struct mp_lwm2m_resource *r = &o->resources[k];

				ASSERT(k == 0 || r->id > r[-1].id);
				ASSERT((r->type == MP_LWM2M_NONE) == (r->operations == MP_LWM2M_E));
				ASSERT(r->type <= MP_LWM2M_CORELNK && r->name[0]);
			}
		}
}

TEST(model_walks_every_object_once)
{
	const struct mp_lwm2m_object *o = NULL;
	int n = 0;

	while ((o = mp_lwm2m_model_next(model, o))) {
		ASSERT(o == mp_lwm2m_model_object(model, o->id, 0));
		n++;
	}
	ASSERT_INT(18 + 49 + 1, n);
}

static int path_of(const char *text, char *ret)
{
	struct mp_lwm2m_path p;
	int r = mp_lwm2m_model_path(model, text, &p);

	if (r == 0)
		mp_lwm2m_path_format(&p, ret);
	return r;
}

TEST(model_finds_paths_by_name)
{
	char text[MP_LWM2M_PATH_TEXT];

	ASSERT_OK(path_of("/3/0/9", text));
	ASSERT_STR("/3/0/9", text);
	ASSERT_OK(path_of("Device/0/Battery Level", text));
	ASSERT_STR("/3/0/9", text);
	ASSERT_OK(path_of("device/battery-level", text));
	ASSERT_STR("/3/0/9", text);
	ASSERT_OK(path_of("/firmware_update/0/package uri", text));
	ASSERT_STR("/5/0/1", text);
	ASSERT_OK(path_of("temperature/2/sensorvalue", text));
	ASSERT_STR("/3303/2/5700", text);
	ASSERT_OK(path_of("Device/0/Error Code/1", text));
	ASSERT_STR("/3/0/11/1", text);
	ASSERT_OK(path_of("lwm2m security/0/dtls-tls ciphersuite", text));
	ASSERT_STR("/0/0/16", text);
	ASSERT_OK(path_of("/", text));
	ASSERT_STR("/", text);
	ASSERT_ERR(-ENOENT, path_of("nothing/0", text));
	ASSERT_ERR(-ENOENT, path_of("device/0/nothing", text));
	ASSERT_ERR(-EBADMSG, path_of("", text));
	ASSERT_ERR(-EBADMSG, path_of("device//9", text));
	ASSERT_ERR(-EBADMSG, path_of("device/", text));
	ASSERT_ERR(-EBADMSG, path_of("3/0/9/0/0", text));
	ASSERT_ERR(-EBADMSG, path_of("3/0/9/name", text));
}

TEST(model_names_paths)
{
	char text[64];

	ASSERT_INT(22,
		   mp_lwm2m_model_path_format(model, &mp_lwm2m_path(3, 0, 9), text, sizeof(text)));
	ASSERT_STR("Device/0/Battery Level", text);
	mp_lwm2m_model_path_format(model, &mp_lwm2m_path(0, 0, 16, 1), text, sizeof(text));
	ASSERT_STR("LwM2M Security/0/DTLS-TLS Ciphersuite/1", text);
	mp_lwm2m_model_path_format(model, &mp_lwm2m_path(9999, 0, 9), text, sizeof(text));
	ASSERT_STR("9999/0/9", text);
	mp_lwm2m_model_path_format(model, &mp_lwm2m_path_root, text, sizeof(text));
	ASSERT_STR("/", text);
	for (size_t room = 0; room < 23; room++)
		ASSERT_ERR(-ENOSPC,
			   mp_lwm2m_model_path_format(model, &mp_lwm2m_path(3, 0, 9), text, room));
}

TEST(model_compares_values_to_ranges)
{
	struct mp_lwm2m_resource r = {.range = "0..100"};
	struct mp_lwm2m_value in = mp_lwm2m_integer(100), out = mp_lwm2m_integer(101);

	ASSERT(mp_lwm2m_resource_allows(&r, &in));
	ASSERT(!mp_lwm2m_resource_allows(&r, &out));
	r.range = "0-100";
	ASSERT(mp_lwm2m_resource_allows(&r, &in));
	ASSERT(!mp_lwm2m_resource_allows(&r, &out));
	r.range = "-1.5..2.5";
	in = mp_lwm2m_float(-1.5);
	out = mp_lwm2m_float(-1.6);
	ASSERT(mp_lwm2m_resource_allows(&r, &in));
	ASSERT(!mp_lwm2m_resource_allows(&r, &out));
	r.range = "16, 32, 48 bytes";
	in = mp_lwm2m_opaque("", 16);
	out = mp_lwm2m_opaque("", 17);
	ASSERT(mp_lwm2m_resource_allows(&r, &in));
	ASSERT(!mp_lwm2m_resource_allows(&r, &out));
	r.range = "1..3";
	in = mp_lwm2m_string("abc");
	out = mp_lwm2m_string("");
	ASSERT(mp_lwm2m_resource_allows(&r, &in));
	ASSERT(!mp_lwm2m_resource_allows(&r, &out));
	r.range = "see section 5";
	ASSERT(mp_lwm2m_resource_allows(&r, &out));
	r.range = NULL;
	ASSERT(mp_lwm2m_resource_allows(&r, &out));
}

TEST(model_reads_versions)
{
	uint16_t v = 0;

	ASSERT_OK(mp_lwm2m_version_parse("1.2", 3, &v));
	ASSERT_INT(MP_LWM2M_VERSION(1, 2), v);
	ASSERT_ERR(-EBADMSG, mp_lwm2m_version_parse("1", 1, &v));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_version_parse("1.", 2, &v));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_version_parse("1.256", 5, &v));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_version_parse("1.1.1", 5, &v));
	ASSERT_ERR(-EBADMSG, mp_lwm2m_version_parse("", 0, &v));
}
