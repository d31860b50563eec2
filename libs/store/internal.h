/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <sqlite3.h>

#include "store/store.h"

#define STATEMENTS 256 /* cached; a power of two, well above what the server has */

struct cached {
	const char *sql;
	sqlite3_stmt *stmt;
	bool in_use;
};

struct mp_store {
	sqlite3 *db;
	struct cached cache[STATEMENTS];
	bool open; /* a transaction is */
	bool dirty; /* and something was written in it */
	uint64_t commits;
};

/* SQLite's code as a negative errno. */
int mp_store_code(int sqlite_code);

/* Run a statement that binds and returns nothing. */
int mp_store_exec(struct mp_store *s, const char *sql);
