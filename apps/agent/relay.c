/* SPDX-License-Identifier: Apache-2.0 */
/* relay.c - what the workers say, turned into the state machine's events
 *
 * fetch speaks for the network and is not believed: it may say that there is an offer, never that
 * something is installed. A worker that says what is not its to say is ended.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "supervisor.h"
#include "system.h"

static const char *role_name(enum role r)
{
	static const char *const names[] = {"none",	  "fetch", "install",
					    "containers", "hooks", "lwm2m"};

	return names[r];
}

static void answered(struct supervisor *s, int r, const char *reason)
{
	bool poll = s->machine.asked == ASK_POLL;

	if (poll && r == 0 && !s->online_ms)
		s->online_ms = system_uptime_ms();
	if (poll && r < 0 && !mp_streq(s->last_error, reason))
		mp_log(MP_LOG_WARNING, "server not reached", "reason=\"%s\"", reason);
	if (poll && r == 0 && s->last_error[0])
		mp_log(MP_LOG_INFO, "server reached again", "device=%s", s->device_id);
	if (poll)
		snprintf(s->last_error, sizeof(s->last_error), "%s", r < 0 ? reason : "");
	if (!poll && r < 0)
		mp_log(MP_LOG_WARNING, "report not taken", "reason=\"%s\"", reason);
	s->polled = s->polled || poll;
	machine_answered(&s->machine, r, reason);
}

static bool from_fetch(struct supervisor *s, struct child *c, const struct mp_msg *m)
{
	switch (m->type) {
	case MP_MSG_IDENTITY:
		snprintf(s->device_id, sizeof(s->device_id), "%s", m->text[0]);
		return true;
	case MP_MSG_SLEEP:
		machine_slept(&s->machine, m->num[0]);
		return true;
	case MP_MSG_OFFER:
		machine_offered(&s->machine, m->text[0], m->text[1], m->num[0] == 1);
		return true;
	case MP_MSG_CANCEL:
		machine_cancelled(&s->machine, m->text[0]);
		return true;
	case MP_MSG_WANTED:
		machine_wanted(&s->machine);
		return true;
	case MP_MSG_RESULT:
		if (s->machine.asked == ASK_NOTHING)
			return false;
		if (!c->stopped)
			answered(s, mp_verdict_errno(m->verdict), m->text[0]);
		return true;
	default:
		return false;
	}
}

static const struct {
	const char *name;
	size_t offset, room;
} facts[] = {
#define FACT(name, member)                                                                         \
	{                                                                                          \
		name, offsetof(struct setup, member), sizeof(((struct setup *)0)->member)          \
	}
	FACT("version", version),
	FACT("reason", reason),
	FACT("action", action),
	FACT("seed-id", id),
	FACT("seed-token", token),
	FACT("seed-target-token", target_token),
	FACT("seed-lwm2m-psk", lwm2m_psk),
	FACT("channels", channels),
#undef FACT
};

static void learn(struct supervisor *s, const char *name, const char *value)
{
	struct setup *to = &s->setup;

	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		if (mp_streq(name, facts[i].name))
			snprintf((char *)to + facts[i].offset, facts[i].room, "%s", value);
	if (mp_streq(name, "state"))
		to->state = update_state_parse(value);
	if (mp_streq(name, "trial"))
		to->trial = mp_streq(value, "yes");
	if (mp_streq(name, "slot"))
		to->slot = value[0];
	if (mp_streq(name, "time-floor"))
		s->time_floor = strtoll(value, NULL, 10);
}

/* Why the kernel of a release that never came up died, if it left a word. */
static void add_last_words(struct supervisor *s, struct setup *setup)
{
	char words[200];
	size_t n = strlen(setup->reason);

	if (setup->state != UPDATE_ROLLED_BACK || !strstr(setup->reason, "did not come up"))
		return;
	system_last_words(s->options->root, words, sizeof(words));
	if (*words)
		snprintf(setup->reason + n, sizeof(setup->reason) - n, " (%s)", words);
}

static void raise_clock(const struct supervisor *s)
{
	int64_t floor = s->time_floor > s->product.built ? s->time_floor : s->product.built;

	if (!*s->options->root && system_raise_clock(floor))
		mp_log(MP_LOG_INFO, "clock was behind", "raised_to=%lld", (long long)floor);
}

static void job_ended(struct supervisor *s, enum job job, int r, const char *reason)
{
	if (r < 0 && !mp_streq(s->last_failure, reason)) /* said once, not at each try */
		mp_log(MP_LOG_WARNING, "worker failed", "job=\"%s\" reason=\"%s\"", job_name(job),
		       reason);
	snprintf(s->last_failure, sizeof(s->last_failure), "%s", r < 0 ? reason : "");
	if (job == JOB_SETUP && r == 0) {
		raise_clock(s);
		add_last_words(s, &s->setup);
		system_forget_last_words(s->options->root);
	}
	machine_ended(&s->machine, job, r, reason, job == JOB_SETUP && r == 0 ? &s->setup : NULL);
}

