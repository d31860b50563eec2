/* SPDX-License-Identifier: Apache-2.0
 * course.h - the course of one device's update over LwM2M, as one decision
 *
 *     what = course_next(&facts, &so_far, reason, sizeof(reason));
 *
 * Whatever happened - a restart of the server, a device that was away, a lost answer - the next step
 * follows from what the device says of itself now and from how far its action had come, which is
 * in the store. So nothing else need be remembered, and nothing can be out of step.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/carrier.h"

struct facts { /* read from the device just now */
	const struct carrier *carrier;
	enum phase phase;
	int64_t result;
	char why[256]; /* what its log tells of a failure; "" when it does not */
	char running[64]; /* the version that runs; "" when the device does not say */
	char package[64]; /* the version of the image that is there; "" likewise */
	bool is_active; /* software: its activation state */
	bool is_told; /* software: the device took the order to install, and says nothing until it is done */
};

enum stage { /* how far the action had come */
	     STAGE_OFFERED, /* the device has not been asked for anything */
	     STAGE_TRANSFER, /* the image is on its way, or was */
	     STAGE_DELIVERED, /* it was whole on the device */
	     STAGE_TOLD, /* the device was told to run it */
	     STAGE_BACK, /* and has registered since */
};

struct so_far {
	const char *wanted; /* version that must run */
	enum stage stage;
};

enum next {
	NEXT_WAIT, /* the device is busy with it */
	NEXT_TRANSFER, /* bring the image there */
	NEXT_AGAIN, /* the same, but something went wrong before: `reason` */
	NEXT_UNINSTALL, /* software: what there is has to go first */
	NEXT_UPDATE, /* tell it to run the image */
	NEXT_ACTIVATE,
	NEXT_PROVEN,
	NEXT_FAILED, /* `reason` */
};

/* The sentence is written where the list above says so, and for NEXT_WAIT and NEXT_PROVEN too. */
enum next course_next(const struct facts *f, const struct so_far *s, char *reason, size_t room);
