/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/test.h"
#include "lwm2m/test_dump.h"

TEST(format_knows_its_numbers_and_names)
{
	unsigned format = 0;

	ASSERT_STR("SENML_CBOR", mp_lwm2m_format_name(112));
	ASSERT(!mp_lwm2m_format_name(50));
	ASSERT_OK(mp_lwm2m_format_parse("senml_json", &format));
	ASSERT_INT(110, format);
	ASSERT_ERR(-ENOENT, mp_lwm2m_format_parse("XML", &format));
	ASSERT(mp_lwm2m_format_is_structured(11542) && !mp_lwm2m_format_is_composite(11542));
	ASSERT(!mp_lwm2m_format_is_structured(60) && mp_lwm2m_format_is_composite(322));
	ASSERT_STR("ENOTSUP", dump(40, "/3", "", 0));
	ASSERT_STR("ENOTSUP", dump(50, "/3", "", 0));
}

TEST(format_text_is_one_raw_value)
{
	ASSERT_STR("/3/0/0 raw text x y; end", dump(MP_LWM2M_FORMAT_TEXT, "/3/0/0", "x y", 3));
	ASSERT_STR("/3/0/6/1 raw text ; end", dump(MP_LWM2M_FORMAT_TEXT, "/3/0/6/1", "", 0));
	ASSERT_STR("EPROTO", dump(MP_LWM2M_FORMAT_TEXT, "/3/0", "x", 1));
}

TEST(format_opaque_is_its_bytes)
{
	ASSERT_STR("/5/0/0 opaque 00ff; end",
		   dump(MP_LWM2M_FORMAT_OPAQUE, "/5/0/0", "\x00\xff", 2));
	ASSERT_STR("/5/0/0 opaque ; end", dump(MP_LWM2M_FORMAT_OPAQUE, "/5/0/0", "", 0));
	ASSERT_STR("EPROTO", dump(MP_LWM2M_FORMAT_OPAQUE, "/5", "x", 1));
}

TEST(format_cbor_is_one_item)
{
	ASSERT_STR("/3/0/9 integer 100; end", dump(MP_LWM2M_FORMAT_CBOR, "/3/0/9", "\x18\x64", 2));
	ASSERT_STR("/3/0/13 time 2013-05-02T10:40:15Z; end",
		   dump(MP_LWM2M_FORMAT_CBOR, "/3/0/13", "\xc1\x1a\x51\x82\x42\x8f", 6));
	ASSERT_STR("/3/0/13 time 2013-03-21T20:04:00Z; end", dump(MP_LWM2M_FORMAT_CBOR, "/3/0/13",
								  "\xc0\x74"
								  "2013-03-21T20:04:00Z",
								  22));
	ASSERT_STR("EBADMSG", dump(MP_LWM2M_FORMAT_CBOR, "/3/0/9", "", 0));
	ASSERT_STR("EBADMSG", dump(MP_LWM2M_FORMAT_CBOR, "/3/0/9", "\x01\x01", 2));
	ASSERT_STR("EBADMSG", dump(MP_LWM2M_FORMAT_CBOR, "/3/0/9", "\xf6", 1));
	ASSERT_STR("EBADMSG", dump(MP_LWM2M_FORMAT_CBOR, "/3/0/9", "\xc1\x61x", 3));
	ASSERT_STR("EBADMSG", dump(MP_LWM2M_FORMAT_CBOR, "/3/0/9", "\xc0\x61x", 3));
	ASSERT_STR("EBADMSG", dump(MP_LWM2M_FORMAT_CBOR, "/3/0/9", "\xc1\xc1\x01", 3));
	ASSERT_STR("EPROTO", dump(MP_LWM2M_FORMAT_CBOR, "/3/0", "\x01", 1));
}

/* Bytes of one value in a format of one value; -1 when they are others. */
static int single(unsigned format, struct mp_lwm2m_value v, const char *want, size_t len)
{
	struct mp_lwm2m_writer w;
	char out[64];
	int n;

	mp_lwm2m_write(&w, format, &mp_lwm2m_path(3, 0, 9), out, sizeof(out));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 9), v);
	n = mp_lwm2m_write_end(&w);
	return n < 0 ? n : n == (int)len && !memcmp(out, want, len) ? 0 : -1;
}

