/* repo.h - the other half of TUF: making and signing metadata
 *
 * Offline (mp): root and targets. Online (server): snapshot and timestamp. Everything is a JSON
 * document in memory; where files and keys live is the caller's business. Metadata is written
 * with consistent snapshots on. Times are seconds since 1970.
 *
 *     r = mp_tuf_timestamp_create(8, now + 7 * 86400, snapshot, len, &doc, &err);
 *     r = mp_tuf_sign(doc, &key, 1, &file, &err);
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/sign.h"
#include "json/json.h"

/* key id of a public key: SHA-256 of its canonical JSON (specification section 4.2), hex */
int mp_tuf_key_id(enum mp_sign_scheme scheme, const char *public_text, char ret[65]);

struct mp_tuf_role_keys {
	const struct mp_sign_key *const *keys;
	size_t n;
	unsigned threshold;
};
struct mp_tuf_root_config {
	int64_t version, expires;
	struct mp_tuf_role_keys root, targets, snapshot, timestamp;
};
/* The `signed` part of a root; sign it with mp_tuf_sign by the old and the new root keys. */
int mp_tuf_root_create(const struct mp_tuf_root_config *config, struct mp_json **ret_signed,
		       struct mp_err *err);

/* The `signed` part of a targets role with no targets. */
int mp_tuf_targets_create(int64_t version, int64_t expires, struct mp_json **ret_signed,
			  struct mp_err *err);
/* Add or replace one target; `custom` is copied and may be NULL. -EINVAL: not a SHA-256 in hex. */
int mp_tuf_targets_add(struct mp_json *targets_signed, const char *path, uint64_t length,
		       const char *sha256_hex, const struct mp_json *custom, struct mp_err *err);
/* Raise the version by one and set a new expiry. */
int mp_tuf_bump(struct mp_json *signed_part, int64_t expires, struct mp_err *err);

/* snapshot over one targets.json file (its exact bytes), timestamp over one snapshot.json file. */
int mp_tuf_snapshot_create(int64_t version, int64_t expires, const void *targets, size_t len,
			   struct mp_json **ret_signed, struct mp_err *err);
int mp_tuf_timestamp_create(int64_t version, int64_t expires, const void *snapshot, size_t len,
			    struct mp_json **ret_signed, struct mp_err *err);

/* Wrap and sign: the file's bytes {"signatures":[...],"signed":{...}} are appended to `out`. The
 * clock's time goes into the signed part as "x-mp-time": a device that verifies the file knows that
 * it is at least as late, even when its own clock is dead. */
int mp_tuf_sign(const struct mp_json *signed_part, const struct mp_sign_key *const *keys, size_t n,
		struct mp_buf *out, struct mp_err *err);
/* The same at a given time; 0: "x-mp-time" is left as it is. */
int mp_tuf_sign_at(const struct mp_json *signed_part, int64_t now,
		   const struct mp_sign_key *const *keys, size_t n, struct mp_buf *out,
		   struct mp_err *err);

/* Check a signed file of `role` ("root", "targets", ...) against the keys in a trusted root file
 * and hand out its parsed document (object with "signatures" and "signed"). A root must also be
 * signed by its own keys, and be the trusted version or the next one. Expiry is not looked at.
 * -EBADMSG, -EPROTO, -EFBIG, -EKEYREJECTED, -EINVAL (no such role). */
int mp_tuf_check(const void *root, size_t root_len, const char *role, const void *file, size_t len,
		 struct mp_json **ret, struct mp_err *err);
