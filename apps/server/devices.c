/* SPDX-License-Identifier: Apache-2.0
 * The table: a growing array in the order of registration, and a hash over the names. Rows of
 * SQLite and structs in memory say the same after every function here. */
#include "devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "httpd/httpd.h"
#include "intern.h"
#include "rollouts.h"
#include "server.h"

#define SEEN_EVERY 60 /* seconds between two write-backs of one device's last poll */
#define SEEN_BATCH 1000 /* devices written back at once */

struct devices {
	struct device **all, **chains;
	size_t n, room, n_chains; /* n_chains: a power of two */
	size_t in_state[DEVICE_STATES];
	struct device **dirty; /* polled since they were written back */
	size_t n_dirty, dirty_room;
};

static const char *const state_names[] = {
	[DEVICE_UNKNOWN] = "unknown",	      [DEVICE_IDLE] = "idle",
	[DEVICE_OFFERED] = "offered",	      [DEVICE_DOWNLOADING] = "downloading",
	[DEVICE_VERIFYING] = "verifying",     [DEVICE_INSTALLED] = "installed",
	[DEVICE_REBOOTING] = "rebooting",     [DEVICE_PROVING] = "proving",
	[DEVICE_PROVEN] = "proven",	      [DEVICE_FAILED] = "failed",
	[DEVICE_ROLLED_BACK] = "rolled_back", [DEVICE_UNCONFIRMED] = "unconfirmed",
	[DEVICE_DOWNLOADED] = "downloaded",
};

const char *device_state_name(enum device_state s)
{
	return state_names[s];
}

int device_state_parse(const char *name)
{
	for (int i = 0; i < DEVICE_STATES; i++)
		if (strcmp(state_names[i], name) == 0)
			return i;
	return -EBADMSG;
}

bool device_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len >= 1 && len <= 64 && name[0] != '.' &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:") ==
		       len;
}

/* ---- the table ---- */

static size_t chain_of(const struct devices *t, const char *name)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211u;
	return (size_t)(h ^ h >> 32) & (t->n_chains - 1);
}

struct device *devices_find(const struct devices *t, const char *name)
{
	struct device *d = t->n_chains ? t->chains[chain_of(t, name)] : NULL;

	while (d && strcmp(d->name, name) != 0)
		d = d->next;
	return d;
}

struct device *devices_at(const struct devices *t, size_t i)
{
	return i < t->n ? t->all[i] : NULL;
}

size_t devices_count(const struct devices *t)
{
	return t->n;
}

size_t devices_in_state(const struct devices *t, enum device_state state)
{
	return t->in_state[state];
}

static void link_in(struct devices *t, struct device *d)
{
	size_t chain = chain_of(t, d->name);

	d->next = t->chains[chain];
	t->chains[chain] = d;
}

static int grow(struct devices *t)
{
	size_t room = t->room ? t->room * 2 : 1024;
	struct device **all, **chains;

	if (t->n < t->room)
		return 0;
	all = realloc(t->all, room * sizeof(*all));
	if (!all)
		return -ENOMEM;
	t->all = all;
	chains = calloc(room, sizeof(*chains));
	if (!chains)
		return -ENOMEM;
	free(t->chains);
	t->chains = chains;
	t->n_chains = t->room = room;
	for (size_t i = 0; i < t->n; i++)
		link_in(t, t->all[i]);
	return 0;
}

static void device_free(struct device *d)
{
	if (!d)
		return;
	mp_answer_free(d->poll);
	free(d->name);
	free(d->reason);
	free(d);
}

static struct device *device_new(const char *name)
{
	struct device *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->name = strdup(name);
	d->product = d->board = d->release = d->target = "";
	if (d->name)
		return d;
	free(d);
	return NULL;
}

static int insert(struct devices *t, struct device *d)
{
	int r = grow(t);

	if (r < 0)
		return r;
	t->all[t->n++] = d;
	t->in_state[d->state]++;
	link_in(t, d);
	return 0;
}

void devices_free(struct devices *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		device_free(t->all[i]);
	free(t->all);
	free(t->chains);
	free(t->dirty);
	free(t);
}

/* ---- loading ---- */

static const char *known(const char *text)
{
	const char *s = intern(text);

	return s ? s : "";
}

