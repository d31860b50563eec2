/* SPDX-License-Identifier: Apache-2.0
 * Statements: found by the address of their text, bound, stepped. A cached statement that is
 * still being read when it is asked for again gets a twin that lives for that one query. */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mp_query {
	sqlite3_stmt *stmt;
	struct cached *home; /* NULL: a twin of its own */
};

struct mp_value mp_value_text(const char *s)
{
	if (!s)
		return (struct mp_value){.type = MP_VALUE_NULL};
	return (struct mp_value){.type = MP_VALUE_TEXT, .bytes = s, .len = strlen(s)};
}

static struct cached *slot_of(struct mp_store *s, const char *sql)
{
	size_t at = (size_t)(((uintptr_t)sql * 0x9e3779b97f4a7c15u) >> 32) % STATEMENTS;

	for (size_t n = 0; n < STATEMENTS; n++, at = (at + 1) % STATEMENTS)
		if (!s->cache[at].sql || s->cache[at].sql == sql)
			return &s->cache[at];
	return NULL;
}

static int prepare(struct mp_store *s, const char *sql, unsigned flags, sqlite3_stmt **ret)
{
	return mp_store_code(sqlite3_prepare_v3(s->db, sql, -1, flags, ret, NULL));
}

/* A statement ready to bind; *ret_home is NULL when the caller must finalize it. */
static int take(struct mp_store *s, const char *sql, sqlite3_stmt **ret, struct cached **ret_home)
{
	struct cached *c = slot_of(s, sql);
	int r;

	*ret_home = NULL;
	if (!c || c->in_use)
		return prepare(s, sql, 0, ret);
	if (!c->stmt) {
		r = prepare(s, sql, SQLITE_PREPARE_PERSISTENT, &c->stmt);
		if (r < 0)
			return r;
		c->sql = sql;
	}
	c->in_use = true;
	*ret_home = c;
	*ret = c->stmt;
	return 0;
}

static void give_back(sqlite3_stmt *stmt, struct cached *home)
{
	if (!home) {
		sqlite3_finalize(stmt);
		return;
	}
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
	home->in_use = false;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct mp_value *v)
{
	/* SQLite takes a NULL pointer for NULL, also for an empty string of bytes. */
	const void *bytes = v->bytes ? v->bytes : "";

	switch (v->type) {
	case MP_VALUE_INT:
		return sqlite3_bind_int64(stmt, at, v->number);
	case MP_VALUE_REAL:
		return sqlite3_bind_double(stmt, at, v->real);
	case MP_VALUE_TEXT:
		return sqlite3_bind_text64(stmt, at, bytes, v->len, SQLITE_STATIC, SQLITE_UTF8);
	case MP_VALUE_BYTES:
		return sqlite3_bind_blob64(stmt, at, bytes, v->len, SQLITE_STATIC);
	default:
		return sqlite3_bind_null(stmt, at);
	}
}

static int bind_all(sqlite3_stmt *stmt, const struct mp_value *values)
{
	int r = 0;

	for (int at = 1; r == 0 && values->type != MP_VALUE_END; at++, values++)
		r = mp_store_code(bind_one(stmt, at, values));
	return r;
}

static int begin(struct mp_store *s)
{
	int r;

	if (s->open)
		return 0;
	r = mp_store_exec(s, "BEGIN IMMEDIATE");
	if (r == 0)
		s->open = true;
	return r;
}

int mp_store_run_values(struct mp_store *s, const char *sql, const struct mp_value *values)
{
	sqlite3_stmt *stmt = NULL;
	struct cached *home;
	int r = begin(s);

	if (r == 0)
		r = take(s, sql, &stmt, &home);
	if (r < 0)
		return r;
	r = bind_all(stmt, values);
	while (r == 0) {
		int code = sqlite3_step(stmt);

		r = mp_store_code(code);
		if (code != SQLITE_ROW)
			break;
	}
	if (r == 0) {
		r = sqlite3_changes(s->db);
		s->dirty = true;
	}
	give_back(stmt, home);
	return r;
}

int mp_store_query_values(struct mp_store *s, const char *sql, struct mp_query **ret,
			  const struct mp_value *values)
{
	auto_(mp_query) *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return -ENOMEM;
	r = take(s, sql, &q->stmt, &q->home);
	if (r == 0)
		r = bind_all(q->stmt, values);
	if (r < 0)
		return r;
	*ret = take_ptr(q);
	return 0;
}

int mp_query_next(struct mp_query *q)
{
	int code = sqlite3_step(q->stmt);

	if (code == SQLITE_ROW)
		return 1;
	return mp_store_code(code);
}

int64_t mp_query_int(const struct mp_query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

double mp_query_real(const struct mp_query *q, int column)
{
	return sqlite3_column_double(q->stmt, column);
}

bool mp_query_is_text(const struct mp_query *q, int column)
{
	return sqlite3_column_type(q->stmt, column) == SQLITE_TEXT;
}

const char *mp_query_text(const struct mp_query *q, int column)
{
	const char *s = (const char *)sqlite3_column_text(q->stmt, column);

	return s ? s : "";
}

const void *mp_query_bytes(const struct mp_query *q, int column, size_t *ret_len)
{
	const void *p = sqlite3_column_blob(q->stmt, column);

	*ret_len = (size_t)sqlite3_column_bytes(q->stmt, column);
	return p;
}

bool mp_query_is_null(const struct mp_query *q, int column)
{
	return sqlite3_column_type(q->stmt, column) == SQLITE_NULL;
}

void mp_query_free(struct mp_query *q)
{
	if (!q)
		return;
	give_back(q->stmt, q->home);
	free(q);
}
