/* SPDX-License-Identifier: Apache-2.0
 * testbed.h - the LwM2M server in a test: real store, no sockets, a clock of its own, one device
 *
 *     struct bed *b = bed_open();
 *     bed_register(b, "ep=a&lwm2m=1.1&lt=60", "</3/0>");
 *     b->answer = (struct bed_answer){ .code = MP_COAP_CONTENT, .format = 0, .payload = "95" };
 *     ... lwm2m_ask(&b->s, ...); bed_run(b);
 *     bed_crash(b);                       // as kill -9 does: what was not committed is lost
 *     bed_close(b);
 *
 * Defines the functions of transport.h for this one program: datagrams go straight to the device's
 * CoAP endpoint and back. Include it in one file.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coap/endpoint.h"
#include "credentials.h"
#include "devices.h"
#include "durable.h"
#include "dtls/dtls.h"
#include "inside.h"
#include "interview.h"
#include "lwm2m.h"
#include "observations_edit.h"
#include "queue.h"
#include "registry.h"
#include "requests.h"
#include "schema.h"
#include "server.h"
#include "transport.h"

struct bed_datagram {
	struct bed_datagram *next;
	bool to_server;
	size_t len;
	uint8_t data[];
};

struct bed_answer { /* what the device says to the next request */
	uint8_t code;
	int format; /* -1: none */
	const char *payload;
	size_t len; /* 0: that of the text */
	int64_t observe; /* -1: none */
};

struct bed {
	struct server s;
	struct mp_coap *device;
	char dir[64];
	int64_t ms; /* of both clocks */
	struct mp_coap_remote here; /* where the device is */
	struct bed_datagram *first, **last; /* under way */
	bool deaf; /* the device hears nothing */
	struct bed_answer answer;
	struct bed_answer (*answers)(struct bed *b); /* by method and path; NULL: the one above */
	unsigned asked; /* requests that reached the device */
	uint8_t method; /* of the last one */
	char path[64], query[128];
	int format, accept, observe;
	uint8_t body[4096], token[8];
	size_t body_len, token_len;
	uint8_t code; /* the server's last answer */
	char location[64];
	unsigned heard; /* events, below */
	char events[512];
	unsigned notified; /* values, of the last event with some */
	double value;
};

static struct bed *the_bed;

/* ---- transport.h ---- */

static void bed_queue(struct bed *b, bool to_server, const void *data, size_t len)
{
	struct bed_datagram *d = malloc(sizeof(*d) + len);

	if (!d)
		return;
	d->next = NULL;
	d->to_server = to_server;
	d->len = len;
	memcpy(d->data, data, len);
	*b->last = d;
	b->last = &d->next;
}

int transport_open(struct lwm2m *l, struct transport **ret, struct mp_err *err)
{
	(void)err;
	*ret = (struct transport *)the_bed;
	l->now_ms = l->clock_ms = the_bed->ms;
	return 0;
}
void transport_restore(struct transport *t)
{
	(void)t;
}
void transport_save(struct transport *t)
{
	(void)t;
}
void transport_free(struct transport *t)
{
	(void)t;
}
void transport_send(struct transport *t, const struct mp_coap_remote *to, const void *data,
		    size_t len)
{
	(void)t, (void)to;
	bed_queue(the_bed, false, data, len);
}
void transport_drop(struct transport *t, void *session)
{
	(void)t;
	*(bool *)session = true;
}
void transport_flush(struct transport *t)
{
	(void)t;
}
void transport_discard(struct transport *t)
{
	(void)t;
}
void transport_tick(struct transport *t)
{
	struct lwm2m *l = the_bed->s.lwm2m;

	(void)t;
	l->now_ms = l->clock_ms = the_bed->ms;
	if (l->coap)
		mp_coap_tick(l->coap, l->clock_ms);
}
struct peer *transport_peer(const struct mp_coap_remote *remote)
{
	(void)remote;
	return NULL;
}
uint16_t transport_port(const struct transport *t, bool secure, bool tcp)
{
	(void)secure, (void)tcp;
	return t ? 0 : 1;
}
void transport_dtls_counters(const struct transport *t, struct mp_dtls_counters *ret)
{
	(void)t, (void)ret;
}

/* ---- the device ---- */

static void bed_device_send(void *user, const struct mp_coap_remote *to, const void *data,
			    size_t len)
{
	(void)to;
	bed_queue(user, true, data, len);
}

