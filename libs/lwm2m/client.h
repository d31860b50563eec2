/* SPDX-License-Identifier: Apache-2.0
 * client.h - the device's side of LwM2M 1.0, 1.1 and 1.2: one client, or thousands in one process
 *
 *     static const struct mp_lwm2m_class *const classes[] = { &mp_lwm2m_device_class, ... };
 *     struct mp_lwm2m_client_kind kind = { .coap = coap, .classes = classes, .n_classes = 2, ... };
 *     r = mp_lwm2m_client_new(&kind, "sensor-1", state, &c);
 *     r = mp_lwm2m_client_load(c, stored, stored_len);        // accounts from before, or
 *     r = mp_lwm2m_client_add_account(c, &(struct mp_lwm2m_account){ .uri = "coap://…", … });
 *     mp_lwm2m_client_start(c);
 *     ... in mp_coap_config.serve:  mp_lwm2m_client_serve(c, rq);     (and .sink the same way)
 *     ... when the time it asked for by kind.wake() has come:  mp_lwm2m_client_tick(c);
 *     mp_lwm2m_client_changed(c, &mp_lwm2m_path(3303, 0, 5700));       // observers may want to know
 *
 * There is no socket and no clock in it: it sits on a CoAP endpoint, whose time it has, and a
 * struct of functions. Clients of one endpoint differ by the remote's local address or session;
 * which client a request is for is the caller's to know. Objects 0, 1 and 2 are kept here as rows
 * (rows.h); the others are classes (class.h), those with behaviour of their own in objects.h.
 *
 * Registration is one state machine a server account, bootstrap one a client:
 *
 *     waiting -> connecting -> registering -> registered -> updating -> registered ...
 *        ^           |             |              |            |
 *        +-----------+-------------+--------------+------------+   (back-off by object 1, 17-20)
 *     registered -> deregistering -> disabled (object 1, 4-5) -> connecting
 *     no account registers any more -> bootstrap, if there is a bootstrap account
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"
#include "coap/endpoint.h"
#include "lwm2m/class.h"
#include "lwm2m/format.h"
#include "lwm2m/model.h"
#include "lwm2m/rows.h"

struct mp_lwm2m_client;

enum mp_lwm2m_security { /* object 0, resource 2 */
			 MP_LWM2M_SECURITY_PSK,
			 MP_LWM2M_SECURITY_RPK,
			 MP_LWM2M_SECURITY_CERTIFICATE,
			 MP_LWM2M_SECURITY_NONE,
			 MP_LWM2M_SECURITY_EST,
};

/* What an instance of object 0 says of how to reach a server. Borrowed during the call. */
struct mp_lwm2m_peer {
	uint16_t short_id; /* 0: the bootstrap server */
	char uri[256]; /* "coaps://host:port" */
	char host[200]; /* taken out of it */
	uint16_t port;
	bool secure, tcp; /* coaps, coap+tcp … */
	enum mp_lwm2m_security mode;
	const uint8_t *identity, *server_key, *secret; /* resources 3, 4, 5 */
	size_t identity_len, server_key_len, secret_len;
	const char *name; /* resource 14 (SNI), NULL: none */
	int certificate_usage; /* resource 15; -1: none */
};

enum mp_lwm2m_event {
	MP_LWM2M_CONNECTING,
	MP_LWM2M_UNREACHABLE, /* no connection, or no answer; tried again later */
	MP_LWM2M_REFUSED, /* an answer of this code; tried again later, or never */
	MP_LWM2M_REGISTERED,
	MP_LWM2M_UPDATED,
	MP_LWM2M_DEREGISTERED,
	MP_LWM2M_DISABLED, /* for as long as object 1 says */
	MP_LWM2M_BOOTSTRAPPING,
	MP_LWM2M_BOOTSTRAPPED,
	MP_LWM2M_BOOTSTRAP_FAILED,
	MP_LWM2M_ASLEEP, /* queue mode: nothing is listened to until the next message of ours */
	MP_LWM2M_AWAKE,
	MP_LWM2M_ACCOUNTS, /* servers were added or taken away */
};
const char *mp_lwm2m_event_name(enum mp_lwm2m_event e); /* "registered" */

