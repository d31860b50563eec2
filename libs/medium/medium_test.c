/* SPDX-License-Identifier: Apache-2.0 */
#include "medium/fake.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/test.h"

struct posix_world {
	struct mp_medium *m;
	char root[64];
};

static int open_world(struct posix_world *w)
{
	snprintf(w->root, sizeof(w->root), "/tmp/medium-XXXXXX");
	if (!mkdtemp(w->root))
		return -errno;
	return mp_medium_posix_new(w->root, &w->m);
}

static void close_world(struct posix_world *w)
{
	mp_medium_posix_free(w->m);
	(void)mp_file_remove_tree(w->root, NULL);
}

#define WORLD(w) __attribute__((cleanup(close_world))) struct posix_world w = {0}

static int count(void *user, const char *name)
{
	int *n = user;

	*n += name[0] != '\0';
	return 0;
}

static int refuse(void *user, const char *name)
{
	(void)user, (void)name;
	return -ECANCELED;
}

/* The same on disk and in memory. */
static void behaves_as_promised(struct mp_medium *m)
{
	MP_BUF(b, 16);
	char text[8] = "";
	int n = 0;

	ASSERT_ERR(-ENOENT, (int)mp_medium_read(m, "/d/none", 0, text, 4));
	ASSERT_ERR(-ENOENT, (int)mp_medium_size(m, "/d/none"));
	ASSERT_ERR(-ENOENT, mp_medium_write(m, "/nowhere/file", 0, "x", 1));
	ASSERT_ERR(-ENOENT, mp_medium_write(m, "/dev/none", 0, "x", 1));
	ASSERT_ERR(-ENOENT, mp_medium_flush(m, "/d/none"));
	ASSERT_OK(mp_medium_remove(m, "/d/none"));

	ASSERT_OK(mp_medium_write(m, "/d/a", 0, "hello", 5));
	ASSERT_OK(mp_medium_write(m, "/d/a", 1, "u", 1));
	ASSERT_INT(3, mp_medium_read(m, "/d/a", 2, text, 8));
	ASSERT_STR("llo", text);
	ASSERT_INT(5, mp_medium_size(m, "/d/a"));
	ASSERT_OK(mp_medium_truncate(m, "/d/a", 2));
	ASSERT_OK(mp_medium_flush(m, "/d/a"));
	ASSERT_OK(mp_medium_rename(m, "/d/a", "/d/b"));
	ASSERT_ERR(-ENOENT, mp_medium_rename(m, "/d/a", "/d/c"));
	ASSERT_OK(mp_medium_sync_dir(m, "/d"));
	ASSERT_OK(mp_medium_read_all(m, "/d/b", &b));
	ASSERT_STR("hu", mp_buf_str(&b));

	ASSERT_OK(mp_medium_replace(m, "/d/b", "a longer text", 13));
	ASSERT_OK(mp_medium_replace(m, "/d/b", "new", 3));
	mp_buf_reset(&b);
	ASSERT_OK(mp_medium_read_all(m, "/d/b", &b));
	ASSERT_STR("new", mp_buf_str(&b));
	ASSERT_ERR(-EFBIG, mp_medium_read_all(m, "/d/b", &(struct mp_buf){.limit = 2}));

	ASSERT_OK(mp_medium_make_dir(m, "/d/sub"));
	ASSERT_OK(mp_medium_make_dir(m, "/d/sub"));
	ASSERT_OK(mp_medium_write(m, "/d/sub/x", 0, "x", 1));
	ASSERT_OK(mp_medium_list(m, "/d", count, &n));
	ASSERT_INT(2, n);
	ASSERT_ERR(-ECANCELED, mp_medium_list(m, "/d", refuse, NULL));
	ASSERT_ERR(-ENOENT, mp_medium_list(m, "/none", count, &n));
	ASSERT_ERR(-ENOTEMPTY, mp_medium_remove(m, "/d/sub"));
	ASSERT_OK(mp_medium_remove(m, "/d/sub/x"));
	ASSERT_OK(mp_medium_remove(m, "/d/sub"));
	ASSERT(mp_medium_room(m, "/d") > 1000);
}

