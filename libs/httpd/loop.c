/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#define TICKS 8

struct tick {
	uint64_t us;
	void (*call)(void *user);
	void *user;
};

struct mp_loop {
	sd_event *event;
	struct tick ticks[TICKS];
	unsigned n_ticks;
};

sd_event *mp_loop_event(struct mp_loop *l)
{
	return l->event;
}

int mp_loop_new(struct mp_loop **ret)
{
	auto_(mp_loop) *l = calloc(1, sizeof(*l));
	sigset_t set;
	int r;

	if (!l)
		return -ENOMEM;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	r = sd_event_new(&l->event);
	if (r >= 0)
		r = sd_event_add_signal(l->event, NULL, SIGTERM, NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(l->event, NULL, SIGINT, NULL, NULL);
	if (r < 0)
		return r;
	*ret = take_ptr(l);
	return 0;
}

void mp_loop_free(struct mp_loop *l)
{
	if (!l)
		return;
	sd_event_unref(l->event);
	free(l);
}

static int on_tick(sd_event_source *source, uint64_t now, void *user)
{
	struct tick *t = user;

	(void)now;
	t->call(t->user);
	sd_event_source_set_time_relative(source, t->us);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

int mp_loop_every(struct mp_loop *l, unsigned ms, void (*tick)(void *user), void *user)
{
	struct tick *t;

	if (l->n_ticks == TICKS)
		return -ENOSPC;
	t = &l->ticks[l->n_ticks++];
	*t = (struct tick){(uint64_t)ms * 1000, tick, user};
	return sd_event_add_time_relative(l->event, NULL, CLOCK_MONOTONIC, t->us, t->us / 10,
					  on_tick, t);
}

int mp_loop_run(struct mp_loop *l)
{
	return sd_event_loop(l->event);
}

void mp_loop_stop(struct mp_loop *l, int code)
{
	sd_event_exit(l->event, code);
}

void mp_loop_ready(void)
{
	sd_notify(0, "READY=1");
}
