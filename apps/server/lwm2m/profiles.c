/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_DIGITS 8 /* a digest has 32 bits at least */

/* ---- the text ---- */

static size_t span(const char *text, size_t len, const char *first, const char *more)
{
	size_t n = 0;

	while (n < len && text[n] && (strchr(first, text[n]) || strchr(more, text[n])))
		n++;
	return n;
}

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-"

/* suite-identifier ":" digest (RFC 6920, 9.4) */
static bool is_dynamic(const char *text, size_t len)
{
	size_t suite = span(text, len, DIGITS, "");

	return suite > 0 && suite + 1 + LEAST_DIGITS <= len && len <= PROFILE_ID_MAX &&
	       text[suite] == ':' &&
	       span(text + suite + 1, len - suite - 1, DIGITS, "abcdef") == len - suite - 1;
}

static bool is_configured(const char *text, size_t len)
{
	size_t prefix = len > 4 && memcmp(text, "oma:", 4) == 0 ? 4
			: len > 2 && memcmp(text, "v:", 2) == 0 ? 2
								: 0;

	return prefix && span(text + prefix, len - prefix, DIGITS, LETTERS) == len - prefix;
}

static bool is_list(const char *text, size_t len)
{
	const char *end = text + len, *comma;

	for (;; text = comma + 1) {
		comma = memchr(text, ',', (size_t)(end - text));
		len = (size_t)((comma ? comma : end) - text);
		if (!is_dynamic(text, len) && !is_configured(text, len))
			return false;
		if (!comma)
			return true;
	}
}

int profile_id_parse(const char **text, size_t *len)
{
	bool is_quoted = *len >= 2 && (*text)[0] == '"' && (*text)[*len - 1] == '"';
	const char *inside = *text + is_quoted;
	size_t n = *len - 2 * (size_t)is_quoted;

	if (is_dynamic(inside, n)) {
		*text = inside;
		*len = n;
		return 1;
	}
	return is_configured(inside, n) || (is_quoted && is_list(inside, n)) ? 0 : -EBADMSG;
}

/* ---- the table ---- */

static uint32_t hash_of(const char *id, size_t len)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)id[i]) * 16777619u;
	return h ^ h >> 15;
}

static int grow(struct profiles *t)
{
	size_t n = t->n_chains ? t->n_chains * 2 : 16;
	struct profile **chains;

	if (t->n < t->n_chains)
		return 0;
	chains = calloc(n, sizeof(struct profile *));
	if (!chains)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_chains; i++)
		for (struct profile *p = t->chains[i], *next; p; p = next) {
			next = p->next;
			p->next = chains[p->hash & (n - 1)];
			chains[p->hash & (n - 1)] = p;
		}
	free(t->chains);
	t->chains = chains;
	t->n_chains = n;
	return 0;
}

struct profile *profiles_find(const struct profiles *t, const char *id, size_t len, bool is_secure)
{
	uint32_t hash = hash_of(id, len);
	struct profile *p = t->n_chains ? t->chains[hash & (t->n_chains - 1)] : NULL;

	while (p && (p->hash != hash || p->is_secure != is_secure || p->len != len ||
		     memcmp(p->id, id, len) != 0))
		p = p->next;
	return p;
}

static int add(struct profiles *t, const char *id, size_t len, bool is_secure,
	       struct object_links *links, struct profile **ret)
{
	int r = grow(t);
	struct profile *p = r == 0 ? calloc(1, sizeof(*p) + len + 1) : NULL;

	if (!p)
		return -ENOMEM;
	p->links = object_links_ref(links);
	p->hash = hash_of(id, len);
	p->is_secure = is_secure;
	p->len = (uint8_t)len;
	memcpy(p->id, id, len);
	p->next = t->chains[p->hash & (t->n_chains - 1)];
	t->chains[p->hash & (t->n_chains - 1)] = p;
	t->n++;
	*ret = p;
	return 0;
}

int profiles_learn(struct profiles *t, struct object_links_table *table, const char *id, size_t len,
		   bool is_secure, struct object_links *links, struct profile **ret)
{
	struct profile *p = profiles_find(t, id, len, is_secure);
	int r = p ? 0 : add(t, id, len, is_secure, links, &p);

	if (r < 0)
		return r;
	if (p->links && p->links != links) {
		object_links_drop(table, p->links);
		p->links = NULL;
	}
	p->refs++;
	*ret = p;
	return 0;
}

void profiles_drop(struct profiles *t, struct object_links_table *table, struct profile *p)
{
	struct profile **link;

	if (!p || --p->refs > 0)
		return;
	link = &t->chains[p->hash & (t->n_chains - 1)];
	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	t->n--;
	object_links_drop(table, p->links);
	free(p);
}

void profiles_done(struct profiles *t)
{
	free(t->chains);
	*t = (struct profiles){0};
}
