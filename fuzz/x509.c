/* SPDX-License-Identifier: Apache-2.0
 * x509.c - what a stranger sends to be enrolled, and what a peer shows as its certificate */
#include "crypto/x509.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a public key's text, which a delegating role's file may carry. */
static void try_key(const uint8_t *data, size_t size)
{
	auto_free char *text = malloc(size + 1);

	if (!text)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	(void)mp_sign_verify(MP_ED25519, text, "data", 4, data, size);
	(void)mp_sign_verify(MP_ECDSA_P256_SHA256, text, "data", 4, data, size);
	(void)mp_sign_verify(MP_RSASSA_PSS_SHA256, text, "data", 4, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_x509_info info;
	struct mp_err err = {0};
	char cn[65];

	if (mp_x509_csr_parse(data, size, cn, &err) == 0 && (!cn[0] || strlen(cn) > 64))
		abort();
	if (mp_x509_parse(data, size, &info, &err) == 0 &&
	    (!info.cn[0] || strlen(info.fingerprint) != 64))
		abort();
	try_key(data, size);
	return 0;
}
