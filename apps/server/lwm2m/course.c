/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/course.h"

#include <stdio.h>
#include <string.h>

static bool is_software(const struct facts *f)
{
	return f->carrier->activate != CARRIER_NONE;
}

/* Software that is not installed has a version, too: that of the package. */
static bool runs(const struct facts *f, const struct so_far *s)
{
	return strcmp(f->running, s->wanted) == 0 &&
	       (!is_software(f) || f->phase == PHASE_INSTALLED);
}

/* What the result means, and what the device itself says of it. */
static void explain(const struct facts *f, char *reason, size_t room)
{
	size_t n;

	carrier_sentence(f->carrier, f->result, reason, room);
	n = strlen(reason);
	if (*f->why) /* "… (result 8): the disk is full" */
		snprintf(reason + n - 1, room - n + 1, ": %s", f->why);
}

/* The device has nothing of the image any more, and did not get to run it. */
static enum next lost(const struct facts *f, char *reason, size_t room)
{
	if (!carrier_is_failure(f->carrier, f->result)) {
		snprintf(reason, room, "The device no longer has the image.");
		return NEXT_AGAIN;
	}
	explain(f, reason, room);
	return carrier_may_retry(f->carrier, f->result) ? NEXT_AGAIN : NEXT_FAILED;
}

static enum next told_software(const struct facts *f, const struct so_far *s, char *reason,
			       size_t room)
{
	if (!runs(f, s)) {
		snprintf(reason, room, "The device installed %s instead of %s.",
			 *f->running ? f->running : "something unnamed", s->wanted);
		return NEXT_FAILED;
	}
	if (!f->is_active)
		return NEXT_ACTIVATE;
	snprintf(reason, room, "It reports that %s is installed and active.", s->wanted);
	return NEXT_PROVEN;
}

/* It was told to run the image, and is not busy with it any more. */
static enum next told(const struct facts *f, const struct so_far *s, char *reason, size_t room)
{
	bool failed = carrier_is_failure(f->carrier, f->result);

	if (f->phase == PHASE_INSTALLED)
		return told_software(f, s, reason, room);
	if (is_software(f))
		return lost(f, reason, room);
	if (failed && !runs(f, s)) {
		explain(f, reason, room);
		return NEXT_FAILED;
	}
	if (s->stage != STAGE_BACK) {
		snprintf(reason, room, "It was told to run %s and has not come back since.",
			 s->wanted);
		return NEXT_WAIT;
	}
	if (runs(f, s)) {
		snprintf(reason, room, "It came back with %s.", s->wanted);
		return NEXT_PROVEN;
	}
	snprintf(reason, room, "It rolled back: it was told to run %s and came back with %s.",
		 s->wanted, *f->running ? f->running : "no version that it names");
	return NEXT_FAILED;
}

/* The image is there and good; was the device told to run it, and what came of that? */
static enum next delivered(const struct facts *f, const struct so_far *s, char *reason, size_t room)
{
	if (s->stage == STAGE_OFFERED)
		return NEXT_TRANSFER;
	if (!is_software(f) || s->stage < STAGE_TOLD)
		return NEXT_UPDATE;
	if (carrier_is_failure(f->carrier, f->result)) {
		explain(f, reason, room);
		return NEXT_FAILED;
	}
	if (!f->is_told)
		return NEXT_UPDATE;
	snprintf(reason, room, "It is installing %s.", s->wanted);
	return NEXT_WAIT;
}

/* Nothing has begun. */
static enum next offered(const struct facts *f, const struct so_far *s, char *reason, size_t room)
{
	if (f->phase == PHASE_IDLE && !runs(f, s))
		return NEXT_TRANSFER;
	if (!runs(f, s))
		return NEXT_UNINSTALL;
	if (f->phase == PHASE_INSTALLED && !f->is_active)
		return NEXT_ACTIVATE;
	snprintf(reason, room, "It runs %s already.", s->wanted);
	return NEXT_PROVEN;
}

enum next course_next(const struct facts *f, const struct so_far *s, char *reason, size_t room)
{
	bool idle = f->phase == PHASE_IDLE;

	switch (f->phase) {
	case PHASE_DOWNLOADING:
		if (s->stage == STAGE_OFFERED)
			return NEXT_TRANSFER; /* of something else */
		snprintf(reason, room, "It is fetching the image.");
		return NEXT_WAIT;
	case PHASE_UPDATING:
		snprintf(reason, room, "It is bringing up the new version.");
		return NEXT_WAIT;
	case PHASE_DELIVERED:
		return delivered(f, s, reason, room);
	case PHASE_IDLE:
	case PHASE_INSTALLED:
		break;
	}
	if (s->stage >= STAGE_TOLD)
		return told(f, s, reason, room);
	if (s->stage != STAGE_OFFERED && idle)
		return lost(f, reason, room);
	if (s->stage != STAGE_OFFERED) {
		snprintf(reason, room, "Something else was installed meanwhile.");
		return NEXT_AGAIN;
	}
	return offered(f, s, reason, room);
}
