/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "lwm2m/test_dump.h"

#define DUMP(base, bytes) dump(MP_LWM2M_FORMAT_SENML_CBOR, base, bytes, sizeof(bytes) - 1)

/* LwM2M Core 1.1, section 7.4.6: part of the Device object. */
static const char device[] = "\x84"
			     "\xa3\x21\x65/3/0/\x00\x61"
			     "0\x03\x74Open Mobile Alliance"
			     "\xa2\x00\x63"
			     "6/0\x02\x01"
			     "\xa2\x00\x61"
			     "9\x02\x18\x64"
			     "\xa2\x00\x62"
			     "13\x02\x1a\x51\x82\x42\x8f";

TEST(senml_cbor_reads_the_device_of_the_specification)
{
	ASSERT_STR("/3/0/0 string Open Mobile Alliance; /3/0/6/0 integer 1; /3/0/9 integer 100; "
		   "/3/0/13 integer 1367491215; end",
		   DUMP("/3/0", device));
}

TEST(senml_cbor_writes_the_device_of_the_specification)
{
	struct mp_lwm2m_writer w;
	char out[128];

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_SENML_CBOR, &mp_lwm2m_path(3, 0), out, sizeof(out));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 0), mp_lwm2m_string("Open Mobile Alliance"));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 6, 0), mp_lwm2m_integer(1));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 9), mp_lwm2m_integer(100));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 13), mp_lwm2m_time(1367491215));
	ASSERT_INT(sizeof(device) - 1, mp_lwm2m_write_end(&w));
	ASSERT(memcmp(out, device, sizeof(device) - 1) == 0);
}

TEST(senml_cbor_refuses_every_cut)
{
	EACH_CUT(cut, n, device, sizeof(device) - 1) {
		ASSERT(strstr(dump(MP_LWM2M_FORMAT_SENML_CBOR, "/3/0", cut, n), "EBADMSG"));
	}
}

TEST(senml_cbor_reads_every_kind_of_value)
{
	/* The link of the specification's authors; endless arrays, maps and strings. */
	ASSERT_STR("/65/0/0/0 objlnk 66:0; end", DUMP("/", "\x81\xa2\x00\x69/65/0/0/0\x63vlo\x64"
							   "66:0"));
	ASSERT_STR("/1/0/0 boolean true; /1/0/1 opaque 0102ff; /1/0/2 string abcd; end",
		   DUMP("/1", "\x9f\xbf\x00\x66/1/0/0\x04\xf5\xff"
			      "\xa2\x00\x66/1/0/1\x08\x43\x01\x02\xff"
			      "\xbf\x00\x7f\x62/1\x64/0/2\xff\x03\x7f\x62"
			      "ab\x60\x62"
			      "cd\xff\xff\xff"));
	/* Half, single, double, decimal fraction, unsigned, negative; times. */
	ASSERT_STR("/1/0/0 float 1.5 @10; /1/0/0 float 65504 @11; /1/0/0 float 1.1 @12; "
		   "/1/0/0 float 27.315 @13; /1/0/0 unsigned 18446744073709551615 @14; "
		   "/1/0/0 integer -500 @15; /1/0/0 float 5.9604644775390625e-08 @16; end",
		   DUMP("/1", "\x87"
			      "\xa4\x21\x66/1/0/0\x22\x0a\x06\x00\x02\xf9\x3e\x00"
			      "\xa2\x06\x01\x02\xf9\x7b\xff"
			      "\xa2\x06\x02\x02\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a"
			      "\xa2\x06\x03\x02\xc4\x82\x22\x19\x6a\xb3"
			      "\xa2\x06\x04\x02\x1b\xff\xff\xff\xff\xff\xff\xff\xff"
			      "\xa2\x06\x05\x02\x39\x01\xf3"
			      "\xa2\x06\x06\x02\xf9\x00\x01"));
	ASSERT_STR("/3/0/0; /; end", DUMP("/", "\x82\xa1\x00\x66/3/0/0\xa1\x00\x61/"));
	/* Fields that mean nothing here, however deep. */
	ASSERT_STR("/3/0/0 integer 1; end",
		   DUMP("/", "\x81\xa5\x00\x66/3/0/"
			     "0\x02\x01\x01\x61V\x18\x40\x9f\x82\xa1\x01\x02\xc0\x60\xff"
			     "\x61x\xbf\x01\x5f\x41x\xff\xff"));
	ASSERT_STR("end", DUMP("/", "\x80"));
	ASSERT_STR("end", DUMP("/", "\x9f\xff"));
}

