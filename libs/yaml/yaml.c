/* SPDX-License-Identifier: Apache-2.0
 * yaml.c - libyaml's events to a tree */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "yaml/internal.h"

#define MOST_BYTES (1u << 20)
#define MOST_LEVELS 32
#define MOST_NODES 10000

struct mp_yaml {
	enum mp_yaml_type type;
	bool plain; /* a scalar without quotes */
	unsigned line;
	char *key; /* in a map; else NULL */
	unsigned key_line;
	char *text; /* of a scalar */
	struct mp_yaml **items;
	size_t size, room;
	const struct mp_yaml_doc *doc;
};

struct mp_yaml_doc {
	char *name;
	struct mp_yaml *root;
};

/* One document being read. */
struct reader {
	yaml_parser_t parser;
	struct mp_yaml_doc *doc;
	unsigned nodes;
	struct mp_err *err;
};

/* ---- the tree ---- */
static void node_free(struct mp_yaml *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->size; i++)
		node_free(n->items[i]);
	free(n->items);
	free(n->key);
	free(n->text);
	free(n);
}

void mp_yaml_doc_free(struct mp_yaml_doc *d)
{
	if (!d)
		return;
	node_free(d->root);
	free(d->name);
	free(d);
}

const struct mp_yaml *mp_yaml_root(const struct mp_yaml_doc *d)
{
	return d->root;
}

enum mp_yaml_type mp_yaml_type(const struct mp_yaml *n)
{
	return n ? n->type : MP_YAML_SCALAR;
}

const struct mp_yaml *mp_yaml_get(const struct mp_yaml *map, const char *key)
{
	for (size_t i = 0; map && map->type == MP_YAML_MAP && i < map->size; i++)
		if (mp_streq(map->items[i]->key, key))
			return map->items[i];
	return NULL;
}

size_t mp_yaml_size(const struct mp_yaml *n)
{
	return n ? n->size : 0;
}

const struct mp_yaml *mp_yaml_at(const struct mp_yaml *n, size_t i)
{
	return n && i < n->size ? n->items[i] : NULL;
}

const char *mp_yaml_key(const struct mp_yaml *map, size_t i)
{
	return map && i < map->size ? map->items[i]->key : NULL;
}

const char *mp_yaml_str(const struct mp_yaml *n)
{
	return n ? n->text : NULL;
}

bool mp_yaml_is_plain(const struct mp_yaml *n)
{
	return n && n->plain;
}

unsigned mp_yaml_line(const struct mp_yaml *n)
{
	return n ? n->line : 1;
}

__attribute__((format(printf, 5, 0))) static int complain(const char *name, unsigned line,
							  struct mp_err *err, int code,
							  const char *fmt, va_list ap)
{
	char text[400];

	vsnprintf(text, sizeof(text), fmt, ap);
	return mp_err_set(err, code, "%s:%u: %s", name, line, text);
}

int mp_yaml_err(const struct mp_yaml *n, struct mp_err *err, int code, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = complain(n ? n->doc->name : "document", mp_yaml_line(n), err, code, fmt, ap);
	va_end(ap);
	return r;
}

int mp_yaml_key_err(const struct mp_yaml *map, size_t i, struct mp_err *err, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = complain(map->doc->name, map->items[i]->key_line, err, -EBADMSG, fmt, ap);
	va_end(ap);
	return r;
}

/* ---- reading ---- */
__attribute__((format(printf, 3, 4))) static int refuse(struct reader *r, size_t line,
							const char *fmt, ...)
{
	va_list ap;
	int code;

	va_start(ap, fmt);
	code = complain(r->doc->name, (unsigned)line + 1, r->err, -EBADMSG, fmt, ap);
	va_end(ap);
	return code;
}

static int no_memory(struct reader *r)
{
	return mp_err_set(r->err, -ENOMEM, "out of memory");
}

