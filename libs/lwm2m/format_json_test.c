/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/test_dump.h"

#define DUMP(base, json) dump(MP_LWM2M_FORMAT_JSON, base, json, strlen(json))

/* LwM2M 1.0, section 6.4.4. */
static const char device[] =
	"{\"bn\":\"/3/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"Open Mobile Alliance\"},"
	"{\"n\":\"6/0\",\"v\":1},{\"n\":\"9\",\"v\":100},{\"n\":\"13\",\"v\":1367491215},"
	"{\"n\":\"16\",\"sv\":\"U\"}]}";

TEST(json_reads_the_device_of_the_specification)
{
	const char *want = "/3/0/0 string Open Mobile Alliance; /3/0/6/0 integer 1; "
			   "/3/0/9 integer 100; /3/0/13 integer 1367491215; /3/0/16 string U; end";

	ASSERT_STR(want, DUMP("/3/0", device));
	ASSERT_STR(want, dump(MP_LWM2M_FORMAT_OLD_JSON, "/3", device, sizeof(device) - 1));
}

TEST(json_reads_times_links_and_booleans)
{
	ASSERT_STR("/72/0/1/2 float 22.4 @25462629; /72/0/1/2 float 22.9 @25462604; end",
		   DUMP("/72",
			"{\"e\":[{\"n\":\"0/1/2\",\"v\":22.4,\"t\":-5},{\"n\":\"0/1/2\",\"v\":22.9,"
			"\"t\":-30}],\"bt\":25462634}"));
	ASSERT_STR("/65/0/0/0 objlnk 66:0; /65/0/1 boolean true; end",
		   DUMP("/65", "{\"bn\":\"/\",\"e\":[{\"n\":\"65/0/0/0\",\"ov\":\"66:0\"},"
			       "{\"n\":\"65/0/1\",\"bv\":true}]}"));
}

TEST(json_takes_its_base_from_the_request)
{
	ASSERT_STR("/3/0/0 string x; end", DUMP("/3/0/0", "{\"e\":[{\"sv\":\"x\"}]}"));
	ASSERT_STR("/3/0/0 string x; end", DUMP("/3/0/0", "{\"e\":[{\"n\":\"\",\"sv\":\"x\"}]}"));
	ASSERT_STR("/3/0/0 string x; end", DUMP("/3", "{\"e\":[{\"n\":\"0/0\",\"sv\":\"x\"}]}"));
	ASSERT_STR("/3/0/0 string x; end", DUMP("/3", "{\"e\":[{\"n\":\"/3/0/0\",\"sv\":\"x\"}]}"));
	ASSERT_STR("/3/0/0 string x; end",
		   DUMP("/3", "{\"e\":[{\"sv\":\"x\"}],\"bn\":\"/3/0/0\"}"));
	ASSERT_STR("end", DUMP("/3", "{\"e\":[]}"));
	ASSERT_STR("EPROTO", DUMP("/3", "{\"bn\":\"/4/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"x\"}]}"));
}

TEST(json_refuses_what_is_malformed)
{
	static const char *const bad[] = {
		"",
		"{}",
		"[]",
		"{\"e\":1}",
		"{\"e\":[1]}",
		"{\"e\":[],\"e\":[]}",
		"{\"bn\":1,\"e\":[]}",
		"{\"bn\":\"/\",\"bn\":\"/\",\"e\":[]}",
		"{\"bt\":\"x\",\"e\":[]}",
		"{\"e\":[]}x",
		"{\"e\":[{\"v\":1,\"sv\":\"x\"}]}",
		"{\"e\":[{\"v\":\"x\"}]}",
		"{\"e\":[{\"bv\":1}]}",
		"{\"e\":[{\"ov\":\"x\"}]}",
		"{\"e\":[{\"n\":\"65535\",\"v\":1}]}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_STR("EBADMSG", DUMP("/3/0", bad[i]));
}

TEST(json_refuses_every_cut)
{
	EACH_CUT(cut, n, device, sizeof(device) - 1) {
		ASSERT_STR("EBADMSG", dump(MP_LWM2M_FORMAT_JSON, "/3/0", cut, n));
	}
}

TEST(json_writes_its_base_once)
{
	struct mp_lwm2m_writer w;
	char out[256];
	int n;

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_JSON, &mp_lwm2m_path(3, 0), out, sizeof(out));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 0), mp_lwm2m_opaque("\x01\x02\xff\xfe", 4));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 6, 0), mp_lwm2m_boolean(true));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 7), mp_lwm2m_objlnk(1, 2));
	n = mp_lwm2m_write_end(&w);
	ASSERT_OK(n);
	out[n] = '\0';
	ASSERT_STR("{\"bn\":\"/3/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"AQL//g==\"},{\"n\":\"6/"
		   "0\",\"bv\":true},"
		   "{\"n\":\"7\",\"ov\":\"1:2\"}]}",
		   out);
	ASSERT_ERR(-ENOTSUP,
		   mp_lwm2m_write(&w, MP_LWM2M_FORMAT_OLD_JSON, &mp_lwm2m_path(3), out, 9));
	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_JSON, &mp_lwm2m_path(3, 0, 0), out, sizeof(out));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 0), mp_lwm2m_string("x"));
	n = mp_lwm2m_write_end(&w);
	out[n] = '\0';
	ASSERT_STR("{\"bn\":\"/3/0/0\",\"e\":[{\"sv\":\"x\"}]}", out);
}
