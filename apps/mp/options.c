/* SPDX-License-Identifier: Apache-2.0 */
#include "verb.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"

static const struct mp_option *find_long(const struct mp_option *options, const char *name,
					 size_t len)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == len && memcmp(options->name, name, len) == 0)
			return options;
	return NULL;
}

static const struct mp_option *find_short(const struct mp_option *options, char letter)
{
	for (; options && options->name; options++)
		if (letter && options->letter == letter)
			return options;
	return NULL;
}

/* Is `value` one of the words in "a|b|c"? Anything goes when there is no '|'. */
static bool is_choice(const char *choices, const char *value)
{
	size_t len = strlen(value);

	if (!strchr(choices, '|'))
		return true;
	for (const char *at = choices; *at; at += strcspn(at, "|"), at += *at == '|')
		if (strcspn(at, "|") == len && memcmp(at, value, len) == 0)
			return true;
	return false;
}

static int store_number(const struct mp_option *o, const char *value, void *at)
{
	uint64_t n;

	if (mp_str_parse_u64(value, INT64_MAX, &n) < 0)
		return mp_fail_usage("--%s takes a number, not '%s'", o->name, value);
	memcpy(at, &n, sizeof(n));
	return MP_GO_ON;
}

static int store(const struct mp_option *o, const char *value, void *into)
{
	void *at = (char *)into + o->at;
	struct mp_list *list = at;

	if (o->kind == MP_SWITCH) {
		*(bool *)at = true;
		return MP_GO_ON;
	}
	if (!is_choice(o->argument, value))
		return mp_fail_usage("--%s is one of %s, not '%s'", o->name, o->argument, value);
	if (o->kind == MP_NUMBER)
		return store_number(o, value, at);
	if (o->kind == MP_TEXT) {
		*(const char **)at = value;
		return MP_GO_ON;
	}
	if (list->n == MP_LIST_MAX)
		return mp_fail_usage("--%s can be given %d times", o->name, MP_LIST_MAX);
	list->items[list->n++] = value;
	return MP_GO_ON;
}

/* argv being read: what comes next, and where the operands are gathered. */
struct cursor {
	char **next;
	char **end;
};

static int take(const struct mp_option *o, const char *attached, struct cursor *c, void *into)
{
	if (o->kind == MP_SWITCH && attached)
		return mp_fail_usage("--%s takes no value", o->name);
	if (o->kind == MP_SWITCH || attached)
		return store(o, attached, into);
	if (c->next == c->end)
		return mp_fail_usage("--%s needs a value: %s", o->name, o->argument);
	return store(o, *c->next++, into);
}

static int take_long(const struct mp_option *options, const char *text, struct cursor *c,
		     void *into)
{
	size_t len = strcspn(text, "=");
	const struct mp_option *o = find_long(options, text, len);

	if (!o)
		return mp_fail_usage("there is no option --%.*s", (int)len, text);
	return take(o, text[len] ? text + len + 1 : NULL, c, into);
}

/* "-jq" are two switches, "-p80" and "-p 80" one option with its value. */
static int take_short(const struct mp_option *options, const char *text, struct cursor *c,
		      void *into)
{
	for (; *text; text++) {
		const struct mp_option *o = find_short(options, *text);
		int status;

		if (!o)
			return mp_fail_usage("there is no option -%c", *text);
		if (o->kind != MP_SWITCH)
			return take(o, text[1] ? text + 1 : NULL, c, into);
		status = store(o, NULL, into);
		if (status != MP_GO_ON)
			return status;
	}
	return MP_GO_ON;
}

/* "NAME [VERSION]": how many operands there must and may be. */
static void count_words(const char *line, int *ret_min, int *ret_max)
{
	*ret_min = *ret_max = 0;
	for (const char *at = line ? line : ""; *at;) {
		size_t len = strcspn(at, " ");

		*ret_min += *at != '[';
		*ret_max = memmem(at, len, "...", 3) ? INT32_MAX : *ret_max + 1;
		at += len;
		at += strspn(at, " ");
	}
}

static int check_operands(int n, char *argv[])
{
	const struct mp_verb *verb = mp_verb_running();
	int min, max;

	count_words(verb ? verb->operands : NULL, &min, &max);
	if (n > max)
		return mp_fail_usage("'%s' is one argument too many", argv[max]);
	if (n < min)
		return mp_fail_usage("an argument is missing: %s", verb->operands);
	return MP_GO_ON;
}

int mp_options_parse(const struct mp_option *options, void *into, int *argc, char ***argv)
{
	struct cursor c = {.next = *argv + 1, .end = *argv + *argc};
	char **operands = *argv, **last = *argv;
	int status = MP_GO_ON;

	while (c.next < c.end && status == MP_GO_ON) {
		char *text = *c.next++;

		if (mp_streq(text, "--"))
			break;
		if (mp_str_starts_with(text, "--"))
			status = take_long(options, text + 2, &c, into);
		else if (text[0] == '-' && text[1])
			status = take_short(options, text + 1, &c, into);
		else
			*last++ = text;
	}
	if (status != MP_GO_ON)
		return status;
	while (c.next < c.end)
		*last++ = *c.next++;
	*argc = (int)(last - operands);
	return check_operands(*argc, operands);
}
