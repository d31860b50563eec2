/* SPDX-License-Identifier: Apache-2.0
 * Keys are kept as
 *
 *     u8 AEAD, u8 length of the peer's connection id, the id,
 *     key and fixed part of what we write, key and fixed part of what we read
 */
#include <errno.h>
#include <string.h>

#include <mbedtls/ccm.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>

#include "dtls_mbedtls/seal.h"

#define HEAD 13 /* of a record without a connection id */
#define CONTENT_MAX 16384
#define NONCE 12
#define TAG_MAX 16
#define MORE_MAX (23 + MP_DTLS_PEER_CID_MAX) /* additional data */

/* One AEAD operation, in place. */
struct operation {
	const uint8_t *key;
	uint8_t nonce[NONCE];
	uint8_t more[MORE_MAX];
	size_t more_len;
	uint8_t *text;
	size_t len;
	uint8_t *tag;
};

struct aead {
	uint8_t key, fixed, tag; /* bytes */
	uint8_t explicit; /* bytes of the nonce that stand in the record */
	int (*encrypt)(struct operation *o, size_t tag);
	int (*decrypt)(struct operation *o, size_t tag);
};

/* ---- the library's ---- */

static int result(int r)
{
	switch (r) {
	case 0:
		return 0;
	case MBEDTLS_ERR_CCM_AUTH_FAILED:
	case MBEDTLS_ERR_GCM_AUTH_FAILED:
	case MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED:
		return -EBADMSG;
	default:
		return -ENOMEM; /* there is no other reason to fail */
	}
}

static int ccm_encrypt(struct operation *o, size_t tag)
{
	mbedtls_ccm_context c;
	int r;

	mbedtls_ccm_init(&c);
	r = mbedtls_ccm_setkey(&c, MBEDTLS_CIPHER_ID_AES, o->key, 128);
	if (r == 0)
		r = mbedtls_ccm_encrypt_and_tag(&c, o->len, o->nonce, NONCE, o->more, o->more_len,
						o->text, o->text, o->tag, tag);
	mbedtls_ccm_free(&c);
	return result(r);
}

static int ccm_decrypt(struct operation *o, size_t tag)
{
	mbedtls_ccm_context c;
	int r;

	mbedtls_ccm_init(&c);
	r = mbedtls_ccm_setkey(&c, MBEDTLS_CIPHER_ID_AES, o->key, 128);
	if (r == 0)
		r = mbedtls_ccm_auth_decrypt(&c, o->len, o->nonce, NONCE, o->more, o->more_len,
					     o->text, o->text, o->tag, tag);
	mbedtls_ccm_free(&c);
	return result(r);
}

static int gcm_encrypt(struct operation *o, size_t tag)
{
	mbedtls_gcm_context c;
	int r;

	mbedtls_gcm_init(&c);
	r = mbedtls_gcm_setkey(&c, MBEDTLS_CIPHER_ID_AES, o->key, 128);
	if (r == 0)
		r = mbedtls_gcm_crypt_and_tag(&c, MBEDTLS_GCM_ENCRYPT, o->len, o->nonce, NONCE,
					      o->more, o->more_len, o->text, o->text, tag, o->tag);
	mbedtls_gcm_free(&c);
	return result(r);
}

static int gcm_decrypt(struct operation *o, size_t tag)
{
	mbedtls_gcm_context c;
	int r;

	mbedtls_gcm_init(&c);
	r = mbedtls_gcm_setkey(&c, MBEDTLS_CIPHER_ID_AES, o->key, 128);
	if (r == 0)
		r = mbedtls_gcm_auth_decrypt(&c, o->len, o->nonce, NONCE, o->more, o->more_len,
					     o->tag, tag, o->text, o->text);
	mbedtls_gcm_free(&c);
	return result(r);
}

static int chacha_encrypt(struct operation *o, size_t tag)
{
	mbedtls_chachapoly_context c;
	int r;

	(void)tag;
	mbedtls_chachapoly_init(&c);
	r = mbedtls_chachapoly_setkey(&c, o->key);
	if (r == 0)
		r = mbedtls_chachapoly_encrypt_and_tag(&c, o->len, o->nonce, o->more, o->more_len,
						       o->text, o->text, o->tag);
	mbedtls_chachapoly_free(&c);
	return result(r);
}

static int chacha_decrypt(struct operation *o, size_t tag)
{
	mbedtls_chachapoly_context c;
	int r;

	(void)tag;
	mbedtls_chachapoly_init(&c);
	r = mbedtls_chachapoly_setkey(&c, o->key);
	if (r == 0)
		r = mbedtls_chachapoly_auth_decrypt(&c, o->len, o->nonce, o->more, o->more_len,
						    o->tag, o->text, o->text);
	mbedtls_chachapoly_free(&c);
	return result(r);
}

static const struct aead *aead_of(uint8_t number)
{
	static const struct aead all[] = {
		[MP_DTLS_CCM_8] = {16, 4, 8, 8, ccm_encrypt, ccm_decrypt},
		[MP_DTLS_CCM] = {16, 4, 16, 8, ccm_encrypt, ccm_decrypt},
		[MP_DTLS_GCM] = {16, 4, 16, 8, gcm_encrypt, gcm_decrypt},
		[MP_DTLS_CHACHA20_POLY1305] = {32, 12, 16, 0, chacha_encrypt, chacha_decrypt},
	};

	return number > 0 && number < sizeof(all) / sizeof(all[0]) ? &all[number] : NULL;
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
	o.text = out + head + a->explicit;
	o.tag = o.text + o.len;
	if (len)
		memmove(o.text, data, len);
	if (cid_len)
		o.text[len] = type; /* and no padding */
	set_nonce(&o, a, key + a->key, out + 3);
	if (cid_len)
		set_more_with_cid(&o, keys + 2, cid_len, out + 3);
	else
		set_more(&o, type, out + 3);
	r = a->encrypt(&o, a->tag);
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
	struct operation o = {.key = key, .text = out};
	uint8_t tag[TAG_MAX];
	int e;

	if (r->whole[2] != 253 || r->body_len < (size_t)a->explicit + a->tag)
		return -EBADMSG;
	o.len = r->body_len - a->explicit - a->tag;
	if (o.len > CONTENT_MAX + 1u + (r->cid ? 255 : 0) || o.len > size)
		return -EMSGSIZE;
	memcpy(out, r->body + a->explicit, o.len);
	memcpy(tag, r->body + r->body_len - a->tag, a->tag);
	o.tag = tag;
	set_nonce(&o, a, key + a->key, a->explicit ? r->body : number);
	if (r->cid)
		set_more_with_cid(&o, r->cid, MP_DTLS_CID_SIZE, number);
	else
		set_more(&o, r->type, number);
	e = a->decrypt(&o, a->tag);
	if (e < 0) {
		explicit_bzero(out, o.len);
		return e;
	}
	if (r->cid)
		return take_inner(out, o.len, ret_type);
	*ret_type = r->type;
	return (int)o.len;
}
