/* SPDX-License-Identifier: Apache-2.0 */
/* One value as text/plain (LwM2M Core 7.4.1 and appendix C): booleans are 0 and 1, times seconds,
 * opaque Base64. */
#include "lwm2m/codec.h"

#include <errno.h>

#include "lwm2m/base64.h"
#include "lwm2m/number.h"

static int next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	if (r->done)
		return 0;
	r->done = true;
	ret->value.type = MP_LWM2M_RAW_TEXT;
	ret->value.text.data = (const char *)r->at;
	ret->value.text.len = (size_t)(r->end - r->at);
	return mp_lwm2m_single_record(r, ret);
}

static int put_base64(struct mp_lwm2m_writer *w, const struct mp_lwm2m_value *v)
{
	size_t at = w->len, n = mp_lwm2m_base64_length(v->opaque.len, false);

	if (mp_lwm2m_put_gap(w, at, n) < 0)
		return -ENOSPC;
	mp_lwm2m_base64_encode(v->opaque.data, v->opaque.len, false, (char *)w->out + at);
	return 0;
}

static int record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	const struct mp_lwm2m_value *v = &record->value;
	char text[MP_LWM2M_NUMBER_TEXT];
	int n;

	if (mp_lwm2m_single_value(w, record) < 0)
		return -EINVAL;
	if (v->type == MP_LWM2M_STRING || v->type == MP_LWM2M_CORELNK)
		return mp_lwm2m_put(w, v->text.data, v->text.len);
	if (v->type == MP_LWM2M_OPAQUE)
		return put_base64(w, v);
	if (v->type == MP_LWM2M_BOOLEAN)
		return mp_lwm2m_put_text(w, v->boolean ? "1" : "0");
	if (v->type == MP_LWM2M_TIME)
		n = (int)mp_lwm2m_number_format_integer(v->integer, text);
	else
		n = mp_lwm2m_value_format(v, text, sizeof(text));
	return n < 0 ? n : mp_lwm2m_put(w, text, (size_t)n);
}

static int close(struct mp_lwm2m_writer *w)
{
	return w->records ? 0 : -EINVAL;
}

const struct mp_lwm2m_codec mp_lwm2m_codec_text = {
	.next = next,
	.record = record,
	.close = close,
};
