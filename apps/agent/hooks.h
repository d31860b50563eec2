/* SPDX-License-Identifier: Apache-2.0 */
/* hooks.h - the product's own programs: may an update begin? is the system healthy? */
#pragma once

#include "base/err.h"

#define HOOK_SECONDS 60 /* that each program may take */

/* Run the executables in a folder, in the order of their names. 0 when each ends with 0, or there
 * are none; -EAGAIN, and the sentence is the last line of what the program said. */
int hooks_run(const char *dir, struct mp_err *err);
