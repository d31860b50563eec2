/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "alarms.h"
#include "device.h"
#include "keys.h"
#include "dtls_mbedtls/dtls_mbedtls.h"
#include "port.h"
#include "streams.h"

#define PROGRESS_US 5000000
#define GOODBYE_MS 2000 /* simulated: so long deregistrations may take */

struct fleet {
	struct fleet_options options;
	struct port *port;
	struct streams *streams; /* NULL: not over TCP */
	struct mp_coap *coap;
	struct keys *keys;
	struct device *devices;
	struct alarms alarms;
	struct mp_lwm2m_client_kind kinds[PROFILES];
	const struct mp_lwm2m_class *classes[PROFILES][CLASSES_MAX];
	struct fleet_counts counts;
	uint32_t *waiting; /* devices whose handshake has to wait its turn, a ring */
	uint32_t waiting_first, waiting_n, ready;
	int64_t begin_us, now_us, begin_time;
};

static volatile sig_atomic_t is_stopped;

static void stop(int number)
{
	(void)number;
	is_stopped = 1;
}

const struct fleet_options *fleet_options(const struct fleet *f)
{
	return &f->options;
}

struct fleet_counts *fleet_counts(struct fleet *f)
{
	return &f->counts;
}

size_t fleet_size(const struct fleet *f)
{
	return f->ready;
}

struct device *fleet_device(struct fleet *f, size_t i)
{
	return &f->devices[i];
}

struct mp_coap *fleet_coap(struct fleet *f)
{
	return f->coap;
}

int64_t fleet_now_ms(const struct fleet *f)
{
	return (int64_t)((double)(f->now_us - f->begin_us) / 1000 * f->options.time_scale);
}

int64_t fleet_time(const struct fleet *f)
{
	return f->begin_time + fleet_now_ms(f) / 1000;
}

void fleet_wake(struct fleet *f, const struct device *d, enum alarm a, int64_t at_ms)
{
	alarms_set(&f->alarms, 2 * d->index + a, at_ms);
}

void fleet_tell(struct fleet *f, const struct device *d, const char *event, const char *detail)
{
	if (!f->options.json)
		return;
	printf("{\"t\": %.3f, \"endpoint\": \"%s\", \"event\": \"%s\"", /* names need no escapes */
	       (double)fleet_now_ms(f) / 1000, device_name(d), event);
	if (detail)
		printf(", \"detail\": \"%s\"", detail);
	printf("}\n");
}

/* ---- the platform of the clients ---- */

bool fleet_remote(struct fleet *f, const struct device *d, struct mp_coap_remote *ret)
{
	if (f->streams)
		return streams_remote(d, ret);
	*ret = (struct mp_coap_remote){.address = f->options.server, .session = d->session};
	port_local(f->port, d->index, &ret->local);
	return !f->options.secure || d->session;
}

/* Of the file, or `derived`. */
static int find_key(const struct fleet *f, const struct device *d, uint8_t derived[KEY_SIZE],
		    struct mp_dtls_credentials *ret)
{
	const struct key *k = keys_find(f->keys, device_name(d));

	if (!k && f->keys)
		return -ENOENT;
	if (k) {
		*ret = keys_show(k->identity, k->key, k->len);
	} else {
		keys_derive(f->options.seed, device_name(d), derived);
		*ret = keys_show(device_name(d), derived, KEY_SIZE);
	}
	return 0;
}

static int begin_handshake(struct fleet *f, struct device *d)
{
	struct mp_dtls_credentials c;
	uint8_t derived[KEY_SIZE];
	int r = find_key(f, d, derived, &c);

	return r < 0 ? r : port_connect(f->port, d->index, &f->options.server, &c);
}

static int begin_stream(struct fleet *f, struct device *d)
{
	struct mp_dtls_credentials c;
	uint8_t derived[KEY_SIZE];
	int r = f->options.secure ? find_key(f, d, derived, &c) : 0;

	return r < 0 ? r : streams_connect(f->streams, d, f->options.secure ? &c : NULL);
}

