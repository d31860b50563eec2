/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "containers.h"
#include "pair/worker.h"
#include "sandbox/sandbox.h"

struct arguments {
	const char *root, *socket;
	int control;
};

static const struct mp_worker_option options[] = {
	{"root", "DIR", "prefix of our own paths", offsetof(struct arguments, root),
	 MP_WORKER_TEXT},
	{"socket", "PATH", "Docker's socket", offsetof(struct arguments, socket), MP_WORKER_TEXT},
	{"control", "FD", "the pair with the supervisor", offsetof(struct arguments, control),
	 MP_WORKER_PAIR},
	{0},
};

static int answer(struct containers *c, const struct mp_msg *m, unsigned *ret, struct mp_err *err)
{
	MP_BUF(text, MP_PAIR_TEXT + 1);

	/* the message dies with the next one that is received */
	if (mp_buf_add_str(&text, m->text[0]) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	switch (m->type) {
	case MP_MSG_HAVE:
		return containers_have(c, m, ret, err);
	case MP_MSG_APPLY:
		return containers_apply(c, mp_buf_str(&text), err);
	case MP_MSG_LOOK:
		return containers_look(c, mp_buf_str(&text), err);
	case MP_MSG_PRUNE:
		return containers_prune(c, err);
	default:
		return mp_err_set(err, -EPROTO, "a '%s' is not for containers",
				  mp_msg_name(m->type));
	}
}

static int serve(struct containers *c, const struct arguments *a)
{
	struct mp_err err = {{0}};
	unsigned n = 0;
	struct mp_msg m;
	int r;

	if (mp_pair_init(&c->control, a->control, 16 * 1024) < 0)
		return 1;
	if (mp_pair_recv(&c->control, true, &m) != 1)
		return 0;
	r = mp_docker_new(a->socket, &c->docker, &err);
	if (r == 0)
		r = answer(c, &m, &n, &err);
	return mp_pair_send(&c->control, &(struct mp_msg){.type = MP_MSG_RESULT,
							  .verdict = mp_verdict_of(r),
							  .num = {n},
							  .text = {err.text}}) < 0;
}

int main(int argc, char *argv[])
{
	struct containers c = {.control.fd = -1};
	struct mp_err err = {{0}};
	struct arguments a = {.root = "", .socket = MP_DOCKER_SOCKET, .control = -1};
	int r;

	r = mp_worker_parse("mp-containers", "The worker of mp-agent that speaks to Docker.",
			    options, &a, argc, argv);
	if (r != 0)
		return r > 0 ? 0 : 2;
	(void)signal(SIGPIPE, SIG_IGN);
	c.root = a.root;
	r = mp_sandbox_enter(&(struct mp_sandbox){.role = MP_SANDBOX_CONTAINERS, .root = a.root},
			     &err);
	if (r < 0) {
		mp_log(MP_LOG_ERR, "containers cannot start", "reason=\"%s\"", err.text);
		return 1;
	}
	r = serve(&c, &a);
	mp_docker_free(c.docker);
	mp_pair_done(&c.control);
	return r;
}
