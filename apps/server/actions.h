/* SPDX-License-Identifier: Apache-2.0
 * actions.h - what happens between the server and one device: offers, feedback, cancelling
 *
 * Here devices, rollouts, history and events move together. Every function writes; a negative
 * return means that the turn's writes are not to be trusted (server_write_failed()).
 */
#pragma once

#include <stdbool.h>

#include "decide.h"
#include "ddi/report.h"

struct server;
struct device;

/* What the device's next step is; an offer that is new is made here, *ret_wrote then is true. */
int actions_poll(struct server *s, struct device *d, enum offer *ret, bool *ret_wrote);
/* The device has read its deployment. */
int actions_fetched(struct server *s, struct device *d);
/* Feedback on the open action. -EDQUOT: too many rows. */
int actions_feedback(struct server *s, struct device *d, const struct mp_ddi_report *report);
/* Feedback on the cancelling. */
int actions_cancel_feedback(struct server *s, struct device *d, const struct mp_ddi_report *report);
/* Somebody answers whether the update that waits for it may go on. -EPROTO: none waits;
 * -EDQUOT: too many rows. */
int actions_confirm(struct server *s, struct device *d, bool is_welcome, const char *details);
/* From now on the device takes updates unasked, that which waits included; or no more. */
struct auto_confirm;
int actions_auto_confirm(struct server *s, struct device *d, const struct auto_confirm *how);
/* New attributes; they may tell that another release runs than was proven. */
int actions_attributes(struct server *s, struct device *d, int mode, const struct mp_json *data);
/* A device that nobody knew so far, or that was registered by a person. */
int actions_register(struct server *s, const char *name, struct device **ret);
int actions_remove(struct server *s, struct device *d);
