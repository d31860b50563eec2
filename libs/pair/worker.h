/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - the command line of a worker: where things are, and the pairs that it inherits
 *
 *     static const struct mp_worker_option options[] = {
 *             {"root", "DIR", "prefix of all paths", offsetof(struct arguments, root), MP_WORKER_TEXT},
 *             {"control", "FD", "the pair with the supervisor", offsetof(struct arguments, control),
 *              MP_WORKER_PAIR},
 *             {0},
 *     };
 *     r = mp_worker_parse("mp-fetch", "The network worker of mp-agent.", options, &a, argc, argv);
 *     if (r != 0)
 *             return r > 0 ? 0 : 2;            // it has said what there is to say
 */
#pragma once

#include <stddef.h>

enum mp_worker_kind {
	MP_WORKER_TEXT, /* const char *, borrowed from argv */
	MP_WORKER_PAIR, /* int, a descriptor above 2; must be given */
	MP_WORKER_OPTIONAL_PAIR,
};

struct mp_worker_option {
	const char *name; /* without "--"; NULL ends the table */
	const char *value; /* what the help calls it */
	const char *help;
	size_t at; /* in the caller's structure */
	enum mp_worker_kind kind;
};

/* Read "--NAME VALUE ..." into `into`; what is not given stays as the caller has set it. 1: --help,
 * printed on standard output; -EINVAL: a wrong command line, and the help is on standard error. */
int mp_worker_parse(const char *program, const char *what, const struct mp_worker_option *options,
		    void *into, int argc, char *argv[]);
