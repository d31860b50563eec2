/* SPDX-License-Identifier: Apache-2.0 */
/* outside.c - the state machine's outside on a real device */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "supervisor.h"
#include "system.h"

static struct supervisor *supervisor_of(struct platform *p)
{
	return (struct supervisor *)p;
}

static int64_t now(struct platform *p)
{
	(void)p;
	return system_uptime_ms();
}

/* ---- jobs ---- */
static struct child *start_worker(struct supervisor *s, enum job job)
{
	struct child *c;

	switch (job) {
	case JOB_PREFLIGHT:
		return child_start(s, ROLE_HOOKS, job, -1, "preflight.d");
	case JOB_CHECK:
		return child_start(s, ROLE_HOOKS, job, -1, "health.d");
	case JOB_APPLY:
	case JOB_LOOK:
	case JOB_PRUNE:
		return child_start(s, ROLE_CONTAINERS, job, -1, NULL);
	case JOB_INSTALL:
		if (s->data < 0)
			return NULL;
		c = child_start(s, ROLE_INSTALL, job, s->data, NULL);
		(void)close(s->data); /* it is install's now */
		s->data = -1;
		return c;
	default:
		return child_start(s, ROLE_INSTALL, job, -1, NULL);
	}
}

static struct mp_msg request_of(enum job job, const char *version, const char *action,
				const char *reason)
{
	switch (job) {
	case JOB_SETUP:
		return (struct mp_msg){.type = MP_MSG_SETUP};
	case JOB_SEEDED:
		return (struct mp_msg){.type = MP_MSG_SEEDED};
	case JOB_INSTALL:
		return (struct mp_msg){.type = MP_MSG_INSTALL,
				       .num = {machine_is_lwm2m(action)},
				       .text = {version, action}};
	case JOB_COMMIT:
		return (struct mp_msg){.type = MP_MSG_COMMIT};
	case JOB_MARK_GOOD:
	case JOB_MARK_BAD:
		return (struct mp_msg){
			.type = MP_MSG_MARK, .num = {job == JOB_MARK_GOOD}, .text = {reason}};
	case JOB_LOOK:
		return (struct mp_msg){.type = MP_MSG_LOOK, .text = {version}};
	case JOB_PRUNE:
		return (struct mp_msg){.type = MP_MSG_PRUNE};
	default:
		return (struct mp_msg){.type = MP_MSG_APPLY, .text = {version}};
	}
}

/* A worker that has ended already is relay_gone()'s to tell of. */
static bool put(struct child *c, const struct mp_msg *m)
{
	int r = mp_pair_send(&c->pair, m);

	if (r == 0 || r == -ECONNRESET)
		return true;
	mp_log(MP_LOG_ERR, "cannot send", "message=%s reason=\"%s\"", mp_msg_name(m->type),
	       strerror(-r));
	child_stop(c);
	return false;
}

static void start(struct platform *p, enum job job, const char *version, const char *action,
		  const char *reason)
{
	struct supervisor *s = supervisor_of(p);
	const struct mp_msg m = request_of(job, version, action, reason);
	struct child *c;

	if (job == JOB_SETUP) {
		s->setup = (struct setup){.slot = '?'};
		snprintf(s->setup.running, sizeof(s->setup.running), "%s", s->release);
		snprintf(s->setup.boot_id, sizeof(s->setup.boot_id), "%s", s->boot_id);
	}
	if (job == JOB_INSTALL)
		mp_log(MP_LOG_INFO, "installing", "release=%s action=%s", version, action);
	c = start_worker(s, job);
	if (!c || (c->role != ROLE_HOOKS && !put(c, &m)))
		s->failed |= 1u << job; /* told in the next turn of the loop */
}

static void stop(struct platform *p, enum job job)
{
	struct supervisor *s = supervisor_of(p);

	for (unsigned i = 0; i < CHILDREN; i++)
		if (s->children[i].role != ROLE_NONE && s->children[i].job == job &&
		    !s->children[i].stopped)
			child_stop(&s->children[i]);
}

/* ---- the server ---- */
static void leave_server(struct platform *p)
{
	struct supervisor *s = supervisor_of(p);
	struct child *c = child_find(s, ROLE_FETCH, JOBS);

	if (c) {
		c->stopped = true;
		mp_pair_done(&c->pair); /* it ends by itself */
	}
	if (s->data >= 0)
		(void)close(s->data);
	s->data = -1;
}

static struct child *start_fetch(struct supervisor *s)
{
	struct child *c;
	int fds[2];