static int next_event(struct reader *r, yaml_event_t *ret)
{
	const yaml_parser_t *p = &r->parser;

	if (yaml_parser_parse(&r->parser, ret))
		return 0;
	switch (p->error) {
	case YAML_MEMORY_ERROR:
		return no_memory(r);
	case YAML_READER_ERROR:
		return refuse(r, p->mark.line, "not readable as UTF-8 text: %s", p->problem);
	default:
		if (strstr(p->problem, "cannot start any token"))
			return refuse(r, p->problem_mark.line,
				      "a tab, or a sign that needs quotes around the text");
		return refuse(r, p->problem_mark.line, "not valid YAML: %s", p->problem);
	}
}

static int check_properties(struct reader *r, const yaml_event_t *e, const yaml_char_t *anchor,
			    const yaml_char_t *tag)
{
	if (anchor)
		return refuse(r, e->start_mark.line,
			      "anchors (&%s) are not supported: write the value out", anchor);
	if (tag)
		return refuse(r, e->start_mark.line,
			      "tags (%s) are not supported: leave the tag away", tag);
	return 0;
}

static struct mp_yaml *new_node(struct reader *r, const yaml_event_t *e, enum mp_yaml_type type)
{
	struct mp_yaml *n = calloc(1, sizeof(*n));

	if (n)
		*n = (struct mp_yaml){
			.type = type, .doc = r->doc, .line = (unsigned)e->start_mark.line + 1};
	return n;
}

static int add_item(struct mp_yaml *parent, struct mp_yaml *item)
{
	if (parent->size == parent->room) {
		size_t room = parent->room ? 2 * parent->room : 4;
		void *items = realloc(parent->items, room * sizeof(*parent->items));

		if (!items)
			return -ENOMEM;
		parent->items = items;
		parent->room = room;
	}
	parent->items[parent->size++] = item;
	return 0;
}

static int read_node(struct reader *r, const yaml_event_t *e, unsigned level, struct mp_yaml **ret);

static int read_scalar(struct reader *r, const yaml_event_t *e, struct mp_yaml **ret)
{
	const char *text = (const char *)e->data.scalar.value;
	int code = check_properties(r, e, e->data.scalar.anchor, e->data.scalar.tag);
	struct mp_yaml *n;

	if (code < 0)
		return code;
	if (strlen(text) != e->data.scalar.length)
		return refuse(r, e->start_mark.line, "a text may not hold a NUL character");
	n = new_node(r, e, MP_YAML_SCALAR);
	if (!n)
		return no_memory(r);
	n->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	n->text = strdup(text);
	if (!n->text) {
		node_free(n);
		return no_memory(r);
	}
	*ret = n;
	return 0;
}

/* Read the value that begins at `e` and put it at the end of `parent`, under `key` (taken). */
static int read_item(struct reader *r, struct mp_yaml *parent, const yaml_event_t *e,
		     unsigned level, char *key, unsigned key_line)
{
	struct mp_yaml *item = NULL;
	int code = read_node(r, e, level, &item);

	if (code < 0) {
		free(key);
		return code;
	}
	item->key = key;
	item->key_line = key_line;
	code = add_item(parent, item);
	if (code < 0) {
		node_free(item);
		return no_memory(r);
	}
	return 0;
}

static int read_key(struct reader *r, const struct mp_yaml *map, const yaml_event_t *e, char **ret)
{
	const struct mp_yaml *before;
	struct mp_yaml *n = NULL;
	int code;

	if (e->type != YAML_SCALAR_EVENT)
		return refuse(r, e->start_mark.line, "a key must be a plain text");
	code = read_scalar(r, e, &n);
	if (code < 0)
		return code;
	before = mp_yaml_get(map, n->text);
	if (before)
		code = refuse(r, e->start_mark.line,
			      "the key '%s' is there twice, first on line %u", n->text,
			      before->key_line);
	else
		*ret = take_ptr(n->text);
	node_free(n);
	return code;
}

