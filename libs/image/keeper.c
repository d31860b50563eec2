/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image/internal.h"

#define LOCK_FD                                                                                    \
	200 /* above QEMU's own files: files are closed in order, and this one shall be the last */

static volatile sig_atomic_t child, ending;

static void end(int sig)
{
	(void)sig;
	ending = 1;
	if (child > 0)
		(void)kill((pid_t)child, SIGTERM);
}

static void forward_signals(void)
{
	const struct sigaction action = {.sa_handler = end, .sa_flags = SA_RESTART};

	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGHUP, &action, NULL);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void be_qemu(const struct keeper *k, pid_t keeper, int qmp)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper || dup2(qmp, KEEPER_FD) < 0 || fcntl(KEEPER_FD, F_SETFD, 0) < 0)
		_exit(126);
	(void)fcntl(k->lock, F_DUPFD, LOCK_FD);
	(void)execvp(k->argv[0], k->argv);
	_exit(127);
}

/* {"event": "SHUTDOWN", "data": {"reason": "guest-reset", ...}, ...}: QEMU's QMP reference */
static bool is_reset(const char *line, size_t len)
{
	auto_(mp_json) *doc = NULL;

	return mp_json_parse(line, len, &doc, NULL) == 0 &&
	       mp_streq(mp_json_str(mp_json_get(doc, "event"), ""), "SHUTDOWN") &&
	       mp_streq(mp_json_str(mp_json_get(mp_json_get(doc, "data"), "reason"), ""),
			"guest-reset");
}

/* Listen to QEMU until it ends. Did the guest reset? */
static bool follow(int qmp, int *ready)
{
	static const char hello[] = "{\"execute\": \"qmp_capabilities\"}\n";
	auto_free char *line = NULL;
	FILE *in = fdopen(qmp, "r");
	bool reset = false;
	size_t room = 0;
	ssize_t n;

	while (in && (n = getline(&line, &room, in)) > 0) {
		reset |= is_reset(line, (size_t)n);
		if (strncmp(line, "{\"QMP\"", 6) == 0)
			(void)send(qmp, hello, sizeof(hello) - 1, MSG_NOSIGNAL);
		/* It greets before it has looked at all its arguments, and answers after. */
		if (strncmp(line, "{\"return\"", 9) == 0 && *ready >= 0) {
			(void)!write(*ready, "", 1);
			(void)close(*ready);
			*ready = -1;
		}
	}
	if (in)
		(void)fclose(in);
	return reset;
}

static int run_qemu(const struct keeper *k, int *ready, bool *ret_reset)
{
	int pair[2];
	pid_t pid, keeper = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 126;
	pid = fork();
	if (pid == 0)
		be_qemu(k, keeper, pair[1]);
	(void)close(pair[1]);
	child = pid;
	if (ending && pid > 0) /* the signal came before there was a child to tell */
		(void)kill(pid, SIGTERM);
	*ret_reset = follow(pair[0], ready);
	child = 0;
	return pid < 0 ? 126 : wait_for(pid);
}

static void keep(const struct keeper *k, int ready)
{
	auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool reset;
	int status;

	if (k->detach)
		(void)setsid();
	else
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (!k->console) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(k->log, STDOUT_FILENO);
	}
	(void)dup2(k->log, STDERR_FILENO);
	forward_signals();
	do
		status = run_qemu(k, &ready, &reset);
	while (reset && status == 0 && !ending);
	_exit(status);
}

int keeper_start(const struct keeper *k, pid_t *ret, int *ret_ready)
{
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		(void)close(ready[0]);
		keep(k, ready[1]);
	}
	(void)close(ready[1]);
	*ret = pid;
	*ret_ready = ready[0];
	return pid < 0 ? -errno : 0;
}

int keeper_wait(pid_t pid)
{
	int status;

	child = pid;
	forward_signals();
	status = wait_for(pid);
	child = 0;
	return status;
}