static void bed_add_text(char *text, size_t room, const char *separator,
			 const struct mp_coap_option *o)
{
	size_t n = strlen(text);

	snprintf(text + n, room - n, "%s%.*s", n ? separator : "", (int)o->len,
		 (const char *)o->value);
}

static void bed_device_serve(void *user, const struct mp_coap_request *rq)
{
	struct bed *b = user;
	struct mp_coap_response r;
	struct bed_answer a;

	b->asked++;
	b->method = rq->message->code;
	b->path[0] = b->query[0] = '\0';
	MP_COAP_EACH_OPTION(o, rq->message)
	{
		if (o.number == MP_COAP_URI_PATH)
			bed_add_text(b->path, sizeof(b->path), "/", &o);
		if (o.number == MP_COAP_URI_QUERY)
			bed_add_text(b->query, sizeof(b->query), "&", &o);
	}
	b->format = rq->format;
	b->accept = rq->accept;
	b->observe = rq->observe;
	b->body_len = rq->payload_len < sizeof(b->body) ? rq->payload_len : sizeof(b->body);
	memcpy(b->body, rq->payload, b->body_len);
	b->token_len = rq->message->token_len <= 8 ? rq->message->token_len : 0;
	memcpy(b->token, rq->message->token, b->token_len);
	a = b->answers ? b->answers(b) : b->answer;
	r = MP_COAP_RESPONSE(a.code);
	r.format = a.format;
	r.payload = a.payload;
	r.payload_len = a.len ? a.len : (a.payload ? strlen(a.payload) : 0);
	r.observe = a.observe;
	mp_coap_respond(rq->reply, &r);
}

static void bed_told(void *user, const struct lwm2m_event *e)
{
	static const char *const names[] = {"registered", "updated", "deregistered",
					    "expired",	  "awake",   "asleep",
					    "notified",	  "sent",    "done"};
	struct bed *b = user;
	size_t n = strlen(b->events);
	unsigned bit = (unsigned)__builtin_ctz(e->kind);

	b->heard++;
	snprintf(b->events + n, sizeof(b->events) - n, "%s%s", n ? " " : "", names[bit]);
	if (e->n_records > 0) {
		b->notified = (unsigned)e->n_records;
		if (!mp_lwm2m_value_is_number(&e->records[0].value, &b->value))
			b->value = -1;
	}
}

/* ---- the server ---- */

static int bed_start_server(struct bed *b)
{
	static struct lwm2m_listener listener;
	struct mp_err err;
	int r;

	b->s.options.open_registration = true;
	b->s.options.awake_seconds = 93;
	r = mp_store_open("server.db", server_migrations, &b->s.store, &err);
	if (r == 0)
		r = devices_load(&b->s, &b->s.devices, &err);
	if (r == 0)
		r = credentials_load(&b->s, &b->s.credentials, &err);
	if (r == 0)
		r = interviews_new(&b->s.interviews);
	if (r == 0)
		r = lwm2m_open(&b->s, &b->s.lwm2m, &err);
	if (r == 0)
		r = lwm2m_load(&b->s, &err);
	if (r < 0)
		return r;
	listener = (struct lwm2m_listener){
		.hear = bed_told, .user = b, .kinds = ~(unsigned)LWM2M_TRACED};
	lwm2m_listen(b->s.lwm2m, &listener);
	return mp_store_commit(b->s.store, &err);
}

static void bed_stop_server(struct bed *b)
{
	struct lwm2m *l = b->s.lwm2m;

	b->s.lwm2m = NULL;
	lwm2m_free(l);
	interviews_free(take_ptr(b->s.interviews));
	credentials_free(take_ptr(b->s.credentials));
	devices_free(take_ptr(b->s.devices));
	mp_store_free(take_ptr(b->s.store));
	b->s.write_failed = false;
}

static void bed_close(struct bed *b)
{
	char command[128];

	if (!b)
		return;
	if (b->s.lwm2m)
		bed_stop_server(b);
	mp_coap_free(b->device);
	for (struct bed_datagram *d = b->first, *next; d; d = next) {
		next = d->next;
		free(d);
	}
	snprintf(command, sizeof(command), "rm -rf '%s'", b->dir);
	if (chdir("/") < 0 || system(command) != 0)
		perror(b->dir);
	free(b);
}

