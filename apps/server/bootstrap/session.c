/* SPDX-License-Identifier: Apache-2.0
 * Sessions: one step after another, each an exchange of CoAP. A new request of the same endpoint
 * takes the place of its session; there are at most SESSIONS at once. What became of the last ones
 * is kept in memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bootstrap/bootstrap.h"
#include "bootstrap/port.h"
#include "devices.h"
#include "events.h"
#include "httpd/loop.h"
#include "lwm2m/lwm2m.h"
#include "server.h"

#define SESSIONS 1024
#define RESULTS 256
#define STEP_MS 30000 /* that a device may take for one */
#define PAYLOAD_MAX 16384 /* bytes of one instance */
#define PACK_MAX 65536

struct session {
	struct session *next;
	struct bootstrap *bootstrap;
	struct mp_coap_remote remote;
	struct mp_coap_exchange *exchange;
	struct bootstrap_config config;
	size_t deleted, written; /* deletes that are done; records that have been written */
	bool discovered, asking, finishing; /* asking: what was sent last changes nothing */
	unsigned format;
	size_t result; /* its place among the results */
	char endpoint[65];
	char identity[256]; /* of the remote: it outlives its DTLS session */
};

struct result {
	char endpoint[65], message[128];
	const char *state;
	int64_t time; /* seconds since 1970 */
};

struct bootstrap {
	struct server *server;
	struct mp_coap *coap;
	struct mp_alarm *alarm;
	struct port *plain, *secure;
	struct session *sessions;
	size_t n;
	struct result results[RESULTS];
	size_t n_results; /* ever */
};

/* ---- what became of it ---- */

static struct mp_json *result_json(const struct result *r)
{
	struct mp_json *j = mp_json_new_object();
	int n = mp_json_put_str(j, "device", r->endpoint);

	n |= mp_json_put_int(j, "time", r->time);
	n |= mp_json_put_str(j, "state", r->state);
	n |= mp_json_put_str(j, "message", r->message);
	if (n == 0)
		return j;
	mp_json_free(j);
	return NULL;
}

struct mp_json *bootstrap_sessions_json(const struct bootstrap *b)
{
	auto_(mp_json) *items = mp_json_new_array();
	size_t n = b ? b->n_results : 0;

	for (size_t i = n; i > 0 && i + RESULTS > n; i--)
		if (mp_json_append(items, result_json(&b->results[(i - 1) % RESULTS])) < 0)
			return NULL;
	return take_ptr(items);
}

static void say(struct session *x, const char *state, const char *message)
{
	struct server *s = x->bootstrap->server;
	struct result *r = &x->bootstrap->results[x->result % RESULTS];

	if (strcmp(r->endpoint, x->endpoint) == 0 || r->endpoint[0] == '\0') {
		snprintf(r->endpoint, sizeof(r->endpoint), "%s", x->endpoint);
		snprintf(r->message, sizeof(r->message), "%s", message);
		r->state = state;
		r->time = server_now();
	}
	if (events_wanted(s->events, EVENT_BOOTSTRAP, x->endpoint))
		events_add(s->events, EVENT_BOOTSTRAP, x->endpoint, result_json(r));
}

static void session_end(struct session *x, const char *state, const char *message)
{
	struct bootstrap *b = x->bootstrap;
	struct session **link = &b->sessions;

	say(x, state, message);
	while (*link != x)
		link = &(*link)->next;
	*link = x->next;
	b->n--;
	bootstrap_config_done(&x->config);
	free(x);
}

/* ---- the steps ---- */

static void next_step(struct session *x);

/* What was asked last is answered. */
static void answered(void *user, const struct mp_coap_answer *a)
{
	struct session *x = user;
	char message[128];

	x->exchange = NULL;
	if (a->outcome == MP_COAP_CANCELED)
		return;
	if (a->outcome != MP_COAP_ANSWERED) {
		session_end(x, "failed", "the device stopped answering");
		return;
	}
	x->remote.session = a->remote->session; /* it may have made a new one */
	x->remote.address = a->remote->address;
	if (mp_coap_class(a->code) != 2 && !x->asking) {
		snprintf(message, sizeof(message), "the device refused with %u.%02u", a->code >> 5,
			 a->code & 31);
		session_end(x, "failed", message);
		return;
	}
	if (x->finishing)
		session_end(x, "finished", "the device has its configuration");
	else
		next_step(x);
}

