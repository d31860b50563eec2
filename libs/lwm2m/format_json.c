/* SPDX-License-Identifier: Apache-2.0 */
/* LwM2M JSON of 1.0 (LwM2M 1.0 section 6.4.4): one object with a base name "bn", a base time "bt" and
 * an array "e" of entries. The members may come in any order, so that the object is looked
 * through once before the entries are read. Without a base name, names are below the request's path. */
#include "lwm2m/codec.h"

#include <errno.h>
#include <string.h>

#include "lwm2m/json_scan.h"
#include "lwm2m/number.h"
#include "lwm2m/senml.h"

static bool is(const struct mp_lwm2m_json_text *name, const char *what)
{
	return name->len == strlen(what) && !memcmp(name->data, what, name->len);
}

static int take_base_name(struct mp_lwm2m_reader *r)
{
	struct mp_lwm2m_json_text text;
	int k = mp_lwm2m_json_string(r, &r->at, r->end, &text);

	if (k < 0)
		return k;
	if (r->pack.has_base_name || text.len > sizeof(r->pack.base_name))
		return -EBADMSG;
	memcpy(r->pack.base_name, text.data, text.len);
	r->pack.base_len = (uint8_t)text.len;
	r->pack.has_base_name = true;
	return 0;
}

static int take_number(struct mp_lwm2m_reader *r, struct mp_lwm2m_value *ret)
{
	int k = mp_lwm2m_json_value(r, &r->at, r->end, ret);
	double unused;

	if (k < 0)
		return k;
	return ret->type == MP_LWM2M_BOOLEAN || !mp_lwm2m_value_is_number(ret, &unused) ? -EBADMSG
											: 0;
}

static int take_member(struct mp_lwm2m_reader *r, const uint8_t **ret_entries)
{
	struct mp_lwm2m_json_text name;
	struct mp_lwm2m_value v;
	int k = mp_lwm2m_json_name(r, &r->at, r->end, &name);

	if (k < 0)
		return k;
	if (is(&name, "bn"))
		return take_base_name(r);
	if (is(&name, "bt")) {
		if ((k = take_number(r, &v)) == 0)
			mp_lwm2m_value_is_number(&v, &r->pack.base_time);
		return k;
	}
	if (is(&name, "e")) {
		if (*ret_entries)
			return -EBADMSG;
		*ret_entries = r->at;
	}
	return mp_lwm2m_json_skip(&r->at, r->end);
}

static int begin(struct mp_lwm2m_reader *r)
{
	const uint8_t *entries = NULL;
	int k = mp_lwm2m_json_begin(&r->at, r->end, '{');

	while (k > 0) {
		r->scratch_used = 0;
		if ((k = take_member(r, &entries)) == 0)
			k = mp_lwm2m_json_more(&r->at, r->end, '}');
	}
	if (k < 0)
		return k;
	mp_lwm2m_json_blanks(&r->at, r->end);
	if (r->at < r->end || !entries)
		return -EBADMSG;
	r->at = entries;
	k = mp_lwm2m_json_begin(&r->at, r->end, '[');
	r->pack.left = k > 0;
	return k < 0 ? k : 0;
}

/* ---- entries ---- */

static int take_value(struct mp_lwm2m_reader *r, struct mp_lwm2m_senml *s, enum mp_lwm2m_type type)
{
	int k = mp_lwm2m_senml_mark(s, MP_LWM2M_SENML_VALUE);

	if (k < 0)
		return k;
	if (type == MP_LWM2M_FLOAT)
		return take_number(r, &s->value);
	k = mp_lwm2m_json_value(r, &r->at, r->end, &s->value);
	if (k < 0)
		return k;
	if (s->value.type != (type == MP_LWM2M_OBJLNK ? MP_LWM2M_STRING : type))
		return -EBADMSG;
	return mp_lwm2m_value_convert(&s->value, type, NULL, 0, &s->value);
}

static int take_entry_member(struct mp_lwm2m_reader *r, struct mp_lwm2m_senml *s)
{
	struct mp_lwm2m_json_text name, text;
	int k = mp_lwm2m_json_name(r, &r->at, r->end, &name);

	if (k < 0)
		return k;
	if (is(&name, "v"))
		return take_value(r, s, MP_LWM2M_FLOAT);
	if (is(&name, "sv"))
		return take_value(r, s, MP_LWM2M_STRING);
	if (is(&name, "bv"))
		return take_value(r, s, MP_LWM2M_BOOLEAN);
	if (is(&name, "ov"))
		return take_value(r, s, MP_LWM2M_OBJLNK);
	if (is(&name, "t")) {
		k = mp_lwm2m_senml_mark(s, MP_LWM2M_SENML_TIME);
		return k < 0 ? k : take_number(r, &s->time);
	}
	if (!is(&name, "n"))
		return mp_lwm2m_json_skip(&r->at, r->end);
	if ((k = mp_lwm2m_senml_mark(s, MP_LWM2M_SENML_NAME)) < 0 ||
	    (k = mp_lwm2m_json_string(r, &r->at, r->end, &text)) < 0)
		return k;
	s->name = text.data;
	s->name_len = text.len;
	return 0;
}

