/* SPDX-License-Identifier: Apache-2.0
 * Putting the parts together, and whose request is whose. */
#include "lwm2m.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "base/file.h"
#include "base/str.h"
#include "coap/endpoint.h"
#include "ddf/ddf.h"
#include "durable.h"
#include "inside.h"
#include "observations_edit.h"
#include "registry_edit.h"
#include "transport.h"

#define FOLD_SLICE 32 /* chunks a second */
#define EXPIRE_SLICE 20000 /* registrations a second */

/* ---- listeners ---- */

void lwm2m_listen(struct lwm2m *l, struct lwm2m_listener *who)
{
	who->next = l->listeners;
	l->listeners = who;
}

bool lwm2m_is_heard(const struct lwm2m *l, unsigned kinds)
{
	const struct lwm2m_listener *who = l->listeners;

	while (who && !(who->kinds & kinds))
		who = who->next;
	return who;
}

void lwm2m_tell(struct lwm2m *l, const struct lwm2m_event *e)
{
	for (struct lwm2m_listener *who = l->listeners; who; who = who->next)
		if (who->kinds & e->kind)
			who->hear(who->user, e);
}

/* ---- requests of devices ---- */

bool uri_part_is(const struct uri_part *p, const char *text)
{
	return p->len == strlen(text) && memcmp(p->text, text, p->len) == 0;
}

void lwm2m_refuse(const struct mp_coap_request *rq, uint8_t code, const char *diagnostic)
{
	struct mp_coap_response answer = MP_COAP_RESPONSE(code);

	answer.diagnostic = diagnostic;
	mp_coap_respond(rq->reply, &answer);
}

static void read_uri(const struct mp_coap_message *m, struct uri *ret)
{
	ret->n = 0;
	MP_COAP_EACH_OPTION(o, m)
	{
		if (o.number != MP_COAP_URI_PATH)
			continue;
		if (ret->n < 3)
			ret->part[ret->n] = (struct uri_part){(const char *)o.value, o.len};
		ret->n++;
	}
}

static void well_known(const struct mp_coap_request *rq)
{
	static const char links[] = "</dp>,</rd>;rt=\"core.rd\"";
	struct mp_coap_response answer = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	if (rq->message->code != MP_COAP_GET) {
		lwm2m_refuse(rq, MP_COAP_METHOD_NOT_ALLOWED, NULL);
		return;
	}
	answer.format = MP_LWM2M_FORMAT_LINK;
	answer.payload = links;
	answer.payload_len = sizeof(links) - 1;
	mp_coap_respond(rq->reply, &answer);
}

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct lwm2m *l = user;
	struct uri uri;

	read_uri(rq->message, &uri);
	if (uri.n >= 1 && uri_part_is(&uri.part[0], "rd"))
		registration_serve(l, rq, &uri);
	else if (uri.n == 1 && uri_part_is(&uri.part[0], "dp"))
		send_serve(l, rq);
	else if (uri.n == 2 && uri_part_is(&uri.part[0], "fw"))
		firmware_serve(l, rq, &uri);
	else if (uri.n == 2 && uri_part_is(&uri.part[0], ".well-known") &&
		 uri_part_is(&uri.part[1], "core"))
		well_known(rq);
	else
		lwm2m_refuse(rq, MP_COAP_NOT_FOUND, NULL);
}

static bool notified(void *user, const struct mp_coap_answer *a)
{
	return observations_notified(user, a);
}

static void trace(struct lwm2m *l, const struct mp_coap_remote *remote,
		  const struct mp_coap_message *m, bool is_incoming)
{
	struct registration *r = l->registry ? registry_of_remote(l->registry, remote) : NULL;

	if (r)
		lwm2m_tell(l, &(struct lwm2m_event){.kind = LWM2M_TRACED,
						    .time = l->now_ms,
						    .registration = r,
						    .endpoint = r->endpoint,
						    .message = m,
						    .is_incoming = is_incoming});
}

static void received(void *user, const struct mp_coap_remote *from, const struct mp_coap_message *m)
{
	struct lwm2m *l = user;

	if (lwm2m_is_heard(l, LWM2M_TRACED))
		trace(l, from, m, true);
}

static void send_message(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	struct lwm2m *l = user;
	struct mp_coap_message m;

	if (lwm2m_is_heard(l, LWM2M_TRACED) && mp_coap_decode(data, len, &m) == 0)
		trace(l, to, &m, false);
	transport_send(l->transport, to, data, len);
}

static bool observed(void *user, const struct mp_coap_remote *from, const uint8_t *token,
		     size_t len, struct mp_coap_ask *ret)
{
	return observations_observed(user, from, token, len, ret);
}

/* Has it answered us since it registered from there? That outlives a restart. */
static bool proven(void *user, const struct mp_coap_remote *remote)
{
	struct lwm2m *l = user;
	struct registration *r = registry_of_remote(l->registry, remote);

	return r && r->is_proven;
}