static void send_step(struct session *x, struct mp_coap_ask *ask)
{
	ask->timeout_ms = STEP_MS;
	ask->handler = answered;
	ask->user = x;
	if (mp_coap_send(x->bootstrap->coap, &x->remote, ask, &x->exchange) < 0)
		session_end(x, "failed", "memory is out");
}

/* The records of one instance, from the first that has not been written on. */
static size_t run_of(const struct value_set *set, size_t from)
{
	struct mp_lwm2m_path top = mp_lwm2m_path_top(&set->records[from].path, 2);
	size_t n = 1;

	while (from + n < set->n && mp_lwm2m_path_is_below(&set->records[from + n].path, &top))
		n++;
	return n;
}

static int encode(const struct value_set *set, size_t from, size_t n, unsigned format,
		  const struct mp_lwm2m_path *base, void *out, size_t room)
{
	struct mp_lwm2m_writer w;
	int r = mp_lwm2m_write(&w, format, base, out, room);

	for (size_t i = from; i < from + n && r == 0; i++)
		r = mp_lwm2m_write_record(&w, &set->records[i]);
	return r < 0 ? r : mp_lwm2m_write_end(&w);
}

static void write_instance(struct session *x)
{
	const struct value_set *set = &x->config.values;
	struct mp_lwm2m_path base = mp_lwm2m_path_top(&set->records[x->written].path, 2);
	auto_free uint8_t *out = malloc(PAYLOAD_MAX);
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_PUT, NULL);
	size_t n = run_of(set, x->written);
	char path[MP_LWM2M_PATH_TEXT];
	int len = out ? encode(set, x->written, n, x->format, &base, out, PAYLOAD_MAX) : -ENOMEM;

	if (len < 0) {
		session_end(x, "failed", "an instance could not be encoded");
		return;
	}
	mp_lwm2m_path_format(&base, path);
	ask.path = path + 1;
	ask.format = (int)x->format;
	ask.payload = out;
	ask.payload_len = (size_t)len;
	x->written += n;
	send_step(x, &ask);
	explicit_bzero(out, (size_t)len); /* there may be a key in it */
}

static void next_step(struct session *x)
{
	char path[MP_LWM2M_PATH_TEXT] = "/";
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path + 1);

	x->asking = false;
	if (x->config.discovers && !x->discovered) {
		x->discovered = x->asking = true;
		ask.accept = MP_LWM2M_FORMAT_LINK;
	} else if (x->deleted < x->config.n_deletes) {
		ask.code = MP_COAP_DELETE;
		mp_lwm2m_path_format(&x->config.deletes[x->deleted++], path);
	} else if (x->written < x->config.values.n) {
		write_instance(x);
		return;
	} else {
		ask.code = MP_COAP_POST;
		ask.path = "bs";
		x->finishing = true;
	}
	send_step(x, &ask);
}

/* ---- requests of devices ---- */

static void answer(const struct mp_coap_request *rq, uint8_t code, const char *diagnostic)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(code);

	response.diagnostic = diagnostic;
	mp_coap_respond(rq->reply, &response);
}

/* ?ep=NAME and ?pct=112. */
static void read_queries(const struct mp_coap_message *m, char endpoint[65], unsigned *ret_format)
{
	char number[8];

	endpoint[0] = '\0';
	MP_COAP_EACH_OPTION(o, m)
	{
		if (o.number != MP_COAP_URI_QUERY)
			continue;
		if (o.len > 3 && o.len < 68 && memcmp(o.value, "ep=", 3) == 0)
			snprintf(endpoint, 65, "%.*s", (int)o.len - 3, (const char *)o.value + 3);
		if (o.len > 4 && o.len < 10 && memcmp(o.value, "pct=", 4) == 0) {
			snprintf(number, sizeof(number), "%.*s", (int)o.len - 4,
				 (const char *)o.value + 4);
			*ret_format = (unsigned)strtoul(number, NULL, 10);
		}
	}
}

