/* SPDX-License-Identifier: Apache-2.0
 * loop.h - the event loop that HTTP servers, timers and signals share (wraps sd-event)
 *
 *     r = mp_loop_new(&loop);
 *     r = mp_loop_every(loop, 1000, tick, state);
 *     r = mp_loop_run(loop);          // until SIGTERM, SIGINT or mp_loop_stop()
 */
#pragma once

#include <stdint.h>

#include "base/auto.h"

struct mp_loop;
/* SIGTERM and SIGINT are blocked for the process and end the loop. 0 or -errno. */
int mp_loop_new(struct mp_loop **ret);
void mp_loop_free(struct mp_loop *l);
DEFINE_AUTO(mp_loop)

/* Call `tick` again and again, `ms` apart, for as long as the loop lives. At most 8 of them. */
int mp_loop_every(struct mp_loop *l, unsigned ms, void (*tick)(void *user), void *user);

int mp_loop_run(struct mp_loop *l); /* what mp_loop_stop was given, 0 after a signal */
void mp_loop_stop(struct mp_loop *l, int code);

/* Tell the service manager that we are ready (sd_notify(3)); nothing happens without one. */
void mp_loop_ready(void);
