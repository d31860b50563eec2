/* SPDX-License-Identifier: Apache-2.0 */
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "internal.h"

static const char *const state_names[] = {
	[UPDATE_IDLE] = "idle",		  [UPDATE_DOWNLOADING] = "downloading",
	[UPDATE_VERIFYING] = "verifying", [UPDATE_DOWNLOADED] = "downloaded",
	[UPDATE_INSTALLED] = "installed", [UPDATE_REBOOTING] = "rebooting",
	[UPDATE_PROVING] = "proving",	  [UPDATE_PROVEN] = "proven",
	[UPDATE_FAILED] = "failed",	  [UPDATE_ROLLED_BACK] = "rolled_back",
};

static const char *const job_names[JOBS] = {
	[JOB_SETUP] = "setup",	   [JOB_SEEDED] = "seeded",	  [JOB_PREFLIGHT] = "preflight",
	[JOB_INSTALL] = "install", [JOB_COMMIT] = "commit",	  [JOB_APPLY] = "apply",
	[JOB_CHECK] = "check",	   [JOB_MARK_GOOD] = "mark good", [JOB_MARK_BAD] = "mark bad",
	[JOB_LOOK] = "look",	   [JOB_PRUNE] = "prune",
};

const char *update_state_name(enum update_state s)
{
	return state_names[s];
}

enum update_state update_state_parse(const char *name)
{
	for (unsigned i = 0; i < sizeof(state_names) / sizeof(*state_names); i++)
		if (mp_streq(name, state_names[i]))
			return (enum update_state)i;
	return UPDATE_IDLE;
}

const char *job_name(enum job j)
{
	return job_names[j];
}

bool machine_is_transient(int r)
{
	switch (r) {
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EHOSTUNREACH:
	case -ETIMEDOUT:
	case -EREMOTEIO:
	case -ENOSPC:
	case -ENOMEM:
	case -EAGAIN:
	case -ECANCELED:
		return true;
	default:
		return false;
	}
}

int64_t machine_backoff(unsigned tries, int64_t most)
{
	int64_t ms = FIRST_RETRY_MS;

	while (tries-- > 0 && ms < most)
		ms *= 2;
	return ms < most ? ms : most;
}

void machine_set_state(struct machine *m, enum update_state s)
{
	if (m->state == s)
		return;
	m->state = s;
	m->platform->changed(m->platform);
}

bool machine_start(struct machine *m, enum job job, const char *reason)
{
	if (m->running[job] || m->platform->now(m->platform) < m->not_before[job])
		return false;
	m->running[job] = true;
	m->platform->start(m->platform, job, job == JOB_INSTALL ? m->version : m->setup.running,
			   m->action, reason);
	return true;
}

void machine_settle(struct machine *m, bool success, const char *details)
{
	if (!*m->action)
		return;
	if (!machine_is_lwm2m(m->action)) /* object 5 tells of those */
		record_add(m->record, m->action, m->version, success, details);
	m->platform->save(m->platform, m->record);
	m->attributes_due = true;
}

void machine_init(struct machine *m, const struct machine_config *config, struct platform *p,
		  struct record *record)
{
	*m = (struct machine){.platform = p, .config = *config, .record = record};
	m->attributes_due = true;
	m->percent_told = 101;
}

/* A reboot may have decided an update; its end is settled before anything new begins. */
static void settle_last(struct machine *m)
{
	char details[600];

	snprintf(details, sizeof(details), "%s%s%s",
		 m->state == UPDATE_ROLLED_BACK ? "rolled back to " : "",
		 m->state == UPDATE_ROLLED_BACK ? m->setup.running : "",
		 m->state == UPDATE_ROLLED_BACK ? ": " : "");
	snprintf(details + strlen(details), sizeof(details) - strlen(details), "%s", m->reason);
	if (m->state == UPDATE_PROVEN)
		machine_settle(m, true, "proven");
	else if (m->state == UPDATE_FAILED || m->state == UPDATE_ROLLED_BACK)
		machine_settle(m, false, details);
}

static void begin_trial(struct machine *m)
{
	if (m->state != UPDATE_PROVING)
		m->action[0] = '\0'; /* a factory image: nobody asked for it */
	snprintf(m->version, sizeof(m->version), "%s", m->setup.running);
	m->state = UPDATE_PROVING;
	proof_begin(m);
}

