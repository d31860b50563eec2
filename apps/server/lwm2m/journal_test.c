/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include "base/test.h"

static const uint8_t token[MP_COAP_TOKEN] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t digest[32] = {9, 8, 7};

static struct journal_entry registration(void)
{
	struct journal_entry e = {
		.type = JOURNAL_REGISTERED,
		.location = 0x123456789abcdef,
		.links = 1,
		.registered = 1700000000000,
		.updated = 1700000005000,
		.endpoint = {"sensor-7", 8},
		.identity = {"id", 2},
		.attributes = {"sms=123", 7},
		.profile = {"6:1234abcd", 10},
		.peer_kind = 3,
		.sha256 = digest,
		.address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 5683},
		.lifetime = 86400,
		.version = 0x101,
		.binding = 17,
		.is_proven = true,
		.heard = 1700000009,
	};

	return e;
}

static int write_piece(struct mp_buf *out)
{
	struct journal_entry links = {
		.type = JOURNAL_LINKS, .links = 1, .text = {"</1/0>,</3/0>", 13}};
	struct journal_entry one = registration();
	struct journal_entry observed = {.type = JOURNAL_OBSERVED,
					 .location = 5,
					 .token = token,
					 .is_composite = true,
					 .accept = -1,
					 .n_paths = 2,
					 .paths = {{{3, 0, 9}, 3}, {{3303}, 1}}};
	struct journal_entry heard = {.type = JOURNAL_HEARD, .location = 6};
	struct journal_entry ended = {.type = JOURNAL_ENDED, .location = 7};
	struct journal_entry forgotten = {.type = JOURNAL_FORGOTTEN, .location = 8, .token = token};
	struct journal_entry moved = {.type = JOURNAL_MOVED,
				      .location = 9,
				      .address = {.ip = {0x20, 1, [15] = 2}, .port = 7},
				      .is_reliable = true};
	struct journal_entry proven = {.type = JOURNAL_PROVEN, .location = 9};
	int r = journal_begin(out, 1700000010000);

	if (r == 0)
		r = journal_add(out, &links);
	if (r == 0)
		r = journal_add(out, &one);
	if (r == 0)
		r = journal_add(out, &observed);
	if (r == 0)
		r = journal_add(out, &heard);
	if (r == 0)
		r = journal_add(out, &ended);
	if (r == 0)
		r = journal_add(out, &moved);
	if (r == 0)
		r = journal_add(out, &proven);
	return r == 0 ? journal_add(out, &forgotten) : r;
}

static int walk(const void *data, size_t len)
{
	struct journal_reader reader;
	struct journal_entry e;
	int n = 0, r = journal_read(&reader, data, len);

	while (r == 0 && (r = journal_next(&reader, &e)) > 0) {
		n++;
		r = 0;
	}
	return r < 0 ? r : n;
}

TEST(journal_gives_back_a_registration_as_it_was)
{
	MP_BUF(b, 4096);
	struct journal_reader reader;
	struct journal_entry want = registration(), e;

	ASSERT_OK(write_piece(&b));
	ASSERT_OK(journal_read(&reader, b.data, b.len));
	ASSERT_INT(1700000010000, reader.time);
	ASSERT_INT(1, journal_next(&reader, &e));
	ASSERT_INT(JOURNAL_LINKS, e.type);
	ASSERT_INT(13, e.text.len);
	ASSERT_INT(1, journal_next(&reader, &e));
	ASSERT_INT(JOURNAL_REGISTERED, e.type);
	ASSERT(e.location == want.location && e.links == 1);
	ASSERT_INT(want.registered, e.registered);
	ASSERT_INT(want.updated, e.updated);
	ASSERT_INT(8, e.endpoint.len);
	ASSERT(memcmp(e.endpoint.data, "sensor-7", 8) == 0);
	ASSERT(e.peer_kind == 3 && e.identity.len == 2 && memcmp(e.sha256, digest, 32) == 0);
	ASSERT(mp_net_address_is_equal(&want.address, &e.address));
	ASSERT_INT(86400, e.lifetime);
	ASSERT(e.is_proven && e.heard == 1700000009);
	ASSERT(e.profile.len == 10 && memcmp(e.profile.data, "6:1234abcd", 10) == 0);
	ASSERT(e.version == 0x101 && e.binding == 17 && e.attributes.len == 7);
	ASSERT_INT(1, journal_next(&reader, &e));
	ASSERT(e.type == JOURNAL_OBSERVED && e.is_composite && !e.is_stale && e.accept == -1);
	ASSERT(e.n_paths == 2 && e.paths[0].id[2] == 9 && e.paths[1].n == 1);
	ASSERT(memcmp(e.token, token, sizeof(token)) == 0);
}

