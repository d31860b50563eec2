/* SPDX-License-Identifier: Apache-2.0
 * seal.h - records of an established session, protected by its keys alone, without a context
 *
 *     mp_dtls_seal_keys(MP_DTLS_CCM_8, block, client, cid, cid_len, keys);   // once; 42 bytes
 *     n = mp_dtls_seal(keys, MP_DTLS_DATA, number, data, len, out, sizeof(out));
 *     n = mp_dtls_unseal(keys, &record, out, sizeof(out), &type);
 *
 * The record layer of RFC 6347, 4.1.2 for the AEADs of RFC 6655 (CCM), 5288 (GCM) and 7905
 * (ChaCha20-Poly1305), with connection ids as in RFC 9146. A handshake is the library's; what it has
 * agreed on is these keys, and from then on nothing else of it is needed.
 *
 * A nonce is made of the record's number (epoch and sequence number, 64 bits) and of the
 * direction's fixed part, so it is used twice only if a number is. Numbers are the caller's: it
 * raises its counter before the record leaves, keeps one counter a session, and stops at the end of
 * the epoch. The library's context is at its end before the first record is sealed here, and the
 * first number is above all that it has sent. What comes in bears its own nonce; whether its number
 * has been seen is the caller's question as well.
 *
 * Tags are compared by the library in constant time, and nothing of a record that is not genuine is
 * given out.
 */
#pragma once

#include "dtls/wire.h"

enum mp_dtls_aead { /* the numbers stand in files */
		    MP_DTLS_CCM_8 = 1, /* AES-128, a tag of 8 bytes */
		    MP_DTLS_CCM = 2,
		    MP_DTLS_GCM = 3, /* AES-128 */
		    MP_DTLS_CHACHA20_POLY1305 = 4,
};

#define MP_DTLS_BLOCK_MAX 88 /* of a key block: two keys of 32 and two fixed parts of 12 bytes */
#define MP_DTLS_PEER_CID_MAX 32
#define MP_DTLS_SEAL_KEYS_MAX (2 + MP_DTLS_PEER_CID_MAX + MP_DTLS_BLOCK_MAX)
#define MP_DTLS_SEAL_MORE 80 /* bytes that a record is longer than its data, at most */

/* Put keys together from a key block (RFC 5246, 6.3: client's key, server's key, client's fixed
 * part, server's), as the client or the server has them. `cid` is what the peer wants its records to bear;
 * cid_len 0: none. Returns the length. */
size_t mp_dtls_seal_keys(enum mp_dtls_aead aead, const uint8_t *block, bool client,
			 const uint8_t *cid, size_t cid_len, uint8_t ret[MP_DTLS_SEAL_KEYS_MAX]);
/* Bytes of a key block that this AEAD takes. */
size_t mp_dtls_seal_block(enum mp_dtls_aead aead);
/* Is this what mp_dtls_seal_keys() makes? */
bool mp_dtls_seal_is_keys(const void *keys, size_t len);

/* A whole record of this content type and number (epoch << 48 | sequence number). Its length;
 * -EMSGSIZE: `size` is too small, or `len` above 2^14; -ENOMEM. `keys` must be such. */
int mp_dtls_seal(const uint8_t *keys, uint8_t type, uint64_t number, const void *data, size_t len,
		 uint8_t *out, size_t size);

/* The content of a record and its type, which a record with a connection id hides. Its length;
 * -EBADMSG: not genuine; -EMSGSIZE, -ENOMEM. */
int mp_dtls_unseal(const uint8_t *keys, const struct mp_dtls_record *r, uint8_t *out, size_t size,
		   uint8_t *ret_type);
