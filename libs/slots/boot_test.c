/* SPDX-License-Identifier: Apache-2.0 */
#include "slots/slots.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/test.h"
#include "medium/fake.h"

#define DIR "/efi/EFI/Linux/"

static int make_esp(struct mp_fake **ret, const char *const *files)
{
	static const char *const dirs[] = {"/efi", "/efi/EFI", "/efi/EFI/Linux"};
	int r = mp_fake_new(ret);

	for (int i = 0; r == 0 && i < 3; i++)
		r = mp_fake_add_dir(*ret, dirs[i], MP_FAKE_FAT);
	for (; r == 0 && *files; files++) {
		char path[128];

		snprintf(path, sizeof(path), DIR "%s", *files);
		r = mp_medium_write(mp_fake_medium(*ret), path, 0, *files, strlen(*files));
	}
	if (r == 0)
		mp_fake_settle(*ret);
	return r;
}

static bool has(struct mp_fake *w, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), DIR "%s", file);
	return mp_medium_size(mp_fake_medium(w), path) >= 0;
}

TEST(boot_entry_names_are_read)
{
	static const struct {
		const char *file, *version;
		int left, done;
		bool part;
	} good[] = {
		{"mp_1.0.0.efi", "1.0.0", -1, 0, false},
		{"mp_7.efi", "7", -1, 0, false},
		{"mp_1.0.0+3.efi", "1.0.0", 3, 0, false},
		{"mp_1.0.0+2-1.efi", "1.0.0", 2, 1, false},
		{"mp_1.10+0-12.efi", "1.10", 0, 12, false},
		{"mp_1.2.efi.part", "1.2", -1, 0, true},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct mp_boot_entry e;

		ASSERT_OK(mp_boot_entry_parse(good[i].file, &e));
		ASSERT_STR(good[i].file, e.file);
		ASSERT_STR(good[i].version, e.version);
		ASSERT_INT(good[i].left, e.left);
		ASSERT_INT(good[i].done, e.done);
		ASSERT(good[i].part == e.part);
	}
}

