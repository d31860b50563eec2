/* SPDX-License-Identifier: Apache-2.0
 * results.h - what became of the last bootstrap sessions, in memory: a ring
 *
 *     place = results_begin(t, "meter-17");
 *     results_say(s, t, place, "finished", "the device has its configuration");
 */
#pragma once

#include <stddef.h>

#include "json/json.h"

struct server;
struct results;

struct results *results_new(void); /* NULL: memory is out */
void results_free(struct results *t);
/* The place of a new one. When the ring has come round, its place is another's, and nothing is said. */
size_t results_begin(struct results *t, const char *endpoint);
/* `state`: "running", "finished" or "failed". It is an event, too. */
void results_say(struct server *s, struct results *t, size_t place, const char *state,
		 const char *message);
/* What the device showed: an array, whose entries join those that are there. Takes `items`. */
void results_add_found(struct results *t, size_t place, const char *name, struct mp_json *items);
/* [{"device", "time", "state", "message", ["discovered": [path], "read": [value]]}], the newest first. */
struct mp_json *results_json(const struct results *t);
