/* SPDX-License-Identifier: Apache-2.0 */
/* table.h - rows of text in aligned columns, cut to the terminal's width
 *
 *     struct mp_table t;
 *     mp_table_init(&t, "ID", "RELEASE", "REASON");        // the last column gets what is left
 *     mp_table_add(&t, id, release, reason);               // texts are copied
 *     mp_table_print(&t);  mp_table_done(&t);
 *
 * Into a pipe nothing is cut. Control characters of others never reach the terminal.
 */
#pragma once

#include <stddef.h>

#define MP_TABLE_COLUMNS 8

struct mp_table {
	size_t columns, rows, room;
	char **cells; /* rows * columns; a NULL prints as "-" */
};

/* Column heads, then rows; each call names as many texts as there are columns. */
#define mp_table_init(t, ...)                                                                      \
	mp_table_init_(t, (const char *[]){__VA_ARGS__},                                           \
		       sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))
#define mp_table_add(t, ...) mp_table_add_(t, (const char *[]){__VA_ARGS__})
void mp_table_init_(struct mp_table *t, const char *const *heads, size_t columns);
void mp_table_add_(struct mp_table *t, const char *const *cells);
void mp_table_print(const struct mp_table *t);
void mp_table_done(struct mp_table *t);

/* Columns of the terminal on stdout; 0 when it is none. */
unsigned mp_terminal_width(void);
