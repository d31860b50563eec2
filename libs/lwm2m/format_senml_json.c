/* SPDX-License-Identifier: Apache-2.0 */
/* SenML JSON (RFC 8428 section 5; LwM2M Core 7.4.5): an array of objects, one a record. "vlo" is
 * LwM2M's own label, for links to objects. */
#include "lwm2m/codec.h"

#include <errno.h>
#include <string.h>

#include "lwm2m/base64.h"
#include "lwm2m/json_scan.h"
#include "lwm2m/number.h"
#include "lwm2m/senml.h"

static int begin(struct mp_lwm2m_reader *r)
{
	int k = mp_lwm2m_json_begin(&r->at, r->end, '[');

	r->pack.left = k > 0;
	return k < 0 ? k : 0;
}

/* ---- the fields of a record ---- */

struct walk {
	struct mp_lwm2m_reader *r;
	struct mp_lwm2m_senml *s;
	char kind; /* of a value: 'v', 's', 'b', 'd', 'l' */
};

static int take_text(struct walk *w, const char **ret, size_t *ret_len)
{
	struct mp_lwm2m_json_text text;
	int k = mp_lwm2m_json_string(w->r, &w->r->at, w->r->end, &text);

	if (k == 0) {
		*ret = text.data;
		*ret_len = text.len;
	}
	return k;
}

static int take_number(struct walk *w, struct mp_lwm2m_value *ret)
{
	double unused;
	int k = mp_lwm2m_json_value(w->r, &w->r->at, w->r->end, ret);

	if (k < 0)
		return k;
	return ret->type == MP_LWM2M_BOOLEAN || !mp_lwm2m_value_is_number(ret, &unused) ? -EBADMSG
											: 0;
}

/* Base64 is decoded where it stands, when that is in the scratch, else to there. */
static int take_bytes(struct walk *w, struct mp_lwm2m_value *ret)
{
	struct mp_lwm2m_json_text text;
	size_t used = w->r->scratch_used;
	uint8_t *out;
	int k = mp_lwm2m_json_string(w->r, &w->r->at, w->r->end, &text);

	if (k < 0)
		return k;
	if (w->r->scratch_used > used)
		out = w->r->scratch + used;
	else if (!(out = mp_lwm2m_scratch(w->r, text.len / 4 * 3 + text.len % 4)))
		return -ENOSPC;
	k = mp_lwm2m_base64_decode(text.data, text.len, out, text.len);
	if (k >= 0)
		*ret = mp_lwm2m_opaque(out, (size_t)k);
	return k < 0 ? k : 0;
}

static int take_value(struct walk *w, char kind, struct mp_lwm2m_value *ret)
{
	int k;

	if (kind == 'v')
		return take_number(w, ret);
	if (kind == 'd')
		return take_bytes(w, ret);
	k = mp_lwm2m_json_value(w->r, &w->r->at, w->r->end, ret);
	if (k < 0)
		return k;
	if (ret->type != (kind == 'b' ? MP_LWM2M_BOOLEAN : MP_LWM2M_STRING))
		return -EBADMSG;
	return kind == 'l' ? mp_lwm2m_value_convert(ret, MP_LWM2M_OBJLNK, NULL, 0, ret) : 0;
}

static const struct {
	const char *label;
	enum mp_lwm2m_senml_field field;
	char kind;
} labels[] = {
	{"n", MP_LWM2M_SENML_NAME, 0},	     {"v", MP_LWM2M_SENML_VALUE, 'v'},
	{"vs", MP_LWM2M_SENML_VALUE, 's'},   {"vb", MP_LWM2M_SENML_VALUE, 'b'},
	{"vd", MP_LWM2M_SENML_VALUE, 'd'},   {"vlo", MP_LWM2M_SENML_VALUE, 'l'},
	{"t", MP_LWM2M_SENML_TIME, 0},	     {"bn", MP_LWM2M_SENML_BASE_NAME, 0},
	{"bt", MP_LWM2M_SENML_BASE_TIME, 0}, {"bv", MP_LWM2M_SENML_BASE_VALUE, 0},
	{"bver", MP_LWM2M_SENML_VERSION, 0}, {"u", MP_LWM2M_SENML_OTHER, 0},
	{"bu", MP_LWM2M_SENML_OTHER, 0},     {"ut", MP_LWM2M_SENML_OTHER, 0},
};

static int take_field(struct walk *w, size_t i)
{
	struct mp_lwm2m_senml *s = w->s;
	int k = mp_lwm2m_senml_mark(s, labels[i].field);

	if (k < 0)
		return k;
	switch (labels[i].field) {
	case MP_LWM2M_SENML_NAME:
		return take_text(w, &s->name, &s->name_len);
	case MP_LWM2M_SENML_BASE_NAME:
		return take_text(w, &s->base_name, &s->base_name_len);
	case MP_LWM2M_SENML_VALUE:
		return take_value(w, labels[i].kind, &s->value);
	case MP_LWM2M_SENML_TIME:
		return take_number(w, &s->time);
	case MP_LWM2M_SENML_BASE_TIME:
		return take_number(w, &s->base_time);
	case MP_LWM2M_SENML_BASE_VALUE:
		return take_number(w, &s->base_value);
	case MP_LWM2M_SENML_VERSION:
		return take_number(w, &s->version);
	default:
		return mp_lwm2m_json_skip(&w->r->at, w->r->end);
	}
}

