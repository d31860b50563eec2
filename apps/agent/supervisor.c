/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "notify.h"
#include "system.h"

static int make_dir(const struct supervisor *s, const char *name, mode_t mode, struct mp_err *err)
{
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s%s", s->options->root, name);
	r = mp_file_make_dirs(path, 0755, err);
	if (r == 0 && chmod(path, mode) < 0)
		r = mp_err_set(err, -errno, "cannot set the mode of %s: %s", path, strerror(errno));
	return r;
}

/* A folder of the network workers' own: each writes into one such, and nowhere else. */
static int give_dir(const struct supervisor *s, const char *name, struct mp_err *err)
{
	const char *user = s->options->fetch_user;
	const struct passwd *pw;
	char path[512];
	int r = make_dir(s, name, 0700, err);

	if (r < 0 || geteuid() != 0 || !*user)
		return r;
	pw = getpwnam(user);
	if (!pw)
		return mp_err_set(err, -ENOENT, "there is no user '%s' for the network worker",
				  user);
	snprintf(path, sizeof(path), "%s%s", s->options->root, name);
	if (chown(path, pw->pw_uid, pw->pw_gid) < 0)
		return mp_err_set(err, -errno, "cannot give %s to '%s': %s", path, user,
				  strerror(errno));
	return 0;
}

static int make_dirs(const struct supervisor *s, struct mp_err *err)
{
	int r = make_dir(s, AGENT_STATE, 0755, err);

	if (r == 0)
		r = make_dir(s, AGENT_STATE "/agent", 0700, err);
	if (r == 0)
		r = make_dir(s, AGENT_RUN, 0755, err);
	if (r == 0)
		r = give_dir(s, AGENT_STATE "/lwm2m", err);
	return r < 0 ? r : give_dir(s, AGENT_STATE "/identity", err);
}

/* A record that cannot be read is no reason not to start: libs/install knows where things stand,
 * and the server asks again. */
static void load_record(struct supervisor *s)
{
	MP_BUF(text, RECORD_MOST);

	if (mp_medium_read_all(s->medium, AGENT_STATE "/agent/state.json", &text) == 0 &&
	    record_parse(mp_buf_str(&text), text.len, &s->record) < 0)
		mp_log(MP_LOG_WARNING, "the agent's state was unreadable and begins anew", "%s",
		       "");
}

static int init(struct supervisor *s, const struct agent_options *o, struct mp_err *err)
{
	const char *root = o->root;
	int r;

	*s = (struct supervisor){.options = o, .data = -1};
	r = product_read(root, &s->product, err);
	if (r == 0)
		r = make_dirs(s, err);
	if (r < 0)
		return r;
	r = mp_medium_posix_new(root, &s->medium);
	if (r < 0)
		return mp_err_set(err, r, "out of memory");
	system_cmdline(root, "mp.release", s->release, sizeof(s->release));
	system_cmdline(root, "roothash", s->root_hash, sizeof(s->root_hash));
	system_boot_id(root, s->boot_id, sizeof(s->boot_id));
	if (!*s->release)
		return mp_err_set(err, -ENOENT,
				  "the kernel's command line has no mp.release=VERSION");
	load_record(s);
	outside_init(s);
	machine_init(&s->machine,
		     &(struct machine_config){.poll_ms = s->product.poll_seconds * 1000,
					      .proof_ms = s->product.proof_seconds * 1000,
					      .look_ms = o->look_seconds * 1000,
					      .grace_ms = s->product.grace_seconds * 1000,
					      .lwm2m = s->product.lwm2m,
					      .lwm2m_alone = s->product.lwm2m_alone},
		     &s->platform, &s->record);
	return 0;
}

/* What could not even be started has failed; said here and not inside the call that tried. */
static void tell_failures(struct supervisor *s)
{
	unsigned failed = s->failed;

	s->failed = 0;
	for (unsigned j = 0; j < JOBS; j++)
		if (failed & 1u << j)
			machine_ended(&s->machine, (enum job)j, -EAGAIN,
				      "its worker could not be started", NULL);
	if (!s->fetch_failed)
		return;
	s->fetch_failed = false;
	machine_answered(&s->machine, -EAGAIN, "the network worker could not be started");
}

static void take_signals(struct supervisor *s, int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			s->stop = true;
	child_reap(s);
}

static void wait_for_events(struct supervisor *s, int signals, int64_t ms)
{
	struct pollfd fds[CHILDREN + 1] = {{.fd = signals, .events = POLLIN}};
	struct child *of[CHILDREN + 1];
	nfds_t n = 1;

	for (unsigned i = 0; i < CHILDREN; i++) {
		struct child *c = &s->children[i];

		if (c->role == ROLE_NONE || c->pair.fd < 0)
			continue;
		of[n] = c;
		fds[n++] = (struct pollfd){.fd = c->pair.fd, .events = POLLIN};
	}
	if (poll(fds, n, (int)ms) <= 0)
		return;
	for (nfds_t i = 1; i < n; i++)
		if (fds[i].revents && of[i]->pair.fd == fds[i].fd)
			(void)relay(s, of[i]);
	if (fds[0].revents)
		take_signals(s, signals);
}

static bool is_quiet(const struct supervisor *s)
{
	if (!s->polled || s->machine.asked != ASK_NOTHING)
		return false;
	for (unsigned j = 0; j < JOBS; j++)
		if (s->machine.running[j])
			return false;
	return true;
}

static void loop(struct supervisor *s, int signals)
{
	int64_t watchdog = notify_watchdog_ms();
	bool ready = false;

	while (!s->stop) {
		int64_t ms = machine_tick(&s->machine), worker = worker_keep(s);

		if (worker >= 0 && worker < ms)
			ms = worker;
		tell_failures(s);
		if (s->failed || s->fetch_failed)
			ms = 0;
		if (!ready && s->machine.ready) {
			notify("READY=1");
			ready = true;
		}
		if (s->stop || (s->options->once && is_quiet(s)))
			break;
		if (watchdog && watchdog < ms)
			ms = watchdog;
		report_status(s);
		wait_for_events(s, signals, ms);
		if (watchdog)
			notify("WATCHDOG=1");
	}
}

static void done(struct supervisor *s)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		if (s->children[i].role != ROLE_NONE)
			child_stop(&s->children[i]);
	if (s->data >= 0)
		(void)close(s->data);
	mp_medium_posix_free(s->medium);
}

int supervisor_run(const struct agent_options *o)
{
	static struct supervisor s; /* large, and there is only one */
	struct mp_err err = {{0}};
	sigset_t set;
	int signals;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0 || init(&s, o, &err) < 0) {
		mp_log(MP_LOG_ERR, "agent cannot start", "reason=\"%s\"", err.text);
		return 1;
	}
	mp_log(MP_LOG_INFO, "agent started", "product=%s release=%s", s.product.name, s.release);
	loop(&s, signals);
	done(&s);
	(void)close(signals);
	return 0;
}
