/* SPDX-License-Identifier: Apache-2.0
 * The action of a device: one offer of one release. Ids go over the wire as 32-bit numbers; they
 * begin at 1001 and leave out every x000, since Zephyr's client drops the first digit of an id
 * when it cancels. */
#include "devices.h"

#include <errno.h>

#include "rollouts.h"
#include "server.h"

static int next_action_id(struct server *s, int64_t *ret)
{
	auto_(mp_query) *q = NULL;
	int64_t id;
	int r = mp_store_query(s->store, "SELECT max(id) FROM action", &q, MP_NOTHING);

	if (r == 0)
		r = mp_query_next(q);
	if (r < 0)
		return r;
	id = mp_query_int(q, 0) + 1;
	if (id < 1001)
		id = 1001;
	*ret = id % 1000 == 0 ? id + 1 : id;
	return *ret <= INT32_MAX ? 0 : -ENOSPC;
}

bool action_has_ended(enum action_state state)
{
	return state != ACTION_OPEN && state != ACTION_CANCELING && state != ACTION_UNCONFIRMED;
}

int devices_open_action(struct server *s, struct device *d, const struct rollout *rollout)
{
	enum action_state state =
		rollout->confirm && !d->auto_confirm ? ACTION_UNCONFIRMED : ACTION_OPEN;
	int64_t id;
	int r = next_action_id(s, &id);

	if (r == 0)
		r = mp_store_run(s->store,
				 "INSERT INTO action (id, device, release, rollout, state, created,"
				 " download_only) VALUES (?, ?, ?, ?, ?, ?, ?)",
				 MP_INT(id), MP_INT(d->row), MP_TEXT(rollout->release),
				 MP_INT(rollout->id), MP_INT(state), MP_INT(server_now()),
				 MP_INT(rollout->download_only));
	if (r >= 0)
		r = mp_store_run(s->store, "UPDATE device SET action = ? WHERE id = ?", MP_INT(id),
				 MP_INT(d->row));
	if (r < 0)
		return r;
	d->action = id;
	d->action_state = state;
	d->target = rollout->release;
	d->fetched = false;
	d->download_only = rollout->download_only;
	d->offered = server_now();
	d->rows = 0;
	device_forget_poll(d);
	return 0;
}

static int set_action_state(struct server *s, struct device *d, enum action_state state)
{
	int r = mp_store_run(s->store, "UPDATE action SET state = ? WHERE id = ?", MP_INT(state),
			     MP_INT(d->action));

	if (r < 0)
		return r;
	d->action_state = state;
	device_forget_poll(d);
	return 0;
}

int devices_adopt_action(struct server *s, struct device *d, const struct rollout *rollout)
{
	int r = mp_store_run(
		s->store, "UPDATE action SET rollout = ?, download_only = ? WHERE id = ?",
		MP_INT(rollout->id), MP_INT(rollout->download_only), MP_INT(d->action));

	if (r < 0)
		return r;
	d->download_only = rollout->download_only;
	device_forget_poll(d);
	return 0;
}

int devices_fetched(struct server *s, struct device *d)
{
	int r;

	if (d->fetched)
		return 0;
	r = mp_store_run(s->store, "UPDATE action SET fetched = 1 WHERE id = ?", MP_INT(d->action));
	if (r < 0)
		return r;
	d->fetched = true;
	return 0;
}

int devices_close_action(struct server *s, struct device *d, enum action_state how,
			 const char *reason)
{
	bool installed = how == ACTION_FINISHED;
	bool ended_well = installed || how == ACTION_DOWNLOADED;
	int r = mp_store_run(s->store,
			     "UPDATE action SET state = ?, ended = ?, reason = ? WHERE id = ?",
			     MP_INT(how), MP_INT(server_now()), MP_TEXT(reason ? reason : ""),
			     MP_INT(d->action));

	if (r >= 0)
		r = mp_store_run(
			s->store,
			"UPDATE device SET action = NULL, installed = coalesce(?, installed),"
			" wants_config = max(wants_config, ?) WHERE id = ?",
			installed ? MP_INT(d->action) : MP_TEXT(NULL), MP_INT(ended_well),
			MP_INT(d->row));
	if (r < 0)
		return r;
	if (installed)
		d->installed = d->action;
	d->wants_config |= ended_well;
	d->action = 0;
	d->target = "";
	device_forget_poll(d);
	return 0;
}

int devices_cancel(struct server *s, struct device *d)
{
	if (!d->fetched)
		return devices_close_action(s, d, ACTION_CANCELED, "before the device had read it");
	return set_action_state(s, d, ACTION_CANCELING);
}

int devices_resume(struct server *s, struct device *d)
{
	return set_action_state(s, d, ACTION_OPEN);
}
