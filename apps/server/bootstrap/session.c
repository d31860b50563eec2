/* SPDX-License-Identifier: Apache-2.0
 * Sessions: one step after another, each an exchange of CoAP. A new request of the same endpoint
 * takes the place of its session; there are at most SESSIONS at once. What became of the last ones
 * is kept in memory. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/siphash.h"
#include "base/str.h"
#include "bootstrap/bootstrap.h"
#include "bootstrap/port.h"
#include "bootstrap/results.h"
#include "devices.h"
#include "httpd/loop.h"
#include "lwm2m/link.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/requests.h"
#include "server.h"

#define SESSIONS 1024
#define KNOWN 1024 /* devices that may be reached without having asked just now */
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
	size_t reads; /* reads that are done */
	bool discovered, asking, finishing; /* asking: what was sent last changes nothing */
	struct mp_lwm2m_path asked; /* for what */
	char refused[48]; /* what it would not show: "/1 with 4.05"; "" */
	unsigned format;
	size_t result; /* its place among the results */
	char endpoint[65];
	char identity[264]; /* of the remote: it outlives its DTLS session */
};

struct known { /* where a device was when it asked last; a newer one may take its place */
	struct mp_coap_remote remote;
	unsigned format; /* that it likes */
	char endpoint[65], identity[264];
};

struct bootstrap {
	struct server *server;
	struct mp_coap *coap;
	struct mp_alarm *alarm;
	struct port *plain, *secure;
	struct session *sessions;
	size_t n;
	struct results *results;
	struct bootstrap_watcher watcher;
	struct known *known; /* by a hash of the endpoint */
};

/* ---- what became of it ---- */

struct mp_json *bootstrap_sessions_json(const struct bootstrap *b)
{
	return results_json(b ? b->results : NULL);
}

void bootstrap_watch(struct bootstrap *b, const struct bootstrap_watcher *who)
{
	if (b)
		b->watcher = *who;
}

static void watch(struct bootstrap *b, enum bootstrap_step step, const char *endpoint,
		  const char *text)
{
	if (b->watcher.hear)
		b->watcher.hear(b->watcher.user, step, endpoint, text);
}

static void say(struct session *x, const char *state, const char *message)
{
	results_say(x->bootstrap->server, x->bootstrap->results, x->result, state, message);
}

static void session_end(struct session *x, const char *state, const char *message)
{
	struct bootstrap *b = x->bootstrap;
	struct session **link = &b->sessions;

	say(x, state, message);
	watch(b, mp_streq(state, "finished") ? BOOTSTRAP_FINISHED : BOOTSTRAP_FAILED, x->endpoint,
	      message);
	while (*link != x)
		link = &(*link)->next;
	*link = x->next;
	b->n--;
	bootstrap_config_done(&x->config);
	free(x);
}

/* ---- the steps ---- */

static void next_step(struct session *x);
static void tick(void *user, int64_t *ret_now);
static void flush(void *user);

/* The paths that it told, and the values; both are shown to whoever looks at the session. */
static void take_links(struct session *x, const struct mp_coap_answer *a)
{
	struct mp_json *paths = mp_json_new_array();
	char text[MP_LWM2M_PATH_TEXT];
	struct mp_lwm2m_links walk;
	struct mp_lwm2m_link link;

	mp_lwm2m_links(&walk, a->payload, a->payload_len);
	while (paths && mp_lwm2m_link_next(&walk, &link) > 0) {
		if (!link.has_path || link.path.n == 0)
			continue;
		mp_lwm2m_path_format(&link.path, text);
		(void)mp_json_append(paths, mp_json_new_str(text));
	}
	results_add_found(x->bootstrap->results, x->result, "discovered", paths);
}

static void take_values(struct session *x, const struct mp_coap_answer *a)
{
	struct server *s = x->bootstrap->server;
	struct lwm2m_values v;

	if (lwm2m_decode(s, NULL, a->format, &x->asked, a->payload, a->payload_len, &v) < 0) {
		snprintf(x->refused, sizeof(x->refused), "/%u in a form that can be read",
			 x->asked.id[0]);
		return;
	}
	results_add_found(x->bootstrap->results, x->result, "read",
			  values_json(s->lwm2m, NULL, v.records, v.n));
	lwm2m_values_done(&v);
}

/* What was asked for only to know it: a refusal ends nothing. */
static void take_found(struct session *x, const struct mp_coap_answer *a)
{
	char path[MP_LWM2M_PATH_TEXT];

	if (mp_coap_class(a->code) == 2 && x->reads > 0) {
		take_values(x, a);
	} else if (mp_coap_class(a->code) == 2) {
		take_links(x, a);
	} else {
		mp_lwm2m_path_format(&x->asked, path);
		snprintf(x->refused, sizeof(x->refused), "%s (%u.%02u)", path, a->code >> 5,
			 a->code & 31);
	}
}

