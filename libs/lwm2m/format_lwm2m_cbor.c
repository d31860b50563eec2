/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M CBOR (LwM2M Core 1.2 section 7.4.4): maps within maps, whose keys are ids, or arrays of ids that
 * go down several levels at once: {3: {0: {9: 95, 11: {0: 0}}}} is {[3, 0]: {9: 95, [11, 0]: 0}}.
 * null stands for a path alone.
 *
 * Ids begin with the object. In a Write or Create they may begin below the path of the request as well;
 * which of both it is can be seen from how deep a value lies, but for one case: two ids below an
 * object are an instance and its resource, never a multiple resource of an instance without an id. */
#include "lwm2m/codec.h"

#include <errno.h>

#include "lwm2m/cbor.h"

/* ---- reading ---- */

static int take_id(struct mp_lwm2m_reader *r, struct mp_lwm2m_path *p)
{
	struct mp_lwm2m_cbor_head h;

	if (mp_lwm2m_cbor_head(&r->at, r->end, &h) < 0 || h.major != MP_LWM2M_CBOR_UNSIGNED ||
	    h.value > MP_LWM2M_ID_MAX || p->n == 4)
		return -EBADMSG;
	*p = mp_lwm2m_path_child(p, (uint16_t)h.value);
	return 0;
}

static int take_key(struct mp_lwm2m_reader *r, struct mp_lwm2m_path *p)
{
	struct mp_lwm2m_cbor_head h;
	const uint8_t *start = r->at;
	unsigned before = p->n;

	if (mp_lwm2m_cbor_head(&r->at, r->end, &h) < 0)
		return -EBADMSG;
	if (h.major != MP_LWM2M_CBOR_ARRAY) {
		r->at = start;
		return take_id(r, p);
	}
	while (h.endless ? !mp_lwm2m_cbor_break(&r->at, r->end) : h.value-- > 0)
		if (take_id(r, p) < 0)
			return -EBADMSG;
	return p->n > before ? 0 : -EBADMSG;
}

static int enter(struct mp_lwm2m_reader *r, const struct mp_lwm2m_cbor_head *map,
		 const struct mp_lwm2m_path *p)
{
	unsigned d = r->tree.depth;

	if (d == sizeof(r->tree.left) / sizeof(r->tree.left[0]))
		return -EBADMSG;
	r->tree.path[d] = *p;
	r->tree.endless[d] = map->endless;
	r->tree.left[d] = map->endless ? 0 : map->value;
	r->tree.depth++;
	return 0;
}

static int begin(struct mp_lwm2m_reader *r)
{
	struct mp_lwm2m_cbor_head h;

	if (mp_lwm2m_cbor_head(&r->at, r->end, &h) < 0 || h.major != MP_LWM2M_CBOR_MAP)
		return -EBADMSG;
	return enter(r, &h, &mp_lwm2m_path_root);
}

/* Is there another entry in the innermost map? 1, 0, -EBADMSG. */
static int more(struct mp_lwm2m_reader *r)
{
	unsigned d = r->tree.depth - 1u;

	if (r->tree.endless[d])
		return r->at == r->end ? -EBADMSG : !mp_lwm2m_cbor_break(&r->at, r->end);
	if (r->tree.left[d] == 0)
		return 0;
	r->tree.left[d]--;
	return 1;
}

/* The path of ids that may begin with the object, or below the base. */
static int place(const struct mp_lwm2m_reader *r, const struct mp_lwm2m_record *record,
		 struct mp_lwm2m_path *p)
{
	unsigned deepest = record->has_value ? MP_LWM2M_RESOURCE : MP_LWM2M_ROOT;
	struct mp_lwm2m_path joined = r->base;

	if (p->n >= deepest && mp_lwm2m_path_is_below(p, &r->base))
		return 0;
	if (r->base.n == MP_LWM2M_OBJECT && p->n == 1 && record->has_value)
		joined = mp_lwm2m_path_child(&joined, MP_LWM2M_ID_NONE);
	if (joined.n + p->n > 4)
		return -EPROTO;
	for (unsigned i = 0; i < p->n; i++)
		joined = mp_lwm2m_path_child(&joined, p->id[i]);
	if (joined.n < deepest)
		return -EPROTO;
	*p = joined;
	return 0;
}

