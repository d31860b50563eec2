/* SPDX-License-Identifier: Apache-2.0
 * decide.h - the one decision: a device and its state -> an offer, and why
 *
 *     what = decide(d, release, 0, 0, NULL, 0);                // on each poll
 *     decide(d, release, now, seen, reason, sizeof(reason)); // "why is this device not updating?"
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct device;
struct release;

enum offer {
	OFFER_NOTHING,
	OFFER_NEW, /* make an action for the rollout's release */
	OFFER_ACTION, /* go on with the one that is open */
	OFFER_CONFIRM, /* ask whether the update is welcome */
	OFFER_CANCEL, /* tell the device to give it up */
};

/* `release` is that of the device's rollout, NULL without one. The sentence is written when
 * `reason` is given; it then also tells how things stand, which no poll needs. `seen`: when the device
 * was last heard of, 0: never. */
enum offer decide(const struct device *d, const struct release *release, int64_t now, int64_t seen,
		  char *reason, size_t room);
