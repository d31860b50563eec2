/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/format.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "lwm2m/codec.h"
#include "lwm2m/utf8.h"

enum { STRUCTURED = 1, COMPOSITE = 2, READ_ONLY = 4 };

static const struct {
	uint16_t number;
	uint8_t flags;
	const char *name;
	const struct mp_lwm2m_codec *codec;
} formats[] = {
	{MP_LWM2M_FORMAT_TEXT, 0, "TEXT", &mp_lwm2m_codec_text},
	{MP_LWM2M_FORMAT_LINK, 0, "LINK", NULL},
	{MP_LWM2M_FORMAT_OPAQUE, 0, "OPAQUE", &mp_lwm2m_codec_opaque},
	{MP_LWM2M_FORMAT_CBOR, 0, "CBOR", &mp_lwm2m_codec_cbor},
	{MP_LWM2M_FORMAT_SENML_JSON, STRUCTURED | COMPOSITE, "SENML_JSON",
	 &mp_lwm2m_codec_senml_json},
	{MP_LWM2M_FORMAT_SENML_CBOR, STRUCTURED | COMPOSITE, "SENML_CBOR",
	 &mp_lwm2m_codec_senml_cbor},
	{MP_LWM2M_FORMAT_SENML_ETCH_JSON, STRUCTURED | COMPOSITE, "SENML_ETCH_JSON",
	 &mp_lwm2m_codec_senml_json},
	{MP_LWM2M_FORMAT_SENML_ETCH_CBOR, STRUCTURED | COMPOSITE, "SENML_ETCH_CBOR",
	 &mp_lwm2m_codec_senml_cbor},
	{MP_LWM2M_FORMAT_TLV, STRUCTURED, "TLV", &mp_lwm2m_codec_tlv},
	{MP_LWM2M_FORMAT_JSON, STRUCTURED, "JSON", &mp_lwm2m_codec_json},
	{MP_LWM2M_FORMAT_LWM2M_CBOR, STRUCTURED | COMPOSITE, "LWM2M_CBOR",
	 &mp_lwm2m_codec_lwm2m_cbor},
	{MP_LWM2M_FORMAT_OLD_TLV, STRUCTURED | READ_ONLY, "OLD_TLV", &mp_lwm2m_codec_tlv},
	{MP_LWM2M_FORMAT_OLD_JSON, STRUCTURED | READ_ONLY, "OLD_JSON", &mp_lwm2m_codec_json},
};
#define COUNT (sizeof(formats) / sizeof(formats[0]))

static size_t find(unsigned number)
{
	size_t i = 0;

	while (i < COUNT && formats[i].number != number)
		i++;
	return i;
}

static uint8_t flags_of(unsigned number)
{
	size_t i = find(number);

	return i < COUNT ? formats[i].flags : 0;
}

const char *mp_lwm2m_format_name(unsigned format)
{
	size_t i = find(format);

	return i < COUNT ? formats[i].name : NULL;
}

int mp_lwm2m_format_parse(const char *name, unsigned *ret)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcasecmp(name, formats[i].name)) {
			*ret = formats[i].number;
			return 0;
		}
	return -ENOENT;
}

bool mp_lwm2m_format_is_structured(unsigned format)
{
	return flags_of(format) & STRUCTURED;
}

bool mp_lwm2m_format_is_composite(unsigned format)
{
	return flags_of(format) & COMPOSITE;
}

/* ---- reading ---- */

int mp_lwm2m_read(struct mp_lwm2m_reader *r, unsigned format, const struct mp_lwm2m_path *base,
		  const void *data, size_t len, void *scratch, size_t room)
{
	size_t i = find(format);

	if (i == COUNT || !formats[i].codec)
		return -ENOTSUP;
	memset(r, 0, sizeof(*r));
	r->codec = formats[i].codec;
	r->base = *base;
	r->at = len ? data : (const uint8_t *)"";
	r->end = r->at + len;
	r->scratch = scratch;
	r->scratch_room = scratch ? room : 0;
	return 0;
}

static int read_record(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	int k;

	if (!r->begun) {
		r->begun = true;
		if (r->codec->begin && (k = r->codec->begin(r)) < 0)
			return k;
	}
	r->scratch_used = 0;
	k = r->codec->next(r, ret);
	if (k > 0 && !mp_lwm2m_path_is_below(&ret->path, &r->base))
		return -EPROTO;
	return k;
}

