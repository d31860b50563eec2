/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/test_dump.h"

#define DUMP(base, json) dump(MP_LWM2M_FORMAT_SENML_JSON, base, json, strlen(json))

/* LwM2M Core 1.1, section 7.4.5: the Device object, and an object with links. */
static const char device[] =
	"[{\"bn\":\"/3/0/\",\"n\":\"0\",\"vs\":\"Open Mobile Alliance\"},\n"
	"{\"n\":\"1\",\"vs\":\"Lightweight M2M Client\"},{\"n\":\"2\",\"vs\":\"345000123\"},\n"
	"{\"n\":\"3\",\"vs\":\"1.0\"},{\"n\":\"6/0\",\"v\":1},{\"n\":\"6/1\",\"v\":5},\n"
	"{\"n\":\"7/0\",\"v\":3800},{\"n\":\"7/1\",\"v\":5000},{\"n\":\"8/0\",\"v\":125},\n"
	"{\"n\":\"8/1\",\"v\":900},{\"n\":\"9\",\"v\":100},{\"n\":\"10\",\"v\":15},\n"
	"{\"n\":\"11/"
	"0\",\"v\":0},{\"n\":\"13\",\"v\":1367491215},{\"n\":\"14\",\"vs\":\"+02:00\"},\n"
	"{\"n\":\"16\",\"vs\":\"U\"}]";

TEST(senml_json_reads_the_device_of_the_specification)
{
	ASSERT_STR("/3/0/0 string Open Mobile Alliance; /3/0/1 string Lightweight M2M Client; "
		   "/3/0/2 string 345000123; /3/0/3 string 1.0; /3/0/6/0 integer 1; "
		   "/3/0/6/1 integer 5; /3/0/7/0 integer 3800; /3/0/7/1 integer 5000; "
		   "/3/0/8/0 integer 125; /3/0/8/1 integer 900; /3/0/9 integer 100; "
		   "/3/0/10 integer 15; /3/0/11/0 integer 0; /3/0/13 integer 1367491215; "
		   "/3/0/14 string +02:00; /3/0/16 string U; end",
		   DUMP("/3/0", device));
}

TEST(senml_json_reads_times_links_and_paths)
{
	ASSERT_STR(
		"/72/0/1/2 float 22.4 @25462629; /72/0/1/2 float 22.9 @25462604; "
		"/72/0/1/2 float 24.1 @25462584; end",
		DUMP("/72",
		     "[{\"bn\":\"/72/0/\",\"bt\":25462634,\"n\":\"1/2\",\"v\":22.4,\"t\":-5},"
		     "{\"n\":\"1/2\",\"v\":22.9,\"t\":-30},{\"n\":\"1/2\",\"v\":24.1,\"t\":-50}]"));
	ASSERT_STR("/65/0/0/0 objlnk 66:0; /65/0/0/1 objlnk 66:1; /65/0/1 string 8613800755500; "
		   "/66/0/2 objlnk 65535:65535; end",
		   DUMP("/", "[{\"bn\":\"/\",\"n\":\"65/0/0/0\",\"vlo\":\"66:0\"},"
			     "{\"n\":\"65/0/0/1\",\"vlo\":\"66:1\"},"
			     "{\"n\":\"65/0/1\",\"vs\":\"8613800755500\"},"
			     "{\"n\":\"66/0/2\",\"vlo\":\"65535:65535\"}]"));
	ASSERT_STR(
		"/3/0/0; /3/0/9; /1; /; end",
		DUMP("/", "[{\"n\":\"/3/0/0\"},{\"n\":\"/3/0/9\"},{\"n\":\"/1\"},{\"n\":\"/\"}]"));
	ASSERT_STR("/3/0/0; /3/0/1; /4; end",
		   DUMP("/", "[{\"bn\":\"/3/0/\"},{\"n\":\"0\"},{\"n\":\"1\"},{\"bn\":\"/4\"}]"));
	ASSERT_STR("/3/0/0 string x; end", DUMP("/3/0/0", "[{\"bn\":\"/3/0/0\",\"vs\":\"x\"}]"));
	ASSERT_STR("end", DUMP("/", " [ ] "));
}

