/* SPDX-License-Identifier: Apache-2.0
 * The states: running <-> paused; from either to finished (everybody came to an end, enough are
 * proven), stopped (too many failed, or too few are proven at the end) or aborted by a person.
 * The last three are final. Offers that no device has read are withdrawn when a rollout ends. */
#include "rollouts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "devices.h"
#include "events.h"
#include "intern.h"
#include "releases.h"
#include "server.h"

struct rollouts {
	struct rollout **all; /* the oldest first, so by their ids too */
	struct rollout **open; /* those of them that are not over */
	size_t n, n_open, room;
	uint32_t epoch;
};

static const char *const state_names[] = {
	[ROLLOUT_RUNNING] = "running",	 [ROLLOUT_PAUSED] = "paused",
	[ROLLOUT_FINISHED] = "finished", [ROLLOUT_STOPPED] = "stopped",
	[ROLLOUT_ABORTED] = "aborted",
};

static const char *const member_names[] = {
	[MEMBER_WAITING] = "waiting",	      [MEMBER_OFFERED] = "offered",
	[MEMBER_DOWNLOADING] = "downloading", [MEMBER_INSTALLING] = "installing",
	[MEMBER_PROVING] = "proving",	      [MEMBER_PROVEN] = "proven",
	[MEMBER_FAILED] = "failed",	      [MEMBER_SUPERSEDED] = "superseded",
	[MEMBER_CANCELED] = "canceled",	      [MEMBER_UNCONFIRMED] = "unconfirmed",
	[MEMBER_DOWNLOADED] = "downloaded",
};

const char *rollout_state_name(enum rollout_state s)
{
	return state_names[s];
}

int rollout_state_parse(const char *name)
{
	for (int i = 0; i <= ROLLOUT_ABORTED; i++)
		if (strcmp(state_names[i], name) == 0)
			return i;
	return -EBADMSG;
}

const char *member_state_name(enum member_state s)
{
	return member_names[s];
}

bool member_is_over(int state)
{
	return state >= MEMBER_PROVEN && state != MEMBER_UNCONFIRMED;
}

size_t rollouts_count(const struct rollouts *t)
{
	return t->n;
}

struct rollout *rollouts_at(const struct rollouts *t, size_t i)
{
	return i < t->n ? t->all[t->n - 1 - i] : NULL;
}

