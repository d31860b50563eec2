/* SPDX-License-Identifier: Apache-2.0
 * client_world.h - for tests: a client with objects of every kind, and servers that do as they are told,
 * in one memory with a clock of its own
 *
 *     WORLD(w, .version = MP_LWM2M_VERSION(1, 1));
 *     world_begin(&w);                                    // account 1 at host 1, registered
 *     ASSERT_INT(MP_COAP_CONTENT, world_get(&w, 1, "3/0/0"));
 *     ASSERT_STR("maker", w.text);
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "coap/fake_net.h"
#include "lwm2m/client.h"
#include "lwm2m/objects.h"

#define WORLD_EVENTS 64

struct world_seen { /* the last request that a server got, and how it answers the next */
	uint8_t code;
	char path[64], queries[400], payload[2048];
	int format;
	unsigned registers, updates, deregisters, bootstraps, sends;
	uint8_t reply; /* 0: the good answer */
	bool mute; /* no answer at all: the datagram is lost */
	char profile[80]; /* the id that it has learnt */
};

struct world {
	uint16_t version;
	bool queue_mode, two_servers, profiles;
	const char *pack; /* what bootstrap servers answer to bspack; NULL: they do not know it */
	unsigned loss;
	const char *attributes;

	struct fake_net net;
	struct mp_lwm2m_client_kind kind;
	struct mp_lwm2m_client *client;
	struct world_seen seen[FAKE_HOSTS];
	int64_t wake;
	unsigned connects, disconnects, saves, events[WORLD_EVENTS];
	bool unreachable;
	uint8_t saved[4096];
	size_t saved_len;

	/* the last answer to a server's question */
	bool answered;
	enum mp_coap_outcome outcome;
	uint8_t code;
	int format;
	int64_t observe;
	char text[8192];
	size_t text_len;
	char location[64];

	/* notifications that came */
	unsigned notifications;
	char notified[2048];
	size_t notified_len;
	int notified_format;
	uint8_t notified_code, notified_type;
	bool refuse_notifications;

	/* the objects */
	double celsius;
	bool on;
	int64_t dimmer;
	char color[32];
	unsigned reboots, factory_resets;
	struct mp_lwm2m_device device;
	struct mp_lwm2m_firmware firmware;
	struct mp_lwm2m_stored radio, place, apn, portfolio, binary;
	struct mp_lwm2m_traffic traffic;
	struct mp_lwm2m_traffic_totals totals;
	struct mp_lwm2m_log log;
	struct mp_lwm2m_software software[2];
	struct mp_lwm2m_softwares softwares;
	struct mp_lwm2m_component component[3];
	struct mp_lwm2m_components components;
	int software_error;
	unsigned uninstalls, activations;
	int package_error, pull_error, update_error;
	size_t package_len;
	unsigned drops, pulls, installs;
	char pulled[256];
};

/* ---- the client's platform ---- */

static inline struct world *world_of(void *user)
{
	return user;
}

static inline int world_connect(void *user, struct mp_lwm2m_client *c, uint32_t ticket,
				const struct mp_lwm2m_peer *peer)
{
	struct world *w = user;

	w->connects++;
	if (w->unreachable)
		return -EHOSTUNREACH;
	mp_lwm2m_client_connected(c, ticket, fake_remote(&w->net, peer->port % FAKE_HOSTS));
	return 0;
}

static inline void world_disconnect(void *user, uint32_t ticket,
				    const struct mp_coap_remote *remote)
{
	(void)ticket;
	(void)remote;
	world_of(user)->disconnects++;
}

static inline void world_wake(void *user, struct mp_lwm2m_client *c, int64_t at_ms)
{
	(void)c;
	world_of(user)->wake = at_ms;
}

static inline int world_save(void *user, const void *data, size_t len)
{
	struct world *w = user;

	w->saves++;
	if (len > sizeof(w->saved))
		return -ENOSPC;
	memcpy(w->saved, data, len);
	w->saved_len = len;
	return 0;
}

static inline void world_event(void *user, struct mp_lwm2m_client *c, enum mp_lwm2m_event e,
			       uint16_t short_id, uint8_t code)
{
	(void)c;
	(void)short_id;
	(void)code;
	world_of(user)->events[e]++;
}

static inline uint32_t world_random(void *user)
{
	(void)user;
	return 0;
}

/* ---- its objects ---- */

