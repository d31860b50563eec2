/* SPDX-License-Identifier: Apache-2.0
 * role.c - the targets role and those that it delegates to (specification section 5.6)
 *
 * The snapshot pins version (and often length and hash) of each, so a file is either exactly what
 * the snapshot means or of no use: there is no rollback to guard against here. */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"

static int check_final(const struct mp_tuf_client *c, const char *role,
		       const struct mp_tuf_meta *want, const struct mp_tuf_file *file,
		       const struct mp_buf *data, struct mp_err *err)
{
	int r = mp_tuf_meta_check(want, role, mp_buf_str(data), data->len, err);

	if (r < 0)
		return r;
	if (file->version != want->version)
		return mp_err_set(err, -EPROTO, "%s: found version %" PRId64 ", expected %" PRId64,
				  role, file->version, want->version);
	return mp_tuf_check_expiry(c, file, role, err);
}

static int fetch_role(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, const char *role,
		      const struct mp_tuf_file *by, const struct mp_tuf_meta *want,
		      struct mp_tuf_file **ret, struct mp_err *err)
{
	bool consistent = mp_json_bool(mp_json_get(c->root->body, "consistent_snapshot"), false);
	MP_BUF(data, MP_TUF_TARGETS_MAX);
	auto_(mp_tuf_file) *file = NULL;
	int r;

	r = mp_tuf_fetch(f, role, consistent ? want->version : 0,
			 mp_tuf_meta_most(want, MP_TUF_TARGETS), &data, err);
	if (r == 0)
		r = mp_tuf_read(MP_TUF_TARGETS, role, by, &data, &file, err);
	if (r == 0)
		r = check_final(c, role, want, file, &data, err);
	if (r == 0 && by == c->root)
		r = mp_tuf_raise_floor(c, MP_TUF_TARGETS, file, err);
	if (r == 0)
		r = mp_tuf_save(&c->store, role, &data, err);
	if (r < 0)
		return r;
	*ret = take_ptr(file);
	return 0;
}

int mp_tuf_load_targets(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, const char *role,
			const struct mp_tuf_file *by, struct mp_tuf_file **ret, struct mp_err *err)
{
	char name[MP_TUF_BIN_NAME + 8];
	MP_BUF(data, MP_TUF_TARGETS_MAX);
	auto_(mp_tuf_file) *file = NULL;
	struct mp_tuf_meta want;
	int r;

	(void)snprintf(name, sizeof(name), "%s.json", role);
	if (mp_tuf_meta_get(c->snapshot, name, &want) < 0)
		return mp_err_set(err, -EPROTO, "snapshot version %" PRId64 " does not list %s",
				  c->snapshot->version, name);
	r = mp_tuf_load(&c->store, MP_TUF_TARGETS, role, by, &data, &file, err);
	if (r < 0)
		return r;
	if (file) {
		r = check_final(c, role, &want, file, &data, NULL);
		if (r == -ENOMEM)
			return r;
		if (r == 0) {
			*ret = take_ptr(file);
			return 0;
		}
	}
	return fetch_role(c, f, role, by, &want, ret, err);
}