/* Everything up to the end of a list or map. */
static int read_items(struct reader *r, struct mp_yaml *n, unsigned level)
{
	for (;;) {
		yaml_event_t e;
		unsigned key_line = 0;
		char *key = NULL;
		int code = next_event(r, &e);

		if (code < 0)
			return code;
		if (e.type == YAML_SEQUENCE_END_EVENT || e.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&e);
			return 0;
		}
		if (n->type == MP_YAML_MAP) {
			key_line = (unsigned)e.start_mark.line + 1;
			code = read_key(r, n, &e, &key);
			yaml_event_delete(&e);
			if (code == 0)
				code = next_event(r, &e);
			if (code < 0) {
				free(key);
				return code;
			}
		}
		code = read_item(r, n, &e, level, key, key_line);
		yaml_event_delete(&e);
		if (code < 0)
			return code;
	}
}

static int read_many(struct reader *r, const yaml_event_t *e, unsigned level, struct mp_yaml **ret)
{
	bool is_map = e->type == YAML_MAPPING_START_EVENT;
	struct mp_yaml *n;
	int code;

	code = is_map ? check_properties(r, e, e->data.mapping_start.anchor,
					 e->data.mapping_start.tag)
		      : check_properties(r, e, e->data.sequence_start.anchor,
					 e->data.sequence_start.tag);
	if (code < 0)
		return code;
	if (level >= MOST_LEVELS)
		return refuse(r, e->start_mark.line, "more than %d levels deep", MOST_LEVELS);
	n = new_node(r, e, is_map ? MP_YAML_MAP : MP_YAML_LIST);
	if (!n)
		return no_memory(r);
	code = read_items(r, n, level + 1);
	if (code < 0)
		node_free(n);
	else
		*ret = n;
	return code;
}

static int read_node(struct reader *r, const yaml_event_t *e, unsigned level, struct mp_yaml **ret)
{
	if (++r->nodes > MOST_NODES)
		return refuse(r, e->start_mark.line, "more than %d values", MOST_NODES);
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return read_scalar(r, e, ret);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_many(r, e, level, ret);
	default:
		return refuse(r, e->start_mark.line,
			      "aliases (*%s) are not supported: write the value out",
			      e->type == YAML_ALIAS_EVENT ? (char *)e->data.alias.anchor : "");
	}
}

/* stream start, document start, the root, document end, stream end */
static int read_document(struct reader *r)
{
	bool in_document = false;

	for (;;) {
		yaml_event_t e;
		yaml_event_type_t type;
		int code = next_event(r, &e);

		if (code < 0)
			return code;
		type = e.type;
		if (type == YAML_DOCUMENT_START_EVENT && in_document)
			code = refuse(r, e.start_mark.line, "a second document ('---')");
		else if (type == YAML_DOCUMENT_START_EVENT)
			in_document = true;
		else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_END_EVENT &&
			 type != YAML_STREAM_END_EVENT)
			code = read_node(r, &e, 0, &r->doc->root);
		yaml_event_delete(&e);
		if (code < 0 || type == YAML_STREAM_END_EVENT)
			return code;
	}
}

int mp_yaml_parse(const char *name, const void *text, size_t len, struct mp_yaml_doc **ret,
		  struct mp_err *err)
{
	auto_(mp_yaml_doc) *doc = calloc(1, sizeof(*doc));
	struct reader r = {.doc = doc, .err = err};
	int code;

	if (len > MOST_BYTES)
		return mp_err_set(err, -EFBIG, "%s is larger than %u bytes", name, MOST_BYTES);
	if (!doc || !(doc->name = strdup(name)) || !yaml_parser_initialize(&r.parser))
		return mp_err_set(err, -ENOMEM, "out of memory");
	yaml_parser_set_input_string(&r.parser, len ? text : (const void *)"", len);
	code = read_document(&r);
	yaml_parser_delete(&r.parser);
	if (code == 0)
		*ret = take_ptr(doc);
	return code;
}

int mp_yaml_load(const char *path, struct mp_yaml_doc **ret, struct mp_err *err)
{
	MP_BUF(text, MOST_BYTES);
	int r = mp_file_read(path, &text, err);

	return r < 0 ? r : mp_yaml_parse(path, mp_buf_str(&text), text.len, ret, err);
}
