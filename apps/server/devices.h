/* SPDX-License-Identifier: Apache-2.0
 * devices.h - every device that we know, in memory, backed by the store
 *
 *     d = devices_find(s->devices, "demo-0123456789ab");
 *     r = devices_report(s, d, &(struct report){ .state = DEVICE_DOWNLOADING, .progress = 34 });
 *
 * Reading needs no database. A change is written first and then made in memory; it is visible to
 * others at once and durable with the turn's commit. When that fails, everything in memory is
 * thrown away and read anew (server.c).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/json.h"

struct server;
struct rollout;
struct mp_answer;
struct run;

enum device_state { /* stored: append only */
		    DEVICE_UNKNOWN, /* has never been heard of since it was registered */
		    DEVICE_IDLE,
		    DEVICE_OFFERED,
		    DEVICE_DOWNLOADING,
		    DEVICE_VERIFYING,
		    DEVICE_INSTALLED,
		    DEVICE_REBOOTING,
		    DEVICE_PROVING,
		    DEVICE_PROVEN,
		    DEVICE_FAILED,
		    DEVICE_ROLLED_BACK,
		    DEVICE_UNCONFIRMED, /* an update waits for somebody's word */
		    DEVICE_DOWNLOADED, /* it has fetched what it was not to install yet */
		    DEVICE_STATES
};
const char *device_state_name(enum device_state s);
int device_state_parse(const char *name); /* -EBADMSG */

enum action_state { /* stored: append only */
		    ACTION_OPEN,
		    ACTION_CANCELING,
		    ACTION_FINISHED,
		    ACTION_FAILED,
		    ACTION_CANCELED,
		    ACTION_UNCONFIRMED, /* the device is not given it before somebody has agreed */
		    ACTION_DOWNLOADED /* ended: no more was asked for */
};

struct device {
	struct device *next; /* of its hash chain */
	int64_t row, created, last_seen;
	char *name; /* its id on the wire */
	const char *product, *board, *release; /* interned; "" when not known */
	bool has_certificate, has_token, wants_config, is_dirty;
	bool wants_interview; /* its Device object is to be read (lwm2m/interview.h) */
	uint32_t polled; /* when it asked over DDI, seconds since 1970; 0: not since we started */
	uint8_t fingerprint[32], token[32]; /* SHA-256 of the certificate, of the token */
	enum device_state state;
	int progress; /* percent */
	char *reason; /* of the last failure or detail; may be NULL */
	int64_t action; /* open, unconfirmed or being cancelled; 0: none */
	enum action_state action_state;
	bool fetched; /* the device has read what the action wants */
	bool download_only; /* the action ends before the installation */
	int64_t auto_confirm; /* since when it takes updates unasked; 0: it does not */
	int64_t offered; /* when the action was made */
	unsigned rows; /* history rows of this action since we started */
	const char *target; /* the release that the action brings; "" without one */
	int64_t installed; /* the last action that ended well; 0: none */
	struct rollout *rollout; /* the one that it follows now, or followed last */
	int member; /* enum member_state in it */
	struct run *campaign; /* its update, while it is driven over LwM2M (lwm2m/campaign.c) */
	struct mp_answer *poll; /* the answer to its next poll, while nothing changes */
	uint32_t poll_base; /* for which base address and rollout state */
};

struct devices;
int devices_load(struct server *s, struct devices **ret, struct mp_err *err);
void devices_free(struct devices *t);
size_t devices_count(const struct devices *t);
size_t devices_in_state(const struct devices *t, enum device_state state);
struct device *devices_find(const struct devices *t, const char *name); /* NULL: not known */
/* In the order in which they were made; NULL at the end. */
struct device *devices_at(const struct devices *t, size_t i);

/* Make one. -EEXIST. */
int devices_add(struct server *s, const char *name, struct device **ret);
int devices_remove(struct server *s, struct device *d);
/* A valid id: plain name of at most 64 characters; ':' is fine too. */
bool device_name_is_valid(const char *name);

int devices_set_certificate(struct server *s, struct device *d, const char *fingerprint_hex,
			    const char *key_id);
int devices_set_token(struct server *s, struct device *d, const uint8_t hash[32]);
/* The key that the device was enrolled with, "" when it was not. */
int devices_key_id(struct server *s, const struct device *d, char ret[65]);

/* It polled, or sent something. Written back in batches. */
void devices_seen(struct server *s, struct device *d);
/* It was heard of by another protocol, whose memory of it ends. Without effect when it is not known. */
void devices_seen_before(struct server *s, const char *name, int64_t time);
/* When it was last heard of, by whatever protocol: seconds since 1970, 0: never. */
int64_t device_last_seen(const struct server *s, const struct device *d);
void devices_write_seen(struct server *s, bool all);

/* What became known of it; members that are NULL stay as they are. */
struct report {
	enum device_state state;
	int progress;
	const char *reason; /* NULL: none */
	const char *
		what; /* for the history: "feedback", "offered" ...; NULL: nothing is written there */
};
int devices_report(struct server *s, struct device *d, const struct report *r);
int devices_note(struct server *s, const struct device *d, const char *what, const char *details);

/* The attributes as the device sent them: merged, replaced or removed. */
enum attribute_mode { ATTRIBUTES_MERGE, ATTRIBUTES_REPLACE, ATTRIBUTES_REMOVE };
int devices_set_attributes(struct server *s, struct device *d, enum attribute_mode mode,
			   const struct mp_json *data);
int devices_attributes(struct server *s, const struct device *d, struct mp_json **ret);

/* The action: made, read by the device, being cancelled, ended. */
int devices_open_action(struct server *s, struct device *d, const struct rollout *r);
bool action_has_ended(enum action_state state);
/* A rollout of the same release takes the action over and may want more or less of it. */
int devices_adopt_action(struct server *s, struct device *d, const struct rollout *r);
int devices_fetched(struct server *s, struct device *d);
int devices_cancel(struct server *s,
		   struct device *d); /* closes it if the device has not read it */
/* The device refused to cancel, or somebody has agreed. */
int devices_resume(struct server *s, struct device *d);
int devices_close_action(struct server *s, struct device *d, enum action_state how,
			 const char *reason);
int devices_set_release(struct server *s, struct device *d, const char *release);
int devices_set_member(struct server *s, struct device *d, struct rollout *r, int member);

/* Does the device take updates without being asked, and who wanted it so? */
struct auto_confirm {
	int64_t since; /* 0: it does not */
	char initiator[65], remark[513];
};
int devices_set_auto_confirm(struct server *s, struct device *d, const struct auto_confirm *how);
int devices_auto_confirm(struct server *s, const struct device *d, struct auto_confirm *ret);

/* Its next poll may be answered differently. */
void device_forget_poll(struct device *d);

struct mp_json *device_json(struct server *s, const struct device *d, bool with_attributes);