/* May this device have that configuration? NULL: yes; else it has been refused. */
static bool is_welcome(struct bootstrap *b, const struct mp_coap_request *rq, const char *endpoint)
{
	struct credential_proof proof;

	port_proof(rq->remote, &proof);
	if (!device_name_is_valid(endpoint)) {
		answer(rq, MP_COAP_BAD_REQUEST, "no endpoint name");
		return false;
	}
	if (!credentials_allow(b->server->credentials, endpoint, &proof)) {
		answer(rq, MP_COAP_BAD_REQUEST, "this is not proven to be that endpoint");
		return false;
	}
	return true;
}

static struct session *find(struct bootstrap *b, const char *endpoint)
{
	struct session *x = b->sessions;

	while (x && strcmp(x->endpoint, endpoint) != 0)
		x = x->next;
	return x;
}

static void start(struct bootstrap *b, const struct mp_coap_request *rq, const char *endpoint,
		  unsigned format, const struct bootstrap_config *config)
{
	struct session *x = calloc(1, sizeof(*x));

	if (!x) {
		answer(rq, MP_COAP_UNAVAILABLE, NULL);
		return;
	}
	x->bootstrap = b;
	x->config = *config;
	x->format = format;
	x->remote = *rq->remote;
	if (rq->remote->identity) {
		snprintf(x->identity, sizeof(x->identity), "%s", rq->remote->identity);
		x->remote.identity = x->identity;
	}
	snprintf(x->endpoint, sizeof(x->endpoint), "%s", endpoint);
	x->next = b->sessions;
	b->sessions = x;
	b->n++;
	x->result = b->n_results++;
	b->results[x->result % RESULTS] = (struct result){.endpoint = ""};
	say(x, "running", "the device asked");
	answer(rq, MP_COAP_CHANGED, NULL);
	next_step(x);
}

static void serve_request(struct bootstrap *b, const struct mp_coap_request *rq)
{
	unsigned format = MP_LWM2M_FORMAT_TLV;
	struct bootstrap_config config;
	struct session *before;
	char endpoint[65];

	read_queries(rq->message, endpoint, &format);
	if (!is_welcome(b, rq, endpoint))
		return;
	if (format != MP_LWM2M_FORMAT_SENML_JSON && format != MP_LWM2M_FORMAT_SENML_CBOR &&
	    format != MP_LWM2M_FORMAT_JSON && format != MP_LWM2M_FORMAT_LWM2M_CBOR)
		format = MP_LWM2M_FORMAT_TLV;
	before = find(b, endpoint);
	if (before) {
		if (before->exchange)
			mp_coap_cancel(before->exchange);
		session_end(before, "failed", "the device asked again");
	}
	if (b->n >= SESSIONS) {
		answer(rq, MP_COAP_UNAVAILABLE, "too many at once");
		return;
	}
	if (bootstrap_find(b->server, endpoint, &config) < 0) {
		answer(rq, MP_COAP_BAD_REQUEST, "there is no configuration for it");
		return;
	}
	start(b, rq, endpoint, format, &config);
}

