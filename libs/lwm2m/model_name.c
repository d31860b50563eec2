/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the model in paths: "Device/0/Battery Level". */
#include "lwm2m/model.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

struct segment {
	const char *text;
	size_t len;
};

static bool is_digits(const struct segment *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->text[i] < '0' || s->text[i] > '9')
			return false;
	return s->len > 0;
}

/* The next letter or digit of a name, in lower case; 0 at its end. All others do not count. */
static char letter(const char **at, const char *end)
{
	while (*at < end) {
		char c = *(*at)++;

		if (c >= 'A' && c <= 'Z')
			return (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			return c;
	}
	return '\0';
}

static bool is_name(const struct segment *s, const char *name)
{
	const char *a = s->text, *b = name, *end = name + strlen(name);
	char x, y;

	do {
		x = letter(&a, s->text + s->len);
		y = letter(&b, end);
	} while (x == y && x);
	return x == y;
}

static const struct mp_lwm2m_object *find_object(const struct mp_lwm2m_model *model,
						 const struct segment *s)
{
	const struct mp_lwm2m_object *o = NULL;

	while ((o = mp_lwm2m_model_next(model, o)))
		if (is_name(s, o->name))
			return o;
	return NULL;
}

static const struct mp_lwm2m_resource *find_resource(const struct mp_lwm2m_object *o,
						     const struct segment *s)
{
	for (size_t i = 0; o && i < o->n; i++)
		if (is_name(s, o->resources[i].name))
			return &o->resources[i];
	return NULL;
}

/* Add one segment; a resource's name right behind the object stands for instance 0 as well. */
static int add(const struct mp_lwm2m_model *model, const struct segment *s, struct mp_lwm2m_path *p)
{
	const struct mp_lwm2m_object *o;
	const struct mp_lwm2m_resource *r;

	if (s->len == 0)
		return -EBADMSG;
	if (is_digits(s))
		return mp_lwm2m_path_push(p, s->text, s->len);
	if (p->n == MP_LWM2M_ROOT) {
		if (!(o = find_object(model, s)))
			return -ENOENT;
		*p = mp_lwm2m_path_child(p, o->id);
		return 0;
	}
	if (p->n >= MP_LWM2M_RESOURCE)
		return -EBADMSG;
	r = find_resource(mp_lwm2m_model_object(model, p->id[0], 0), s);
	if (!r)
		return -ENOENT;
	if (p->n == MP_LWM2M_OBJECT)
		*p = mp_lwm2m_path_child(p, 0);
	*p = mp_lwm2m_path_child(p, r->id);
	return 0;
}

int mp_lwm2m_model_path(const struct mp_lwm2m_model *model, const char *text,
			struct mp_lwm2m_path *ret)
{
	struct mp_lwm2m_path p = {.n = 0};
	bool more = true;

	if (*text == '/')
		text++;
	else if (!*text)
		return -EBADMSG;
	while (*text && more) {
		struct segment s = {text, strcspn(text, "/")};
		int r = add(model, &s, &p);

		if (r < 0)
			return r;
		text += s.len;
		more = *text == '/';
		text += more;
		if (more && !*text)
			return -EBADMSG;
	}
	*ret = p;
	return 0;
}

static int put(char *text, size_t room, size_t *at, const char *what)
{
	size_t len = strlen(what);

	if (len >= room - *at)
		return -ENOSPC;
	for (size_t i = 0; i <= len; i++)
		text[*at + i] = (char)(what[i] == '/' ? '-' : what[i]);
	*at += len;
	return 0;
}

static const char *name_of(const struct mp_lwm2m_model *model, const struct mp_lwm2m_path *path,
			   unsigned level)
{
	const struct mp_lwm2m_object *o = mp_lwm2m_model_object(model, path->id[0], 0);
	const struct mp_lwm2m_resource *r;

	if (!o || (level != MP_LWM2M_OBJECT && level != MP_LWM2M_RESOURCE))
		return NULL;
	if (level == MP_LWM2M_OBJECT)
		return o->name;
	r = mp_lwm2m_object_resource(o, path->id[2]);
	return r ? r->name : NULL;
}

int mp_lwm2m_model_path_format(const struct mp_lwm2m_model *model, const struct mp_lwm2m_path *path,
			       char *text, size_t room)
{
	size_t at = 0;

	if (room < 2 || room > INT_MAX)
		return -ENOSPC;
	memcpy(text, "/", 2);
	if (path->n == 0)
		return 1;
	for (unsigned level = 1; level <= path->n; level++) {
		struct mp_lwm2m_path one = {.id = {path->id[level - 1]}, .n = 1};
		char number[MP_LWM2M_PATH_TEXT];
		const char *name = name_of(model, path, level);

		mp_lwm2m_path_format(&one, number);
		if (at) {
			if (at + 1 >= room)
				return -ENOSPC;
			text[at++] = '/';
		}
		if (put(text, room, &at, name ? name : number + 1) < 0)
			return -ENOSPC;
	}
	return (int)at;
}