static inline int world_device_read(void *user, uint16_t resource, struct mp_lwm2m_out *out)
{
	(void)user;
	switch (resource) {
	case 0:
		return mp_lwm2m_give(out, mp_lwm2m_string("maker"));
	case 1:
		return mp_lwm2m_give(out, mp_lwm2m_string("model 7"));
	case 3:
		return mp_lwm2m_give(out, mp_lwm2m_string("1.0.0"));
	case 6:
		(void)mp_lwm2m_give_instance(out, 0, mp_lwm2m_integer(1));
		return mp_lwm2m_give_instance(out, 1, mp_lwm2m_integer(5));
	case 7:
		(void)mp_lwm2m_give_instance(out, 0, mp_lwm2m_integer(3800));
		return mp_lwm2m_give_instance(out, 1, mp_lwm2m_integer(5000));
	case 9:
		return mp_lwm2m_give(out, mp_lwm2m_integer(100));
	case 13:
		return mp_lwm2m_give(out, mp_lwm2m_time(1700000000));
	case 14:
		return mp_lwm2m_give(out, mp_lwm2m_string("+02:00"));
	case 16:
		return mp_lwm2m_give(out, mp_lwm2m_string("U"));
	default:
		return -ENOENT;
	}
}

static inline int world_device_write(void *user, uint16_t resource, const struct mp_lwm2m_value *v)
{
	(void)user;
	(void)v;
	return resource >= 13 && resource <= 15 ? 0 : -EOPNOTSUPP;
}

static inline int world_reboot(void *user)
{
	world_of(user)->reboots++;
	return 0;
}

static inline int world_factory_reset(void *user)
{
	world_of(user)->factory_resets++;
	return 0;
}

static inline int world_package_write(void *user, uint64_t offset, const void *data, size_t len)
{
	struct world *w = user;

	(void)offset;
	(void)data;
	w->package_len += len;
	return w->package_error == -ENOSPC || w->package_error == -ENOMEM ||
			       w->package_error == -ENOTSUP
		       ? w->package_error
		       : 0;
}

static inline int world_package_end(void *user)
{
	return world_of(user)->package_error;
}

static inline int world_pull(void *user, const char *uri)
{
	struct world *w = user;

	w->pulls++;
	(void)snprintf(w->pulled, sizeof(w->pulled), "%s", uri);
	return w->pull_error;
}

static inline void world_drop(void *user)
{
	world_of(user)->drops++;
	world_of(user)->package_len = 0;
}

static inline int world_update(void *user)
{
	world_of(user)->installs++;
	return world_of(user)->update_error;
}

static inline int world_install(void *user)
{
	world_of(user)->installs++;
	return world_of(user)->software_error;
}

static inline int world_uninstall(void *user)
{
	world_of(user)->uninstalls++;
	return world_of(user)->software_error;
}

static inline int world_activate(void *user, bool on)
{
	world_of(user)->activations += on;
	return 0;
}

static inline const char *world_current(void *user)
{
	(void)user;
	return "1.0.0";
}

static inline void world_totals(void *user, struct mp_lwm2m_traffic_totals *ret)
{
	*ret = world_of(user)->totals;
}

static const struct mp_lwm2m_software_provider world_software = {
	.write = world_package_write,
	.end = world_package_end,
	.pull = world_pull,
	.drop = world_drop,
	.install = world_install,
	.uninstall = world_uninstall,
	.activate = world_activate,
	.name = world_current,
	.version = world_current,
};
static const struct mp_lwm2m_device_provider world_device = {
	.read = world_device_read,
	.write = world_device_write,
	.reboot = world_reboot,
	.factory_reset = world_factory_reset,
};
static const struct mp_lwm2m_firmware_provider world_firmware = {
	.delivery = 2,
	.protocols = 0x0f,
	.write = world_package_write,
	.end = world_package_end,
	.pull = world_pull,
	.drop = world_drop,
	.update = world_update,
};

static inline int world_temperature_read(void *user, uint16_t instance, uint16_t resource,
					 struct mp_lwm2m_out *out)
{
	struct world *w = user;

	(void)instance;
	switch (resource) {
	case 5700:
		return mp_lwm2m_give(out, mp_lwm2m_float(w->celsius));
	case 5701:
		return mp_lwm2m_give(out, mp_lwm2m_string("Cel"));
	default:
		return -ENOENT;
	}
}

