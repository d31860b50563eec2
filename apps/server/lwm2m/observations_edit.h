/* SPDX-License-Identifier: Apache-2.0
 * observations_edit.h - making, finding and ending observations: for those who write them down too
 */
#pragma once

#include "lwm2m/observations.h"

struct observations;
int observations_new(struct observations **ret);
void observations_free(struct observations *t); /* all must have been dropped */

struct observation_facts { /* borrowed */
	const uint8_t *token; /* MP_COAP_TOKEN bytes */
	const struct mp_lwm2m_path *paths;
	size_t n;
	int32_t accept;
	bool is_composite, is_stale;
};
/* In place of one with the same token, or of the same paths. -ENOMEM; -ENOSPC: OBSERVATION_PATHS, or
 * OBSERVATIONS_MAX of this registration. */
#define OBSERVATIONS_MAX 64
int observations_add(struct observations *t, struct registration *r,
		     const struct observation_facts *f, struct observation **ret);
void observations_drop(struct observations *t, struct observation *o);
void observations_drop_all(struct observations *t, struct registration *r);
struct observation *observations_by_token(const struct observations *t, const void *token,
					  size_t len);
size_t observations_size(const struct observations *t);
