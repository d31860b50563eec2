/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - the parts of the state machine among themselves */
#pragma once

#include "machine.h"

#define FIRST_RETRY_MS 1000
#define LAST_RETRY_MS (10 * 60 * 1000)
#define PROOF_RETRY_MS 3000
#define TELL_MS 2000 /* between two progress reports */
#define REBOOT_GRACE_MS 5000 /* for the last report before a reboot */
#define UNKNOWN_TRIES 3 /* for a failure of which we do not know whether it passes */

void machine_set_state(struct machine *m, enum update_state s);
/* 1 s, 2 s, 4 s ... at most `most`. */
int64_t machine_backoff(unsigned tries, int64_t most);
bool machine_start(struct machine *m, enum job job, const char *reason);
/* The action is over: the server is owed the answer. */
void machine_settle(struct machine *m, bool success, const char *details);

/* ---- proof.c ---- */
void proof_begin(struct machine *m);
void proof_tick(struct machine *m);
void proof_ended(struct machine *m, enum job job, int r, const char *reason);

/* ---- update.c ---- */
void update_tick(struct machine *m);
void update_ended(struct machine *m, enum job job, int r, const char *reason);
/* Stop what is under way, unless it is too late. */
bool update_cancel(struct machine *m);

/* An offer of fetch's, of whatever channel, is taken up. */
void update_take_up(struct machine *m, const char *action, const char *version);
void update_fail(struct machine *m, int r, const char *reason);
void update_wait(struct machine *m, const char *why);
bool update_is_under_way(const struct machine *m);

/* ---- lwm2m.c ---- */
#define LWM2M_TRIES 8 /* in a row without getting on; then the server is told that it failed */
void lwm2m_offered(struct machine *m, const char *action, const char *version);
void lwm2m_sourced(struct machine *m, int r, const char *reason);
void lwm2m_downloaded(struct machine *m);
void lwm2m_begin(struct machine *m); /* after a start */
void lwm2m_tick(struct machine *m);
void lwm2m_committed(struct machine *m, int r, const char *reason);
unsigned lwm2m_result_of(int r);
/* Must the server hear of this failure, though it may pass? */
bool lwm2m_gives_up(const struct machine *m, enum job job, int r);

/* ---- server.c ---- */
void server_tick(struct machine *m);
