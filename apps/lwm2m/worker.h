/* SPDX-License-Identifier: Apache-2.0
 * worker.h - mp-lwm2m: this device as an LwM2M client, one process that stays
 *
 *     r = config_read(&w.config, root, &err);     // product.json: which server
 *     r = identity_load(&w.config, &err);         // -ENOENT until the device is enrolled
 *     r = carrier_open(&w, &err);                 // port, DTLS, CoAP
 *     r = objects_open(&w, &err);                 // the client with its objects and accounts
 *     ... loop.c
 *
 * It has the network and no rights: what needs them (an update, a reboot, the factory's state) is
 * asked of the supervisor over the pair, which decides by itself. Values are read when they are asked
 * for; what is observed is looked at again every few seconds, and nothing else ever is.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "coap/connection.h"
#include "coap/endpoint.h"
#include "dtls/dtls.h"
#include "lwm2m/client.h"
#include "lwm2m/objects.h"
#include "net/udp.h"
#include "pair/pair.h"

#define STATE_DIR "/var/lib/microplatform"
#define LINKS 3 /* servers at once: one, a bootstrap server, and one more */
#define SERVICES 32 /* of a release, most */
#define PEM_MOST (16u << 10)
#define PORTFOLIO_MOST (16u << 10)

struct config {
	char root[256]; /* prefix of all paths */
	char product[64], board[64], uri[256];
	char release[32]; /* that runs */
	char id[80]; /* our endpoint's name */
	char psk_identity[256];
	uint8_t psk[MP_DTLS_KEY_MAX];
	size_t psk_len; /* 0: certificates */
	struct mp_buf certificate, key, ca; /* PEM */
};

struct link { /* a connection, or an attempt at one */
	uint32_t ticket; /* 0: free */
	struct mp_dtls_session *session;
	struct mp_coap_connection *stream; /* over TCP */
	struct mp_coap_remote remote;
	bool is_up;
};

struct service { /* of the release that runs */
	char name[64], version[13];
	bool is_healthy;
};

struct update { /* as the supervisor has told last */
	char state[16], version[32], action[32], sentence[256];
	uint64_t sent; /* our messages to it */
	uint8_t shown_state, shown_result; /* what that means to object 5 */
};

struct counted { /* traffic so far: interfaces come and go, and their counters begin anew */
	char interface[32]; /* that was looked at last, and what it said */
	uint64_t tx, rx;
	uint64_t sent, received;
};

struct worker {
	struct config config;
	struct mp_pair control;
	struct mp_udp *udp;
	struct mp_dtls *dtls;
	struct mp_coap *coap;
	struct mp_lwm2m_client_kind kind;
	struct mp_lwm2m_client *client;
	int64_t wake, look, look_rarely; /* ms: the client's, and when values are looked at again */
	struct link links[LINKS];
	unsigned failures; /* to reach a server: which of its addresses comes next */

	struct mp_lwm2m_device device;
	struct mp_lwm2m_firmware firmware;
	struct update update;
	struct mp_lwm2m_traffic traffic;
	struct counted counted;
	struct mp_lwm2m_log log;
	struct mp_lwm2m_stored portfolio;
	struct service services[SERVICES];
	unsigned n_services;
	bool has_position;
	int64_t seen[16]; /* what watch.c saw last */
};

int64_t worker_now_ms(void);

/* ---- config.c ---- */
int config_read(struct config *c, const char *root, struct mp_err *err);
/* Who we are, and what we show. -ENOENT: not yet. */
int identity_load(struct config *c, struct mp_err *err);
void config_done(struct config *c);

/* ---- carrier.c: datagrams, DTLS, CoAP ---- */
int carrier_open(struct worker *w, struct mp_err *err);
void carrier_close(struct worker *w);
int carrier_connect(void *user, struct mp_lwm2m_client *c, uint32_t ticket,
		    const struct mp_lwm2m_peer *peer);
void carrier_disconnect(void *user, uint32_t ticket, const struct mp_coap_remote *remote);
int carrier_receive(struct worker *w);
/* Streams: what is to be waited for, LINKS at most; then, for each, that it came. */
unsigned carrier_streams(const struct worker *w, struct pollfd ret[LINKS]);
void carrier_stream_ready(struct worker *w, int fd);
void carrier_flush(struct worker *w);
/* End connections that do not come about. At least once a minute. */
void carrier_tick(struct worker *w, int64_t now);

/* ---- accounts.c: objects 0 to 2 over a restart ---- */
int accounts_open(struct worker *w);
int accounts_save(void *user, const void *data, size_t len);

/* ---- kept.c: small files that outlive a restart ---- */
int kept_read(const struct worker *w, const char *name, struct mp_buf *to);
int kept_write(const struct worker *w, const char *name, const void *data, size_t len);

/* ---- objects.c ---- */
int objects_open(struct worker *w, struct mp_err *err);
void objects_close(struct worker *w);

/* ---- supervisor.c: the other end of the pair ---- */
void supervisor_say(struct worker *w, const struct mp_msg *m);
/* Take what it has said. -ECONNRESET: it is gone. */
int supervisor_listen(struct worker *w);

/* ---- update.c: object 5 ---- */
extern const struct mp_lwm2m_firmware_provider update_provider;
const struct mp_lwm2m_class *update_class(void);
void update_show(struct worker *w, unsigned result);

/* ---- device.c, link.c, traffic.c, position.c, log.c, portfolio.c, service.c, appdata.c ---- */
extern const struct mp_lwm2m_device_provider device_provider;
const struct mp_lwm2m_class *device_class(void);
void device_look_for_errors(struct worker *w);
extern const struct mp_lwm2m_class link_class, position_class, portfolio_class, service_class,
	appdata_class;
const struct mp_lwm2m_class *traffic_class(void);
void traffic_totals(void *user, struct mp_lwm2m_traffic_totals *ret);
void service_tell(struct worker *w, const char *name, const char *image, bool healthy);
void portfolio_open(struct worker *w);
void portfolio_close(struct worker *w);
void log_open(struct worker *w);
void log_add(struct worker *w, const char *text);
/* From this a server has the reason of a failure, which object 5 has no place for. */
void log_update(struct worker *w, const char *state, const char *version, const char *sentence);
bool position_is_there(const struct worker *w);

/* Numbers that change when the values do; -1 or 0 without them. */
int64_t device_battery(const struct worker *w); /* per cent */
int64_t link_level(const struct worker *w); /* dBm */
int64_t link_addresses(const struct worker *w);
int64_t position_time(const struct worker *w);
int64_t traffic_bytes(const struct worker *w);
int64_t appdata_state(const struct worker *w);

/* ---- watch.c: what changes by itself ---- */
void watch_look(struct worker *w, int64_t now);
int64_t watch_next(const struct worker *w, int64_t now);

/* ---- facts.c: small files below `root`; what cannot be read is "" or -1 ---- */
void fact_text(const struct worker *w, const char *path, char *ret, size_t room);
int64_t fact_number(const struct worker *w, const char *path);
/* The number after `key` ("MemFree:") in a file of such lines. */
int64_t fact_after(const struct worker *w, const char *path, const char *key);
/* The interface of the default route and its router; "" without one. */
void fact_route(const struct worker *w, char ret_interface[32], char ret_router[48]);
/* Bytes since the machine's start over that interface. */
uint64_t fact_traffic(const struct worker *w, const char *interface, const char *which);

/* ---- loop.c ---- */
int loop_run(struct worker *w);
/* Wait for the identity; -ECONNRESET: the supervisor is gone. */
int loop_wait(struct worker *w, int ms);
