/* SPDX-License-Identifier: Apache-2.0
 * carrier.h - the objects through which a device takes its firmware, told apart by a table
 *
 *     const struct carrier *c = carrier_of(MP_RELEASE_FIRMWARE);
 *     if (carrier_phase(c, state) == PHASE_DELIVERED) ...
 *
 * Firmware Update (object 5; LwM2M Core 1.2 appendix E.6), Software Management (object 9; its own
 * specification) and our advanced firmware update (docs/spec/lwm2m.md) do the same with other
 * numbers: an image comes in, is checked, is told to run, and a result remains.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "release/release.h"

enum phase {
	PHASE_IDLE, /* nothing is there, or the last update has ended; its result tells which */
	PHASE_DOWNLOADING,
	PHASE_DELIVERED, /* the image is whole and good */
	PHASE_UPDATING,
	PHASE_INSTALLED, /* software alone: it is there, and may have to be activated */
};

#define CARRIER_NONE 65535 /* the object has no such resource */

struct carrier {
	uint16_t object;
	uint16_t package, uri, update, state, result, version; /* resources */
	uint16_t name; /* of a component */
	uint16_t package_version; /* of the image that is there, where `version` is of what runs */
	uint16_t activate, active; /* to be executed, to be read */
	uint16_t uninstall; /* to be executed before another image is taken */
	bool has_instances; /* some devices have several, or none until one is created */
};

const struct carrier *carrier_of(enum mp_release_object object);
/* -1: no state of this object. */
int carrier_phase(const struct carrier *c, int64_t state);
/* Does this result mean that the update failed? 0 and success do not. */
bool carrier_is_failure(const struct carrier *c, int64_t result);
/* Is it worth another try, or will the next one end the same way? */
bool carrier_may_retry(const struct carrier *c, int64_t result);
/* "The device has not enough storage for the image (result 2)." */
void carrier_sentence(const struct carrier *c, int64_t result, char *text, size_t room);
