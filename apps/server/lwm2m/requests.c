/* SPDX-License-Identifier: Apache-2.0
 * One operation is one CoAP exchange; what belongs to it hangs on its registration, so that it ends
 * with it. */
#include "requests.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "durable.h"
#include "inside.h"
#include "lwm2m.h"
#include "observations_edit.h"
#include "queue.h"
#include "registry_edit.h"

struct lwm2m_request {
	struct lwm2m_request *next, **link; /* of its registration */
	struct server *server;
	struct registration *registration;
	struct mp_coap_exchange *exchange;
	enum lwm2m_kind kind;
	bool gone; /* its registration ends */
	bool is_composite; /* several paths, in the payload */
	int32_t accept;
	uint8_t token[MP_COAP_TOKEN]; /* observations */
	void (*handler)(void *user, const struct lwm2m_result *result);
	void *user;
	size_t n;
	struct mp_lwm2m_path paths[];
};

static const char *const kind_names[] = {
	[LWM2M_READ] = "read",
	[LWM2M_WRITE_REPLACE] = "write-replace",
	[LWM2M_WRITE_PARTIAL] = "write-partial",
	[LWM2M_EXECUTE] = "execute",
	[LWM2M_CREATE] = "create",
	[LWM2M_DELETE] = "delete",
	[LWM2M_DISCOVER] = "discover",
	[LWM2M_WRITE_ATTRIBUTES] = "write-attributes",
	[LWM2M_READ_COMPOSITE] = "read-composite",
	[LWM2M_WRITE_COMPOSITE] = "write-composite",
	[LWM2M_OBSERVE] = "observe",
	[LWM2M_OBSERVE_COMPOSITE] = "observe-composite",
	[LWM2M_CANCEL_OBSERVE] = "cancel-observe",
};

const char *lwm2m_kind_name(enum lwm2m_kind k)
{
	return kind_names[k];
}

const char *lwm2m_outcome_name(enum lwm2m_outcome o)
{
	static const char *const names[] = {
		[LWM2M_ANSWERED] = "answered", [LWM2M_TIMED_OUT] = "timed-out",
		[LWM2M_RESET] = "reset",       [LWM2M_UNREADABLE] = "unreadable",
		[LWM2M_GONE] = "gone",	       [LWM2M_CANCELED] = "canceled",
		[LWM2M_OVERDUE] = "overdue",
	};

	return names[o];
}

/* ---- the answer ---- */

static enum lwm2m_outcome outcome_of(const struct lwm2m_request *q, enum mp_coap_outcome o)
{
	switch (o) {
	case MP_COAP_ANSWERED:
		return LWM2M_ANSWERED;
	case MP_COAP_TIMED_OUT:
		return LWM2M_TIMED_OUT;
	case MP_COAP_WAS_RESET:
		return LWM2M_RESET;
	case MP_COAP_BROKEN:
		return LWM2M_UNREADABLE;
	default:
		return q->gone ? LWM2M_GONE : LWM2M_CANCELED;
	}
}

static void take_location(const struct mp_coap_message *m, char text[MP_LWM2M_PATH_TEXT])
{
	size_t n = 0;

	MP_COAP_EACH_OPTION(o, m)
	{
		if (o.number != MP_COAP_LOCATION_PATH || n + o.len + 2 > MP_LWM2M_PATH_TEXT)
			continue;
		text[n++] = '/';
		memcpy(text + n, o.value, o.len);
		n += o.len;
	}
	text[n] = '\0';
}

static bool has_values(enum lwm2m_kind k)
{
	return k == LWM2M_READ || k == LWM2M_READ_COMPOSITE || k == LWM2M_OBSERVE ||
	       k == LWM2M_OBSERVE_COMPOSITE || k == LWM2M_CANCEL_OBSERVE;
}

static void decode(struct lwm2m_request *q, const struct mp_coap_answer *a,
		   struct lwm2m_result *ret, struct lwm2m_values *v)
{
	const struct mp_lwm2m_path *base = q->n == 1 ? q->paths : &mp_lwm2m_path_root;

