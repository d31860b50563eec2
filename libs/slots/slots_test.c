/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <stdlib.h>

#include "base/le.h"
#include "base/str.h"
#include "base/test.h"
#include "medium/fake.h"
#include "slots/sample.h"

#define U1 "01234567-89ab-cdef-0123-456789abcdef"
#define U2 "fedcba98-7654-3210-fedc-ba9876543210"

static const struct mp_sample_sizes sizes = {8192, 16384, 8192, 4096, 0};

static int make_world(uint32_t sector, struct mp_fake **ret)
{
	auto_(mp_fake) *w = NULL;
	int r = mp_fake_new(&w);

	if (r == 0)
		r = mp_fake_add_device(w, "/dev/sda", mp_sample_disk_size(&sizes, sector));
	if (r == 0)
		r = mp_sample_disk(mp_fake_medium(w), "/dev/sda", sector, &sizes);
	if (r < 0)
		return r;
	mp_fake_settle(w);
	*ret = take_ptr(w);
	return 0;
}

TEST(slots_are_found_by_type_and_label)
{
	for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
		auto_(mp_fake) *w = NULL;
		struct mp_slots s;

		ASSERT_OK(make_world(sector, &w));
		ASSERT_OK(mp_slots_read(mp_fake_medium(w), "/dev/sda", &s, NULL));
		ASSERT_INT(1, s.esp.number);
		ASSERT_INT(2, s.root[MP_SLOT_A].number);
		ASSERT_INT(5, s.verity[MP_SLOT_B].number);
		ASSERT_INT(6, s.data.number);
		ASSERT_STR("/dev/sda4", s.root[MP_SLOT_B].device);
		ASSERT_INT(0, s.root[MP_SLOT_B].base);
		ASSERT_INT(16384, s.root[MP_SLOT_B].size);
		ASSERT(!s.damaged);
		ASSERT_ERR(-ENOENT, mp_slots_find(&s, U1));
	}
}

TEST(slots_in_a_plain_file_are_pieces_of_it)
{
	auto_(mp_fake) *w = NULL;
	struct mp_medium *m;
	struct mp_slots s;

	ASSERT_OK(mp_fake_new(&w));
	m = mp_fake_medium(w);
	ASSERT_OK(mp_fake_add_dir(w, "/d", MP_FAKE_JOURNALED));
	ASSERT_OK(mp_medium_truncate(m, "/d/disk", mp_sample_disk_size(&sizes, 512)));
	ASSERT_OK(mp_sample_disk(m, "/d/disk", 512, &sizes));
	ASSERT_OK(mp_slots_read(m, "/d/disk", &s, NULL));
	ASSERT_STR("/d/disk", s.root[MP_SLOT_A].device);
	ASSERT_INT(mp_sample_part_begin(&sizes, 512, 2), s.root[MP_SLOT_A].base);
}

TEST(slots_on_a_disk_whose_name_ends_in_a_digit)
{
	auto_(mp_fake) *w = NULL;
	struct mp_slots s;

	ASSERT_OK(mp_fake_new(&w));
	ASSERT_OK(mp_fake_add_device(w, "/dev/mmcblk0", mp_sample_disk_size(&sizes, 512)));
	ASSERT_OK(mp_sample_disk(mp_fake_medium(w), "/dev/mmcblk0", 512, &sizes));
	ASSERT_OK(mp_slots_read(mp_fake_medium(w), "/dev/mmcblk0", &s, NULL));
	ASSERT_STR("/dev/mmcblk0p2", s.root[MP_SLOT_A].device);
}

TEST(slots_get_their_uuids_in_both_copies)
{
	auto_(mp_fake) *w = NULL;
	auto_free struct gpt *g = malloc(sizeof(*g));
	struct mp_medium *m;
	struct mp_slots s;
	char other[37];

	ASSERT_OK(make_world(512, &w));
	m = mp_fake_medium(w);
	ASSERT_OK(mp_slots_read(m, "/dev/sda", &s, NULL));
	memcpy(other, s.root[MP_SLOT_A].uuid, sizeof(other));
	ASSERT_OK(mp_slots_assign(m, &s, MP_SLOT_B, U1, U2, NULL));
	ASSERT_INT(MP_SLOT_B, mp_slots_find(&s, U1));
	ASSERT_STR(U2, s.verity[MP_SLOT_B].uuid);
	ASSERT_STR(other, s.root[MP_SLOT_A].uuid);
	ASSERT_OK(gpt_read(m, "/dev/sda", g));
	ASSERT(!g->bad[GPT_PRIMARY] && !g->bad[GPT_BACKUP]);
	/* "01234567-89ab" stands as 67 45 23 01 ab 89 on the disk. */
	ASSERT(memcmp(g->entries + 3 * GPT_ENTRY + 16, "\x67\x45\x23\x01\xab\x89\xef\xcd\x01\x23",
		      10) == 0);

	ASSERT_OK(mp_slots_assign(m, &s, MP_SLOT_B, NULL, NULL, NULL));
	ASSERT_ERR(-ENOENT, mp_slots_find(&s, U1));
	ASSERT_INT('4', s.root[MP_SLOT_B].uuid[14]);
	ASSERT_ERR(-EBADMSG, mp_slots_assign(m, &s, MP_SLOT_B, "no uuid", U2, NULL));
}

