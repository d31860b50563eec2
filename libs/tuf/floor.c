/* SPDX-License-Identifier: Apache-2.0
 * floor.c - the time floor: "it is at least as late as this", by what was verified
 *
 * The file "time-floor" is one JSON object, {"root":T,"timestamp":T,"snapshot":T,"targets":T}:
 * for each top-level role the latest time at which it was seen signed, in seconds since 1970; a
 * role that never said is left out. Kept apart by role, so that when a role's keys are rotated
 * what the old keys said about the time goes with them. docs/spec/tuf.md tells why. */
#include "tuf/internal.h"

#include <errno.h>
#include <string.h>

#define FLOOR_FILE "time-floor"

int64_t mp_tuf_floor_get(const struct mp_tuf_floor *f)
{
	int64_t latest = 0;

	for (int t = 0; t < MP_TUF_TYPES; t++)
		if (f->by[t] > latest)
			latest = f->by[t];
	return latest;
}

int mp_tuf_floor_load(struct mp_tuf_floor *f, const struct mp_tuf_store *store)
{
	MP_BUF(text, 1024);
	auto_(mp_json) *doc = NULL;
	int r = store->load(store->user, FLOOR_FILE, &text);

	*f = (struct mp_tuf_floor){0};
	if (r < 0)
		return r == -ENOENT || r == -EFBIG ? 0 : r;
	r = mp_json_parse(mp_buf_str(&text), text.len, &doc, NULL);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (int t = 0; t < MP_TUF_TYPES; t++)
		f->by[t] = mp_json_int(mp_json_get(doc, mp_tuf_type_name(t)), 0);
	return 0;
}

int mp_tuf_floor_save(const struct mp_tuf_floor *f, const struct mp_tuf_store *store,
		      struct mp_err *err)
{
	MP_BUF(text, 1024);
	auto_(mp_json) *doc = mp_json_new_object();
	int r = doc ? 0 : -ENOMEM;

	for (int t = 0; r == 0 && t < MP_TUF_TYPES; t++)
		if (f->by[t] > 0)
			r = mp_json_put_int(doc, mp_tuf_type_name(t), f->by[t]);
	if (r == 0)
		r = mp_json_format(doc, &text);
	if (r == 0)
		r = store->save(store->user, FLOOR_FILE, text.data, text.len);
	return r < 0 ? mp_err_set(err, r, "the time floor cannot be stored: %s", strerror(-r)) : 0;
}
