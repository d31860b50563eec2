/* SPDX-License-Identifier: Apache-2.0
 * rollouts.h - bringing a set of devices to a release
 *
 * A device follows at most one rollout at a time: a new one takes over the devices that it names.
 * Everything that a rollout does to a device is decided in decide.h, when the device polls; the
 * counts, thresholds and states are kept here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/json.h"

struct server;
struct device;

enum rollout_state { /* stored: append only */
		     ROLLOUT_RUNNING,
		     ROLLOUT_PAUSED,
		     ROLLOUT_FINISHED,
		     ROLLOUT_STOPPED,
		     ROLLOUT_ABORTED
};
const char *rollout_state_name(enum rollout_state s);
int rollout_state_parse(const char *name); /* -EBADMSG */

enum member_state { /* stored: append only */
		    MEMBER_WAITING,
		    MEMBER_OFFERED,
		    MEMBER_DOWNLOADING,
		    MEMBER_INSTALLING,
		    MEMBER_PROVING,
		    MEMBER_PROVEN,
		    MEMBER_FAILED,
		    MEMBER_SUPERSEDED,
		    MEMBER_CANCELED,
		    MEMBER_UNCONFIRMED, /* offered, as soon as somebody agrees */
		    MEMBER_DOWNLOADED, /* all that the rollout asks for */
		    MEMBER_STATES
};
const char *member_state_name(enum member_state s);
bool member_is_over(int state);

struct rollout {
	int64_t id, started, ended;
	const char *release; /* interned */
	enum rollout_state state;
	bool everyone; /* devices that come later join in */
	bool confirm; /* somebody has to agree, device by device */
	bool download_only; /* devices fetch it and do not install it */
	const char *board; /* interned; everyone: of this board alone; "" for all boards */
	int success_threshold, error_threshold; /* percent of its devices */
	size_t count[MEMBER_STATES];
	char *reason; /* why it ended; may be NULL */
};

struct rollouts;
/* After the devices have been loaded: it counts them. */
int rollouts_load(struct server *s, struct rollouts **ret, struct mp_err *err);
void rollouts_free(struct rollouts *t);
size_t rollouts_count(const struct rollouts *t);
struct rollout *rollouts_at(const struct rollouts *t, size_t i); /* the newest first */
/* Those that run or are paused, the newest first; NULL at the end. Few, however many there were. */
struct rollout *rollouts_open_at(const struct rollouts *t, size_t i);
struct rollout *rollouts_find(const struct rollouts *t, int64_t id);
/* Devices that count: all but those that another rollout took over. */
size_t rollout_total(const struct rollout *r);
/* Changes whenever a poll may be answered differently because of a rollout. */
uint32_t rollouts_epoch(const struct rollouts *t);

struct rollout_config {
	const char *release;
	bool everyone;
	const char *board; /* "" for all boards */
	struct device *const *devices; /* when not everyone */
	size_t n;
	bool confirm, download_only;
	int success_threshold, error_threshold;
};
/* -EPROTO with a sentence: nobody to update, or one of the named devices cannot take it. */
int rollouts_start(struct server *s, const struct rollout_config *c, struct rollout **ret,
		   struct mp_err *err);
/* -EPROTO with a sentence when the rollout is not in a state for it. */
int rollouts_pause(struct server *s, struct rollout *r, struct mp_err *err);
int rollouts_resume(struct server *s, struct rollout *r, struct mp_err *err);
int rollouts_abort(struct server *s, struct rollout *r, struct mp_err *err);

/* A device that has just been registered, or has just said which board it is, joins what runs for
 * everyone. */
int rollouts_join(struct server *s, struct device *d);
/* A device moved on in its rollout: counts, thresholds, end. */
int rollouts_member_moved(struct server *s, struct device *d, enum member_state to);
/* The device is about to be removed. */
void rollouts_forget(struct server *s, struct device *d);

struct mp_json *rollout_json(const struct rollout *r);
