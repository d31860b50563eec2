/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "coap/message.h"

static const struct mp_coap_header post = {
	.type = MP_COAP_CON,
	.code = MP_COAP_POST,
	.mid = 0x1234,
	.token = (const uint8_t *)"\xaa\xbb",
	.token_len = 2,
};

/* A message with everything in it, into `room` bytes. */
static int write_all(void *data, size_t room)
{
	struct mp_coap_writer w;

	mp_coap_write(&w, data, room, &post);
	mp_coap_add_path(&w, MP_COAP_URI_PATH, "rd/x");
	mp_coap_add_uint(&w, MP_COAP_CONTENT_FORMAT, 40);
	mp_coap_add_text(&w, MP_COAP_URI_QUERY, "lwm2m=1.1&b=U&x");
	mp_coap_add_uint(&w, 2000, 0);
	mp_coap_add_payload(&w, "</>", 3);
	return mp_coap_end(&w);
}

static const uint8_t all[] = {0x42, 0x02, 0x12, 0x34, 0xaa, 0xbb, 0xb2, 'r', 'd', 0x01,
			      'x',  0x11, 40,	0x3d, 2,    'l',  'w',	'm', '2', 'm',
			      '=',  '1',  '.',	'1',  '&',  'b',  '=',	'U', '&', 'x',
			      0xe0, 0x06, 0xb4, 0xff, '<',  '/',  '>'};

TEST(a_message_is_written_as_the_rfc_says)
{
	uint8_t data[256];

	ASSERT_INT(sizeof(all), write_all(data, sizeof(data)));
	ASSERT(memcmp(all, data, sizeof(all)) == 0);
}

TEST(a_message_that_does_not_fit_is_refused_and_writes_nothing_past_the_room)
{
	for (size_t room = 0; room < sizeof(all); room++) {
		auto_free uint8_t *data = malloc(room ? room : 1);

		ASSERT(data);
		ASSERT_ERR(-ENOSPC, write_all(data, room));
	}
}

TEST(options_out_of_order_are_refused)
{
	struct mp_coap_writer w;
	uint8_t data[64];

	mp_coap_write(&w, data, sizeof(data), &post);
	mp_coap_add_uint(&w, MP_COAP_ACCEPT, 1);
	mp_coap_add_uint(&w, MP_COAP_OBSERVE, 1);
	ASSERT_ERR(-EINVAL, mp_coap_end(&w));
}

TEST(the_first_error_stays)
{
	struct mp_coap_writer w;
	uint8_t data[6];

	mp_coap_write(&w, data, sizeof(data), &post);
	mp_coap_add_uint(&w, MP_COAP_ACCEPT, 1);
	mp_coap_add_uint(&w, MP_COAP_OBSERVE, 1);
	ASSERT_ERR(-ENOSPC, mp_coap_end(&w));
}

TEST(nothing_follows_a_payload)
{
	struct mp_coap_writer w;
	uint8_t data[64];

	mp_coap_write(&w, data, sizeof(data), &post);
	mp_coap_add_payload(&w, "", 0);
	mp_coap_add_uint(&w, MP_COAP_ACCEPT, 1);
	ASSERT_INT(9, mp_coap_end(&w));
	mp_coap_add_payload(&w, "a", 1);
	ASSERT_INT(11, mp_coap_end(&w));
	mp_coap_add_payload(&w, "a", 1);
	ASSERT_ERR(-EINVAL, mp_coap_end(&w));

	mp_coap_write(&w, data, sizeof(data), &post);
	mp_coap_add_payload(&w, "a", 1);
	mp_coap_add_uint(&w, 60000, 1);
	ASSERT_ERR(-EINVAL, mp_coap_end(&w));
}

