/* SPDX-License-Identifier: Apache-2.0 */
/* lwm2m.c - the second channel: an LwM2M server names a deployment, and says when it shall boot
 *
 * The update goes the way of every other; three things differ. Its action is "lwm2m/" and the
 * deployment's own, by which a state on disk tells its channel. It stops before it could boot until
 * machine_commit(). And nobody is asked again by a poll: the source is kept in the record, and gone
 * back to after a failure that may pass, a restart, or a power cut.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "internal.h"

#define PREFIX "lwm2m/"
#define ANSWER_MS 2000 /* so that what the server asked for is answered before a reboot */

/* Object 5, resource 5 (LwM2M Core, E.6) */
enum {
	NO_FLASH = 2,
	NO_MEMORY = 3,
	CONNECTION_LOST = 4,
	INTEGRITY = 5,
	PACKAGE_TYPE = 6,
	BAD_URI = 7,
	BRINGING_UP = 8
};

bool machine_is_lwm2m(const char *action)
{
	return mp_str_starts_with(action, PREFIX);
}

unsigned lwm2m_result_of(int r)
{
	switch (r) {
	case -ENOSPC:
		return NO_FLASH;
	case -ENOMEM:
		return NO_MEMORY;
	case -ECONNREFUSED:
	case -ECONNRESET:
	case -EHOSTUNREACH:
	case -ETIMEDOUT:
	case -EREMOTEIO:
		return CONNECTION_LOST;
	case -EKEYREJECTED:
	case -EBADMSG:
	case -ESTALE:
		return INTEGRITY;
	case -EPROTO:
	case -EPERM:
	case -ENOTSUP:
	case -EFBIG:
		return PACKAGE_TYPE;
	default:
		return BRINGING_UP;
	}
}

unsigned machine_result(const struct machine *m)
{
	switch (m->state) {
	case UPDATE_PROVEN:
		return *m->version ? 1 : 0;
	case UPDATE_ROLLED_BACK:
		return BRINGING_UP;
	case UPDATE_FAILED:
		return m->record->result ? m->record->result : (unsigned)BRINGING_UP;
	case UPDATE_IDLE:
		return m->record->result;
	default:
		return 0;
	}
}

static void keep(struct machine *m, const char *source, unsigned result)
{
	snprintf(m->record->source, sizeof(m->record->source), "%s", source);
	m->record->sourced[0] = '\0';
	m->record->result = result;
	m->platform->save(m->platform, m->record);
}

static void stop_jobs(struct machine *m)
{
	static const enum job jobs[] = {JOB_PREFLIGHT, JOB_INSTALL};

	for (unsigned i = 0; i < 2; i++) {
		if (m->running[jobs[i]])
			m->platform->stop(m->platform, jobs[i]);
		m->running[jobs[i]] = false;
		m->not_before[jobs[i]] = 0;
		m->tries[jobs[i]] = 0;
	}
	m->source_due = false;
	m->asked_stale = m->asked == ASK_SOURCE;
}

static bool is_ours(const struct machine *m)
{
	return machine_is_lwm2m(m->action) &&
	       (update_is_under_way(m) || m->state == UPDATE_DOWNLOADED);
}

void machine_drop(struct machine *m)
{
	if (!is_ours(m))
		return;
	stop_jobs(m);
	keep(m, "", 0);
	m->action[0] = m->version[0] = m->reason[0] = m->waiting[0] = '\0';
	machine_set_state(m, UPDATE_IDLE);
}

int machine_source(struct machine *m, const char *source)
{
	if (!m->ready)
		return -EAGAIN;
	if (strlen(source) >= sizeof(m->record->source))
		return -EINVAL;
	machine_drop(m); /* the newer one counts */
	if (update_is_under_way(m) && *m->action)
		return -EBUSY;
	if (m->state == UPDATE_INSTALLED || m->state == UPDATE_REBOOTING ||
	    m->state == UPDATE_PROVING)
		return -EBUSY;
	stop_jobs(m);
	keep(m, source, 0);
	strcpy(m->action, PREFIX);
	m->version[0] = m->reason[0] = m->waiting[0] = '\0';
	m->percent = m->percent_best = 0;
	m->source_due = true;
	m->state = UPDATE_DOWNLOADING;
	m->platform->changed(m->platform);
	return 0;
}

void lwm2m_offered(struct machine *m, const char *action, const char *version)
{
	char ours[sizeof(m->action)];

	if (m->asked_stale || !is_ours(m) || m->running[JOB_INSTALL] || m->running[JOB_PREFLIGHT])
		return;
	snprintf(ours, sizeof(ours), PREFIX "%.*s", (int)(sizeof(ours) - sizeof(PREFIX)), action);
	update_take_up(m, ours, version);
}

