/* SPDX-License-Identifier: Apache-2.0
 * wire.h - the bytes of DTLS that the demultiplexer itself reads and writes (RFC 6347, RFC 9146)
 *
 *     while (mp_dtls_record_next(&data, &len, &record) == 0)
 *             if (record.type == MP_DTLS_HANDSHAKE && mp_dtls_hello_parse(&record, &hello) == 0)
 *                     n = mp_dtls_verify_format(&hello, cookie, cookie_len, out);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MP_DTLS_CID_SIZE 8 /* of the connection ids that we give out: the record does not tell */
#define MP_DTLS_RECORD_MAX 18432 /* 2^14 and what a cipher may add */

enum mp_dtls_record_type {
	MP_DTLS_CHANGE_CIPHER_SPEC = 20,
	MP_DTLS_ALERT_RECORD = 21,
	MP_DTLS_HANDSHAKE = 22,
	MP_DTLS_DATA = 23,
	MP_DTLS_WITH_CID = 25,
};

enum { MP_DTLS_CLIENT_HELLO = 1 }; /* handshake messages; HelloRequest is 0 */
enum { MP_DTLS_WARNING = 1, MP_DTLS_FATAL = 2 }; /* alerts */
enum { MP_DTLS_CLOSE_NOTIFY = 0, MP_DTLS_NO_RENEGOTIATION = 100 };

struct mp_dtls_record { /* borrowed */
	uint8_t type;
	uint64_t number; /* epoch << 48 | sequence number */
	const uint8_t *cid; /* NULL: none */
	const uint8_t *whole, *body; /* from its header; what stands behind it */
	size_t whole_len, body_len;
};
static inline unsigned mp_dtls_record_epoch(const struct mp_dtls_record *r)
{
	return (unsigned)(r->number >> 48);
}

/* The next record of a datagram; moves `*data` and `*len` on. -ENOENT at the end, -EBADMSG: the rest
 * is no record. */
int mp_dtls_record_next(const uint8_t **data, size_t *len, struct mp_dtls_record *ret);

struct mp_dtls_hello { /* borrowed */
	uint64_t record_number;
	unsigned message_number;
	const uint8_t *random; /* 32 bytes */
	const uint8_t *parameters; /* version, random and session id */
	size_t parameters_len;
	const uint8_t *cookie;
	size_t cookie_len;
	const uint8_t *suites; /* the suites and the compression methods, with their lengths */
	size_t suites_len;
	bool psk, certificate; /* a suite that we know of this kind */
	bool raw_key; /* client_certificate_type has RawPublicKey */
	bool cid;
};

/* Is it a ClientHello, by its first byte? */
bool mp_dtls_is_hello(const struct mp_dtls_record *r);
/* A whole, unfragmented ClientHello of DTLS 1.2 in a record of epoch 0. -EBADMSG, -ENOTSUP: another
 * version, or fragments. */
int mp_dtls_hello_parse(const struct mp_dtls_record *r, struct mp_dtls_hello *ret);

#define MP_DTLS_VERIFY_MAX (13 + 12 + 3 + 255)
/* A HelloVerifyRequest to `h`. Returns its length. */
size_t mp_dtls_verify_format(const struct mp_dtls_hello *h, const void *cookie, uint8_t cookie_len,
			     uint8_t out[MP_DTLS_VERIFY_MAX]);