TEST(format_writes_single_values)
{
	ASSERT_OK(single(MP_LWM2M_FORMAT_TEXT, mp_lwm2m_boolean(true), "1", 1));
	ASSERT_OK(single(MP_LWM2M_FORMAT_TEXT, mp_lwm2m_time(1367491215), "1367491215", 10));
	ASSERT_OK(single(MP_LWM2M_FORMAT_TEXT, mp_lwm2m_opaque("\x01\x02", 2), "AQI=", 4));
	ASSERT_OK(single(MP_LWM2M_FORMAT_TEXT, mp_lwm2m_float(-1.5), "-1.5", 4));
	ASSERT_OK(single(MP_LWM2M_FORMAT_TEXT, mp_lwm2m_objlnk(10, 3), "10:3", 4));
	ASSERT_OK(single(MP_LWM2M_FORMAT_TEXT, mp_lwm2m_string(""), "", 0));
	ASSERT_OK(single(MP_LWM2M_FORMAT_OPAQUE, mp_lwm2m_opaque("\x00\x02", 2), "\x00\x02", 2));
	ASSERT_ERR(-EINVAL, single(MP_LWM2M_FORMAT_OPAQUE, mp_lwm2m_string("x"), "x", 1));
	ASSERT_OK(single(MP_LWM2M_FORMAT_CBOR, mp_lwm2m_time(0), "\xc1\x00", 2));
	ASSERT_OK(single(MP_LWM2M_FORMAT_CBOR, mp_lwm2m_objlnk(3, 0),
			 "\x63"
			 "3:0",
			 4));
	ASSERT_OK(single(MP_LWM2M_FORMAT_CBOR, mp_lwm2m_integer(INT64_MIN),
			 "\x3b\x7f\xff\xff\xff\xff\xff\xff\xff", 9));
	ASSERT_ERR(-EINVAL, single(MP_LWM2M_FORMAT_CBOR, mp_lwm2m_float(NAN), "", 0));
	ASSERT_ERR(-EINVAL, single(MP_LWM2M_FORMAT_TEXT, mp_lwm2m_string("\xff"), "", 0));
}

TEST(format_of_one_value_takes_exactly_one)
{
	static const unsigned formats[] = {MP_LWM2M_FORMAT_TEXT, MP_LWM2M_FORMAT_OPAQUE,
					   MP_LWM2M_FORMAT_CBOR};

	for (size_t i = 0; i < 3; i++) {
		struct mp_lwm2m_writer w;
		char out[8];

		mp_lwm2m_write(&w, formats[i], &mp_lwm2m_path(5, 0, 0), out, sizeof(out));
		ASSERT_ERR(-EINVAL, mp_lwm2m_write_end(&w));
		mp_lwm2m_write(&w, formats[i], &mp_lwm2m_path(5, 0, 0), out, sizeof(out));
		ASSERT_OK(
			mp_lwm2m_write_value(&w, &mp_lwm2m_path(5, 0, 0), mp_lwm2m_opaque("x", 1)));
		ASSERT_ERR(-EINVAL, mp_lwm2m_write_value(&w, &mp_lwm2m_path(5, 0, 0),
							 mp_lwm2m_opaque("x", 1)));
	}
}

/* How reading the first record ends with this much scratch. */
static int first_with_scratch(unsigned format, const char *data, size_t len, size_t room)
{
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;
	uint8_t scratch[64];

	mp_lwm2m_read(&r, format, &mp_lwm2m_path_root, data, len, room ? scratch : NULL, room);
	return mp_lwm2m_read_next(&r, &record);
}

TEST(format_needs_scratch_only_for_what_is_decoded)
{
	static const char plain[] = "[{\"n\":\"/1/0/0\",\"vs\":\"abcd\"}]";
	static const char escaped[] = "[{\"n\":\"/1/0/0\",\"vs\":\"a\\tcd\"}]";
	static const char bytes[] = "[{\"n\":\"/1/0/0\",\"vd\":\"AQIDBA\"}]";
	static const char pieces[] = "\x81\xa2\x00\x66/1/0/0\x08\x5f\x42xx\x42yy\xff";

	ASSERT_INT(1, first_with_scratch(110, plain, sizeof(plain) - 1, 0));
	for (size_t room = 0; room < 4; room++) {
		ASSERT_ERR(-ENOSPC, first_with_scratch(110, escaped, sizeof(escaped) - 1, room));
		ASSERT_ERR(-ENOSPC, first_with_scratch(110, bytes, sizeof(bytes) - 1, room));
		ASSERT_ERR(-ENOSPC, first_with_scratch(112, pieces, sizeof(pieces) - 1, room));
	}
	ASSERT_INT(1, first_with_scratch(110, escaped, sizeof(escaped) - 1, 5));
	ASSERT_INT(1, first_with_scratch(110, bytes, sizeof(bytes) - 1, 5));
	ASSERT_INT(1, first_with_scratch(112, pieces, sizeof(pieces) - 1, 4));
}

