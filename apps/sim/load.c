/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "coap/message.h"
#include "histogram.h"
#include "keys.h"
#include "port.h"

#define NAME_SIZE sizeof("load-0000000")
#define ACK_US 2000000 /* RFC 7252 4.8, without its random factor */
#define TRIES 5
#define CONNECT_US 30000000
#define GATHER_US                                                                                  \
	100 /* with many in flight: answers are waited for that long, to be read in one go */
#define FEW 16

struct slot { /* an operation under way */
	int64_t begun, sent;
	uint32_t endpoint;
	uint16_t mid;
	uint8_t tries; /* 0: free */
	bool connecting;
};
struct endpoint {
	struct mp_dtls_session *session;
	uint32_t slot; /* of its handshake or operation */
	char location[20];
};
struct load {
	const struct load_options *options;
	struct port *port;
	struct slot *slots;
	struct endpoint *endpoints;
	struct histogram latency;
	struct load_result result;
	enum load_kind kind; /* of the phase */
	uint64_t launched, wanted, open;
	uint32_t position; /* the endpoint that comes next */
	int64_t now;
	uint64_t random;
	int received; /* in the last turn */
	uint16_t mid;
};

static void name_of(uint32_t endpoint, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "load-%07u", endpoint % 10000000);
}

static void write_register(struct load *l, struct mp_coap_writer *w, uint32_t endpoint)
{
	static const char links[] =
		"</>;rt=\"oma.lwm2m\";ct=\"11542 110\",</1/0>,</3/0>,</5/0>,</3303/0>,</3304/0>";
	char query[32];

	mp_coap_add_text(w, MP_COAP_URI_PATH, "rd");
	mp_coap_add_uint(w, MP_COAP_CONTENT_FORMAT, 40);
	(void)snprintf(query, sizeof(query), "ep=load-%07u", endpoint % 10000000);
	mp_coap_add_text(w, MP_COAP_URI_QUERY, query);
	(void)snprintf(query, sizeof(query), "lt=%u", l->options->lifetime);
	mp_coap_add_text(w, MP_COAP_URI_QUERY, query);
	mp_coap_add_text(w, MP_COAP_URI_QUERY, "lwm2m=1.1");
	mp_coap_add_text(w, MP_COAP_URI_QUERY, "b=U");
	mp_coap_add_payload(w, links, sizeof(links) - 1);
}

static int write_message(struct load *l, const struct slot *s, uint8_t *out, size_t room)
{
	uint32_t token[2] = {(uint32_t)(s - l->slots), s->endpoint};
	struct mp_coap_writer w;

	mp_coap_write(&w, out, room,
		      &(struct mp_coap_header){.type = MP_COAP_CON,
					       .code = l->kind == LOAD_REQUEST ? MP_COAP_GET
									       : MP_COAP_POST,
					       .mid = s->mid,
					       .token = (const uint8_t *)token,
					       .token_len = sizeof(token)});
	if (l->kind == LOAD_REGISTER)
		write_register(l, &w, s->endpoint);
	else if (l->kind == LOAD_UPDATE)
		mp_coap_add_path(&w, MP_COAP_URI_PATH, l->endpoints[s->endpoint].location);
	else
		mp_coap_add_path(&w, MP_COAP_URI_PATH, l->options->path);
	return mp_coap_end(&w);
}

static void send_slot(struct load *l, struct slot *s)
{
	uint8_t data[512];
	int n = write_message(l, s, data, sizeof(data));

	s->sent = l->now;
	s->tries++;
	if (n > 0)
		port_send(l->port, s->endpoint, &l->options->server,
			  l->endpoints[s->endpoint].session, data, (size_t)n);
}

static void finish(struct load *l, struct slot *s, bool good)
{
	if (good) {
		l->result.done++;
		histogram_add(&l->latency, (uint64_t)(l->now - s->begun));
	} else {
		l->result.failed++;
	}
	s->tries = 0;
	s->connecting = false;
	l->open--;
}

static bool connect_slot(struct load *l, struct slot *s)
{
	char name[NAME_SIZE];
	struct mp_dtls_credentials own;
	uint8_t key[KEY_SIZE];

	name_of(s->endpoint, name);
	keys_derive(l->options->seed, name, key);
	own = keys_show(name, key, sizeof(key));
	s->connecting = true;
	s->sent = l->now;
	s->tries = 1;
	return port_connect(l->port, s->endpoint, &l->options->server, &own) == 0;
}

static void launch(struct load *l, struct slot *s)
{
	struct endpoint *e;

	while (l->launched < l->wanted) {
		s->endpoint = l->position;
		l->position = (l->position + 1) % l->options->endpoints;
		l->launched++;
		l->open++;
		e = &l->endpoints[s->endpoint];
		e->slot = (uint32_t)(s - l->slots);
		s->begun = l->now;
		s->mid = l->mid++;
		s->tries = 0;
		if (l->options->secure && !e->session) {
			if (connect_slot(l, s))
				return;
			finish(l, s, false);
			continue;
		}
		send_slot(l, s);
		return;
	}
}

