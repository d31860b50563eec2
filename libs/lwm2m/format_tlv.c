/* SPDX-License-Identifier: Apache-2.0 */
/* TLV (LwM2M Core 7.4.3 of 1.1, 7.4.5 of 1.2): entries of
 *
 *     type (1 byte): bits 7-6 what the id names, 5 its id has two bytes, 4-3 bytes of the length,
 *                    2-0 the length itself when those are 0
 *     id (1 or 2 bytes), length (0 to 3 bytes), value
 *
 * where the value of an object instance or of a multiple resource is entries again. Which levels
 * stand in the payload depends on the path of the request, which is the base here. */
#include "lwm2m/codec.h"

#include <errno.h>
#include <string.h>

enum kind { INSTANCE = 0, RESOURCE_INSTANCE = 1, MULTIPLE = 2, RESOURCE = 3 };

struct entry {
	enum kind kind;
	uint16_t id;
	const uint8_t *value;
	size_t len;
};

static int take_entry(const uint8_t **at, const uint8_t *end, struct entry *ret)
{
	const uint8_t *p = *at;
	unsigned type = *p++, id_len = type & 0x20 ? 2 : 1, len_len = type >> 3 & 3;

	if ((size_t)(end - p) < id_len + len_len)
		return -EBADMSG;
	ret->kind = (enum kind)(type >> 6);
	ret->id = (uint16_t)(id_len == 2 ? p[0] << 8 | p[1] : p[0]);
	p += id_len;
	ret->len = len_len ? 0 : type & 7;
	while (len_len--)
		ret->len = ret->len << 8 | *p++;
	if (ret->len > (size_t)(end - p) || ret->id > MP_LWM2M_ID_MAX)
		return -EBADMSG;
	ret->value = p;
	*at = p + ret->len;
	return 0;
}

/* The path of an entry whose `level` follows from its kind, in a container, or at the top where the
 * base may name the same level itself. */
static int place(const struct mp_lwm2m_reader *r, const struct mp_lwm2m_path *parent,
		 unsigned level, uint16_t id, struct mp_lwm2m_path *ret)
{
	struct mp_lwm2m_path p = r->tlv.depth ? *parent : r->base;

	if (p.n >= level) {
		if (r->tlv.depth || p.id[level - 1] != id)
			return -EPROTO;
		*ret = mp_lwm2m_path_top(&p, level);
		return 0;
	}
	/* Resources alone, for an object: a new instance, whose id the device chooses. */
	if (p.n == MP_LWM2M_OBJECT && level == MP_LWM2M_RESOURCE)
		p = mp_lwm2m_path_child(&p, MP_LWM2M_ID_NONE);
	if (p.n + 1u != level)
		return -EPROTO;
	*ret = mp_lwm2m_path_child(&p, id);
	return 0;
}

static const uint8_t level_of[] = {
	[INSTANCE] = MP_LWM2M_INSTANCE,
	[RESOURCE_INSTANCE] = MP_LWM2M_RESOURCE_INSTANCE,
	[MULTIPLE] = MP_LWM2M_RESOURCE,
	[RESOURCE] = MP_LWM2M_RESOURCE,
};

/* Go into a container that holds something; 1: it is empty, and a record of its own. */
static int enter(struct mp_lwm2m_reader *r, const struct entry *e, const struct mp_lwm2m_path *path,
		 struct mp_lwm2m_record *ret)
{
	if (e->len == 0) {
		ret->path = *path;
		return 1;
	}
	r->tlv.path[r->tlv.depth] = *path;
	r->tlv.end[r->tlv.depth] = e->value + e->len;
	r->tlv.depth++;
	r->at = e->value;
	return 0;
}

static int next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	for (;;) {
		unsigned depth = r->tlv.depth;
		const uint8_t *end = depth ? r->tlv.end[depth - 1] : r->end;
		struct mp_lwm2m_path path;
		struct entry e;
		int k;

		if (r->at == end) {
			if (depth == 0)
				return 0;
			r->tlv.depth--;
			continue;
		}
		if ((k = take_entry(&r->at, end, &e)) < 0)
			return k;
		k = place(r, depth ? &r->tlv.path[depth - 1] : NULL, level_of[e.kind], e.id, &path);
		if (k < 0)
			return k;
		if (e.kind == INSTANCE || e.kind == MULTIPLE) {
			if ((k = enter(r, &e, &path, ret)) != 0)
				return k;
			continue;
		}
		ret->path = path;
		ret->has_value = true;
		ret->value.type = MP_LWM2M_RAW_TLV;
		ret->value.opaque.data = e.value;
		ret->value.opaque.len = e.len;
		return 1;
	}
}

/* ---- writing ---- */

/* Type and id, whose length is not known yet. */
static int put_head(struct mp_lwm2m_writer *w, enum kind kind, uint16_t id)
{
	uint8_t head[3] = {(uint8_t)(kind << 6)};
	size_t n = 1;

	if (id > 0xff) {
		head[0] |= 0x20;
		head[n++] = (uint8_t)(id >> 8);
	}
	head[n++] = (uint8_t)id;
	return mp_lwm2m_put(w, head, n);
}

