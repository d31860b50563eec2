/* SPDX-License-Identifier: Apache-2.0 */
/* SenML CBOR (RFC 8428 section 6; LwM2M Core 7.4.6): an array of maps, one a record, whose labels are
 * small numbers. "vlo" is LwM2M's own label, for links to objects, and a text. */
#include "lwm2m/codec.h"

#include <errno.h>
#include <string.h>

#include "lwm2m/cbor.h"
#include "lwm2m/senml.h"

enum label {
	BASE_SUM = -6,
	BASE_VALUE,
	BASE_UNIT,
	BASE_TIME,
	BASE_NAME,
	BASE_VERSION,
	NAME,
	UNIT,
	VALUE,
	TEXT,
	BOOLEAN,
	SUM,
	TIME,
	UPDATE_TIME,
	DATA,
	LINK, /* "vlo", which has no number */
	UNKNOWN,
};

static int begin(struct mp_lwm2m_reader *r)
{
	struct mp_lwm2m_cbor_head h;

	if (mp_lwm2m_cbor_head(&r->at, r->end, &h) < 0 || h.major != MP_LWM2M_CBOR_ARRAY)
		return -EBADMSG;
	r->pack.endless = h.endless;
	r->pack.left = h.endless ? 0 : h.value;
	return 0;
}

/* Is there one more item of an array or a map? 1, 0, -EBADMSG. Steps over the break. */
static int more(const uint8_t **at, const uint8_t *end, bool endless, uint64_t *left)
{
	if (endless)
		return *at == end ? -EBADMSG : !mp_lwm2m_cbor_break(at, end);
	if (*left == 0)
		return 0;
	(*left)--;
	return 1;
}

/* ---- the fields of a record ---- */

static int take_label(struct mp_lwm2m_reader *r, enum label *ret)
{
	struct mp_lwm2m_value v;
	int k = mp_lwm2m_cbor_value(r, &r->at, r->end, &v);

	if (k < 0)
		return k;
	*ret = UNKNOWN;
	if (v.type == MP_LWM2M_INTEGER) {
		if (v.integer >= BASE_SUM && v.integer <= DATA)
			*ret = (enum label)v.integer;
	} else if (v.type == MP_LWM2M_UNSIGNED) {
		return 0;
	} else if (v.type != MP_LWM2M_STRING) {
		return -EBADMSG;
	} else if (v.text.len == 3 && !memcmp(v.text.data, "vlo", 3)) {
		*ret = LINK;
	} else if (v.text.len && v.text.data[v.text.len - 1] == '_') {
		return -ENOTSUP; /* must be understood (RFC 8428 section 4.4) */
	}
	return *ret == SUM || *ret == BASE_SUM ? -ENOTSUP : 0;
}

static int take_typed(struct mp_lwm2m_reader *r, enum mp_lwm2m_type type,
		      struct mp_lwm2m_value *ret)
{
	int k = mp_lwm2m_cbor_value(r, &r->at, r->end, ret);

	return k < 0 ? k : ret->type == type ? 0 : -EBADMSG;
}

static int take_number(struct mp_lwm2m_reader *r, struct mp_lwm2m_value *ret)
{
	int k = mp_lwm2m_cbor_value(r, &r->at, r->end, ret);
	double unused;

	if (k < 0)
		return k;
	return ret->type == MP_LWM2M_BOOLEAN || !mp_lwm2m_value_is_number(ret, &unused) ? -EBADMSG
											: 0;
}

static int take_text(struct mp_lwm2m_reader *r, const char **ret, size_t *ret_len)
{
	struct mp_lwm2m_value v;
	int k = take_typed(r, MP_LWM2M_STRING, &v);

	if (k == 0) {
		*ret = v.text.data;
		*ret_len = v.text.len;
	}
	return k;
}

static int take_value(struct mp_lwm2m_reader *r, enum label label, struct mp_lwm2m_value *ret)
{
	int k;

	switch (label) {
	case TEXT:
		return take_typed(r, MP_LWM2M_STRING, ret);
	case BOOLEAN:
		return take_typed(r, MP_LWM2M_BOOLEAN, ret);
	case DATA:
		return take_typed(r, MP_LWM2M_OPAQUE, ret);
	case LINK:
		k = take_typed(r, MP_LWM2M_STRING, ret);
		return k < 0 ? k : mp_lwm2m_value_convert(ret, MP_LWM2M_OBJLNK, NULL, 0, ret);
	default:
		return take_number(r, ret);
	}
}

static enum mp_lwm2m_senml_field field_of(enum label label)
{
	switch (label) {
	case BASE_NAME:
		return MP_LWM2M_SENML_BASE_NAME;
	case BASE_TIME:
		return MP_LWM2M_SENML_BASE_TIME;
	case BASE_VALUE:
		return MP_LWM2M_SENML_BASE_VALUE;
	case BASE_VERSION:
		return MP_LWM2M_SENML_VERSION;
	case NAME:
		return MP_LWM2M_SENML_NAME;
	case TIME:
		return MP_LWM2M_SENML_TIME;
	case VALUE:
	case TEXT:
	case BOOLEAN:
	case DATA:
	case LINK:
		return MP_LWM2M_SENML_VALUE;
	default:
		return MP_LWM2M_SENML_OTHER;
	}
}

