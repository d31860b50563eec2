/* SPDX-License-Identifier: Apache-2.0
 * intern.h - one copy of each text that thousands of devices have in common
 *
 * Boards, products and release names live as long as the process. The number of different texts
 * is limited, since devices make them up: these can use up half of what there is.
 */
#pragma once

/* NULL when memory is out or there are too many. */
const char *intern(const char *text);
/* A word of a device's. NULL also when devices have brought too many. */
const char *intern_word(const char *text);
