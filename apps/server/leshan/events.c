/* SPDX-License-Identifier: Apache-2.0
 * /api/event: what devices do, with the names and forms of Leshan. A stream for each dialect, since
 * their values differ. */
#include "events.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "bootstrap/bootstrap.h"
#include "leshan/leshan.h"
#include "leshan/node.h"
#include "lwm2m/listeners.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/observations.h"
#include "lwm2m/queue.h"
#include "lwm2m/registry.h"
#include "lwm2m/requests.h"
#include "rest/registration.h"
#include "server.h"

enum {
	REGISTRATION,
	UPDATED,
	DEREGISTRATION,
	AWAKE,
	SLEEPING,
	NOTIFICATION,
	SEND,
	RESPONSE,
	BSSESSION,
	COAPLOG,
};

static const struct event_kind kinds[] = {
	[REGISTRATION] = {"REGISTRATION", false},
	[UPDATED] = {"UPDATED", false},
	[DEREGISTRATION] = {"DEREGISTRATION", false},
	[AWAKE] = {"AWAKE", false},
	[SLEEPING] = {"SLEEPING", false},
	[NOTIFICATION] = {"NOTIFICATION", false},
	[SEND] = {"SEND", false},
	[RESPONSE] = {"REQUEST_RESPONSE", false},
	[BSSESSION] = {"BSSESSION", false},
	[COAPLOG] = {"COAPLOG", true}, /* for streams of one endpoint alone, as there */
	{NULL, false},
};

struct leshan {
	struct lwm2m_listener listener;
	struct server *server;
	struct events *streams[2]; /* of 2.x, of 1.x */
};

static const enum dialect dialects[] = {DIALECT_LESHAN, DIALECT_LESHAN1};

static unsigned kind_of(enum lwm2m_event_kind k)
{
	switch (k) {
	case LWM2M_REGISTERED:
		return REGISTRATION;
	case LWM2M_UPDATED:
		return UPDATED;
	case LWM2M_AWAKE:
		return AWAKE;
	case LWM2M_ASLEEP:
		return SLEEPING;
	case LWM2M_NOTIFIED:
		return NOTIFICATION;
	case LWM2M_SENT:
		return SEND;
	case LWM2M_DONE:
		return RESPONSE;
	case LWM2M_TRACED:
		return COAPLOG;
	default:
		return DEREGISTRATION;
	}
}

