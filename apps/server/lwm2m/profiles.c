/* SPDX-License-Identifier: Apache-2.0 */
#include "profiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/siphash.h"

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

int profiles_init(struct profiles *t)
{
	return mp_map_init(&t->by_id);
}

static struct profile *profile_of(struct mp_map_link *l)
{
	return (struct profile *)l; /* its first member */
}

struct profile *profiles_find(const struct profiles *t, const char *id, size_t len, bool is_secure)
{
	struct profile *p = profile_of(mp_map_find(&t->by_id, mp_hash(id, len)));

	while (p && (p->is_secure != is_secure || p->len != len || memcmp(p->id, id, len) != 0))
		p = profile_of(mp_map_next(&p->by_id));
	return p;
}

static struct profile *add(struct profiles *t, const char *id, size_t len, bool is_secure,
			   struct object_links *links)
{
	struct profile *p = calloc(1, sizeof(*p) + len + 1);

	if (!p)
		return NULL;
	p->links = object_links_ref(links);
	p->is_secure = is_secure;
	p->len = (uint8_t)len;
	memcpy(p->id, id, len);
	mp_map_add(&t->by_id, &p->by_id, mp_hash(id, len));
	return p;
}

int profiles_learn(struct profiles *t, struct object_links_table *table, const char *id, size_t len,
		   bool is_secure, struct object_links *links, struct profile **ret)
{
	struct profile *p = profiles_find(t, id, len, is_secure);

	if (!p)
		p = add(t, id, len, is_secure, links);
	if (!p)
		return -ENOMEM;
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
	if (!p || --p->refs > 0)
		return;
	mp_map_remove(&t->by_id, &p->by_id);
	object_links_drop(table, p->links);
	free(p);
}

void profiles_done(struct profiles *t)
{
	mp_map_done(&t->by_id);
}