TEST(posix_behaves_as_promised)
{
	WORLD(w);

	ASSERT_OK(open_world(&w));
	ASSERT_OK(mp_medium_make_dir(w.m, "/d"));
	behaves_as_promised(w.m);
	ASSERT_ERR(-EINVAL, mp_medium_write(w.m, "relative", 0, "x", 1));
}

TEST(posix_keeps_more_files_apart_than_it_holds_open)
{
	WORLD(w);
	char text[2] = "";

	ASSERT_OK(open_world(&w));
	for (int round = 0; round < 3; round++)
		for (char c = 'a'; c < 'k'; c++)
			ASSERT_OK(mp_medium_write(w.m, (char[]){'/', c, '\0'}, (uint64_t)round, &c,
						  1));
	for (char c = 'a'; c < 'k'; c++) {
		ASSERT_INT(1, mp_medium_read(w.m, (char[]){'/', c, '\0'}, 2, text, 2));
		ASSERT_INT(c, text[0]);
	}
	/* A name that was replaced leads to the new file. */
	ASSERT_OK(mp_medium_rename(w.m, "/a", "/b"));
	ASSERT_INT(1, mp_medium_read(w.m, "/b", 0, text, 1));
	ASSERT_INT('a', text[0]);
}

TORTURE(posix_survives_oom)
{
	struct mp_medium *m = NULL;
	int r = mp_medium_posix_new("/tmp", &m);

	if (r == 0)
		r = (int)mp_medium_read(m, "/../dev/null", 0, &(char){0}, 1);
	mp_medium_posix_free(m);
	return r;
}

static int fake_world(struct mp_fake **ret)
{
	int r = mp_fake_new(ret);

	if (r == 0)
		r = mp_fake_add_dir(*ret, "/d", MP_FAKE_JOURNALED);
	if (r == 0)
		r = mp_fake_add_dir(*ret, "/fat", MP_FAKE_FAT);
	if (r == 0)
		r = mp_fake_add_device(*ret, "/dev/x", 8192);
	if (r == 0)
		r = mp_fake_add_partition(*ret, "/dev/x1", "/dev/x", 4096, 2048);
	return r;
}

TEST(fake_behaves_as_promised)
{
	auto_(mp_fake) *w = NULL;

	ASSERT_OK(fake_world(&w));
	behaves_as_promised(mp_fake_medium(w));
}

TEST(fake_partition_is_a_piece_of_its_device)
{
	auto_(mp_fake) *w = NULL;
	struct mp_medium *m;
	char c = 0;

	ASSERT_OK(fake_world(&w));
	m = mp_fake_medium(w);
	ASSERT_OK(mp_medium_write(m, "/dev/x1", 5, "p", 1));
	ASSERT_INT(1, mp_medium_read(m, "/dev/x", 4101, &c, 1));
	ASSERT_INT('p', c);
	ASSERT_INT(2048, mp_medium_size(m, "/dev/x1"));
	ASSERT_ERR(-ENOSPC, mp_medium_write(m, "/dev/x1", 2047, "pp", 2));
	/* Flushing one name says nothing of what went through the other. */
	ASSERT_OK(mp_medium_flush(m, "/dev/x"));
	for (uint32_t seed = 0, lost = 0; !lost; seed++) {
		auto_(mp_fake) *c2 = NULL;

		ASSERT(seed < 100);
		ASSERT_OK(fake_world(&c2));
		ASSERT_OK(mp_medium_write(mp_fake_medium(c2), "/dev/x1", 5, "p", 1));
		ASSERT_OK(mp_medium_flush(mp_fake_medium(c2), "/dev/x"));
		ASSERT_OK(mp_fake_power_on(c2, seed));
		ASSERT_INT(1, mp_medium_read(mp_fake_medium(c2), "/dev/x", 4101, &c, 1));
		lost = c == 0;
	}
}