/* Overwrite some bytes of the disk. */
static int damage(struct mp_medium *m, uint64_t at)
{
	return mp_medium_write(m, "/dev/sda", at, "XXXX", 4);
}

TEST(slots_live_with_one_damaged_copy_and_mend_it)
{
	const uint64_t end = mp_sample_disk_size(&sizes, 512);
	const uint64_t at[] = {512,	  512 + 72,	  1024 + 3 * 128,
			       end - 512, end - 512 + 16, end - 9000};

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		auto_(mp_fake) *w = NULL;
		struct mp_medium *m;
		struct mp_slots s, t;

		ASSERT_OK(make_world(512, &w));
		m = mp_fake_medium(w);
		ASSERT_OK(mp_slots_read(m, "/dev/sda", &s, NULL));
		ASSERT_OK(damage(m, at[i]));
		ASSERT_OK(mp_slots_read(m, "/dev/sda", &t, NULL));
		ASSERT(t.damaged);
		ASSERT_STR(s.root[0].uuid, t.root[0].uuid);
		if (i % 2)
			ASSERT_OK(mp_slots_mend(m, &t, NULL));
		else
			ASSERT_OK(mp_slots_assign(m, &t, MP_SLOT_A, U1, U2, NULL));
		ASSERT_OK(mp_slots_read(m, "/dev/sda", &t, NULL));
		ASSERT(!t.damaged);
	}
}

TEST(slots_say_what_is_wrong_with_a_disk)
{
	auto_(mp_fake) *w = NULL;
	struct mp_medium *m;
	struct mp_slots s;
	struct mp_err err;
	uint64_t end = mp_sample_disk_size(&sizes, 512);

	ASSERT_OK(make_world(512, &w));
	m = mp_fake_medium(w);
	ASSERT_ERR(-ENOENT, mp_slots_read(m, "/dev/sdb", &s, &err));
	ASSERT_STR("cannot read the disk /dev/sdb: No such file or directory", err.text);
	ASSERT_OK(damage(m, 512));
	ASSERT_OK(damage(m, end - 512));
	ASSERT_ERR(-EBADMSG, mp_slots_read(m, "/dev/sda", &s, &err));
	ASSERT_STR("the disk /dev/sda has no good partition table", err.text);
}

/* Read a disk whose table was changed by `change` and written again with right checksums. */
static int read_changed(void (*change)(struct gpt *g), struct mp_err *err)
{
	auto_(mp_fake) *w = NULL;
	auto_free struct gpt *g = malloc(sizeof(*g));
	struct mp_slots s;
	int r = make_world(512, &w);

	if (r == 0)
		r = gpt_read(mp_fake_medium(w), "/dev/sda", g);
	if (r < 0)
		return r;
	change(g);
	(void)gpt_write(mp_fake_medium(w), "/dev/sda", g, GPT_BACKUP);
	(void)gpt_write(mp_fake_medium(w), "/dev/sda", g, GPT_PRIMARY);
	return mp_slots_read(mp_fake_medium(w), "/dev/sda", &s, err);
}

static void rename_root_a(struct gpt *g)
{
	g->entries[GPT_ENTRY + 56 + 10] = 'c';
}

static void double_root_b(struct gpt *g)
{
	g->entries[GPT_ENTRY + 56 + 10] = 'b';
}

static void overlap(struct gpt *g)
{
	memcpy(g->entries + 3 * GPT_ENTRY + 32, g->entries + GPT_ENTRY + 32, 16);
}

static void beyond(struct gpt *g)
{
	mp_put_le64(g->entries + GPT_ENTRY + 40, UINT64_MAX);
}

static void usable_over_table(struct gpt *g)
{
	g->first_usable = 3;
}

static void usable_to_the_end(struct gpt *g)
{
	g->last_usable = g->sectors - 2;
}

static void without_data(struct gpt *g)
{
	memset(g->entries + 5 * GPT_ENTRY, 0, GPT_ENTRY);
}

