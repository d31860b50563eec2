/* SPDX-License-Identifier: Apache-2.0
 * keys.h - a pre-shared key for each device: from a seed, or from a file
 *
 *     keys_derive(seed, "load-000007", key);              // the same for the same seed and name
 *     r = keys_load("psk.txt", &keys, &err);              // lines of NAME IDENTITY HEX
 *
 * Derived keys are for measurements and tests: whoever knows the seed knows them all.
 */
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "base/auto.h"
#include "base/err.h"
#include "dtls/dtls.h"

#define KEY_SIZE 16

void keys_derive(uint64_t seed, const char *name, uint8_t key[KEY_SIZE]);

/* As a client of DTLS or TLS shows them: borrowed. */
struct mp_dtls_credentials keys_show(const char *identity, const void *key, size_t len);

struct keys;
struct key {
	char name[65], identity[129];
	uint8_t key[64];
	uint8_t len;
};
int keys_load(const char *path, struct keys **ret, struct mp_err *err);
void keys_free(struct keys *k);
DEFINE_AUTO(keys)
const struct key *keys_find(const struct keys *k, const char *name); /* NULL */