static void take_hash(const struct mp_query *q, int column, uint8_t ret[32], bool *ret_has)
{
	size_t len;
	const void *p = mp_query_bytes(q, column, &len);

	*ret_has = p && len == 32;
	if (*ret_has)
		memcpy(ret, p, 32);
}

static void load_action(const struct mp_query *q, struct device *d)
{
	d->action = mp_query_int(q, 13);
	if (!d->action)
		return;
	d->action_state = (enum action_state)mp_query_int(q, 16);
	d->target = known(mp_query_text(q, 17));
	d->fetched = mp_query_int(q, 18);
	d->offered = mp_query_int(q, 19);
	d->download_only = mp_query_int(q, 20);
}

static struct device *load_one(const struct mp_query *q)
{
	struct device *d = device_new(mp_query_text(q, 1));

	if (!d)
		return NULL;
	d->row = mp_query_int(q, 0);
	d->created = mp_query_int(q, 2);
	d->last_seen = mp_query_int(q, 3);
	d->product = known(mp_query_text(q, 4));
	d->board = known(mp_query_text(q, 5));
	d->release = known(mp_query_text(q, 6));
	d->has_certificate = mp_hex_parse(mp_query_text(q, 7), d->fingerprint, 32) == 0;
	take_hash(q, 8, d->token, &d->has_token);
	d->state = (enum device_state)mp_query_int(q, 9);
	d->progress = (int)mp_query_int(q, 10);
	d->reason = *mp_query_text(q, 11) ? strdup(mp_query_text(q, 11)) : NULL;
	d->wants_config = mp_query_int(q, 12);
	d->wants_interview = !*d->board;
	d->installed = mp_query_int(q, 14);
	d->member = (int)mp_query_int(q, 15);
	d->auto_confirm = mp_query_int(q, 21);
	load_action(q, d);
	return d;
}

static const char select_devices[] =
	"SELECT d.id, d.name, d.created, d.last_seen, d.product, d.board, d.release, d.fingerprint,"
	" d.token, d.state, d.progress, d.reason, d.wants_config, d.action, d.installed, d.member,"
	" a.state, a.release, a.fetched, a.created, a.download_only, d.auto_confirm"
	" FROM device d LEFT JOIN action a ON a.id = d.action ORDER BY d.id";

int devices_load(struct server *s, struct devices **ret, struct mp_err *err)
{
	struct devices *t = calloc(1, sizeof(*t));
	auto_(mp_query) *q = NULL;
	int r = t ? mp_store_query(s->store, select_devices, &q, MP_NOTHING) : -ENOMEM;

	if (r == 0)
		r = grow(t);
	while (r == 0 && (r = mp_query_next(q)) > 0) {
		struct device *d = load_one(q);

		r = d ? insert(t, d) : -ENOMEM;
		if (r < 0)
			device_free(d);
	}
	if (r == 0) {
		*ret = t;
		return 0;
	}
	devices_free(t);
	return mp_err_set(err, r, "the devices could not be read from the database: %s",
			  strerror(-r));
}

/* ---- one comes, one goes ---- */

int devices_add(struct server *s, const char *name, struct device **ret)
{
	struct device *d;
	int r;

	if (devices_find(s->devices, name))
		return -EEXIST;
	r = mp_store_run(s->store, "INSERT INTO device (name, created) VALUES (?, ?)",
			 MP_TEXT(name), MP_INT(server_now()));
	if (r < 0)
		return r;
	d = device_new(name);
	if (!d)
		return -ENOMEM;
	d->row = mp_store_last_id(s->store);
	d->created = server_now();
	d->wants_config = true;
	d->wants_interview = true;
	r = insert(s->devices, d);
	if (r < 0) {
		device_free(d);
		return r;
	}
	*ret = d;
	return 0;
}

static void forget_dirty(struct devices *t, const struct device *d)
{
	for (size_t i = 0; d->is_dirty && i < t->n_dirty; i++)
		if (t->dirty[i] == d) {
			t->dirty[i] = t->dirty[--t->n_dirty];
			return;
		}
}

