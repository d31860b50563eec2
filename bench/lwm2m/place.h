/* SPDX-License-Identifier: Apache-2.0
 * place.h - which core a process runs on, how large it is */
#pragma once

#include <sys/types.h>

void place_on(unsigned core); /* this process; the last core when there are fewer */
long place_rss_kb(pid_t pid);
double place_clock(void); /* seconds on a clock that only goes up */
