/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/seal.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/internal.h"

#define NONCE 12
#define TAG 16

struct mp_seal {
	gnutls_aead_cipher_hd_t cipher;
};

int mp_seal_new(const uint8_t key[MP_SEAL_KEY], struct mp_seal **ret)
{
	gnutls_datum_t k = mp_datum(key, MP_SEAL_KEY);
	struct mp_seal *s = calloc(1, sizeof(*s));

	if (!s || gnutls_aead_cipher_init(&s->cipher, GNUTLS_CIPHER_AES_256_GCM, &k) < 0) {
		free(s);
		return -ENOMEM;
	}
	*ret = s;
	return 0;
}

void mp_seal_free(struct mp_seal *s)
{
	if (!s)
		return;
	gnutls_aead_cipher_deinit(s->cipher);
	free(s);
}

int mp_seal(struct mp_seal *s, const void *about, size_t about_len, const void *secret, size_t len,
	    uint8_t *ret_sealed)
{
	size_t room = len + TAG;

	mp_random(ret_sealed, NONCE);
	return gnutls_aead_cipher_encrypt(s->cipher, ret_sealed, NONCE, about, about_len, TAG,
					  secret, len, ret_sealed + NONCE, &room) < 0
		       ? -ENOMEM
		       : 0;
}

int mp_unseal(struct mp_seal *s, const void *about, size_t about_len, const void *sealed,
	      size_t len, uint8_t *ret_secret)
{
	const uint8_t *p = sealed;
	size_t room;

	if (len < MP_SEAL_EXTRA)
		return -EKEYREJECTED;
	room = len - MP_SEAL_EXTRA;
	return gnutls_aead_cipher_decrypt(s->cipher, p, NONCE, about, about_len, TAG, p + NONCE,
					  len - NONCE, ret_secret, &room) < 0
		       ? -EKEYREJECTED
		       : 0;
}