int devices_remove(struct server *s, struct device *d)
{
	struct devices *t = s->devices;
	struct device **link = &t->chains[chain_of(t, d->name)];
	size_t i = 0;
	int r = mp_store_run(s->store, "DELETE FROM device WHERE id = ?", MP_INT(d->row));

	if (r < 0)
		return r;
	while (*link != d)
		link = &(*link)->next;
	*link = d->next;
	while (t->all[i] != d)
		i++;
	memmove(&t->all[i], &t->all[i + 1], (t->n - i - 1) * sizeof(*t->all));
	t->n--;
	t->in_state[d->state]--;
	forget_dirty(t, d);
	device_free(d);
	return 0;
}

/* ---- when it was seen ---- */

static void seen_at(struct devices *t, struct device *d, int64_t time)
{
	if (!d->is_dirty && time / SEEN_EVERY != d->last_seen / SEEN_EVERY) {
		if (t->n_dirty == t->dirty_room) {
			size_t room = t->dirty_room ? t->dirty_room * 2 : 1024;
			struct device **dirty = realloc(t->dirty, room * sizeof(*dirty));

			if (!dirty)
				return;
			t->dirty = dirty;
			t->dirty_room = room;
		}
		t->dirty[t->n_dirty++] = d;
		d->is_dirty = true;
	}
	d->last_seen = time;
}

void devices_seen(struct server *s, struct device *d)
{
	seen_at(s->devices, d, server_now());
}

void devices_seen_before(struct server *s, const char *name, int64_t time)
{
	struct device *d = devices_find(s->devices, name);

	if (d && time > d->last_seen)
		seen_at(s->devices, d, time);
}

void devices_write_seen(struct server *s, bool all)
{
	struct devices *t = s->devices;

	for (size_t n = 0; t->n_dirty > 0 && (all || n < SEEN_BATCH); n++) {
		struct device *d = t->dirty[--t->n_dirty];

		d->is_dirty = false;
		if (mp_store_run(s->store, "UPDATE device SET last_seen = ? WHERE id = ?",
				 MP_INT(d->last_seen), MP_INT(d->row)) < 0)
			return; /* the next poll tries again */
	}
}

/* ---- what becomes known of it ---- */

void device_forget_poll(struct device *d)
{
	mp_answer_free(d->poll);
	d->poll = NULL;
}

int devices_note(struct server *s, const struct device *d, const char *what, const char *details)
{
	int r = mp_store_run(s->store,
			     "INSERT INTO history (device, action, time, what, details)"
			     " VALUES (?, nullif(?, 0), ?, ?, ?)",
			     MP_INT(d->row), MP_INT(d->action), MP_INT(server_now()), MP_TEXT(what),
			     MP_TEXT(details ? details : ""));

	return r < 0 ? r : 0;
}

int devices_report(struct server *s, struct device *d, const struct report *report)
{
	char *reason = NULL;
	int r = mp_store_run(s->store,
			     "UPDATE device SET state = ?, progress = ?, reason = ? WHERE id = ?",
			     MP_INT(report->state), MP_INT(report->progress),
			     MP_TEXT(report->reason ? report->reason : ""), MP_INT(d->row));

	if (r >= 0 && report->what)
		r = devices_note(s, d, report->what, report->reason);
	if (r >= 0 && report->reason && *report->reason) {
		reason = strdup(report->reason);
		if (!reason)
			r = -ENOMEM;
	}
	if (r < 0)
		return r;
	s->devices->in_state[d->state]--;
	s->devices->in_state[report->state]++;
	d->state = report->state;
	d->progress = report->progress;
	free(d->reason);
	d->reason = reason;
	return 0;
}

int devices_set_release(struct server *s, struct device *d, const char *release)
{
	const char *name = intern_word(release);
	int r;

	if (!name) /* one of too many that devices have brought: as good as none */
		return 0;
	r = mp_store_run(s->store, "UPDATE device SET release = ? WHERE id = ?", MP_TEXT(release),
			 MP_INT(d->row));
	if (r < 0)
		return r;
	d->release = name;
	return 0;
}

int devices_set_member(struct server *s, struct device *d, struct rollout *rollout, int member)
{
	int r = mp_store_run(s->store, "UPDATE device SET rollout = ?, member = ? WHERE id = ?",
			     MP_INT(rollout->id), MP_INT(member), MP_INT(d->row));

	if (r < 0)
		return r;
	d->rollout = rollout;
	d->member = member;
	device_forget_poll(d);
	return 0;
}
