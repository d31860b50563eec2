/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "base/test.h"

static const char *const one[] = {"CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER)", NULL};
static const char *const two[] = {"CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER)",
				  "ALTER TABLE t ADD COLUMN b BLOB", NULL};
static const char *const broken[] = {"CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER)",
				     "CREATE TABLE u (k TEXT); CREATE NONSENSE", NULL};

static char dir[] = "/tmp/store-test-XXXXXX", path[64];

__attribute__((constructor)) static void make_dir(void)
{
	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/db", dir);
}

__attribute__((destructor)) static void remove_dir(void)
{
	(void)mp_file_remove_tree(dir, NULL);
}

static void fresh(void)
{
	static const char *const tails[] = {"", "-wal", "-shm"};
	char name[80];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, tails[i]);
		unlink(name);
	}
}

static int64_t count(struct mp_store *s)
{
	auto_(mp_query) *q = NULL;

	if (mp_store_query(s, "SELECT count(*) FROM t", &q, MP_NOTHING) < 0 ||
	    mp_query_next(q) != 1)
		return -1;
	return mp_query_int(q, 0);
}

static int put(struct mp_store *s, const char *k, int64_t v)
{
	return mp_store_run(s, "INSERT INTO t (k, v) VALUES (?, ?)", MP_TEXT(k), MP_INT(v));
}

TEST(what_was_committed_is_there_after_reopening_and_nothing_else)
{
	auto_(mp_store) *s = NULL;
	struct mp_err err;

	fresh();
	ASSERT_OK(mp_store_open(path, one, &s, &err));
	ASSERT_INT(1, put(s, "kept", 1));
	ASSERT(mp_store_pending(s));
	ASSERT_OK(mp_store_commit(s, &err));
	ASSERT(!mp_store_pending(s));
	ASSERT_INT(1, put(s, "lost", 2));
	ASSERT_INT(2, count(s));
	mp_store_free(take_ptr(s));
	ASSERT_OK(mp_store_open(path, one, &s, &err));
	ASSERT_INT(1, count(s));
}

TEST(a_later_program_migrates_and_an_older_one_refuses)
{
	auto_(mp_store) *s = NULL;
	auto_(mp_query) *q = NULL;
	struct mp_err err;
	size_t len;

	fresh();
	ASSERT_OK(mp_store_open(path, one, &s, &err));
	ASSERT_INT(1, put(s, "a", 1));
	ASSERT_OK(mp_store_commit(s, &err));
	mp_store_free(take_ptr(s));
	ASSERT_OK(mp_store_open(path, two, &s, &err));
	ASSERT_INT(1, mp_store_run(s, "UPDATE t SET b = ?", MP_BYTES("\0x", 2)));
	ASSERT_OK(mp_store_query(s, "SELECT b, v, k FROM t", &q, MP_NOTHING));
	ASSERT_INT(1, mp_query_next(q));
	ASSERT(memcmp(mp_query_bytes(q, 0, &len), "\0x", 2) == 0 && len == 2);
	ASSERT_STR("a", mp_query_text(q, 2));
	ASSERT_INT(0, mp_query_next(q));
	mp_query_free(take_ptr(q));
	mp_store_free(take_ptr(s));
	ASSERT_ERR(-EPROTO, mp_store_open(path, one, &s, &err));
	ASSERT(strstr(err.text, "newer program"));
}

TEST(a_migration_that_fails_leaves_nothing_behind)
{
	auto_(mp_store) *s = NULL;
	struct mp_err err;

	fresh();
	ASSERT(mp_store_open(path, broken, &s, &err) < 0);
	ASSERT(strstr(err.text, "migration 2"));
	ASSERT_OK(mp_store_open(path, one, &s, &err));
}

TEST(a_turn_can_be_dropped_and_goes_on_after_a_refused_write)
{
	auto_(mp_store) *s = NULL;
	struct mp_err err;

	fresh();
	ASSERT_OK(mp_store_open(path, one, &s, &err));
	ASSERT_INT(1, put(s, "a", 1));
	ASSERT_ERR(-EEXIST, put(s, "a", 2));
	ASSERT_OK(mp_store_commit(s, &err));
	ASSERT_INT(1, put(s, "b", 1));
	mp_store_rollback(s);
	ASSERT(!mp_store_pending(s));
	ASSERT_INT(1, put(s, "c", 1));
	ASSERT_OK(mp_store_commit(s, &err));
	ASSERT_INT(2, count(s));
	ASSERT_INT(2, mp_store_commits(s));
}

TEST(numbers_and_text_keep_their_kind)
{
	static const char *const mixed[] = {"CREATE TABLE m (value);", NULL};
	struct mp_err err = {""};
	auto_(mp_store) *s = NULL;
	auto_(mp_query) *q = NULL;

	ASSERT_OK(mp_store_open(":memory:", mixed, &s, &err));
	ASSERT_INT(1, mp_store_run(s, "INSERT INTO m VALUES (?)", MP_REAL(21.5)));
	ASSERT_INT(1, mp_store_run(s, "INSERT INTO m VALUES (?)", MP_TEXT("21.5")));
	ASSERT_OK(mp_store_query(s, "SELECT value FROM m ORDER BY rowid", &q, MP_NOTHING));
	ASSERT_INT(1, mp_query_next(q));
	ASSERT(mp_query_real(q, 0) == 21.5 && !mp_query_is_text(q, 0));
	ASSERT_INT(1, mp_query_next(q));
	ASSERT(mp_query_is_text(q, 0));
}

TEST(one_statement_can_be_read_twice_at_once)
{
	static const char sql[] = "SELECT k FROM t ORDER BY k";
	auto_(mp_store) *s = NULL;
	auto_(mp_query) *a = NULL, *b = NULL;
	struct mp_err err;

	fresh();
	ASSERT_OK(mp_store_open(path, one, &s, &err));
	ASSERT_INT(1, put(s, "a", 1));
	ASSERT_INT(1, put(s, "b", 1));
	ASSERT_OK(mp_store_query(s, sql, &a, MP_NOTHING));
	ASSERT_INT(1, mp_query_next(a));
	ASSERT_OK(mp_store_query(s, sql, &b, MP_NOTHING));
	ASSERT_INT(1, mp_query_next(b));
	ASSERT_INT(1, mp_query_next(a));
	ASSERT_STR("b", mp_query_text(a, 0));
	ASSERT_STR("a", mp_query_text(b, 0));
}

TEST(a_file_that_is_no_database_is_refused_with_its_name)
{
	auto_(mp_store) *s = NULL;
	struct mp_err err;

	fresh();
	ASSERT_OK(mp_file_write(path, "hello, this is not a database at all", 36, 0600, &err));
	ASSERT(mp_store_open(path, one, &s, &err) < 0);
	ASSERT(strstr(err.text, path));
	fresh();
}

TORTURE(reading_and_writing_survive_running_out_of_memory)
{
	auto_(mp_store) *s = NULL;
	auto_(mp_query) *q = NULL;
	int r = mp_store_open(path, one, &s, NULL);

	if (r < 0)
		return r;
	r = mp_store_run(s, "INSERT OR REPLACE INTO t (k, v) VALUES (?, ?)", MP_TEXT(NULL),
			 MP_INT(1));
	if (r >= 0)
		r = mp_store_query(s, "SELECT 1", &q, MP_NOTHING);
	return r < 0 ? r : 0;
}