static inline int32_t world_light_next(void *user, int32_t after)
{
	(void)user;
	return after < 1 ? after + 1 : -1;
}

static inline int world_light_read(void *user, uint16_t instance, uint16_t resource,
				   struct mp_lwm2m_out *out)
{
	struct world *w = user;

	(void)instance;
	switch (resource) {
	case 5706:
		return mp_lwm2m_give(out, mp_lwm2m_string(w->color));
	case 5850:
		return mp_lwm2m_give(out, mp_lwm2m_boolean(w->on));
	case 5851:
		return mp_lwm2m_give(out, mp_lwm2m_integer(w->dimmer));
	default:
		return -ENOENT;
	}
}

static inline int world_light_write(void *user, const struct mp_lwm2m_path *path,
				    const struct mp_lwm2m_value *v)
{
	struct world *w = user;

	switch (path->id[2]) {
	case 5706:
		(void)snprintf(w->color, sizeof(w->color), "%.*s", (int)v->text.len, v->text.data);
		return 0;
	case 5850:
		w->on = v->boolean;
		return 0;
	case 5851:
		w->dimmer = v->integer;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static const uint16_t world_temperature_resources[] = {5601, 5602, 5605, 5700, 5701};
static const struct mp_lwm2m_class world_temperature = {
	.id = 3303,
	.resources = world_temperature_resources,
	.n_resources = 5,
	.read = world_temperature_read,
};
static const uint16_t world_light_resources[] = {5706, 5850, 5851};
static const struct mp_lwm2m_class world_light = {
	.id = 3311,
	.resources = world_light_resources,
	.n_resources = 3,
	.next = world_light_next,
	.read = world_light_read,
	.write = world_light_write,
};
static const struct mp_lwm2m_class world_radio = {.id = 4, MP_LWM2M_STORED};
static const struct mp_lwm2m_class world_place = {.id = 6, MP_LWM2M_STORED};
static const struct mp_lwm2m_class world_apn = {.id = 11, MP_LWM2M_STORED};
static const struct mp_lwm2m_class world_portfolio = {.id = 16, MP_LWM2M_STORED};
static const struct mp_lwm2m_class world_binary = {.id = 19, MP_LWM2M_STORED};
static const struct mp_lwm2m_class *const world_classes[] = {
	&mp_lwm2m_device_class,
	&world_radio,
	&mp_lwm2m_firmware_class,
	&world_place,
	&mp_lwm2m_traffic_class,
	&mp_lwm2m_software_class,
	&world_apn,
	&world_portfolio,
	&world_binary,
	&mp_lwm2m_log_class,
	&world_temperature,
	&world_light,
	&mp_lwm2m_components_class,
};

static inline void *world_state(void *user, const struct mp_lwm2m_class *class)
{
	struct world *w = user;
	const struct {
		uint16_t id;
		void *state;
	} states[] = {{3, &w->device}, {4, &w->radio},	       {5, &w->firmware},
		      {6, &w->place},  {7, &w->traffic},       {9, &w->softwares},
		      {11, &w->apn},   {16, &w->portfolio},    {19, &w->binary},
		      {20, &w->log},   {33629, &w->components}};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i].id == class->id)
			return states[i].state;
	return w;
}

/* ---- hosts ---- */

static inline void world_serve_client(void *user, const struct mp_coap_request *rq)
{
	struct fake_host *h = user;

	if (world_of(h->user)->client)
		mp_lwm2m_client_serve(world_of(h->user)->client, rq);
}

static inline bool world_sink_client(void *user, const struct mp_coap_request *first,
				     struct mp_coap_sink *ret)
{
	struct fake_host *h = user;

	return mp_lwm2m_client_sink(world_of(h->user)->client, first, ret);
}

static inline void world_note_request(struct world_seen *s, const struct mp_coap_request *rq)
{
	s->code = rq->message->code;
	s->format = rq->format;
	s->path[0] = s->queries[0] = 0;
	MP_COAP_EACH_OPTION(o, rq->message)
	{
		char *into = o.number == MP_COAP_URI_PATH    ? s->path
			     : o.number == MP_COAP_URI_QUERY ? s->queries
							     : NULL;
		size_t room = into == s->path ? sizeof(s->path) : sizeof(s->queries);

		if (into)
			(void)snprintf(into + strlen(into), room - strlen(into), "%s%.*s",
				       into[0] ? (into == s->path ? "/" : "&") : "", (int)o.len,
				       (const char *)o.value);
	}
	(void)snprintf(s->payload, sizeof(s->payload), "%.*s", (int)rq->payload_len,
		       rq->payload_len ? (const char *)rq->payload : "");
}

