/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - from an offer to the reboot
 *
 * An offer is taken up once: what has an outcome is answered again and not tried again. A failure
 * that may pass (network, server, room, the product's preflight) waits, longer each time, and goes
 * on where it was when the server offers the same action again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "internal.h"

bool update_is_under_way(const struct machine *m)
{
	return m->state == UPDATE_DOWNLOADING || m->state == UPDATE_VERIFYING;
}

void update_wait(struct machine *m, const char *why)
{
	snprintf(m->waiting, sizeof(m->waiting), "%s", why);
}

void update_take_up(struct machine *m, const char *action, const char *version)
{
	bool again = update_is_under_way(m) && mp_streq(m->action, action) &&
		     mp_streq(m->version, version);

	if (!again) {
		snprintf(m->action, sizeof(m->action), "%s", action);
		snprintf(m->version, sizeof(m->version), "%s", version);
		m->reason[0] = m->waiting[0] = m->waiting_told[0] = '\0';
		m->tries[JOB_INSTALL] = m->tries[JOB_PREFLIGHT] = 0;
		m->not_before[JOB_INSTALL] = m->not_before[JOB_PREFLIGHT] = 0;
		m->percent = m->percent_best = 0;
		m->record->result = 0;
		m->percent_told = 101;
		m->state = UPDATE_DOWNLOADING;
		m->platform->changed(m->platform);
	}
	if (!m->running[JOB_INSTALL] && m->platform->now(m->platform) >= m->not_before[JOB_INSTALL])
		(void)machine_start(m, JOB_PREFLIGHT, "");
}

/* While the running release is on trial nothing new begins; the trial may be what is offered. */
static void offered_on_trial(struct machine *m, const char *action, const char *version)
{
	if (mp_streq(version, m->setup.running) && !*m->action)
		snprintf(m->action, sizeof(m->action), "%s", action);
}

void machine_offered(struct machine *m, const char *action, const char *version, bool now)
{
	struct outcome *o = record_find(m->record, action, version);

	if (m->asked == ASK_SOURCE) {
		lwm2m_offered(m, action, version);
		return;
	}
	if (!m->ready || mp_streq(m->cancel, action))
		return;
	if (o) {
		o->told = false;
		return;
	}
	if (m->state == UPDATE_PROVING) {
		offered_on_trial(m, action, version);
		return;
	}
	if (m->state == UPDATE_REBOOTING || m->state == UPDATE_INSTALLED)
		return;
	if (m->running[JOB_INSTALL] || m->running[JOB_PREFLIGHT] || m->state == UPDATE_DOWNLOADED ||
	    (update_is_under_way(m) && machine_is_lwm2m(m->action)))
		return;
	if (mp_streq(version, m->setup.running)) {
		record_add(m->record, action, version, true, "this release runs already, proven");
		m->platform->save(m->platform, m->record);
		return;
	}
	if (now)
		update_take_up(m, action, version);
}

void update_fail(struct machine *m, int r, const char *reason)
{
	m->record->result = lwm2m_result_of(r);
	m->record->source[0] = m->record->sourced[0] = '\0';
	snprintf(m->reason, sizeof(m->reason), "%s", reason);
	m->waiting[0] = '\0';
	machine_settle(m, false, m->reason);
	machine_set_state(m, UPDATE_FAILED);
}

static void installed(struct machine *m)
{
	m->waiting[0] = '\0';
	if (machine_is_lwm2m(m->action)) {
		lwm2m_downloaded(m);
		return;
	}
	machine_set_state(m, UPDATE_REBOOTING);
	m->reboot_at = m->platform->now(m->platform) + REBOOT_GRACE_MS;
}

void update_ended(struct machine *m, enum job job, int r, const char *reason)
{
	if (!update_is_under_way(m))
		return;
	if (r == 0 && job == JOB_PREFLIGHT)
		(void)machine_start(m, JOB_INSTALL, "");
	else if (r == 0)
		installed(m);
	else if (!lwm2m_gives_up(m, job, r) && (machine_is_transient(r) || job == JOB_PREFLIGHT ||
						(r == -EIO && m->tries[job] < UNKNOWN_TRIES)))
		update_wait(m, reason);
	else
		update_fail(m, r, reason);
	if (r < 0 && job == JOB_PREFLIGHT)
		m->not_before[JOB_INSTALL] = m->not_before[JOB_PREFLIGHT];
}

/* What waits goes on when the server offers it again: ask it. */
void update_tick(struct machine *m)
{
	int64_t now = m->platform->now(m->platform);

	if (!update_is_under_way(m) || m->running[JOB_INSTALL] || m->running[JOB_PREFLIGHT] ||
	    !*m->waiting)
		return;
	if (!m->not_before[JOB_INSTALL] || now < m->not_before[JOB_INSTALL])
		return;
	if (machine_is_lwm2m(m->action)) {
		m->not_before[JOB_INSTALL] = 0;
		m->source_due = true;
	} else if (m->online) {
		m->not_before[JOB_INSTALL] = 0;
		m->poll_at = now;
	}
}

static enum update_state state_of(const char *what)
{
	return mp_streq(what, "verifying") ? UPDATE_VERIFYING : UPDATE_DOWNLOADING;
}

void machine_progress(struct machine *m, enum job job, const char *what, uint64_t done,
		      uint64_t total)
{
	if (job == JOB_APPLY && *what && m->state == UPDATE_PROVING && !total)
		snprintf(m->proof.doubt, sizeof(m->proof.doubt), "%s", what);
	if (job != JOB_INSTALL || !update_is_under_way(m))
		return;
	if (mp_str_starts_with(what, "resumed ")) {
		snprintf(m->resumed, sizeof(m->resumed), "%s", what);
		return;
	}
	m->waiting[0] = '\0';
	m->percent = total ? (unsigned)(done * 100 / total) : 0;
	if (m->percent > 100)
		m->percent = 100;
	if (m->percent >
	    m->percent_best) { /* a bad line that gets on is not waited for longer and longer */
		m->percent_best = m->percent;
		m->tries[JOB_INSTALL] = 0;
	}
	machine_set_state(m, state_of(what));
}

bool update_cancel(struct machine *m)
{
	if (update_is_under_way(m) &&
	    !*m->action) /* interrupted by a reboot, and not offered again since */
		machine_set_state(m, UPDATE_IDLE);
	if (!update_is_under_way(m) || !mp_streq(m->cancel, m->action))
		return false;
	if (m->running[JOB_PREFLIGHT])
		m->platform->stop(m->platform, JOB_PREFLIGHT);
	if (m->running[JOB_INSTALL])
		m->platform->stop(m->platform, JOB_INSTALL);
	m->running[JOB_PREFLIGHT] = m->running[JOB_INSTALL] = false;
	return true;
}
