/* SPDX-License-Identifier: Apache-2.0
 * listeners.h - who wants to hear what devices do: telemetry, event streams, campaigns
 *
 *     static void hear(void *user, const struct lwm2m_event *e) { … }
 *     static struct lwm2m_listener me = { .hear = hear, .user = s, .kinds = LWM2M_NOTIFIED | LWM2M_SENT };
 *     lwm2m_listen(s->lwm2m, &me);
 *
 * Told inside the turn, before its commit: what a listener writes to the store becomes durable
 * together with what it heard. A listener may ask devices (requests.h), but not end
 * registrations. Everything in an event is borrowed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lwm2m/format.h"

struct lwm2m;
struct registration;
struct observation;
struct lwm2m_result;

enum lwm2m_event_kind { /* bits */
			LWM2M_REGISTERED = 1,
			LWM2M_UPDATED = 2,
			LWM2M_DEREGISTERED = 4, /* the registration ends with this call */
			LWM2M_EXPIRED = 8, /* so it does here */
			LWM2M_AWAKE = 16, /* queue mode alone */
			LWM2M_ASLEEP = 32,
			LWM2M_NOTIFIED = 64,
			LWM2M_SENT = 128,
			LWM2M_DONE = 256, /* a request of the queue has ended */
			LWM2M_TRACED = 512, /* a message of a registered device, or to one */
};

struct lwm2m_event {
	enum lwm2m_event_kind kind;
	int64_t time; /* ms since 1970, ours */
	struct registration *registration; /* NULL: DONE of a device that is not registered */
	const char *endpoint;
	/* REGISTERED: took the place of an older registration of the same endpoint. UPDATED: what changed. */
	bool is_replacement, has_new_address, has_new_objects;
	/* NOTIFIED, SENT: values, of the types of the model. Their times are absolute, 0: none was given. */
	const struct mp_lwm2m_record *records;
	size_t n_records;
	const struct observation *observation; /* NOTIFIED */
	int64_t request; /* DONE: its id in the queue */
	const struct lwm2m_result *result; /* DONE */
	const struct mp_coap_message *message; /* TRACED */
	bool is_incoming; /* TRACED */
};

struct lwm2m_listener { /* the caller's storage, for as long as the server runs */
	void (*hear)(void *user, const struct lwm2m_event *e);
	void *user;
	unsigned kinds; /* may be changed; TRACED costs something with every message */
	struct lwm2m_listener *next;
};
void lwm2m_listen(struct lwm2m *l, struct lwm2m_listener *who);
