/* proc.h - run another program and wait for it; no shell in between
 *
 *     const char *argv[] = { "mkfs.erofs", "--quiet", out, root, NULL };
 *     r = mp_proc_run(&(struct mp_proc){ .argv = argv }, &err);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct mp_proc {
	const char *const *argv; /* ends in NULL; argv[0] is looked up in PATH */
	const char *const *env; /* "NAME=value", added to the environment; may be NULL */
	const char *dir; /* working directory; NULL: ours */
	const void *input; /* bytes for its standard input; NULL: /dev/null */
	size_t input_len;
	struct mp_buf *output; /* collects standard output; NULL: thrown away */
	int output_fd; /* standard output goes here instead, when > 0 */
	void (*line)(void *user, const char *line); /* each line of standard error; may be NULL */
	void *user;
};

/* Run to the end. 0 when it exits with 0. -ENOENT: not installed (the sentence names the
 * program); -EFBIG: more output than `output` holds; -EREMOTEIO: it failed, and the sentence
 * carries its last line of standard error. The child is killed when we return early. */
int mp_proc_run(const struct mp_proc *p, struct mp_err *err);

/* Is this program in PATH? */
bool mp_proc_find(const char *name);