/* ---- what is written is read again, in every format ---- */

static uint64_t seed;

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % sides;
}

static struct mp_lwm2m_value random_value(void)
{
	static const char text[] = "grüße \"\\\n\t/ {}[],:";
	static const int64_t numbers[] = {0,	 1,	 -1,	     127,	128,	   -129,
					  32767, -32769, 2147483648, INT64_MAX, INT64_MIN, 23};

	switch (dice(8)) {
	case 0:
		return (struct mp_lwm2m_value){
			.type = MP_LWM2M_STRING,
			.text = {text + 7 + dice(6), dice(7)}}; /* within the ASCII part */
	case 1:
		return mp_lwm2m_integer(numbers[dice(12)]);
	case 2:
		return mp_lwm2m_unsigned(UINT64_MAX >> dice(64));
	case 3:
		return mp_lwm2m_float(ldexp((double)dice(1000000) - 500000, (int)dice(80) - 40));
	case 4:
		return mp_lwm2m_boolean(dice(2));
	case 5:
		return mp_lwm2m_opaque(text, dice(sizeof(text)));
	case 6:
		return mp_lwm2m_time(numbers[dice(9)]);
	default:
		return mp_lwm2m_objlnk((uint16_t)dice(65536), (uint16_t)dice(65536));
	}
}

/* A tree below an object, in order. */
static size_t random_tree(struct mp_lwm2m_record *records, size_t most)
{
	size_t n = 0;

	for (uint32_t instance = dice(3); instance < 400; instance += 1 + dice(300))
		for (uint32_t id = dice(3); id < 300; id += 1 + dice(120)) {
			unsigned many = dice(3) ? 0 : 1 + dice(30);

			for (uint16_t k = 0; k < (many ? many : 1) && n < most; k++, n++) {
				records[n] = (struct mp_lwm2m_record){
					.path = mp_lwm2m_path(3, (uint16_t)instance, (uint16_t)id,
							      k),
					.has_value = true,
					.value = random_value()};
				records[n].path.n = many ? 4 : 3;
				records[n].path.id[3] = many ? k : 0;
			}
		}
	return n;
}

static int write_tree(unsigned format, const struct mp_lwm2m_record *records, size_t n, void *out,
		      size_t room)
{
	struct mp_lwm2m_writer w;

	mp_lwm2m_write(&w, format, &mp_lwm2m_path(3), out, room);
	for (size_t i = 0; i < n; i++)
		mp_lwm2m_write_record(&w, &records[i]);
	return mp_lwm2m_write_end(&w);
}

static bool reads_back(unsigned format, const struct mp_lwm2m_record *records, size_t n,
		       const void *data, size_t len)
{
	static uint8_t scratch[256];
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;

	mp_lwm2m_read(&r, format, &mp_lwm2m_path(3), data, len, scratch, sizeof(scratch));
	for (size_t i = 0; i < n; i++)
		if (mp_lwm2m_read_next(&r, &record) != 1 ||
		    mp_lwm2m_path_compare(&record.path, &records[i].path) != 0 ||
		    mp_lwm2m_read_as(&r, &record, records[i].value.type) < 0 ||
		    !mp_lwm2m_value_equal(&record.value, &records[i].value))
			return false;
	return mp_lwm2m_read_next(&r, &record) == 0;
}

TEST(format_reads_what_it_wrote_of_random_trees)
{
	static const unsigned formats[] = {MP_LWM2M_FORMAT_TLV, MP_LWM2M_FORMAT_JSON,
					   MP_LWM2M_FORMAT_SENML_JSON, MP_LWM2M_FORMAT_SENML_CBOR,
					   MP_LWM2M_FORMAT_LWM2M_CBOR};
	static struct mp_lwm2m_record records[400];
	static uint8_t out[65536];

	for (seed = 1; seed < 300; seed++) {
		uint64_t start = seed;
		size_t n = random_tree(records, 400);

		for (size_t i = 0; i < 5; i++) {
			int len = write_tree(formats[i], records, n, out, sizeof(out));

			ASSERT_OK(len);
			ASSERT(reads_back(formats[i], records, n, out, (size_t)len));
			/* No byte less would do, and nothing is written beyond its room. */
			ASSERT(len == 0 ||
			       write_tree(formats[i], records, n, out, (size_t)len - 1) == -ENOSPC);
		}
		seed = start;
	}
}
