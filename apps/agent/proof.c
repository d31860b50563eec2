/* SPDX-License-Identifier: Apache-2.0 */
/* proof.c - a release that runs for the first time proves itself, or goes
 *
 * Three things within the time that the product gives: its containers are healthy, the product's
 * own checks pass, and the server has been reached (or the grace period for that is over). Then
 * its boot entry loses its counter. Else the entry loses its tries and the machine reboots, into
 * the release before. Where there is none, the proof goes on.
 *
 * Docker calls a container unhealthy only after the retries that its health check allows itself; so
 * the time is not waited for when it says so several times in a row.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "internal.h"

#define VERDICTS 3 /* in a row, each after PROOF_RETRY_MS, that end the proof early */

void proof_begin(struct machine *m)
{
	int64_t now = m->platform->now(m->platform);
	struct record *r = m->record;

	/* A restart of the agent does not give more time. */
	if (!mp_streq(r->proving_boot, m->setup.boot_id)) {
		snprintf(r->proving_boot, sizeof(r->proving_boot), "%s", m->setup.boot_id);
		r->proving_since = now;
		m->platform->save(m->platform, r);
	}
	m->proof = (struct proof){.began = r->proving_since,
				  .until = r->proving_since + m->config.proof_ms};
}

static void doubt(struct machine *m, const char *what)
{
	snprintf(m->proof.doubt, sizeof(m->proof.doubt), "%s", what);
}

/* The first thing that is missing, in the order in which they can come. */
static void explain(struct machine *m, char *ret, size_t room)
{
	const struct proof *p = &m->proof;
	const char *what = "the agent could not mark it good";
	char within[48] = "";

	if (!p->apps)
		what = "its containers were not healthy";
	else if (!p->checks)
		what = "the product's health checks did not pass";
	else if (!p->server)
		what = "the server was not reached";
	if (p->verdicts < VERDICTS)
		snprintf(within, sizeof(within), " within %lld s",
			 (long long)(m->config.proof_ms / 1000));
	snprintf(ret, room, "release %s did not prove itself%s: %s%s%.300s", m->setup.running,
		 within, what, *p->doubt ? ": " : "", p->doubt);
}

static void give_up(struct machine *m)
{
	explain(m, m->reason, sizeof(m->reason));
	if (machine_start(m, JOB_MARK_BAD, m->reason))
		m->platform->changed(m->platform);
}

/* The running release's containers, whether it is on trial or not. */
static void keep_apps(struct machine *m)
{
	if (!m->apps_up && (m->running[JOB_APPLY] || machine_start(m, JOB_APPLY, "")))
		return;
	if (m->apps_up && m->prune)
		(void)machine_start(m, JOB_PRUNE, "");
	else
		(void)machine_start(m, JOB_LOOK, "");
}

void proof_tick(struct machine *m)
{
	struct proof *p = &m->proof;
	int64_t now = m->platform->now(m->platform);

	keep_apps(m);
	if (m->state != UPDATE_PROVING || m->running[JOB_MARK_GOOD] || m->running[JOB_MARK_BAD])
		return;
	p->apps = m->apps_up;
	p->server = p->server || m->registered;
	if (m->config.grace_ms && now - p->began >= m->config.grace_ms)
		p->server = true;
	if (p->apps && !p->checks)
		(void)machine_start(m, JOB_CHECK, "");
	if (p->apps && p->checks && p->server)
		(void)machine_start(m, JOB_MARK_GOOD, "");
	else if (now >= p->until || p->verdicts >= VERDICTS)
		give_up(m);
}

static void marked_good(struct machine *m)
{
	m->setup.trial = false;
	m->reason[0] = m->record->source[0] = '\0';
	m->prune = true;
	machine_settle(m, true, "proven");
	m->attributes_due = true;
	machine_set_state(m, UPDATE_PROVEN);
}

static void marked_bad(struct machine *m, int r, const char *reason)
{
	if (r == 0) {
		machine_set_state(m, UPDATE_REBOOTING);
		m->reboot_at = m->platform->now(m->platform) + REBOOT_GRACE_MS;
		return;
	}
	/* nothing to fall back to: better a release in doubt than none */
	doubt(m, reason);
	m->proof.until = m->platform->now(m->platform) + m->config.proof_ms;
	m->proof.verdicts = 0;
}

void proof_ended(struct machine *m, enum job job, int r, const char *reason)
{
	if (r < 0 && m->state == UPDATE_PROVING) {
		m->not_before[job] = m->platform->now(m->platform) + PROOF_RETRY_MS;
		if (job != JOB_MARK_BAD)
			doubt(m, reason);
	}
	if (job == JOB_APPLY) {
		m->apps_up = r == 0;
		m->not_before[JOB_LOOK] = m->platform->now(m->platform) + m->config.look_ms;
		m->proof.verdicts = r == -EREMOTEIO ? m->proof.verdicts + 1 : 0;
		m->attributes_due = m->attributes_due ||
				    r == 0; /* the figures are those of a whole system now */
	}
	if (job == JOB_CHECK)
		m->proof.checks = r == 0;
	if ((job == JOB_APPLY || job == JOB_CHECK) && r == 0)
		m->proof.doubt[0] = '\0';
	if (job == JOB_MARK_GOOD && r == 0)
		marked_good(m);
	if (job == JOB_MARK_BAD)
		marked_bad(m, r, reason);
}
