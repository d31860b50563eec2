/* SPDX-License-Identifier: Apache-2.0
 * root.c - from the trusted root to the newest one (specification section 5.3)
 *
 * Each next root is signed by a threshold of the keys of the one before and of its own, so that
 * trust passes on without a gap. Roots on the way may have expired; the last one must not. */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/str.h"

static int read_self_signed(const struct mp_buf *data, struct mp_tuf_file **ret, struct mp_err *err)
{
	auto_(mp_tuf_file) *root = NULL;
	struct mp_tuf_signers own;
	int r = mp_tuf_file_parse(MP_TUF_ROOT, "root", mp_buf_str(data), data->len, &root, err);

	if (r < 0)
		return r;
	(void)mp_tuf_signers_get(root, "root", &own); /* parse has seen that it is there */
	r = mp_tuf_verify(root, "root", &own, err);
	if (r < 0)
		return r == -ENOMEM ? r : mp_err_wrap(err, r, "by its own keys");
	*ret = take_ptr(root);
	return 0;
}

int mp_tuf_init(const struct mp_tuf_store *store, const void *root, size_t len, struct mp_err *err)
{
	MP_BUF(data, MP_TUF_ROOT_MAX);
	struct mp_tuf_client c = {.store = *store};
	auto_(mp_tuf_file) *file = NULL;
	int r = mp_buf_add(&data, root, len);

	if (r == -EFBIG)
		return mp_err_set(err, r, "a root of %zu bytes is more than the limit of %u", len,
				  MP_TUF_ROOT_MAX);
	if (r == 0)
		r = read_self_signed(&data, &file, err);
	if (r == 0)
		r = mp_tuf_floor_load(&c.floor, store);
	if (r == 0)
		r = mp_tuf_raise_floor(&c, MP_TUF_ROOT, file, err);
	return r < 0 ? r : mp_tuf_save(store, "root", &data, err);
}

int mp_tuf_open(const struct mp_tuf_store *store, struct mp_tuf_client **ret, struct mp_err *err)
{
	auto_(mp_tuf_client) *c = calloc(1, sizeof(*c));
	MP_BUF(data, MP_TUF_ROOT_MAX);
	int r;

	if (!c)
		return -ENOMEM;
	c->store = *store;
	r = store->load(store->user, "root.json", &data);
	if (r == -ENOENT)
		return mp_err_set(err, r, "there is no trusted root yet: start with a root.json");
	if (r < 0)
		return r == -ENOMEM ? r : mp_err_set(err, r, "root.json cannot be read");
	r = read_self_signed(&data, &c->root, err);
	if (r == 0)
		r = mp_tuf_floor_load(&c->floor, store);
	if (r < 0)
		return r;
	*ret = take_ptr(c);
	return 0;
}

/* Keys that are no longer trusted may have signed versions and times far ahead, so what they left
 * behind must not block what follows (section 5.3.11). The clock goes first: a power cut before
 * the root is stored leaves a floor that is too low, and the next refresh raises it again. */
static int forget_times(struct mp_tuf_client *c, const struct mp_tuf_file *next, struct mp_err *err)
{
	int64_t dropped = 0;

	for (int t = MP_TUF_TIMESTAMP; t < MP_TUF_TYPES; t++) {
		if (!mp_tuf_is_rotated(c->root, next, mp_tuf_type_name(t)))
			continue;
		dropped |= c->floor.by[t];
		c->floor.by[t] = 0;
	}
	return dropped ? mp_tuf_floor_save(&c->floor, &c->store, err) : 0;
}

/* After the root: a power cut in between is seen and made good in online.c. */
static int forget_files(struct mp_tuf_client *c, const struct mp_tuf_file *next, struct mp_err *err)
{
	int r;

	if (!mp_tuf_is_rotated(c->root, next, "timestamp") &&
	    !mp_tuf_is_rotated(c->root, next, "snapshot"))
		return 0;
	r = mp_tuf_remove(&c->store, "timestamp", err);
	return r < 0 ? r : mp_tuf_remove(&c->store, "snapshot", err);
}

static int accept_root(struct mp_tuf_client *c, const struct mp_buf *data, struct mp_err *err)
{
	auto_(mp_tuf_file) *next = NULL;
	struct mp_tuf_signers old;
	int r = read_self_signed(data, &next, err);

	if (r < 0)
		return r;
	(void)mp_tuf_signers_get(c->root, "root", &old);
	r = mp_tuf_verify(next, "root", &old, err);
	if (r < 0)
		return r == -ENOMEM ? r : mp_err_wrap(err, r, "by the keys of the root before it");
	if (next->version != c->root->version + 1)
		return mp_err_set(err, -EPROTO,
				  "root: found version %" PRId64 ", expected %" PRId64,
				  next->version, c->root->version + 1);

	r = forget_times(c, next, err);
	if (r == 0)
		r = mp_tuf_save(&c->store, "root", data, err);
	if (r == 0)
		r = forget_files(c, next, err);
	if (r == 0)
		r = mp_tuf_raise_floor(c, MP_TUF_ROOT, next, err);
	if (r < 0)
		return r;
	mp_tuf_file_free(c->root);
	c->root = take_ptr(next);
	return 0;
}

int mp_tuf_update_root(struct mp_tuf_client *c, const struct mp_tuf_fetcher *f, struct mp_err *err)
{
	for (int i = 0; i < MP_TUF_ROOT_UPDATES && c->root->version < INT64_MAX; i++) {
		MP_BUF(data, MP_TUF_ROOT_MAX);
		int r = mp_tuf_fetch(f, "root", c->root->version + 1, MP_TUF_ROOT_MAX, &data, err);

		if (r == -ENOENT)
			break;
		if (r == 0)
			r = accept_root(c, &data, err);
		if (r < 0)
			return r;
	}
	return mp_tuf_check_expiry(c, c->root, "root", err);
}