/* A server's refusal to hand it out, or an address that leads nowhere. */
static bool is_address(int r)
{
	return r == -ENOENT || r == -EPERM || r == -EKEYREJECTED || r == -EPROTO;
}

void lwm2m_sourced(struct machine *m, int r, const char *reason)
{
	if (r >= 0 || !is_ours(m) || m->running[JOB_INSTALL])
		return;
	m->tries[JOB_INSTALL]++;
	if (machine_is_transient(r) && !lwm2m_gives_up(m, JOB_INSTALL, r)) {
		m->not_before[JOB_INSTALL] =
			m->platform->now(m->platform) +
			machine_backoff(m->tries[JOB_INSTALL] - 1, LAST_RETRY_MS);
		update_wait(m, reason);
		return;
	}
	update_fail(m, r, reason);
	if (is_address(r))
		keep(m, "", BAD_URI);
	else if (r == -EBADMSG)
		keep(m, "", PACKAGE_TYPE);
	m->platform->changed(m->platform);
}

bool lwm2m_gives_up(const struct machine *m, enum job job, int r)
{
	if (!machine_is_lwm2m(m->action) || job == JOB_PREFLIGHT)
		return false;
	return r == -ENOSPC || r == -ENOMEM || m->tries[job] >= LWM2M_TRIES;
}

void lwm2m_downloaded(struct machine *m)
{
	snprintf(m->record->sourced, sizeof(m->record->sourced), "%s", m->action);
	m->platform->save(m->platform, m->record);
	machine_set_state(m, UPDATE_DOWNLOADED);
}

/* A record of a release that did not write `sourced`: what waits or boots is of its source. */
static void learn_sourced(struct machine *m)
{
	struct record *r = m->record;
	bool is_whole = m->setup.state >= UPDATE_DOWNLOADED && m->setup.state <= UPDATE_PROVING;

	if (!mp_streq(r->sourced, RECORD_UNKNOWN))
		return;
	snprintf(r->sourced, sizeof(r->sourced), "%s", is_whole ? m->setup.action : "");
	m->platform->save(m->platform, r);
}

/* Install's state is of the source, and not of the deployment that it has replaced. */
static bool is_sourced(const struct machine *m)
{
	return *m->record->sourced && mp_streq(m->record->sourced, m->setup.action);
}

/* A deployment whose source was given up meanwhile is none. */
void lwm2m_begin(struct machine *m)
{
	bool waits = update_is_under_way(m);

	learn_sourced(m);
	if (m->state >= UPDATE_PROVEN && is_sourced(m)) {
		keep(m, "", m->record->result); /* it has had its end, and is not begun again */
	} else if (!*m->record->source &&
		   (m->state == UPDATE_DOWNLOADED || (waits && machine_is_lwm2m(m->action)))) {
		m->action[0] = m->version[0] = '\0';
		m->state = UPDATE_IDLE;
	} else if (*m->record->source && !m->setup.trial &&
		   (waits || m->state == UPDATE_IDLE || m->state >= UPDATE_PROVEN ||
		    (m->state == UPDATE_DOWNLOADED && !is_sourced(m))) &&
		   !(waits && *m->action && !machine_is_lwm2m(m->action))) {
		strcpy(m->action, PREFIX);
		m->version[0] = m->reason[0] = '\0';
		m->state = UPDATE_DOWNLOADING;
		m->source_due = true;
	}
}

int machine_commit(struct machine *m)
{
	if (m->state != UPDATE_DOWNLOADED)
		return -EPERM;
	m->not_before[JOB_COMMIT] = 0;
	m->tries[JOB_COMMIT] = 0;
	machine_set_state(m, UPDATE_INSTALLED);
	lwm2m_tick(m);
	return 0;
}

/* A start that finds the release installed has a reboot due; here its boot entry is to be made. */
void lwm2m_tick(struct machine *m)
{
	if (m->state == UPDATE_INSTALLED && !m->reboot_at)
		(void)machine_start(m, JOB_COMMIT, "");
}

void lwm2m_committed(struct machine *m, int r, const char *reason)
{
	if ((machine_is_transient(r) || r == -EIO) && m->tries[JOB_COMMIT] < UNKNOWN_TRIES) {
		update_wait(m, reason); /* lwm2m_tick() tries again */
		return;
	}
	if (r < 0) {
		update_fail(m, r, reason);
		keep(m, "", BRINGING_UP);
		return;
	}
	m->waiting[0] = '\0';
	keep(m, "", 0); /* from here on the boot entries tell how it goes */
	machine_set_state(m, UPDATE_REBOOTING);
	m->reboot_at = m->platform->now(m->platform) + ANSWER_MS;
}

void machine_reached(struct machine *m, bool registered)
{
	m->registered = registered;
	if (registered)
		m->proof.server = true;
}
