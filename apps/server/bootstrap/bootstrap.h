/* SPDX-License-Identifier: Apache-2.0
 * bootstrap.h - the LwM2M bootstrap server: devices come without knowing their server and leave with
 * all that they need (LwM2M Core, section 6.1)
 *
 *     r = bootstrap_open(s, &s->bootstrap, &err);         // ports of its own, before privileges go
 *     r = bootstrap_set(s, "meter-17", config, &err);     // {"delete": [...], "values": {...}}
 *
 * A device asks with POST /bs; then it is asked what it has, and told, one after another: what to
 * delete, an instance to write each, and that this was all. With LwM2M 1.2 it may fetch everything at
 * once (GET /bspack). Without a configuration of its own it gets the default one, whose endpoint is "".
 * We may begin, too, with a device that asked before (bootstrap_begin).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "json/json.h"
#include "lwm2m/values.h"

struct server;
struct bootstrap;

int bootstrap_open(struct server *s, struct bootstrap **ret, struct mp_err *err);
void bootstrap_free(struct bootstrap *b);

/* ---- configurations: sealed in the store, since they hold keys ---- */

#define BOOTSTRAP_DELETES 16
#define BOOTSTRAP_READS 8

struct bootstrap_config {
	struct mp_json *text; /* as it was set */
	struct mp_lwm2m_path deletes[BOOTSTRAP_DELETES];
	size_t n_deletes;
	struct mp_lwm2m_path reads[BOOTSTRAP_READS]; /* of LwM2M Server and Access Control */
	size_t n_reads;
	struct value_set values; /* in the order of paths; borrow from `text` */
	bool discovers; /* first of all, ask what the device has */
};
void bootstrap_config_done(struct bootstrap_config *c);
/* {"delete": ["/0", "/1"], "values": {"/1/0/0": 123, "LwM2M Server/0/Lifetime": 300}, "discover": true,
 *  "read": ["/1", "/2/0"]}.
 * Takes `j`. -EBADMSG with a sentence. */
int bootstrap_config_parse(struct server *s, struct mp_json *j, struct bootstrap_config *ret,
			   struct mp_err *err);

/* -EBADMSG with a sentence. Borrows `config`. */
int bootstrap_set(struct server *s, const char *endpoint, const struct mp_json *config,
		  struct mp_err *err);
int bootstrap_remove(struct server *s, const char *endpoint); /* -ENOENT */
/* The endpoint's, and nobody else's. -ENOENT. */
int bootstrap_get(struct server *s, const char *endpoint, struct mp_json **ret);
/* That which a device of this name gets. -ENOENT: none. */
int bootstrap_find(struct server *s, const char *endpoint, struct bootstrap_config *ret);
/* Every endpoint that has one, "" for the default. */
int bootstrap_list(struct server *s, struct mp_json **ret);
/* A copy without what only a device may know: keys of the Security object are null. */
struct mp_json *bootstrap_shown(const struct mp_json *config);

/* ---- what became of them ---- */
/* As results_json() has it. `b` may be NULL. */
struct mp_json *bootstrap_sessions_json(const struct bootstrap *b);

/* Begin with a device that has not asked now, but before: where it was then, or over its DTLS session. `b` may
 * be NULL. -ENOENT: it has no configuration; -EHOSTUNREACH: it has never been here since our start, or its session
 * is over; -EBUSY: too many sessions; -ENOMEM; each with a sentence. */
int bootstrap_begin(struct bootstrap *b, const char *endpoint, struct mp_err *err);

/* ---- each step, for who wants to watch ---- */
enum bootstrap_step {
	BOOTSTRAP_ASKED,
	BOOTSTRAP_ALLOWED,
	BOOTSTRAP_REFUSED,
	BOOTSTRAP_NOTHING_TO_GIVE,
	BOOTSTRAP_DISCOVERS,
	BOOTSTRAP_DELETES_IT,
	BOOTSTRAP_WRITES,
	BOOTSTRAP_SENDS, /* another request */
	BOOTSTRAP_SUCCESS, /* the device's answer */
	BOOTSTRAP_ERROR, /* the same, refusing */
	BOOTSTRAP_UNANSWERED,
	BOOTSTRAP_FINISHED,
	BOOTSTRAP_FAILED,
};
struct bootstrap_watcher {
	void (*hear)(void *user, enum bootstrap_step step, const char *endpoint, const char *text);
	void *user;
};
/* There is one. `b` may be NULL. */
void bootstrap_watch(struct bootstrap *b, const struct bootstrap_watcher *who);

uint16_t bootstrap_coap_port(const struct bootstrap *b); /* 0: closed */
uint16_t bootstrap_coaps_port(const struct bootstrap *b);