static void finish(struct session *x)
{
	char message[128];

	snprintf(message, sizeof(message), "the device has its configuration%s%s",
		 *x->refused ? ", and did not show " : "", x->refused);
	session_end(x, "finished", message);
}

/* What was asked last is answered. */
static void answered(void *user, const struct mp_coap_answer *a)
{
	struct session *x = user;
	char message[128], code[5];

	x->exchange = NULL;
	if (a->outcome == MP_COAP_CANCELED)
		return;
	if (a->outcome != MP_COAP_ANSWERED) {
		watch(x->bootstrap, BOOTSTRAP_UNANSWERED, x->endpoint, "");
		session_end(x, "failed", "the device stopped answering");
		return;
	}
	mp_coap_code_format(a->code, code);
	watch(x->bootstrap, mp_coap_class(a->code) == 2 ? BOOTSTRAP_SUCCESS : BOOTSTRAP_ERROR,
	      x->endpoint, code);
	x->remote.session = a->remote->session; /* it may have made a new one */
	x->remote.address = a->remote->address;
	if (x->asking) {
		take_found(x, a);
	} else if (mp_coap_class(a->code) != 2) {
		snprintf(message, sizeof(message), "the device refused with %s", code);
		session_end(x, "failed", message);
		return;
	}
	if (x->finishing)
		finish(x);
	else
		next_step(x);
}

static void send_step(struct session *x, struct mp_coap_ask *ask, enum bootstrap_step step)
{
	char text[80];

	snprintf(text, sizeof(text), "%s/%s", mp_coap_code_name(ask->code), ask->path);
	watch(x->bootstrap, step, x->endpoint, text);
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
	send_step(x, &ask, BOOTSTRAP_WRITES);
	explicit_bzero(out, (size_t)len); /* there may be a key in it */
}

/* What only asks: the first steps. */
static bool ask_next(struct session *x)
{
	char path[MP_LWM2M_PATH_TEXT] = "/";
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path + 1);

	x->asking = true;
	x->asked = mp_lwm2m_path_root;
	if (x->config.discovers && !x->discovered) {
		x->discovered = true;
		ask.accept = MP_LWM2M_FORMAT_LINK;
		send_step(x, &ask, BOOTSTRAP_DISCOVERS);
		return true;
	}
	if (x->reads < x->config.n_reads) {
		x->asked = x->config.reads[x->reads++];
		mp_lwm2m_path_format(&x->asked, path);
		ask.accept = (int)x->format;
		send_step(x, &ask, BOOTSTRAP_SENDS);
		return true;
	}
	x->asking = false;
	return false;
}

static void next_step(struct session *x)
{
	char path[MP_LWM2M_PATH_TEXT] = "/";
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_DELETE, path + 1);

	if (ask_next(x))
		return;
	if (x->deleted < x->config.n_deletes) {
		mp_lwm2m_path_format(&x->config.deletes[x->deleted++], path);
		send_step(x, &ask, BOOTSTRAP_DELETES_IT);
	} else if (x->written < x->config.values.n) {
		write_instance(x);
	} else {
		ask.code = MP_COAP_POST;
		ask.path = "bs";
		x->finishing = true;
		send_step(x, &ask, BOOTSTRAP_SENDS);
	}
}

/* ---- who has been here ---- */

/* The place of an endpoint, whoever has it. */
static struct known *place_of(struct bootstrap *b, const char *endpoint)
{
	return &b->known[mp_hash(endpoint, strlen(endpoint)) % KNOWN];
}

static void remember(struct bootstrap *b, const struct mp_coap_remote *remote, const char *endpoint)
{
	struct known *k = place_of(b, endpoint);

	*k = (struct known){.remote = *remote, .format = MP_LWM2M_FORMAT_TLV};
	snprintf(k->endpoint, sizeof(k->endpoint), "%s", endpoint);
	if (remote->identity)
		snprintf(k->identity, sizeof(k->identity), "%s", remote->identity);
}

static void session_gone(void *user, void *session)
{
	struct bootstrap *b = user;

	for (size_t i = 0; i < KNOWN; i++)
		if (b->known[i].remote.session == session)
			b->known[i].endpoint[0] = '\0';
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
	char address[MP_NET_ADDRESS_TEXT];

	port_proof(rq->remote, &proof);
	if (!device_name_is_valid(endpoint)) {
		answer(rq, MP_COAP_BAD_REQUEST, "no endpoint name");
		return false;
	}
	mp_net_address_format(&rq->remote->address, address);
	watch(b, BOOTSTRAP_ASKED, endpoint, address);
	if (!credentials_allow(b->server->credentials, endpoint, &proof)) {
		watch(b, BOOTSTRAP_REFUSED, endpoint, "");
		answer(rq, MP_COAP_BAD_REQUEST, "this is not proven to be that endpoint");
		return false;
	}
	watch(b, BOOTSTRAP_ALLOWED, endpoint, "");
	remember(b, rq->remote, endpoint);
	return true;
}