static void wait_turn(struct fleet *f, struct device *d)
{
	if (!d->waits)
		f->waiting[(f->waiting_first + f->waiting_n++) % f->options.devices] = d->index;
	d->waits = true;
}

static void next_handshakes(struct fleet *f)
{
	while (f->waiting_n) {
		struct device *d = &f->devices[f->waiting[f->waiting_first]];
		int r = d->ticket ? begin_handshake(f, d) : 0;

		if (r == -EBUSY)
			return;
		f->waiting_first = (f->waiting_first + 1) % f->options.devices;
		f->waiting_n--;
		d->waits = false;
		if (r < 0)
			mp_lwm2m_client_connected(d->client, d->ticket, NULL);
	}
}

int fleet_connect(struct fleet *f, struct device *d)
{
	struct mp_coap_remote remote;
	int r = 0;

	if (fleet_remote(f, d, &remote)) {
		mp_lwm2m_client_connected(d->client, d->ticket, &remote);
		return 0;
	}
	if (f->streams)
		return begin_stream(f, d);
	if (!f->waiting_n)
		r = begin_handshake(f, d);
	if (r == -EBUSY || f->waiting_n)
		wait_turn(f, d);
	return r == -EBUSY ? 0 : r;
}

void fleet_disconnect(struct fleet *f, struct device *d)
{
	struct mp_dtls_session *s = d->session;

	d->ticket = 0;
	d->session = NULL;
	if (f->streams)
		streams_disconnect(d);
	if (!s)
		return;
	mp_coap_session_gone(f->coap, s);
	mp_dtls_close(s);
}

static int platform_connect(void *user, struct mp_lwm2m_client *c, uint32_t ticket,
			    const struct mp_lwm2m_peer *peer)
{
	struct device *d = user;

	(void)c;
	(void)peer;
	d->ticket = ticket;
	return fleet_connect(d->fleet, d);
}

static void platform_disconnect(void *user, uint32_t ticket, const struct mp_coap_remote *remote)
{
	struct device *d = user;

	(void)ticket;
	(void)remote;
	fleet_disconnect(d->fleet, d);
}

static void platform_wake(void *user, struct mp_lwm2m_client *c, int64_t at_ms)
{
	struct device *d = user;

	(void)c;
	if (d->fleet)
		fleet_wake(d->fleet, d, ALARM_CLIENT, at_ms);
}

static void platform_event(void *user, struct mp_lwm2m_client *c, enum mp_lwm2m_event e,
			   uint16_t short_id, uint8_t code)
{
	(void)c;
	(void)short_id;
	device_event(user, e, code);
}

static void *platform_state(void *user, const struct mp_lwm2m_class *class)
{
	struct device *d = user;

	if (class->id == 3)
		return &d->device;
	return class == parts_class(d->parts->kind) ? parts_state(d->parts) : d;
}

static void fill_kinds(struct fleet *f)
{
	for (int p = 0; p < PROFILES; p++) {
		struct mp_lwm2m_client_kind *k = &f->kinds[p];

		*k = (struct mp_lwm2m_client_kind){
			.coap = f->coap,
			.version = f->options.version,
			.queue_mode = f->options.queue_mode,
			.awake_ms = f->options.awake_seconds * 1000,
			.sha256 = f->options.profile_id ? mp_dtls_mbedtls_sha256 : NULL,
			.state = platform_state,
			.connect = platform_connect,
			.disconnect = platform_disconnect,
			.wake = platform_wake,
			.event = platform_event};
		k->n_classes =
			profile_classes((enum profile)p, f->options.firmware_object, f->classes[p]);
		k->classes = f->classes[p];
	}
}

/* ---- datagrams ---- */

static void got(void *user, uint32_t host, const struct mp_net_address *from,
		struct mp_dtls_session *session, const void *data, size_t len)
{
	struct fleet *f = user;
	struct mp_coap_remote remote = {.address = *from, .session = session};

	if (host >= f->ready || !device_hears(&f->devices[host]))
		return;
	port_local(f->port, host, &remote.local);
	mp_coap_receive(f->coap, &remote, data, len);
}