static void begin(struct machine *m)
{
	const struct setup *s = &m->setup;

	snprintf(m->version, sizeof(m->version), "%s", s->version);
	snprintf(m->action, sizeof(m->action), "%s", s->action);
	snprintf(m->reason, sizeof(m->reason), "%s", s->reason);
	m->state = s->state;
	settle_last(m);
	if (s->trial)
		begin_trial(m);
	else if (update_is_under_way(m) && !machine_is_lwm2m(m->action))
		m->action[0] = '\0'; /* it goes on when the server offers it again */
	else if (m->state == UPDATE_INSTALLED || m->state == UPDATE_REBOOTING)
		m->reboot_at = m->platform->now(m->platform) + REBOOT_GRACE_MS;
	lwm2m_begin(m);
	m->platform->changed(m->platform);
}

/* The question was asked again, since an installation was stopped: had it got too far? */
static void settle_cancellation(struct machine *m)
{
	if (m->setup.state == UPDATE_INSTALLED || m->setup.state == UPDATE_REBOOTING) {
		m->cancel_accepted = false;
		machine_set_state(m, UPDATE_REBOOTING);
		m->reboot_at = m->platform->now(m->platform) + REBOOT_GRACE_MS;
	} else {
		m->cancel_accepted = true;
		m->action[0] = m->version[0] = m->waiting[0] = '\0';
		machine_set_state(m, UPDATE_IDLE);
	}
	m->cancel_settled = true;
}

static void setup_ended(struct machine *m, int r, const struct setup *setup)
{
	if (r < 0 || !setup)
		return;
	m->setup = *setup;
	if (*setup->channels)
		m->config.lwm2m_alone = m->config.lwm2m && mp_streq(setup->channels, "lwm2m");
	if (!m->ready)
		begin(m);
	else if (*m->cancel && !m->cancel_settled)
		settle_cancellation(m);
	m->ready = true;
}

void machine_ended(struct machine *m, enum job job, int r, const char *reason,
		   const struct setup *setup)
{
	int64_t now = m->platform->now(m->platform);

	m->running[job] = false;
	m->tries[job] = r < 0 ? m->tries[job] + 1 : 0;
	m->not_before[job] = 0;
	if (r < 0)
		m->not_before[job] = now + machine_backoff(m->tries[job] - 1, LAST_RETRY_MS);
	switch (job) {
	case JOB_SETUP:
		setup_ended(m, r, setup);
		break;
	case JOB_SEEDED:
		m->seeds_done = r == 0;
		break;
	case JOB_PREFLIGHT:
	case JOB_INSTALL:
		update_ended(m, job, r, reason);
		break;
	case JOB_COMMIT:
		lwm2m_committed(m, r, reason);
		break;
	case JOB_LOOK:
		m->not_before[job] = now + m->config.look_ms;
		break;
	case JOB_PRUNE:
		m->prune = false; /* what is left over goes after the next update */
		break;
	default:
		proof_ended(m, job, r, reason);
	}
}

static int64_t next_deadline(const struct machine *m, int64_t now)
{
	int64_t next = now + 60 * 1000;

	if (m->asked == ASK_NOTHING && !m->enrolled && m->poll_at < next)
		next = m->poll_at;
	for (unsigned j = 0; j < JOBS; j++)
		if (m->not_before[j] > now && m->not_before[j] < next)
			next = m->not_before[j];
	if (m->state == UPDATE_PROVING && m->proof.until > now && m->proof.until < next)
		next = m->proof.until;
	if (m->state == UPDATE_PROVING && m->config.grace_ms &&
	    m->proof.began + m->config.grace_ms > now && m->proof.began + m->config.grace_ms < next)
		next = m->proof.began + m->config.grace_ms;
	if (m->reboot_at && m->reboot_at < next)
		next = m->reboot_at;
	return next > now ? next - now : 0;
}

int64_t machine_tick(struct machine *m)
{
	int64_t now = m->platform->now(m->platform);

	if (!m->ready || (*m->cancel && !m->cancel_settled))
		(void)machine_start(m, JOB_SETUP, "");
	if (m->ready && m->state != UPDATE_REBOOTING && m->state != UPDATE_INSTALLED) {
		proof_tick(m);
		update_tick(m);
	}
	if (m->ready) {
		lwm2m_tick(m);
		server_tick(m);
	}
	if (m->reboot_at && now >= m->reboot_at && !m->running[JOB_MARK_BAD]) {
		m->reboot_at = now + 60 * 1000; /* should it not happen, again */
		m->reboot_asked = true;
		m->platform->reboot(m->platform);
	}
	return next_deadline(m, now);
}
