/* SPDX-License-Identifier: Apache-2.0
 * Keys are kept as
 *
 *     u8 AEAD, u8 length of the peer's connection id, the id,
 *     key and fixed part of what we write, key and fixed part of what we read
 */
#include <errno.h>
#include <string.h>

#include <mbedtls/cipher.h>

#include "dtls_mbedtls/seal.h"

#define HEAD 13 /* of a record without a connection id */
#define CONTENT_MAX 16384
#define NONCE 12
#define MORE_MAX (23 + MP_DTLS_PEER_CID_MAX) /* additional data */

/* What an AEAD takes besides the text. */
struct operation {
	const uint8_t *key;
	uint8_t nonce[NONCE];
	uint8_t more[MORE_MAX];
	size_t more_len;
	size_t len; /* of the text in clear */
};

struct aead {
	mbedtls_cipher_type_t cipher;
	uint8_t key, fixed, tag; /* bytes */
	uint8_t explicit; /* bytes of the nonce that stand in the record */
};

static const struct aead *aead_of(uint8_t number)
{
	static const struct aead all[] = {
		[MP_DTLS_CCM_8] = {MBEDTLS_CIPHER_AES_128_CCM, 16, 4, 8, 8},
		[MP_DTLS_CCM] = {MBEDTLS_CIPHER_AES_128_CCM, 16, 4, 16, 8},
		[MP_DTLS_GCM] = {MBEDTLS_CIPHER_AES_128_GCM, 16, 4, 16, 8},
		[MP_DTLS_CHACHA20_POLY1305] = {MBEDTLS_CIPHER_CHACHA20_POLY1305, 32, 12, 16, 0},
	};

	return number > 0 && number < sizeof(all) / sizeof(all[0]) ? &all[number] : NULL;
}

/* ---- the library's ---- */

static int begin(mbedtls_cipher_context_t *c, const struct aead *a, const uint8_t *key,
		 mbedtls_operation_t direction)
{
	int r;

	mbedtls_cipher_init(c);
	r = mbedtls_cipher_setup(c, mbedtls_cipher_info_from_type(a->cipher));
	return r ? r : mbedtls_cipher_setkey(c, key, 8 * a->key, direction);
}

static int end(mbedtls_cipher_context_t *c, int r)
{
	mbedtls_cipher_free(c);
	if (r == MBEDTLS_ERR_CIPHER_AUTH_FAILED)
		return -EBADMSG;
	return r ? -ENOMEM : 0; /* there is no other reason to fail */
}

/* In place; the tag goes behind the text. */
static int encrypt(const struct aead *a, const struct operation *o, uint8_t *text)
{
	mbedtls_cipher_context_t c;
	int r = begin(&c, a, o->key, MBEDTLS_ENCRYPT);
	size_t n;

	if (r == 0)
		r = mbedtls_cipher_auth_encrypt_ext(&c, o->nonce, NONCE, o->more, o->more_len, text,
						    o->len, text, o->len + a->tag, &n, a->tag);
	return end(&c, r);
}

static int decrypt(const struct aead *a, const struct operation *o, const uint8_t *text,
		   uint8_t *out)
{
	mbedtls_cipher_context_t c;
	int r = begin(&c, a, o->key, MBEDTLS_DECRYPT);
	size_t n;

	if (r == 0)
		r = mbedtls_cipher_auth_decrypt_ext(&c, o->nonce, NONCE, o->more, o->more_len, text,
						    o->len + a->tag, out, o->len, &n, a->tag);
	return end(&c, r);
}

/* ---- keys ---- */

size_t mp_dtls_seal_block(enum mp_dtls_aead aead)
{
	const struct aead *a = aead_of((uint8_t)aead);

	return 2u * (a->key + a->fixed);
}

size_t mp_dtls_seal_keys(enum mp_dtls_aead aead, const uint8_t *block, bool client,
			 const uint8_t *cid, size_t cid_len, uint8_t ret[MP_DTLS_SEAL_KEYS_MAX])
{
	const struct aead *a = aead_of((uint8_t)aead);
	uint8_t *p = ret;

	*p++ = (uint8_t)aead;
	*p++ = (uint8_t)cid_len;
	if (cid_len)
		memcpy(p, cid, cid_len);
	p += cid_len;
	for (int reads = 0; reads < 2; reads++) {
		size_t of_server = client == reads;

		memcpy(p, block + of_server * a->key, a->key);
		p += a->key;
		memcpy(p, block + 2u * a->key + of_server * a->fixed, a->fixed);
		p += a->fixed;
	}
	return (size_t)(p - ret);
}

