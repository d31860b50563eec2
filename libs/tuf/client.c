/* SPDX-License-Identifier: Apache-2.0
 * client.c - the client workflow as a whole (specification section 5), and its clock */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/str.h"

void mp_tuf_forget_roles(struct mp_tuf_client *c)
{
	for (; c->n_roles > 0; c->n_roles--)
		mp_tuf_file_free(c->roles[c->n_roles - 1].file);
}

/* All but the root, which stays trusted whatever comes. */
static void forget(struct mp_tuf_client *c)
{
	mp_tuf_forget_roles(c);
	mp_tuf_file_free(take_ptr(c->timestamp));
	mp_tuf_file_free(take_ptr(c->snapshot));
	mp_tuf_file_free(take_ptr(c->targets));
	c->fresh = false;
}

void mp_tuf_client_free(struct mp_tuf_client *c)
{
	if (!c)
		return;
	forget(c);
	mp_tuf_file_free(c->root);
	free(c);
}

static int64_t effective_now(const struct mp_tuf_client *c)
{
	int64_t floor = mp_tuf_floor_get(&c->floor);

	return floor > c->clock ? floor : c->clock;
}

static int check_expiry_at(const struct mp_tuf_file *f, const char *name, int64_t now,
			   struct mp_err *err)
{
	char then_text[21], now_text[21];

	if (now < f->expires)
		return 0;
	mp_tuf_time_format(f->expires, then_text);
	mp_tuf_time_format(now, now_text);
	return mp_err_set(err, -ESTALE, "%s version %" PRId64 " expired at %s; it is now %s", name,
			  f->version, then_text, now_text);
}

int mp_tuf_check_expiry(const struct mp_tuf_client *c, const struct mp_tuf_file *f,
			const char *name, struct mp_err *err)
{
	return check_expiry_at(f, name, effective_now(c), err);
}

/* The keys of the online roles must not be able to push the clock past what the root allows: a
 * time at which the root itself has expired is refused, so the worst that a stolen timestamp key
 * can do to the clock ends with the next root, which drops what the old key said. */
int mp_tuf_raise_floor(struct mp_tuf_client *c, enum mp_tuf_type type, const struct mp_tuf_file *f,
		       struct mp_err *err)
{
	int r = 0;

	if (f->signed_at <= c->floor.by[type])
		return 0;
	if (type != MP_TUF_ROOT)
		r = check_expiry_at(c->root, "root", f->signed_at, err);
	if (r < 0)
		return mp_err_wrap(err, r, "by the time at which %s was signed",
				   mp_tuf_type_name(type));
	c->floor.by[type] = f->signed_at;
	return mp_tuf_floor_save(&c->floor, &c->store, err);
}

int mp_tuf_refresh(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, int64_t now,
		   struct mp_err *err)
{
	int r;

	forget(c);
	c->clock = now;
	r = mp_tuf_update_root(c, f, err);
	if (r == 0)
		r = mp_tuf_update_timestamp(c, f, err);
	if (r == 0)
		r = mp_tuf_update_snapshot(c, f, err);
	if (r == 0)
		r = mp_tuf_load_targets(c, f, "targets", c->root, &c->targets, err);
	c->fresh = r == 0;
	return r;
}

int64_t mp_tuf_version(const struct mp_tuf_client *c, const char *role)
{
	const struct mp_tuf_file *files[MP_TUF_TYPES] = {c->root, c->timestamp, c->snapshot,
							 c->targets};

	for (int t = 0; t < MP_TUF_TYPES; t++)
		if (mp_streq(role, mp_tuf_type_name(t)))
			return files[t] ? files[t]->version : 0;
	return 0;
}

int64_t mp_tuf_time_floor(const struct mp_tuf_client *c)
{
	return mp_tuf_floor_get(&c->floor);
}
