/* SPDX-License-Identifier: Apache-2.0
 * registry_edit.h - changing the registry: for those who write it down too (journal.h)
 *
 *     r = registry_put(g, &(struct registration_facts){ .endpoint = "sensor-7", ... }, &reg, &old);
 *     registry_heard(g, reg, now_ms);
 *     registry_remove(g, reg);
 *
 * Registrations lie in chunks of CHUNK slots, which is also how the store keeps them: every change
 * marks its chunk, and the marked ones are written again when the journal is folded.
 */
#pragma once

#include "lwm2m/object_links.h"
#include "lwm2m/peer.h"
#include "lwm2m/profiles.h"
#include "lwm2m/registry.h"

#define CHUNK 256
#define SLOTS_MAX (1u << 24)

int registry_new(struct registry **ret);
void registry_free(struct registry *g);
struct object_links_table *registry_links(struct registry *g);
struct profiles *registry_profiles(struct registry *g);

struct registration_facts { /* borrowed, but `links` and `profile` */
	const char *endpoint;
	size_t endpoint_len;
	struct peer *peer; /* NULL: NoSec */
	const struct mp_coap_remote *remote;
	struct object_links *links; /* taken, also on failure; so is the profile */
	struct profile *profile; /* NULL: none */
	const char *attributes; /* NULL: none */
	size_t attributes_len;
	uint64_t location; /* 0: a fresh one */
	int64_t registered, updated; /* ms since 1970 */
	uint32_t lifetime;
	uint16_t version;
	uint8_t binding;
	bool is_proven;
	uint32_t heard;
};
/* In place of an older one of the same endpoint (*ret_replaced), whose observations and queue stay.
 * With a location, its slot is emptied first, whoever has it. -ENOMEM, -ENOSPC: SLOTS_MAX. */
int registry_put(struct registry *g, const struct registration_facts *f, struct registration **ret,
		 bool *ret_replaced);
/* Its observations and requests must be gone. */
void registry_remove(struct registry *g, struct registration *r);

void registry_set_remote(struct registry *g, struct registration *r,
			 const struct mp_coap_remote *remote);
/* Takes both. */
void registry_set_links(struct registry *g, struct registration *r, struct object_links *links,
			struct profile *profile);
int registry_set_attributes(struct registry *g, struct registration *r, const char *text,
			    size_t len);
void registry_set_lifetime(struct registry *g, struct registration *r, uint32_t lifetime);
/* A sign of life at this time: the lifetime begins anew. */
void registry_heard(struct registry *g, struct registration *r, int64_t ms);
/* Another message of it: no update, so it expires when it would have. */
void registry_seen(struct registry *g, struct registration *r, int64_t ms);
/* It is where it says (registry.h); NoSec devices have to show it again when they move. */
void registry_set_proven(struct registry *g, struct registration *r);
void registry_touch(struct registry *g, const struct registration *r); /* changed otherwise */

/* What has expired by now, one after another; NULL: nothing more. It is to be removed before the next
 * call. */
struct registration *registry_due(struct registry *g, int64_t now_ms);

/* Who is where a registration of this location would be; NULL: nobody. */
struct registration *registry_in_slot_of(const struct registry *g, uint64_t location);
/* Random bytes, up to 64 of them. */
void registry_random(struct registry *g, void *data, size_t len);
/* The first one at this slot or after it. */
struct registration *registry_from(const struct registry *g, uint32_t slot);
size_t registry_chunks(const struct registry *g);
bool registry_take_dirty(struct registry *g, size_t chunk); /* was it? It no longer is */
/* The next one in use within the chunk, after `r` (NULL: the first); NULL: none. */
struct registration *registry_in_chunk(const struct registry *g, size_t chunk,
				       const struct registration *r);