TEST(fake_stops_at_the_change_that_was_named)
{
	auto_(mp_fake) *w = NULL;
	struct mp_medium *m;
	char c;

	ASSERT_OK(fake_world(&w));
	m = mp_fake_medium(w);
	mp_fake_cut_power(w, 2);
	ASSERT_OK(mp_medium_write(m, "/d/a", 0, "a", 1));
	ASSERT_OK(mp_medium_flush(m, "/d/a"));
	ASSERT_ERR(-EIO, mp_medium_sync_dir(m, "/d"));
	ASSERT(mp_fake_is_off(w));
	ASSERT_ERR(-EIO, (int)mp_medium_read(m, "/d/a", 0, &c, 1));
	ASSERT_ERR(-EIO, mp_medium_write(m, "/d/a", 0, "b", 1));
	ASSERT_OK(mp_fake_power_on(w, 0));
	ASSERT_INT(3, (long long)mp_fake_changes(w));
}

/* What `make` leaves after a cut, over many seeds: bit i is set when the text was `texts[i]`. */
static unsigned outcomes(const char *file, const char *const *texts,
			 int (*make)(struct mp_medium *))
{
	unsigned seen = 0;

	for (uint32_t seed = 0; seed < 200; seed++) {
		auto_(mp_fake) *w = NULL;
		MP_BUF(b, 4096);
		unsigned i = 0;

		if (fake_world(&w) < 0 || make(mp_fake_medium(w)) < 0 ||
		    mp_fake_power_on(w, seed) < 0)
			return 0;
		if (mp_medium_read_all(mp_fake_medium(w), file, &b) < 0)
			(void)mp_buf_add_str(&b, "none");
		while (texts[i] && !mp_streq(texts[i], mp_buf_str(&b)))
			i++;
		seen |= 1u << i;
	}
	return seen;
}

static int replaced(struct mp_medium *m)
{
	int r = mp_medium_replace(m, "/d/f", "old", 3);

	return r < 0 ? r : mp_medium_replace(m, "/d/f", "new", 3);
}

static int renamed_without_flush(struct mp_medium *m)
{
	int r = mp_medium_replace(m, "/d/f", "old", 3);

	if (r == 0)
		r = mp_medium_write(m, "/d/g", 0, "new", 3);
	if (r == 0)
		r = m->ops->rename(m, "/d/g", "/d/f");
	return r < 0 ? r : mp_medium_sync_dir(m, "/d");
}

static int renamed_without_sync(struct mp_medium *m)
{
	int r = mp_medium_replace(m, "/fat/f", "old", 3);

	if (r == 0)
		r = mp_medium_write(m, "/fat/g", 0, "new", 3);
	if (r == 0)
		r = mp_medium_flush(m, "/fat/g");
	return r < 0 ? r : mp_medium_rename(m, "/fat/g", "/fat/f");
}

TEST(fake_forgets_what_was_not_flushed)
{
	static const char *const f[] = {"old", "new", "none", "", NULL};

	ASSERT_INT(2, outcomes("/d/f", f, replaced)); /* always new */
	ASSERT_INT(2 | 8, outcomes("/d/f", f, renamed_without_flush)); /* new, or an empty file */
	ASSERT_INT(1 | 2, outcomes("/fat/f", f, renamed_without_sync));
}

TEST(fake_tears_a_write_at_its_sectors)
{
	unsigned seen = 0;

	for (uint32_t seed = 0; seed < 200; seed++) {
		auto_(mp_fake) *w = NULL;
		char two[1024], got[1024];

		memset(two, 'x', sizeof(two));
		ASSERT_OK(fake_world(&w));
		ASSERT_OK(mp_medium_write(mp_fake_medium(w), "/dev/x", 512, two, sizeof(two)));
		ASSERT_OK(mp_fake_power_on(w, seed));
		ASSERT_INT(1024, mp_medium_read(mp_fake_medium(w), "/dev/x", 512, got, 1024));
		ASSERT(got[0] == got[511] && got[512] == got[1023]);
		seen |= 1u << ((got[0] == 'x') + 2 * (got[512] == 'x'));
	}
	ASSERT_INT(15, seen);
}

