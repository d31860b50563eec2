/* SPDX-License-Identifier: Apache-2.0
 * siphash.h - a keyed hash of short data (Aumasson, Bernstein: "SipHash: a fast short-input PRF")
 *
 *     struct mp_sip_key key;             // random, and told to nobody
 *     tag = mp_siphash(&key, data, len);
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mp_sip_key {
	uint64_t half[2];
};

/* SipHash-2-4: a MAC of 64 bits, for what is given out and comes back soon. */
uint64_t mp_siphash(const struct mp_sip_key *key, const void *data, size_t len);
/* SipHash-1-3: for tables in which strangers must not make collisions. */
uint64_t mp_siphash_quick(const struct mp_sip_key *key, const void *data, size_t len);
/* The same under one random key of this process, for any table that lives as long as it. */
uint64_t mp_hash(const void *data, size_t len);