	if (q->kind == LWM2M_DISCOVER) {
		ret->links = (const char *)a->payload;
		ret->links_len = a->payload_len;
		return;
	}
	if (!has_values(q->kind) || (a->payload_len == 0 && a->format < 0))
		return;
	if (q->is_composite)
		base = &mp_lwm2m_path_root;
	if (lwm2m_decode(q->server, q->registration, a->format, base, a->payload, a->payload_len,
			 v) < 0) {
		q->server->lwm2m->counters.malformed++;
		ret->outcome = LWM2M_UNREADABLE;
		ret->diagnostic = "the device sent values that cannot be read";
		return;
	}
	ret->records = v->records;
	ret->n_records = v->n;
}

/* The device has taken it on when it says so by the option. */
static void keep_observation(struct lwm2m_request *q, const struct mp_coap_answer *a,
			     struct lwm2m_result *ret)
{
	struct lwm2m *l = q->server->lwm2m;
	struct observation *o = NULL, *old;
	struct observation_facts f = {.token = q->token,
				      .paths = q->paths,
				      .n = q->n,
				      .accept = q->accept,
				      .is_composite = q->kind == LWM2M_OBSERVE_COMPOSITE};

	old = observation_find(q->registration, q->paths, q->n, f.is_composite);
	if (a->observe < 0 || mp_coap_class(a->code) != 2)
		return;
	if (old && memcmp(old->token, q->token, sizeof(q->token)) != 0)
		durable_forgotten(l, old);
	if (observations_add(l->observations, q->registration, &f, &o) < 0) {
		ret->diagnostic = "there are too many observations of this device";
		return;
	}
	o->last = (uint32_t)a->observe;
	o->last_ms = l->clock_ms;
	durable_observed(l, o);
	ret->observation = o;
}

/* Whatever the device said: it was asked, and what still comes gets an RST. */
static void end_observation(struct lwm2m_request *q)
{
	struct lwm2m *l = q->server->lwm2m;
	struct observation *o = observations_by_token(l->observations, q->token, sizeof(q->token));

	if (o && o->registration == q->registration)
		observation_forget(q->server, o);
}

static void fill(struct lwm2m_request *q, const struct mp_coap_answer *a, struct lwm2m_result *ret,
		 struct lwm2m_values *v, char location[MP_LWM2M_PATH_TEXT], char diagnostic[128])
{
	ret->code = a->code;
	ret->format = a->format;
	ret->payload = a->payload;
	ret->payload_len = a->payload_len;
	if (q->kind == LWM2M_CANCEL_OBSERVE)
		end_observation(q);
	if (a->message)
		take_location(a->message, location);
	if (mp_coap_class(a->code) != 2) {
		size_t n = a->format <= 0 && a->payload_len < 128 ? a->payload_len : 0;

		memcpy(diagnostic, a->payload, n);
		diagnostic[n] = '\0';
		return;
	}
	decode(q, a, ret, v);
	if (q->kind == LWM2M_OBSERVE || q->kind == LWM2M_OBSERVE_COMPOSITE)
		keep_observation(q, a, ret);
}

static void unlink_request(struct lwm2m_request *q)
{
	*q->link = q->next;
	if (q->next)
		q->next->link = q->link;
}

static void answered(void *user, const struct mp_coap_answer *a)
{
	struct lwm2m_request *q = user;
	struct lwm2m_values values = {NULL, 0, 0, NULL};
	char location[MP_LWM2M_PATH_TEXT] = "", diagnostic[128] = "";
	struct lwm2m_result result = {.outcome = outcome_of(q, a->outcome),
				      .format = -1,
				      .location = location,
				      .diagnostic = diagnostic};

	unlink_request(q);
	if (a->outcome == MP_COAP_ANSWERED)
		registration_answered(q->server->lwm2m, q->registration, a->remote);
	if (a->outcome == MP_COAP_ANSWERED)
		fill(q, a, &result, &values, location, diagnostic);
	else if (result.outcome == LWM2M_TIMED_OUT)
		sleepers_slept(q->server->lwm2m, q->registration);
	q->handler(q->user, &result);
	lwm2m_values_done(&values);
	free(q);
}

