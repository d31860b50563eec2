/* SPDX-License-Identifier: Apache-2.0
 * Send (LwM2M Core 6.4.6 of 1.1): POST /dp, values that nobody asked for. */
#include <errno.h>

#include "server.h"
#include "inside.h"
#include "lwm2m.h"
#include "registry_edit.h"
#include "requests.h"

void send_serve(struct lwm2m *l, const struct mp_coap_request *rq)
{
	struct registration *r = registry_of_remote(l->registry, rq->remote);
	struct lwm2m_values v;
	int k;

	if (rq->message->code != MP_COAP_POST) {
		lwm2m_refuse(rq, MP_COAP_METHOD_NOT_ALLOWED, NULL);
		return;
	}
	if (!r) {
		lwm2m_refuse(rq, MP_COAP_NOT_FOUND, "register first");
		return;
	}
	registration_noticed(l, r);
	if (rq->format < 0 || !mp_lwm2m_format_is_composite((unsigned)rq->format)) {
		lwm2m_refuse(rq, MP_COAP_UNSUPPORTED_FORMAT, NULL);
		return;
	}
	k = lwm2m_decode(l->server, r, rq->format, &mp_lwm2m_path_root, rq->payload,
			 rq->payload_len, &v);
	if (k < 0) {
		l->counters.malformed++;
		lwm2m_refuse(rq, k == -ENOMEM ? MP_COAP_UNAVAILABLE : MP_COAP_BAD_REQUEST, NULL);
		return;
	}
	l->counters.sends++;
	lwm2m_tell(l, &(struct lwm2m_event){.kind = LWM2M_SENT,
					    .time = l->now_ms,
					    .registration = r,
					    .endpoint = r->endpoint,
					    .records = v.records,
					    .n_records = v.n});
	lwm2m_values_done(&v);
	mp_coap_respond(rq->reply, &MP_COAP_RESPONSE(MP_COAP_CHANGED));
}