struct rollout *rollouts_find(const struct rollouts *t, int64_t id)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (t->all[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < t->n && t->all[low]->id == id ? t->all[low] : NULL;
}

struct rollout *rollouts_open_at(const struct rollouts *t, size_t i)
{
	return i < t->n_open ? t->open[t->n_open - 1 - i] : NULL;
}

uint32_t rollouts_epoch(const struct rollouts *t)
{
	return t->epoch;
}

size_t rollout_total(const struct rollout *r)
{
	size_t n = 0;

	for (int i = 0; i < MEMBER_STATES; i++)
		if (i != MEMBER_SUPERSEDED)
			n += r->count[i];
	return n;
}

/* ---- the table ---- */

static void rollout_free(struct rollout *r)
{
	if (!r)
		return;
	free(r->reason);
	free(r);
}

void rollouts_free(struct rollouts *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		rollout_free(t->all[i]);
	free(t->all);
	free(t->open);
	free(t);
}

static int grow(struct rollouts *t)
{
	size_t room = t->room ? t->room * 2 : 16;
	struct rollout **all, **open;

	all = realloc(t->all, room * sizeof(*all));
	if (!all)
		return -ENOMEM;
	t->all = all;
	open = realloc(t->open, room * sizeof(*open));
	if (!open)
		return -ENOMEM;
	t->open = open;
	t->room = room;
	return 0;
}

static bool is_over(const struct rollout *r)
{
	return r->state != ROLLOUT_RUNNING && r->state != ROLLOUT_PAUSED;
}

static int insert(struct rollouts *t, struct rollout *r)
{
	int code = t->n == t->room ? grow(t) : 0;

	if (code < 0)
		return code;
	t->all[t->n++] = r;
	if (!is_over(r))
		t->open[t->n_open++] = r;
	return 0;
}

static void close_one(struct rollouts *t, const struct rollout *r)
{
	size_t i = 0;

	while (i < t->n_open && t->open[i] != r)
		i++;
	if (i == t->n_open)
		return;
	t->n_open--;
	memmove(&t->open[i], &t->open[i + 1], (t->n_open - i) * sizeof(*t->open));
}

static int load_one(struct rollouts *t, const struct mp_query *q)
{
	struct rollout *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return -ENOMEM;
	r->id = mp_query_int(q, 0);
	r->release = intern(mp_query_text(q, 1));
	r->state = (enum rollout_state)mp_query_int(q, 2);
	r->everyone = mp_query_int(q, 3);
	r->success_threshold = (int)mp_query_int(q, 4);
	r->error_threshold = (int)mp_query_int(q, 5);
	r->started = mp_query_int(q, 6);
	r->ended = mp_query_int(q, 7);
	r->board = intern(mp_query_text(q, 9));
	r->confirm = mp_query_int(q, 10);
	r->download_only = mp_query_int(q, 11);
	r->reason = *mp_query_text(q, 8) ? strdup(mp_query_text(q, 8)) : NULL;
	code = r->release && r->board ? insert(t, r) : -ENOMEM;
	if (code < 0)
		rollout_free(r);
	return code;
}

static int load_counts(struct server *s, struct rollouts *t)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(
		s->store, "SELECT rollout, state, count(*) FROM member GROUP BY rollout, state", &q,
		MP_NOTHING);

	while (r == 0 && (r = mp_query_next(q)) > 0) {
		struct rollout *one = rollouts_find(t, mp_query_int(q, 0));
		int64_t state = mp_query_int(q, 1);

		if (one && state >= 0 && state < MEMBER_STATES)
			one->count[state] = (size_t)mp_query_int(q, 2);
		r = 0;
	}
	return r;
}

static int load_followers(struct server *s, struct rollouts *t)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT name, rollout FROM device WHERE rollout IS NOT NULL", &q,
			       MP_NOTHING);

	while (r == 0 && (r = mp_query_next(q)) > 0) {
		struct device *d = devices_find(s->devices, mp_query_text(q, 0));

		if (d)
			d->rollout = rollouts_find(t, mp_query_int(q, 1));
		r = 0;
	}
	return r;
}

int rollouts_load(struct server *s, struct rollouts **ret, struct mp_err *err)
{
	struct rollouts *t = calloc(1, sizeof(*t));
	auto_(mp_query) *q = NULL;
	int r = t ? mp_store_query(s->store,
				   "SELECT id, release, state, everyone, success_threshold,"
				   " error_threshold, started, ended, reason, board, confirm,"
				   " download_only FROM rollout ORDER BY id",
				   &q, MP_NOTHING)
		  : -ENOMEM;

	while (r == 0 && (r = mp_query_next(q)) > 0)
		r = load_one(t, q);
	if (r == 0)
		r = load_counts(s, t);
	if (r == 0)
		r = load_followers(s, t);
	if (r == 0) {
		*ret = t;
		return 0;
	}
	rollouts_free(t);
	return mp_err_set(err, r, "the rollouts could not be read from the database: %s",
			  strerror(-r));
}

struct mp_json *rollout_json(const struct rollout *r)
{
	auto_(mp_json) *j = mp_json_new_object();
	struct mp_json *counts = mp_json_new_object();
	int bad = 0;