/* What all clients of one sort have in common; borrowed while they live. */
struct mp_lwm2m_client_kind {
	struct mp_coap *coap;
	const struct mp_lwm2m_model *model; /* NULL: the one built in */
	/* Ascending by id, without 0, 1 and 2, which are the library's. */
	const struct mp_lwm2m_class *const *classes;
	size_t n_classes;
	uint16_t version; /* the newest to offer: MP_LWM2M_VERSION(1, 0), (1, 1), (1, 2); 0: 1.1. A
			     server that answers 4.12 is asked again with an older one */
	bool queue_mode;
	unsigned awake_ms; /* queue mode: from the last message on; 0: 93 s, MAX_TRANSMIT_WAIT */
	unsigned bootstrap_ms; /* a bootstrap without Finish fails after so long; 0: 247 s */
	bool bootstrap_pack; /* 1.2: ask for everything in one answer first (Core 1.2, 6.1.7.10) */
	/* 1.2: register by a profile id, with the list of objects only where it is not known (Core 1.2,
	 * 6.2.1). NULL: always with the list. */
	void (*sha256)(const void *data, size_t len, uint8_t ret[32]);
	const char *attributes; /* more parameters of the registration, "a=1&b=2"; NULL: none */

	/* ---- the platform ---- */
	/* The state of a class of this client: `user` of its functions. NULL: the client's user. */
	void *(*state)(void *user, const struct mp_lwm2m_class *class);
	/* Reach a server; mp_lwm2m_client_connected() with the ticket is called then, inside or
	 * later. Negative: cannot be tried. */
	int (*connect)(void *user, struct mp_lwm2m_client *c, uint32_t ticket,
		       const struct mp_lwm2m_peer *peer);
	/* It is not needed any more (or: give the attempt up). NULL: nothing to do. */
	void (*disconnect)(void *user, uint32_t ticket, const struct mp_coap_remote *remote);
	/* Call mp_lwm2m_client_tick() at this time of the endpoint's clock; replaces the time before;
	 * INT64_MAX: not at all. */
	void (*wake)(void *user, struct mp_lwm2m_client *c, int64_t at_ms);
	/* Objects 0 to 2 and what else must outlive a restart, as one block that is to replace the one
	 * before. NULL: nothing is kept. */
	int (*save)(void *user, const void *data, size_t len);
	/* NULL: nobody listens. `code` is a CoAP code, 0 without one. */
	void (*event)(void *user, struct mp_lwm2m_client *c, enum mp_lwm2m_event e,
		      uint16_t short_id, uint8_t code);
	/* NULL: getrandom(2). For back-off that differs between devices. */
	uint32_t (*random)(void *user);
};

/* -EINVAL: an endpoint name of 0 or more than 128 bytes, classes not in order or not in the model;
 * -ENOMEM. */
int mp_lwm2m_client_new(const struct mp_lwm2m_client_kind *kind, const char *endpoint, void *user,
			struct mp_lwm2m_client **ret);
void mp_lwm2m_client_free(struct mp_lwm2m_client *c); /* says nothing to the servers */
DEFINE_AUTO(mp_lwm2m_client)
const char *mp_lwm2m_client_endpoint(const struct mp_lwm2m_client *c);
void *mp_lwm2m_client_user(const struct mp_lwm2m_client *c);
size_t mp_lwm2m_client_memory(const struct mp_lwm2m_client *c); /* bytes of its heap */