static inline void world_give_pack(const struct world *w, struct mp_coap_response *r)
{
	r->code = w->pack ? MP_COAP_CONTENT : MP_COAP_NOT_FOUND;
	r->format = w->pack ? MP_LWM2M_FORMAT_SENML_JSON : -1;
	r->payload = w->pack;
	r->payload_len = w->pack ? strlen(w->pack) : 0;
}

/* A stand-in that differs when the bytes do. */
static inline void world_sha256(const void *data, size_t len, uint8_t ret[32])
{
	const uint8_t *at = data;

	memset(ret, 0, 32);
	for (size_t i = 0; i < len; i++)
		ret[i % 7] = (uint8_t)(ret[i % 7] * 31 + at[i]);
}

/* The list of the objects is there, or the id of one that was: false. */
static inline bool world_lacks_list(struct world_seen *s)
{
	const char *pid = strstr(s->queries, "pid=");

	if (pid && *s->payload)
		(void)snprintf(s->profile, sizeof(s->profile), "%s", pid);
	return !*s->payload && !(pid && mp_streq(s->profile, pid));
}

static inline void world_serve_server(void *user, const struct mp_coap_request *rq)
{
	struct fake_host *h = user;
	struct world_seen *s = &world_of(h->user)->seen[h - h->net->hosts];
	struct mp_coap_response r = MP_COAP_RESPONSE(MP_COAP_CHANGED);
	char location[16];

	world_note_request(s, rq);
	if (strcmp(s->path, "rd") == 0 && world_lacks_list(s)) {
		s->registers++;
		r.code = MP_COAP_CONFLICT;
	} else if (strcmp(s->path, "rd") == 0) {
		(void)snprintf(location, sizeof(location), "rd/%u", ++s->registers);
		r.code = MP_COAP_CREATED;
		r.location = location;
	} else if (strcmp(s->path, "bs") == 0) {
		s->bootstraps++;
	} else if (strcmp(s->path, "bspack") == 0) {
		world_give_pack(world_of(h->user), &r);
	} else if (strcmp(s->path, "dp") == 0) {
		s->sends++;
	} else if (s->code == MP_COAP_DELETE) {
		s->deregisters++;
		r.code = MP_COAP_DELETED;
	} else {
		s->updates++;
	}
	if (s->reply) {
		r.code = s->reply;
		r.location = NULL;
	}
	mp_coap_respond(rq->reply, &r);
}

static inline bool world_notified(void *user, const struct mp_coap_answer *a)
{
	struct fake_host *h = user;
	struct world *w = h->user;

	w->notifications++;
	w->notified_code = a->code;
	w->notified_format = a->format;
	w->notified_type = (uint8_t)a->message->type;
	w->notified_len = a->payload_len < sizeof(w->notified) ? a->payload_len : 0;
	if (w->notified_len)
		memcpy(w->notified, a->payload, w->notified_len);
	w->notified[w->notified_len < sizeof(w->notified) ? w->notified_len : 0] = 0;
	return !w->refuse_notifications;
}

static inline bool world_drop_datagram(struct fake_net *net, int from, const uint8_t *data,
				       size_t len)
{
	struct world *w = net->user;

	(void)data;
	(void)len;
	return w->seen[from].mute;
}

/* ---- running ---- */

static inline void world_run(struct world *w, int64_t ms)
{
	int64_t end = w->net.now_ms + ms, next;

	for (;;) {
		next = fake_next(&w->net);
		next = w->wake < next ? w->wake : next;
		if (next > end)
			break;
		fake_run(&w->net, next > w->net.now_ms ? next - w->net.now_ms : 0);
		if (w->wake <= w->net.now_ms && w->client) {
			w->wake = INT64_MAX;
			mp_lwm2m_client_tick(w->client);
		}
	}
	fake_run(&w->net, end - w->net.now_ms);
}

