/* SPDX-License-Identifier: Apache-2.0
 * interview.h - what an LwM2M device says of itself becomes what the fleet knows of it
 *
 * After a registration the Device object (3) is read once: its model is the device's board, its
 * firmware version tells which release runs, the rest become attributes. At most --interviews of them
 * begin in a second, so that a fleet that comes back at once is not asked at once. Whoever registered
 * last is asked first, since it surely listens; a part of each second is for those that wait longer,
 * so that a crowd that never answers keeps nobody else waiting.
 */
#pragma once

struct server;
struct device;
struct interviews;
struct lwm2m_result;

int interviews_new(struct interviews **ret);
void interviews_free(struct interviews *t);
/* Before the devices in memory are thrown away; before this one is. */
void interviews_reset(struct interviews *t);
void interviews_forget(struct interviews *t, const struct device *d);

/* The device has registered: read it when there is time. */
void interview_wanted(struct server *s, struct device *d);
/* Somebody has read /3/0. Writes. */
void interview_heard(struct server *s, struct device *d, const struct lwm2m_result *result);
/* Once a second. */
void interviews_tick(struct server *s);
