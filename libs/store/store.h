/* SPDX-License-Identifier: Apache-2.0
 * store.h - durable tables (wraps SQLite): migrations, cached statements, group commit
 *
 *     r = mp_store_open("server.db", migrations, &s, &err);
 *     r = mp_store_run(s, "UPDATE device SET state = ? WHERE id = ?", MP_INT(3), MP_TEXT(id));
 *     r = mp_store_commit(s, &err);            // once a loop turn: only now is it durable
 *
 * The first write of a turn opens a transaction that all later writes of the turn share; the
 * caller acknowledges none of them before mp_store_commit() has returned 0. Reads see what the
 * open transaction has written. The text of a statement must be a literal (or outlive the
 * store): statements are prepared once and found again by its address.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "base/err.h"

struct mp_store;
struct mp_query;

/* Open or make the database and bring it up to the last of `migrations` (SQL scripts, ending
 * in NULL; number = position from 1, each in a transaction of its own). Writes are synced at
 * every commit. -EPROTO: made by a newer program. */
int mp_store_open(const char *path, const char *const *migrations, struct mp_store **ret,
		  struct mp_err *err);
void mp_store_free(struct mp_store *s); /* what was not committed is lost */
DEFINE_AUTO(mp_store)

/* A value to bind; text and bytes are borrowed during the call. */
struct mp_value {
	enum {
		MP_VALUE_END,
		MP_VALUE_NULL,
		MP_VALUE_INT,
		MP_VALUE_REAL,
		MP_VALUE_TEXT,
		MP_VALUE_BYTES
	} type;
	int64_t number;
	double real;
	const void *bytes;
	size_t len;
};
#define MP_INT(v) ((struct mp_value){.type = MP_VALUE_INT, .number = (v)})
#define MP_REAL(v) ((struct mp_value){.type = MP_VALUE_REAL, .real = (v)})
#define MP_TEXT(s) mp_value_text(s) /* NULL: the SQL NULL */
#define MP_BYTES(p, n) ((struct mp_value){.type = MP_VALUE_BYTES, .bytes = (p), .len = (n)})
#define MP_NOTHING ((struct mp_value){.type = MP_VALUE_END})
struct mp_value mp_value_text(const char *s);

/* Write. The number of rows changed; -EEXIST (a constraint), -ENOSPC, -ENOMEM, -EIO. */
#define mp_store_run(s, sql, ...)                                                                  \
	mp_store_run_values((s), (sql), (const struct mp_value[]){__VA_ARGS__, MP_NOTHING})
int mp_store_run_values(struct mp_store *s, const char *sql, const struct mp_value *values);

/* The row id that the last INSERT made. */
int64_t mp_store_last_id(const struct mp_store *s);

/* Read row by row:  while ((r = mp_query_next(q)) > 0) ... */
#define mp_store_query(s, sql, ret, ...)                                                           \
	mp_store_query_values((s), (sql), (ret), (const struct mp_value[]){__VA_ARGS__, MP_NOTHING})
int mp_store_query_values(struct mp_store *s, const char *sql, struct mp_query **ret,
			  const struct mp_value *values);
int mp_query_next(struct mp_query *q); /* 1: a row, 0: the end, or negative */
int64_t mp_query_int(const struct mp_query *q, int column); /* NULL counts as 0 */
double mp_query_real(const struct mp_query *q, int column); /* an integer counts as real */
/* Is it text? Columns without a type keep what was written. */
bool mp_query_is_text(const struct mp_query *q, int column);
const char *mp_query_text(const struct mp_query *q,
			  int column); /* until the next step; NULL as "" */
const void *mp_query_bytes(const struct mp_query *q, int column, size_t *ret_len); /* may be NULL */
bool mp_query_is_null(const struct mp_query *q, int column);
void mp_query_free(struct mp_query *q);
DEFINE_AUTO(mp_query)

/* Is there something that commit would make durable? */
bool mp_store_pending(const struct mp_store *s);
/* End the turn's transaction; 0 when nothing was pending. On failure it is rolled back. */
int mp_store_commit(struct mp_store *s, struct mp_err *err);
/* Drop the turn's transaction. */
void mp_store_rollback(struct mp_store *s);

/* Commits that have reached the disk since the store was opened. */
uint64_t mp_store_commits(const struct mp_store *s);