/* ---- accounts ---- */
struct mp_lwm2m_account { /* everything is copied */
	const char *uri;
	bool bootstrap; /* a bootstrap server: short_id and what follows binding are not used */
	uint16_t short_id; /* 1-65534 */
	enum mp_lwm2m_security mode;
	const void *identity, *server_key, *secret; /* PSK identity or certificate; …; key */
	size_t identity_len, server_key_len, secret_len;
	uint32_t lifetime; /* seconds; 0: 86400 */
	const char *binding; /* NULL: as the URI has it, "U" or "T" */
	bool keep_notifications; /* object 1, resource 6: while disabled or offline */
	uint32_t pmin, pmax; /* defaults of object 1; 0: none */
	uint32_t hold_off; /* bootstrap: seconds before it is asked */
};
/* -EINVAL, -EEXIST: the short id is taken; -ENOMEM, -ENOSPC. */
int mp_lwm2m_client_add_account(struct mp_lwm2m_client *c, const struct mp_lwm2m_account *a);
/* What save() was given. -EBADMSG: nothing of it is taken; -ENOMEM. */
int mp_lwm2m_client_load(struct mp_lwm2m_client *c, const void *data, size_t len);
/* Objects 0, 1, 2; to look, and to change before start. */
struct mp_lwm2m_rows *mp_lwm2m_client_rows(struct mp_lwm2m_client *c);

/* ---- its life ---- */
void mp_lwm2m_client_start(struct mp_lwm2m_client *c);
/* Deregister from all servers and end; DEREGISTERED tells of each. start() may follow. */
void mp_lwm2m_client_stop(struct mp_lwm2m_client *c);
/* Forget everything at once, as a device does whose power fails; start() may follow. */
void mp_lwm2m_client_reset(struct mp_lwm2m_client *c);
/* Another bootstrap (object 1, resource 9). -ENOENT: no bootstrap account. */
int mp_lwm2m_client_bootstrap(struct mp_lwm2m_client *c);
/* Answers connect(). NULL: it failed. `remote` is copied. */
void mp_lwm2m_client_connected(struct mp_lwm2m_client *c, uint32_t ticket,
			       const struct mp_coap_remote *remote);
/* The connection (session) is gone: made again with the next message. */
void mp_lwm2m_client_disconnected(struct mp_lwm2m_client *c, const struct mp_coap_remote *remote);
/* Our address is another one: registrations are updated. */
void mp_lwm2m_client_moved(struct mp_lwm2m_client *c);
void mp_lwm2m_client_tick(struct mp_lwm2m_client *c);
bool mp_lwm2m_client_is_registered(const struct mp_lwm2m_client *c, uint16_t short_id); /* 0: any */
bool mp_lwm2m_client_is_asleep(const struct mp_lwm2m_client *c);
/* Ask for a registration update now (SSID 0: all). */
void mp_lwm2m_client_update(struct mp_lwm2m_client *c, uint16_t short_id);

/* ---- requests ---- */
void mp_lwm2m_client_serve(struct mp_lwm2m_client *c, const struct mp_coap_request *rq);
/* For mp_coap_config.sink: true when a class takes the body block by block. */
bool mp_lwm2m_client_sink(struct mp_lwm2m_client *c, const struct mp_coap_request *first,
			  struct mp_coap_sink *ret);

/* ---- what changes by itself ---- */
/* A value at or below this path is another one: who observes it is notified as its attributes say. */
void mp_lwm2m_client_changed(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path);
/* Instances came or went: registrations are updated, observers of the object notified. */
void mp_lwm2m_client_instances_changed(struct mp_lwm2m_client *c, uint16_t object);
/* Is anything at, below or above the path observed? So that nobody measures for nobody. */
bool mp_lwm2m_client_is_observed(const struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path);

/* ---- Send (Core 6.4.4), 1.1 and newer ----
 * The values below these paths now. -EPERM: muted by the server (object 1, 23); -ENOTCONN: not
 * registered there; -ENOTSUP: the server speaks 1.0; -ENOENT: nothing to send; -ENOMEM.
 * `done` (NULL: nobody) is told the response's code, 0 when there was none. */
int mp_lwm2m_client_send(struct mp_lwm2m_client *c, uint16_t short_id,
			 const struct mp_lwm2m_path *paths, size_t n, enum mp_lwm2m_format format,
			 void (*done)(void *user, uint8_t code), void *user);
/* Measured before: records with their times. */
int mp_lwm2m_client_send_records(struct mp_lwm2m_client *c, uint16_t short_id,
				 const struct mp_lwm2m_record *records, size_t n,
				 enum mp_lwm2m_format format,
				 void (*done)(void *user, uint8_t code), void *user);
