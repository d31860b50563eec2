/* SPDX-License-Identifier: Apache-2.0 */
#include "object_links.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lwm2m/link.h"

static uint32_t hash_of(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h ^ h >> 15;
}

static int grow(struct object_links_table *t)
{
	size_t n = t->n_chains ? t->n_chains * 2 : 64;
	struct object_links **chains;

	if (t->n < t->n_chains)
		return 0;
	chains = calloc(n, sizeof(struct object_links *));
	if (!chains)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_chains; i++)
		for (struct object_links *l = t->chains[i], *next; l; l = next) {
			next = l->next;
			l->next = chains[l->hash & (n - 1)];
			chains[l->hash & (n - 1)] = l;
		}
	free(t->chains);
	t->chains = chains;
	t->n_chains = n;
	return 0;
}

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

int object_links_take(struct object_links_table *t, const void *text, size_t len,
		      struct object_links **ret)
{
	uint32_t hash = hash_of(text, len);
	struct object_links *l = t->n_chains ? t->chains[hash & (t->n_chains - 1)] : NULL;
	int r;

	while (l && (l->hash != hash || l->len != len || memcmp(l->text, text, len) != 0))
		l = l->next;
	if (l || len == 0) {
		if (len > 0)
			l->refs++;
		*ret = len > 0 ? l : NULL;
		return 0;
	}
	if (len > OBJECT_LINKS_MAX)
		return -EFBIG;
	r = grow(t);
	if (r < 0)
		return r;
	l = calloc(1, sizeof(*l) + len + 1);
	if (!l)
		return -ENOMEM;
	l->refs = 1;
	l->hash = hash;
	l->len = (uint32_t)len;
	memcpy(l->text, text, len);
	r = check(l);
	if (r < 0) {
		free(l);
		return r;
	}
	l->next = t->chains[hash & (t->n_chains - 1)];
	t->chains[hash & (t->n_chains - 1)] = l;
	t->n++;
	*ret = l;
	return 0;
}

void object_links_drop(struct object_links_table *t, struct object_links *l)
{
	struct object_links **link;

	if (!l || --l->refs > 0)
		return;
	link = &t->chains[l->hash & (t->n_chains - 1)];
	while (*link != l)
		link = &(*link)->next;
	*link = l->next;
	t->n--;
	free(l);
}

void object_links_done(struct object_links_table *t)
{
	for (size_t i = 0; i < t->n_chains; i++)
		for (struct object_links *l = t->chains[i], *next; l; l = next) {
			next = l->next;
			free(l);
		}
	free(t->chains);
	*t = (struct object_links_table){0};
}
