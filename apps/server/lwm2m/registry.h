/* SPDX-License-Identifier: Apache-2.0
 * registry.h - who is registered: endpoints, where they are, what they have
 *
 *     struct registration *r = registry_find(s->lwm2m->registry, "sensor-0001");
 *     for (r = registry_first(g); r; r = registry_next(g, r)) ...
 *
 * All of it lies in memory; what changes is written to the journal of the turn (journal.h) and is
 * durable before the device is answered. A registration is valid until its end is told to the
 * listeners (listeners.h): who keeps a pointer longer than a call listens. There is one
 * registration an endpoint: a new one takes the place of the old.
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

/* Objects and instances as the device told them, shared by all registrations with the same text. */
struct object_links {
	struct object_links *next; /* of its hash chain */
	uint32_t refs, hash;
	uint32_t len;
	uint16_t root_len; /* of the alternate path "/lwm2m" at the beginning of `text`; 0: none */
	uint16_t preferred; /* content format that the device named for it (ct=), 0: none */
	char text[]; /* the alternate path, then the link format as it came (lwm2m/link.h); a NUL */
};
const char *object_links_root(const struct object_links *l, size_t *ret_len); /* "/lwm2m", "" */
const char *object_links_text(const struct object_links *l, size_t *ret_len);

enum binding { /* letters of the binding mode; stored: append only */
	       BINDING_U = 1,
	       BINDING_T = 2,
	       BINDING_S = 4,
	       BINDING_N = 8,
	       BINDING_Q = 16, /* queue mode, whether a letter of 1.0 or a parameter of 1.1 */
};

struct registration {
	struct registration *next_name, *next_location; /* hash chains */
	struct registration *expiry_before, *expiry_after;
	char *endpoint; /* our own */
	const char *identity; /* of the secure session, our own copy; NULL: NoSec */
	struct object_links *links;
	const char
		*attributes; /* "name=value&…" that the device gave besides; our own; may be NULL */
	struct observation *observations; /* chained by their `next` */
	struct lwm2m_request *requests; /* under way, chained */
	struct mp_coap_remote remote; /* where it is now; session is NULL between two sessions */
	uint64_t location; /* its text: registration_location() */
	int64_t registered, updated; /* ms since 1970 */
	uint32_t expires; /* second of the registry's clock */
	uint32_t awake_until; /* second of the registry's clock; queue mode alone */
	uint32_t lifetime; /* seconds */
	uint32_t number; /* its place in the order of registration: for paging */
	uint16_t version; /* MP_LWM2M_VERSION(1, 1) */
	uint8_t binding; /* enum binding */
	bool has_queue; /* requests wait for it in queue.h */
	bool is_sending_queue, is_device; /* is_device: its struct device has been made */
};

struct registration *registry_find(const struct registry *g, const char *endpoint);
struct registration *registry_at_location(const struct registry *g, const char *id, size_t len);
/* The registration of this security identity, or that was last heard from this very address. */
struct registration *registry_of_remote(const struct registry *g,
					const struct mp_coap_remote *remote);
size_t registry_count(const struct registry *g);

/* In the order of registration. For pages: keep `number` of the last one, go on with
 * registry_after(). Both tolerate that some come and go in between. */
struct registration *registry_first(const struct registry *g);
struct registration *registry_next(const struct registry *g, const struct registration *r);
struct registration *registry_after(const struct registry *g, uint32_t number);

#define REGISTRATION_LOCATION 11
/* The last part of "/rd/5a3f…" with a NUL. */
void registration_location(const struct registration *r, char text[REGISTRATION_LOCATION]);
#define REGISTRATION_BINDING 8
/* "UQ" */
void registration_binding(const struct registration *r, char text[REGISTRATION_BINDING]);
bool registration_is_secure(const struct registration *r);
bool registration_is_awake(const struct lwm2m *l, const struct registration *r);
/* Does it have this object, this instance? The root: always. */
bool registration_has(const struct registration *r, const struct mp_lwm2m_path *path);
/* The version of an object that it has (MP_LWM2M_VERSION), 0 when it told none. */
uint16_t registration_object_version(const struct registration *r, uint16_t object);
/* ms since 1970 */
int64_t registration_expires(const struct lwm2m *l, const struct registration *r);
