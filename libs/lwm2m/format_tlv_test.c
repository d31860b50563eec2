/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/test.h"
#include "lwm2m/test_dump.h"

/* The Device object of LwM2M Core 1.1 section 7.4.3.1, read as /3/0. */
static const uint8_t device[] = "\xc8\x00\x14Open Mobile Alliance"
				"\xc8\x01\x16Lightweight M2M Client"
				"\xc8\x02\x09"
				"345000123"
				"\xc3\x03"
				"1.0"
				"\x86\x06\x41\x00\x01\x41\x01\x05"
				"\x88\x07\x08\x42\x00\x0e\xd8\x42\x01\x13\x88"
				"\x87\x08\x41\x00\x7d\x42\x01\x03\x84"
				"\xc1\x09\x64"
				"\xc1\x0a\x0f"
				"\x83\x0b\x41\x00\x00"
				"\xc4\x0d\x51\x82\x42\x8f"
				"\xc6\x0e+02:00"
				"\xc1\x10U";
#define DEVICE_LEN (sizeof(device) - 1)

static const struct {
	struct mp_lwm2m_path path;
	struct mp_lwm2m_value value;
} records[] = {
	{{{3, 0, 0}, 3}, {.type = MP_LWM2M_STRING, .text = {"Open Mobile Alliance", 20}}},
	{{{3, 0, 1}, 3}, {.type = MP_LWM2M_STRING, .text = {"Lightweight M2M Client", 22}}},
	{{{3, 0, 2}, 3}, {.type = MP_LWM2M_STRING, .text = {"345000123", 9}}},
	{{{3, 0, 3}, 3}, {.type = MP_LWM2M_STRING, .text = {"1.0", 3}}},
	{{{3, 0, 6, 0}, 4}, {.type = MP_LWM2M_INTEGER, .integer = 1}},
	{{{3, 0, 6, 1}, 4}, {.type = MP_LWM2M_INTEGER, .integer = 5}},
	{{{3, 0, 7, 0}, 4}, {.type = MP_LWM2M_INTEGER, .integer = 3800}},
	{{{3, 0, 7, 1}, 4}, {.type = MP_LWM2M_INTEGER, .integer = 5000}},
	{{{3, 0, 8, 0}, 4}, {.type = MP_LWM2M_INTEGER, .integer = 125}},
	{{{3, 0, 8, 1}, 4}, {.type = MP_LWM2M_INTEGER, .integer = 900}},
	{{{3, 0, 9}, 3}, {.type = MP_LWM2M_INTEGER, .integer = 100}},
	{{{3, 0, 10}, 3}, {.type = MP_LWM2M_INTEGER, .integer = 15}},
	{{{3, 0, 11, 0}, 4}, {.type = MP_LWM2M_INTEGER, .integer = 0}},
	{{{3, 0, 13}, 3}, {.type = MP_LWM2M_TIME, .integer = 1367491215}},
	{{{3, 0, 14}, 3}, {.type = MP_LWM2M_STRING, .text = {"+02:00", 6}}},
	{{{3, 0, 16}, 3}, {.type = MP_LWM2M_STRING, .text = {"U", 1}}},
};
#define COUNT (sizeof(records) / sizeof(records[0]))

static struct mp_lwm2m_reader reader(const struct mp_lwm2m_path *base, const void *data, size_t len)
{
	struct mp_lwm2m_reader r;

	(void)mp_lwm2m_read(&r, MP_LWM2M_FORMAT_TLV, base, data, len, NULL, 0);
	return r;
}

static int read_all(const struct mp_lwm2m_path *base, const void *data, size_t len)
{
	struct mp_lwm2m_reader r = reader(base, data, len);
	struct mp_lwm2m_record record;
	int k;

	while ((k = mp_lwm2m_read_next(&r, &record)) > 0)
		;
	return k;
}

TEST(tlv_reads_the_device_of_the_specification)
{
	struct mp_lwm2m_reader r = reader(&mp_lwm2m_path(3, 0), device, DEVICE_LEN);
	struct mp_lwm2m_record record;

	for (size_t i = 0; i < COUNT; i++) {
		ASSERT_INT(1, mp_lwm2m_read_next(&r, &record));
		ASSERT(mp_lwm2m_path_compare(&records[i].path, &record.path) == 0);
		ASSERT(record.has_value);
		ASSERT_OK(mp_lwm2m_read_as(&r, &record, records[i].value.type));
		ASSERT(mp_lwm2m_value_equal(&records[i].value, &record.value));
	}
	ASSERT_INT(0, mp_lwm2m_read_next(&r, &record));
	ASSERT_INT(0, mp_lwm2m_read_next(&r, &record));
}

TEST(tlv_writes_the_device_of_the_specification)
{
	uint8_t out[256];
	struct mp_lwm2m_writer w;

	ASSERT_OK(mp_lwm2m_write(&w, MP_LWM2M_FORMAT_TLV, &mp_lwm2m_path(3, 0), out, sizeof(out)));
	for (size_t i = 0; i < COUNT; i++)
		ASSERT_OK(mp_lwm2m_write_value(&w, &records[i].path, records[i].value));
	ASSERT_INT(DEVICE_LEN, mp_lwm2m_write_end(&w));
	ASSERT(memcmp(out, device, DEVICE_LEN) == 0);
}