TEST(an_empty_message_takes_nothing)
{
	struct mp_coap_header h = {.type = MP_COAP_RST, .mid = 0xabcd};
	struct mp_coap_writer w;
	uint8_t data[64];

	mp_coap_write(&w, data, sizeof(data), &h);
	ASSERT_INT(4, mp_coap_end(&w));
	ASSERT(memcmp(data, "\x70\x00\xab\xcd", 4) == 0);
	mp_coap_add_uint(&w, MP_COAP_ACCEPT, 1);
	ASSERT_ERR(-EINVAL, mp_coap_end(&w));
	mp_coap_write(&w, data, sizeof(data), &h);
	mp_coap_add_payload(&w, "a", 1);
	ASSERT_ERR(-EINVAL, mp_coap_end(&w));
	h.token = data;
	h.token_len = 1;
	mp_coap_write(&w, data, sizeof(data), &h);
	ASSERT_ERR(-EINVAL, mp_coap_end(&w));
}

TEST(every_number_and_length_is_read_back)
{
	static const unsigned edges[] = {0, 1, 12, 13, 14, 268, 269, 270, 1034, 65534, 65535};
	static uint8_t data[70000], value[65535];
	struct mp_coap_message m;
	struct mp_coap_writer w;

	for (size_t i = 0; i < 11; i++)
		for (size_t j = 0; j < 11; j++) {
			mp_coap_write(&w, data, sizeof(data), &post);
			mp_coap_add(&w, edges[i], value, edges[j]);
			ASSERT_OK(mp_coap_decode(data, (size_t)mp_coap_end(&w), &m));
			MP_COAP_EACH_OPTION(o, &m)
			{
				ASSERT_INT(edges[i], o.number);
				ASSERT_INT(edges[j], o.len);
			}
		}
	mp_coap_add(&w, 65536, "", 0);
	ASSERT_ERR(-EINVAL, mp_coap_end(&w));
}

TEST(numbers_are_written_short)
{
	static const uint32_t values[] = {0, 1, 255, 256, 65535, 65536, 0xffffff, 0x1000000, ~0U};
	static const size_t lens[] = {0, 1, 1, 2, 2, 3, 3, 4, 4};

	for (size_t i = 0; i < 9; i++) {
		struct mp_coap_message m;
		struct mp_coap_writer w;
		uint8_t data[64];
		uint32_t value;

		mp_coap_write(&w, data, sizeof(data), &post);
		mp_coap_add_uint(&w, MP_COAP_MAX_AGE, values[i]);
		ASSERT_INT(8 + lens[i], mp_coap_end(&w));
		ASSERT_OK(mp_coap_decode(data, 8 + lens[i], &m));
		ASSERT_INT(1, mp_coap_find_uint(&m, MP_COAP_MAX_AGE, &value));
		ASSERT_INT(values[i], value);
	}
}

TEST(paths_are_written_by_segment)
{
	static const char *const paths[] = {"", "a", "a/b", "3/0/1", "a//b", "a/", "/"};
	static const int lens[] = {6, 8, 10, 12, 11, 9, 8};

	for (size_t i = 0; i < 7; i++) {
		struct mp_coap_message m;
		struct mp_coap_writer w;
		uint8_t data[64];

		mp_coap_write(&w, data, sizeof(data), &post);
		mp_coap_add_path(&w, MP_COAP_URI_PATH, paths[i]);
		ASSERT_INT(lens[i], mp_coap_end(&w));
		ASSERT_OK(mp_coap_decode(data, (size_t)lens[i], &m));
		ASSERT(mp_coap_path_is(&m, paths[i]));
	}
}

TEST(extended_tokens_are_read_back)
{
	static const size_t lens[] = {8, 9, 12, 13, 268, 269, 65804};
	static uint8_t data[66000], token[65804];
	struct mp_coap_message m;
	struct mp_coap_writer w;

	for (size_t i = 0; i < 7; i++) {
		struct mp_coap_header h = {
			.code = MP_COAP_GET, .token = token, .token_len = lens[i]};

		mp_coap_write(&w, data, sizeof(data), &h);
		ASSERT_OK(mp_coap_decode(data, (size_t)mp_coap_end(&w), &m));
		ASSERT_INT(lens[i], m.token_len);
	}
	mp_coap_write(&w, data, sizeof(data),
		      &(struct mp_coap_header){.code = 1, .token = token, .token_len = 65805});
	ASSERT_ERR(-EINVAL, mp_coap_end(&w));
}
