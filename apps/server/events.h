/* SPDX-License-Identifier: Apache-2.0
 * events.h - what happens, for those who watch: server-sent events
 *
 *     if (events_wanted(s->events, EVENT_NOTIFICATION, "sensor-7"))
 *         events_add(s->events, EVENT_NOTIFICATION, "sensor-7", data);
 *
 * The last events lie in rings that all streams read from, each with cursors of its own, so that a
 * slow reader costs nothing and disturbs nobody: when its cursor falls off a ring it is told
 * `event: reset`, and asks for the whole state again. What devices say over LwM2M has a ring for
 * itself, so that its flood does not wash away what happens to the fleet; it goes to streams that
 * ask for it by kind or by device.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "json/json.h"

struct mp_request;

struct event_kind {
	const char *name; /* NULL ends a table */
	bool is_traffic; /* of devices: only for those who ask */
};
#define EVENT_KINDS_MAX 16

/* The kinds of /api/v1/events, numbers into event_kinds[]. */
enum {
	EVENT_DEVICE,
	EVENT_ROLLOUT,
	EVENT_RELEASE,
	EVENT_REGISTRATION,
	EVENT_NOTIFICATION,
	EVENT_SEND,
	EVENT_REQUEST,
	EVENT_BOOTSTRAP,
};
extern const struct event_kind event_kinds[];

struct events;
/* `crlf`: as some clients of Leshan want it, lines end in CR LF and have no ids. */
struct events *events_new(const struct event_kind *kinds, bool crlf);
void events_free(struct events *e);

/* Does anybody want to hear this? `device` may be NULL. Without, nothing need be told. */
bool events_wanted(const struct events *e, unsigned kind, const char *device);
/* Takes `data`; a NULL is dropped. */
void events_add(struct events *e, unsigned kind, const char *device, struct mp_json *data);

struct event_choice {
	unsigned kinds; /* 1 << kind, or'ed; 0: all but traffic, or, with a device, all */
	const char *device; /* NULL: any */
};
/* "device,rollout" as bits. -EBADMSG: no such kind. */
int events_parse_kinds(const struct event_kind *kinds, const char *text, unsigned *ret);

/* Answer the request with the stream. */
void events_open(struct events *e, struct mp_request *rq, const struct event_choice *choice);
/* The request has ended; nothing happens if it was no stream of this. */
void events_close(struct events *e, struct mp_request *rq);
/* Now and then: keeps connections alive and notices those that are dead. */
void events_beat(struct events *e);
/* Let every stream come to its end. */
void events_end(struct events *e);
/* Is there a stream at all that such events could go to? Cheaper than events_wanted(). */
bool events_have_readers(const struct events *e, unsigned kind);
size_t events_streams(const struct events *e);