/* The value behind a key: 1, a record; 0, a map that is not empty and was entered. */
static int take_value(struct mp_lwm2m_reader *r, const struct mp_lwm2m_path *p,
		      struct mp_lwm2m_record *ret)
{
	const uint8_t *start = r->at;
	struct mp_lwm2m_cbor_head h;
	int k;

	if (mp_lwm2m_cbor_head(&r->at, r->end, &h) < 0)
		return -EBADMSG;
	ret->path = *p;
	if (h.major == MP_LWM2M_CBOR_MAP) {
		if (!h.endless && h.value == 0)
			return 1;
		if (!(h.endless && mp_lwm2m_cbor_break(&r->at, r->end)))
			return enter(r, &h, p);
		return 1;
	}
	r->at = start;
	if ((k = mp_lwm2m_cbor_value(r, &r->at, r->end, &ret->value)) < 0)
		return k;
	ret->has_value = ret->value.type != MP_LWM2M_NONE;
	return 1;
}

static int next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	while (r->tree.depth) {
		struct mp_lwm2m_path p = r->tree.path[r->tree.depth - 1];
		int k = more(r);

		if (k < 0)
			return k;
		if (k == 0) {
			r->tree.depth--;
			continue;
		}
		if ((k = take_key(r, &p)) < 0 || (k = take_value(r, &p, ret)) < 0)
			return k;
		if (k > 0)
			return (k = place(r, ret, &ret->path)) < 0 ? k : 1;
	}
	return r->at == r->end ? 0 : -EBADMSG;
}

/* ---- writing: a map a level ---- */

static int open_map(struct mp_lwm2m_writer *w)
{
	w->open[w->depth].at = w->len;
	w->open[w->depth].records = 0;
	w->depth++;
	return mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_MAP, 0);
}

static int close_to(struct mp_lwm2m_writer *w, unsigned depth)
{
	int r = 0;

	while (r == 0 && w->depth > depth) {
		w->depth--;
		r = mp_lwm2m_cbor_put_count(w, w->open[w->depth].at, MP_LWM2M_CBOR_MAP,
					    w->open[w->depth].records);
	}
	return r;
}

static int open(struct mp_lwm2m_writer *w)
{
	return open_map(w);
}

static int put_key(struct mp_lwm2m_writer *w, uint16_t id)
{
	w->open[w->depth - 1].records++;
	return mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_UNSIGNED, id);
}

/* Levels that the path has in common with the record before it. */
static unsigned shared(const struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *p)
{
	unsigned n = 0;

	while (w->records && n + 1u < w->last.n && n + 1u < p->n && w->last.id[n] == p->id[n])
		n++;
	return n;
}

static int record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	const struct mp_lwm2m_path *p = &record->path;
	unsigned level;
	int r;

	/* What is below a path that was an entry itself has no map to go to. */
	if (p->n == MP_LWM2M_ROOT || record->time != 0 || p->id[1] == MP_LWM2M_ID_NONE ||
	    (w->records &&
	     (mp_lwm2m_path_compare(&w->last, p) >= 0 || mp_lwm2m_path_is_below(p, &w->last))))
		return -EINVAL;
	level = shared(w, p);
	r = close_to(w, level + 1);
	for (; r == 0 && level + 1u < p->n; level++)
		if ((r = put_key(w, p->id[level])) == 0)
			r = open_map(w);
	if (r == 0)
		r = put_key(w, p->id[p->n - 1]);
	if (r < 0)
		return r;
	return record->has_value ? mp_lwm2m_cbor_put_value(w, &record->value, false)
				 : mp_lwm2m_put(w, "\xf6", 1); /* null */
}

static int close(struct mp_lwm2m_writer *w)
{
	return close_to(w, 0);
}

const struct mp_lwm2m_codec mp_lwm2m_codec_lwm2m_cbor = {
	.begin = begin,
	.next = next,
	.open = open,
	.record = record,
	.close = close,
};
