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

/* ---- server.c ---- */
void server_tick(struct machine *m);
