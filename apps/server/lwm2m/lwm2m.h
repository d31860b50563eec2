/* SPDX-License-Identifier: Apache-2.0
 * lwm2m.h - the LwM2M server: CoAP ports, registrations, requests, observations, Send
 *
 *     r = lwm2m_open(s, &s->lwm2m, &err);      // ports, before privileges go
 *     r = lwm2m_load(s, &err);                 // registrations, from the store
 *     ... each turn: lwm2m_write(s), commit, lwm2m_release(s)
 *
 * What it is made of, each with a header: registry (who), requests (ask), observations, queue
 * (sleeping devices), listeners (who hears), journal (bytes in the store), credentials (who
 * may). Nothing here knows of HTTP.
 *
 * One turn of the loop reads a batch of datagrams. Their answers are queued, the changes of the
 * registry are written as one row, and only after the commit the answers leave: one fsync for
 * the batch, and nothing is acknowledged that a power cut could take back.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "lwm2m/listeners.h"
#include "lwm2m/model.h"

struct server;
struct registry;
struct observations;
struct durable;
struct sleepers;
struct transport;
struct mp_ddf;

#define QUEUE_FILTER 65536 /* a power of two */

struct lwm2m_counters {
	uint64_t registrations, updates, deregistrations, expired;
	uint64_t refused_endpoint; /* no name, or none that can be one */
	uint64_t refused_identity; /* the session's identity is another's */
	uint64_t refused_unsecured; /* without security, but credentials are stored for it */
	uint64_t refused_unknown; /* nobody knows a device of this name */
	uint64_t refused_version, refused_full;
	uint64_t refused_profile; /* no list of objects, or only its id */
	uint64_t malformed; /* parameters, links, values that cannot be read */
	uint64_t notifications, unknown_notifications, lost_observations;
	uint64_t sends, requests, firmware_reads;
	uint64_t tls_sessions, tls_failed; /* handshakes over TCP */
};

struct lwm2m {
	struct server *server;
	struct mp_coap *coap;
	struct registry *registry;
	struct observations *observations;
	struct durable *durable;
	struct transport *transport;
	struct sleepers *sleepers;
	size_t queued; /* requests that wait for sleeping devices */
	uint8_t queue_filter[QUEUE_FILTER / 8]; /* endpoints that may have some (queue.c) */
	uint32_t device_at; /* from this slot on, devices may have to be made (fleet.h) */
	struct mp_ddf *ddf; /* the objects of PRODUCT/models */
	const struct mp_lwm2m_model *model; /* those, and the built-in ones behind them */
	struct lwm2m_listener *listeners;
	struct lwm2m_counters counters;
	int64_t now_ms; /* ms since 1970, of this turn */
	int64_t clock_ms; /* the same on a clock that never goes back, which CoAP and DTLS know */
	int64_t expire_after; /* ms since 1970: devices may come back after a start first */
	unsigned awake_seconds; /* a device in queue mode listens so long after it was heard */
};

/* All ports are off unless the options say otherwise; *ret is there even then. */
int lwm2m_open(struct server *s, struct lwm2m **ret, struct mp_err *err);
/* What the store has; also after a failed write, when memory is thrown away. */
int lwm2m_load(struct server *s, struct mp_err *err);
/* DTLS sessions of the last clean stop; as the user that we have become. */
void lwm2m_restore(struct server *s);
/* Before the commit: what changed in this turn, as a row. */
void lwm2m_write(struct server *s);
/* After it: answers leave. */
void lwm2m_release(struct server *s);
/* Instead, when it failed: answers are taken back. */
void lwm2m_give_up(struct server *s);
/* Once a second: expiry, falling asleep, folding the journal, the queue's ends. */
void lwm2m_tick(struct server *s);
/* At a clean stop, before the last commit. */
void lwm2m_finish(struct server *s);
void lwm2m_free(struct lwm2m *l);

int lwm2m_metrics(struct server *s, struct mp_buf *out);
/* With DTLS, or TLS; of TCP, or UDP. 0: closed. */
uint16_t lwm2m_port(const struct lwm2m *l, bool secure, bool tcp);
/* Where this device can fetch a blob, by the protocol that it speaks with us. -ENAMETOOLONG. */
int lwm2m_firmware_uri(const struct lwm2m *l, const struct registration *r, const char *sha256,
		       char *ret, size_t room);