static void secured(void *user, uint32_t host, struct mp_dtls_session *session, const char *why)
{
	struct fleet *f = user;
	struct device *d = &f->devices[host];
	struct mp_dtls_session *before = d->session;
	struct mp_coap_remote remote;

	d->session = session;
	(void)fleet_remote(f, d, &remote);
	if (session) {
		mp_lwm2m_client_connected(d->client, d->ticket, &remote);
		return;
	}
	fleet_tell(f, d, "session ended", why);
	if (before) {
		remote.session = before;
		mp_lwm2m_client_disconnected(d->client, &remote);
		mp_coap_session_gone(f->coap, before);
	} else {
		mp_lwm2m_client_connected(d->client, d->ticket, NULL);
	}
}

static void coap_send(void *user, const struct mp_coap_remote *to, const void *data, size_t len)
{
	struct fleet *f = user;
	uint32_t host = port_host(f->port, &to->local);

	if (to->is_reliable) {
		streams_send(f->streams, to, data, len);
		return;
	}
	if (host != UINT32_MAX)
		port_send(f->port, host, &to->address, to->session, data, len);
}

static struct device *device_of(struct fleet *f, const struct mp_coap_remote *remote)
{
	uint32_t host = port_host(f->port, &remote->local);

	if (remote->is_reliable)
		return mp_coap_connection_user(remote->session);
	return host < f->ready ? &f->devices[host] : NULL;
}

static void coap_serve(void *user, const struct mp_coap_request *rq)
{
	struct fleet *f = user;
	struct device *d = device_of(f, rq->remote);

	f->counts.requests++;
	if (d)
		mp_lwm2m_client_serve(d->client, rq);
}

static bool coap_sink(void *user, const struct mp_coap_request *first, struct mp_coap_sink *ret)
{
	struct fleet *f = user;
	struct device *d = device_of(f, first->remote);

	return d && mp_lwm2m_client_sink(d->client, first, ret);
}

/* ---- its life ---- */

void fleet_name(const struct fleet_options *o, uint32_t device, char name[NAME_SIZE])
{
	int width = snprintf(NULL, 0, "%u", o->devices - 1);

	(void)snprintf(name, NAME_SIZE, "%.50s%0*u", o->first_name, width < 3 ? 3 : width, device);
}

static int open_devices(struct fleet *f, struct mp_err *err)
{
	const struct fleet_options *o = &f->options;
	char name[NAME_SIZE];

	for (uint32_t i = 0; i < o->devices; i++) {
		enum profile p =
			o->profile == PROFILE_MIXED ? (enum profile)(i % PROFILES) : o->profile;
		int r;

		fleet_name(o, i, name);
		r = device_init(&f->devices[i], f, &f->kinds[p], i, name,
				(int64_t)i * 1000 / o->rate);
		f->ready += f->devices[i].client != NULL;
		if (r < 0)
			return mp_err_set(err, r, "device '%s': %s", name, strerror(-r));
	}
	return 0;
}

static int open_port(struct fleet *f, struct mp_err *err)
{
	const struct fleet_options *o = &f->options;
	struct port_config port = {.server = o->server,
				   .hosts = o->devices,
				   .secure = o->secure && !o->tcp,
				   .loss = o->loss,
				   .seed = o->seed,
				   .got = got,
				   .secured = secured,
				   .user = f};
	struct mp_coap_config coap = {.user = f,
				      .send = coap_send,
				      .serve = coap_serve,
				      .sink = coap_sink,
				      .replies_max = 16384};
	int r = port_open(&port, &f->port, err);

	if (r < 0)
		return r;
	r = mp_coap_new(&coap, &f->coap);
	if (r == 0 && o->tcp)
		r = streams_new(f->coap, &o->server, &f->streams);
	return r < 0 ? mp_err_set(err, r, "memory is out") : 0;
}

