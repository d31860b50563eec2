/* SPDX-License-Identifier: Apache-2.0 */
/* hash.h - message digests (wraps GnuTLS)
 *
 *     auto_(mp_hash) *h = NULL;
 *     r = mp_hash_new(MP_SHA256, &h);  mp_hash_add(h, p, n);  mp_hash_end(h, digest);
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

enum mp_hash_kind { MP_MD5, MP_SHA1, MP_SHA256, MP_SHA512 }; /* the first two for hawkBit alone */
#define MP_SHA256_LEN 32
#define MP_HASH_MAX 64 /* bytes of the longest digest */

struct mp_hash;
size_t mp_hash_len(enum mp_hash_kind kind);
int mp_hash_new(enum mp_hash_kind kind, struct mp_hash **ret); /* 0, -ENOMEM */
void mp_hash_add(struct mp_hash *h, const void *data, size_t len);
void mp_hash_end(struct mp_hash *h, uint8_t *digest); /* and begin anew */
void mp_hash_free(struct mp_hash *h);
DEFINE_AUTO(mp_hash)

/* In one go. 0, -ENOMEM. */
int mp_hash_once(enum mp_hash_kind kind, const void *data, size_t len, uint8_t *digest);
void mp_sha256_hex(const void *data, size_t len, char hex[65]);
/* A whole file; hex text of its SHA-256 and its size. 0 or -errno. */
int mp_sha256_file(const char *path, char hex[65], uint64_t *ret_size);

/* Equal, in a time that does not depend on where they differ. */
int mp_equal_secret(const void *a, const void *b, size_t len); /* 1 equal, 0 not */

/* Bytes from the kernel's generator; dies if it has none. */
void mp_random(void *bytes, size_t len);
