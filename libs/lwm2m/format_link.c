/* SPDX-License-Identifier: Apache-2.0 */
/* Links: "</3/0>;ver=1.1;pmin=10,<…>" (RFC 6690 section 2). Blanks are taken around the separators,
 * though the RFC has none, because clients send them. */
#include "lwm2m/link.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static void skip_blanks(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t' || **at == '\r' || **at == '\n'))
		(*at)++;
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$&+-.^_`|~*'%", c));
}

/* A value without quotes: ptoken of the RFC, which has none of these. */
static bool is_plain(char c)
{
	return c > ' ' && c < 0x7f && !strchr("\",;\\", c);
}

static int take_quoted(const char **at, const char *end, struct mp_lwm2m_attribute *ret)
{
	ret->quoted = true;
	ret->value = ++*at;
	for (; *at < end && **at != '"'; (*at)++) {
		if ((unsigned char)**at < ' ' || **at == 0x7f)
			return -EBADMSG;
		if (**at == '\\' && ++*at == end)
			return -EBADMSG;
	}
	if (*at == end)
		return -EBADMSG;
	ret->value_len = (size_t)((*at)++ - ret->value);
	return 0;
}

/* ";name", ";name=value", ";name=\"value\"". 1; 0: no further one; -EBADMSG. */
static int take_attribute(const char **at, const char *end, struct mp_lwm2m_attribute *ret)
{
	struct mp_lwm2m_attribute a = {.name = NULL};

	skip_blanks(at, end);
	if (*at == end || **at != ';')
		return 0;
	(*at)++;
	skip_blanks(at, end);
	a.name = *at;
	while (*at < end && is_name(**at))
		(*at)++;
	a.name_len = (size_t)(*at - a.name);
	if (a.name_len == 0)
		return -EBADMSG;
	if (*at < end && **at == '=') {
		(*at)++;
		if (*at < end && **at == '"') {
			if (take_quoted(at, end, &a) < 0)
				return -EBADMSG;
		} else {
			a.value = *at;
			while (*at < end && is_plain(**at))
				(*at)++;
			a.value_len = (size_t)(*at - a.value);
			if (a.value_len == 0)
				return -EBADMSG;
		}
	}
	*ret = a;
	return 1;
}

/* "<target>" and its attributes, all looked at. */
static int take_link(const char **at, const char *end, struct mp_lwm2m_link *ret)
{
	struct mp_lwm2m_link link = {.target = NULL};
	struct mp_lwm2m_attribute unused;
	int k;

	if (*at == end || **at != '<')
		return -EBADMSG;
	link.target = ++*at;
	while (*at < end && **at != '>') {
		if (**at == '<' || (unsigned char)**at <= ' ' || **at == 0x7f)
			return -EBADMSG;
		(*at)++;
	}
	if (*at == end)
		return -EBADMSG;
	link.target_len = (size_t)((*at)++ - link.target);
	link.at = *at;
	while ((k = take_attribute(at, end, &unused)) > 0)
		;
	link.end = *at;
	*ret = link;
	return k;
}

bool mp_lwm2m_link_attribute(struct mp_lwm2m_link *link, struct mp_lwm2m_attribute *ret)
{
	return take_attribute(&link->at, link->end, ret) > 0;
}

bool mp_lwm2m_link_find(const struct mp_lwm2m_link *link, const char *name,
			struct mp_lwm2m_attribute *ret)
{
	struct mp_lwm2m_link walk = *link;
	struct mp_lwm2m_attribute a;

	while (mp_lwm2m_link_attribute(&walk, &a))
		if (a.name_len == strlen(name) && !memcmp(a.name, name, a.name_len)) {
			*ret = a;
			return true;
		}
	return false;
}

/* ---- the walk ---- */

/* 1, 0, -EBADMSG. */
static int take_next(const char **at, const char *end, bool first, struct mp_lwm2m_link *ret)
{
	int k;

	skip_blanks(at, end);
	if (*at == end)
		return 0;
	if (!first && *(*at)++ != ',')
		return -EBADMSG;
	skip_blanks(at, end);
	k = take_link(at, end, ret);
	return k < 0 ? k : 1;
}

/* One of the words of rt="a b" is oma.lwm2m. */
static bool is_root(const struct mp_lwm2m_link *link)
{
	static const char wanted[] = "oma.lwm2m";
	struct mp_lwm2m_attribute a;
	size_t at = 0;

	if (!mp_lwm2m_link_find(link, "rt", &a) || !a.value)
		return false;
	while (at < a.value_len) {
		size_t start = at;

		while (at < a.value_len && a.value[at] != ' ')
			at++;
		if (at - start == sizeof(wanted) - 1 &&
		    !memcmp(a.value + start, wanted, at - start))
			return true;
		at++;
	}
	return false;
}

void mp_lwm2m_links(struct mp_lwm2m_links *walk, const void *text, size_t len)
{
	struct mp_lwm2m_link link;
	const char *at;

	memset(walk, 0, sizeof(*walk));
	walk->at = len ? text : "";
	walk->end = walk->at + len;
	at = walk->at;
	for (bool first = true; take_next(&at, walk->end, first, &link) > 0; first = false) {
		if (!is_root(&link) || link.target_len == 0 || link.target[0] != '/')
			continue;
		walk->root = link.target;
		walk->root_len = link.target_len - (link.target[link.target_len - 1] == '/');
		return;
	}
}

int mp_lwm2m_link_next(struct mp_lwm2m_links *walk, struct mp_lwm2m_link *ret)
{
	struct mp_lwm2m_link link;
	int k = take_next(&walk->at, walk->end, !walk->begun, &link);
	const char *path = link.target;
	size_t len = link.target_len;

	walk->begun = true;
	if (k < 0)
		walk->at = walk->end; /* no second look at what is broken */
	if (k <= 0)
		return k;
	if (walk->root_len && len >= walk->root_len && !memcmp(path, walk->root, walk->root_len) &&
	    (len == walk->root_len || path[walk->root_len] == '/')) {
		path += walk->root_len;
		len -= walk->root_len;
		link.has_path = len == 0; /* the root itself */
	}
	if (len)
		link.has_path = mp_lwm2m_path_parse(path, len, &link.path) == 0;
	*ret = link;
	return 1;
}

/* ---- writing ---- */

static void put(struct mp_lwm2m_link_writer *w, const char *text, size_t len)
{
	if (w->error)
		return;
	if (len > w->room - w->len) {
		w->error = -ENOSPC;
		return;
	}
	memcpy(w->out + w->len, text, len);
	w->len += len;
}

static void put_text(struct mp_lwm2m_link_writer *w, const char *text)
{
	put(w, text, strlen(text));
}

void mp_lwm2m_link_write(struct mp_lwm2m_link_writer *w, void *out, size_t room)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
	w->room = room < INT_MAX ? room : INT_MAX;
}

void mp_lwm2m_link_add(struct mp_lwm2m_link_writer *w, const struct mp_lwm2m_path *path)
{
	char text[MP_LWM2M_PATH_TEXT];
	size_t len = mp_lwm2m_path_format(path, text);

	put_text(w, w->len ? ",<" : "<");
	if (w->root)
		put_text(w, w->root);
	if (path->n || !w->root)
		put(w, text, len);
	put_text(w, ">");
}

static bool is_all(const char *text, bool (*fits)(char))
{
	if (!*text)
		return false;
	while (*text && fits(*text))
		text++;
	return !*text;
}

static void put_name(struct mp_lwm2m_link_writer *w, const char *name)
{
	if (w->error == 0 && (w->len == 0 || !is_all(name, is_name)))
		w->error = -EINVAL;
	put_text(w, ";");
	put_text(w, name);
}

void mp_lwm2m_link_add_attribute(struct mp_lwm2m_link_writer *w, const char *name,
				 const char *value)
{
	put_name(w, name);
	if (!value)
		return;
	if (w->error == 0 && !is_all(value, is_plain))
		w->error = -EINVAL;
	put_text(w, "=");
	put_text(w, value);
}

void mp_lwm2m_link_add_quoted(struct mp_lwm2m_link_writer *w, const char *name, const char *value)
{
	put_name(w, name);
	put_text(w, "=\"");
	for (; *value; value++) {
		if (w->error == 0 && ((unsigned char)*value < ' ' || *value == 0x7f))
			w->error = -EINVAL;
		if (*value == '"' || *value == '\\')
			put_text(w, "\\");
		put(w, value, 1);
	}
	put_text(w, "\"");
}

int mp_lwm2m_link_end(struct mp_lwm2m_link_writer *w)
{
	return w->error < 0 ? w->error : (int)w->len;
}
