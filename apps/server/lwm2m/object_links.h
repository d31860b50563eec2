/* SPDX-License-Identifier: Apache-2.0
 * object_links.h - the objects and instances that devices tell, one copy a text
 *
 *     r = object_links_take(&table, payload, len, &links);    // same text: same links
 *     object_links_drop(&table, links);
 *
 * A fleet of one firmware registers with one text, so it is checked and kept once.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"

struct object_links {
	struct mp_map_link by_text; /* first of all (object_links.c) */
	uint32_t refs, len;
	uint32_t batch, number; /* in which row of the journal it has been written, as what */
	uint16_t root_at, root_len; /* of the alternate path within `text`; 0: none */
	int format; /* that the device prefers (ct of the root); -1: none told */
	char text[]; /* link format as it came; a NUL */
};

#define OBJECT_LINKS_MAX 65535 /* bytes of a text */

struct object_links_table {
	struct mp_map by_text;
};

int object_links_init(struct object_links_table *t); /* 0, -ENOMEM */
/* *ret is NULL for an empty text. -EBADMSG: no link format; -EFBIG; -ENOMEM. */
int object_links_take(struct object_links_table *t, const void *text, size_t len,
		      struct object_links **ret);
static inline struct object_links *object_links_ref(struct object_links *l) /* NULL is fine */
{
	if (l)
		l->refs++;
	return l;
}
void object_links_drop(struct object_links_table *t, struct object_links *l); /* NULL is fine */
void object_links_done(struct object_links_table *t); /* nobody may hold one any more */
