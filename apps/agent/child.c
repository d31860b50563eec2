/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "supervisor.h"

#define CONTROL "3"
#define DATA "4"
#define ROOM 8192 /* no message to the supervisor is longer */

static const char *const programs[] = {
	[ROLE_FETCH] = "mp-fetch",	     [ROLE_INSTALL] = "mp-install",
	[ROLE_CONTAINERS] = "mp-containers", [ROLE_HOOKS] = "mp-agent",
	[ROLE_LWM2M] = "mp-lwm2m",
};

static void add(const char **argv, unsigned *n, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	argv[(*n)++] = name;
	argv[(*n)++] = value;
}

static void make_argv(const struct agent_options *o, enum role role, const char *hooks, bool data,
		      const char *argv[16])
{
	unsigned n = 0;

	argv[n++] = programs[role];
	if (role == ROLE_HOOKS)
		argv[n++] = "hooks";
	add(argv, &n, "--root", o->root);
	add(argv, &n, "--control", CONTROL);
	if (data)
		add(argv, &n, "--data", DATA);
	if (role == ROLE_FETCH) {
		add(argv, &n, "--user", o->fetch_user);
		add(argv, &n, "--server", o->server);
	}
	if (role == ROLE_LWM2M)
		add(argv, &n, "--user", o->fetch_user);
	if (role == ROLE_INSTALL)
		add(argv, &n, "--disk", o->disk);
	if (role == ROLE_CONTAINERS)
		add(argv, &n, "--socket", o->docker);
	if (role == ROLE_HOOKS)
		argv[n++] = hooks;
	argv[n] = NULL;
}

/* Only descriptors 0 to 4 go on; signals are as a program expects them. */
static void become(const struct agent_options *o, enum role role, const char *argv[], int control,
		   int data)
{
	char path[PATH_MAX];
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	/* out of the way of 3 and 4 first */
	control = fcntl(control, F_DUPFD, 10);
	data = data >= 0 ? fcntl(data, F_DUPFD, 10) : -1;
	if (control < 0 || dup2(control, 3) < 0 || (data >= 0 && dup2(data, 4) < 0))
		_exit(126);
	(void)close_range(data >= 0 ? 5 : 4, ~0u, 0);
	snprintf(path, sizeof(path), "%s/%s", o->programs, programs[role]);
	execv(path, (char **)argv);
	_exit(127);
}

static struct child *free_place(struct supervisor *s)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		if (s->children[i].role == ROLE_NONE)
			return &s->children[i];
	return NULL;
}

struct child *child_start(struct supervisor *s, enum role role, enum job job, int data,
			  const char *hooks)
{
	struct child *c = free_place(s);
	const char *argv[16];
	int fds[2];

	if (!c || mp_pair_open(fds) < 0)
		return NULL;
	*c = (struct child){.job = job};
	make_argv(s->options, role, hooks, data >= 0, argv);
	if (mp_pair_init(&c->pair, fds[0], ROOM) < 0) {
		mp_pair_done(&c->pair);
		(void)close(fds[1]);
		return NULL;
	}
	c->pid = fork();
	if (c->pid == 0)
		become(s->options, role, argv, fds[1], data);
	(void)close(fds[1]);
	if (c->pid < 0) {
		mp_log(MP_LOG_ERR, "cannot start a worker", "program=%s reason=\"%s\"",
		       programs[role], strerror(errno));
		mp_pair_done(&c->pair);
		return NULL;
	}
	c->role = role;
	return c;
}

struct child *child_find(struct supervisor *s, enum role role, enum job job)
{
	for (unsigned i = 0; i < CHILDREN; i++) {
		struct child *c = &s->children[i];

		if (c->role == role && c->job == job && !c->stopped)
			return c;
	}
	return NULL;
}

void child_stop(struct child *c)
{
	c->stopped = true;
	(void)kill(c->pid, SIGKILL);
	mp_pair_done(&c->pair);
}

static void ended(struct supervisor *s, struct child *c, int status, const struct rusage *usage)
{
	while (!c->stopped && relay(s, c)) /* what it said before it ended */
		;
	relay_gone(s, c, status, (unsigned)usage->ru_maxrss);
	mp_pair_done(&c->pair);
	c->role = ROLE_NONE;
}

void child_reap(struct supervisor *s)
{
	for (unsigned i = 0; i < CHILDREN; i++) {
		struct child *c = &s->children[i];
		struct rusage usage;
		int status;

		if (c->role != ROLE_NONE && wait4(c->pid, &status, WNOHANG, &usage) == c->pid)
			ended(s, c, status, &usage);
	}
}
