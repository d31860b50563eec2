/* SPDX-License-Identifier: Apache-2.0
 * file.c - a metadata file as a whole: {"signatures": [...], "signed": {...}}
 *
 * Everything that later code reads is checked here and in check.c; members that we do not know
 * stay in the document, since they belong to what was signed (specification section 4). */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

const char *mp_tuf_type_name(enum mp_tuf_type type)
{
	static const char *const names[MP_TUF_TYPES] = {"root", "timestamp", "snapshot", "targets"};

	return names[type];
}

size_t mp_tuf_type_max(enum mp_tuf_type type)
{
	static const size_t most[MP_TUF_TYPES] = {MP_TUF_ROOT_MAX, MP_TUF_TIMESTAMP_MAX,
						  MP_TUF_SNAPSHOT_MAX, MP_TUF_TARGETS_MAX};

	return most[type];
}

void mp_tuf_file_free(struct mp_tuf_file *f)
{
	if (!f)
		return;
	mp_json_free(f->doc);
	free(f);
}

/* A key signs once: a second signature under its id makes the file malformed (section 4.2). */
static int check_signatures(const struct mp_json *list, struct mp_err *err)
{
	const char *id, *sig;
	int r;

	for (size_t i = 0; i < mp_json_size(list); i++) {
		r = mp_json_read_str(mp_json_at(list, i), "keyid", &id, err);

		if (r == 0)
			r = mp_json_read_str(mp_json_at(list, i), "sig", &sig, err);
		if (r < 0)
			return mp_err_wrap(err, r, "signature %zu", i + 1);
	}
	r = mp_tuf_check_unique(list, "keyid", err);
	return r < 0 ? mp_err_wrap(err, r, "signatures") : 0;
}

/* "1.0" or "1.0.31": major version 1 is the one that we speak. */
static int check_spec_version(const char *text, struct mp_err *err)
{
	size_t dots = 0;

	for (const char *p = text; *p; p++)
		dots += *p == '.';
	if (!mp_version_is_valid(text) || dots < 1 || dots > 2)
		return mp_err_set(err, -EBADMSG, "'spec_version' must be like 1.0.0, not '%s'",
				  text);
	if (!mp_str_starts_with(text, "1."))
		return mp_err_set(err, -EPROTO,
				  "specification version %s is not supported, only 1.x", text);
	return 0;
}

static int read_common(enum mp_tuf_type type, struct mp_tuf_file *f, struct mp_err *err)
{
	const char *text;
	int r = mp_json_read_str(f->body, "_type", &text, err);

	if (r < 0)
		return r;
	if (!mp_streq(text, mp_tuf_type_name(type)))
		return mp_err_set(err, -EPROTO, "wrong type: found '%s', expected '%s'", text,
				  mp_tuf_type_name(type));
	r = mp_json_read_str(f->body, "spec_version", &text, err);
	if (r == 0)
		r = check_spec_version(text, err);
	if (r == 0)
		r = mp_json_read_int(f->body, "version", 1, INT64_MAX, &f->version, err);
	if (r == 0)
		r = mp_json_read_str(f->body, "expires", &text, err);
	if (r < 0)
		return r;
	if (mp_tuf_time_parse(text, &f->expires) < 0)
		return mp_err_set(err, -EBADMSG,
				  "'expires' must be a UTC time like "
				  "2030-01-31T12:00:00Z, not '%s'",
				  text);

	/* Only our own tools write it. A time at or past the expiry makes no sense: no evidence. */
	f->signed_at = mp_json_int(mp_json_get(f->body, "x-mp-time"), 0);
	if (f->signed_at < 0 || f->signed_at >= f->expires)
		f->signed_at = 0;
	return 0;
}

static int parse(enum mp_tuf_type type, const void *data, size_t len, struct mp_tuf_file *f,
		 struct mp_err *err)
{
	const struct mp_json *signatures;
	int r;

	if (len > mp_tuf_type_max(type))
		return mp_err_set(err, -EFBIG, "%zu bytes are more than the limit of %zu", len,
				  mp_tuf_type_max(type));
	r = mp_json_parse(data, len, &f->doc, err);
	if (r == 0)
		r = mp_json_read_array(f->doc, "signatures", &signatures, err);
	if (r == 0)
		r = check_signatures(signatures, err);
	if (r == 0)
		r = mp_json_read_object(f->doc, "signed", &f->body, err);
	if (r == 0)
		r = read_common(type, f, err);
	return r < 0 ? r : mp_tuf_check_body(type, f->body, err);
}

int mp_tuf_file_parse(enum mp_tuf_type type, const char *name, const void *data, size_t len,
		      struct mp_tuf_file **ret, struct mp_err *err)
{
	auto_(mp_tuf_file) *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return -ENOMEM;
	r = parse(type, data, len, f, err);
	if (r < 0)
		return mp_err_wrap(err, r, "%s", name);
	*ret = take_ptr(f);
	return 0;
}
