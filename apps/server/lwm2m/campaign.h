/* SPDX-License-Identifier: Apache-2.0
 * campaign.h - rollouts over LwM2M: what DDI devices fetch by polling is brought to these
 *
 *     r = campaigns_new(s, &s->campaigns);
 *     campaigns_tick(s);                       // once a second
 *
 * The rollout engine decides (decide.h) and counts (actions.h) for these devices as for all others.
 * Here is what a DDI device does by itself: a device whose turn has come is looked at, the next
 * step follows from what it says (course.h), and each step is noted as if it had been feedback.
 * How far an action has come lies in the state of its device; a restart looks and goes on.
 */
#pragma once

struct server;
struct campaigns;
struct device;

int campaigns_new(struct server *s, struct campaigns **ret); /* listens; after lwm2m_open() */
void campaigns_free(struct campaigns *c);
/* Forget what runs, before the devices in memory are thrown away: it begins again by itself. */
void campaigns_reset(struct campaigns *c);
/* Before this device is removed. */
void campaigns_forget(const struct device *d);
void campaigns_tick(struct server *s);
