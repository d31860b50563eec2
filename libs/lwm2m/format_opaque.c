/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of one opaque resource, as they are (LwM2M Core 7.4.2). */
#include "lwm2m/codec.h"

#include <errno.h>

static int next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	if (r->done)
		return 0;
	r->done = true;
	ret->value = mp_lwm2m_opaque(r->at, (size_t)(r->end - r->at));
	return mp_lwm2m_single_record(r, ret);
}

static int record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	if (mp_lwm2m_single_value(w, record) < 0 || record->value.type != MP_LWM2M_OPAQUE)
		return -EINVAL;
	return mp_lwm2m_put(w, record->value.opaque.data, record->value.opaque.len);
}

static int close(struct mp_lwm2m_writer *w)
{
	return w->records ? 0 : -EINVAL;
}

const struct mp_lwm2m_codec mp_lwm2m_codec_opaque = {
	.next = next,
	.record = record,
	.close = close,
};