TEST(journal_tells_six_bytes_of_an_ipv6_address_from_one_of_ipv4)
{
	MP_BUF(b, 4096);
	struct journal_reader reader;
	struct journal_entry e = registration(), got;

	e.address = (struct mp_net_address){.ip = {0x20, 1, [15] = 1}, .port = 1};
	ASSERT_OK(journal_begin(&b, 0));
	ASSERT_OK(journal_add(&b, &e));
	ASSERT_OK(journal_read(&reader, b.data, b.len));
	ASSERT_INT(1, journal_next(&reader, &got));
	ASSERT(mp_net_address_is_equal(&e.address, &got.address));
}

TEST(journal_keeps_times_before_and_after_that_of_its_piece)
{
	MP_BUF(b, 4096);
	struct journal_reader reader;
	struct journal_entry e = registration(), got;

	e.registered = 5;
	e.updated = 2000;
	ASSERT_OK(journal_begin(&b, 1000));
	ASSERT_OK(journal_add(&b, &e));
	ASSERT_OK(journal_read(&reader, b.data, b.len));
	ASSERT_INT(1, journal_next(&reader, &got));
	ASSERT_INT(5, got.registered);
	ASSERT_INT(2000, got.updated);
}

TEST(journal_gives_back_where_a_device_has_moved_to)
{
	MP_BUF(b, 4096);
	struct journal_reader reader;
	struct journal_entry e = {.type = JOURNAL_MOVED,
				  .location = 6,
				  .address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 9}, .port = 1}},
			     got = {0};

	ASSERT_OK(journal_begin(&b, 0));
	ASSERT_OK(journal_add(&b, &e));
	ASSERT_INT(9 + 1 + 8 + 1 + 6, b.len);
	ASSERT_OK(journal_read(&reader, b.data, b.len));
	ASSERT_INT(1, journal_next(&reader, &got));
	ASSERT(got.type == JOURNAL_MOVED && got.location == 6 && !got.is_reliable);
	ASSERT(mp_net_address_is_equal(&e.address, &got.address));
	ASSERT_INT(0, journal_next(&reader, &got));
}

TEST(journal_finds_every_cut_but_those_between_entries)
{
	MP_BUF(b, 4096);
	int whole = 0;

	ASSERT_OK(write_piece(&b));
	ASSERT_INT(8, walk(b.data, b.len));
	EACH_CUT(cut, n, b.data, b.len) {
		int r = walk(cut, n);

		whole += r >= 0;
		ASSERT(r >= 0 || r == -EBADMSG);
	}
	ASSERT_INT(8, whole); /* the bare header, and after each of the first seven entries */
}

TEST(journal_of_a_newer_program_is_not_guessed_at)
{
	static const uint8_t newer[9] = {2};
	struct journal_reader reader;

	ASSERT_ERR(-ENOTSUP, journal_read(&reader, newer, sizeof(newer)));
}

TEST(journal_refuses_what_no_writer_writes)
{
	static const uint8_t type[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 99, 1, 2, 3, 4, 5, 6, 7, 8};
	static const uint8_t number[] = {1,    0,    0,	   0,	 0,    0,    0,	   0,
					 0,    1,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	ASSERT_ERR(-EBADMSG, walk(type, sizeof(type)));
	ASSERT_ERR(-EBADMSG, walk(number, sizeof(number)));
}

TORTURE(journal_survives_oom)
{
	MP_BUF(b, 4096);

	return write_piece(&b);
}
