/* SPDX-License-Identifier: Apache-2.0 */
#include "hooks.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

#define TEXT 4096 /* bytes of a program's output that are looked at */

struct output {
	char text[TEXT];
	size_t len;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Keep the end of the output: that is where the reason stands. */
static void keep(struct output *o, const char *data, size_t n)
{
	if (n > TEXT / 2) {
		data += n - TEXT / 2;
		n = TEXT / 2;
	}
	if (o->len + n >= TEXT) {
		memmove(o->text, o->text + TEXT / 2, o->len - TEXT / 2);
		o->len -= TEXT / 2;
	}
	memcpy(o->text + o->len, data, n);
	o->len += n;
	o->text[o->len] = '\0';
}

/* Until the end of the output or of the time. 0 or -ETIMEDOUT. */
static int listen_to(int fd, struct output *o)
{
	int64_t end = now_ms() + HOOK_SECONDS * 1000;
	char chunk[TEXT];

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - now_ms();
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		n = read(fd, chunk, sizeof(chunk));
		if (n == 0 || (n < 0 && errno != EINTR))
			return 0;
		if (n > 0)
			keep(o, chunk, (size_t)n);
	}
}

/* It ends with us: an update that is cancelled leaves no program behind. */
static void run_child(const char *path, pid_t parent, int out)
{
	char *argv[] = {(char *)path, NULL};
	int null = open("/dev/null", O_RDONLY);

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || setpgid(0, 0) < 0 ||
	    null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(126);
	(void)close_range(3, ~0u, 0);
	execv(path, argv);
	_exit(127);
}

static const char *last_line(struct output *o)
{
	char *line;

	while (o->len > 0 && strchr(" \r\n", o->text[o->len - 1]))
		o->text[--o->len] = '\0';
	line = strrchr(o->text, '\n');
	return line ? line + 1 : o->text;
}

static int run_one(const char *path, const char *name, struct mp_err *err)
{
	struct output o = {.len = 0};
	int fds[2], status = 0, r;
	pid_t self = getpid(), pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return mp_err_set(err, -errno, "cannot run %s: %s", name, strerror(errno));
	pid = fork();
	if (pid == 0)
		run_child(path, self, fds[1]);
	(void)close(fds[1]);
	r = pid < 0 ? -errno : listen_to(fds[0], &o);
	(void)close(fds[0]);
	if (pid < 0)
		return mp_err_set(err, r, "cannot run %s: %s", name, strerror(-r));
	if (r < 0)
		(void)kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return mp_err_set(err, -EAGAIN, "%s took more than %d s", name, HOOK_SECONDS);
	if (status == 0)
		return 0;
	return mp_err_set(err, -EAGAIN, "%s: %s", name,
			  o.len ? last_line(&o) : "it failed without a word");
}

static int is_hook(const struct dirent *e)
{
	return mp_str_is_name(e->d_name, 128);
}

int hooks_run(const char *dir, struct mp_err *err)
{
	struct dirent **list;
	int n = scandir(dir, &list, is_hook, alphasort), r = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : mp_err_set(err, -errno, "cannot list %s", dir);
	for (int i = 0; i < n; i++) {
		char path[1024];

		snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
		if (r == 0 && access(path, X_OK) == 0)
			r = run_one(path, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return r;
}
