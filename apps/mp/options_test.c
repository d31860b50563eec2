/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "base/test.h"
#include "verb.h"

struct options {
	bool all;
	const char *name, *kind;
	uint64_t number;
	struct mp_list items;
};

static const struct mp_option options[] = {
	{"all", 'a', MP_SWITCH, offsetof(struct options, all), NULL, "everything"},
	{"name", 'n', MP_TEXT, offsetof(struct options, name), "TEXT", "a name"},
	{"kind", 0, MP_TEXT, offsetof(struct options, kind), "red|green", "a kind"},
	{"number", 'p', MP_NUMBER, offsetof(struct options, number), "NUMBER", "a number"},
	{"item", 'i', MP_LIST, offsetof(struct options, items), "ITEM", "an item"},
	{0},
};

static struct options o;
static int n_operands;
static char **operands;

static int run(int argc, char *argv[])
{
	int status;

	memset(&o, 0, sizeof(o));
	status = mp_options_parse(options, &o, &argc, &argv);
	n_operands = argc;
	operands = argv;
	return status == MP_GO_ON ? EXIT_SUCCESS : status;
}

static const struct mp_verb verbs[] = {
	{"go", "[NAME] [OTHER]", "go", NULL, options, run, NULL},
	{"must", "NAME", "must", NULL, options, run, NULL},
	{"many", "NAME...", "many", NULL, options, run, NULL},
	{0},
};

/* Run a line of words, complaints and help going nowhere. */
static int say(const char *line)
{
	static char text[1024];
	static char *argv[160];
	int argc = 0, out = dup(1), err = dup(2), status;

	snprintf(text, sizeof(text), "%s", line);
	for (char *at = strtok(text, " "); at; at = strtok(NULL, " "))
		argv[argc++] = at;
	fflush(NULL);
	(void)!freopen("/dev/null", "w", stdout);
	(void)!freopen("/dev/null", "w", stderr);
	mp_say_who("mp");
	status = mp_verb_dispatch(verbs, argc, argv);
	fflush(NULL);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	return status;
}

TEST(options_and_operands_mix_in_any_order)
{
	ASSERT_INT(EXIT_SUCCESS, say("go -a one --name=x --number 7 two -i a --item b"));
	ASSERT(o.all);
	ASSERT_STR("x", o.name);
	ASSERT_INT(7, o.number);
	ASSERT_INT(2, o.items.n);
	ASSERT_STR("b", o.items.items[1]);
	ASSERT_INT(2, n_operands);
	ASSERT_STR("one", operands[0]);
	ASSERT_STR("two", operands[1]);
}

TEST(letters_join_and_take_values)
{
	ASSERT_INT(EXIT_SUCCESS, say("go -ap80 -nx"));
	ASSERT(o.all);
	ASSERT_INT(80, o.number);
	ASSERT_STR("x", o.name);
}

TEST(two_dashes_end_the_options)
{
	ASSERT_INT(EXIT_SUCCESS, say("go -- -a --name"));
	ASSERT(!o.all);
	ASSERT_STR("--name", operands[1]);
	ASSERT_INT(EXIT_SUCCESS, say("go -- --help"));
	ASSERT_INT(1, n_operands);
}

TEST(wrong_usage_has_a_status_of_its_own)
{
	static const char *const wrong[] = {
		"",
		"gone",
		"go --nothing",
		"go -z",
		"go --name",
		"go --all=yes",
		"go --number many",
		"go --number -1",
		"go --number 99999999999999999999",
		"go --kind blue",
		"go one two three",
		"must",
		"must a b",
		"many",
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (say(wrong[i]) != EXIT_USAGE)
			mp_test_fail(__FILE__, __LINE__, "'%s' was taken", wrong[i]);
	ASSERT_INT(EXIT_SUCCESS, say("go --kind green"));
	ASSERT_INT(EXIT_SUCCESS, say("many a b c d"));
	ASSERT_INT(4, n_operands);
}

TEST(more_of_a_list_than_there_is_room_for_is_refused)
{
	char line[1024] = "go";

	for (int i = 0; i < MP_LIST_MAX; i++)
		strcat(line, " -ia");
	ASSERT_INT(EXIT_SUCCESS, say(line));
	ASSERT_INT(MP_LIST_MAX, o.items.n);
	strcat(line, " -ia");
	ASSERT_INT(EXIT_USAGE, say(line));
}

TEST(help_is_answered_before_anything_is_checked)
{
	ASSERT_INT(EXIT_SUCCESS, say("go --nothing --help"));
	ASSERT_INT(EXIT_SUCCESS, say("must -h"));
}

/* The real table: every entry can be helped with, and its options are told apart. */
static void check_table(const struct mp_verb *table)
{
	for (const struct mp_verb *v = table; v->name; v++) {
		ASSERT((v->run != NULL) != (v->verbs != NULL));
		ASSERT(v->summary && !mp_str_ends_with(v->summary, "."));
		if (v->verbs)
			check_table(v->verbs);
		for (const struct mp_option *a = v->options; a && a->name; a++) {
			ASSERT((a->kind == MP_SWITCH) == (a->argument == NULL));
			ASSERT(!mp_str_ends_with(a->help, "."));
			for (const struct mp_option *b = v->options; b < a; b++) {
				ASSERT(!mp_streq(a->name, b->name));
				ASSERT(!a->letter || a->letter != b->letter);
			}
		}
	}
}

TEST(every_verb_and_option_of_mp_is_well_formed)
{
	check_table(mp_verbs);
}
