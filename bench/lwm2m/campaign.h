/* SPDX-License-Identifier: Apache-2.0
 * campaign.h - a firmware campaign over simulated devices, on the server that runs
 *
 *     campaign_run(&w, &c);
 *     printf("%u of %u proven\n", c.proven, c.devices);
 */
#pragma once

#include "world.h"

struct campaign {
	unsigned devices; /* how many; with one datagram in a hundred lost, each way */
	unsigned image_kb; /* what each of them gets, as world_make() was told */
	unsigned proven, explained; /* explained: failed, with a sentence */
	char reason[160]; /* of one that failed; "" */
	double seconds;
	long growth_kb; /* the server's RSS at its highest, above what it was before */
};
/* Until all have ended, or some minutes have passed. Ends the program when they do not even come. */
void campaign_run(struct world *w, struct campaign *c);