TEST(fake_fat_rename_may_leave_two_names_on_the_same_clusters)
{
	unsigned crossed = 0;

	for (uint32_t seed = 0; seed < 50; seed++) {
		auto_(mp_fake) *w = NULL;
		struct mp_medium *m;
		char c = 0;

		ASSERT_OK(fake_world(&w));
		m = mp_fake_medium(w);
		ASSERT_OK(mp_medium_replace(m, "/fat/a", "data", 4));
		ASSERT_OK(mp_medium_rename(m, "/fat/a", "/fat/b"));
		ASSERT_OK(mp_fake_power_on(w, seed));
		if (mp_medium_size(m, "/fat/a") < 0 || mp_medium_size(m, "/fat/b") < 0)
			continue;
		crossed++;
		ASSERT_OK(mp_medium_remove(m, "/fat/a"));
		ASSERT_INT(1, mp_medium_read(m, "/fat/b", 0, &c, 1));
		ASSERT(c != 'd');
	}
	ASSERT(crossed > 0);
}

/* Bit 0: the new name may be empty; bit 1: it may be so without the old one. */
static unsigned emptied(int (*rename_it)(struct mp_medium *))
{
	unsigned seen = 0;

	for (uint32_t seed = 0; seed < 200; seed++) {
		auto_(mp_fake) *w = NULL;
		struct mp_medium *m;

		if (fake_world(&w) < 0)
			return 4;
		m = mp_fake_medium(w);
		if (mp_medium_replace(m, "/fat/a", "data", 4) < 0 || rename_it(m) < 0 ||
		    mp_fake_power_on(w, seed) < 0)
			return 4;
		if (mp_medium_size(m, "/fat/b") == 0)
			seen |= mp_medium_size(m, "/fat/a") == 4 ? 1 : 3;
	}
	return seen;
}

static int rename_alone(struct mp_medium *m)
{
	return m->ops->rename(m, "/fat/a", "/fat/b");
}

static int rename_and_flush(struct mp_medium *m)
{
	return mp_medium_rename(m, "/fat/a", "/fat/b");
}

TEST(fake_fat_name_is_empty_until_its_file_is_flushed)
{
	ASSERT_INT(1, emptied(rename_alone));
	ASSERT_INT(0, emptied(rename_and_flush));
}

TEST(fake_runs_out_of_room)
{
	auto_(mp_fake) *w = NULL;

	ASSERT_OK(fake_world(&w));
	ASSERT_OK(mp_fake_set_room(w, "/d", 10));
	ASSERT_OK(mp_medium_write(mp_fake_medium(w), "/d/a", 0, "123456", 6));
	ASSERT_INT(4, mp_medium_room(mp_fake_medium(w), "/d"));
	ASSERT_ERR(-ENOSPC, mp_medium_write(mp_fake_medium(w), "/d/b", 0, "12345", 5));
}

TEST(fake_clone_goes_its_own_way)
{
	auto_(mp_fake) *w = NULL, *c = NULL;
	char got = 0;

	ASSERT_OK(fake_world(&w));
	ASSERT_OK(mp_medium_write(mp_fake_medium(w), "/dev/x1", 0, "1", 1));
	ASSERT_OK(mp_medium_write(mp_fake_medium(w), "/d/a", 0, "1", 1));
	mp_fake_settle(w);
	ASSERT_OK(mp_fake_clone(w, &c));
	ASSERT_OK(mp_medium_write(mp_fake_medium(c), "/d/a", 0, "2", 1));
	ASSERT_OK(mp_medium_write(mp_fake_medium(c), "/dev/x", 4096, "2", 1));
	ASSERT_INT(1, mp_medium_read(mp_fake_medium(w), "/d/a", 0, &got, 1));
	ASSERT_INT('1', got);
	ASSERT_INT(1, mp_medium_read(mp_fake_medium(c), "/dev/x1", 0, &got, 1));
	ASSERT_INT('2', got);
}
