/* SPDX-License-Identifier: Apache-2.0 */
#include "pair/worker.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "base/str.h"

#define OPTIONS_MAX 16

static void print_help(FILE *to, const char *program, const char *what,
		       const struct mp_worker_option *options)
{
	fprintf(to, "usage: %s", program);
	for (const struct mp_worker_option *o = options; o->name; o++)
		fprintf(to, o->kind == MP_WORKER_PAIR ? " --%s %s" : " [--%s %s]", o->name,
			o->value);
	fprintf(to, "\n\n%s mp-agent starts it; it is of no use by itself.\n\n", what);
	for (const struct mp_worker_option *o = options; o->name; o++) {
		int width = fprintf(to, "  --%s %s", o->name, o->value);

		fprintf(to, "%*s%s\n", width < 18 ? 18 - width : 2, "", o->help);
	}
}

static int set(const struct mp_worker_option *o, const char *value, void *into)
{
	char *at = (char *)into + o->at;
	uint64_t fd;

	if (o->kind == MP_WORKER_TEXT) {
		*(const char **)(void *)at = value;
		return 0;
	}
	if (mp_str_parse_u64(value, INT_MAX, &fd) < 0 || fd <= 2)
		return -EINVAL;
	*(int *)(void *)at = (int)fd;
	return 0;
}

static int read_all(const struct mp_worker_option *options, void *into, int argc, char *argv[])
{
	bool given[OPTIONS_MAX] = {false};

	for (int i = 1; i < argc; i += 2) {
		unsigned n = 0;

		while (options[n].name && !(mp_str_starts_with(argv[i], "--") &&
					    mp_streq(argv[i] + 2, options[n].name)))
			n++;
		if (!options[n].name || n >= OPTIONS_MAX || i + 1 == argc ||
		    set(&options[n], argv[i + 1], into) < 0)
			return -EINVAL;
		given[n] = true;
	}
	for (unsigned n = 0; options[n].name; n++)
		if (options[n].kind == MP_WORKER_PAIR && !given[n])
			return -EINVAL;
	return 0;
}

int mp_worker_parse(const char *program, const char *what, const struct mp_worker_option *options,
		    void *into, int argc, char *argv[])
{
	int r = argc == 2 && mp_streq(argv[1], "--help") ? 1 : read_all(options, into, argc, argv);

	if (r != 0)
		print_help(r > 0 ? stdout : stderr, program, what, options);
	return r;
}
