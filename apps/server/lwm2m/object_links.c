/* SPDX-License-Identifier: Apache-2.0 */
#include "object_links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"
#include "lwm2m/link.h"

static int format_of(const struct mp_lwm2m_link *link)
{
	struct mp_lwm2m_attribute a;
	int format = 0;

	if (!mp_lwm2m_link_find(link, "ct", &a) || !a.value || a.value_len == 0)
		return -1;
	for (size_t i = 0; i < a.value_len && a.value[i] != ' '; i++) {
		if (a.value[i] < '0' || a.value[i] > '9' || format > 65535)
			return -1;
		format = format * 10 + (a.value[i] - '0');
	}
	return format <= 65535 ? format : -1;
}

/* All of it must be sound; the root's own attributes are kept. */
static int check(struct object_links *l)
{
	struct mp_lwm2m_links walk;
	struct mp_lwm2m_link link;
	int r;

	l->format = -1;
	mp_lwm2m_links(&walk, l->text, l->len);
	while ((r = mp_lwm2m_link_next(&walk, &link)) > 0)
		if (!link.has_path || link.path.n == 0) {
			if (l->format < 0)
				l->format = format_of(&link);
		}
	if (r < 0)
		return -EBADMSG;
	if (walk.root_len > 0) {
		l->root_at = (uint16_t)(walk.root - l->text);
		l->root_len = (uint16_t)walk.root_len;
	}
	return 0;
}

int object_links_init(struct object_links_table *t)
{
	return mp_map_init(&t->by_text);
}

static struct object_links *links_of(struct mp_map_link *l)
{
	return (struct object_links *)l; /* its first member */
}

int object_links_take(struct object_links_table *t, const void *text, size_t len,
		      struct object_links **ret)
{
	uint64_t hash = mp_hash(text, len);
	struct object_links *l = links_of(mp_map_find(&t->by_text, hash));
	int r;

	while (l && (l->len != len || memcmp(l->text, text, len) != 0))
		l = links_of(mp_map_next(&l->by_text));
	if (l || len == 0) {
		*ret = len > 0 ? object_links_ref(l) : NULL;
		return 0;
	}
	if (len > OBJECT_LINKS_MAX)
		return -EFBIG;
	l = calloc(1, sizeof(*l) + len + 1);
	if (!l)
		return -ENOMEM;
	l->refs = 1;
	l->len = (uint32_t)len;
	memcpy(l->text, text, len);
	r = check(l);
	if (r < 0) {
		free(l);
		return r;
	}
	mp_map_add(&t->by_text, &l->by_text, hash);
	*ret = l;
	return 0;
}

void object_links_drop(struct object_links_table *t, struct object_links *l)
{
	if (!l || --l->refs > 0)
		return;
	mp_map_remove(&t->by_text, &l->by_text);
	free(l);
}

void object_links_done(struct object_links_table *t)
{
	mp_map_done(&t->by_text);
}