	for (int i = 0; i < MEMBER_STATES; i++)
		bad |= mp_json_put_int(counts, member_names[i], (int64_t)r->count[i]);
	bad |= mp_json_put_int(j, "id", r->id);
	bad |= mp_json_put_str(j, "release", r->release);
	bad |= mp_json_put_str(j, "state", state_names[r->state]);
	bad |= mp_json_put_bool(j, "all", r->everyone);
	bad |= mp_json_put_str(j, "board", r->board);
	bad |= mp_json_put_bool(j, "confirm", r->confirm);
	bad |= mp_json_put_bool(j, "download_only", r->download_only);
	bad |= mp_json_put_int(j, "devices", (int64_t)rollout_total(r));
	bad |= mp_json_put(j, "counts", counts);
	bad |= mp_json_put_str(j, "reason", r->reason ? r->reason : "");
	bad |= mp_json_put_int(j, "started", r->started);
	bad |= mp_json_put_int(j, "ended", r->ended);
	bad |= mp_json_put_int(j, "success_threshold", r->success_threshold);
	bad |= mp_json_put_int(j, "error_threshold", r->error_threshold);
	return bad ? NULL : take_ptr(j);
}

static void tell(struct server *s, const struct rollout *r)
{
	if (events_wanted(s->events, EVENT_ROLLOUT, NULL))
		events_add(s->events, EVENT_ROLLOUT, NULL, rollout_json(r));
}

/* ---- states ---- */

static int set_state(struct server *s, struct rollout *r, enum rollout_state state,
		     const char *reason)
{
	bool over = state != ROLLOUT_RUNNING && state != ROLLOUT_PAUSED;
	char *copy = strdup(reason);
	int64_t ended = over ? server_now() : 0;
	int code =
		copy ? mp_store_run(
			       s->store,
			       "UPDATE rollout SET state = ?, reason = ?, ended = ? WHERE id = ?",
			       MP_INT(state), MP_TEXT(reason), MP_INT(ended), MP_INT(r->id))
		     : -ENOMEM;

	if (code < 0) {
		free(copy);
		return code;
	}
	free(r->reason);
	r->reason = copy;
	r->state = state;
	r->ended = ended;
	if (over)
		close_one(s->rollouts, r);
	s->rollouts->epoch++;
	tell(s, r);
	return 0;
}

static int move(struct server *s, struct device *d, enum member_state to)
{
	struct rollout *r = d->rollout;
	int code = mp_store_run(
		s->store,
		"UPDATE member SET state = ?, reason = ? WHERE rollout = ? AND device = ?",
		MP_INT(to), MP_TEXT(d->reason ? d->reason : ""), MP_INT(r->id), MP_INT(d->row));
	int from = d->member;

	if (code >= 0)
		code = devices_set_member(s, d, r, to);
	if (code < 0)
		return code;
	r->count[from]--;
	r->count[to]++;
	return 0;
}

/* Give up what this rollout has under way: all of it, or only offers that nobody has read. */
static int withdraw(struct server *s, struct rollout *r, bool all)
{
	struct device *d;
	int code = 0;

	for (size_t i = 0; code == 0 && (d = devices_at(s->devices, i)); i++) {
		if (d->rollout != r || !d->action || d->action_state == ACTION_CANCELING)
			continue;
		if (d->target != r->release || (d->fetched && !all))
			continue;
		code = devices_cancel(s, d);
		if (code == 0 && !d->action)
			code = devices_report(
				s, d,
				&(struct report){.state = DEVICE_IDLE, .what = "offer withdrawn"});
		if (code == 0 && !d->action)
			code = move(s, d, MEMBER_WAITING);
	}
	return code;
}

/* Has it reached a threshold, or its end? */
static int settle(struct server *s, struct rollout *r)
{
	size_t total = rollout_total(r), failed = r->count[MEMBER_FAILED];
	size_t done = r->count[MEMBER_PROVEN] + r->count[MEMBER_DOWNLOADED];
	size_t over = done + failed + r->count[MEMBER_CANCELED];
	const char *how = r->download_only ? "have it" : "are proven";
	char text[256];
	int code = 0;

	if (is_over(r) || total == 0)
		return 0;
	if (failed > 0 && failed * 100 >= (size_t)r->error_threshold * total) {
		snprintf(text, sizeof(text),
			 "%zu of %zu devices failed, which reaches the error threshold of %d %%.",
			 failed, total, r->error_threshold);
		code = set_state(s, r, ROLLOUT_STOPPED, text);
		return code < 0 ? code : withdraw(s, r, false);
	}
	if (over < total)
		return 0;
	snprintf(text, sizeof(text), "%zu of %zu devices %s.", done, total, how);
	if (done * 100 >= (size_t)r->success_threshold * total)
		return set_state(s, r, ROLLOUT_FINISHED, text);
	snprintf(text, sizeof(text),
		 "%zu of %zu devices %s, fewer than the success threshold of %d %%.", done, total,
		 how, r->success_threshold);
	return set_state(s, r, ROLLOUT_STOPPED, text);
}

