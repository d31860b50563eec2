/* SPDX-License-Identifier: Apache-2.0
 * io.c - metadata files by role: their names, fetched with a limit, stored as received
 *
 * A role's name may hold any character, so its file name is percent-encoded (as every client of
 * such repositories does): "a/b" is a%2Fb.json in the store and 3.a%2Fb.json in the repository. */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define FILE_NAME_MAX (3 * MP_TUF_BIN_NAME + 32)

int mp_tuf_quote(const char *text, struct mp_buf *out)
{
	int r = 0;

	for (const char *p = text; *p && r == 0; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			     (*p >= '0' && *p <= '9') || strchr("_.-~", *p);

		r = plain ? mp_buf_add(out, p, 1) : mp_buf_printf(out, "%%%02X", (unsigned char)*p);
	}
	return r;
}

/* The role's file name; version 0: without one. */
static int file_name(const char *role, int64_t version, struct mp_buf *out)
{
	int r = version ? mp_buf_printf(out, "%" PRId64 ".", version) : 0;

	if (r == 0)
		r = mp_tuf_quote(role, out);
	return r < 0 ? r : mp_buf_add_str(out, ".json");
}

static int collect(void *user, const void *data, size_t len)
{
	return mp_buf_add(user, data, len);
}

int mp_tuf_fetch(const struct mp_tuf_fetcher *f, const char *role, int64_t version, size_t most,
		 struct mp_buf *out, struct mp_err *err)
{
	MP_BUF(name, FILE_NAME_MAX);
	int r = file_name(role, version, &name);

	if (r < 0)
		return r;
	out->limit = most;
	if (err)
		err->text[0] = '\0';
	r = f->metadata(f->user, name.data, most, collect, out, err);
	if (r == -EFBIG)
		return mp_err_set(err, r, "%s is longer than the %zu bytes that are allowed",
				  name.data, most);
	if (r < 0)
		return mp_err_wrap(err, r, "%s", name.data);
	return 0;
}

int mp_tuf_read(enum mp_tuf_type type, const char *role, const struct mp_tuf_file *by,
		const struct mp_buf *data, struct mp_tuf_file **ret, struct mp_err *err)
{
	auto_(mp_tuf_file) *file = NULL;
	struct mp_tuf_signers signers;
	int r = mp_tuf_file_parse(type, role, mp_buf_str(data), data->len, &file, err);

	if (r < 0)
		return r;
	if (mp_tuf_signers_get(by, role, &signers) < 0)
		return mp_err_set(err, -EPROTO, "nobody delegates to %s", role);
	r = mp_tuf_verify(file, role, &signers, err);
	if (r < 0)
		return r;
	*ret = take_ptr(file);
	return 0;
}

int mp_tuf_load(const struct mp_tuf_store *s, enum mp_tuf_type type, const char *role,
		const struct mp_tuf_file *by, struct mp_buf *data, struct mp_tuf_file **ret,
		struct mp_err *err)
{
	MP_BUF(name, FILE_NAME_MAX);
	int r = file_name(role, 0, &name);

	if (r < 0)
		return r;
	data->limit = mp_tuf_type_max(type);
	r = s->load(s->user, name.data, data);
	if (r == -ENOENT || r == -EFBIG)
		return 0;
	if (r < 0)
		return r == -ENOMEM ? r : mp_err_set(err, r, "%s cannot be read", name.data);
	r = mp_tuf_read(type, role, by, data, ret, NULL);
	return r == -ENOMEM ? r : r == 0;
}

int mp_tuf_save(const struct mp_tuf_store *s, const char *role, const struct mp_buf *data,
		struct mp_err *err)
{
	MP_BUF(name, FILE_NAME_MAX);
	int r = file_name(role, 0, &name);

	if (r == 0)
		r = s->save(s->user, name.data, mp_buf_str(data), data->len);
	return r < 0 ? mp_err_set(err, r, "%s cannot be stored: %s", mp_buf_str(&name),
				  strerror(-r))
		     : 0;
}

int mp_tuf_remove(const struct mp_tuf_store *s, const char *role, struct mp_err *err)
{
	MP_BUF(name, FILE_NAME_MAX);
	int r = file_name(role, 0, &name);

	if (r == 0)
		r = s->remove(s->user, name.data);
	if (r < 0 && r != -ENOENT)
		return mp_err_set(err, r, "%s cannot be removed", mp_buf_str(&name));
	return 0;
}