bool mp_dtls_seal_is_keys(const void *keys, size_t len)
{
	const uint8_t *k = keys;
	const struct aead *a = len >= 2 ? aead_of(k[0]) : NULL;

	return a && k[1] <= MP_DTLS_PEER_CID_MAX && len == 2u + k[1] + 2u * (a->key + a->fixed);
}

/* ---- records ---- */

static void put_be64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static void put_be16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void set_nonce(struct operation *o, const struct aead *a, const uint8_t *fixed,
		      const uint8_t number[8])
{
	memcpy(o->nonce, fixed, a->fixed);
	if (a->explicit)
		memcpy(o->nonce + a->fixed, number, a->explicit);
	else
		for (int i = 0; i < 8; i++)
			o->nonce[NONCE - 8 + i] ^= number[i];
}

/* RFC 5246, 6.2.3.3: from a header with its number, the type, the version and the length. */
static void set_more(struct operation *o, uint8_t type, const uint8_t number[8])
{
	memcpy(o->more, number, 8);
	o->more[8] = type;
	o->more[9] = 254;
	o->more[10] = 253;
	put_be16(o->more + 11, o->len);
	o->more_len = 13;
}

/* RFC 9146, 5.3. */
static void set_more_with_cid(struct operation *o, const uint8_t *cid, size_t cid_len,
			      const uint8_t number[8])
{
	uint8_t *p = o->more;

	memset(p, 0xff, 8);
	p[8] = MP_DTLS_WITH_CID;
	p[9] = (uint8_t)cid_len;
	p[10] = MP_DTLS_WITH_CID;
	p[11] = 254;
	p[12] = 253;
	memcpy(p + 13, number, 8);
	memcpy(p + 21, cid, cid_len);
	put_be16(p + 21 + cid_len, o->len);
	o->more_len = 23 + cid_len;
}

int mp_dtls_seal(const uint8_t *keys, uint8_t type, uint64_t number, const void *data, size_t len,
		 uint8_t *out, size_t size)
{
	const struct aead *a = aead_of(keys[0]);
	const size_t cid_len = keys[1], head = HEAD + cid_len;
	const uint8_t *key = keys + 2 + cid_len;
	struct operation o = {.key = key, .len = len + (cid_len ? 1 : 0)};
	const size_t body = a->explicit + o.len + a->tag;
	uint8_t *text;
	int r;

	if (len > CONTENT_MAX || head + body > size)
		return -EMSGSIZE;
	out[0] = cid_len ? MP_DTLS_WITH_CID : type;
	out[1] = 254;
	out[2] = 253;
	put_be64(out + 3, number);
	memcpy(out + 11, keys + 2, cid_len);
	put_be16(out + head - 2, body);
	memcpy(out + head, out + 3, a->explicit);
	text = out + head + a->explicit;
	if (len)
		memmove(text, data, len);
	if (cid_len)
		text[len] = type; /* and no padding */
	set_nonce(&o, a, key + a->key, out + 3);
	if (cid_len)
		set_more_with_cid(&o, keys + 2, cid_len, out + 3);
	else
		set_more(&o, type, out + 3);
	r = encrypt(a, &o, text);
	return r < 0 ? r : (int)(head + body);
}

/* The type stands behind the content, and zeros behind the type. */
static int take_inner(const uint8_t *text, size_t len, uint8_t *ret_type)
{
	while (len && text[len - 1] == 0)
		len--;
	if (len == 0)
		return -EBADMSG;
	*ret_type = text[len - 1];
	return (int)len - 1;
}

int mp_dtls_unseal(const uint8_t *keys, const struct mp_dtls_record *r, uint8_t *out, size_t size,
		   uint8_t *ret_type)
{
	const struct aead *a = aead_of(keys[0]);
	const uint8_t *key = keys + 2 + keys[1] + a->key + a->fixed, *number = r->whole + 3;
	struct operation o = {.key = key};
	int e;

	if (r->whole[2] != 253 || r->body_len < (size_t)a->explicit + a->tag)
		return -EBADMSG;
	o.len = r->body_len - a->explicit - a->tag;
	if (o.len > CONTENT_MAX + 1u + (r->cid ? 255 : 0) || o.len > size)
		return -EMSGSIZE;
	set_nonce(&o, a, key + a->key, a->explicit ? r->body : number);
	if (r->cid)
		set_more_with_cid(&o, r->cid, MP_DTLS_CID_SIZE, number);
	else
		set_more(&o, r->type, number);
	e = decrypt(a, &o, r->body + a->explicit, out);
	if (e < 0) {
		explicit_bzero(out, o.len);
		return e;
	}
	if (r->cid)
		return take_inner(out, o.len, ret_type);
	*ret_type = r->type;
	return (int)o.len;
}
