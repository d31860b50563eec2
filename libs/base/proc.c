/* SPDX-License-Identifier: Apache-2.0
 * proc.c - one child at a time
 *
 * Input lies in a memfd, so that only the two pipes out of the child need watching and no SIGPIPE
 * can arise. A third pipe, closed by a successful exec, carries the errno of a failed one.
 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

#define LINE_MAX_LEN 4096 /* a longer line of standard error is handed on in pieces */

struct child {
	const struct mp_proc *p;
	pid_t pid;
	int out, err, end; /* pipes and the pidfd; -1: closed, or not there */
	char line[LINE_MAX_LEN];
	size_t line_len;
	char last[256]; /* last line of standard error that said something */
};

/* What the child needs to become the program. */
struct start {
	const char *path;
	char **envp;
	int in, out, err, failed;
	pid_t parent;
};

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

/* The program's path, newly allocated. */
static int look_up(const char *name, char **ret)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/')) {
		if (!is_program(name))
			return -errno;
		*ret = strdup(name);
		return *ret ? 0 : -ENOMEM;
	}
	if (!path)
		path = "/usr/sbin:/usr/bin:/sbin:/bin";
	while (*path) {
		size_t n = strcspn(path, ":");
		auto_free char *full = mp_str_format("%.*s/%s", (int)n, path, name);

		if (!full)
			return -ENOMEM;
		if (n > 0 && is_program(full)) {
			*ret = take_ptr(full);
			return 0;
		}
		path += n + (path[n] == ':');
	}
	return -ENOENT;
}

bool mp_proc_find(const char *name)
{
	auto_free char *path = NULL;

	return look_up(name, &path) == 0;
}

static size_t count(char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static bool is_replaced(const char *variable, const char *const *by)
{
	size_t n = strcspn(variable, "=") + 1;

	for (; by && *by; by++)
		if (strncmp(variable, *by, n) == 0)
			return true;
	return false;
}

/* Our environment with `more` laid over it. The strings are borrowed, the array is the caller's. */
static char **make_env(const char *const *more)
{
	size_t n = 0;
	char **envp = malloc((count(environ) + count((char *const *)more) + 1) * sizeof(*envp));

	if (!envp)
		return NULL;
	for (char **e = environ; e && *e; e++)
		if (!is_replaced(*e, more))
			envp[n++] = *e;
	for (; more && *more; more++)
		envp[n++] = (char *)*more;
	envp[n] = NULL;
	return envp;
}

/* The child's whole life before the program: only calls that are safe after a fork. */
__attribute__((noreturn)) static void become(const struct mp_proc *p, const struct start *s)
{
	sigset_t none;
	int e;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == s->parent &&
	    dup2(s->in, 0) == 0 && dup2(s->out, 1) == 1 && dup2(s->err, 2) == 2 &&
	    (!p->dir || chdir(p->dir) == 0))
		execve(s->path, (char *const *)p->argv, s->envp);
	e = errno;
	if (write(s->failed, &e, sizeof(e)) < 0)
		_exit(126);
	_exit(127);
}

static int open_input(const struct mp_proc *p)
{
	auto_close int fd = -1;
	size_t done = 0;

	if (!p->input)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	fd = memfd_create("input", MFD_CLOEXEC);
	while (fd >= 0 && done < p->input_len) {
		ssize_t n =
			pwrite(fd, (const char *)p->input + done, p->input_len - done, (off_t)done);

		if (n < 0)
			return -1;
		done += (size_t)n;
	}
	return take_fd(fd);
}

/* Fork with everything in place and learn whether the exec worked. 0 or -errno. */
static int launch(struct child *c, struct start *s)
{
	int pipefd[2], e = 0;
	auto_close int said = -1;

	if (pipe2(pipefd, O_CLOEXEC) < 0)
		return -errno;
	said = pipefd[0];
	s->failed = pipefd[1];
	s->parent = getpid();
	c->pid = fork();
	if (c->pid == 0)
		become(c->p, s);
	if (c->pid < 0)
		e = errno;
	close(pipefd[1]);
	if (c->pid < 0)
		return -e;
	if (read(said, &e, sizeof(e)) != sizeof(e))
		return 0;
	(void)waitpid(c->pid, NULL, 0);
	c->pid = -1;
	return -e;
}