/* LwM2M 1.2: all of it in one answer. */
static void serve_pack(struct bootstrap *b, const struct mp_coap_request *rq)
{
	unsigned format = rq->accept < 0 ? MP_LWM2M_FORMAT_SENML_CBOR : (unsigned)rq->accept;
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);
	auto_free uint8_t *out = NULL;
	struct bootstrap_config config;
	char endpoint[65];
	int len;

	read_queries(rq->message, endpoint, &format);
	if (!is_welcome(b, rq, endpoint))
		return;
	if (!mp_lwm2m_format_is_composite(format)) {
		answer(rq, MP_COAP_NOT_ACCEPTABLE, NULL);
		return;
	}
	if (bootstrap_find(b->server, endpoint, &config) < 0) {
		answer(rq, MP_COAP_NOT_FOUND, NULL);
		return;
	}
	out = malloc(PACK_MAX);
	len = out ? encode(&config.values, 0, config.values.n, format, &mp_lwm2m_path_root, out,
			   PACK_MAX)
		  : -ENOMEM;
	bootstrap_config_done(&config);
	if (len < 0) {
		answer(rq, MP_COAP_INTERNAL_ERROR, NULL);
		return;
	}
	response.format = (int)format;
	response.payload = out;
	response.payload_len = (size_t)len;
	mp_coap_respond(rq->reply, &response);
	explicit_bzero(out, (size_t)len);
}

static void serve(void *user, const struct mp_coap_request *rq)
{
	struct bootstrap *b = user;

	if (rq->message->code == MP_COAP_POST && mp_coap_path_is(rq->message, "bs"))
		serve_request(b, rq);
	else if (rq->message->code == MP_COAP_GET && mp_coap_path_is(rq->message, "bspack"))
		serve_pack(b, rq);
	else
		answer(rq, MP_COAP_NOT_FOUND, NULL);
}

/* ---- ports and time ---- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void tick(void *user, int64_t *ret_now)
{
	struct bootstrap *b = user;

	*ret_now = now_ms();
	port_tick(b->secure, *ret_now);
	if (b->coap)
		mp_coap_tick(b->coap, *ret_now);
}

static void flush(void *user)
{
	struct bootstrap *b = user;
	int64_t next = mp_coap_next_ms(b->coap), dtls = port_next_ms(b->secure);

	port_flush(b->plain);
	port_flush(b->secure);
	mp_coap_replies_are_sent(b->coap);
	mp_alarm_set(b->alarm, next < dtls ? next : dtls);
}

static void ring(void *user)
{
	int64_t now;

	tick(user, &now);
	flush(user);
}

static void send_message(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	struct bootstrap *b = user;
	struct port *p = to->session || to->identity ? b->secure : b->plain;

	if (p && (p == b->plain || to->session))
		port_send(p, to, data, len);
}

int bootstrap_open(struct server *s, struct bootstrap **ret, struct mp_err *err)
{
	const struct options *o = &s->options;
	struct bootstrap *b = calloc(1, sizeof(*b));
	struct port_owner owner = {.tick = tick, .done = flush, .user = b};
	int r;

	if (!b)
		return mp_err_set(err, -ENOMEM, "memory is out");
	*ret = b;
	b->server = s;
	r = mp_coap_new(&(struct mp_coap_config){.user = b,
						 .send = send_message,
						 .serve = serve,
						 .want_echo = true,
						 .now_ms = now_ms(),
						 .replies_max = 4096},
			&b->coap);
	if (r == 0)
		r = mp_alarm_new(s->loop, ring, b, &b->alarm);
	if (r < 0)
		return mp_err_set(err, r, "memory is out");
	owner.coap = b->coap;
	if (o->bootstrap_coap_port)
		r = port_open(s, &owner, o->bootstrap_coap_port, false, &b->plain, err);
	if (r == 0 && o->bootstrap_port)
		r = port_open(s, &owner, o->bootstrap_port, true, &b->secure, err);
	return r;
}

void bootstrap_free(struct bootstrap *b)
{
	if (!b)
		return;
	mp_coap_free(b->coap); /* ends what is under way */
	while (b->sessions) {
		struct session *x = b->sessions;

		b->sessions = x->next;
		bootstrap_config_done(&x->config);
		free(x);
	}
	port_free(b->plain);
	port_free(b->secure);
	mp_alarm_free(b->alarm);
	free(b);
}

uint16_t bootstrap_coap_port(const struct bootstrap *b)
{
	return port_number(b->plain);
}

uint16_t bootstrap_coaps_port(const struct bootstrap *b)
{
	return port_number(b->secure);
}
