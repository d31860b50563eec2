/* SPDX-License-Identifier: Apache-2.0
 * verify.c - is this file signed by enough of the keys that may sign it?
 *
 * What was signed is the canonical JSON of the parsed "signed" part (specification section 4.2).
 * A key of a type or scheme that we do not know and a signature that is not good are passed over:
 * only the number of good ones counts, each key once. */
#include "tuf/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "crypto/sign.h"

#define SIGNATURE_MAX 1024 /* bytes: RSA with 8192 bits */

static const struct mp_json *find_delegated(const struct mp_json *roles, const char *name)
{
	for (size_t i = 0; i < mp_json_size(roles); i++)
		if (mp_streq(mp_json_str(mp_json_get(mp_json_at(roles, i), "name"), NULL), name))
			return mp_json_at(roles, i);
	return NULL;
}

int mp_tuf_signers_get(const struct mp_tuf_file *by, const char *role, struct mp_tuf_signers *ret)
{
	const struct mp_json *delegations = mp_json_get(by->body, "delegations");
	const struct mp_json *succinct = mp_json_get(delegations, "succinct_roles");
	const struct mp_json *keys, *found;

	if (mp_streq(mp_json_str(mp_json_get(by->body, "_type"), NULL), "root")) {
		keys = mp_json_get(by->body, "keys");
		found = mp_json_get(mp_json_get(by->body, "roles"), role);
	} else {
		keys = mp_json_get(delegations, "keys");
		found = find_delegated(mp_json_get(delegations, "roles"), role);
		if (succinct && mp_tuf_is_bin(succinct, role))
			found = succinct;
	}
	if (!found)
		return -ENOENT;
	ret->keys = keys;
	ret->keyids = mp_json_get(found, "keyids");
	ret->threshold = mp_json_int(mp_json_get(found, "threshold"), INT64_MAX);
	return 0;
}

static int read_scheme(const struct mp_json *key, enum mp_sign_scheme *ret)
{
	static const struct {
		const char *type, *scheme;
		enum mp_sign_scheme is;
	} known[] = {
		{"ed25519", "ed25519", MP_ED25519},
		{"ecdsa", "ecdsa-sha2-nistp256", MP_ECDSA_P256_SHA256},
		{"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", MP_ECDSA_P256_SHA256},
		{"rsa", "rsassa-pss-sha256", MP_RSASSA_PSS_SHA256},
	};
	const char *type = mp_json_str(mp_json_get(key, "keytype"), "");
	const char *scheme = mp_json_str(mp_json_get(key, "scheme"), "");

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(type, known[i].type) == 0 && strcmp(scheme, known[i].scheme) == 0) {
			*ret = known[i].is;
			return 0;
		}
	}
	return -ENOTSUP;
}

static const char *public_of(const struct mp_json *key)
{
	return mp_json_str(mp_json_get(mp_json_get(key, "keyval"), "public"), NULL);
}

static const char *signature_of(const struct mp_tuf_file *f, const char *keyid)
{
	const struct mp_json *list = mp_json_get(f->doc, "signatures");

	for (size_t i = 0; i < mp_json_size(list); i++)
		if (mp_streq(mp_json_str(mp_json_get(mp_json_at(list, i), "keyid"), NULL), keyid))
			return mp_json_str(mp_json_get(mp_json_at(list, i), "sig"), NULL);
	return NULL;
}

/* 1: signed by this key; 0: not; -ENOMEM. */
static int has_signed(const struct mp_tuf_file *f, const char *keyid, const struct mp_json *key,
		      const struct mp_buf *text)
{
	const char *sig = signature_of(f, keyid), *public_text = public_of(key);
	size_t len = sig ? strlen(sig) / 2 : 0;
	uint8_t bytes[SIGNATURE_MAX];
	enum mp_sign_scheme scheme;
	int r;

	if (!public_text || len == 0 || len > sizeof(bytes) || read_scheme(key, &scheme) < 0 ||
	    mp_hex_parse(sig, bytes, len) < 0)
		return 0;
	r = mp_sign_verify(scheme, public_text, text->data, text->len, bytes, len);
	return r == -ENOMEM ? r : r == 0;
}

/* Is the public key of keyids[i] also that of an earlier id? One key must not count as two. */
static bool is_repeated(const struct mp_tuf_signers *by, size_t i)
{
	const char *mine =
		public_of(mp_json_get(by->keys, mp_json_str(mp_json_at(by->keyids, i), "")));

	for (size_t j = 0; j < i; j++) {
		const char *id = mp_json_str(mp_json_at(by->keyids, j), "");

		if (mine && mp_streq(mine, public_of(mp_json_get(by->keys, id))))
			return true;
	}
	return false;
}

int mp_tuf_verify(const struct mp_tuf_file *f, const char *role, const struct mp_tuf_signers *by,
		  struct mp_err *err)
{
	MP_BUF(text, MP_TUF_TARGETS_MAX);
	int64_t good = 0;
	int r = mp_json_format_canonical(f->body, &text);

	if (r < 0)
		return r == -ENOMEM ? r
				    : mp_err_set(err, -EBADMSG,
						 "%s holds numbers that cannot be signed", role);
	for (size_t i = 0; i < mp_json_size(by->keyids) && good < by->threshold; i++) {
		const char *id = mp_json_str(mp_json_at(by->keyids, i), "");

		r = is_repeated(by, i) ? 0 : has_signed(f, id, mp_json_get(by->keys, id), &text);
		if (r < 0)
			return r;
		good += r;
	}
	if (good < by->threshold)
		return mp_err_set(err, -EKEYREJECTED,
				  "%s version %" PRId64 " is signed by %" PRId64 " of the %" PRId64
				  " trusted keys that it needs",
				  role, f->version, good, by->threshold);
	return 0;
}

bool mp_tuf_is_rotated(const struct mp_tuf_file *old, const struct mp_tuf_file *next,
		       const char *role)
{
	struct mp_tuf_signers was, is;

	if (mp_tuf_signers_get(old, role, &was) < 0 || mp_tuf_signers_get(next, role, &is) < 0)
		return true;
	for (size_t i = 0; i < mp_json_size(was.keyids); i++) {
		const char *id = mp_json_str(mp_json_at(was.keyids, i), "");
		bool kept = false;

		for (size_t j = 0; j < mp_json_size(is.keyids); j++)
			kept |= mp_streq(id, mp_json_str(mp_json_at(is.keyids, j), NULL));
		if (!kept || !mp_json_equal(mp_json_get(was.keys, id), mp_json_get(is.keys, id)))
			return true;
	}
	return false;
}
