/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "fetch.h"
#include "pair/worker.h"
#include "sandbox/sandbox.h"

struct arguments {
	const char *root, *user, *server;
	int control, data;
};

static const struct mp_worker_option options[] = {
	{"root", "DIR", "prefix of all paths", offsetof(struct arguments, root), MP_WORKER_TEXT},
	{"user", "NAME", "run as this user", offsetof(struct arguments, user), MP_WORKER_TEXT},
	{"server", "URL", "instead of the one in product.json", offsetof(struct arguments, server),
	 MP_WORKER_TEXT},
	{"control", "FD", "the pair with the supervisor", offsetof(struct arguments, control),
	 MP_WORKER_PAIR},
	{"data", "FD", "the pair with install", offsetof(struct arguments, data), MP_WORKER_PAIR},
	{0},
};

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
	f->serving = f->pinned = false;
	return 0;
}

int main(int argc, char *argv[])
{
	struct fetch f = {.control.fd = -1, .data.fd = -1};
	struct mp_err err = {{0}};
	struct arguments a = {.root = "", .control = -1, .data = -1};
	int r;

	r = mp_worker_parse("mp-fetch", "The network worker of mp-agent.", options, &a, argc, argv);
	if (r != 0)
		return r > 0 ? 0 : 2;
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