TEST(boot_entry_refuses_other_names)
{
	static const char *const bad[] = {"",
					  "mp_",
					  "mp_.efi",
					  "mp_1",
					  "mp_1.",
					  "mp_1..0.efi",
					  "mp_1.0.0.EFI",
					  "mp_1.0.0+.efi",
					  "mp_1.0.0+3-.efi",
					  "mp_1.0.0+-1.efi",
					  "mp_1.0.0-1.efi",
					  "mp_1.0.0+3+1.efi",
					  "mp_1.0.0+10000.efi",
					  "mp_1.0.0.efi.tmp",
					  "mp_1.0.0.efi.part.part",
					  "MP_1.0.0.efi",
					  "vmlinuz.efi",
					  "mp_1.2.3.4.5.efi",
					  "mp_99999999999.efi",
					  "mp_1.00000000000000000000000000000000000000000000.efi"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ASSERT_ERR(-EBADMSG,
			   mp_boot_entry_parse(bad[i], &(struct mp_boot_entry){.left = 0}));
}

TEST(boot_entry_can_be_cut_anywhere)
{
	const char *whole = "mp_1.0.0+2-1.efi";

	for (size_t n = 0; n < strlen(whole); n++) {
		auto_free char *cut = strndup(whole, n);
		struct mp_boot_entry e;

		ASSERT_ERR(-EBADMSG, mp_boot_entry_parse(cut, &e));
	}
}

TEST(boot_entry_writes_what_it_reads)
{
	char file[96];

	ASSERT_OK(mp_boot_entry_format("1.1.0", -1, 0, file));
	ASSERT_STR("mp_1.1.0.efi", file);
	ASSERT_OK(mp_boot_entry_format("1.1.0", 3, 0, file));
	ASSERT_STR("mp_1.1.0+3.efi", file);
	ASSERT_OK(mp_boot_entry_format("1.1.0", 0, 3, file));
	ASSERT_STR("mp_1.1.0+0-3.efi", file);
}

TEST(boot_finds_the_best_entry_of_a_version)
{
	static const char *const files[] = {"mp_1.0.0+1-2.efi",
					    "mp_1.0.0+2-1.efi",
					    "mp_1.1.0.efi.part",
					    "mp_2.0.0.efi",
					    "mp_2.0.0+3.efi",
					    "other.efi",
					    NULL};
	auto_(mp_fake) *w = NULL;
	struct mp_boot_entry e;
	struct mp_err err;

	ASSERT_OK(make_esp(&w, files));
	ASSERT_OK(mp_boot_find(mp_fake_medium(w), "/efi", "1.0", &e, NULL));
	ASSERT_STR("mp_1.0.0+2-1.efi", e.file);
	ASSERT_OK(mp_boot_find(mp_fake_medium(w), "/efi", "2.0.0", &e, NULL));
	ASSERT_STR("mp_2.0.0.efi", e.file);
	ASSERT_ERR(-ENOENT, mp_boot_find(mp_fake_medium(w), "/efi", "1.1.0", &e, &err));
	ASSERT_STR("release 1.1.0 has no boot entry on /efi", err.text);
	ASSERT_ERR(-ENOENT, mp_boot_find(mp_fake_medium(w), "/nothing", "1.1.0", &e, &err));
}

TEST(boot_blesses_once)
{
	static const char *const files[] = {"mp_1.0.0+2-1.efi", NULL};
	auto_(mp_fake) *w = NULL;
	uint64_t changes;

	ASSERT_OK(make_esp(&w, files));
	ASSERT_OK(mp_boot_bless(mp_fake_medium(w), "/efi", "1.0.0", NULL));
	ASSERT(has(w, "mp_1.0.0.efi") && !has(w, "mp_1.0.0+2-1.efi"));
	changes = mp_fake_changes(w);
	ASSERT_OK(mp_boot_bless(mp_fake_medium(w), "/efi", "1.0.0", NULL));
	ASSERT_INT(changes, mp_fake_changes(w));
}

TEST(boot_condemns_every_name_of_a_version)
{
	static const char *const files[] = {"mp_1.0.0+2-1.efi", "mp_1.0.0.efi", "mp_0.9.efi", NULL};
	auto_(mp_fake) *w = NULL;
	struct mp_boot_entry e;

	ASSERT_OK(make_esp(&w, files));
	ASSERT_OK(mp_boot_condemn(mp_fake_medium(w), "/efi", "1.0.0", NULL));
	ASSERT_OK(mp_boot_find(mp_fake_medium(w), "/efi", "1.0.0", &e, NULL));
	ASSERT_INT(0, e.left);
	ASSERT(has(w, "mp_1.0.0+0-1.efi") && has(w, "mp_1.0.0+0-2.efi") && has(w, "mp_0.9.efi"));
}

TEST(boot_removes_all_but_one_version)
{
	static const char *const files[] = {"mp_1.0.0.efi",	 "mp_1.1.0+0-3.efi",
					    "mp_1.2.0.efi.part", "mp_1.0.0.efi.part",
					    "keep.me",		 NULL};
	auto_(mp_fake) *w = NULL;

	ASSERT_OK(make_esp(&w, files));
	ASSERT_OK(mp_boot_remove_others(mp_fake_medium(w), "/efi", "1.0.0", NULL));
	ASSERT(has(w, "mp_1.0.0.efi") && has(w, "mp_1.0.0.efi.part") && has(w, "keep.me"));
	ASSERT(!has(w, "mp_1.1.0+0-3.efi") && !has(w, "mp_1.2.0.efi.part"));
}

/* What a power cut within a rename on FAT can leave. */
TEST(boot_passes_over_an_empty_entry_and_removes_it)
{
	static const char *const files[] = {"mp_1.0.0+2-1.efi", NULL};
	auto_(mp_fake) *w = NULL;
	struct mp_boot_entry e;

	ASSERT_OK(make_esp(&w, files));
	ASSERT_OK(mp_medium_write(mp_fake_medium(w), DIR "mp_1.0.0.efi", 0, "", 0));
	ASSERT_OK(mp_boot_find(mp_fake_medium(w), "/efi", "1.0.0", &e, NULL));
	ASSERT_STR("mp_1.0.0+2-1.efi", e.file);
	ASSERT_OK(mp_boot_remove_others(mp_fake_medium(w), "/efi", "1.0.0", NULL));
	ASSERT(has(w, "mp_1.0.0+2-1.efi") && !has(w, "mp_1.0.0.efi"));
	ASSERT_OK(mp_medium_write(mp_fake_medium(w), DIR "mp_1.0.0.efi", 0, "", 0));
	ASSERT_OK(mp_boot_bless(mp_fake_medium(w), "/efi", "1.0.0", NULL));
	ASSERT_OK(mp_boot_find(mp_fake_medium(w), "/efi", "1.0.0", &e, NULL));
	ASSERT_INT(-1, e.left);
}

TEST(boot_commits_a_part)
{
	static const char *const files[] = {"mp_1.0.0.efi.part", NULL};
	auto_(mp_fake) *w = NULL;
	struct mp_err err;
	char path[128];

	ASSERT_OK(make_esp(&w, files));
	ASSERT_OK(mp_boot_part_path("/efi", "1.0.0", path, sizeof(path)));
	ASSERT_STR(DIR "mp_1.0.0.efi.part", path);
	ASSERT_ERR(-EFBIG, mp_boot_part_path("/efi", "1.0.0", path, 8));
	ASSERT_OK(mp_boot_commit(mp_fake_medium(w), "/efi", "1.0.0", 3, NULL));
	ASSERT(has(w, "mp_1.0.0+3.efi") && !has(w, "mp_1.0.0.efi.part"));
	ASSERT_ERR(-ENOENT, mp_boot_commit(mp_fake_medium(w), "/efi", "1.0.0", 3, &err));
}

TEST(boot_stops_at_more_entries_than_it_can_hold)
{
	static const char *const none[] = {NULL};
	auto_(mp_fake) *w = NULL;
	struct mp_boot_entry all[MP_BOOT_ENTRIES];
	unsigned n;

	ASSERT_OK(make_esp(&w, none));
	for (int i = 0; i <= MP_BOOT_ENTRIES; i++) {
		char path[128];

		snprintf(path, sizeof(path), DIR "mp_1.%d.efi", i);
		ASSERT_OK(mp_medium_write(mp_fake_medium(w), path, 0, "x", 1));
	}
	ASSERT_ERR(-EFBIG, mp_boot_list(mp_fake_medium(w), "/efi", all, &n, NULL));
}
