/* SPDX-License-Identifier: Apache-2.0 */
/* cmdline.h - one value of the kernel's command line (/proc/cmdline) */
#pragma once

#include <stddef.h>

/* The value of KEY=VALUE among words set apart by blanks; the last one wins, as in the kernel.
 * -ENOENT, -EFBIG. */
int mp_cmdline_get(const char *cmdline, const char *key, char *ret, size_t room);
