/* SPDX-License-Identifier: Apache-2.0
 * Opening, migrations and transactions. The number of the last migration lies in SQLite's
 * user_version, which changes in the same transaction as the tables do. */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int mp_store_code(int sqlite_code)
{
	switch (sqlite_code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EACCES;
	default:
		return -EIO;
	}
}

int mp_store_exec(struct mp_store *s, const char *sql)
{
	return mp_store_code(sqlite3_exec(s->db, sql, NULL, NULL, NULL));
}

static int version_of(struct mp_store *s)
{
	sqlite3_stmt *stmt = NULL;
	int r = mp_store_code(sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &stmt, NULL));

	if (r < 0)
		return r;
	r = mp_store_code(sqlite3_step(stmt));
	if (r == 0)
		r = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	return r;
}

static int migrate_one(struct mp_store *s, int number, const char *script, struct mp_err *err)
{
	char done[64];
	int r;

	snprintf(done, sizeof(done), "PRAGMA user_version = %d; COMMIT", number);
	r = mp_store_exec(s, "BEGIN IMMEDIATE");
	if (r == 0)
		r = mp_store_exec(s, script);
	if (r == 0)
		r = mp_store_exec(s, done);
	if (r == 0)
		return 0;
	r = mp_err_set(err, r, "migration %d of the database failed: %s", number,
		       sqlite3_errmsg(s->db));
	if (!sqlite3_get_autocommit(s->db))
		(void)mp_store_exec(s, "ROLLBACK");
	return r;
}

static int migrate(struct mp_store *s, const char *const *migrations, struct mp_err *err)
{
	int have = version_of(s), last = 0, r = 0;

	if (have < 0)
		return mp_err_set(err, have, "the database cannot be read: %s",
				  sqlite3_errmsg(s->db));
	while (migrations[last])
		last++;
	if (have > last)
		return mp_err_set(err, -EPROTO,
				  "the database is of version %d and this program knows %d; "
				  "use the newer program",
				  have, last);
	for (int n = have + 1; r == 0 && n <= last; n++)
		r = migrate_one(s, n, migrations[n - 1], err);
	return r;
}

/* 8 MB of page cache; sorting stays in memory, so that no other file is ever made; the log is
 * folded back every 4,000 pages, which keeps a burst of commits from paying for it too often. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA foreign_keys = ON;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA cache_size = -8192;"
			       "PRAGMA wal_autocheckpoint = 4000;";

int mp_store_open(const char *path, const char *const *migrations, struct mp_store **ret,
		  struct mp_err *err)
{
	auto_(mp_store) *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return mp_err_set(err, -ENOMEM, "memory is out");
	r = mp_store_code(sqlite3_open_v2(
		path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
		NULL));
	if (r == 0)
		r = mp_store_exec(s, settings);
	if (r < 0)
		return mp_err_set(err, r, "the database %s cannot be opened: %s", path,
				  s->db ? sqlite3_errmsg(s->db) : "memory is out");
	sqlite3_busy_timeout(s->db, 2000);
	r = migrate(s, migrations, err);
	if (r < 0)
		return r;
	*ret = take_ptr(s);
	return 0;
}

void mp_store_free(struct mp_store *s)
{
	if (!s)
		return;
	mp_store_rollback(s);
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->cache[i].stmt);
	sqlite3_close(s->db);
	free(s);
}

bool mp_store_pending(const struct mp_store *s)
{
	return s->dirty;
}

int mp_store_commit(struct mp_store *s, struct mp_err *err)
{
	int r;

	if (!s->open)
		return 0;
	r = mp_store_exec(s, "COMMIT");
	if (r < 0) {
		r = mp_err_set(err, r, "the database could not be written: %s",
			       sqlite3_errmsg(s->db));
		mp_store_rollback(s);
		return r;
	}
	s->commits += s->dirty;
	s->open = s->dirty = false;
	return 0;
}

void mp_store_rollback(struct mp_store *s)
{
	/* A full disk may have rolled back already. */
	if (s->open && !sqlite3_get_autocommit(s->db))
		(void)mp_store_exec(s, "ROLLBACK");
	s->open = s->dirty = false;
}

uint64_t mp_store_commits(const struct mp_store *s)
{
	return s->commits;
}

int64_t mp_store_last_id(const struct mp_store *s)
{
	return sqlite3_last_insert_rowid(s->db);
}