static void keep_location(struct load *l, const struct slot *s, const struct mp_coap_message *m)
{
	struct endpoint *e = &l->endpoints[s->endpoint];
	size_t at = 0;

	MP_COAP_EACH_OPTION(o, m)
	{
		if (o.number != MP_COAP_LOCATION_PATH || at + o.len + 2 > sizeof(e->location))
			continue;
		if (at)
			e->location[at++] = '/';
		memcpy(e->location + at, o.value, o.len);
		at += o.len;
		e->location[at] = 0;
	}
}

/* A server may begin to ask as soon as it knows a device; nobody is at home here. */
static void refuse(struct load *l, uint32_t host, struct mp_dtls_session *session,
		   const struct mp_coap_message *m)
{
	struct mp_coap_writer w;
	uint8_t reset[4];
	int n;

	l->result.unexpected++;
	if (m->type != MP_COAP_CON)
		return;
	mp_coap_write(&w, reset, sizeof(reset),
		      &(struct mp_coap_header){.type = MP_COAP_RST, .mid = m->mid});
	n = mp_coap_end(&w);
	if (n > 0)
		port_send(l->port, host, &l->options->server, session, reset, (size_t)n);
}

static void got(void *user, uint32_t host, const struct mp_net_address *from,
		struct mp_dtls_session *session, const void *data, size_t len)
{
	struct load *l = user;
	struct mp_coap_message m;
	struct slot *s;
	uint32_t token[2];
	bool good;

	(void)from;
	if (mp_coap_decode(data, len, &m) < 0)
		return;
	if (m.token_len != sizeof(token) || mp_coap_class(m.code) < 2) {
		if (m.code)
			refuse(l, host, session, &m);
		return;
	}
	memcpy(token, m.token, sizeof(token));
	if (token[0] >= l->options->in_flight)
		return;
	s = &l->slots[token[0]];
	if (!s->tries || s->connecting || s->endpoint != token[1] || s->mid != m.mid)
		return;
	good = mp_coap_class(m.code) == 2;
	if (!good)
		l->result.last_code = m.code;
	else if (l->kind == LOAD_REGISTER)
		keep_location(l, s, &m);
	finish(l, s, good);
	launch(l, s);
}

static void secured(void *user, uint32_t host, struct mp_dtls_session *session, const char *why)
{
	struct load *l = user;
	struct endpoint *e = &l->endpoints[host];
	struct slot *s = &l->slots[e->slot];

	(void)why;
	e->session = session;
	if (!s->connecting || s->endpoint != host)
		return;
	s->connecting = false;
	s->tries = 0;
	l->now = clock_us();
	if (session) {
		send_slot(l, s);
		return;
	}
	finish(l, s, false);
	launch(l, s);
}

static void retransmit(struct load *l)
{
	for (uint32_t i = 0; i < l->options->in_flight; i++) {
		struct slot *s = &l->slots[i];
		int64_t limit = s->connecting ? CONNECT_US : (int64_t)ACK_US << (s->tries - 1);

		if (!s->tries || l->now - s->sent < limit)
			continue;
		if (!s->connecting && s->tries < TRIES) {
			l->result.retransmitted++;
			send_slot(l, s);
			continue;
		}
		finish(l, s, false);
		launch(l, s);
	}
}

/* Waking for each answer would cost more than the answers. */
static void gather(const struct load *l)
{
	struct timespec t = {.tv_nsec = GATHER_US * 1000};

	if (l->options->in_flight >= 2 * FEW && l->received < FEW)
		(void)nanosleep(&t, NULL);
}