int mp_lwm2m_read_next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	struct mp_lwm2m_record record = {.has_value = false};
	int k;

	if (r->ended)
		return r->error;
	k = read_record(r, &record);
	if (k > 0) {
		*ret = record;
		return 1;
	}
	r->ended = true;
	r->error = k;
	return k;
}

int mp_lwm2m_read_as(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *record,
		     enum mp_lwm2m_type type)
{
	/* Decoded text is shorter, so that it may overwrite its own beginning. */
	return mp_lwm2m_value_convert(&record->value, type, r->scratch, r->scratch_room,
				      &record->value);
}

int mp_lwm2m_single_record(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	if (r->base.n < MP_LWM2M_RESOURCE)
		return -EPROTO;
	ret->path = r->base;
	ret->has_value = true;
	r->at = r->end;
	return 1;
}

void *mp_lwm2m_scratch(struct mp_lwm2m_reader *r, size_t len)
{
	static uint8_t nothing;

	if (len > r->scratch_room - r->scratch_used)
		return NULL;
	if (len == 0)
		return &nothing;
	r->scratch_used += len;
	return r->scratch + r->scratch_used - len;
}

/* ---- writing ---- */

int mp_lwm2m_write(struct mp_lwm2m_writer *w, unsigned format, const struct mp_lwm2m_path *base,
		   void *out, size_t room)
{
	size_t i = find(format);

	if (i == COUNT || !formats[i].codec || formats[i].flags & READ_ONLY)
		return -ENOTSUP;
	memset(w, 0, sizeof(*w));
	w->codec = formats[i].codec;
	w->base = *base;
	w->out = out;
	w->room = room < INT_MAX ? room : INT_MAX;
	w->error = w->codec->open ? w->codec->open(w) : 0;
	return 0;
}

static bool is_writable(const struct mp_lwm2m_value *v)
{
	switch (v->type) {
	case MP_LWM2M_STRING:
	case MP_LWM2M_CORELNK:
		return mp_lwm2m_utf8_is_valid(v->text.data, v->text.len);
	case MP_LWM2M_FLOAT:
		return isfinite(v->real);
	default:
		return v->type != MP_LWM2M_NONE && v->type <= MP_LWM2M_CORELNK;
	}
}

static int write_record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	int r;

	if (!mp_lwm2m_path_is_below(&record->path, &w->base) || !isfinite(record->time))
		return -EINVAL;
	if (record->has_value &&
	    (record->path.n < MP_LWM2M_RESOURCE || !is_writable(&record->value)))
		return -EINVAL;
	r = w->codec->record(w, record);
	w->last = record->path;
	w->records++;
	return r;
}

int mp_lwm2m_write_record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	if (w->error == 0)
		w->error = write_record(w, record);
	return w->error;
}

int mp_lwm2m_write_value(struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path,
			 struct mp_lwm2m_value value)
{
	return mp_lwm2m_write_record(
		w, &(struct mp_lwm2m_record){.path = *path, .has_value = true, .value = value});
}

int mp_lwm2m_write_path(struct mp_lwm2m_writer *w, const struct mp_lwm2m_path *path)
{
	return mp_lwm2m_write_record(w, &(struct mp_lwm2m_record){.path = *path});
}

int mp_lwm2m_write_end(struct mp_lwm2m_writer *w)
{
	if (w->error == 0 && w->codec->close)
		w->error = w->codec->close(w);
	return w->error < 0 ? w->error : (int)w->len;
}

int mp_lwm2m_single_value(const struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	return w->records || !record->has_value ? -EINVAL : 0;
}

int mp_lwm2m_put(struct mp_lwm2m_writer *w, const void *bytes, size_t len)
{
	if (len > w->room - w->len)
		return -ENOSPC;
	if (len)
		memcpy(w->out + w->len, bytes, len);
	w->len += len;
	return 0;
}

int mp_lwm2m_put_text(struct mp_lwm2m_writer *w, const char *text)
{
	return mp_lwm2m_put(w, text, strlen(text));
}

int mp_lwm2m_put_gap(struct mp_lwm2m_writer *w, size_t at, size_t len)
{
	if (len > w->room - w->len)
		return -ENOSPC;
	memmove(w->out + at + len, w->out + at, w->len - at);
	w->len += len;
	return 0;
}
