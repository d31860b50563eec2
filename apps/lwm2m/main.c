/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "base/str.h"
#include "pair/worker.h"
#include "sandbox/sandbox.h"
#include "worker.h"

#define FIRST_WAIT_MS 1000 /* for the identity, doubled each time */
#define LAST_WAIT_MS 32000

struct arguments {
	const char *root, *user;
	int control;
};

static const struct mp_worker_option options[] = {
	{"root", "DIR", "prefix of all paths", offsetof(struct arguments, root), MP_WORKER_TEXT},
	{"user", "NAME", "run as this user", offsetof(struct arguments, user), MP_WORKER_TEXT},
	{"control", "FD", "the pair with the supervisor", offsetof(struct arguments, control),
	 MP_WORKER_PAIR},
	{0},
};

/* fetch enrolls the device; until then there is nothing to show to a server. */
static int wait_for_identity(struct worker *w, struct mp_err *err)
{
	int ms = FIRST_WAIT_MS, r;

	while ((r = identity_load(&w->config, err)) == -ENOENT) {
		if (ms == FIRST_WAIT_MS)
			mp_log(MP_LOG_INFO, "waiting for the identity", "reason=\"%s\"", err->text);
		r = loop_wait(w, ms);
		if (r < 0)
			return r;
		ms = ms < LAST_WAIT_MS ? 2 * ms : ms;
	}
	return r;
}

static int run(struct worker *w, struct mp_err *err)
{
	int r = wait_for_identity(w, err);

	if (r == 0)
		r = carrier_open(w, err);
	if (r == 0)
		r = objects_open(w, err);
	if (r < 0)
		return r;
	mp_log(MP_LOG_INFO, "lwm2m started", "server=%s endpoint=%s", w->config.uri, w->config.id);
	return loop_run(w);
}

int main(int argc, char *argv[])
{
	static struct worker w = {.control.fd = -1, .wake = INT64_MAX, .log.running = true};
	struct mp_err err = {{0}};
	struct arguments a = {.root = "", .control = -1};
	int r;

	r = mp_worker_parse("mp-lwm2m", "The worker of mp-agent that is an LwM2M client.", options,
			    &a, argc, argv);
	if (r != 0)
		return r > 0 ? 0 : 2;
	(void)signal(SIGPIPE, SIG_IGN);
	r = mp_sandbox_enter(
		&(struct mp_sandbox){.role = MP_SANDBOX_LWM2M, .root = a.root, .user = a.user},
		&err);
	if (r == 0)
		r = config_read(&w.config, a.root, &err);
	if (r == 0 && mp_pair_init(&w.control, a.control, 8192) < 0)
		r = mp_err_set(&err, -ENOMEM, "out of memory");
	if (r == 0)
		r = run(&w, &err);
	if (r < 0 && r != -ECONNRESET)
		mp_log(MP_LOG_ERR, "lwm2m ends", "reason=\"%s\"", err.text);
	objects_close(&w);
	carrier_close(&w);
	config_done(&w.config);
	mp_pair_done(&w.control);
	return r < 0 && r != -ECONNRESET;
}