/* ---- the question ---- */

static const struct {
	uint8_t code;
	int observe;
} methods[LWM2M_KINDS] = {
	[LWM2M_READ] = {MP_COAP_GET, -1},
	[LWM2M_WRITE_REPLACE] = {MP_COAP_PUT, -1},
	[LWM2M_WRITE_PARTIAL] = {MP_COAP_POST, -1},
	[LWM2M_EXECUTE] = {MP_COAP_POST, -1},
	[LWM2M_CREATE] = {MP_COAP_POST, -1},
	[LWM2M_DELETE] = {MP_COAP_DELETE, -1},
	[LWM2M_DISCOVER] = {MP_COAP_GET, -1},
	[LWM2M_WRITE_ATTRIBUTES] = {MP_COAP_PUT, -1},
	[LWM2M_READ_COMPOSITE] = {MP_COAP_FETCH, -1},
	[LWM2M_WRITE_COMPOSITE] = {MP_COAP_IPATCH, -1},
	[LWM2M_OBSERVE] = {MP_COAP_GET, 0},
	[LWM2M_OBSERVE_COMPOSITE] = {MP_COAP_FETCH, 0},
	[LWM2M_CANCEL_OBSERVE] = {MP_COAP_GET, 1},
};

/* The alternate root, then the path, without a slash at its beginning. Operations on several paths
 * have none. */
int lwm2m_uri(const struct registration *r, const struct mp_lwm2m_path *path, char *text,
	      size_t room)
{
	size_t root_len, n = 0;
	const char *root = registration_root(r, &root_len);

	if (root_len > 0 && *root == '/') {
		root++;
		root_len--;
	}
	if (root_len + 1 + MP_LWM2M_PATH_TEXT > room)
		return -EINVAL;
	memcpy(text, root, root_len);
	n = root_len;
	if (path->n > 0) {
		char numbers[MP_LWM2M_PATH_TEXT];
		size_t len = mp_lwm2m_path_format(path, numbers);

		if (n > 0)
			text[n++] = '/';

		memcpy(text + n, numbers + 1, len - 1);
		n += len - 1;
	}
	text[n] = '\0';
	return 0;
}

static int uri_of(const struct lwm2m_request *q, char *text, size_t room)
{
	struct mp_lwm2m_path path = mp_lwm2m_path_root;

	if (!q->is_composite)
		path = q->kind == LWM2M_CREATE ? mp_lwm2m_path_top(q->paths, 1) : q->paths[0];
	return lwm2m_uri(q->registration, &path, text, room);
}

struct queries {
	char text[MP_LWM2M_ATTRIBUTE_COUNT][MP_LWM2M_ATTRIBUTE_TEXT];
	const char *list[MP_LWM2M_ATTRIBUTE_COUNT + 1];
};

static void write_queries(const struct mp_lwm2m_attributes *a, struct queries *ret)
{
	unsigned n = 0;

	for (unsigned i = 0; a && i < MP_LWM2M_ATTRIBUTE_COUNT; i++)
		if (mp_lwm2m_attributes_format(a, i, ret->text[n]) > 0) {
			ret->list[n] = ret->text[n];
			n++;
		}
	ret->list[n] = NULL;
}

static uint8_t code_of(const struct lwm2m_operation *o)
{
	/* Only an instance, or several instances of a resource, can be written in part. */
	if (o->kind == LWM2M_WRITE_PARTIAL && o->paths->n >= 3 &&
	    (o->n_records == 0 || o->records[0].path.n < 4 || o->paths->n == 4))
		return MP_COAP_PUT;
	if (o->kind == LWM2M_CANCEL_OBSERVE && o->observation->is_composite)
		return MP_COAP_FETCH;
	return methods[o->kind].code;
}

