/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "verb.h"

/* A result that could not be written whole is no success. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	mp_warn("cannot write to standard output: %s", strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
	mp_say_who("mp");
	argv++, argc--;
	while (argc >= 2 && mp_streq(argv[0], "-C")) {
		if (chdir(argv[1]) < 0) {
			mp_warn("cannot work in the folder %s: %s", argv[1], strerror(errno));
			return EXIT_FAILURE;
		}
		argv += 2, argc -= 2;
	}
	if (argc > 0 && mp_streq(argv[0], "--version"))
		return finish(mp_verb_version(argc, argv));
	if (argc > 0 && (mp_streq(argv[0], "--help") || mp_streq(argv[0], "-h"))) {
		mp_help_overview();
		return finish(EXIT_SUCCESS);
	}
	return finish(mp_verb_dispatch(mp_verbs, argc, argv));
}