TEST(tlv_wraps_an_instance_only_below_an_object)
{
	static const uint8_t want[] = "\x08\x00\x79";
	uint8_t out[256];
	struct mp_lwm2m_writer w;

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_TLV, &mp_lwm2m_path(3), out, sizeof(out));
	for (size_t i = 0; i < COUNT; i++)
		ASSERT_OK(mp_lwm2m_write_value(&w, &records[i].path, records[i].value));
	ASSERT_INT(3 + DEVICE_LEN, mp_lwm2m_write_end(&w));
	ASSERT(memcmp(out, want, 3) == 0);
	ASSERT(memcmp(out + 3, device, DEVICE_LEN) == 0);
	ASSERT_INT(0, read_all(&mp_lwm2m_path(3), out, 3 + DEVICE_LEN));
	ASSERT_INT(0, read_all(&mp_lwm2m_path(3, 0), out, 3 + DEVICE_LEN));
	ASSERT_ERR(-EPROTO, read_all(&mp_lwm2m_path(3, 1), out, 3 + DEVICE_LEN));
	ASSERT_ERR(-EPROTO, read_all(&mp_lwm2m_path_root, out, 3 + DEVICE_LEN));
}

/* Cuts between entries leave a payload that is good as well, so what is asked is only to be safe. */
TEST(tlv_survives_every_cut)
{
	EACH_CUT(cut, n, device, DEVICE_LEN) {
		int k = read_all(&mp_lwm2m_path(3, 0), cut, n);

		ASSERT(k == 0 || k == -EBADMSG);
	}
}

TEST(tlv_reads_one_resource_of_one_and_of_many)
{
	struct mp_lwm2m_reader r = reader(&mp_lwm2m_path(3, 0, 9), "\xc1\x09\x64", 3);
	struct mp_lwm2m_record record;

	ASSERT_INT(1, mp_lwm2m_read_next(&r, &record));
	ASSERT_INT(3, record.path.n);
	r = reader(&mp_lwm2m_path(3, 0, 6), "\x86\x06\x41\x00\x01\x41\x01\x05", 8);
	ASSERT_INT(1, mp_lwm2m_read_next(&r, &record));
	ASSERT_INT(1, mp_lwm2m_read_next(&r, &record));
	ASSERT_INT(1, record.path.id[3]);
	r = reader(&mp_lwm2m_path(3, 0, 6, 1), "\x41\x01\x05", 3);
	ASSERT_INT(1, mp_lwm2m_read_next(&r, &record));
	ASSERT_INT(4, record.path.n);
	ASSERT_ERR(-EPROTO, read_all(&mp_lwm2m_path(3, 0, 6, 0), "\x41\x01\x05", 3));
	ASSERT_ERR(-EPROTO, read_all(&mp_lwm2m_path(3, 0, 10), "\xc1\x09\x64", 3));
}

TEST(tlv_has_instances_whose_number_the_device_chooses)
{
	struct mp_lwm2m_reader r = reader(&mp_lwm2m_path(3303), "\xe1\x16\x44\x01", 4);
	struct mp_lwm2m_record record;
	struct mp_lwm2m_writer w;
	uint8_t out[8];

	ASSERT_INT(1, mp_lwm2m_read_next(&r, &record));
	ASSERT_INT(MP_LWM2M_ID_NONE, record.path.id[1]);
	ASSERT_INT(5700, record.path.id[2]);
	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_TLV, &mp_lwm2m_path(3303), out, sizeof(out));
	mp_lwm2m_write_value(&w, &record.path, mp_lwm2m_integer(1));
	ASSERT_INT(4, mp_lwm2m_write_end(&w));
	ASSERT(memcmp(out, "\xe1\x16\x44\x01", 4) == 0);
}

TEST(tlv_keeps_empty_instances_and_resources)
{
	static const struct mp_lwm2m_path paths[] = {{{7, 0}, 2}, {{7, 1, 2}, 3}, {{7, 300}, 2}};
	static const uint8_t want[] = "\x00\x00\x02\x01\x80\x02\x20\x01\x2c";
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;
	struct mp_lwm2m_writer w;
	uint8_t out[16];

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_TLV, &mp_lwm2m_path(7), out, sizeof(out));
	for (size_t i = 0; i < 3; i++)
		ASSERT_OK(mp_lwm2m_write_path(&w, &paths[i]));
	ASSERT_INT(sizeof(want) - 1, mp_lwm2m_write_end(&w));
	ASSERT(memcmp(out, want, sizeof(want) - 1) == 0);
	r = reader(&mp_lwm2m_path(7), out, sizeof(want) - 1);
	for (size_t i = 0; i < 3; i++) {
		ASSERT_INT(1, mp_lwm2m_read_next(&r, &record));
		ASSERT(!record.has_value);
		ASSERT(mp_lwm2m_path_compare(&paths[i], &record.path) == 0);
	}
	ASSERT_INT(0, mp_lwm2m_read_next(&r, &record));
}