static struct session *find(struct bootstrap *b, const char *endpoint)
{
	struct session *x = b->sessions;

	while (x && strcmp(x->endpoint, endpoint) != 0)
		x = x->next;
	return x;
}

/* Takes the configuration. NULL: memory is out. The first step is the caller's. */
static struct session *session_new(struct bootstrap *b, const struct mp_coap_remote *remote,
				   const char *endpoint, struct bootstrap_config *config)
{
	struct session *x = calloc(1, sizeof(*x));

	if (!x) {
		bootstrap_config_done(config);
		return NULL;
	}
	x->bootstrap = b;
	x->config = *config;
	x->format = MP_LWM2M_FORMAT_TLV;
	x->remote = *remote;
	if (remote->identity) {
		snprintf(x->identity, sizeof(x->identity), "%s", remote->identity);
		x->remote.identity = x->identity;
	}
	snprintf(x->endpoint, sizeof(x->endpoint), "%s", endpoint);
	x->next = b->sessions;
	b->sessions = x;
	b->n++;
	x->result = results_begin(b->results, endpoint);
	return x;
}

static void end_before(struct bootstrap *b, const char *endpoint, const char *why)
{
	struct session *before = find(b, endpoint);

	if (!before)
		return;
	if (before->exchange)
		mp_coap_cancel(before->exchange);
	session_end(before, "failed", why);
}

static void serve_request(struct bootstrap *b, const struct mp_coap_request *rq)
{
	unsigned format = MP_LWM2M_FORMAT_TLV;
	struct bootstrap_config config;
	struct session *x;
	char endpoint[65];

	read_queries(rq->message, endpoint, &format);
	if (!is_welcome(b, rq, endpoint))
		return;
	end_before(b, endpoint, "the device asked again");
	if (b->n >= SESSIONS) {
		answer(rq, MP_COAP_UNAVAILABLE, "too many at once");
		return;
	}
	if (bootstrap_find(b->server, endpoint, &config) < 0) {
		watch(b, BOOTSTRAP_NOTHING_TO_GIVE, endpoint, "");
		answer(rq, MP_COAP_BAD_REQUEST, "there is no configuration for it");
		return;
	}
	x = session_new(b, rq->remote, endpoint, &config);
	if (!x) {
		answer(rq, MP_COAP_UNAVAILABLE, NULL);
		return;
	}
	if (format == MP_LWM2M_FORMAT_SENML_JSON || format == MP_LWM2M_FORMAT_SENML_CBOR ||
	    format == MP_LWM2M_FORMAT_JSON || format == MP_LWM2M_FORMAT_LWM2M_CBOR)
		x->format = place_of(b, endpoint)->format = format;
	say(x, "running", "the device asked");
	answer(rq, MP_COAP_CHANGED, NULL);
	next_step(x);
}

int bootstrap_begin(struct bootstrap *b, const char *endpoint, struct mp_err *err)
{
	struct known *k = b ? place_of(b, endpoint) : NULL;
	struct bootstrap_config config;
	struct session *x;
	int64_t now;

	if (b)
		tick(b, &now); /* it may end sessions */
	if (!k || !mp_streq(k->endpoint, endpoint))
		return mp_err_set(err, -EHOSTUNREACH,
				  "'%s' has no connection with the bootstrap server", endpoint);
	if (b->n >= SESSIONS)
		return mp_err_set(err, -EBUSY, "too many devices bootstrap at this moment");
	if (bootstrap_find(b->server, endpoint, &config) < 0)
		return mp_err_set(err, -ENOENT, "there is no bootstrap configuration for '%s'",
				  endpoint);
	end_before(b, endpoint, "it was begun anew");
	if (k->remote.identity)
		k->remote.identity = k->identity;
	x = session_new(b, &k->remote, endpoint, &config);
	if (!x)
		return mp_err_set(err, -ENOMEM, "memory is out");
	x->format = k->format;
	say(x, "running", "the server began");
	next_step(x);
	flush(b);
	return 0;
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
	results_say(b->server, b->results, results_begin(b->results, endpoint), "finished",
		    "the device took its pack");
	watch(b, BOOTSTRAP_FINISHED, endpoint, "");
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
	struct port_owner owner = {
		.tick = tick, .done = flush, .session_gone = session_gone, .user = b};
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
	b->results = results_new();
	b->known = calloc(KNOWN, sizeof(*b->known));
	if (!b->results || !b->known)
		r = -ENOMEM;
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
	results_free(b->results);
	free(b->known);
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
