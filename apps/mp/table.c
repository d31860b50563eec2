/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"
#include "verb.h"

/* A table that cannot be made is no reason to go on with half of it. */
static void *must(void *p)
{
	if (!p) {
		fputs("mp: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return p;
}

unsigned mp_terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 0;
}

static char *clean_copy(const char *s)
{
	char *copy = must(strdup(s && *s ? s : "-"));

	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return copy;
}

void mp_table_init_(struct mp_table *t, const char *const *heads, size_t columns)
{
	*t = (struct mp_table){.columns = columns};
	mp_table_add_(t, heads);
}

void mp_table_add_(struct mp_table *t, const char *const *cells)
{
	if (t->rows == t->room) {
		t->room = t->room ? 2 * t->room : 16;
		t->cells = must(reallocarray(t->cells, t->room * t->columns, sizeof(*t->cells)));
	}
	for (size_t i = 0; i < t->columns; i++)
		t->cells[t->rows * t->columns + i] = clean_copy(cells[i]);
	t->rows++;
}

/* Characters, not bytes: continuation bytes of UTF-8 take no column. */
static size_t width_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void print_cut(const char *s, size_t columns)
{
	size_t n = 0;
	const char *end = s;

	if (width_of(s) <= columns) {
		fputs(s, stdout);
		return;
	}
	for (; *end && (n < columns - 1 || ((unsigned char)*end & 0xc0) == 0x80); end++)
		n += ((unsigned char)end[1] & 0xc0) != 0x80;
	printf("%.*s…", (int)(end - s), s);
}

/* Words of states that are good news or bad, at a terminal; "" for all others. */
static const char *colour_of(const char *cell)
{
	static const char *const good[] = {"proven", "finished", "good"};
	static const char *const bad[] = {"failed", "rolled_back", "stopped", "expired"};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (mp_streq(cell, good[i]))
			return "\033[32m";
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (mp_streq(cell, bad[i]))
			return "\033[31m";
	return "";
}

static void print_row(const struct mp_table *t, size_t row, const size_t *widths, size_t last)
{
	bool colours = mp_has_colour(STDOUT_FILENO);
	char **cells = t->cells + row * t->columns;

	for (size_t i = 0; i + 1 < t->columns; i++) {
		const char *colour = !colours ? "" : row == 0 ? "\033[1m" : colour_of(cells[i]);

		printf("%s%s%s%*s", colour, cells[i], *colour ? "\033[0m" : "",
		       (int)(widths[i] - width_of(cells[i]) + 2), "");
	}
	fputs(row == 0 && colours ? "\033[1m" : "", stdout);
	print_cut(cells[t->columns - 1], last);
	puts(row == 0 && colours ? "\033[0m" : "");
}

void mp_table_print(const struct mp_table *t)
{
	size_t widths[MP_TABLE_COLUMNS] = {0}, used = 0, last = SIZE_MAX;
	unsigned terminal = mp_terminal_width();

	for (size_t row = 0; row < t->rows; row++)
		for (size_t i = 0; i < t->columns; i++) {
			size_t width = width_of(t->cells[row * t->columns + i]);

			if (width > widths[i])
				widths[i] = width;
		}
	for (size_t i = 0; i + 1 < t->columns; i++)
		used += widths[i] + 2;
	if (terminal > 0)
		last = terminal > used + 10 ? terminal - used : 10;
	for (size_t row = 0; row < t->rows; row++)
		print_row(t, row, widths, last);
}

void mp_table_done(struct mp_table *t)
{
	for (size_t i = 0; i < t->rows * t->columns; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct mp_table){0};
}
