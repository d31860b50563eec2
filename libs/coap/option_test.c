/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "coap/message.h"

/* A message of these options. */
static int options(const uint8_t *bytes, size_t len, struct mp_coap_message *m)
{
	static uint8_t data[70000];

	memcpy(data, (uint8_t[]){0x40, 1, 0, 0}, 4);
	memcpy(data + 4, bytes, len);
	return mp_coap_decode(data, 4 + len, m);
}
#define OPTIONS(m, ...) options((uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}), m)

TEST(deltas_add_up_in_all_their_lengths)
{
	static const unsigned want[] = {12, 12, 25, 37, 293, 562, 562 + 269};
	struct mp_coap_message m;
	size_t n = 0;

	ASSERT_OK(OPTIONS(&m, 0xc0, 0x00, 0xd0, 0, 0xc0, 0xd0, 243, 0xe0, 0, 0, 0xe0, 0, 0));
	MP_COAP_EACH_OPTION(o, &m)
	{
		ASSERT(n < 7);
		ASSERT_INT(want[n++], o.number);
		ASSERT_INT(0, o.len);
	}
	ASSERT_INT(7, n);
}

TEST(a_walk_can_be_left_in_the_middle)
{
	struct mp_coap_message m;
	int seen = 0;

	ASSERT_OK(OPTIONS(&m, 0xb1, 'a', 0x01, 'b', 0x01, 'c'));
	MP_COAP_EACH_OPTION(o, &m)
	{
		if (o.value[0] == 'b')
			break;
		seen++;
	}
	ASSERT_INT(1, seen);
}

TEST(numbers_past_65535_are_malformed)
{
	struct mp_coap_message m;
	struct mp_coap_option o;

	ASSERT_OK(OPTIONS(&m, 0xe0, 0xfe, 0xf2)); /* 65535 */
	ASSERT(mp_coap_find(&m, 65535, &o));
	ASSERT_ERR(-EBADMSG, OPTIONS(&m, 0xe0, 0xfe, 0xf3));
	ASSERT_ERR(-EBADMSG, OPTIONS(&m, 0xe0, 0xfe, 0xf2, 0x10));
	ASSERT_ERR(-EBADMSG, OPTIONS(&m, 0xe0, 0xff, 0xff));
	ASSERT_ERR(-EBADMSG, OPTIONS(&m, 0xc0, 0xe0, 0xff, 0xff));
}