TEST(tlv_has_lengths_of_three_bytes)
{
	static uint8_t out[70000], value[66000];
	struct mp_lwm2m_record record;
	struct mp_lwm2m_reader r;
	struct mp_lwm2m_writer w;

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_TLV, &mp_lwm2m_path(5, 0), out, sizeof(out));
	mp_lwm2m_write_value(&w, &mp_lwm2m_path(5, 0, 0), mp_lwm2m_opaque(value, sizeof(value)));
	ASSERT_INT(5 + sizeof(value), mp_lwm2m_write_end(&w));
	ASSERT(memcmp(out, "\xd8\x00\x01\x01\xd0", 5) == 0);
	r = reader(&mp_lwm2m_path(5, 0), out, 5 + sizeof(value));
	ASSERT_INT(1, mp_lwm2m_read_next(&r, &record));
	ASSERT_INT(sizeof(value), (long long)record.value.opaque.len);
}

TEST(tlv_refuses_levels_in_the_wrong_place)
{
	const struct mp_lwm2m_path *object = &mp_lwm2m_path(3);

	ASSERT_ERR(-EPROTO, read_all(object, "\x02\x00\x00\x00", 4)); /* an instance in another */
	ASSERT_ERR(-EPROTO, read_all(object, "\x41\x00\x00", 3)); /* an instance of no resource */
	ASSERT_ERR(-EPROTO, read_all(object, "\x83\x01\xc1\x00\x00", 5));
	ASSERT_ERR(-EBADMSG, read_all(object, "\x03\x00\xc2\x00\x00", 5)); /* beyond its parent */
	ASSERT_ERR(-EBADMSG, read_all(object, "\xe1\xff\xff\x00", 4)); /* 65535 */
}

TEST(tlv_refuses_records_out_of_order)
{
	struct mp_lwm2m_writer w;
	uint8_t out[16];

	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_TLV, &mp_lwm2m_path(3, 0), out, sizeof(out));
	ASSERT_OK(mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 9), mp_lwm2m_integer(1)));
	ASSERT_ERR(-EINVAL, mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 9), mp_lwm2m_integer(1)));
	ASSERT_ERR(-EINVAL, mp_lwm2m_write_end(&w));
	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_TLV, &mp_lwm2m_path(3, 0), out, sizeof(out));
	ASSERT_ERR(-EINVAL, mp_lwm2m_write_value(&w, &mp_lwm2m_path(4, 0, 9), mp_lwm2m_integer(1)));
	mp_lwm2m_write(&w, MP_LWM2M_FORMAT_TLV, &mp_lwm2m_path(3, 0), out, 2);
	ASSERT_ERR(-ENOSPC, mp_lwm2m_write_value(&w, &mp_lwm2m_path(3, 0, 9), mp_lwm2m_integer(1)));
}

#define DUMP(base, bytes) dump(MP_LWM2M_FORMAT_TLV, base, bytes, sizeof(bytes) - 1)

/* Two instances of Access Control, one of Server, and links (LwM2M Core 1.1 section 7.4.3.2 and 7.4.3.3). */
TEST(tlv_reads_the_other_examples_of_the_specification)
{
	ASSERT_STR(
		"/2/0/0 raw tlv 01; /2/0/1 raw tlv 00; /2/0/2/127 raw tlv 07; /2/0/3 raw tlv 7f; "
		"/2/2/0 raw tlv 03; /2/2/1 raw tlv 00; /2/2/2/127 raw tlv 07; "
		"/2/2/2/310 raw tlv 01; /2/2/3 raw tlv 7f; end",
		DUMP("/2", "\x08\x00\x0e\xc1\x00\x01\xc1\x01\x00\x83\x02\x41\x7f\x07\xc1\x03\x7f"
			   "\x08\x02\x12\xc1\x00\x03\xc1\x01\x00\x87\x02\x41\x7f\x07\x61\x01\x36"
			   "\x01\xc1\x03\x7f"));
	ASSERT_STR(
		"/1/0/0 raw tlv 01; /1/0/1 raw tlv 00015180; /1/0/6 raw tlv 01; /1/0/7 raw tlv 55; "
		"end",
		DUMP("/1", "\x08\x00\x0f\xc1\x00\x01\xc4\x01\x00\x01\x51\x80\xc1\x06\x01\xc1"
			   "\x07\x55"));
	ASSERT_STR("/65/0/0/0 raw tlv 00420000; /65/0/0/1 raw tlv 00420001; "
		   "/65/0/1 raw tlv 38363133383030373535353030; /65/0/2 raw tlv 12345678; end",
		   DUMP("/65/0", "\x88\x00\x0c\x44\x00\x00\x42\x00\x00\x44\x01\x00\x42\x00\x01"
				 "\xc8\x01\x0d"
				 "8613800755500\xc4\x02\x12\x34\x56\x78"));
}