/* The entry that begins at `at` is complete: put its length in. */
static int put_length(struct mp_lwm2m_writer *w, size_t at)
{
	size_t value = at + (w->out[at] & 0x20 ? 3 : 2), len = w->len - value;
	unsigned bytes = len < 8 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;

	if (len > 0xffffff)
		return -EINVAL;
	if (bytes == 0)
		w->out[at] |= (uint8_t)len;
	else if (mp_lwm2m_put_gap(w, value, bytes) < 0)
		return -ENOSPC;
	w->out[at] |= (uint8_t)(bytes << 3);
	for (unsigned i = 0; i < bytes; i++)
		w->out[value + i] = (uint8_t)(len >> 8 * (bytes - 1 - i));
	return 0;
}

static int put_integer(struct mp_lwm2m_writer *w, uint64_t bits, size_t bytes)
{
	uint8_t b[8];

	for (size_t i = 0; i < bytes; i++)
		b[i] = (uint8_t)(bits >> 8 * (bytes - 1 - i));
	return mp_lwm2m_put(w, b, bytes);
}

static size_t signed_bytes(int64_t v)
{
	return v == (int8_t)v ? 1 : v == (int16_t)v ? 2 : v == (int32_t)v ? 4 : 8;
}

static size_t unsigned_bytes(uint64_t v)
{
	return v <= 0xff ? 1 : v <= 0xffff ? 2 : v <= 0xffffffff ? 4 : 8;
}

static int put_real(struct mp_lwm2m_writer *w, double v)
{
	float single = (float)v;
	uint32_t half;
	uint64_t bits;

	if ((double)single == v) {
		memcpy(&half, &single, sizeof(half));
		return put_integer(w, half, sizeof(half));
	}
	memcpy(&bits, &v, sizeof(bits));
	return put_integer(w, bits, sizeof(bits));
}

static int put_value(struct mp_lwm2m_writer *w, const struct mp_lwm2m_value *v)
{
	switch (v->type) {
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
		return mp_lwm2m_put(w, v->text.data, v->text.len);
	case MP_LWM2M_OPAQUE:
		return mp_lwm2m_put(w, v->opaque.data, v->opaque.len);
	case MP_LWM2M_INTEGER:
	case MP_LWM2M_TIME:
		return put_integer(w, (uint64_t)v->integer, signed_bytes(v->integer));
	case MP_LWM2M_UNSIGNED:
		return put_integer(w, v->natural, unsigned_bytes(v->natural));
	case MP_LWM2M_FLOAT:
		return put_real(w, v->real);
	case MP_LWM2M_BOOLEAN:
		return put_integer(w, v->boolean, 1);
	case MP_LWM2M_OBJLNK:
		return put_integer(w, (uint32_t)v->link.object << 16 | v->link.instance, 4);
	default:
		return -EINVAL;
	}
}

static int close_to(struct mp_lwm2m_writer *w, unsigned depth)
{
	int r = 0;

	while (r == 0 && w->depth > depth)
		r = put_length(w, w->open[--w->depth].at);
	return r;
}

static int open_container(struct mp_lwm2m_writer *w, enum kind kind, uint16_t id)
{
	w->open[w->depth++].at = w->len;
	return put_head(w, kind, id);
}

/* Is the level of the path one that the payload has an entry of? Those that the base names have
 * none, but for the one that the payload is about: /3/0/9 is an entry for 9. */
static bool has_entry(const struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path,
		      unsigned level)
{
	if (level == MP_LWM2M_INSTANCE)
		return w->base.n < MP_LWM2M_INSTANCE && path->id[1] != MP_LWM2M_ID_NONE;
	return level >= MP_LWM2M_RESOURCE && w->base.n <= level;
}

/* Close what the path is not in, open what it is in. A container is open by its depth: those that were
 * opened for the record before are the entries of its levels. */
static int open_containers(struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path,
			   unsigned containers)
{
	unsigned depth = 0;
	bool kept = true;
	int r = 0;

	for (unsigned level = MP_LWM2M_INSTANCE; r == 0 && level <= containers; level++) {
		struct mp_lwm2m_path top = mp_lwm2m_path_top(path, level);

		if (!has_entry(w, path, level))
			continue;
		kept = kept && depth < w->depth && mp_lwm2m_path_is_below(&w->last, &top);
		if (!kept && (r = close_to(w, depth)) == 0)
			r = open_container(w, level == MP_LWM2M_INSTANCE ? INSTANCE : MULTIPLE,
					   path->id[level - 1]);
		depth++;
	}
	return r == 0 ? close_to(w, depth) : r;
}

static int record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	const struct mp_lwm2m_path *p = &record->path;
	unsigned containers = record->has_value ? p->n - 1u : p->n;
	size_t at;
	int r;

	if (w->base.n == MP_LWM2M_ROOT || record->time != 0 || p->n < MP_LWM2M_INSTANCE ||
	    (!record->has_value && p->n > MP_LWM2M_RESOURCE))
		return -EINVAL;
	if (w->records && mp_lwm2m_path_compare(&w->last, p) >= 0)
		return -EINVAL;
	if ((r = open_containers(w, p, containers)) < 0 || !record->has_value)
		return r;
	at = w->len;
	r = put_head(w, p->n == MP_LWM2M_RESOURCE ? RESOURCE : RESOURCE_INSTANCE, p->id[p->n - 1]);
	if (r == 0)
		r = put_value(w, &record->value);
	return r == 0 ? put_length(w, at) : r;
}

static int close(struct mp_lwm2m_writer *w)
{
	return close_to(w, 0);
}

const struct mp_lwm2m_codec mp_lwm2m_codec_tlv = {
	.next = next,
	.record = record,
	.close = close,
};