static inline int world_account(struct world *w, int host, bool bootstrap, uint32_t lifetime)
{
	char uri[40];

	(void)snprintf(uri, sizeof(uri), "coap://127.0.0.1:%d", 1000 * FAKE_HOSTS + host);
	return mp_lwm2m_client_add_account(
		w->client, &(struct mp_lwm2m_account){.uri = uri,
						      .bootstrap = bootstrap,
						      .short_id = bootstrap ? 0 : (uint16_t)host,
						      .mode = MP_LWM2M_SECURITY_NONE,
						      .lifetime = lifetime});
}

static inline void world_open_objects(struct world *w)
{
	w->radio = (struct mp_lwm2m_stored){.object = 4, .user = w};
	w->place = (struct mp_lwm2m_stored){.object = 6, .user = w};
	w->apn = (struct mp_lwm2m_stored){.object = 11, .instances_max = 4, .user = w};
	w->portfolio = (struct mp_lwm2m_stored){.object = 16, .instances_max = 4, .user = w};
	w->binary = (struct mp_lwm2m_stored){.object = 19, .instances_max = 4, .user = w};
	w->traffic = (struct mp_lwm2m_traffic){.totals = world_totals, .user = w};
	for (uint16_t i = 0; i < 2; i++)
		w->software[i] = (struct mp_lwm2m_software){
			.provider = &world_software, .user = w, .instance = i};
	w->softwares = (struct mp_lwm2m_softwares){w->software, 2};
	for (uint16_t i = 0; i < 3; i++)
		w->component[i] = (struct mp_lwm2m_component){
			.name = i == 0	 ? "application"
				: i == 1 ? "modem"
					 : "boot",
			.current = world_current,
			.linked = i < 2 ? 3 : 0,
			.firmware = {.provider = &world_firmware, .user = w}};
	w->components = (struct mp_lwm2m_components){w->component, 3};
}

/* Endpoints and the client, without accounts. */
static inline int world_open(struct world *w)
{
	struct mp_coap_config client = {.serve = world_serve_client, .sink = world_sink_client};
	struct mp_coap_config server = {.serve = world_serve_server, .notified = world_notified};
	int r = 0;

	w->net.seed = 1;
	w->net.loss = w->loss;
	w->net.drop = world_drop_datagram;
	w->net.user = w;
	w->wake = INT64_MAX;
	w->celsius = 20;
	w->device = (struct mp_lwm2m_device){.provider = &world_device, .user = w};
	w->firmware = (struct mp_lwm2m_firmware){.provider = &world_firmware, .user = w};
	world_open_objects(w);
	for (int i = 0; r == 0 && i < FAKE_HOSTS; i++) {
		r = fake_host(&w->net, i, i == 0 ? &client : &server);
		w->net.hosts[i].user = w;
	}
	w->kind = (struct mp_lwm2m_client_kind){
		.coap = w->net.hosts[0].c,
		.classes = world_classes,
		.n_classes = sizeof(world_classes) / sizeof(world_classes[0]),
		.version = w->version,
		.queue_mode = w->queue_mode,
		.attributes = w->attributes,
		.bootstrap_pack = w->version >= MP_LWM2M_VERSION(1, 2),
		.sha256 = w->profiles ? world_sha256 : NULL,
		.state = world_state,
		.connect = world_connect,
		.disconnect = world_disconnect,
		.wake = world_wake,
		.save = world_save,
		.event = world_event,
		.random = world_random,
	};
	if (r == 0)
		r = mp_lwm2m_client_new(&w->kind, "device-1", w, &w->client);
	if (r < 0)
		return r;
	w->device.client = w->firmware.client = w->traffic.client = w->log.client = w->client;
	w->software[0].client = w->software[1].client = w->client;
	mp_lwm2m_components_init(&w->components, w->client);
	return 0;
}

static inline int world_begin(struct world *w)
{
	int r = world_open(w);

	if (r == 0)
		r = world_account(w, 1, false, 300);
	if (r == 0 && w->two_servers)
		r = world_account(w, 2, false, 300);
	if (r < 0)
		return r;
	mp_lwm2m_client_start(w->client);
	world_run(w, 1000);
	return 0;
}

