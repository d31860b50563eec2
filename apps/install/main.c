/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "pair/worker.h"
#include "sandbox/sandbox.h"
#include "worker.h"

struct arguments {
	const char *root, *disk;
	int control, data;
};

static const struct mp_worker_option options[] = {
	{"root", "DIR", "prefix of all paths", offsetof(struct arguments, root), MP_WORKER_TEXT},
	{"disk", "DEVICE", "the disk, below the prefix; otherwise the one of the running root",
	 offsetof(struct arguments, disk), MP_WORKER_TEXT},
	{"control", "FD", "the pair with the supervisor", offsetof(struct arguments, control),
	 MP_WORKER_PAIR},
	{"data", "FD", "the pair with fetch", offsetof(struct arguments, data),
	 MP_WORKER_OPTIONAL_PAIR},
	{0},
};

static int answer(struct worker *w, const struct mp_msg *m, struct mp_err *err)
{
	MP_BUF(a, MP_PAIR_TEXT + 1);
	MP_BUF(b, MP_PAIR_TEXT + 1);

	/* the message dies with the next one that is received */
	if (mp_buf_add_str(&a, m->text[0]) < 0 || mp_buf_add_str(&b, m->text[1]) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	switch (m->type) {
	case MP_MSG_SETUP:
		return worker_setup(w, err);
	case MP_MSG_SEEDED:
		return worker_seeded(w, err);
	case MP_MSG_INSTALL:
		return worker_install(w, mp_buf_str(&a), mp_buf_str(&b), m->num[0] == 1, err);
	case MP_MSG_COMMIT:
		return worker_commit(w, err);
	case MP_MSG_MARK:
		return worker_mark(w, m->num[0] == 1, mp_buf_str(&a), err);
	default:
		return mp_err_set(err, -EPROTO, "a '%s' is not for install", mp_msg_name(m->type));
	}
}

static int serve(struct worker *w, const struct arguments *a)
{
	struct mp_err err = {{0}};
	struct mp_msg m;
	int r = worker_init(w, a->root, a->disk, &err);

	if (mp_pair_init(&w->control, a->control, 16 * 1024) < 0 ||
	    (a->data > 2 && mp_pair_init(&w->data, a->data, 0) < 0))
		return 1;
	if (mp_pair_recv(&w->control, true, &m) != 1)
		return 0;
	if (r == 0)
		r = answer(w, &m, &err);
	return mp_pair_send_result(&w->control, r, err.text) < 0;
}

int main(int argc, char *argv[])
{
	struct mp_err err = {{0}};
	struct arguments a = {.root = "", .control = -1, .data = -1};
	struct worker w;
	int r;

	r = mp_worker_parse("mp-install",
			    "The worker of mp-agent that writes slots, boot entries and state, and "
			    "has no network.",
			    options, &a, argc, argv);
	if (r != 0)
		return r > 0 ? 0 : 2;
	(void)signal(SIGPIPE, SIG_IGN);
	r = mp_sandbox_enter(&(struct mp_sandbox){.role = MP_SANDBOX_INSTALL, .root = a.root},
			     &err);
	if (r < 0) {
		mp_log(MP_LOG_ERR, "install cannot start", "reason=\"%s\"", err.text);
		return 1;
	}
	r = serve(&w, &a);
	worker_done(&w);
	return r;
}
