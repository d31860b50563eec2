/* SPDX-License-Identifier: Apache-2.0
 * intern.h - one copy of each text that thousands of devices have in common
 *
 * Boards, products and release names live as long as the process. The number of different texts
 * is limited, since devices make them up.
 */
#pragma once

/* NULL when memory is out or there are too many. */
const char *intern(const char *text);