#define BAD(want, bytes) ASSERT(strstr(DUMP("/3", "\x81\xa2\x00\x66/3/0/0" bytes), want))

TEST(senml_cbor_refuses_what_is_malformed)
{
	BAD("EBADMSG", "\x02\x61"
		       "1"); /* text for a number */
	BAD("EBADMSG", "\x02\xf5");
	BAD("EBADMSG", "\x02\xf6");
	BAD("EBADMSG", "\x03\x01");
	BAD("EBADMSG", "\x03\x41x");
	BAD("EBADMSG", "\x03\x61\xff");
	BAD("EBADMSG", "\x04\x01");
	BAD("EBADMSG", "\x08\x61x");
	BAD("EBADMSG", "\x63vlo\x01");
	BAD("EBADMSG", "\x00\x61/");
	BAD("EBADMSG", "\x02\xf9\x7c\x00"); /* infinite */
	BAD("EBADMSG", "\x02\xf9\x7e\x00"); /* not a number */
	BAD("EBADMSG", "\x02\xfa\x7f\x80\x00\x00");
	BAD("EBADMSG", "\x02\xff");
	BAD("EBADMSG", "\x02\x1c");
	BAD("EBADMSG", "\x02\x1f");
	BAD("EBADMSG", "\x02\xf8\x18");
	BAD("EBADMSG", "\x02\x01\x00"); /* something is left over */
	BAD("EBADMSG", "\x02\xc4\x83\x01\x01\x01");
	BAD("EBADMSG", "\x02\xc4\x82\x19\x03\xe8\x01"); /* 10^1000 */
	BAD("EBADMSG", "\x08\x5f\x61x\xff"); /* a piece of another kind */
	BAD("EBADMSG", "\x08\x5f\x5f\xff\xff");
	BAD("EBADMSG", "\x08\x5b\xff\xff\xff\xff\xff\xff\xff\xff");
	BAD("EBADMSG", "\xf5\x01");
	ASSERT_STR("EBADMSG", DUMP("/3", "\xa0"));
	ASSERT_STR("EBADMSG", DUMP("/3", "\x81\x80"));
	ASSERT_STR("EBADMSG", DUMP("/3", "\x81\xbf\x00\x66/3/0/0\x02\xff"));
	ASSERT_STR("EBADMSG", DUMP("/3", "\x9b\xff\xff\xff\xff\xff\xff\xff\xff"));
	ASSERT_STR("EBADMSG", DUMP("/3", "\x81\xbb\xff\xff\xff\xff\xff\xff\xff\xff"));
}

TEST(senml_cbor_refuses_what_it_does_not_know)
{
	BAD("ENOTSUP", "\x05\x01"); /* a sum */
	BAD("ENOTSUP", "\x62x_\x01");
	BAD("ENOTSUP", "\x20\x0b"); /* version 11 */
	BAD("ENOTSUP", "\x02\xc2\x49\x01\x00\x00\x00\x00\x00\x00\x00\x00"); /* a big number */
	BAD("ENOTSUP", "\x02\x3b\xff\xff\xff\xff\xff\xff\xff\xff");
	BAD("ENOTSUP", "\x02\x81\x01");
	BAD("ENOTSUP", "\x02\xd8\x20\x61x"); /* a tag */
	BAD("ENOTSUP", "\x18\x40\x81\x81\x81\x81\x81\x81\x81\x81\x81\x01");
	ASSERT_STR("EPROTO", DUMP("/4", "\x81\xa2\x00\x66/3/0/0\x02\x01"));
}

TEST(senml_cbor_counts_many_records)
{
	static char out[8192];
	struct mp_lwm2m_writer w;
	const char *text;
	int n;

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_SENML_CBOR, &mp_lwm2m_path(7), out, sizeof(out));
	for (uint16_t i = 0; i < 300; i++)
		ASSERT_OK(mp_lwm2m_write_value(&w, &mp_lwm2m_path(7, 0, i), mp_lwm2m_float(0.5)));
	n = mp_lwm2m_write_end(&w);
	ASSERT_OK(n);
	ASSERT(memcmp(out,
		      "\x99\x01\x2c\xa3\x21\x63/7/\x00\x63"
		      "0/0\x02\xfa\x3f\x00\x00\x00",
		      20) == 0);
	text = dump(MP_LWM2M_FORMAT_SENML_CBOR, "/7", out, (size_t)n);
	ASSERT(strstr(text, "/7/0/100 float 0.5; "));
}
