/* SPDX-License-Identifier: Apache-2.0 */
/* mp help, mp completion, mp version: the verbs that speak of mp itself. */
#include <stdio.h>

#include "base/str.h"
#include "verb.h"

struct help_options {
	bool man;
};

const struct mp_option mp_options_help[] = {
	{"man", 0, MP_SWITCH, offsetof(struct help_options, man), NULL,
	 "print the manual page, for man -l -"},
	{0},
};

int mp_verb_help(int argc, char *argv[])
{
	struct help_options o = {0};
	int status = mp_options_parse(mp_options_help, &o, &argc, &argv);
	const struct mp_verb *table = mp_verbs, *verb = NULL;
	MP_BUF(path, 64);

	if (status != MP_GO_ON)
		return status;
	if (o.man)
		return mp_help_man();
	(void)mp_buf_add_str(&path, "mp");
	for (int i = 0; i < argc; i++) {
		verb = table ? mp_verb_find(table, argv[i]) : NULL;
		if (!verb)
			return mp_fail_usage("there is no '%s'", argv[i]);
		(void)mp_buf_printf(&path, " %s", verb->name);
		table = verb->verbs;
	}
	if (verb)
		mp_help_verb(verb, mp_buf_str(&path));
	else
		mp_help_overview();
	return EXIT_SUCCESS;
}

int mp_verb_completion(int argc, char *argv[])
{
	int status = mp_options_parse(NULL, NULL, &argc, &argv);

	if (status != MP_GO_ON)
		return status;
	if (!mp_streq(argv[0], "bash"))
		return mp_fail_usage("only bash is known, not '%s'", argv[0]);
	return mp_completion_bash();
}

int mp_verb_version(int argc, char *argv[])
{
	(void)argc, (void)argv;
	puts("mp " MP_VERSION);
	return EXIT_SUCCESS;
}
