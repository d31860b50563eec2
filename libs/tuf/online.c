/* SPDX-License-Identifier: Apache-2.0
 * online.c - timestamp and snapshot, the two roles whose keys are online (sections 5.4 and 5.5)
 *
 * What the store has is verified against today's root, whether expired or not: it guards against
 * rollback, and is used as it is when it is still the newest. What no longer verifies was signed
 * by keys that have been rotated since, and is as if it had never been. */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>

#include "base/str.h"

static int check_newer(const struct mp_tuf_file *old, const struct mp_tuf_file *next,
		       struct mp_err *err)
{
	struct mp_tuf_meta was, is;

	if (next->version < old->version)
		return mp_err_set(err, -EPROTO,
				  "timestamp rolls back: found version %" PRId64
				  ", expected at least %" PRId64,
				  next->version, old->version);
	(void)mp_tuf_meta_get(old, "snapshot.json", &was); /* parse has seen both */
	(void)mp_tuf_meta_get(next, "snapshot.json", &is);
	if (is.version < was.version && next->version > old->version)
		return mp_err_set(err, -EPROTO,
				  "timestamp rolls the snapshot back: found version %" PRId64
				  ", expected at least %" PRId64,
				  is.version, was.version);
	return 0;
}

/* Nothing of a timestamp is kept before all its checks have passed: neither the file nor what it
 * says about the time. */
static int accept_timestamp(struct mp_tuf_client *c, const struct mp_buf *data, struct mp_err *err)
{
	auto_(mp_tuf_file) *next = NULL;
	int r = mp_tuf_read(MP_TUF_TIMESTAMP, "timestamp", c->root, data, &next, err);

	if (r == 0 && c->timestamp)
		r = check_newer(c->timestamp, next, err);
	if (r < 0)
		return r;
	if (c->timestamp && next->version == c->timestamp->version)
		return mp_tuf_check_expiry(c, c->timestamp, "timestamp", err);

	r = mp_tuf_check_expiry(c, next, "timestamp", err);
	if (r == 0)
		r = mp_tuf_raise_floor(c, MP_TUF_TIMESTAMP, next, err);
	if (r == 0)
		r = mp_tuf_save(&c->store, "timestamp", data, err);
	if (r < 0)
		return r;
	mp_tuf_file_free(c->timestamp);
	c->timestamp = take_ptr(next);
	return 0;
}

/* Is there a snapshot in the store, well-formed, that today's root no longer accepts? Then its
 * keys were rotated, and a power cut came before it and the timestamp were dropped: drop both. */
static int finish_rotation(struct mp_tuf_client *c, struct mp_err *err)
{
	MP_BUF(data, MP_TUF_SNAPSHOT_MAX);
	auto_(mp_tuf_file) *file = NULL;
	int r = mp_tuf_load(&c->store, MP_TUF_SNAPSHOT, "snapshot", c->root, &data, &file, err);

	if (r != 0 || data.len == 0)
		return r < 0 ? r : 0;
	r = mp_tuf_file_parse(MP_TUF_SNAPSHOT, "snapshot", data.data, data.len, &file, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	r = mp_tuf_remove(&c->store, "timestamp", err);
	return r < 0 ? r : mp_tuf_remove(&c->store, "snapshot", err);
}

int mp_tuf_update_timestamp(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f,
			    struct mp_err *err)
{
	MP_BUF(data, MP_TUF_TIMESTAMP_MAX);
	int r = finish_rotation(c, err);

	if (r == 0)
		r = mp_tuf_load(&c->store, MP_TUF_TIMESTAMP, "timestamp", c->root, &data,
				&c->timestamp, err);
	if (r < 0)
		return r;
	mp_buf_reset(&data);
	r = mp_tuf_fetch(f, "timestamp", 0, MP_TUF_TIMESTAMP_MAX, &data, err);
	return r < 0 ? r : accept_timestamp(c, &data, err);
}

/* A snapshot that is to be used, not only to guard against rollback. */
static int check_final(const struct mp_tuf_client *c, const struct mp_tuf_file *snapshot,
		       const struct mp_tuf_meta *want, struct mp_err *err)
{
	if (snapshot->version != want->version)
		return mp_err_set(err, -EPROTO,
				  "snapshot: found version %" PRId64 ", expected %" PRId64,
				  snapshot->version, want->version);
	return mp_tuf_check_expiry(c, snapshot, "snapshot", err);
}

static int accept_snapshot(struct mp_tuf_client *c, const struct mp_tuf_meta *want,
			   const struct mp_buf *data, struct mp_err *err)
{
	auto_(mp_tuf_file) *next = NULL;
	int r = mp_tuf_meta_check(want, "snapshot", mp_buf_str(data), data->len, err);

	if (r == 0)
		r = mp_tuf_read(MP_TUF_SNAPSHOT, "snapshot", c->root, data, &next, err);
	if (r == 0 && c->snapshot)
		r = mp_tuf_snapshot_follows(c->snapshot, next, err);
	if (r == 0)
		r = check_final(c, next, want, err);
	if (r == 0)
		r = mp_tuf_raise_floor(c, MP_TUF_SNAPSHOT, next, err);
	if (r == 0)
		r = mp_tuf_save(&c->store, "snapshot", data, err);
	if (r < 0)
		return r;
	mp_tuf_file_free(c->snapshot);
	c->snapshot = take_ptr(next);
	return 0;
}

int mp_tuf_update_snapshot(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f,
			   struct mp_err *err)
{
	bool consistent = mp_json_bool(mp_json_get(c->root->body, "consistent_snapshot"), false);
	MP_BUF(data, MP_TUF_SNAPSHOT_MAX);
	struct mp_tuf_meta want;
	int r = mp_tuf_load(&c->store, MP_TUF_SNAPSHOT, "snapshot", c->root, &data, &c->snapshot,
			    err);

	(void)mp_tuf_meta_get(c->timestamp, "snapshot.json", &want);
	if (r == 1) {
		r = mp_tuf_meta_check(&want, "snapshot", data.data, data.len, NULL);
		if (r == 0)
			r = check_final(c, c->snapshot, &want, NULL);
		if (r == 0)
			return 0;
	}
	if (r == -ENOMEM)
		return r;
	mp_buf_reset(&data);
	r = mp_tuf_fetch(f, "snapshot", consistent ? want.version : 0,
			 mp_tuf_meta_most(&want, MP_TUF_SNAPSHOT), &data, err);
	return r < 0 ? r : accept_snapshot(c, &want, &data, err);
}
