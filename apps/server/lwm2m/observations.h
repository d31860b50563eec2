/* SPDX-License-Identifier: Apache-2.0
 * observations.h - what devices have been asked to report, kept over restarts
 *
 *     for (o = observations_of(registration); o; o = o->next) ...
 *     observation_forget(s, o);                      // passively: its next notification gets an RST
 *
 * They are made by asking (LWM2M_OBSERVE, LWM2M_OBSERVE_COMPOSITE in requests.h) and are told to
 * the listeners (LWM2M_NOTIFIED). A second observation of the same paths takes the place of the
 * first. When an endpoint registers anew, its observations are made again, unless
 * --no-reobserve is given: then they end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coap/endpoint.h"
#include "lwm2m/path.h"

struct server;
struct registration;

struct observation {
	struct observation *next; /* of the same registration */
	struct observation *next_token; /* hash chain */
	struct registration *registration;
	uint8_t token[MP_COAP_TOKEN];
	int64_t last_ms; /* when the last notification came, of the loop's clock */
	uint32_t last; /* its number (RFC 7641) */
	uint32_t notifications; /* since the start */
	int32_t accept; /* wanted format; -1: none */
	bool is_composite, is_stale; /* is_stale: the device has forgotten it; to be made again */
	uint8_t n;
	struct mp_lwm2m_path paths[];
};
#define OBSERVATION_PATHS 32 /* most paths of a composite one */

struct observation *observations_of(const struct registration *r);
/* With exactly these paths, in this order; NULL: none. */
struct observation *observation_find(const struct registration *r,
				     const struct mp_lwm2m_path *paths, size_t n, bool composite);
void observation_forget(struct server *s, struct observation *o);
size_t observations_count(const struct server *s);
