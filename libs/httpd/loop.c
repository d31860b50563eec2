/* SPDX-License-Identifier: Apache-2.0 */
#include "internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
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

/* ---- watches ---- */

struct mp_watch {
	sd_event_source *source;
	void (*ready)(void *user);
	void *user;
	bool wants_write;
};

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *user)
{
	struct mp_watch *w = user;

	(void)source, (void)fd, (void)events;
	w->ready(w->user);
	return 0;
}

int mp_watch_new(struct mp_loop *l, int fd, void (*ready)(void *user), void *user,
		 struct mp_watch **ret)
{
	auto_(mp_watch) *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	*w = (struct mp_watch){.ready = ready, .user = user};
	r = sd_event_add_io(l->event, &w->source, fd, EPOLLIN, on_ready, w);
	if (r < 0)
		return r;
	*ret = take_ptr(w);
	return 0;
}

void mp_watch_want_write(struct mp_watch *w, bool want)
{
	if (w->wants_write == want)
		return;
	w->wants_write = want;
	sd_event_source_set_io_events(w->source, want ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void mp_watch_free(struct mp_watch *w)
{
	if (!w)
		return;
	sd_event_source_disable_unref(w->source);
	free(w);
}

/* ---- alarms ---- */

struct mp_alarm {
	sd_event_source *source;
	void (*ring)(void *user);
	void *user;
	int64_t ms; /* when it will ring */
};

static int on_alarm(sd_event_source *source, uint64_t now, void *user)
{
	struct mp_alarm *a = user;

	(void)source, (void)now;
	a->ms = INT64_MAX;
	a->ring(a->user);
	return 0;
}

int mp_alarm_new(struct mp_loop *l, void (*ring)(void *user), void *user, struct mp_alarm **ret)
{
	auto_(mp_alarm) *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return -ENOMEM;
	*a = (struct mp_alarm){.ring = ring, .user = user, .ms = INT64_MAX};
	r = sd_event_add_time(l->event, &a->source, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_alarm, a);
	if (r < 0)
		return r;
	*ret = take_ptr(a);
	return 0;
}

void mp_alarm_set(struct mp_alarm *a, int64_t ms)
{
	if (a->ms == ms)
		return;
	a->ms = ms;
	sd_event_source_set_time(a->source, ms == INT64_MAX ? UINT64_MAX : (uint64_t)ms * 1000);
	sd_event_source_set_enabled(a->source, ms == INT64_MAX ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

void mp_alarm_free(struct mp_alarm *a)
{
	if (!a)
		return;
	sd_event_source_disable_unref(a->source);
	free(a);
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
