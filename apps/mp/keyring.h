/* SPDX-License-Identifier: Apache-2.0 */
/* keyring.h - the keys of a product and the signed files that rest on them
 *
 * PRODUCT/keys (0700, files 0600): root.pem targets.pem snapshot.pem timestamp.pem (ed25519, TUF),
 * pk kek db .pem and .crt with `guid` (RSA-2048, UEFI Secure Boot), device-ca server-ca server .pem
 * and .crt (EC P-256), enroll.token. PRODUCT/tuf: 1.root.json ..., 1.targets.json ...
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/sign.h"
#include "json/json.h"
#include "product/product.h"

enum mp_role { MP_ROLE_ROOT, MP_ROLE_TARGETS, MP_ROLE_SNAPSHOT, MP_ROLE_TIMESTAMP, MP_ROLES };
extern const char *const mp_role_names[MP_ROLES];

#define MP_ROOT_DAYS 3650 /* a device may lie in a box for long, and must still find its way back */
#define MP_TARGETS_DAYS 365
#define MP_METADATA_MAX (16u << 20) /* bytes of a TUF file */

struct mp_tuf_keys {
	struct mp_sign_key *key[MP_ROLES];
};
void mp_tuf_keys_done(struct mp_tuf_keys *k);
#define AUTO_TUF_KEYS(name)                                                                        \
	__attribute__((cleanup(mp_tuf_keys_done))) struct mp_tuf_keys name = {{NULL}}

/* Read keys/ROLE.pem. -ENOENT: it is not in this folder; the sentence says so. */
int mp_keyring_read(const struct mp_product *p, const char *role, struct mp_sign_key **ret,
		    struct mp_err *err);
/* Write a key or certificate below `dir` ("keys/db.pem"), 0600. */
int mp_keyring_write(const char *dir, const char *name, const struct mp_buf *text,
		     struct mp_err *err);
int mp_keyring_write_key(const char *dir, const char *name, const struct mp_sign_key *key,
			 struct mp_err *err);
/* All keys of a new product below `dir`, and tuf/1.root.json, valid for root_days. */
int mp_keyring_create(const char *dir, const struct mp_product *p, unsigned root_days,
		      struct mp_err *err);
/* A server certificate for product.yaml's server.names by keys/server-ca: server.pem, server.crt. */
int mp_keyring_create_server(const char *dir, const struct mp_product *p, struct mp_err *err);

/* The text of a root of these keys, signed with its own root key and, unless NULL, `old`. */
int mp_keyring_sign_root(const struct mp_tuf_keys *keys, const struct mp_sign_key *old,
			 int64_t version, int64_t expires, struct mp_buf *text, struct mp_err *err);

/* The newest tuf/N.KIND.json ("root", "targets"): its N (0: there is none) and its bytes. */
int mp_tuf_newest(const struct mp_product *p, const char *kind, int64_t *ret_version,
		  struct mp_buf *text, struct mp_err *err);
/* When a TUF file expires: "expires" of its signed part, as seconds since 1970. */
int mp_tuf_expires(const struct mp_json *file, int64_t *ret, struct mp_err *err);
/* The newest root, checked against itself and against the clock. -ESTALE says how to renew it. */
int mp_tuf_read_root(const struct mp_product *p, struct mp_buf *text, int64_t *ret_version,
		     struct mp_err *err);
