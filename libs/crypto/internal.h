/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - small things that our calls of GnuTLS share */
#pragma once

#include <limits.h>

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/err.h"

/* GnuTLS only reads through a datum that goes in. Longer than it can say: nothing. */
static inline gnutls_datum_t mp_datum(const void *data, size_t len)
{
	return (gnutls_datum_t){.data = (unsigned char *)(uintptr_t)(len ? data : ""),
				.size = len <= UINT_MAX ? (unsigned)len : 0};
}

static inline void datum_done(gnutls_datum_t *d)
{
	gnutls_free(d->data);
}
#define auto_datum __attribute__((cleanup(datum_done)))

static inline void pubkey_done(gnutls_pubkey_t *k)
{
	if (*k)
		gnutls_pubkey_deinit(*k);
}
#define auto_pubkey __attribute__((cleanup(pubkey_done)))

/* "what: GnuTLS's reason" and `code`, or -ENOMEM where that was the reason. */
int mp_gnutls_err(struct mp_err *err, int code, int reason, const char *what);
