/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "verb.h"

static int change_dir(const char *dir)
{
	struct mp_err err;

	if (chdir(dir) == 0)
		return 0;
	(void)mp_err_set(&err, -errno, "cannot work in the folder %s: %s", dir, strerror(errno));
	return mp_fail(&err);
}

int main(int argc, char *argv[])
{
	mp_say_who("mp");
	argv++, argc--;
	while (argc >= 2 && mp_streq(argv[0], "-C")) {
		int status = change_dir(argv[1]);

		if (status != 0)
			return status;
		argv += 2, argc -= 2;
	}
	if (argc > 0 && mp_streq(argv[0], "--version"))
		return mp_verb_version(argc, argv);
	if (argc > 0 && (mp_streq(argv[0], "--help") || mp_streq(argv[0], "-h"))) {
		mp_help_overview();
		return EXIT_SUCCESS;
	}
	return mp_verb_dispatch(mp_verbs, argc, argv);
}