int rollouts_member_moved(struct server *s, struct device *d, enum member_state to)
{
	int code;

	if (!d->rollout || d->member == (int)to)
		return 0;
	code = move(s, d, to);
	if (code == 0)
		code = settle(s, d->rollout);
	if (code == 0)
		tell(s, d->rollout);
	return code;
}

void rollouts_forget(struct server *s, struct device *d)
{
	if (!d->rollout)
		return;
	d->rollout->count[d->member]--;
	tell(s, d->rollout);
}

/* ---- starting ---- */

/* May the device be part of a rollout of this release? */
static int may_follow(const struct device *d, const struct release *release, struct mp_err *err)
{
	if (*d->board && !release_fits(release, d->board))
		return mp_err_set(err, -EPROTO, "release %s has nothing for board %s of device %s",
				  release->version, d->board, d->name);
	if (mp_version_is_valid(d->release) && mp_version_compare(d->release, release->version) > 0)
		return mp_err_set(
			err, -EPROTO,
			"device %s runs %s, which is newer than %s; a device does not go down",
			d->name, d->release, release->version);
	return 0;
}

/* Leave the rollout that it followed so far, and give up what that one had under way. */
static int leave(struct server *s, struct device *d, const struct rollout *for_whom)
{
	struct rollout *old = d->rollout;
	bool unconfirmed = d->action && d->action_state == ACTION_UNCONFIRMED;
	int code = 0;

	if (old && old != for_whom && !member_is_over(d->member))
		code = move(s, d, MEMBER_SUPERSEDED);
	if (code < 0 || !d->action || (d->target == for_whom->release && !unconfirmed))
		return code;
	if (d->action_state != ACTION_CANCELING)
		code = devices_cancel(s, d);
	if (code == 0 && !d->action)
		code = devices_report(
			s, d, &(struct report){.state = DEVICE_IDLE, .what = "offer withdrawn"});
	return code;
}

static int include(struct server *s, struct rollout *r, struct device *d)
{
	struct rollout *old = d->rollout;
	enum member_state state =
		strcmp(d->release, r->release) == 0 ? MEMBER_PROVEN : MEMBER_WAITING;
	int code = leave(s, d, r);

	if (code == 0 && d->action && d->target == r->release) {
		state = MEMBER_OFFERED; /* it is on its way there already */
		code = devices_adopt_action(s, d, r);
	}
	if (code == 0)
		code = mp_store_run(s->store,
				    "INSERT OR REPLACE INTO member (rollout, device, state)"
				    " VALUES (?, ?, ?)",
				    MP_INT(r->id), MP_INT(d->row), MP_INT(state));
	if (code >= 0)
		code = devices_set_member(s, d, r, state);
	if (code < 0)
		return code;
	r->count[state]++;
	return old && old != r ? settle(s, old) : 0;
}

static bool is_meant(const struct rollout *r, const struct device *d)
{
	return r->everyone && (!*r->board || strcmp(r->board, d->board) == 0);
}

static int include_all(struct server *s, struct rollout *r, const struct rollout_config *c,
		       const struct release *release)
{
	struct device *d;
	int code = 0;

	for (size_t i = 0; code == 0 && i < c->n; i++)
		if (c->devices[i]->rollout != r)
			code = include(s, r, c->devices[i]);
	for (size_t i = 0; code == 0 && c->everyone && (d = devices_at(s->devices, i)); i++)
		if (is_meant(r, d) && may_follow(d, release, NULL) == 0)
			code = include(s, r, d);
	return code;
}

