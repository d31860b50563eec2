/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <gnutls/x509.h>
#include <string.h>

#include "base/str.h"
#include "crypto/internal.h"
#include "crypto/x509.h"

int mp_x509_csr_key_id(const void *csr_pem, size_t len, char hex[65], struct mp_err *err)
{
	gnutls_datum_t text = {(unsigned char *)(uintptr_t)csr_pem, (unsigned)len};
	gnutls_x509_crq_t crq;
	unsigned char id[32];
	size_t id_len = sizeof(id);
	int g = gnutls_x509_crq_init(&crq);

	if (g < 0)
		return mp_err_set(err, -ENOMEM, "memory is out");
	g = gnutls_x509_crq_import(crq, &text, GNUTLS_X509_FMT_PEM);
	if (g >= 0)
		g = gnutls_x509_crq_get_key_id(crq, GNUTLS_KEYID_USE_SHA256, id, &id_len);
	gnutls_x509_crq_deinit(crq);
	if (g < 0 || id_len != sizeof(id))
		return mp_err_set(err, -EBADMSG, "the certificate request has no usable key");
	mp_hex_format(id, sizeof(id), hex);
	return 0;
}

int mp_x509_public_key_id(const void *der, size_t len, uint8_t ret[32])
{
	gnutls_datum_t bytes = mp_datum(der, len);
	auto_pubkey gnutls_pubkey_t key = NULL;
	uint8_t id[32];
	size_t id_len = sizeof(id);

	if (gnutls_pubkey_init(&key) < 0 ||
	    gnutls_pubkey_import(key, &bytes, GNUTLS_X509_FMT_DER) < 0 ||
	    gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, &id_len) < 0)
		return -EBADMSG;
	memcpy(ret, id, sizeof(id));
	return 0;
}
