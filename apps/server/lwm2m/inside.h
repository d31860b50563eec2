/* SPDX-License-Identifier: Apache-2.0
 * inside.h - what the files of this folder ask of each other; everybody else has the other headers
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "coap/endpoint.h"
#include "lwm2m/listeners.h"
#include "lwm2m/registry.h"

struct lwm2m;
struct sleepers;

void lwm2m_tell(struct lwm2m *l, const struct lwm2m_event *e);
bool lwm2m_is_heard(const struct lwm2m *l, unsigned kinds); /* does anybody listen to these? */

/* ---- requests of devices ---- */
struct uri { /* the path of one, its first parts */
	struct uri_part {
		const char *text;
		size_t len;
	} part[3];
	unsigned n; /* parts that there are */
};
bool uri_part_is(const struct uri_part *p, const char *text);
void registration_serve(struct lwm2m *l, const struct mp_coap_request *rq, const struct uri *uri);
void send_serve(struct lwm2m *l, const struct mp_coap_request *rq);
void firmware_serve(struct lwm2m *l, const struct mp_coap_request *rq, const struct uri *uri);
bool observations_notified(struct lwm2m *l, const struct mp_coap_answer *a);
/* The request behind an observation; what *ret points to lasts until the next call. */
bool observations_observed(struct lwm2m *l, const struct mp_coap_remote *from, const uint8_t *token,
			   size_t len, struct mp_coap_ask *ret);
/* Where a path of this device is found: its alternate root, then the path. -EINVAL: no room. */
int lwm2m_uri(const struct registration *r, const struct mp_lwm2m_path *path, char *text,
	      size_t room);
/* `diagnostic` may be NULL. */
void lwm2m_refuse(const struct mp_coap_request *rq, uint8_t code, const char *diagnostic);

/* ---- the life of a registration ---- */
void registration_begun(struct lwm2m *l, struct registration *r, bool is_replacement);
/* `kind`: LWM2M_DEREGISTERED or LWM2M_EXPIRED. `r` is gone afterwards. */
void registration_end(struct lwm2m *l, struct registration *r, enum lwm2m_event_kind kind);
/* A message came from it, that was none of the registration interface. */
void registration_noticed(struct lwm2m *l, struct registration *r);
/* The same, and it knew a token that we had sent to it: so it is where it says. */
void registration_answered(struct lwm2m *l, struct registration *r,
			   const struct mp_coap_remote *remote);
/* Its secure session has begun, has ended. */
void registration_connected(struct lwm2m *l, const struct mp_coap_remote *remote);
void registration_disconnected(struct lwm2m *l, const struct mp_coap_remote *remote);
/* Is somebody registered over this session? */
bool registration_uses(const struct lwm2m *l, const struct mp_coap_remote *remote);

/* ---- sleeping devices ---- */
int sleepers_new(struct sleepers **ret);
void sleepers_free(struct sleepers *t);
void sleepers_heard(struct lwm2m *l, struct registration *r); /* it listens now */
void sleepers_slept(struct lwm2m *l, struct registration *r); /* it does not, whatever we thought */
void sleepers_tick(struct lwm2m *l);

/* ---- the rest of its parts ---- */
void requests_gone(struct lwm2m *l, struct registration *r); /* end those under way */
/* `all`, or those that the device has forgotten. */
void observations_renew(struct lwm2m *l, struct registration *r, bool all);
void observations_disconnected(struct registration *r); /* so it has (RFC 8323, 7.4) */
int queue_load(struct lwm2m *l);
bool queue_may_have(const struct lwm2m *l, const char *endpoint);
void queue_wake(struct lwm2m *l, struct registration *r);
void queue_tick(struct lwm2m *l);
/* The registry says who is there: make struct devices of them, a few at a time. */
void fleet_tick(struct lwm2m *l);