static int make(struct server *s, const struct rollout_config *c, const struct release *release,
		struct rollout **ret)
{
	struct rollout *r = calloc(1, sizeof(*r));
	int code = -ENOMEM;

	if (r)
		code = mp_store_run(
			s->store,
			"INSERT INTO rollout (release, state, everyone, success_threshold,"
			" error_threshold, started, board, confirm, download_only)"
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			MP_TEXT(release->version), MP_INT(ROLLOUT_RUNNING), MP_INT(c->everyone),
			MP_INT(c->success_threshold), MP_INT(c->error_threshold),
			MP_INT(server_now()), MP_TEXT(c->board), MP_INT(c->confirm),
			MP_INT(c->download_only));
	if (code >= 0) {
		r->id = mp_store_last_id(s->store);
		r->release = release->version;
		r->everyone = c->everyone;
		r->confirm = c->confirm;
		r->download_only = c->download_only;
		r->board = intern(c->board);
		r->success_threshold = c->success_threshold;
		r->error_threshold = c->error_threshold;
		r->started = server_now();
		code = r->board ? insert(s->rollouts, r) : -ENOMEM;
	}
	if (code < 0) {
		rollout_free(r);
		return code;
	}
	*ret = r;
	return 0;
}

int rollouts_start(struct server *s, const struct rollout_config *c, struct rollout **ret,
		   struct mp_err *err)
{
	const struct release *release = releases_find(s->releases, c->release);
	struct rollout *r = NULL;
	int code = 0;

	if (!release)
		return mp_err_set(err, -ENOENT, "there is no release %s", c->release);
	if (!c->everyone && c->n == 0)
		return mp_err_set(err, -EPROTO, "name at least one device, or say \"all\": true");
	if (*c->board && !release_fits(release, c->board))
		return mp_err_set(err, -EPROTO, "release %s has nothing for board %s", c->release,
				  c->board);
	for (size_t i = 0; code == 0 && i < c->n; i++)
		code = may_follow(c->devices[i], release, err);
	if (code < 0)
		return code;
	code = make(s, c, release, &r);
	if (code == 0)
		code = include_all(s, r, c, release);
	if (code == 0)
		code = settle(s, r);
	if (code < 0)
		return mp_err_set(err, code, "the rollout could not be written: %s",
				  strerror(-code));
	s->rollouts->epoch++;
	tell(s, r);
	*ret = r;
	return 0;
}

int rollouts_join(struct server *s, struct device *d)
{
	struct rollout *r;

	if (d->rollout && !member_is_over(d->member))
		return 0;
	for (size_t i = 0; (r = rollouts_open_at(s->rollouts, i)); i++) {
		const struct release *release = releases_find(s->releases, r->release);

		if (is_meant(r, d) && release && may_follow(d, release, NULL) == 0)
			return r == d->rollout ? 0 : include(s, r, d);
	}
	return 0;
}

/* ---- what people do ---- */

int rollouts_pause(struct server *s, struct rollout *r, struct mp_err *err)
{
	if (r->state != ROLLOUT_RUNNING)
		return mp_err_set(err, -EPROTO,
				  "rollout %lld is %s; only one that runs can be paused",
				  (long long)r->id, state_names[r->state]);
	return set_state(s, r, ROLLOUT_PAUSED, "paused by a person");
}

int rollouts_resume(struct server *s, struct rollout *r, struct mp_err *err)
{
	if (r->state != ROLLOUT_PAUSED)
		return mp_err_set(err, -EPROTO,
				  "rollout %lld is %s; only one that is paused can be resumed",
				  (long long)r->id, state_names[r->state]);
	return set_state(s, r, ROLLOUT_RUNNING, "");
}

int rollouts_abort(struct server *s, struct rollout *r, struct mp_err *err)
{
	int code;

	if (is_over(r))
		return mp_err_set(err, -EPROTO, "rollout %lld is %s already", (long long)r->id,
				  state_names[r->state]);
	code = withdraw(s, r, true);
	return code < 0 ? code : set_state(s, r, ROLLOUT_ABORTED, "aborted by a person");
}