TEST(reserved_nibbles_are_malformed)
{
	struct mp_coap_message m;

	for (uint8_t low = 0; low < 15; low++)
		ASSERT_ERR(-EBADMSG, OPTIONS(&m, (uint8_t)(0xf0 | low), 1, 1, 1, 1, 1, 1, 1, 1, 1,
					     1, 1, 1, 1, 1, 1, 1, 1, 1));
	for (uint8_t high = 0; high < 15; high++)
		ASSERT_ERR(-EBADMSG, OPTIONS(&m, (uint8_t)(high << 4 | 15), 1, 1, 1, 1, 1, 1, 1, 1,
					     1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
}

TEST(long_values_end_where_their_length_says)
{
	static uint8_t bytes[3 + 269 + 100] = {0xbe, 0, 100};
	struct mp_coap_message m;
	struct mp_coap_option o;

	ASSERT_OK(options(bytes, sizeof(bytes), &m));
	ASSERT(mp_coap_find(&m, MP_COAP_URI_PATH, &o));
	ASSERT_INT(369, o.len);
	ASSERT_ERR(-EBADMSG, options(bytes, sizeof(bytes) - 1, &m));
	bytes[2] = 101;
	ASSERT_ERR(-EBADMSG, options(bytes, sizeof(bytes), &m));
}

TEST(finding_gives_the_first_of_a_number)
{
	struct mp_coap_message m;
	struct mp_coap_option o;

	ASSERT_OK(OPTIONS(&m, 0xb1, 'a', 0x01, 'b', 0x40));
	ASSERT(mp_coap_find(&m, MP_COAP_URI_PATH, &o));
	ASSERT(o.value[0] == 'a');
	ASSERT(!mp_coap_find(&m, MP_COAP_OBSERVE, &o));
	ASSERT(!mp_coap_find(&m, MP_COAP_BLOCK1, &o));
	ASSERT(mp_coap_find(&m, MP_COAP_URI_QUERY, &o));
}

TEST(numbers_have_up_to_four_bytes)
{
	struct mp_coap_option o = {.value = (const uint8_t[]){0, 1, 2, 3, 4}};
	uint32_t value;

	ASSERT_OK(mp_coap_option_uint(&o, &value));
	ASSERT_INT(0, value);
	o.len = 2; /* leading zeros are read, RFC 7252 section 3.2 */
	ASSERT_OK(mp_coap_option_uint(&o, &value));
	ASSERT_INT(1, value);
	o.len = 4;
	ASSERT_OK(mp_coap_option_uint(&o, &value));
	ASSERT_INT(0x00010203, value);
	o.len = 5;
	ASSERT_ERR(-EBADMSG, mp_coap_option_uint(&o, &value));
	ASSERT_INT(0x00010203, value);
}

TEST(a_number_is_found_missing_or_malformed)
{
	struct mp_coap_message m;
	uint32_t value = 7;

	ASSERT_OK(OPTIONS(&m, 0x60, 0x62, 0x01, 0x2c, 0x25, 1, 2, 3, 4, 5));
	ASSERT_INT(1, mp_coap_find_uint(&m, MP_COAP_OBSERVE, &value));
	ASSERT_INT(0, value);
	ASSERT_INT(1, mp_coap_find_uint(&m, MP_COAP_CONTENT_FORMAT, &value));
	ASSERT_INT(300, value);
	ASSERT_INT(0, mp_coap_find_uint(&m, MP_COAP_ACCEPT, &value));
	ASSERT_ERR(-EBADMSG, mp_coap_find_uint(&m, MP_COAP_MAX_AGE, &value));
	ASSERT_INT(300, value);
}

TEST(each_option_has_the_lengths_of_its_rfc)
{
	static const struct {
		unsigned number;
		size_t least, most;
	} table[] = {
		{1, 0, 8},    {3, 1, 255},  {4, 1, 8},	  {5, 0, 0},   {6, 0, 3},    {7, 0, 2},
		{8, 0, 255},  {11, 0, 255}, {12, 0, 2},	  {14, 0, 4},  {15, 0, 255}, {16, 1, 1},
		{17, 0, 2},   {20, 0, 255}, {23, 0, 3},	  {27, 0, 3},  {28, 0, 4},   {35, 1, 1034},
		{39, 1, 255}, {60, 0, 4},   {252, 1, 40}, {292, 0, 8},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		for (size_t len = 0; len < 1100; len++) {
			struct mp_coap_option o = {.number = table[i].number, .len = len};

			ASSERT_INT(len >= table[i].least && len <= table[i].most,
				   mp_coap_option_is_sound(&o));
		}
	ASSERT(mp_coap_option_is_sound(&(struct mp_coap_option){.number = 65001, .len = 5000}));
}

TEST(odd_numbers_are_critical)
{
	ASSERT(mp_coap_option_is_critical(MP_COAP_URI_PATH));
	ASSERT(!mp_coap_option_is_critical(MP_COAP_OBSERVE));
}

TEST(paths_are_compared_by_segment)
{
	struct mp_coap_message m;

	ASSERT_OK(OPTIONS(&m, 0xb2, 'r', 'd', 0x01, 'a'));
	ASSERT(mp_coap_path_is(&m, "rd/a"));
	ASSERT(!mp_coap_path_is(&m, "rd"));
	ASSERT(!mp_coap_path_is(&m, "rd/a/"));
	ASSERT(!mp_coap_path_is(&m, "rd/ab"));
	ASSERT(!mp_coap_path_is(&m, ""));
	ASSERT_OK(OPTIONS(&m, 0xb4, 'r', 'd', '/', 'a'));
	ASSERT(!mp_coap_path_is(&m, "rd/a"));
	ASSERT_OK(OPTIONS(&m, 0xb1, 'a', 0x00));
	ASSERT(mp_coap_path_is(&m, "a/"));
	ASSERT(!mp_coap_path_is(&m, "a"));
	ASSERT_OK(OPTIONS(&m, 0x60));
	ASSERT(mp_coap_path_is(&m, ""));
	ASSERT(!mp_coap_path_is(&m, "a"));
}

TEST(blocks_have_number_flag_and_size)
{
	struct mp_coap_option o = {.value = (const uint8_t[]){0xff, 0xff, 0xfe, 0}, .len = 3};
	struct mp_coap_block b;

	ASSERT_OK(mp_coap_block_decode(&o, &b));
	ASSERT_INT(0xfffff, b.num);
	ASSERT(b.more);
	ASSERT_INT(6, b.szx);
	ASSERT_INT(1024, mp_coap_block_size(&b));
	ASSERT_INT(0xfffffe, mp_coap_block_encode(&b));
	o.len = 0;
	ASSERT_OK(mp_coap_block_decode(&o, &b));
	ASSERT_INT(0, b.num);
	ASSERT(!b.more);
	ASSERT_INT(16, mp_coap_block_size(&b));
	o.len = 4;
	ASSERT_ERR(-EBADMSG, mp_coap_block_decode(&o, &b));
	ASSERT_INT(1024, mp_coap_block_size(&(struct mp_coap_block){.szx = 7}));
}
