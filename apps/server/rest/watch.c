/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/watch.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "events.h"
#include "lwm2m/listeners.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/observations.h"
#include "lwm2m/requests.h"
#include "lwm2m/values.h"
#include "rest/ask.h"
#include "rest/registration.h"
#include "server.h"

struct watch {
	struct lwm2m_listener listener;
};

static const struct {
	enum lwm2m_event_kind kind;
	unsigned event;
	const char *name; /* of what happened to a registration */
} table[] = {
	{LWM2M_REGISTERED, EVENT_REGISTRATION, "registered"},
	{LWM2M_UPDATED, EVENT_REGISTRATION, "updated"},
	{LWM2M_DEREGISTERED, EVENT_REGISTRATION, "deregistered"},
	{LWM2M_EXPIRED, EVENT_REGISTRATION, "expired"},
	{LWM2M_AWAKE, EVENT_REGISTRATION, "awake"},
	{LWM2M_ASLEEP, EVENT_REGISTRATION, "asleep"},
	{LWM2M_NOTIFIED, EVENT_NOTIFICATION, NULL},
	{LWM2M_SENT, EVENT_SEND, NULL},
	{LWM2M_DONE, EVENT_REQUEST, NULL},
};

static struct mp_json *changed_json(const struct lwm2m_event *e, const char *name)
{
	auto_(mp_json) *j = registration_json(e->registration);

	return mp_json_put_str(j, "event", name) < 0 ? NULL : take_ptr(j);
}

static struct mp_json *observed_json(struct server *s, const struct lwm2m_event *e)
{
	auto_(mp_json) *j = mp_json_new_object();
	int r = mp_json_put_str(j, "device", e->endpoint);

	r |= mp_json_put(j, "time", mp_json_new_real((double)e->time / 1000));
	if (e->observation)
		r |= mp_json_put(j, "paths", paths_json(e->observation->paths, e->observation->n));
	r |= mp_json_put(j, "values",
			 values_json(s->lwm2m, e->registration, e->records, e->n_records));
	return r ? NULL : take_ptr(j);
}

static struct mp_json *done_json(struct server *s, const struct lwm2m_event *e)
{
	auto_(mp_json) *j = lwm2m_result_is_success(e->result)
				    ? result_json(s, e->registration, e->result)
				    : mp_json_new_object();
	char code[5];
	int r = mp_json_put_str(j, "device", e->endpoint);

	r |= mp_json_put_int(j, "request", e->request);
	r |= mp_json_put_str(j, "outcome", lwm2m_outcome_name(e->result->outcome));
	if (e->result->code) {
		mp_coap_code_format(e->result->code, code);
		r |= mp_json_put_str(j, "code", code);
	}
	if (e->result->diagnostic && *e->result->diagnostic)
		r |= mp_json_put_str(j, "error", e->result->diagnostic);
	return r ? NULL : take_ptr(j);
}

static void hear(void *user, const struct lwm2m_event *e)
{
	struct server *s = user;
	size_t i = 0;

	while (table[i].kind != e->kind)
		i++;
	if (!events_wanted(s->events, table[i].event, e->endpoint))
		return;
	if (table[i].name)
		events_add(s->events, table[i].event, e->endpoint, changed_json(e, table[i].name));
	else if (e->kind == LWM2M_DONE)
		events_add(s->events, table[i].event, e->endpoint, done_json(s, e));
	else
		events_add(s->events, table[i].event, e->endpoint, observed_json(s, e));
}

int watch_new(struct server *s, struct watch **ret)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->listener = (struct lwm2m_listener){
		.hear = hear, .user = s, .kinds = UINT_MAX & ~(unsigned)LWM2M_TRACED};
	lwm2m_listen(s->lwm2m, &w->listener);
	*ret = w;
	return 0;
}

void watch_free(struct watch *w)
{
	free(w);
}
