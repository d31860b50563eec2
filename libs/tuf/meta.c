/* SPDX-License-Identifier: Apache-2.0
 * meta.c - what timestamp and snapshot say about other files: version, length, hashes */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "crypto/hash.h"

int mp_tuf_meta_get(const struct mp_tuf_file *by, const char *file, struct mp_tuf_meta *ret)
{
	const struct mp_json *m = mp_json_get(mp_json_get(by->body, "meta"), file);

	if (!m)
		return -ENOENT;
	ret->version = mp_json_int(mp_json_get(m, "version"), 0);
	ret->length = mp_json_int(mp_json_get(m, "length"), -1);
	ret->hashes = mp_json_get(m, "hashes");
	return 0;
}

size_t mp_tuf_meta_most(const struct mp_tuf_meta *m, enum mp_tuf_type type)
{
	size_t limit = mp_tuf_type_max(type);

	return m->length >= 0 && (uint64_t)m->length < limit ? (size_t)m->length : limit;
}

/* 1: given and right; 0: not given; -EPROTO: wrong. */
static int check_hash(const struct mp_json *hashes, const char *algorithm, enum mp_hash_kind kind,
		      const void *data, size_t len)
{
	uint8_t want[MP_HASH_MAX], got[MP_HASH_MAX];
	const char *hex = mp_json_str(mp_json_get(hashes, algorithm), NULL);
	int r;

	if (!hex)
		return 0;
	if (mp_hex_parse(hex, want, mp_hash_len(kind)) < 0)
		return -EPROTO;
	r = mp_hash_once(kind, data, len, got);
	if (r < 0)
		return r;
	return memcmp(want, got, mp_hash_len(kind)) == 0 ? 1 : -EPROTO;
}

int mp_tuf_meta_check(const struct mp_tuf_meta *m, const char *name, const void *data, size_t len,
		      struct mp_err *err)
{
	int a, b;

	if (m->length >= 0 && (uint64_t)m->length != len)
		return mp_err_set(err, -EPROTO, "%s has %zu bytes, expected %" PRId64, name, len,
				  m->length);
	if (!m->hashes)
		return 0;
	a = check_hash(m->hashes, "sha256", MP_SHA256, data, len);
	b = check_hash(m->hashes, "sha512", MP_SHA512, data, len);
	if (a == -ENOMEM || b == -ENOMEM)
		return -ENOMEM;
	if (a < 0 || b < 0)
		return mp_err_set(err, -EPROTO, "%s does not have the expected hash", name);
	if (!a && !b)
		return mp_err_set(err, -EPROTO, "%s is given neither a SHA-256 nor a SHA-512",
				  name);
	return 0;
}

int mp_tuf_snapshot_follows(const struct mp_tuf_file *old, const struct mp_tuf_file *next,
			    struct mp_err *err)
{
	const struct mp_json *value;
	const char *file;
	void *iter = NULL;

	while (mp_json_next(mp_json_get(old->body, "meta"), &iter, &file, &value)) {
		int64_t was = mp_json_int(mp_json_get(value, "version"), 0);
		struct mp_tuf_meta is;

		if (mp_tuf_meta_get(next, file, &is) < 0)
			return mp_err_set(err, -EPROTO,
					  "snapshot version %" PRId64 " no longer lists %s",
					  next->version, file);
		if (is.version < was)
			return mp_err_set(err, -EPROTO,
					  "snapshot rolls %s back: found version %" PRId64
					  ", expected at least %" PRId64,
					  file, is.version, was);
	}
	return 0;
}