	if (mp_pair_open(fds) < 0)
		return NULL;
	c = child_start(s, ROLE_FETCH, JOBS, fds[1], NULL);
	(void)close(fds[1]);
	if (s->data >= 0)
		(void)close(s->data);
	s->data = fds[0];
	return c;
}

static void ask(struct supervisor *s, const struct mp_msg *m)
{
	struct child *c = child_find(s, ROLE_FETCH, JOBS);

	if (!c)
		c = start_fetch(s);
	if (!c || !put(c, m))
		s->fetch_failed = true;
}

/* An installation uses up the pair of its fetch: the next offer must come from a new one. */
static void ask_for_offers(struct platform *p, const struct mp_msg *m)
{
	struct supervisor *s = supervisor_of(p);

	if (s->data < 0 && !child_find(s, ROLE_INSTALL, JOB_INSTALL))
		leave_server(p);
	ask(s, m);
}

static void ask_poll(struct platform *p)
{
	ask_for_offers(p, &(struct mp_msg){.type = MP_MSG_POLL});
}

static void ask_source(struct platform *p, const char *source)
{
	ask_for_offers(p, &(struct mp_msg){.type = MP_MSG_SOURCE, .text = {source}});
}

static void ask_enroll(struct platform *p)
{
	ask(supervisor_of(p), &(struct mp_msg){.type = MP_MSG_ENROLL});
}

static void ask_seed(struct platform *p, const char *what, const char *value)
{
	ask(supervisor_of(p), &(struct mp_msg){.type = MP_MSG_SEED, .text = {what, value}});
}

static void ask_feedback(struct platform *p, bool cancel, const struct feedback *f)
{
	mp_log(MP_LOG_INFO, cancel ? "answering cancellation" : "reporting",
	       "action=%s execution=%s finished=%s details=\"%s\"", f->action, f->execution,
	       f->finished, f->details);
	ask(supervisor_of(p), &(struct mp_msg){.type = MP_MSG_FEEDBACK,
					       .text = {cancel ? "cancel" : "deployment", f->action,
							f->execution, f->finished, f->details}});
}

static void ask_attributes(struct platform *p)
{
	struct supervisor *s = supervisor_of(p);
	MP_BUF(text, 4096);

	if (report_attributes(s, &text) < 0)
		s->fetch_failed = true;
	else
		ask(s, &(struct mp_msg){
			       .type = MP_MSG_ATTRIBUTES, .data = text.data, .len = text.len});
}

/* ---- the rest ---- */
static void save(struct platform *p, const struct record *r)
{
	struct supervisor *s = supervisor_of(p);
	MP_BUF(text, RECORD_MOST);
	int e = record_format(r, &text);

	if (e == 0)
		e = mp_medium_replace(s->medium, AGENT_STATE "/agent/state.json", text.data,
				      text.len);
	if (e < 0)
		mp_log(MP_LOG_ERR, "cannot save the agent's state", "reason=\"%s\"", strerror(-e));
}

/* systemd is asked first (systemd(1), SIGRTMIN+5: start reboot.target); when a minute later we are
 * still here, the kernel is. */
static void reboot_now(struct platform *p)
{
	static bool asked;
	struct supervisor *s = supervisor_of(p);
	char path[512];

	mp_log(MP_LOG_INFO, "rebooting", "release=%s", s->machine.version);
	if (*s->options->root) {
		snprintf(path, sizeof(path), "%s" AGENT_RUN "/reboot", s->options->root);
		(void)mp_file_write(path, "", 0, 0644, NULL);
		s->stop = true;
		return;
	}
	sync();
	if (asked || kill(1, SIGRTMIN + 5) < 0)
		(void)reboot(RB_AUTOBOOT);
	asked = true;
}

static void changed(struct platform *p)
{
	struct supervisor *s = supervisor_of(p);
	const struct machine *m = &s->machine;

	mp_log(MP_LOG_INFO, "state", "state=%s release=%s action=%s reason=\"%s\"",
	       update_state_name(m->state), m->version, m->action, m->reason);
	report_status(s);
	worker_tell(s);
}

void outside_init(struct supervisor *s)
{
	s->platform = (struct platform){.now = now,
					.start = start,
					.stop = stop,
					.ask_poll = ask_poll,
					.ask_enroll = ask_enroll,
					.ask_source = ask_source,
					.ask_seed = ask_seed,
					.ask_feedback = ask_feedback,
					.ask_attributes = ask_attributes,
					.leave_server = leave_server,
					.save = save,
					.reboot = reboot_now,
					.changed = changed};
}