/* Sums have no meaning in LwM2M; a label that ends in '_' must be understood (RFC 8428 4.4). */
static int take_member(struct walk *w)
{
	struct mp_lwm2m_json_text name;
	int k = mp_lwm2m_json_name(w->r, &w->r->at, w->r->end, &name);

	if (k < 0)
		return k;
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (name.len == strlen(labels[i].label) &&
		    !memcmp(name.data, labels[i].label, name.len))
			return take_field(w, i);
	if ((name.len == 1 && name.data[0] == 's') ||
	    (name.len == 2 && !memcmp(name.data, "bs", 2)) ||
	    (name.len && name.data[name.len - 1] == '_'))
		return -ENOTSUP;
	return mp_lwm2m_json_skip(&w->r->at, w->r->end);
}

static int take_record(struct mp_lwm2m_reader *r, struct mp_lwm2m_senml *s)
{
	struct walk w = {.r = r, .s = s};
	int k = mp_lwm2m_json_begin(&r->at, r->end, '{');

	while (k > 0)
		if ((k = take_member(&w)) == 0)
			k = mp_lwm2m_json_more(&r->at, r->end, '}');
	return k;
}

static int next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	int k = 0;

	while (k == 0 && r->pack.left) {
		struct mp_lwm2m_senml s = {.has = 0};

		r->scratch_used = 0;
		if ((k = take_record(r, &s)) < 0)
			return k;
		if ((k = mp_lwm2m_json_more(&r->at, r->end, ']')) < 0)
			return k;
		r->pack.left = (uint32_t)k;
		k = mp_lwm2m_senml_resolve(r, &s, ret);
	}
	if (k)
		return k;
	mp_lwm2m_json_blanks(&r->at, r->end);
	return r->at == r->end ? 0 : -EBADMSG;
}

/* ---- writing ---- */

static const char *label_of(enum mp_lwm2m_type type)
{
	switch (type) {
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
		return "\"vs\":";
	case MP_LWM2M_BOOLEAN:
		return "\"vb\":";
	case MP_LWM2M_OPAQUE:
		return "\"vd\":";
	case MP_LWM2M_OBJLNK:
		return "\"vlo\":";
	default:
		return "\"v\":";
	}
}

static int open(struct mp_lwm2m_writer *w)
{
	return mp_lwm2m_put_text(w, "[");
}

/* One member: a comma unless it is the first, its label, and text that needs no escapes. */
static int put_member(struct mp_lwm2m_writer *w, bool *first, const char *label, const char *text)
{
	int r = *first ? 0 : mp_lwm2m_put_text(w, ",");

	*first = false;
	if (r == 0)
		r = mp_lwm2m_put_text(w, label);
	return r == 0 ? mp_lwm2m_put_text(w, text) : r;
}

static int put_names(struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path, bool *first)
{
	char base[MP_LWM2M_PATH_TEXT + 1], name[MP_LWM2M_PATH_TEXT];
	size_t base_len;
	int r = 0;

	mp_lwm2m_senml_names(w, path, base, &base_len, name);
	if (base_len) {
		r = put_member(w, first, "\"bn\":\"", base);
		if (r == 0)
			r = mp_lwm2m_put_text(w, "\"");
	}
	if (r == 0 && name[0]) {
		r = put_member(w, first, "\"n\":\"", name);
		if (r == 0)
			r = mp_lwm2m_put_text(w, "\"");
	}
	return r;
}

static int record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	char text[MP_LWM2M_NUMBER_TEXT];
	bool first = true;
	int r = mp_lwm2m_put_text(w, w->records ? ",{" : "{");

	if (r == 0)
		r = put_names(w, &record->path, &first);
	if (r == 0 && record->time != 0) {
		mp_lwm2m_number_format_float(record->time, text);
		r = put_member(w, &first, "\"t\":", text);
	}
	if (r == 0 && record->has_value) {
		r = put_member(w, &first, label_of(record->value.type), "");
		if (r == 0)
			r = mp_lwm2m_json_put_value(w, &record->value, true);
	}
	return r == 0 ? mp_lwm2m_put_text(w, "}") : r;
}

static int close(struct mp_lwm2m_writer *w)
{
	return mp_lwm2m_put_text(w, "]");
}

const struct mp_lwm2m_codec mp_lwm2m_codec_senml_json = {
	.begin = begin,
	.next = next,
	.open = open,
	.record = record,
	.close = close,
};
