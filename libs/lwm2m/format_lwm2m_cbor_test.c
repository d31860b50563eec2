/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/test_dump.h"

#define DUMP(base, bytes) dump(MP_LWM2M_FORMAT_LWM2M_CBOR, base, bytes, sizeof(bytes) - 1)

/* {[1, 0]: {0: 101, 1: 86400, 6: true, 7: "U"}}: LwM2M Core 1.2 section 7.4.4 has such servers. */
static const char server[] =
	"\xa1\x82\x01\x00\xa4\x00\x18\x65\x01\x1a\x00\x01\x51\x80\x06\xf5\x07\x61U";

TEST(lwm2m_cbor_reads_a_server)
{
	const char *want = "/1/0/0 integer 101; /1/0/1 integer 86400; /1/0/6 boolean true; "
			   "/1/0/7 string U; end";

	ASSERT_STR(want, DUMP("/1/0", server));
	ASSERT_STR(want, DUMP("/", server));
}

TEST(lwm2m_cbor_reads_ids_grouped_in_any_way)
{
	static const char *const want = "/13/26/1 integer 42; /13/26/2/0 integer 21; end";

	ASSERT_STR(want,
		   DUMP("/13", "\xa2\x83\x0d\x18\x1a\x01\x18\x2a\x84\x0d\x18\x1a\x02\x00\x15"));
	ASSERT_STR(want, DUMP("/13", "\xa1\x0d\xa1\x18\x1a\xa2\x01\x18\x2a\x02\xa1\x00\x15"));
	ASSERT_STR(want,
		   DUMP("/13", "\xbf\x9f\x0d\xff\xbf\x81\x18\x1a\xbf\x01\x18\x2a\x9f\x02\x00\xff"
			       "\x15\xff\xff\xff"));
	ASSERT_STR("/13/26/1; /13/26/2; end",
		   DUMP("/", "\xa1\x82\x0d\x18\x1a\xa2\x01\xf6\x02\xf6"));
	ASSERT_STR("/13; end", DUMP("/", "\xa1\x0d\xf6"));
	ASSERT_STR("/13/0; /13/1; end", DUMP("/13", "\xa1\x0d\xa2\x00\xa0\x01\xbf\xff"));
	ASSERT_STR("end", DUMP("/", "\xa0"));
}

TEST(lwm2m_cbor_takes_ids_below_the_request)
{
	/* {2: 7, 3: {0: 8}} written to /1/0, to /1 as an instance, created in /1 without a number. */
	ASSERT_STR("/1/0/2 integer 7; /1/0/3/0 integer 8; end",
		   DUMP("/1/0", "\xa2\x02\x07\x03\xa1\x00\x08"));
	ASSERT_STR("/1/3/0 integer 8; end", DUMP("/1", "\xa1\x03\xa1\x00\x08"));
	ASSERT_STR("/1/65535/2 integer 7; end", DUMP("/1", "\xa1\x02\x07"));
	ASSERT_STR("/1/0/3/4 integer 8; end", DUMP("/1/0/3", "\xa1\x04\x08"));
	ASSERT_STR("EPROTO", DUMP("/1/0/3/4", "\xa1\x04\x08"));
	ASSERT_STR("EPROTO", DUMP("/", "\xa1\x82\x01\x00\x08"));
	ASSERT_STR("EPROTO", DUMP("/1/1", server));
}

TEST(lwm2m_cbor_refuses_what_is_malformed)
{
	ASSERT_STR("EBADMSG", DUMP("/", ""));
	ASSERT_STR("EBADMSG", DUMP("/", "\x80"));
	ASSERT_STR("EBADMSG", DUMP("/", "\xa1\x80\x01")); /* a key of no ids */
	ASSERT_STR("EBADMSG", DUMP("/", "\xa1\x61x\x01"));
	ASSERT_STR("EBADMSG", DUMP("/", "\xa1\x20\x01"));
	ASSERT_STR("EBADMSG", DUMP("/", "\xa1\x19\xff\xff\x01")); /* 65535 */
	ASSERT_STR("EBADMSG", DUMP("/", "\xa1\x85\x01\x02\x03\x04\x05\x01")); /* five levels */
	ASSERT_STR("EBADMSG", DUMP("/", "\xa1\x01\xa1\x01\xa1\x01\xa1\x01\xa1\x01\x01"));
	ASSERT_STR("EBADMSG", DUMP("/", "\xa1\x84\x01\x02\x03\x04\xf9\x7e\x00"));
	ASSERT_STR("EBADMSG", DUMP("/", "\xa0\x00"));
	ASSERT_STR("ENOTSUP", DUMP("/", "\xa1\x83\x01\x02\x03\x81\x00"));
	EACH_CUT(cut, n, server, sizeof(server) - 1) {
		ASSERT(strstr(dump(MP_LWM2M_FORMAT_LWM2M_CBOR, "/1/0", cut, n), "EBADMSG"));
	}
}

TEST(lwm2m_cbor_writes_a_map_a_level)
{
	static const char want[] = "\xa2\x01\xa1\x00\xa2\x00\x18\x65\x06\xf5"
				   "\x03\xa2\x00\xa1\x0b\xa2\x00\x00\x01\x01\x01\xf6";
	struct mp_lwm2m_writer w;
	char out[64];

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_LWM2M_CBOR, &mp_lwm2m_path_root, out, sizeof(out));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(1, 0, 0), mp_lwm2m_integer(101));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(1, 0, 6), mp_lwm2m_boolean(true));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 11, 0), mp_lwm2m_integer(0));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 11, 1), mp_lwm2m_integer(1));
	mp_lwm2m_write_path(&w, &mp_lwm2m_path(3, 1));
	ASSERT_INT(sizeof(want) - 1, mp_lwm2m_write_end(&w));
	ASSERT(memcmp(out, want, sizeof(want) - 1) == 0);
	ASSERT_STR("/1/0/0 integer 101; /1/0/6 boolean true; /3/0/11/0 integer 0; "
		   "/3/0/11/1 integer 1; /3/1; end",
		   DUMP("/", want));
	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_LWM2M_CBOR, &mp_lwm2m_path_root, out, sizeof(out));
	mp_lwm2m_write_path(&w, &mp_lwm2m_path(3));
	ASSERT_ERR(-EINVAL, mp_lwm2m_write_path(&w, &mp_lwm2m_path(3, 0)));
}
