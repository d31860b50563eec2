/* SPDX-License-Identifier: Apache-2.0 */
/* LWM2M > Object > fields and Resources > Item with an ID > fields. Elements of other names are
 * stepped over, wherever they stand. */
#include "ddf/xml.h"

#include <errno.h>
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define DEPTH_MAX 16

enum place { OUTSIDE, ROOT, OBJECT, RESOURCES, ITEM }; /* depth of what is understood */

struct state {
	struct mp_ddf_file *file;
	XML_Parser parser;
	struct mp_err *err;
	int error;
	unsigned depth; /* elements that are open */
	enum place place; /* the innermost of ours, at this depth */
	bool in_field;
	char text[MP_DDF_TEXT_MAX + 1]; /* of the field that is open */
	size_t text_len;
	bool too_long;
	bool has_id, has_operations, has_type; /* of the object or the resource that is open */
	struct mp_lwm2m_object object;
	struct mp_lwm2m_resource *resources;
	struct mp_lwm2m_resource item;
};

/* The older name is deprecated since expat 2.9, which has the newer one. */
static unsigned long line_of(const struct state *s)
{
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
	return (unsigned long)XML_GetCurrentLineNumber64(s->parser);
#else
	return XML_GetCurrentLineNumber(s->parser);
#endif
}

static void fail(struct state *s, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct state *s, int code, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (s->error)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->error = mp_err_set(s->err, code, "%s line %lu: %s", s->file->name, line_of(s), text);
	XML_StopParser(s->parser, XML_FALSE);
}

static const char *keep(struct state *s, const char *text)
{
	size_t len = strlen(text);
	struct mp_ddf_text *t = malloc(sizeof(*t) + len + 1);

	if (!t) {
		fail(s, -ENOMEM, "memory is out");
		return "";
	}
	t->next = NULL;
	memcpy(t->data, text, len + 1);
	*s->file->last_text = t;
	s->file->last_text = &t->next;
	return t->data;
}

/* ---- the text of a field ---- */

