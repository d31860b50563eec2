/* SPDX-License-Identifier: Apache-2.0
 * loop.h - the event loop that HTTP servers, timers and signals share (wraps sd-event)
 *
 *     r = mp_loop_new(&loop);
 *     r = mp_loop_every(loop, 1000, tick, state);
 *     r = mp_loop_run(loop);          // until SIGTERM, SIGINT or mp_loop_stop()
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/auto.h"

struct mp_loop;
/* SIGTERM and SIGINT are blocked for the process and end the loop. 0 or -errno. */
int mp_loop_new(struct mp_loop **ret);
void mp_loop_free(struct mp_loop *l);
DEFINE_AUTO(mp_loop)

/* Call `tick` again and again, `ms` apart, for as long as the loop lives. At most 8 of them. */
int mp_loop_every(struct mp_loop *l, unsigned ms, void (*tick)(void *user), void *user);

/* Call `ready` whenever there is something to read from the descriptor, and while it is wanted, when
 * there is room to write. The descriptor stays the caller's, and outlives the watch. */
struct mp_watch;
int mp_watch_new(struct mp_loop *l, int fd, void (*ready)(void *user), void *user,
		 struct mp_watch **ret);
void mp_watch_want_write(struct mp_watch *w, bool want);
void mp_watch_free(struct mp_watch *w);
DEFINE_AUTO(mp_watch)

/* Call `ring` once at a time of CLOCK_MONOTONIC in milliseconds; INT64_MAX: never. Setting it anew
 * replaces the time, also from within `ring`. */
struct mp_alarm;
int mp_alarm_new(struct mp_loop *l, void (*ring)(void *user), void *user, struct mp_alarm **ret);
void mp_alarm_set(struct mp_alarm *a, int64_t ms);
void mp_alarm_free(struct mp_alarm *a);
DEFINE_AUTO(mp_alarm)

int mp_loop_run(struct mp_loop *l); /* what mp_loop_stop was given, 0 after a signal */
void mp_loop_stop(struct mp_loop *l, int code);

/* Tell the service manager that we are ready (sd_notify(3)); nothing happens without one. */
void mp_loop_ready(void);
