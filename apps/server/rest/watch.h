/* SPDX-License-Identifier: Apache-2.0
 * watch.h - what LwM2M devices do, onto the event streams of /api/v1
 *
 *     r = watch_new(s, &s->watch);        // once the LwM2M server is open
 */
#pragma once

struct server;
struct watch;
int watch_new(struct server *s, struct watch **ret); /* 0, -ENOMEM */
void watch_free(struct watch *w);
