/* SPDX-License-Identifier: Apache-2.0
 * registry.h - who is registered: endpoints, where they are, what they have
 *
 *     struct registration *r = registry_find(s->lwm2m->registry, "sensor-0001");
 *     for (r = registry_first(g); r; r = registry_next(g, r)) ...
 *
 * All of it lies in memory; what changes is written to the journal of the turn (journal.h) and is
 * durable before the device is answered. A registration is valid until its end is told to the
 * listeners (listeners.h): who keeps a pointer longer than a call listens. There is one
 * registration an endpoint: a new one takes the place of the old, in the same struct.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coap/endpoint.h"
#include "lwm2m/path.h"

struct lwm2m;
struct registry;
struct observation;
struct object_links;
struct profile;
struct peer;

enum binding { /* letters of the binding mode; stored: append only */
	       BINDING_U = 1,
	       BINDING_T = 2,
	       BINDING_S = 4,
	       BINDING_N = 8,
	       BINDING_Q = 16, /* queue mode, whether a letter of 1.0 or a parameter of 1.1 */
};

struct registration {
	uint32_t slot; /* its place, and chunk of the store: for paging */
	uint32_t next_name, next_who, before_who; /* hash chains; slots plus 1 */
	uint32_t next_due, before_due; /* of its bucket of expiry; slots plus 1 */
	uint16_t due; /* the bucket */
	uint16_t version; /* MP_LWM2M_VERSION(1, 1) */
	char *endpoint; /* NULL: the slot is free */
	struct peer *peer; /* the identity of its secure session; NULL: NoSec */
	struct object_links *links; /* object_links.h; NULL: it told none */
	struct profile *profile; /* profiles.h: the id that stands for them; NULL: it told none */
	char *attributes; /* "name=value&…" that the device gave besides; NULL: none */
	struct observation *observations; /* chained by their `next` */
	struct lwm2m_request *requests; /* under way */
	struct mp_coap_remote remote; /* where it is now; a secure one without a session cannot be
					 asked until it comes back */
	uint64_t location; /* its text: registration_location() */
	int64_t registered, updated; /* ms since 1970 */
	int64_t expires; /* second of the registry's clock */
	int64_t sending; /* id in the queue */
	uint32_t lifetime; /* seconds */
	uint8_t binding; /* enum binding */
	bool is_awake, is_listed_awake; /* queue mode alone */
	bool has_queue; /* requests wait for it in queue.h */
	bool is_sending_queue; /* the one that `sending` names */
	bool is_device; /* its struct device has been made */
	bool is_proven; /* NoSec: it answered a request of ours, where `remote` says that it is */
	uint32_t
		heard; /* the last message of any kind: seconds since 1970; 0: not since we started */
};

struct registration *registry_find(const struct registry *g, const char *endpoint);
struct registration *registry_at_location(const struct registry *g, const void *id, size_t len);
/* The registration of this security identity, or that was last heard from this very address. */
struct registration *registry_of_remote(const struct registry *g,
					const struct mp_coap_remote *remote);
/* The next one of it, after `r`: a gateway registers several. */
struct registration *registry_next_of_remote(const struct registry *g, const struct registration *r,
					     const struct mp_coap_remote *remote);
size_t registry_count(const struct registry *g);

/* In an order that stays. For pages: keep `slot` of the last one, go on with registry_after().
 * Both tolerate that some come and go in between. */
struct registration *registry_first(const struct registry *g);
struct registration *registry_next(const struct registry *g, const struct registration *r);
struct registration *registry_after(const struct registry *g, uint32_t slot);

#define REGISTRATION_LOCATION 13
/* The last part of "/rd/5a3f…" with a NUL. */
void registration_location(const struct registration *r, char text[REGISTRATION_LOCATION]);
#define REGISTRATION_BINDING 6
/* "UQ" */
void registration_binding(const struct registration *r, char text[REGISTRATION_BINDING]);
bool registration_is_secure(const struct registration *r);
/* Can it be asked now? Not while it sleeps, nor between two secure sessions. */
bool registration_is_awake(const struct registration *r);
/* Objects and instances as it told them: link format (lwm2m/link.h); "" when it told none. */
const char *registration_links(const struct registration *r, size_t *ret_len);
/* The profile id that stands for them, NULL: it told none. */
const char *registration_profile(const struct registration *r);
/* Its alternate path, "/lwm2m" or "". */
const char *registration_root(const struct registration *r, size_t *ret_len);
/* Does it have this object, this instance? The root: always. */
bool registration_has(const struct registration *r, const struct mp_lwm2m_path *path);
/* The version of an object that it has (MP_LWM2M_VERSION), 0 when it told none. */
uint16_t registration_object_version(const struct registration *r, uint16_t object);
/* When the last message of any kind came from it: seconds since 1970. */
int64_t registration_seen(const struct registration *r);
/* When it will expire unless it is heard of: ms since 1970. */
int64_t registration_expires(const struct registration *r);