static int start(struct child *c, struct mp_err *err)
{
	const char *name = c->p->argv[0];
	auto_free char *path = NULL;
	auto_free char **envp = NULL;
	auto_close int in = -1, out_w = -1, err_w = -1;
	int out[2], errs[2], r;

	r = look_up(name, &path);
	if (r == -ENOENT)
		return mp_err_set(err, r, "cannot run %s: it is not installed", name);
	envp = make_env(c->p->env);
	if (r == -ENOMEM || !envp)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (r == 0 && pipe2(out, O_CLOEXEC) < 0)
		r = -errno;
	if (r < 0)
		return mp_err_set(err, r, "cannot run %s: %s", name, strerror(-r));
	c->out = out[0];
	out_w = out[1];
	if (pipe2(errs, O_CLOEXEC) < 0)
		return mp_err_set(err, -errno, "cannot run %s: %s", name, strerror(errno));
	c->err = errs[0];
	err_w = errs[1];
	in = open_input(c->p);
	if (in < 0)
		return mp_err_set(err, -errno, "cannot hand input to %s: %s", name,
				  strerror(errno));
	r = launch(c, &(struct start){.path = path,
				      .envp = envp,
				      .in = in,
				      .err = err_w,
				      .out = c->p->output_fd > 0 ? c->p->output_fd : out_w});
	if (r < 0)
		return mp_err_set(err, r, "cannot run %s: %s", name, strerror(-r));
	c->end = pidfd_open(c->pid, 0); /* may fail: then the ends of the pipes must do */
	return 0;
}

static void end_line(struct child *c)
{
	c->line[c->line_len] = '\0';
	c->line_len = 0;
	if (c->line[0])
		snprintf(c->last, sizeof(c->last), "%.*s", (int)sizeof(c->last) - 1, c->line);
	if (c->p->line)
		c->p->line(c->p->user, c->line);
}

static void add_lines(struct child *c, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\n' || c->line_len == sizeof(c->line) - 1)
			end_line(c);
		if (s[i] != '\n')
			c->line[c->line_len++] = s[i] ? s[i] : ' ';
	}
}

/* Take what lies in a pipe now; close it at its end. 0, -EFBIG, -ENOMEM. */
static int drain(struct child *c, int *fd)
{
	char chunk[16384];
	ssize_t n;
	int r = 0;

	if (*fd < 0)
		return 0;
	n = read(*fd, chunk, sizeof(chunk));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		close(*fd);
		*fd = -1;
		return 0;
	}
	if (fd == &c->err)
		add_lines(c, chunk, (size_t)n);
	else if (c->p->output)
		r = mp_buf_add(c->p->output, chunk, (size_t)n);
	return r < 0 ? r : 1;
}

/* Until the child is gone and its pipes are empty. A grandchild that keeps a pipe open does not
 * hold us up. 0 or -errno. */
static int watch(struct child *c)
{
	while (c->out >= 0 || c->err >= 0) {
		struct pollfd fds[] = {{.fd = c->out, .events = POLLIN},
				       {.fd = c->err, .events = POLLIN},
				       {.fd = c->end, .events = POLLIN}};
		int r1 = 0, r2 = 0;

		if (poll(fds, 3, -1) < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (fds[0].revents)
			r1 = drain(c, &c->out);
		if (fds[1].revents)
			r2 = drain(c, &c->err);
		if (r1 < 0 || r2 < 0)
			return r1 < 0 ? r1 : r2;
		if (fds[2].revents && !fds[0].revents && !fds[1].revents)
			return 0;
	}
	return 0;
}

static int judge(struct child *c, int status, struct mp_err *err)
{
	const char *name = c->p->argv[0], *colon = c->last[0] ? ": " : "";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		return mp_err_set(err, -EREMOTEIO, "%s failed with exit status %d%s%s", name,
				  WEXITSTATUS(status), colon, c->last);
	return mp_err_set(err, -EREMOTEIO, "%s was ended by signal %d (%s)%s%s", name,
			  WTERMSIG(status), strsignal(WTERMSIG(status)), colon, c->last);
}

static int finish(struct child *c, int r, struct mp_err *err)
{
	int status = 0;

	if (r < 0)
		(void)kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (c->line_len > 0)
		end_line(c);
	if (r == -EFBIG)
		return mp_err_set(err, r, "%s wrote more than %zu bytes", c->p->argv[0],
				  c->p->output->limit);
	if (r < 0)
		return mp_err_set(err, r, "cannot run %s: %s", c->p->argv[0], strerror(-r));
	return judge(c, status, err);
}

int mp_proc_run(const struct mp_proc *p, struct mp_err *err)
{
	struct child c = {.p = p, .pid = -1, .out = -1, .err = -1, .end = -1};
	int r = start(&c, err);

	if (r == 0)
		r = finish(&c, watch(&c), err);
	if (c.out >= 0)
		close(c.out);
	if (c.err >= 0)
		close(c.err);
	if (c.end >= 0)
		close(c.end);
	return r;
}