static int take_field(struct mp_lwm2m_reader *r, struct mp_lwm2m_senml *s)
{
	enum label label;
	int k = take_label(r, &label);

	if (k < 0 || (k = mp_lwm2m_senml_mark(s, field_of(label))) < 0)
		return k;
	switch (field_of(label)) {
	case MP_LWM2M_SENML_BASE_NAME:
		return take_text(r, &s->base_name, &s->base_name_len);
	case MP_LWM2M_SENML_NAME:
		return take_text(r, &s->name, &s->name_len);
	case MP_LWM2M_SENML_BASE_TIME:
		return take_number(r, &s->base_time);
	case MP_LWM2M_SENML_TIME:
		return take_number(r, &s->time);
	case MP_LWM2M_SENML_BASE_VALUE:
		return take_number(r, &s->base_value);
	case MP_LWM2M_SENML_VERSION:
		return take_number(r, &s->version);
	case MP_LWM2M_SENML_VALUE:
		return take_value(r, label, &s->value);
	default:
		return mp_lwm2m_cbor_skip(&r->at, r->end);
	}
}

static int take_record(struct mp_lwm2m_reader *r, struct mp_lwm2m_senml *s)
{
	struct mp_lwm2m_cbor_head h;
	int k;

	if (mp_lwm2m_cbor_head(&r->at, r->end, &h) < 0 || h.major != MP_LWM2M_CBOR_MAP)
		return -EBADMSG;
	while ((k = more(&r->at, r->end, h.endless, &h.value)) > 0)
		if ((k = take_field(r, s)) < 0)
			return k;
	return k;
}

static int next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	int k;

	while ((k = more(&r->at, r->end, r->pack.endless, &r->pack.left)) > 0) {
		struct mp_lwm2m_senml s = {.has = 0};

		r->scratch_used = 0;
		if ((k = take_record(r, &s)) < 0)
			return k;
		if ((k = mp_lwm2m_senml_resolve(r, &s, ret)) != 0)
			return k;
	}
	return k < 0 || r->at == r->end ? k : -EBADMSG;
}

/* ---- writing ---- */

static int open(struct mp_lwm2m_writer *w)
{
	return mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_ARRAY, 0);
}

static int put_label(struct mp_lwm2m_writer *w, enum label label)
{
	return label == LINK ? mp_lwm2m_cbor_put_text(w, "vlo", 3)
			     : mp_lwm2m_cbor_put_integer(w, label);
}

static int put_text(struct mp_lwm2m_writer *w, enum label label, const char *text)
{
	int r = put_label(w, label);

	return r == 0 ? mp_lwm2m_cbor_put_text(w, text, strlen(text)) : r;
}

/* A time in seconds: a whole number where it is one. */
static int put_time(struct mp_lwm2m_writer *w, double time)
{
	struct mp_lwm2m_value v = mp_lwm2m_float(time);
	int r = put_label(w, TIME);

	mp_lwm2m_value_convert(&v, MP_LWM2M_INTEGER, NULL, 0, &v);
	return r == 0 ? mp_lwm2m_cbor_put_value(w, &v, false) : r;
}

static enum label label_of(enum mp_lwm2m_type type)
{
	switch (type) {
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
		return TEXT;
	case MP_LWM2M_BOOLEAN:
		return BOOLEAN;
	case MP_LWM2M_OPAQUE:
		return DATA;
	case MP_LWM2M_OBJLNK:
		return LINK;
	default:
		return VALUE;
	}
}

static int put_value(struct mp_lwm2m_writer *w, const struct mp_lwm2m_value *v)
{
	int r = put_label(w, label_of(v->type));

	return r == 0 ? mp_lwm2m_cbor_put_value(w, v, false) : r;
}

static int record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	char base[MP_LWM2M_PATH_TEXT + 1], name[MP_LWM2M_PATH_TEXT];
	size_t base_len;
	int r;

	mp_lwm2m_senml_names(w, &record->path, base, &base_len, name);
	r = mp_lwm2m_cbor_put_head(w, MP_LWM2M_CBOR_MAP,
				   (base_len > 0) + (name[0] != '\0') + (record->time != 0) +
					   (uint64_t)record->has_value);
	if (r == 0 && base_len)
		r = put_text(w, BASE_NAME, base);
	if (r == 0 && name[0])
		r = put_text(w, NAME, name);
	if (r == 0 && record->time != 0)
		r = put_time(w, record->time);
	if (r == 0 && record->has_value)
		r = put_value(w, &record->value);
	return r;
}

static int close(struct mp_lwm2m_writer *w)
{
	return mp_lwm2m_cbor_put_count(w, 0, MP_LWM2M_CBOR_ARRAY, w->records);
}

const struct mp_lwm2m_codec mp_lwm2m_codec_senml_cbor = {
	.begin = begin,
	.next = next,
	.open = open,
	.record = record,
	.close = close,
};
