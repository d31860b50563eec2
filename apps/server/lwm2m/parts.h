/* SPDX-License-Identifier: Apache-2.0
 * parts.h - what of a device takes an image: the whole of it, or its components (object 33629)
 *
 *     r = parts_read(&parts, result);                     // what each says of itself
 *     part = parts_next(&parts, stage, reason, room);     // whose turn it is; part->next says for what
 *
 * Images are brought one after another; when all are there, one order names all that are to run, and
 * the update has succeeded when each runs what it should. Every part is decided about by course.h.
 */
#pragma once

#include "lwm2m/course.h"
#include "lwm2m/requests.h"
#include "release/release.h"

struct part {
	struct mp_release_firmware firmware; /* component "": the device is one whole */
	struct facts facts;
	enum next next;
	uint16_t instance;
	bool is_there; /* the device has shown its instance, or made it when asked */
	unsigned orders; /* to run the image */
	bool is_anew; /* the transfer failed and begins again, whatever the action had come to */
	bool is_unseen; /* of several: not brought by us since we started, so perhaps not at all */
};

struct parts {
	const struct carrier *carrier;
	struct part *part;
	unsigned n;
};

/* The value of a resource of an instance; NULL: the device does not say. */
const struct mp_lwm2m_value *parts_value(const struct lwm2m_result *result, uint16_t instance,
					 uint16_t resource);
void parts_text(const struct lwm2m_result *result, uint16_t instance, uint16_t resource, char *ret,
		size_t room);

/* What is read to know how they stand. */
struct mp_lwm2m_path parts_path(const struct parts *p);
/* The facts of each. NULL: all are there; else the name of a component that is not. */
const char *parts_read(struct parts *p, const struct lwm2m_result *result);
/* Has one failed? */
bool parts_have_failed(const struct parts *p);

/* What the device's log tells of those. */
void parts_explain(struct parts *p, const void *log, size_t len);

/* The part whose turn it is, after deciding about all. */
struct part *parts_next(struct parts *p, enum stage stage, char *reason, size_t room);
/* The argument that has others run in the same go: "0='</33629/1>,</33629/2>'"; "" when there are none. */
void parts_others(const struct parts *p, const struct part *first, char *ret, size_t room);
/* How much of everything there is, when so much of this one is: percent. */
int parts_percent(const struct parts *p, const struct part *at, uint64_t offset);