/* The base of a name where the payload tells none. */
static void base_of_request(struct mp_lwm2m_reader *r, const struct mp_lwm2m_senml *s)
{
	size_t len = 0;

	if (s->name_len == 0 || s->name[0] != '/') {
		len = mp_lwm2m_path_format(&r->base, r->pack.base_name);
		if (s->name_len && r->base.n)
			r->pack.base_name[len++] = '/';
	}
	r->pack.base_len = (uint8_t)len;
}

static int next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	struct mp_lwm2m_senml s = {.has = 0};
	int k;

	if (!r->pack.left)
		return 0;
	k = mp_lwm2m_json_begin(&r->at, r->end, '{');
	while (k > 0)
		if ((k = take_entry_member(r, &s)) == 0)
			k = mp_lwm2m_json_more(&r->at, r->end, '}');
	if (k < 0 || (k = mp_lwm2m_json_more(&r->at, r->end, ']')) < 0)
		return k;
	r->pack.left = (uint64_t)k;
	if (!r->pack.has_base_name)
		base_of_request(r, &s);
	s.has |= MP_LWM2M_SENML_NAME; /* an entry is never a base alone */
	return mp_lwm2m_senml_resolve(r, &s, ret);
}

/* ---- writing ---- */

static const char *label_of(enum mp_lwm2m_type type)
{
	switch (type) {
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
	case MP_LWM2M_OPAQUE:
		return "\"sv\":";
	case MP_LWM2M_BOOLEAN:
		return "\"bv\":";
	case MP_LWM2M_OBJLNK:
		return "\"ov\":";
	default:
		return "\"v\":";
	}
}

static int put_head(struct mp_lwm2m_writer *w, const char *base)
{
	int r = mp_lwm2m_put_text(w, "{\"bn\":\"");

	if (r == 0)
		r = mp_lwm2m_put_text(w, base);
	return r == 0 ? mp_lwm2m_put_text(w, "\",\"e\":[") : r;
}

static int put_name(struct mp_lwm2m_writer *w, const char *name)
{
	int r = mp_lwm2m_put_text(w, "\"n\":\"");

	if (r == 0)
		r = mp_lwm2m_put_text(w, name);
	return r == 0 ? mp_lwm2m_put_text(w, "\",") : r;
}

static int put_time(struct mp_lwm2m_writer *w, double time)
{
	char text[MP_LWM2M_NUMBER_TEXT];
	int r = mp_lwm2m_put_text(w, "\"t\":");

	mp_lwm2m_number_format_float(time, text);
	if (r == 0)
		r = mp_lwm2m_put_text(w, text);
	return r == 0 ? mp_lwm2m_put_text(w, ",") : r;
}

static int record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	char base[MP_LWM2M_PATH_TEXT + 1], name[MP_LWM2M_PATH_TEXT];
	size_t base_len;
	int r;

	mp_lwm2m_senml_names(w, &record->path, base, &base_len, name);
	if (!record->has_value || (w->records && base_len))
		return -EINVAL;
	r = w->records ? mp_lwm2m_put_text(w, ",") : put_head(w, base_len ? base : "");
	if (r == 0)
		r = mp_lwm2m_put_text(w, "{");
	if (r == 0 && name[0])
		r = put_name(w, name);
	if (r == 0 && record->time != 0)
		r = put_time(w, record->time);
	if (r == 0)
		r = mp_lwm2m_put_text(w, label_of(record->value.type));
	if (r == 0)
		r = mp_lwm2m_json_put_value(w, &record->value, false);
	return r == 0 ? mp_lwm2m_put_text(w, "}") : r;
}

static int close(struct mp_lwm2m_writer *w)
{
	return mp_lwm2m_put_text(w, w->records ? "]}" : "{\"e\":[]}");
}

const struct mp_lwm2m_codec mp_lwm2m_codec_json = {
	.begin = begin,
	.next = next,
	.record = record,
	.close = close,
};