static int send_it(struct lwm2m *l, struct lwm2m_request *q, const struct lwm2m_operation *o,
		   const uint8_t *payload, size_t len, int format)
{
	char uri[256];
	struct queries queries;
	struct mp_coap_ask ask = MP_COAP_ASK(code_of(o), uri);
	int r = uri_of(q, uri, sizeof(uri));

	if (r < 0)
		return r;
	write_queries(o->attributes, &queries);
	ask.queries = queries.list;
	ask.format = format;
	ask.accept = o->kind == LWM2M_DISCOVER ? MP_LWM2M_FORMAT_LINK : o->accept;
	ask.observe = methods[o->kind].observe;
	if (ask.observe >= 0) {
		ask.token = q->token;
		ask.token_len = sizeof(q->token);
	}
	ask.payload = payload;
	ask.payload_len = len;
	ask.source = o->source;
	ask.limit = 1 << 20;
	ask.timeout_ms = o->timeout_ms;
	ask.handler = answered;
	ask.user = q;
	return mp_coap_send(l->coap, &q->registration->remote, &ask, &q->exchange);
}

static struct lwm2m_request *request_new(struct server *s, struct registration *r,
					 const struct lwm2m_operation *o)
{
	const struct mp_lwm2m_path *paths = o->observation ? o->observation->paths : o->paths;
	size_t n = o->observation ? o->observation->n : o->n_paths;
	struct lwm2m_request *q = calloc(1, sizeof(*q) + n * sizeof(q->paths[0]));

	if (!q)
		return NULL;
	q->server = s;
	q->registration = r;
	q->kind = o->kind;
	q->accept = o->accept;
	q->is_composite = methods[o->kind].code == MP_COAP_FETCH ||
			  methods[o->kind].code == MP_COAP_IPATCH ||
			  (o->observation && o->observation->is_composite);
	q->n = n;
	memcpy(q->paths, paths, n * sizeof(q->paths[0]));
	if (o->observation)
		memcpy(q->token, o->observation->token, sizeof(q->token));
	else if (methods[o->kind].observe == 0)
		registry_random(s->lwm2m->registry, q->token, sizeof(q->token));
	return q;
}

static int ask_now(struct server *s, struct registration *r, const struct lwm2m_operation *o,
		   struct lwm2m_request *q)
{
	uint8_t *payload;
	size_t len;
	int format, k;
	struct lwm2m_operation paths = *o;

	if (o->observation && o->observation->is_composite) { /* to cancel, or to make it anew */
		paths.kind = LWM2M_OBSERVE_COMPOSITE;
		paths.paths = q->paths;
		paths.n_paths = q->n;
	}
	k = lwm2m_encode(r, &paths, &payload, &len, &format);
	if (k == 0)
		k = send_it(s->lwm2m, q, o, payload, len, format);
	free(payload);
	return k;
}

int lwm2m_ask(struct server *s, struct registration *r, const struct lwm2m_operation *o,
	      void (*handler)(void *user, const struct lwm2m_result *result), void *user,
	      struct lwm2m_request **ret, int64_t *ret_id)
{
	struct lwm2m_request *q;
	int k = lwm2m_check(o);

	if (k < 0)
		return k;
	/* nothing overtakes what has been waiting longer */
	if (!registration_is_awake(r) || (r->is_sending_queue && o->asleep != LWM2M_FAIL)) {
		k = o->asleep == LWM2M_FAIL ? -EHOSTDOWN : queue_add(s, r->endpoint, o, ret_id);
		return k < 0 ? k : 1;
	}
	q = request_new(s, r, o);
	if (!q)
		return -ENOMEM;
	q->handler = handler;
	q->user = user;
	k = ask_now(s, r, o, q);
	if (k < 0) {
		free(q);
		return k;
	}
	s->lwm2m->counters.requests++;
	q->next = r->requests;
	q->link = &r->requests;
	if (q->next)
		q->next->link = &q->next;
	r->requests = q;
	if (ret)
		*ret = q;
	return 0;
}

void lwm2m_cancel(struct lwm2m_request *q)
{
	mp_coap_cancel(q->exchange);
}

void requests_gone(struct lwm2m *l, struct registration *r)
{
	(void)l;
	/* A handler may ask anew; not without end. */
	for (unsigned n = 0; r->requests && n < 4096; n++) {
		r->requests->gone = true;
		mp_coap_cancel(r->requests->exchange);
	}
}