/* ---- opening ---- */

static int new_coap(struct lwm2m *l)
{
	return mp_coap_new(&(struct mp_coap_config){.user = l,
						    .send = send_message,
						    .serve = serve,
						    .notified = notified,
						    .observed = observed,
						    .received = received,
						    .want_echo = true,
						    .proven = proven,
						    .now_ms = l->clock_ms,
						    .body_max = 256 << 10},
			   &l->coap);
}

/* What the product team has put into PRODUCT/models, in front of the objects that are built in. */
static int load_models(struct lwm2m *l, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/models", l->server->options.product);
	int r = path ? mp_ddf_new(&l->ddf) : -ENOMEM;

	if (r < 0)
		return mp_err_set(err, r, "memory is out");
	if (mp_file_exists(path))
		r = mp_ddf_load(l->ddf, path, err);
	l->model = mp_ddf_model(l->ddf);
	return r;
}

int lwm2m_open(struct server *s, struct lwm2m **ret, struct mp_err *err)
{
	struct lwm2m *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return mp_err_set(err, -ENOMEM, "memory is out");
	*ret = l;
	l->server = s;
	l->awake_seconds = s->options.awake_seconds;
	r = load_models(l, err);
	if (r == 0)
		r = transport_open(l, &l->transport, err);
	if (r < 0)
		return r;
	r = new_coap(l);
	if (r == 0)
		r = durable_new(&l->durable);
	if (r == 0)
		r = sleepers_new(&l->sleepers);
	return r < 0 ? mp_err_set(err, r, "memory is out") : 0;
}

static void unload(struct lwm2m *l)
{
	if (l->registry)
		for (struct registration *r = registry_first(l->registry); r;
		     r = registry_next(l->registry, r)) {
			requests_gone(l, r);
			observations_drop_all(l->observations, r);
		}
	registry_free(take_ptr(l->registry));
	observations_free(take_ptr(l->observations));
}

/* Devices could not be heard while we were away: nobody expires in the first seconds. */
static void after_load(struct lwm2m *l)
{
	for (struct registration *r = registry_first(l->registry); r;
	     r = registry_next(l->registry, r))
		sleepers_heard(l, r);
}

int lwm2m_load(struct server *s, struct mp_err *err)
{
	struct lwm2m *l = s->lwm2m;
	int r;

	unload(l);
	transport_tick(l->transport);
	l->expire_after = l->now_ms + 30000;
	l->device_at = 0;
	r = registry_new(&l->registry);
	if (r == 0)
		r = observations_new(&l->observations);
	if (r < 0)
		return mp_err_set(err, r, "memory is out");
	r = durable_load(l, err);
	if (r < 0)
		return r;
	after_load(l);
	r = queue_load(l);
	if (r < 0)
		return mp_err_set(err, r, "the queue of requests could not be read: %s",
				  strerror(-r));
	return 0;
}

void lwm2m_restore(struct server *s)
{
	transport_restore(s->lwm2m->transport);
}

/* ---- turns ---- */

void lwm2m_write(struct server *s)
{
	durable_write(s->lwm2m);
}

void lwm2m_release(struct server *s)
{
	transport_flush(s->lwm2m->transport);
	mp_coap_replies_are_sent(s->lwm2m->coap);
}

void lwm2m_give_up(struct server *s)
{
	mp_coap_forget_replies(s->lwm2m->coap);
	unload(s->lwm2m);
	transport_discard(s->lwm2m->transport);
}

static void expire(struct lwm2m *l)
{
	struct registration *r;

	if (l->now_ms < l->expire_after)
		return;
	for (unsigned n = 0; n < EXPIRE_SLICE && (r = registry_due(l->registry, l->now_ms)); n++) {
		l->counters.expired++;
		registration_end(l, r, LWM2M_EXPIRED);
	}
}

void lwm2m_tick(struct server *s)
{
	struct lwm2m *l = s->lwm2m;

	transport_tick(l->transport);
	expire(l);
	sleepers_tick(l);
	queue_tick(l);
	fleet_tick(l);
	durable_fold(l, FOLD_SLICE);
}

void lwm2m_finish(struct server *s)
{
	durable_fold_all(s->lwm2m);
	transport_save(s->lwm2m->transport);
}

void lwm2m_free(struct lwm2m *l)
{
	if (!l)
		return;
	unload(l);
	transport_free(l->transport); /* whose connections tell CoAP that they end */
	mp_coap_free(l->coap);
	durable_free(l->durable);
	sleepers_free(l->sleepers);
	mp_ddf_free(l->ddf);
	free(l);
}

uint16_t lwm2m_port(const struct lwm2m *l, bool secure, bool tcp)
{
	return transport_port(l->transport, secure, tcp);
}
