/* SPDX-License-Identifier: Apache-2.0
 * queue.h - requests that wait for sleeping devices, and what became of them
 *
 *     r = queue_add(s, "meter-17", &operation, &id);       // lwm2m_ask() does so by itself
 *     r = queue_each(s, "meter-17", show, user);
 *
 * One queue an endpoint, in the store: it outlives restarts, and the registration too. When the
 * device wakes, its requests are sent one after another, the oldest first; the first that times
 * out means that it sleeps again, and stays the first. Results are kept for a day.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lwm2m/requests.h"

struct server;

enum queue_state { /* stored: append only */
		   QUEUE_WAITING,
		   QUEUE_SENT, /* under way; after a restart it waits again */
		   QUEUE_DONE, /* outcome, code, payload say how */
};
const char *queue_state_name(enum queue_state s);

#define QUEUE_MAX 256 /* most that wait for one endpoint */

struct queue_entry { /* borrowed */
	int64_t id;
	const char *endpoint;
	enum lwm2m_kind kind;
	const char *path; /* "/3/0/9"; composite: paths with ',' between them */
	enum queue_state state;
	int64_t created, expires, ended; /* seconds since 1970; 0: not yet */
	enum lwm2m_outcome outcome; /* with QUEUE_DONE */
	uint8_t code;
	int format; /* of the answer's payload; -1: none */
	const void *payload; /* use lwm2m_decode() */
	size_t payload_len;
	const char *diagnostic;
};

/* -ENOBUFS: QUEUE_MAX wait already; -EFBIG: more than 1 MiB, or a source; -EINVAL, -ENOTSUP as lwm2m_ask(). */
int queue_add(struct server *s, const char *endpoint, const struct lwm2m_operation *o,
	      int64_t *ret_id);
/* In their order; `each` returns 0 to go on. */
int queue_each(struct server *s, const char *endpoint,
	       int (*each)(void *user, const struct queue_entry *e), void *user);
int queue_get(struct server *s, int64_t id, int (*one)(void *user, const struct queue_entry *e),
	      void *user); /* -ENOENT */
/* Take one away, waiting or done. -ENOENT; -EBUSY: it has been sent, its answer is awaited. */
int queue_remove(struct server *s, const char *endpoint, int64_t id);
/* All that wait or are done; the number. */
int queue_clear(struct server *s, const char *endpoint);
size_t queue_length(const struct server *s); /* waiting or sent, of all endpoints */
