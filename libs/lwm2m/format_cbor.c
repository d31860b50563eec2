/* SPDX-License-Identifier: Apache-2.0 */
/* One value as CBOR (LwM2M Core 7.4.3 of 1.2): times have tag 1, links are the text "3:0". */
#include "lwm2m/codec.h"

#include <errno.h>

#include "lwm2m/cbor.h"

static int next(struct mp_lwm2m_reader *r, struct mp_lwm2m_record *ret)
{
	int k;

	if (r->done)
		return 0;
	r->done = true;
	if ((k = mp_lwm2m_cbor_value(r, &r->at, r->end, &ret->value)) < 0)
		return k;
	if (r->at < r->end || ret->value.type == MP_LWM2M_NONE)
		return -EBADMSG;
	return mp_lwm2m_single_record(r, ret);
}

static int record(struct mp_lwm2m_writer *w, const struct mp_lwm2m_record *record)
{
	if (mp_lwm2m_single_value(w, record) < 0)
		return -EINVAL;
	return mp_lwm2m_cbor_put_value(w, &record->value, true);
}

static int close(struct mp_lwm2m_writer *w)
{
	return w->records ? 0 : -EINVAL;
}

const struct mp_lwm2m_codec mp_lwm2m_codec_cbor = {
	.next = next,
	.record = record,
	.close = close,
};
