/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "fetch.h"
#include "sandbox/sandbox.h"

static const char help[] =
	"usage: mp-fetch [--root DIR] [--user NAME] [--server URL] --control FD --data FD\n"
	"\n"
	"The network worker of mp-agent, which starts it; it is of no use by itself.\n"
	"\n"
	"  --root DIR     prefix of all paths\n"
	"  --user NAME    run as this user\n"
	"  --server URL   instead of the one in product.json\n"
	"  --control FD   the pair with the supervisor\n"
	"  --data FD      the pair with install\n";

struct arguments {
	const char *root, *user, *server;
	int control, data;
};

static int parse(int argc, char *argv[], struct arguments *a)
{
	static const struct option options[] = {
		{"root", required_argument, NULL, 'r'},
		{"user", required_argument, NULL, 'u'},
		{"server", required_argument, NULL, 's'},
		{"control", required_argument, NULL, 'c'},
		{"data", required_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	*a = (struct arguments){.root = "", .control = -1, .data = -1};
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			exit(0);
		}
		if (c == 'r')
			a->root = optarg;
		else if (c == 'u')
			a->user = optarg;
		else if (c == 's')
			a->server = optarg;
		else if (c == 'c')
			a->control = atoi(optarg);
		else if (c == 'd')
			a->data = atoi(optarg);
		else
			return -EINVAL;
	}
	return a->control > 2 && a->data > 2 ? 0 : -EINVAL;
}

/* One turn: whoever has something to say. Negative: the supervisor is gone. */
static int turn(struct fetch *f)
{
	struct pollfd fds[] = {{.fd = f->control.fd, .events = POLLIN},
			       {.fd = f->data.fd, .events = POLLIN}};
	struct mp_msg m;
	int r = poll(fds, 2, -1);

	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents) {
		r = fetch_answer_supervisor(f);
		if (r < 0)
			return r;
	}
	if (!fds[1].revents)
		return 0;
	r = mp_pair_recv(&f->data, false, &m);
	if (r == -EAGAIN)
		return 0;
	if (r == 1 && fetch_serve(f, &m) == 0)
		return 0;
	mp_pair_done(&f->data); /* install has ended, or is not to be trusted */
	f->serving = false;
	return 0;
}

int main(int argc, char *argv[])
{
	struct fetch f = {.control.fd = -1, .data.fd = -1};
	struct mp_err err = {{0}};
	struct arguments a;
	int r;

	if (parse(argc, argv, &a) < 0)
		return fputs(help, stderr), 2;
	(void)signal(SIGPIPE, SIG_IGN);
	r = mp_sandbox_enter(
		&(struct mp_sandbox){.role = MP_SANDBOX_FETCH, .root = a.root, .user = a.user},
		&err);
	if (r == 0)
		r = fetch_config_read(&f.config, a.root, a.server, &err);
	if (r == 0 &&
	    (mp_pair_init(&f.control, a.control, 0) < 0 || mp_pair_init(&f.data, a.data, 4096) < 0))
		r = mp_err_set(&err, -ENOMEM, "out of memory");
	if (r < 0) {
		mp_log(MP_LOG_ERR, "fetch cannot start", "reason=\"%s\"", err.text);
		return 1;
	}
	while (turn(&f) == 0)
		;
	mp_http_client_free(f.small);
	mp_http_client_free(f.large);
	mp_ddi_deployment_free(f.deployment);
	mp_pair_done(&f.control);
	mp_pair_done(&f.data);
	return 0;
}
