/* SPDX-License-Identifier: Apache-2.0
 * dtls_mbedtls.h - DTLS by mbedTLS (2.28 or 3.6): PSK and certificates, sessions kept without contexts
 *
 *     struct mp_dtls_config c = {.for_psk = &mp_dtls_mbedtls, .for_x509 = &mp_dtls_mbedtls};
 */
#pragma once

#include "dtls/dtls.h"

extern const struct mp_dtls_backend mp_dtls_mbedtls;

/* For those who speak DTLS and need a digest besides. */
void mp_dtls_mbedtls_sha256(const void *data, size_t len, uint8_t ret[32]);
