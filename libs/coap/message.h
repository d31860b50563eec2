/* SPDX-License-Identifier: Apache-2.0
 * message.h - CoAP messages as bytes (RFC 7252 section 3; over TCP: RFC 8323 section 3.2)
 *
 *     r = mp_coap_decode(data, len, &m);
 *     MP_COAP_EACH_OPTION(o, &m) { if (o.number == MP_COAP_URI_PATH) ... }
 *
 *     struct mp_coap_writer w;
 *     mp_coap_write(&w, out, sizeof(out), &(struct mp_coap_header){ .type = MP_COAP_CON, ... });
 *     mp_coap_add_text(&w, MP_COAP_URI_PATH, "rd");
 *     mp_coap_add_payload(&w, body, n);
 *     r = mp_coap_end(&w);                     // its length, or -ENOSPC, -EINVAL
 *
 * No clock, no memory, no I/O: what is decoded points into the bytes that were given. A decoded
 * message is sound as a whole: its options can be walked without further checks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mp_coap_type { MP_COAP_CON, MP_COAP_NON, MP_COAP_ACK, MP_COAP_RST };

#define MP_COAP_CODE(class, detail) ((uint8_t)(((class) << 5) | (detail)))
enum mp_coap_code {
	MP_COAP_EMPTY = 0,
	MP_COAP_GET = 1,
	MP_COAP_POST,
	MP_COAP_PUT,
	MP_COAP_DELETE,
	MP_COAP_FETCH, /* RFC 8132 */
	MP_COAP_PATCH,
	MP_COAP_IPATCH,
	MP_COAP_CREATED = MP_COAP_CODE(2, 1),
	MP_COAP_DELETED,
	MP_COAP_VALID,
	MP_COAP_CHANGED,
	MP_COAP_CONTENT,
	MP_COAP_CONTINUE = MP_COAP_CODE(2, 31),
	MP_COAP_BAD_REQUEST = MP_COAP_CODE(4, 0),
	MP_COAP_UNAUTHORIZED,
	MP_COAP_BAD_OPTION,
	MP_COAP_FORBIDDEN,
	MP_COAP_NOT_FOUND,
	MP_COAP_METHOD_NOT_ALLOWED,
	MP_COAP_NOT_ACCEPTABLE,
	MP_COAP_INCOMPLETE = MP_COAP_CODE(4, 8), /* RFC 7959 */
	MP_COAP_CONFLICT = MP_COAP_CODE(4, 9), /* RFC 8132 */
	MP_COAP_PRECONDITION_FAILED = MP_COAP_CODE(4, 12),
	MP_COAP_TOO_LARGE = MP_COAP_CODE(4, 13),
	MP_COAP_UNSUPPORTED_FORMAT = MP_COAP_CODE(4, 15),
	MP_COAP_UNPROCESSABLE = MP_COAP_CODE(4, 22),
	MP_COAP_TOO_MANY_REQUESTS = MP_COAP_CODE(4, 29), /* RFC 8516 */
	MP_COAP_INTERNAL_ERROR = MP_COAP_CODE(5, 0),
	MP_COAP_NOT_IMPLEMENTED,
	MP_COAP_BAD_GATEWAY,
	MP_COAP_UNAVAILABLE,
	MP_COAP_GATEWAY_TIMEOUT,
	MP_COAP_PROXYING_NOT_SUPPORTED,
	MP_COAP_HOP_LIMIT_REACHED = MP_COAP_CODE(5, 8), /* RFC 8768 */
	MP_COAP_CSM = MP_COAP_CODE(7, 1), /* signals of RFC 8323 */
	MP_COAP_PING,
	MP_COAP_PONG,
	MP_COAP_RELEASE,
	MP_COAP_ABORT,
};
static inline unsigned mp_coap_class(uint8_t code)
{
	return code >> 5;
}
static inline bool mp_coap_is_request(uint8_t code)
{
	return code > 0 && code < 32;
}
/* "2.05", and the name of RFC 7252 section 12.1: "CONTENT", "GET"; "?" when it has none. */
void mp_coap_code_format(uint8_t code, char text[5]);
const char *mp_coap_code_name(uint8_t code);

enum mp_coap_option_number {
	MP_COAP_IF_MATCH = 1,
	MP_COAP_URI_HOST = 3,
	MP_COAP_ETAG = 4,
	MP_COAP_IF_NONE_MATCH = 5,
	MP_COAP_OBSERVE = 6,
	MP_COAP_URI_PORT = 7,
	MP_COAP_LOCATION_PATH = 8,
	MP_COAP_URI_PATH = 11,
	MP_COAP_CONTENT_FORMAT = 12,
	MP_COAP_MAX_AGE = 14,
	MP_COAP_URI_QUERY = 15,
	MP_COAP_HOP_LIMIT = 16,
	MP_COAP_ACCEPT = 17,
	MP_COAP_LOCATION_QUERY = 20,
	MP_COAP_BLOCK2 = 23,
	MP_COAP_BLOCK1 = 27,
	MP_COAP_SIZE2 = 28,
	MP_COAP_PROXY_URI = 35,
	MP_COAP_PROXY_SCHEME = 39,
	MP_COAP_SIZE1 = 60,
	MP_COAP_ECHO = 252, /* RFC 9175 */
	MP_COAP_REQUEST_TAG = 292, /* RFC 9175 */
};
static inline bool mp_coap_option_is_critical(unsigned number)
{
	return number & 1;
}

