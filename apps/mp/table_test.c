/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <unistd.h>

#include "base/test.h"

/* What the table prints, into `text`. */
static void print_into(const struct mp_table *t, char *text, size_t room)
{
	FILE *file = tmpfile();
	int out = dup(STDOUT_FILENO);
	size_t n;

	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	mp_table_print(t);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(file);
	n = fread(text, 1, room - 1, file);
	text[n] = '\0';
	fclose(file);
}

TEST(columns_are_as_wide_as_their_longest_text)
{
	struct mp_table t;
	char text[256];

	mp_table_init(&t, "ID", "STATE", "REASON");
	mp_table_add(&t, "a", "downloading", "because");
	mp_table_add(&t, "long-name", NULL, "");
	print_into(&t, text, sizeof(text));
	mp_table_done(&t);
	ASSERT_STR("ID         STATE        REASON\n"
		   "a          downloading  because\n"
		   "long-name  -            -\n",
		   text);
}

TEST(letters_of_several_bytes_take_one_column)
{
	struct mp_table t;
	char text[256];

	mp_table_init(&t, "ID", "REASON");
	mp_table_add(&t, "g\xc3\xa4rten", "x");
	mp_table_add(&t, "abcdef", "y");
	print_into(&t, text, sizeof(text));
	mp_table_done(&t);
	ASSERT_STR("ID      REASON\ng\xc3\xa4rten  x\nabcdef  y\n", text);
}

TEST(control_characters_of_others_never_reach_the_terminal)
{
	struct mp_table t;
	char text[256];

	mp_table_init(&t, "ID", "REASON");
	mp_table_add(&t, "a\033[2J", "two\nlines\x7f");
	print_into(&t, text, sizeof(text));
	mp_table_done(&t);
	ASSERT_STR("ID     REASON\na [2J  two lines \n", text);
}

TEST(many_rows_find_room)
{
	struct mp_table t;

	mp_table_init(&t, "N");
	for (int i = 0; i < 1000; i++)
		mp_table_add(&t, "x");
	ASSERT_INT(1001, t.rows);
	mp_table_done(&t);
	ASSERT_INT(0, t.rows);
}