TEST(senml_json_reads_every_kind_of_value)
{
	ASSERT_STR(
		"/1/0/0 boolean true; /1/0/1 opaque 0102ff; /1/0/2 float -1.5; "
		"/1/0/3 unsigned 18446744073709551615; /1/0/4 string a\"\\/\xc3\xa9\xf0\x9f\x98\x80"
		"\n; /1/0/5 opaque ; end",
		DUMP("/1", "[{\"n\":\"/1/0/0\",\"vb\":true},{\"n\":\"/1/0/1\",\"vd\":\"AQL_\"},"
			   "{\"n\":\"/1/0/2\",\"v\":-15e-1},"
			   "{\"n\":\"/1/0/3\",\"v\":18446744073709551615},"
			   "{\"n\":\"/1/0/4\",\"vs\":\"a\\\"\\\\\\/\\u00e9\\ud83d\\ude00\\n\"},"
			   "{\"n\":\"/1/0/5\",\"vd\":\"\"}]"));
	/* Escapes in names, labels and Base64. */
	ASSERT_STR("/1/0/1 opaque 0102ff; end",
		   DUMP("/1", "[{\"\\u006e\":\"\\/1\\/0\\/1\",\"vd\":\"A\\u0051L_\"}]"));
	/* Fields without a meaning here, and base values. */
	ASSERT_STR(
		"/1/0/1 integer 107; /1/0/2 float 100.5; /1/0/3 integer 100; end",
		DUMP("/1",
		     "[{\"bn\":\"/1/0/\",\"bv\":100,\"bu\":\"A\",\"n\":\"1\",\"u\":\"V\",\"v\":7,"
		     "\"ut\":1,\"x\":[{\"y\":[1,{}]},[]],\"bver\":10},"
		     "{\"n\":\"2\",\"v\":0.5},{\"n\":\"3\"}]"));
}

