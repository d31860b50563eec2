/* SPDX-License-Identifier: Apache-2.0
 * seal.h - short secrets sealed for storing: AES-256-GCM (wraps GnuTLS)
 *
 *     r = mp_seal_new(key, &s);
 *     r = mp_seal(s, name, name_len, secret, n, sealed);      // sealed: n + MP_SEAL_EXTRA bytes
 *     r = mp_unseal(s, name, name_len, sealed, n + MP_SEAL_EXTRA, secret);
 *
 * A sealed secret is a random nonce of 12 bytes, the cipher text and a tag of 16 bytes. It opens
 * only together with the same `about` (whose it is), so that sealed secrets can't be exchanged.
 * With random nonces one key is good for 2^32 secrets (NIST SP 800-38D, 8.3).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/auto.h"

#define MP_SEAL_KEY 32 /* bytes */
#define MP_SEAL_EXTRA (12 + 16) /* bytes that a sealed secret is longer */

struct mp_seal;
int mp_seal_new(const uint8_t key[MP_SEAL_KEY], struct mp_seal **ret); /* 0, -ENOMEM */
void mp_seal_free(struct mp_seal *s);
DEFINE_AUTO(mp_seal)

/* 0, -ENOMEM. */
int mp_seal(struct mp_seal *s, const void *about, size_t about_len, const void *secret, size_t len,
	    uint8_t *ret_sealed);
/* `len` is that of the sealed bytes. 0; -EKEYREJECTED: another key, another `about`, or changed. */
int mp_unseal(struct mp_seal *s, const void *about, size_t about_len, const void *sealed,
	      size_t len, uint8_t *ret_secret);
