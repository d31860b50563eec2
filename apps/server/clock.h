/* SPDX-License-Identifier: Apache-2.0
 * clock.h - may this clock sign?
 *
 * Devices believe that it is at least as late as the newest signature says (docs/spec/tuf.md, the
 * time floor). A server that signs with a clock that is years ahead makes everything look expired
 * to them, for good; one whose clock is behind signs what has expired for them already. So each
 * signature is measured against the newest one before it.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define CLOCK_AHEAD (365 * 86400) /* seconds: a server may have been off for so long */
#define CLOCK_BEHIND (6 * 3600) /* seconds: what two good clocks may differ, and more */

/* The newest signature that devices believe: when it was made (0: none is known), and by which role. */
struct clock_evidence {
	int64_t time;
	const char *role;
};
void clock_add(struct clock_evidence *e, int64_t time, const char *role);

/* -EPROTO: do not sign; the sentence says what to do. */
int clock_check(int64_t now, const struct clock_evidence *newest, struct mp_err *err);