TEST(slots_refuse_a_table_that_would_break_something)
{
	struct mp_err err;

	ASSERT_ERR(-ENOENT, read_changed(rename_root_a, &err));
	ASSERT_STR("the disk /dev/sda has no partition 'root-a'", err.text);
	ASSERT_ERR(-EBADMSG, read_changed(double_root_b, &err));
	ASSERT_STR("/dev/sda has two partitions 'root-b'", err.text);
	ASSERT_ERR(-EBADMSG, read_changed(overlap, &err));
	ASSERT_STR("the partitions 'root-a' and 'root-b' of /dev/sda overlap", err.text);
	ASSERT_ERR(-EBADMSG, read_changed(beyond, &err));
	ASSERT_ERR(-EBADMSG, read_changed(usable_over_table, &err));
	ASSERT_ERR(-EBADMSG, read_changed(usable_to_the_end, &err));
	ASSERT_OK(read_changed(without_data, &err));
}

TEST(slots_disk_can_be_cut_anywhere)
{
	auto_(mp_fake) *w = NULL;
	struct mp_medium *m;
	uint64_t size = mp_sample_disk_size(&sizes, 512);

	ASSERT_OK(mp_fake_new(&w));
	m = mp_fake_medium(w);
	ASSERT_OK(mp_fake_add_dir(w, "/d", MP_FAKE_JOURNALED));
	ASSERT_OK(mp_medium_truncate(m, "/d/disk", size));
	ASSERT_OK(mp_sample_disk(m, "/d/disk", 512, &sizes));
	for (uint64_t n = size - 1; n > 0; n -= n > 100 ? 97 : n) {
		struct mp_slots s;
		int r;

		ASSERT_OK(mp_medium_truncate(m, "/d/disk", n));
		r = mp_slots_read(m, "/d/disk", &s, NULL);
		/* The primary copy speaks of blocks that are gone. */
		ASSERT_ERR(-EBADMSG, r);
	}
}

/* Whenever power fails during a change of the table, a copy is good, and it is old or new. */
TEST(slots_table_survives_power_cuts)
{
	auto_(mp_fake) *before = NULL;
	struct mp_slots s;
	char old[37];

	ASSERT_OK(make_world(512, &before));
	ASSERT_OK(mp_slots_read(mp_fake_medium(before), "/dev/sda", &s, NULL));
	memcpy(old, s.root[1].uuid, sizeof(old));
	for (uint64_t n = 0; n < 6; n++)
		for (uint32_t seed = 0; seed < 50; seed++) {
			auto_(mp_fake) *w = NULL;
			struct mp_medium *m;
			struct mp_slots t = s;

			ASSERT_OK(mp_fake_clone(before, &w));
			m = mp_fake_medium(w);
			mp_fake_cut_power(w, n);
			ASSERT_ERR(-EIO, mp_slots_assign(m, &t, MP_SLOT_B, U1, U2, NULL));
			ASSERT_OK(mp_fake_power_on(w, seed));
			ASSERT_OK(mp_slots_read(m, "/dev/sda", &t, NULL));
			ASSERT(mp_streq(t.root[1].uuid, old) || mp_streq(t.root[1].uuid, U1));
			ASSERT(mp_streq(t.root[1].uuid, U1) == mp_streq(t.verity[1].uuid, U2));
			ASSERT_OK(mp_slots_mend(m, &t, NULL));
			ASSERT_OK(mp_slots_read(m, "/dev/sda", &t, NULL));
			ASSERT(!t.damaged);
		}
}

TEST(slots_guid_text_can_be_cut_anywhere)
{
	uint8_t guid[16];
	char text[37];

	ASSERT_OK(gpt_guid_parse(U1, guid));
	gpt_guid_format(guid, text);
	ASSERT_STR(U1, text);
	for (size_t n = 0; n < 36; n++) {
		auto_free char *cut = strndup(U1, n);

		ASSERT_ERR(-EBADMSG, gpt_guid_parse(cut, guid));
	}
	ASSERT_ERR(-EBADMSG, gpt_guid_parse("01234567x89ab-cdef-0123-456789abcdef", guid));
	ASSERT_ERR(-EBADMSG, gpt_guid_parse("0123456g-89ab-cdef-0123-456789abcdef", guid));
}

TORTURE(slots_read_survives_oom)
{
	static struct mp_fake *w;
	struct mp_slots s;
	int r = w ? 0 : make_world(512, &w);

	if (r == 0)
		r = mp_slots_read(mp_fake_medium(w), "/dev/sda", &s, NULL);
	if (r == 0) {
		mp_fake_free(w);
		w = NULL;
	}
	return r;
}