static inline void world_end(struct world *w)
{
	mp_lwm2m_client_free(w->client);
	w->client = NULL;
	fake_done(&w->net);
	mp_lwm2m_firmware_done(&w->firmware);
	for (int i = 0; i < 3; i++)
		mp_lwm2m_firmware_done(&w->component[i].firmware);
	mp_lwm2m_rows_done(&w->radio.rows);
	mp_lwm2m_rows_done(&w->place.rows);
	mp_lwm2m_rows_done(&w->apn.rows);
	mp_lwm2m_rows_done(&w->portfolio.rows);
	mp_lwm2m_rows_done(&w->binary.rows);
}
#define WORLD(name, ...) __attribute__((cleanup(world_end))) struct world name = {__VA_ARGS__}

/* ---- what servers ask ---- */

static inline void world_answer(void *user, const struct mp_coap_answer *a)
{
	struct world *w = user;

	w->answered = true;
	w->outcome = a->outcome;
	if (a->outcome != MP_COAP_ANSWERED)
		return;
	w->code = a->code;
	w->format = a->format;
	w->observe = a->observe;
	w->text_len = a->payload_len < sizeof(w->text) ? a->payload_len : sizeof(w->text) - 1;
	if (w->text_len)
		memcpy(w->text, a->payload, w->text_len);
	w->text[w->text_len] = 0;
	MP_COAP_EACH_OPTION(o, a->message)
	{
		if (o.number == MP_COAP_LOCATION_PATH)
			(void)snprintf(w->location + strlen(w->location),
				       sizeof(w->location) - strlen(w->location), "/%.*s",
				       (int)o.len, (const char *)o.value);
	}
}

/* The code of the answer; 0: none. */
static inline int world_ask(struct world *w, int host, struct mp_coap_ask ask)
{
	ask.handler = world_answer;
	ask.user = w;
	w->answered = false;
	w->code = 0;
	w->text_len = 0;
	w->text[0] = w->location[0] = 0;
	if (mp_coap_send(w->net.hosts[host].c, fake_remote(&w->net, 0), &ask, NULL) < 0)
		return -1;
	for (int i = 0; i < 4000 && !w->answered; i++)
		world_run(w, 50);
	return w->code;
}

static inline int world_get(struct world *w, int host, const char *path)
{
	return world_ask(w, host, MP_COAP_ASK(MP_COAP_GET, path));
}

static inline int world_get_as(struct world *w, int host, const char *path, int accept)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path);

	ask.accept = accept;
	return world_ask(w, host, ask);
}

static inline int world_send(struct world *w, int host, uint8_t code, const char *path, int format,
			     const void *payload, size_t len)
{
	struct mp_coap_ask ask = MP_COAP_ASK(code, path);

	ask.format = format;
	ask.payload = payload;
	ask.payload_len = len;
	return world_ask(w, host, ask);
}

static inline int world_put(struct world *w, int host, const char *path, int format,
			    const char *payload)
{
	return world_send(w, host, MP_COAP_PUT, path, format, payload, strlen(payload));
}

static inline int world_post(struct world *w, int host, const char *path, int format,
			     const char *payload)
{
	return world_send(w, host, MP_COAP_POST, path, format, payload, strlen(payload));
}

static inline int world_attributes(struct world *w, int host, const char *path, const char *a,
				   const char *b, const char *c)
{
	const char *queries[] = {a, b, c, NULL};
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_PUT, path);

	ask.queries = queries;
	return world_ask(w, host, ask);
}

static inline int world_observe_as(struct world *w, int host, const char *path, const char *token,
				   int cancel, int accept)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, path);

	ask.observe = cancel;
	ask.accept = accept;
	ask.token = (const uint8_t *)token;
	ask.token_len = strlen(token);
	return world_ask(w, host, ask);
}

static inline int world_observe(struct world *w, int host, const char *path, const char *token)
{
	return world_observe_as(w, host, path, token, 0, -1);
}

static inline int world_fetch(struct world *w, int host, int observe, const char *token,
			      const char *body)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_FETCH, "");

	ask.observe = observe;
	ask.format = MP_LWM2M_FORMAT_SENML_ETCH_JSON;
	ask.accept = MP_LWM2M_FORMAT_SENML_JSON;
	ask.payload = body;
	ask.payload_len = strlen(body);
	ask.token = (const uint8_t *)token;
	ask.token_len = token ? strlen(token) : 0;
	return world_ask(w, host, ask);
}

static inline void world_set_celsius(struct world *w, double celsius)
{
	w->celsius = celsius;
	mp_lwm2m_client_changed(w->client, &mp_lwm2m_path(3303, 0, 5700));
}
