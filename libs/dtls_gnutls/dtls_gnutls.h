/* SPDX-License-Identifier: Apache-2.0
 * dtls_gnutls.h - DTLS by GnuTLS: raw public keys (RFC 7250) and certificates; nothing is parked
 *
 *     struct mp_dtls_config c = {.for_rpk = &mp_dtls_gnutls};
 */
#pragma once

#include "dtls/dtls.h"

extern const struct mp_dtls_backend mp_dtls_gnutls;