/* Blanks at both ends go, those within become one. */
static void tidy(char *text)
{
	char *to = text;

	for (char *from = text; *from; from++) {
		bool blank = strchr(" \t\r\n", *from);

		if (!blank)
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static uint16_t take_id(struct state *s, const char *text)
{
	uint64_t v = 0;

	if (mp_str_parse_u64(text, MP_LWM2M_ID_MAX, &v) < 0)
		fail(s, -EBADMSG, "\"%s\" is no number from 0 to %d", text, MP_LWM2M_ID_MAX);
	return (uint16_t)v;
}

/* One of two words. */
static bool take_choice(struct state *s, const char *yes, const char *no)
{
	if (strcasecmp(s->text, yes) != 0 && strcasecmp(s->text, no) != 0)
		fail(s, -EBADMSG, "\"%s\" is neither %s nor %s", s->text, yes, no);
	return !strcasecmp(s->text, yes);
}

static const char *take_name(struct state *s)
{
	if (s->too_long)
		fail(s, -EFBIG, "the name is longer than %d bytes", MP_DDF_TEXT_MAX);
	if (!s->text[0])
		fail(s, -EBADMSG, "the name is empty");
	return s->error ? "" : keep(s, s->text);
}

/* What is said for people alone may be left out when it is an essay. */
static const char *take_remark(struct state *s)
{
	return s->too_long || !s->text[0] ? NULL : keep(s, s->text);
}

static void take_operations(struct state *s)
{
	static const struct {
		const char *text;
		uint8_t operations;
	} known[] = {{"", 0},
		     {"R", MP_LWM2M_R},
		     {"W", MP_LWM2M_W},
		     {"RW", MP_LWM2M_RW},
		     {"E", MP_LWM2M_E}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(s->text, known[i].text)) {
			s->item.operations = known[i].operations;
			s->has_operations = true;
			return;
		}
	fail(s, -EBADMSG, "operations \"%s\" are none of R, W, RW, E", s->text);
}

static void take_type(struct state *s)
{
	enum mp_lwm2m_type type = MP_LWM2M_NONE;

	if (s->text[0] && mp_lwm2m_type_parse(s->text, &type) < 0)
		fail(s, -EBADMSG, "there is no type \"%s\"", s->text);
	s->item.type = (uint8_t)type;
	s->has_type = true;
}

static void object_field(struct state *s, const char *name)
{
	if (!strcmp(name, "Name")) {
		s->object.name = take_name(s);
	} else if (!strcmp(name, "ObjectID")) {
		s->object.id = take_id(s, s->text);
		s->has_id = true;
	} else if (!strcmp(name, "ObjectVersion")) {
		if (s->text[0] &&
		    mp_lwm2m_version_parse(s->text, strlen(s->text), &s->object.version) < 0)
			fail(s, -EBADMSG, "\"%s\" is no version", s->text);
	} else if (!strcmp(name, "MultipleInstances")) {
		s->object.multiple = take_choice(s, "Multiple", "Single");
	} else if (!strcmp(name, "Mandatory")) {
		s->object.mandatory = take_choice(s, "Mandatory", "Optional");
	}
}

static void item_field(struct state *s, const char *name)
{
	if (!strcmp(name, "Name"))
		s->item.name = take_name(s);
	else if (!strcmp(name, "Operations"))
		take_operations(s);
	else if (!strcmp(name, "MultipleInstances"))
		s->item.multiple = take_choice(s, "Multiple", "Single");
	else if (!strcmp(name, "Mandatory"))
		s->item.mandatory = take_choice(s, "Mandatory", "Optional");
	else if (!strcmp(name, "Type"))
		take_type(s);
	else if (!strcmp(name, "RangeEnumeration"))
		s->item.range = take_remark(s);
	else if (!strcmp(name, "Units"))
		s->item.units = take_remark(s);
}

/* ---- what is complete ---- */

static void *grown(struct state *s, void *items, size_t n, size_t size)
{
	void *more = n & (n - 1) ? items : realloc(items, (n ? 2 * n : 1) * size);

	if (!more)
		fail(s, -ENOMEM, "memory is out");
	return more;
}

/* Resources stand in any order in the file. */
static void add_item(struct state *s)
{
	struct mp_lwm2m_resource *more;
	size_t n = s->object.n, at = n;

	if (!s->item.name || !s->has_operations || !s->has_type) {
		fail(s, -EBADMSG, "resource %d lacks its name, operations or type", s->item.id);
		return;
	}
	if (n == MP_DDF_RESOURCES_MAX) {
		fail(s, -EFBIG, "more than %d resources", MP_DDF_RESOURCES_MAX);
		return;
	}
	more = grown(s, s->resources, n, sizeof(*more));
	if (!more)
		return;
	s->resources = more;
	while (at > 0 && more[at - 1].id > s->item.id)
		at--;
	if (at > 0 && more[at - 1].id == s->item.id) {
		fail(s, -EBADMSG, "resource %d comes twice", s->item.id);
		return;
	}
	memmove(more + at + 1, more + at, (n - at) * sizeof(*more));
	more[at] = s->item;
	s->object.n++;
}

static void add_object(struct state *s)
{
	struct mp_lwm2m_object *more;

	if (!s->object.name || !s->has_id) {
		fail(s, -EBADMSG, "the object lacks its name or id");
		return;
	}
	if (s->file->n == MP_DDF_OBJECTS_MAX) {
		fail(s, -EFBIG, "more than %d objects", MP_DDF_OBJECTS_MAX);
		return;
	}
	more = grown(s, s->file->objects, s->file->n, sizeof(*more));
	if (!more)
		return;
	s->file->objects = more;
	s->object.resources = take_ptr(s->resources);
	more[s->file->n++] = s->object;
}

/* ---- elements ---- */

static void begin_object(struct state *s)
{
	s->object = (struct mp_lwm2m_object){.version = MP_LWM2M_VERSION(1, 0)};
	s->has_id = false;
}

static void begin_item(struct state *s, const char **attributes)
{
	s->item = (struct mp_lwm2m_resource){.name = NULL};
	s->has_operations = s->has_type = false;
	for (; *attributes; attributes += 2)
		if (!strcmp(attributes[0], "ID")) {
			s->item.id = take_id(s, attributes[1]);
			return;
		}
	fail(s, -EBADMSG, "a resource has no ID");
}

static bool is_known(const struct state *s, const char *name)
{
	static const char *const names[] = {"LWM2M", "Object", "Resources", "Item"};

	return s->place < ITEM && !strcmp(name, names[s->place]);
}

static void XMLCALL begin(void *user, const char *name, const char **attributes)
{
	struct state *s = user;

	if (s->error)
		return;
	if (++s->depth > DEPTH_MAX) {
		fail(s, -EFBIG, "more than %d elements within each other", DEPTH_MAX);
		return;
	}
	s->in_field = false;
	if (s->depth != s->place + 1u)
		return; /* within something that is stepped over */
	if (s->depth == 1 && strcmp(name, "LWM2M") != 0) {
		fail(s, -EBADMSG, "the file is about <%s>, not about <LWM2M>", name);
		return;
	}
	if (!is_known(s, name)) {
		s->in_field = true;
		s->text_len = 0;
		s->too_long = false;
		return;
	}
	s->place++;
	if (s->place == OBJECT)
		begin_object(s);
	else if (s->place == ITEM)
		begin_item(s, attributes);
}

static void end_field(struct state *s, const char *name)
{
	s->in_field = false;
	s->text[s->text_len] = '\0';
	tidy(s->text);
	if (s->place == OBJECT)
		object_field(s, name);
	else if (s->place == ITEM)
		item_field(s, name);
}

static void XMLCALL end(void *user, const char *name)
{
	struct state *s = user;

	if (s->error)
		return;
	if (s->in_field) {
		end_field(s, name);
	} else if (s->depth == s->place) {
		if (s->place == ITEM)
			add_item(s);
		else if (s->place == OBJECT)
			add_object(s);
		s->place--;
	}
	s->depth--;
}

static void XMLCALL characters(void *user, const char *text, int len)
{
	struct state *s = user;

	if (!s->in_field || s->error)
		return;
	if ((size_t)len > MP_DDF_TEXT_MAX - s->text_len) {
		s->too_long = true;
		return;
	}
	memcpy(s->text + s->text_len, text, (size_t)len);
	s->text_len += (size_t)len;
}

static void XMLCALL doctype(void *user, const char *name, const char *system, const char *public,
			    int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	fail(user, -EBADMSG, "a DOCTYPE is not allowed here");
}

/* What expat itself found. */
static int broken(struct state *s)
{
	enum XML_Error code = XML_GetErrorCode(s->parser);

	if (code == XML_ERROR_NO_MEMORY)
		return mp_err_set(s->err, -ENOMEM, "%s: memory is out", s->file->name);
	return mp_err_set(s->err, -EBADMSG, "%s line %lu: %s", s->file->name, line_of(s),
			  XML_ErrorString(code));
}

int mp_ddf_xml(struct mp_ddf_file *f, const void *xml, size_t len, struct mp_err *err)
{
	static const XML_Memory_Handling_Suite memory = {malloc, realloc, free};
	struct state s = {.file = f, .err = err};
	int r = 0;

	s.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	if (!s.parser)
		return mp_err_set(err, -ENOMEM, "%s: memory is out", f->name);
	XML_SetUserData(s.parser, &s);
	XML_SetElementHandler(s.parser, begin, end);
	XML_SetCharacterDataHandler(s.parser, characters);
	XML_SetStartDoctypeDeclHandler(s.parser, doctype);
	if (XML_Parse(s.parser, len ? xml : "", (int)len, 1) == XML_STATUS_ERROR)
		r = s.error ? s.error : broken(&s);
	if (r == 0 && f->n == 0)
		r = mp_err_set(err, -EBADMSG, "%s: there is no object in it", f->name);
	XML_ParserFree(s.parser);
	free(s.resources);
	return r;
}