static struct bed *bed_open(void)
{
	struct bed *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	the_bed = b;
	b->last = &b->first;
	b->ms = 1700000000000;
	b->here = (struct mp_coap_remote){
		.address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 1}, .port = 5000}};
	b->answer = (struct bed_answer){.code = MP_COAP_CHANGED, .format = -1, .observe = -1};
	snprintf(b->dir, sizeof(b->dir), "/tmp/lwm2m-test-XXXXXX");
	if (!mkdtemp(b->dir) || chdir(b->dir) < 0 || bed_start_server(b) < 0 ||
	    mp_coap_new(&(struct mp_coap_config){.user = b,
						 .send = bed_device_send,
						 .serve = bed_device_serve,
						 .now_ms = b->ms},
			&b->device) < 0) {
		bed_close(b);
		return NULL;
	}
	return b;
}

/* What a turn of the loop does. 0, or the store's refusal. */
static int bed_turn(struct bed *b)
{
	struct mp_err err;
	int r = 0;

	lwm2m_write(&b->s);
	if (b->s.write_failed)
		return -EIO;
	r = mp_store_commit(b->s.store, &err);
	lwm2m_release(&b->s);
	return r;
}

/* Until nothing is under way any more. */
static void bed_run(struct bed *b)
{
	static const struct mp_coap_remote server = {
		.address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 2}, .port = 5683}};

	(void)bed_turn(b);
	mp_coap_tick(b->device, b->ms);
	while (b->first) {
		struct bed_datagram *d = b->first;

		b->first = d->next;
		if (!b->first)
			b->last = &b->first;
		if (d->to_server) {
			transport_tick(NULL);
			mp_coap_receive(b->s.lwm2m->coap, &b->here, d->data, d->len);
			(void)bed_turn(b);
		} else if (!b->deaf) {
			mp_coap_receive(b->device, &server, d->data, d->len);
			mp_coap_replies_are_sent(b->device);
		}
		free(d);
		mp_coap_tick(b->device, b->ms);
		mp_coap_tick(b->s.lwm2m->coap, b->ms);
	}
}

static inline void bed_pass(struct bed *b, unsigned seconds)
{
	while (seconds-- > 0) {
		b->ms += 1000;
		lwm2m_tick(&b->s);
		bed_run(b);
	}
}

/* ---- what the device asks ---- */

static void bed_answered(void *user, const struct mp_coap_answer *a)
{
	struct bed *b = user;

	b->code = a->code;
	b->location[0] = '\0';
	if (!a->message)
		return;
	MP_COAP_EACH_OPTION(o, a->message)
	if (o.number == MP_COAP_LOCATION_PATH)
		bed_add_text(b->location, sizeof(b->location), "/", &o);
}

/* `queries` with '&' between them. The code of the answer, 0 without one. */
static uint8_t bed_ask(struct bed *b, uint8_t code, const char *path, const char *queries,
		       int format, const void *body, size_t len)
{
	static const struct mp_coap_remote server = {
		.address = {.ip = {[10] = 0xff, 0xff, 127, 0, 0, 2}, .port = 5683}};
	struct mp_coap_ask ask = MP_COAP_ASK(code, path);
	const char *list[16] = {NULL};
	char copy[256];
	unsigned n = 0;

	snprintf(copy, sizeof(copy), "%s", queries);
	for (char *rest = copy, *one; n < 15 && (one = strsep(&rest, "&"));)
		if (*one)
			list[n++] = one;
	ask.queries = list;
	ask.format = format;
	ask.payload = body;
	ask.payload_len = len;
	ask.handler = bed_answered;
	ask.user = b;
	b->code = 0;
	if (mp_coap_send(b->device, &server, &ask, NULL) < 0)
		return 0;
	bed_run(b);
	return b->code;
}

/* 4.04 or the like, or 2.01: then b->location. */
static uint8_t bed_register(struct bed *b, const char *queries, const char *links)
{
	return bed_ask(b, MP_COAP_POST, "rd", queries, 40, links, strlen(links));
}

/* The process dies and is started again. */
static inline int bed_crash(struct bed *b)
{
	mp_store_free(take_ptr(b->s.store)); /* what was not committed is lost */
	if (mp_store_open("server.db", server_migrations, &b->s.store, NULL) < 0)
		return -EIO;
	bed_stop_server(b);
	return bed_start_server(b);
}

static inline int bed_restart(struct bed *b)
{
	lwm2m_finish(&b->s);
	(void)bed_turn(b);
	bed_stop_server(b);
	return bed_start_server(b);
}
