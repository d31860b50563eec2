/* SPDX-License-Identifier: Apache-2.0
 * events.h - what happens, for those who watch: server-sent events
 *
 * The last events lie in one ring that all streams read from, each with a cursor of its own, so
 * that a slow reader costs nothing and disturbs nobody: when its cursor falls off the ring it is
 * told `event: reset`, and asks for the whole state again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "json/json.h"

struct server;
struct mp_request;

struct events;
struct events *events_new(void);
void events_free(struct events *e);

/* Is anybody watching? Without, nothing need be told. */
bool events_wanted(const struct events *e);
/* Takes `data`; a NULL is dropped. `kind`: "device", "rollout", "release". */
void events_add(struct events *e, const char *kind, struct mp_json *data);

/* Answer the request with the stream. */
void events_open(struct events *e, struct mp_request *rq);
/* The request has ended; nothing happens if it was no stream. */
void events_close(struct events *e, struct mp_request *rq);
/* Now and then: keeps connections alive and notices those that are dead. */
void events_beat(struct events *e);
/* Let every stream come to its end. */
void events_end(struct events *e);
size_t events_streams(const struct events *e);
