/* SPDX-License-Identifier: Apache-2.0
 * Notifications as they come, and observations made again. */
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "durable.h"
#include "inside.h"
#include "lwm2m.h"
#include "observations_edit.h"
#include "registry_edit.h"
#include "requests.h"

void observation_forget(struct server *s, struct observation *o)
{
	durable_forgotten(s->lwm2m, o);
	observations_drop(s->lwm2m->observations, o);
}

size_t observations_count(const struct server *s)
{
	return observations_size(s->lwm2m->observations);
}

/* ---- notifications ---- */

static bool is_from(const struct registration *r, const struct mp_coap_remote *remote)
{
	if (r->peer || remote->identity)
		return r->peer && remote->identity && strcmp(r->peer->text, remote->identity) == 0;
	return mp_net_address_is_equal(&r->remote.address, &remote->address);
}

static void tell(struct lwm2m *l, struct observation *o, const struct mp_coap_answer *a)
{
	struct registration *r = o->registration;
	struct lwm2m_values v;

	if (lwm2m_decode(l->server, r, a->format, o->is_composite ? &mp_lwm2m_path_root : o->paths,
			 a->payload, a->payload_len, &v) < 0) {
		l->counters.malformed++;
		return;
	}
	lwm2m_tell(l, &(struct lwm2m_event){.kind = LWM2M_NOTIFIED,
					    .time = l->now_ms,
					    .registration = r,
					    .endpoint = r->endpoint,
					    .records = v.records,
					    .n_records = v.n,
					    .observation = o});
	lwm2m_values_done(&v);
}

/* The same value may come twice and late; then it is acknowledged, and that is all. A stream keeps the order, and the
 * number means nothing there (RFC 8323, 7.1). */
static bool is_fresh(const struct lwm2m *l, struct observation *o, const struct mp_coap_answer *a)
{
	uint32_t number = (uint32_t)a->observe & 0xffffff;

	if (o->notifications > 0 && !a->remote->is_reliable &&
	    !mp_coap_observe_is_newer(o->last, o->last_ms, number, l->clock_ms))
		return false;
	o->last = number;
	o->last_ms = l->clock_ms;
	o->notifications++;
	return true;
}

bool observations_notified(struct lwm2m *l, const struct mp_coap_answer *a)
{
	size_t len = a->message ? a->message->token_len : 0;
	struct observation *o =
		observations_by_token(l->observations, a->message ? a->message->token : NULL, len);

	if (!o || !is_from(o->registration, a->remote)) {
		l->counters.unknown_notifications++;
		return false;
	}
	registration_answered(l, o->registration, a->remote);
	if (a->outcome != MP_COAP_ANSWERED)
		return true; /* the rest of a long one could not be had; the next one will tell */
	if (a->observe < 0 || mp_coap_class(a->code) != 2) {
		observation_forget(l->server, o); /* the device has ended it */
		return true;
	}
	if (!is_fresh(l, o, a))
		return true;
	l->counters.notifications++;
	if (lwm2m_is_heard(l, LWM2M_NOTIFIED))
		tell(l, o, a);
	return true;
}

bool observations_observed(struct lwm2m *l, const struct mp_coap_remote *from, const uint8_t *token,
			   size_t len, struct mp_coap_ask *ret)
{
	static char path[256]; /* both are copied before the next call */
	static uint8_t *body;
	struct observation *o = observations_by_token(l->observations, token, len);
	struct lwm2m_operation operation = LWM2M_OPERATION(LWM2M_OBSERVE);

	if (!o || !is_from(o->registration, from))
		return false;
	operation.kind = o->is_composite ? LWM2M_OBSERVE_COMPOSITE : LWM2M_OBSERVE;
	operation.paths = o->paths;
	operation.n_paths = o->n;
	if (lwm2m_uri(o->registration, o->is_composite ? &mp_lwm2m_path_root : o->paths, path,
		      sizeof(path)) < 0)
		return false;
	*ret = MP_COAP_ASK(o->is_composite ? MP_COAP_FETCH : MP_COAP_GET, path);
	ret->accept = o->accept;
	ret->limit = 1 << 20;
	free(take_ptr(body));
	if (lwm2m_encode(o->registration, &operation, &body, &ret->payload_len, &ret->format) < 0)
		return false;
	ret->payload = body;
	return true;
}

/* ---- after a registration, after a connection ---- */

static void renewed(void *user, const struct lwm2m_result *result)
{
	struct server *s = user;

	/* It is not what was asked for any more; a time-out leaves it as it is, to be tried again. */
	if (result->outcome == LWM2M_ANSWERED && !result->observation)
		s->lwm2m->counters.lost_observations++;
}

static void renew(struct lwm2m *l, struct registration *r, struct observation *old)
{
	struct lwm2m_operation o =
		LWM2M_OPERATION(old->is_composite ? LWM2M_OBSERVE_COMPOSITE : LWM2M_OBSERVE);

	o.paths = old->paths;
	o.n_paths = old->n;
	o.accept = old->accept;
	o.observation = old; /* the same token */
	old->is_stale = true; /* until the device says otherwise */
	if (lwm2m_ask(l->server, r, &o, renewed, l->server, NULL, NULL) < 0)
		l->counters.lost_observations++;
}

void observations_disconnected(struct registration *r)
{
	for (struct observation *o = r->observations; o; o = o->next)
		o->is_stale = true;
}

void observations_renew(struct lwm2m *l, struct registration *r, bool all)
{
	struct observation *next;

	for (struct observation *o = r->observations; o; o = next) {
		next = o->next;
		if (!all && !o->is_stale)
			continue;
		if (l->server->options.no_reobserve)
			observation_forget(l->server, o);
		else
			renew(l, r, o);
	}
}
