/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox.h - a worker gives up everything that its role does not need (wraps libseccomp)
 *
 *     r = mp_sandbox_enter(&(struct mp_sandbox){ .role = MP_SANDBOX_INSTALL, .root = root }, &err);
 *     // only now is the first byte from outside looked at
 *
 * | role       | user     | network               | files written               |
 * |------------|----------|-----------------------|-----------------------------|
 * | fetch      | its own  | the host's            | its identity folder         |
 * | install    | root, no capabilities | none     | /dev, the ESP, the state    |
 * | containers | its own + Docker's group | UNIX sockets | none                 |
 * | lwm2m      | as fetch | the host's            | its folder                  |
 *
 * Everywhere: no_new_privs, no program can be run, system calls from a list, no core dumps, few
 * open files, limited memory. Landlock narrows the files where the kernel has it; the rest must
 * work, or the call fails.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum mp_sandbox_role {
	MP_SANDBOX_FETCH,
	MP_SANDBOX_INSTALL,
	MP_SANDBOX_CONTAINERS,
	MP_SANDBOX_LWM2M
};

struct mp_sandbox {
	enum mp_sandbox_role role;
	const char *root; /* prefix of all paths ("" on a device, a folder in tests) */
	const char *user; /* become this user; NULL or "": stay (also when we are not root) */
	const char *group; /* one more group that the user needs; NULL or "": none */
};

/* Enter, for good. 0; -ENOENT: no such user; -EPERM: the kernel refused a step (the sentence
 * names it). Without root's rights the user and the network stay as they are. */
int mp_sandbox_enter(const struct mp_sandbox *s, struct mp_err *err);

/* Did the last mp_sandbox_enter() have Landlock? */
bool mp_sandbox_has_landlock(void);