int fleet_open(const struct fleet_options *o, struct fleet **ret, struct mp_err *err)
{
	auto_(fleet) *f = calloc(1, sizeof(*f));
	int r = f ? 0 : -ENOMEM;

	if (r == 0) {
		f->options = *o;
		f->begin_us = f->now_us = clock_us();
		f->begin_time = time(NULL);
		f->devices = calloc(o->devices, sizeof(*f->devices));
		f->waiting = calloc(o->devices, sizeof(*f->waiting));
		r = f->devices && f->waiting ? alarms_init(&f->alarms, 2 * o->devices) : -ENOMEM;
	}
	if (r < 0)
		return mp_err_set(err, r, "memory is out");
	if (o->psk_file && (r = keys_load(o->psk_file, &f->keys, err)) < 0)
		return r;
	r = open_port(f, err);
	if (r < 0)
		return r;
	fill_kinds(f);
	r = open_devices(f, err);
	if (r < 0)
		return r;
	*ret = take_ptr(f);
	return 0;
}

void fleet_free(struct fleet *f)
{
	if (!f)
		return;
	for (uint32_t i = 0; i < f->ready; i++)
		device_done(&f->devices[i]);
	mp_coap_free(f->coap);
	streams_free(f->streams);
	port_free(f->port);
	keys_free(f->keys);
	alarms_done(&f->alarms);
	free(f->devices);
	free(f->waiting);
	free(f);
}

static void run_due(struct fleet *f)
{
	int64_t now = fleet_now_ms(f);
	uint32_t slot;

	port_tick(f->port, f->now_us / 1000);
	mp_coap_tick(f->coap, now);
	while ((slot = alarms_due(&f->alarms, now)) != ALARMS_NONE)
		device_due(&f->devices[slot / 2], slot % 2 ? ALARM_DEVICE : ALARM_CLIENT);
	next_handshakes(f);
}

/* Simulated time to that of the clock. */
static int64_t real_us(const struct fleet *f, int64_t ms)
{
	if (ms == INT64_MAX)
		return INT64_MAX;
	return f->begin_us + (int64_t)((double)ms / f->options.time_scale * 1000);
}

static int wait_for(struct fleet *f, int64_t until)
{
	struct pollfd p[] = {{.fd = port_fd(f->port), .events = POLLIN},
			     {.fd = f->streams ? streams_fd(f->streams) : -1, .events = POLLIN}};
	int64_t at = real_us(f, alarms_next(&f->alarms)), dtls = port_next_ms(f->port), us;
	int64_t coap = real_us(f, mp_coap_next_ms(f->coap));

	at = coap < at ? coap : at;
	if (dtls != INT64_MAX && dtls * 1000 < at)
		at = dtls * 1000;
	us = (at < until ? at : until) - clock_us();
	if (!port_flush(f->port))
		p[0].events = POLLIN | POLLOUT;
	if (poll(p, 2, us > 0 ? (int)(us / 1000 + 1) : 0) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int run_until(struct fleet *f, int64_t end, bool with_progress)
{
	int64_t progress = f->now_us + PROGRESS_US;
	int r = 0;

	while (f->now_us < end && !is_stopped && r >= 0) {
		r = wait_for(f, end < progress ? end : progress);
		f->now_us = clock_us();
		run_due(f);
		if (r >= 0)
			r = port_receive(f->port);
		if (f->streams)
			streams_run(f->streams);
		if (f->now_us >= progress) {
			progress = f->now_us + PROGRESS_US;
			if (with_progress)
				fleet_print_progress(f);
		}
	}
	return r < 0 ? r : 0;
}

static int say_goodbye(struct fleet *f)
{
	for (uint32_t i = 0; i < f->ready; i++)
		mp_lwm2m_client_stop(f->devices[i].client);
	is_stopped = 0;
	return run_until(f, f->now_us + GOODBYE_MS * 1000, false);
}

int fleet_run(struct fleet *f, struct mp_err *err)
{
	int64_t end = INT64_MAX;
	int r;

	(void)signal(SIGINT, stop);
	(void)signal(SIGTERM, stop);
	if (f->options.seconds > 0)
		end = f->now_us + (int64_t)(f->options.seconds * 1e6);
	r = run_until(f, end, true);
	if (r == 0 && f->options.deregister)
		r = say_goodbye(f);
	(void)port_flush(f->port);
	return r < 0 ? mp_err_set(err, r, "the socket broke: %s", strerror(-r)) : 0;
}