#define MP_COAP_TOKEN 8 /* most bytes of a token that we make or keep (RFC 8974 allows more) */

struct mp_coap_message {
	enum mp_coap_type type; /* over TCP always MP_COAP_NON */
	uint8_t code;
	uint16_t mid; /* over TCP 0 */
	const uint8_t *token; /* extended lengths of RFC 8974 are decoded */
	size_t token_len;
	const uint8_t *options; /* as encoded */
	size_t options_len;
	const uint8_t *payload;
	size_t payload_len; /* 0: none */
};
/* A whole datagram. -EBADMSG: malformed (RFC 7252 section 3; so is a code of a reserved class, 4.2),
 * -ENOTSUP: another version; mp_coap_peek() tells what can be reset. Which types go with which codes
 * is left to the endpoint. */
int mp_coap_decode(const void *data, size_t len, struct mp_coap_message *ret);
/* Type and message id of what may be malformed further on, so that it can be reset. 0, -EBADMSG. */
int mp_coap_peek(const void *data, size_t len, enum mp_coap_type *ret_type, uint16_t *ret_mid);

struct mp_coap_option {
	unsigned number;
	const uint8_t *value;
	size_t len;
};
struct mp_coap_options { /* a walk */
	const uint8_t *at, *end;
	unsigned number;
};
static inline struct mp_coap_options mp_coap_options(const struct mp_coap_message *m)
{
	return (struct mp_coap_options){m->options, m->options + m->options_len, 0};
}
bool mp_coap_option_next(struct mp_coap_options *walk, struct mp_coap_option *ret);
#define MP_COAP_EACH_OPTION(o, m)                                                                  \
	for (struct mp_coap_options walk_##o = mp_coap_options(m), *once_##o = &walk_##o;          \
	     once_##o; once_##o = NULL)                                                            \
		for (struct mp_coap_option o; mp_coap_option_next(&walk_##o, &o);)

/* The first option of this number. */
bool mp_coap_find(const struct mp_coap_message *m, unsigned number, struct mp_coap_option *ret);
/* An unsigned number of at most 4 bytes (RFC 7252 section 3.2). 0, -EBADMSG: longer. */
int mp_coap_option_uint(const struct mp_coap_option *o, uint32_t *ret);
/* The same of the first option of this number: 1 found, 0 not there, -EBADMSG. */
int mp_coap_find_uint(const struct mp_coap_message *m, unsigned number, uint32_t *ret);
/* Is `o` of a length that its number allows (RFC 7252 table 4 and the other RFCs above)? Unknown numbers are. */
bool mp_coap_option_is_sound(const struct mp_coap_option *o);
/* Is the Uri-Path "/a/b"? `path` without a leading slash, "" for the root. */
bool mp_coap_path_is(const struct mp_coap_message *m, const char *path);

/* Block1 and Block2 (RFC 7959 section 2.2). */
struct mp_coap_block {
	uint32_t num;
	bool more;
	uint8_t szx; /* size = 16 << szx; 0 to 6; 7 is BERT (RFC 8323), over TCP alone */
};
int mp_coap_block_decode(const struct mp_coap_option *o, struct mp_coap_block *ret); /* -EBADMSG */
uint32_t mp_coap_block_encode(const struct mp_coap_block *b);
static inline size_t mp_coap_block_size(const struct mp_coap_block *b)
{
	return b->szx == 7 ? 1024 : (size_t)16 << b->szx;
}

/* ---- writing ---- */
struct mp_coap_header {
	enum mp_coap_type type;
	uint8_t code;
	uint16_t mid;
	const uint8_t *token;
	size_t token_len;
};
struct mp_coap_writer {
	uint8_t *data;
	size_t room, len;
	unsigned last; /* option number */
	int error;
};
/* Errors are kept and told at the end. Options must come in the order of their numbers (-EINVAL). */
void mp_coap_write(struct mp_coap_writer *w, void *data, size_t room,
		   const struct mp_coap_header *h);
void mp_coap_add(struct mp_coap_writer *w, unsigned number, const void *value, size_t len);
void mp_coap_add_uint(struct mp_coap_writer *w, unsigned number, uint32_t value);
void mp_coap_add_text(struct mp_coap_writer *w, unsigned number, const char *text);
/* "a/b/c" as one option a segment (no escapes); "" adds none. */
void mp_coap_add_path(struct mp_coap_writer *w, unsigned number, const char *path);
void mp_coap_add_payload(struct mp_coap_writer *w, const void *payload, size_t len);
int mp_coap_end(struct mp_coap_writer *w);

/* ---- RFC 8323: one message of a byte stream ---- */
/* Bytes used, 0: more bytes are needed; -EBADMSG; -EFBIG: announced longer than `limit`. */
int mp_coap_tcp_decode(const void *data, size_t len, size_t limit, struct mp_coap_message *ret);
/* Turn a message that mp_coap_end() finished into its form over TCP. Its length; -ENOSPC. */
int mp_coap_tcp_encode(const struct mp_coap_message *m, void *out, size_t room);
