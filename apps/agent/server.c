/* SPDX-License-Identifier: Apache-2.0 */
/* server.c - what the server is told and asked, one thing at a time, the most owed first */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "internal.h"

/* One seed after the other; fetch has them all when this finds none left. */
static bool ask_seed(struct machine *m)
{
	struct setup *s = &m->setup;
	struct {
		const char *what;
		char *value;
	} seeds[] = {{"id", s->id},
		     {"token", s->token},
		     {"target-token", s->target_token},
		     {"lwm2m-psk", s->lwm2m_psk}};

	for (unsigned i = 0; i < 4; i++) {
		if (!*seeds[i].value)
			continue;
		m->asked = ASK_SEED;
		m->platform->ask_seed(m->platform, seeds[i].what, seeds[i].value);
		return true;
	}
	return false;
}

/* fetch has stored the first one that we still hold. */
static void seed_stored(struct machine *m)
{
	struct setup *s = &m->setup;
	char *first = *s->id		 ? s->id
		      : *s->token	 ? s->token
		      : *s->target_token ? s->target_token
					 : s->lwm2m_psk;

	if (first != s->id)
		m->seeded = true; /* a secret: it may go from the ESP */
	*first = '\0';
}

static bool ask_outcome(struct machine *m)
{
	const struct outcome *o = record_owed(m->record);

	if (!o)
		return false;
	m->asked = ASK_FEEDBACK;
	m->platform->ask_feedback(m->platform, false,
				  &(struct feedback){.action = o->action,
						     .execution = "closed",
						     .finished = o->success ? "success" : "failure",
						     .details = o->details});
	return true;
}

static bool ask_cancel(struct machine *m)
{
	if (!*m->cancel || !m->cancel_settled)
		return false;
	m->asked = ASK_CANCEL;
	m->platform->ask_feedback(
		m->platform, true,
		&(struct feedback){
			.action = m->cancel,
			.execution = m->cancel_accepted ? "closed" : "rejected",
			.finished = m->cancel_accepted ? "success" : "none",
			.details = m->cancel_accepted
					   ? "cancelled"
					   : "it is installed already and will be proven or "
					     "rolled back"});
	return true;
}

static bool has_news(const struct machine *m)
{
	if (!*m->action || machine_is_lwm2m(m->action) || m->state == UPDATE_IDLE ||
	    m->state >= UPDATE_PROVEN)
		return false;
	return m->state != m->told_state || !mp_streq(m->waiting, m->waiting_told) || *m->resumed ||
	       (m->state == UPDATE_DOWNLOADING && m->percent != m->percent_told);
}

static bool ask_progress(struct machine *m)
{
	int64_t now = m->platform->now(m->platform);
	char text[500];

	if (!has_news(m) || (m->state == m->told_state && now - m->told_at < TELL_MS))
		return false;
	if (*m->waiting)
		snprintf(text, sizeof(text), "%s %u %%: waiting: %s", update_state_name(m->state),
			 m->percent, m->waiting);
	else if (m->state == UPDATE_DOWNLOADING)
		snprintf(text, sizeof(text), "downloading %u %%%s%s", m->percent,
			 *m->resumed ? ": " : "", m->resumed);
	else
		snprintf(text, sizeof(text), "%s", update_state_name(m->state));
	m->told_state = m->state;
	m->told_at = now;
	m->percent_told = m->percent;
	m->resumed[0] = '\0';
	strcpy(m->waiting_told, m->waiting);
	m->asked = ASK_PROGRESS;
	m->platform->ask_feedback(m->platform, false,
				  &(struct feedback){.action = m->action,
						     .execution = "proceeding",
						     .finished = "none",
						     .details = text});
	return true;
}

static bool ask_attributes(struct machine *m)
{
	if (!m->attributes_due || !m->online)
		return false;
	m->attributes_due = false;
	m->asked = ASK_ATTRIBUTES;
	m->platform->ask_attributes(m->platform);
	return true;
}

static bool ask_poll(struct machine *m)
{
	if (m->platform->now(m->platform) < m->poll_at || m->enrolled)
		return false;
	m->asked = m->config.lwm2m_alone ? ASK_ENROLL : ASK_POLL;
	if (m->config.lwm2m_alone)
		m->platform->ask_enroll(m->platform);
	else
		m->platform->ask_poll(m->platform);
	return true;
}

static bool ask_source(struct machine *m)
{
	if (!m->source_due || m->platform->now(m->platform) < m->not_before[JOB_INSTALL])
		return false;
	m->source_due = false;
	m->asked = ASK_SOURCE;
	m->platform->ask_source(m->platform, m->record->source);
	return true;
}