/* install asks what Docker has: a worker for containers answers, and we carry it back. */
static bool ask_containers(struct supervisor *s, struct child *install, const struct mp_msg *m)
{
	struct child *c = child_start(s, ROLE_CONTAINERS, JOBS, -1, NULL);

	if (c && mp_pair_send(&c->pair, m) == 0)
		return true;
	return mp_pair_send_result(&install->pair, -EIO, "") == 0;
}

/* Of an install that has answered, while it still is there, and of what is gone: the reboot may come in between. */
static void note_peak(struct supervisor *s, const struct child *c, unsigned peak_kb)
{
	struct child *fetch = child_find(s, ROLE_FETCH, JOBS);
	unsigned live = fetch ? system_status_kb(fetch->pid, "VmHWM:") : 0;

	if (c->role == ROLE_FETCH && peak_kb > s->fetch_peak_kb)
		s->fetch_peak_kb = peak_kb;
	if (live > s->fetch_peak_kb)
		s->fetch_peak_kb = live;
	if (c->role != ROLE_INSTALL || c->job != JOB_INSTALL || !c->answered || !peak_kb)
		return;
	s->record.install_peak_rss_kb = peak_kb + s->fetch_peak_kb;
	s->platform.save(&s->platform, &s->record);
}

static bool from_job(struct supervisor *s, struct child *c, const struct mp_msg *m)
{
	switch (m->type) {
	case MP_MSG_FACT:
		if (c->job == JOB_SETUP)
			learn(s, m->text[0], m->text[1]);
		else
			worker_health(s, m->text[0], mp_streq(m->text[1], MP_HEALTHY));
		return c->job == JOB_SETUP || c->job == JOB_APPLY || c->job == JOB_LOOK;
	case MP_MSG_PROGRESS:
		machine_progress(&s->machine, c->job, m->text[0], m->num[0], m->num[1]);
		return true;
	case MP_MSG_HAVE:
		return c->job == JOB_INSTALL && ask_containers(s, c, m);
	case MP_MSG_RESULT:
		c->answered = true;
		note_peak(s, c, system_status_kb(c->pid, "VmHWM:"));
		job_ended(s, c->job, mp_verdict_errno(m->verdict), m->text[0]);
		return true;
	default:
		return false;
	}
}

static bool to_install(struct supervisor *s, struct child *c, const struct mp_msg *m)
{
	struct child *install = child_find(s, ROLE_INSTALL, JOB_INSTALL);

	if (m->type != MP_MSG_RESULT)
		return false;
	c->answered = true;
	if (install)
		(void)mp_pair_send(&install->pair, m);
	return true;
}

static bool take(struct supervisor *s, struct child *c, const struct mp_msg *m)
{
	if (c->role == ROLE_FETCH)
		return from_fetch(s, c, m);
	if (c->role == ROLE_LWM2M)
		return worker_said(s, m);
	return c->job == JOBS ? to_install(s, c, m) : from_job(s, c, m);
}

bool relay(struct supervisor *s, struct child *c)
{
	struct mp_msg m;
	int r = c->pair.fd < 0 ? -EAGAIN : mp_pair_recv(&c->pair, false, &m);

	if (r == -EAGAIN)
		return false;
	if (r == 1 && take(s, c, &m))
		return true;
	if (r != 0) {
		mp_log(MP_LOG_ERR, "worker broke the rules", "worker=%s message=%s",
		       role_name(c->role), r == 1 ? mp_msg_name(m.type) : "malformed");
		(void)kill(c->pid, SIGKILL);
	}
	mp_pair_done(&c->pair);
	return false;
}

void relay_gone(struct supervisor *s, struct child *c, int status, unsigned peak_kb)
{
	char why[200];

	note_peak(s, c, peak_kb);
	if (c->role == ROLE_FETCH && s->data >= 0 && !child_find(s, ROLE_FETCH, JOBS)) {
		(void)close(s->data);
		s->data = -1;
	}
	if (c->role == ROLE_LWM2M)
		worker_gone(s);
	if (c->stopped || c->answered)
		return;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), "the %s worker was ended by signal %d",
			 role_name(c->role), WTERMSIG(status));
	else
		snprintf(why, sizeof(why), "the %s worker ended without an answer (status %d)",
			 role_name(c->role), WEXITSTATUS(status));
	c->stopped = true;
	if (c->role == ROLE_FETCH && s->machine.asked != ASK_NOTHING)
		answered(s, -EIO, why);
	else if (c->role == ROLE_CONTAINERS && c->job == JOBS)
		(void)to_install(s, c,
				 &(struct mp_msg){.type = MP_MSG_RESULT, .verdict = MP_FAILED});
	else if (c->role == ROLE_LWM2M)
		mp_log(MP_LOG_WARNING, "worker ended", "reason=\"%s\"", why);
	else if (c->role != ROLE_FETCH)
		job_ended(s, c->job, -EIO, why);
}