TEST(senml_json_refuses_what_is_malformed)
{
	static const char *const bad[] = {
		"",
		"[",
		"{}",
		"[{}]",
		"[{\"n\":\"/3/0/0\",\"v\":1}",
		"[{\"n\":\"/3/0/0\",\"v\":1},]",
		"[{\"n\":\"/3/0/0\",\"v\":1,}]",
		"[{\"n\":\"/3/0/0\",\"v\":1}] x",
		"[{\"n\":\"/3/0/0\" \"v\":1}]",
		"[{\"n\":\"/3/0/0\",\"v\":1,\"v\":2}]",
		"[{\"n\":\"/3/0/0\",\"v\":1,\"vs\":\"x\"}]",
		"[{\"n\":\"/3/0/0\",\"n\":\"/3/0/1\",\"v\":1}]",
		"[{\"n\":\"/3/0/0\",\"v\":\"1\"}]",
		"[{\"n\":\"/3/0/0\",\"v\":true}]",
		"[{\"n\":\"/3/0/0\",\"v\":null}]",
		"[{\"n\":\"/3/0/0\",\"v\":01}]",
		"[{\"n\":\"/3/0/0\",\"v\":1.}]",
		"[{\"n\":\"/3/0/0\",\"v\":+1}]",
		"[{\"n\":\"/3/0/0\",\"v\":1e999}]",
		"[{\"n\":\"/3/0/0\",\"v\":NaN}]",
		"[{\"n\":\"/3/0/0\",\"vs\":1}]",
		"[{\"n\":\"/3/0/0\",\"vb\":1}]",
		"[{\"n\":\"/3/0/0\",\"vd\":\"A\"}]",
		"[{\"n\":\"/3/0/0\",\"vd\":\"!!!!\"}]",
		"[{\"n\":\"/3/0/0\",\"vlo\":\"3\"}]",
		"[{\"n\":\"/3/0/0\",\"vs\":\"\\x\"}]",
		"[{\"n\":\"/3/0/0\",\"vs\":\"\\ud800\"}]",
		"[{\"n\":\"/3/0/0\",\"vs\":\"\\udc00\"}]",
		"[{\"n\":\"/3/0/0\",\"vs\":\"\\u12\"}]",
		"[{\"n\":\"/3/0/0\",\"vs\":\"\n\"}]",
		"[{\"n\":\"/3/0/0\",\"vs\":\"\xff\"}]",
		"[{\"n\":\"3/0/0\",\"v\":1}]",
		"[{\"n\":\"/3/0/65535\",\"v\":1}]",
		"[{\"n\":\"/3/0/0/0/0\",\"v\":1}]",
		"[{\"n\":\"/3/0/x\",\"v\":1}]",
		"[{\"v\":1}]",
		"[{\"n\":1,\"v\":1}]",
		"[{\"n\":\"/3/0/0\",\"t\":\"now\",\"v\":1}]",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT(strstr(DUMP("/3", bad[i]), "EBADMSG"));
}

TEST(senml_json_refuses_what_it_does_not_know)
{
	ASSERT_STR("ENOTSUP", DUMP("/3", "[{\"n\":\"/3/0/0\",\"s\":1}]"));
	ASSERT_STR("ENOTSUP", DUMP("/3", "[{\"n\":\"/3/0/0\",\"must_\":1,\"v\":1}]"));
	ASSERT_STR("ENOTSUP", DUMP("/3", "[{\"bver\":11,\"n\":\"/3/0/0\",\"v\":1}]"));
	ASSERT_STR("ENOTSUP", DUMP("/3", "[{\"x\":[[[[[[[[[1]]]]]]]]],\"n\":\"/3/0/0\"}]"));
	ASSERT_STR("EPROTO", DUMP("/3", "[{\"n\":\"/4/0/0\",\"v\":1}]"));
}

TEST(senml_json_refuses_every_cut)
{
	EACH_CUT(cut, n, device, sizeof(device) - 1) {
		ASSERT(strstr(dump(MP_LWM2M_FORMAT_SENML_JSON, "/3/0", cut, n), "EBADMSG"));
	}
}

TEST(senml_json_writes_names_below_its_base)
{
	char out[512];
	struct mp_lwm2m_writer w;
	int n;

	ASSERT_OK(mp_lwm2m_write(&w, MP_LWM2M_FORMAT_SENML_JSON, &mp_lwm2m_path(3, 0), out,
				 sizeof(out)));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 0), mp_lwm2m_string("a\"\\\n\x01/"));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 6, 1), mp_lwm2m_integer(-5));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 7), mp_lwm2m_opaque("\x01\x02\xff\xfe", 4));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 8), mp_lwm2m_objlnk(3, 0));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 9), mp_lwm2m_boolean(false));
	mp_lwm2m_write_record(&w, &(struct mp_lwm2m_record){.path = mp_lwm2m_path(3, 0, 13),
							    .has_value = true,
							    .value = mp_lwm2m_time(1367491215),
							    .time = 1e9});
	n = mp_lwm2m_write_end(&w);
	ASSERT_OK(n);
	out[n] = '\0';
	ASSERT_STR("[{\"bn\":\"/3/0/\",\"n\":\"0\",\"vs\":\"a\\\"\\\\\\n\\u0001/\"},{\"n\":\"6/"
		   "1\",\"v\":-5},"
		   "{\"n\":\"7\",\"vd\":\"AQL__g\"},{\"n\":\"8\",\"vlo\":\"3:0\"},{\"n\":\"9\","
		   "\"vb\":false},"
		   "{\"n\":\"13\",\"t\":1000000000,\"v\":1367491215}]",
		   out);
	for (size_t room = 0; room < (size_t)n; room++) {
		mp_lwm2m_write(&w, MP_LWM2M_FORMAT_SENML_JSON, &mp_lwm2m_path(3, 0), out, room);
		mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 0), mp_lwm2m_string("a\"\\\n\x01/"));
		mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 7), mp_lwm2m_opaque("\x01\x02", 2));
		ASSERT(room > 60 || mp_lwm2m_write_end(&w) == -ENOSPC);
	}
}

TEST(senml_json_writes_lists_of_paths)
{
	char out[128];
	struct mp_lwm2m_writer w;
	int n;

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_SENML_ETCH_JSON, &mp_lwm2m_path_root, out, sizeof(out));
	mp_lwm2m_write_path(&w, &mp_lwm2m_path(3, 0, 9));
	mp_lwm2m_write_path(&w, &mp_lwm2m_path(1));
	n = mp_lwm2m_write_end(&w);
	ASSERT_OK(n);
	out[n] = '\0';
	ASSERT_STR("[{\"n\":\"/3/0/9\"},{\"n\":\"/1\"}]", out);
	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_SENML_JSON, &mp_lwm2m_path_root, out, sizeof(out));
	ASSERT_INT(2, mp_lwm2m_write_end(&w));
}
