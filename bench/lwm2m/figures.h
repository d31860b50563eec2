/* SPDX-License-Identifier: Apache-2.0
 * figures.h - what a run has measured so far, and how it is told
 *
 *     figures_print(&f, is_json);      // what has not been measured (yet) is left out
 */
#pragma once

#include <stdbool.h>

#include "campaign.h"
#include "world.h"

struct figures { /* zero: not measured */
	struct load register_floor, update_floor, registers, updates; /* the best rounds */
	struct load beside_leshan, leshan; /* registrations of both, the same ones in turn */
	struct load many, few; /* requests at 15,000 sessions, at 10 */
	double rss_per_device, rss_per_dtls_device; /* bytes */
	double restart, provision;
	struct load dtls_registers, parked;
	struct campaign campaign;
};

void figures_print(const struct figures *f, bool is_json);