/* As long as the server does not answer only the poll is tried: it knows when. */
void server_tick(struct machine *m)
{
	bool updating = m->running[JOB_INSTALL] || m->running[JOB_PREFLIGHT];

	if (m->seeded && !m->seeds_done)
		(void)machine_start(m, JOB_SEEDED, "");
	if (m->asked != ASK_NOTHING)
		return;
	if (m->platform->now(m->platform) >= m->poll_at && ask_seed(m))
		return;
	if (ask_source(m))
		return;
	if (m->online && (ask_outcome(m) || ask_cancel(m) || ask_attributes(m) || ask_progress(m)))
		return;
	if (!ask_poll(m) && !updating)
		m->platform->leave_server(m->platform);
}

void machine_slept(struct machine *m, uint64_t seconds)
{
	m->sleep_ms = seconds > 86400 ? 86400000 : (int64_t)seconds * 1000;
}

void machine_wanted(struct machine *m)
{
	m->attributes_due = true;
}

void machine_cancelled(struct machine *m, const char *action)
{
	if (!m->ready || *m->cancel)
		return;
	snprintf(m->cancel, sizeof(m->cancel), "%s", action);
	m->cancel_settled = m->cancel_accepted = false;
	if (update_cancel(m))
		return; /* JOB_SETUP will tell whether it came in time */
	m->cancel_accepted =
		!mp_streq(action, m->action) || record_find(m->record, action, m->version);
	m->cancel_settled = true;
}

static int64_t poll_interval(const struct machine *m)
{
	return m->sleep_ms ? m->sleep_ms : m->config.poll_ms;
}

static void polled(struct machine *m, int r)
{
	int64_t now = m->platform->now(m->platform);

	m->online = r == 0;
	if (r == 0) {
		m->polls_failed = 0;
		m->poll_at = now + poll_interval(m);
		m->proof.server = true;
		return;
	}
	m->poll_at = now + machine_backoff(m->polls_failed++, poll_interval(m));
}

static void enlisted(struct machine *m, int r)
{
	m->enrolled = r == 0;
	if (r < 0)
		m->poll_at = m->platform->now(m->platform) +
			     machine_backoff(m->polls_failed++, poll_interval(m));
}

/* Told, or such that telling it again will never help. */
static void outcome_told(struct machine *m, int r)
{
	struct outcome *o = record_owed(m->record);

	if (!o || (r < 0 && machine_is_transient(r)) || r == -EPERM || r == -EKEYREJECTED)
		return;
	o->told = true;
	m->platform->save(m->platform, m->record);
}

/* Anything but a poll: after a failure the next poll finds out when the server is back. */
static void told(struct machine *m, int r)
{
	if (r == 0) {
		m->asks_failed = 0;
		return;
	}
	m->online = false;
	m->poll_at =
		m->platform->now(m->platform) + machine_backoff(m->asks_failed++, poll_interval(m));
}

void machine_answered(struct machine *m, int r, const char *reason)
{
	enum ask asked = m->asked;
	bool stale = m->asked_stale;

	m->asked = ASK_NOTHING;
	m->asked_stale = false;
	if (stale)
		return; /* the source that counts now is asked for next */
	if (asked == ASK_SEED && r == 0)
		seed_stored(m);
	if (asked == ASK_FEEDBACK)
		outcome_told(m, r);
	if (asked == ASK_CANCEL && (r == 0 || !machine_is_transient(r)))
		m->cancel[0] = '\0';
	if (asked == ASK_ATTRIBUTES)
		m->attributes_sent = m->attributes_sent || r == 0;
	if (asked == ASK_PROGRESS && m->state == UPDATE_REBOOTING && m->told_state == m->state &&
	    m->reboot_at && !m->reboot_asked)
		m->reboot_at = m->platform->now(m->platform);
	if (asked == ASK_SOURCE)
		lwm2m_sourced(m, r, reason);
	else if (asked == ASK_ENROLL)
		enlisted(m, r);
	else if (asked == ASK_POLL)
		polled(m, r);
	else if (asked == ASK_ATTRIBUTES && r == -EPROTO)
		told(m, 0); /* refused as they are: what else we have to say does not wait for it */
	else
		told(m, r);
	if (r < 0 && m->state == UPDATE_PROVING && !m->proof.server && asked == ASK_POLL &&
	    m->apps_up)
		snprintf(m->proof.doubt, sizeof(m->proof.doubt), "%s", reason);
}