static struct mp_json *done(struct mp_json *j, int r)
{
	if (r == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

static struct mp_json *updated_json(const struct registration *r, enum dialect dialect)
{
	struct mp_json *j = mp_json_new_object(), *update = mp_json_new_object();
	char location[REGISTRATION_LOCATION], address[MP_NET_ADDRESS_TEXT];
	int n = mp_json_put(j, "registration", leshan_registration_json(r, dialect));

	registration_location(r, location);
	mp_net_address_format(&r->remote.address, address);
	n |= mp_json_put_str(update, "registrationId", location);
	n |= mp_json_put_str(update, "address", address);
	n |= mp_json_put_int(update, "lifetime", r->lifetime);
	n |= mp_json_put_bool(update, "secure", registration_is_secure(r));
	n |= mp_json_put(update, "additionalAttributes", attributes_json(r->attributes));
	return done(j, mp_json_put(j, "update", update) | n);
}

static struct mp_json *notification_json(struct server *s, const struct lwm2m_event *e,
					 enum dialect dialect)
{
	const struct observation *o = e->observation;
	struct mp_json *j = mp_json_new_object();
	char text[MP_LWM2M_PATH_TEXT];
	int r = mp_json_put_str(j, "ep", e->endpoint);

	r |= mp_json_put_str(j, "kind", o->is_composite ? "composite" : "single");
	if (o->is_composite) {
		r |= mp_json_put(j, "val",
				 nodes_json(s->lwm2m, e->registration, o->paths, o->n, e->records,
					    e->n_records, dialect));
		r |= mp_json_put(j, "paths", paths_json(o->paths, o->n));
	} else {
		mp_lwm2m_path_format(&o->paths[0], text);
		r |= mp_json_put_str(j, "res", text);
		r |= mp_json_put(j, "val",
				 node_json(s->lwm2m, e->registration, &o->paths[0], e->records,
					   e->n_records, dialect));
	}
	return done(j, r);
}

/* A Send names resources: each of them is a node. */
static struct mp_json *send_json(struct server *s, const struct lwm2m_event *e,
				 enum dialect dialect)
{
	auto_free struct mp_lwm2m_path *paths = calloc(e->n_records + 1, sizeof(*paths));
	struct mp_json *j = mp_json_new_object();
	size_t n = 0;
	int r = paths ? mp_json_put_str(j, "ep", e->endpoint) : -1;

	for (size_t i = 0; i < e->n_records && paths; i++) {
		struct mp_lwm2m_path path =
			mp_lwm2m_path_top(&e->records[i].path, MP_LWM2M_RESOURCE);

		if (n == 0 || mp_lwm2m_path_compare(&paths[n - 1], &path) != 0)
			paths[n++] = path;
	}
	r |= mp_json_put(
		j, "val",
		nodes_json(s->lwm2m, e->registration, paths, n, e->records, e->n_records, dialect));
	return done(j, r);
}

struct request {
	struct mp_lwm2m_path path;
};

static int take_path(void *user, const struct queue_entry *e)
{
	return mp_lwm2m_path_parse(e->path, strlen(e->path), &((struct request *)user)->path);
}

static struct mp_json *response_json(struct server *s, const struct lwm2m_event *e,
				     enum dialect dialect)
{
	struct request asked = {.path = mp_lwm2m_path_root};
	struct mp_json *j;
	char number[24];
	bool is_single = queue_get(s, e->request, take_path, &asked) == 0;
	int r;

	if (e->result->outcome == LWM2M_ANSWERED)
		j = leshan_result_json(s, dialect, e->registration, &asked.path, is_single, false,
				       e->result);
	else
		j = mp_json_new_object();
	snprintf(number, sizeof(number), "%lld", (long long)e->request);
	r = mp_json_put_str(j, "ep", e->endpoint);
	r |= mp_json_put_str(j, "requestId", number);
	if (e->result->outcome != LWM2M_ANSWERED)
		r |= mp_json_put_str(j, "errormessage", lwm2m_outcome_name(e->result->outcome));
	return done(j, r);
}

static struct mp_json *event_json(struct server *s, const struct lwm2m_event *e, unsigned kind,
				  enum dialect dialect)
{
	struct mp_json *j;

	switch (kind) {
	case UPDATED:
		return updated_json(e->registration, dialect);
	case AWAKE:
	case SLEEPING:
		j = mp_json_new_object();
		return done(j, mp_json_put_str(j, "ep", e->endpoint));
	case NOTIFICATION:
		return notification_json(s, e, dialect);
	case SEND:
		return send_json(s, e, dialect);
	case RESPONSE:
		return response_json(s, e, dialect);
	case COAPLOG:
		return leshan_message_json(e);
	default:
		return leshan_registration_json(e->registration, dialect);
	}
}

static void hear(void *user, const struct lwm2m_event *e)
{
	struct leshan *l = user;
	unsigned kind = kind_of(e->kind);

	for (int i = 0; i < 2; i++)
		if (events_wanted(l->streams[i], kind, e->endpoint))
			events_add(l->streams[i], kind, e->endpoint,
				   event_json(l->server, e, kind, dialects[i]));
}

/* ---- the bootstrap server: its steps, in Leshan's words ---- */

static const struct {
	const char *name, *message;
} steps[] = {
	[BOOTSTRAP_ASKED] = {"new session", "Bootstrap Request from /"},
	[BOOTSTRAP_ALLOWED] = {"authorized", "The client is allowed to connect."},
	[BOOTSTRAP_REFUSED] = {"unauthorized",
			       "The client is not allowed to connect.\n(probably bad credentials)"},
	[BOOTSTRAP_NOTHING_TO_GIVE] = {"no config", "No config to apply to this client."},
	[BOOTSTRAP_DISCOVERS] = {"send discover", "Send DISCOVER request on "},
	[BOOTSTRAP_DELETES_IT] = {"send delete", "Send DELETE request on "},
	[BOOTSTRAP_WRITES] = {"send write", "Send WRITE request on "},
	[BOOTSTRAP_SENDS] = {"send request", "Send request: "},
	[BOOTSTRAP_SUCCESS] = {"receive success response", "Receive "},
	[BOOTSTRAP_ERROR] = {"receive error response", "Receive "},
	[BOOTSTRAP_UNANSWERED] = {"request failure",
				  "Request was not send because of failure : \ntimeout"},
	[BOOTSTRAP_FINISHED] = {"finished", "Bootstrap session finished with success: "},
	[BOOTSTRAP_FAILED] = {"failed", "Bootstrap session failed : "},
};

static struct mp_json *step_json(enum bootstrap_step step, const char *endpoint, const char *text)
{
	auto_free char *message = mp_str_format("%s%s", steps[step].message, text);
	struct mp_json *j = mp_json_new_object();
	int r = mp_json_put_str(j, "name", steps[step].name);

	r |= mp_json_put_str(j, "endpoint", endpoint);
	r |= mp_json_put_int(j, "time", server_now() * 1000);
	return done(j, mp_json_put_str(j, "message", message ? message : "") | r);
}

static void hear_step(void *user, enum bootstrap_step step, const char *endpoint, const char *text)
{
	struct leshan *l = user;

	for (int i = 0; i < 2; i++)
		if (events_wanted(l->streams[i], BSSESSION, endpoint))
			events_add(l->streams[i], BSSESSION, endpoint,
				   step_json(step, endpoint, text));
}

void leshan_watch_bootstrap(struct server *s)
{
	if (s->leshan)
		bootstrap_watch(s->bootstrap,
				&(struct bootstrap_watcher){.hear = hear_step, .user = s->leshan});
}

/* ---- from beginning to end ---- */

/* Messages are looked at while somebody watches some device's. */
static void choose_kinds(struct leshan *l)
{
	bool traces = events_have_readers(l->streams[0], COAPLOG) ||
		      events_have_readers(l->streams[1], COAPLOG);

	l->listener.kinds = traces ? UINT_MAX : UINT_MAX & ~(unsigned)LWM2M_TRACED;
}

int leshan_new(struct server *s, struct leshan **ret)
{
	struct leshan *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->server = s;
	for (int i = 0; i < 2; i++)
		l->streams[i] = events_new(kinds, true);
	if (!l->streams[0] || !l->streams[1]) {
		leshan_free(l);
		return -ENOMEM;
	}
	l->listener = (struct lwm2m_listener){.hear = hear, .user = l};
	choose_kinds(l);
	lwm2m_listen(s->lwm2m, &l->listener);
	*ret = l;
	return 0;
}

void leshan_free(struct leshan *l)
{
	if (!l)
		return;
	events_free(l->streams[0]);
	events_free(l->streams[1]);
	free(l);
}

void leshan_beat(struct leshan *l)
{
	for (int i = 0; l && i < 2; i++)
		events_beat(l->streams[i]);
}

void leshan_end(struct leshan *l)
{
	for (int i = 0; l && i < 2; i++)
		events_end(l->streams[i]);
}

void leshan_close(struct leshan *l, struct mp_request *rq)
{
	for (int i = 0; l && i < 2; i++)
		events_close(l->streams[i], rq);
	if (l)
		choose_kinds(l);
}

void leshan_get_events(struct call *c)
{
	struct event_choice choice = {.device = mp_request_query(c->rq, "ep")};
	int i = c->dialect == DIALECT_LESHAN1;

	if (choice.device && !*choice.device)
		choice.device = NULL;
	events_open(c->server->leshan->streams[i], c->rq, &choice);
	choose_kinds(c->server->leshan);
}
