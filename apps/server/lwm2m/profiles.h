/* SPDX-License-Identifier: Apache-2.0
 * profiles.h - profile ids (LwM2M Core 1.2, 6.2.1): which list of objects one stands for
 *
 *     r = profile_id_parse(&text, &len);                       // 1: "5:0123456789abcdef"
 *     r = profiles_learn(&t, &table, text, len, is_secure, links, &p); // a device told both
 *     p = profiles_find(&t, text, len, is_secure);             // another one tells the id alone
 *     profiles_drop(&t, &table, p);
 *
 * An id is known for as long as a registration has it. Each client digests as it likes, so nobody can
 * check one: what was told without security counts without security alone, and an id for which devices
 * told different lists stands for none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "lwm2m/object_links.h"

#define PROFILE_ID_MAX 131 /* "1:" and the digits of 512 bits, with some room */

struct profile {
	struct mp_map_link by_id; /* first of all (profiles.c) */
	struct object_links *links; /* NULL: devices do not agree */
	uint32_t refs;
	bool is_secure;
	uint8_t len;
	char id[]; /* a NUL */
};

struct profiles {
	struct mp_map by_id;
};

int profiles_init(struct profiles *t); /* 0, -ENOMEM */

/* The value of the parameter pid. 1: one id that the client has digested, which *text and *len are now
 * without quotes; 0: several, or one that client and server were to know beforehand, as no server of ours
 * does; -EBADMSG. */
int profile_id_parse(const char **text, size_t *len);

/* Borrowed. NULL: no registration has it. */
struct profile *profiles_find(const struct profiles *t, const char *id, size_t len, bool is_secure);
/* It stands for these links, which are borrowed; *ret is a reference. -ENOMEM. */
int profiles_learn(struct profiles *t, struct object_links_table *table, const char *id, size_t len,
		   bool is_secure, struct object_links *links, struct profile **ret);
static inline struct profile *profile_ref(struct profile *p) /* NULL is fine */
{
	if (p)
		p->refs++;
	return p;
}
/* Give a reference back; NULL is fine. */
void profiles_drop(struct profiles *t, struct object_links_table *table, struct profile *p);
void profiles_done(struct profiles *t); /* nobody may hold one any more */
