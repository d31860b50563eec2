/* SPDX-License-Identifier: Apache-2.0 */
/* reset.h - back to the factory's state, as noted before the reboot
 *
 *     r = reset_run(root, &err);      // at a start, before Docker's and everything else's
 *
 * What goes: containers and their data, images, logs, the LwM2M accounts, what the agent has noted.
 * What stays: the releases and what they need to run, TUF's metadata (it must not go back in time),
 * and the identity, unless the note says otherwise.
 */
#pragma once

#include "base/err.h"

/* 0: done, or nothing was noted. Cut short, it does the same again at the next start. */
int reset_run(const char *root, struct mp_err *err);
