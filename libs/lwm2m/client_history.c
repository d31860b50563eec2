/* SPDX-License-Identifier: Apache-2.0
 * Historical values of an observation (Core 1.2, 7.3.2, hqmax): what would have been notified while it could
 * not be, with times relative to the notification (RFC 8428, 4.5.3). For numbers, in SenML. */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_MAX 256 /* however much a server asks for */

struct history {
	uint32_t n, room;
	struct {
		int64_t at_ms;
		double value;
	} list[];
};

void mp_lwm2m_history_add(struct observation *o, uint32_t most)
{
	struct history *h = o->history;

	if (!o->is_number ||
	    (o->format != MP_LWM2M_FORMAT_SENML_JSON && o->format != MP_LWM2M_FORMAT_SENML_CBOR))
		return;
	most = most < HISTORY_MAX ? most : HISTORY_MAX;
	if (!h || h->room != most) {
		free(h);
		o->history = h = calloc(1, sizeof(*h) + most * sizeof(h->list[0]));
		if (!h) /* then the newest value alone is told */
			return;
		h->room = most;
	}
	if (h->n == h->room) {
		memmove(&h->list[0], &h->list[1], (h->n - 1) * sizeof(h->list[0]));
		h->n--;
	}
	h->list[h->n].at_ms = mp_lwm2m_client_now(o->client);
	h->list[h->n++].value = o->sampled;
}

static struct mp_lwm2m_value value_of(const struct observation *o, double v)
{
	const struct mp_lwm2m_class *class = mp_lwm2m_client_class(o->client, o->path.id[0]);
	const struct mp_lwm2m_resource *model =
		mp_lwm2m_object_resource(mp_lwm2m_client_object(o->client, class), o->path.id[2]);

	switch (model->type) {
	case MP_LWM2M_FLOAT:
		return mp_lwm2m_float(v);
	case MP_LWM2M_BOOLEAN:
		return mp_lwm2m_boolean(v != 0);
	case MP_LWM2M_UNSIGNED:
		return mp_lwm2m_unsigned((uint64_t)v);
	default:
		return mp_lwm2m_integer((int64_t)v);
	}
}

static int write_history(const struct observation *o, struct mp_buf *out)
{
	int64_t now = mp_lwm2m_client_now(o->client);
	struct mp_lwm2m_writer w;
	int r = mp_lwm2m_write(&w, o->format, &o->path, out->data, out->room - 1);

	for (uint32_t i = 0; r == 0 && i < o->history->n; i++) {
		struct mp_lwm2m_record record = {.path = o->path,
						 .has_value = true,
						 .value = value_of(o, o->history->list[i].value),
						 .time = (double)(o->history->list[i].at_ms - now) /
							 1000};

		r = mp_lwm2m_write_record(&w, &record);
	}
	if (r == 0)
		r = mp_lwm2m_write_end(&w);
	if (r >= 0)
		out->len = (size_t)r;
	return r;
}

int mp_lwm2m_history_payload(struct observation *o, struct mp_buf *out)
{
	struct history *h = o->history;
	int r;

	if (!h || h->n < 2) {
		if (h)
			h->n = 0;
		return -ENOENT;
	}
	mp_buf_reset(out);
	r = mp_buf_reserve(out, 128 + 64 * (size_t)h->n);
	if (r == 0)
		r = write_history(o, out);
	h->n = 0;
	return r < 0 ? r : 0;
}
