/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h - the update's state machine: what happens next, and nothing about how
 *
 *     machine_init(&m, &config, &platform, &record);
 *     ... an event: machine_offered(), machine_ended() ... then machine_tick(&m), which starts what
 *     is to be done now and says when to be called again
 *
 * The outside (workers, server, clock, disk) is one struct of functions, which a test replaces. No
 * function waits. docs/spec/agent.md draws the states.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

enum update_state {
	UPDATE_IDLE,
	UPDATE_DOWNLOADING,
	UPDATE_VERIFYING,
	UPDATE_DOWNLOADED, /* LwM2M: it waits to be told to go on */
	UPDATE_INSTALLED,
	UPDATE_REBOOTING,
	UPDATE_PROVING,
	UPDATE_PROVEN,
	UPDATE_FAILED,
	UPDATE_ROLLED_BACK,
};
const char *update_state_name(enum update_state s);
/* UPDATE_IDLE for a name that there is not. */
enum update_state update_state_parse(const char *name);

/* What a worker of its own does, each at most once at a time. */
enum job {
	JOB_SETUP, /* install: where do things stand? */
	JOB_SEEDED, /* install: the enrollment token is stored */
	JOB_PREFLIGHT, /* hooks: may an update begin? */
	JOB_INSTALL, /* install: the release in `version` */
	JOB_COMMIT, /* install: what was downloaded boots next */
	JOB_APPLY, /* containers: those of the running release, until they are healthy */
	JOB_CHECK, /* hooks: the product's own health checks */
	JOB_MARK_GOOD, /* install */
	JOB_MARK_BAD, /* install, with `reason` */
	JOB_LOOK, /* containers: how are those that were brought up? */
	JOB_PRUNE, /* containers */
	JOBS
};
const char *job_name(enum job j);

/* What fetch is asked, one at a time. */
enum ask {
	ASK_NOTHING,
	ASK_SEED,
	ASK_ENROLL, /* LwM2M alone: nothing is polled */
	ASK_SOURCE, /* what an LwM2M server names */
	ASK_FEEDBACK,
	ASK_PROGRESS,
	ASK_CANCEL,
	ASK_ATTRIBUTES,
	ASK_POLL
};

struct feedback { /* borrowed during the call */
	const char *action, *execution, *finished, *details;
};

struct platform {
	int64_t (*now)(struct platform *p); /* milliseconds since boot */
	void (*start)(struct platform *p, enum job job, const char *version, const char *action,
		      const char *reason);
	void (*stop)(struct platform *p, enum job job); /* no machine_ended() follows */
	void (*ask_poll)(struct platform *p);
	void (*ask_enroll)(struct platform *p);
	void (*ask_source)(struct platform *p, const char *source);
	void (*ask_seed)(struct platform *p, const char *what, const char *value);
	void (*ask_feedback)(struct platform *p, bool cancel, const struct feedback *f);
	void (*ask_attributes)(struct platform *p);
	void (*leave_server)(struct platform *p); /* nothing more to ask for now */
	void (*save)(struct platform *p, const struct record *r); /* durable on return */
	void (*reboot)(struct platform *p);
	void (*changed)(struct platform *p); /* the state is another: say so in log and status */
};

struct machine_config {
	int64_t poll_ms; /* unless the server wishes otherwise */
	int64_t proof_ms; /* how long a release may take to prove itself */
	int64_t look_ms; /* between two looks at containers that are up */
	bool lwm2m; /* there is an LwM2M server */
	bool lwm2m_alone; /* DDI is no channel of this product */
	int64_t grace_ms; /* after this long the server need not be reached; 0: it must */
};

/* What JOB_SETUP has found. */
struct setup {
	char running[32], boot_id[64];
	enum update_state state;
	char version[32], action[32], reason[512];
	bool trial; /* the running release is not proven */
	char slot;
	char id[80], token[256], target_token[128],
		lwm2m_psk[300]; /* from the ESP, "" when there is none */
	char channels
		[16]; /* of this device by the ESP: "ddi", "lwm2m", "ddi,lwm2m"; "": the product's */
};

struct proof {
	int64_t began, until;
	bool apps, checks, server;
	unsigned verdicts; /* in a row: that a container is not healthy */
	char doubt[400]; /* what was last seen to be missing */
};

struct machine {
	struct platform *platform;
	struct machine_config config;
	struct record *record;
	struct setup setup;
	bool ready; /* JOB_SETUP has told where things stand */

	enum update_state state;
	char version[32], action[32], reason[512]; /* what `state` is about */

	bool running[JOBS];
	int64_t not_before[JOBS]; /* a failed job's next try */
	unsigned tries[JOBS];
	bool apps_up; /* the running release's containers */
	bool prune;
	struct proof proof;

	enum ask asked; /* what fetch is busy with */
	bool asked_stale; /* ASK_SOURCE of a source that counts no longer */
	int64_t poll_at;
	int64_t sleep_ms; /* between polls, as the server wishes; 0: it has not said */
	unsigned polls_failed, asks_failed; /* in a row */
	bool online; /* the last poll went well */
	bool enrolled; /* LwM2M alone: the server knows us */
	bool registered; /* with an LwM2M server */
	bool source_due; /* record->source is to be fetched */
	bool seeded, seeds_done; /* stored by fetch; gone from the ESP */
	bool attributes_due, attributes_sent;
	char cancel[32]; /* an action whose cancellation awaits our answer, and the answer */
	bool cancel_accepted, cancel_settled;

	unsigned percent, percent_told, percent_best; /* best: of all tries */
	enum update_state told_state;
	int64_t told_at;
	char waiting[400], waiting_told[400]; /* why an update does not go on yet */
	char resumed[64]; /* "resumed at frame 34 of 96", until it is told */
	int64_t reboot_at; /* 0: none is due */
	bool reboot_asked; /* once more is by force */
};

void machine_init(struct machine *m, const struct machine_config *config, struct platform *p,
		  struct record *record);
/* Start what is due. Milliseconds until it must be called again. */
int64_t machine_tick(struct machine *m);

/* ---- events ---- */
/* A worker has ended: 0 or a negative errno with its sentence. `setup` for JOB_SETUP that went
 * well, else NULL. */
void machine_ended(struct machine *m, enum job job, int r, const char *reason,
		   const struct setup *setup);
void machine_progress(struct machine *m, enum job job, const char *what, uint64_t done,
		      uint64_t total);
/* fetch has ended what it was asked. */
void machine_answered(struct machine *m, int r, const char *reason);
/* While it polled: */
void machine_slept(struct machine *m, uint64_t seconds);
void machine_offered(struct machine *m, const char *action, const char *version, bool now);
void machine_cancelled(struct machine *m, const char *action);
void machine_wanted(struct machine *m); /* the server wants our attributes */

/* ---- the LwM2M channel (lwm2m.c) ---- */
/* Is this the action of an update that came by LwM2M? */
bool machine_is_lwm2m(const char *action);
/* A server wants this deployment: a URL, or "package". -EBUSY: another update is under way that
 * cannot be replaced; -EAGAIN: too early. */
int machine_source(struct machine *m, const char *source);
void machine_drop(struct machine *m); /* the server wants it no longer */
int machine_commit(struct machine *m); /* boot what was downloaded; -EPERM: nothing was */
void machine_reached(struct machine *m, bool registered);
/* What object 5 shows as its result. */
unsigned machine_result(const struct machine *m);

/* Will trying again cure it? */
bool machine_is_transient(int r);
