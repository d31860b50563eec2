/* SPDX-License-Identifier: Apache-2.0 */
/* supervisor.h - the process that stays: it starts workers, hands messages on, and keeps time
 *
 * It has no network and writes no device. The state machine (machine.h) decides; this is its
 * outside. Each worker is a program of its own, started for one request (fetch: for as long as
 * there is something to ask), and told apart by the pair that connects it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "machine.h"
#include "medium/medium.h"
#include "options.h"
#include "pair/pair.h"

#define CHILDREN 8

enum role { ROLE_NONE, ROLE_FETCH, ROLE_INSTALL, ROLE_CONTAINERS, ROLE_HOOKS, ROLE_LWM2M };

struct child {
	enum role role; /* ROLE_NONE: the place is free */
	enum job job; /* JOBS: none (fetch; lwm2m; containers answering install) */
	pid_t pid;
	struct mp_pair pair; /* fd -1: closed */
	bool answered; /* its RESULT was handed on */
	bool stopped; /* nobody waits for its RESULT any more */
};

#define APPS 32 /* services of a release, most */

struct app { /* a service of the release that runs */
	char name[64], image[13];
	bool healthy; /* as containers saw it last */
};

struct supervisor {
	struct platform platform;
	const struct agent_options *options;
	struct product product;
	struct machine machine;
	struct record record;
	struct mp_medium *medium;
	struct child children[CHILDREN];
	int data; /* install's end of the pair with the fetch that runs; -1: none */
	struct setup setup; /* what JOB_SETUP has told so far */
	int64_t time_floor;
	unsigned failed; /* jobs that could not be started, one bit each */
	bool fetch_failed; /* a question could not be put */
	unsigned fetch_peak_kb;
	char device_id[80], release[32], root_hash[65], boot_id[64];
	int64_t online_ms; /* since boot, at the first poll that went well; 0: none yet */
	char last_error[512]; /* of a poll */
	char last_failure[512]; /* of a job */
	bool stop, polled;
	int64_t lwm2m_at; /* not started again before; since boot */
	unsigned lwm2m_tries; /* how often it ended early */
	uint64_t lwm2m_seen; /* messages of the one that runs */
	struct app apps[APPS];
	unsigned n_apps; /* 0: not read yet, or there are none */
};

int supervisor_run(const struct agent_options *o);

/* ---- child.c ---- */
/* Start a worker with its pair, and `data` (-1: none) as its second one. NULL: it cannot be. */
struct child *child_start(struct supervisor *s, enum role role, enum job job, int data,
			  const char *hooks);
struct child *child_find(struct supervisor *s, enum role role, enum job job);
/* What ended since; each is handed to supervisor_gone(). */
void child_reap(struct supervisor *s);
void child_stop(struct child *c);

/* ---- relay.c ---- */
/* One message of a child's, if there is one: was there? */
bool relay(struct supervisor *s, struct child *c);
/* The process has ended, and what it had said is read. */
void relay_gone(struct supervisor *s, struct child *c, int status, unsigned peak_kb);

/* ---- worker.c: the one that stays beside us, mp-lwm2m ---- */
/* Start it when it should run and does not. Milliseconds until it must be looked at; -1: never. */
int64_t worker_keep(struct supervisor *s);
void worker_tell(struct supervisor *s); /* where the update stands */
/* containers tells how a service is. */
void worker_health(struct supervisor *s, const char *service, bool healthy);
bool worker_said(struct supervisor *s, const struct mp_msg *m); /* false: not its to say */
void worker_gone(struct supervisor *s);

/* ---- outside.c: what the state machine calls ---- */
void outside_init(struct supervisor *s);

/* ---- report.c ---- */
/* The JSON object of our attributes for the server. */
int report_attributes(struct supervisor *s, struct mp_buf *out);
/* Write /run/microplatform/agent.json. */
void report_status(struct supervisor *s);