static int wait_for(struct load *l, int64_t until)
{
	int64_t next = port_next_ms(l->port) * 1000;
	struct pollfd p = {.fd = port_fd(l->port), .events = POLLIN};
	int64_t us = (next < until ? next : until) - clock_us();

	if (!port_flush(l->port))
		p.events = POLLIN | POLLOUT;
	gather(l);
	if (poll(&p, 1, us > 0 ? (int)(us / 1000 + 1) : 0) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int run_phase(struct load *l, enum load_kind kind, uint64_t operations, double seconds)
{
	int64_t end = seconds > 0 ? clock_us() + (int64_t)(seconds * 1e6) : INT64_MAX;
	int64_t check;
	int r = 0;

	l->kind = kind;
	l->launched = 0;
	l->wanted = operations;
	l->now = clock_us();
	check = l->now;
	for (uint32_t i = 0; i < l->options->in_flight; i++)
		launch(l, &l->slots[i]);
	while (l->open && r >= 0) {
		r = wait_for(l, check + 250000);
		l->now = clock_us();
		port_tick(l->port, l->now / 1000);
		if (r >= 0)
			l->received = r = port_receive(l->port);
		if (l->now - check >= 250000) {
			check = l->now;
			retransmit(l);
		}
		if (l->now >= end)
			l->wanted = l->launched;
	}
	(void)port_flush(l->port);
	return r < 0 ? r : 0;
}

static int read_locations(struct load *l, struct mp_err *err)
{
	FILE *f = fopen(l->options->locations, "re");
	int r = 0;

	if (!f)
		return mp_err_set(err, -errno, "%s: %s", l->options->locations, strerror(errno));
	for (uint32_t i = 0; r == 0 && i < l->options->endpoints; i++) {
		if (fscanf(f, "%19s", l->endpoints[i].location) != 1)
			r = mp_err_set(err, -EBADMSG, "%s: %u locations, %u endpoints",
				       l->options->locations, i, l->options->endpoints);
	}
	(void)fclose(f);
	return r;
}

static int write_locations(struct load *l, struct mp_err *err)
{
	FILE *f = fopen(l->options->locations, "we");
	int r = 0;

	if (!f)
		return mp_err_set(err, -errno, "%s: %s", l->options->locations, strerror(errno));
	for (uint32_t i = 0; i < l->options->endpoints; i++)
		if (fprintf(f, "%s\n", l->endpoints[i].location) < 0)
			r = -EIO;
	if (fclose(f) != 0 || r < 0)
		return mp_err_set(err, -EIO, "%s cannot be written", l->options->locations);
	return 0;
}

/* What must be there before the measured phase: registrations, or sessions. */
static int prepare(struct load *l, struct mp_err *err)
{
	const struct load_options *o = l->options;
	int r = 0;

	if (o->kind == LOAD_UPDATE && o->locations && !o->secure)
		return read_locations(l, err);
	if (o->kind == LOAD_UPDATE)
		r = run_phase(l, LOAD_REGISTER, o->endpoints, 0);
	else if (o->kind == LOAD_REQUEST && o->secure)
		r = run_phase(l, LOAD_REQUEST, o->endpoints, 0);
	if (r < 0)
		return mp_err_set(err, r, "the socket broke: %s", strerror(-r));
	if (l->result.failed)
		return mp_err_set(err, -EREMOTEIO, "%llu of %u endpoints could not be prepared",
				  (unsigned long long)l->result.failed, o->endpoints);
	memset(&l->result, 0, sizeof(l->result));
	memset(&l->latency, 0, sizeof(l->latency));
	return 0;
}

static double cpu_seconds(void)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Of another process; 0 when it cannot be told. */
static double watched_seconds(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (!pid || clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int measure(struct load *l, struct mp_err *err)
{
	const struct load_options *o = l->options;
	double cpu = cpu_seconds(), watched = watched_seconds(o->watched);
	int64_t begin = clock_us();
	int r = run_phase(l, o->kind, o->operations ? o->operations : o->endpoints, o->seconds);

	if (r < 0)
		return mp_err_set(err, r, "the socket broke: %s", strerror(-r));
	l->result.seconds = (double)(clock_us() - begin) / 1e6;
	l->result.cpu_seconds = cpu_seconds() - cpu;
	l->result.watched_seconds = watched_seconds(o->watched) - watched;
	l->result.p50_ms = (double)histogram_quantile(&l->latency, 0.5) / 1000;
	l->result.p99_ms = (double)histogram_quantile(&l->latency, 0.99) / 1000;
	l->result.max_ms = (double)l->latency.max / 1000;
	return o->kind == LOAD_REGISTER && o->locations ? write_locations(l, err) : 0;
}

int load_run(const struct load_options *o, struct load_result *ret, struct mp_err *err)
{
	struct load *l = calloc(1, sizeof(*l));
	struct port_config config = {.server = o->server,
				     .hosts = o->endpoints,
				     .secure = o->secure,
				     .got = got,
				     .secured = secured,
				     .user = l};
	int r = l ? 0 : -ENOMEM;

	if (r == 0) {
		l->options = o;
		l->random = o->seed;
		l->mid = (uint16_t)random_next(&l->random);
		l->slots = calloc(o->in_flight, sizeof(*l->slots));
		l->endpoints = calloc(o->endpoints, sizeof(*l->endpoints));
		r = l->slots && l->endpoints ? port_open(&config, &l->port, err) : -ENOMEM;
	}
	if (r == -ENOMEM)
		r = mp_err_set(err, r, "memory is out");
	if (r == 0)
		r = prepare(l, err);
	if (r == 0)
		r = measure(l, err);
	if (r == 0)
		*ret = l->result;
	if (l) {
		port_free(l->port);
		free(l->slots);
		free(l->endpoints);
	}
	free(l);
	return r;
}
