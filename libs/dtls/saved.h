/* SPDX-License-Identifier: Apache-2.0
 * saved.h - the bytes of a file of parked sessions
 *
 *     r = mp_dtls_saved_open(&c, data, len, versions);
 *     while ((r = mp_dtls_saved_next(&c, &s)) == 0)
 *             ...                             // -ENOENT: that was all, and the end is there
 *
 * All numbers are little-endian.
 *
 *     header   "mpdtls2\n", u8 backends (1 to 3), each: u8 length, "name version"
 *     session  u16 length of what follows it, which is at least 51
 *              u8 flags (1 client, 2 local address, 4 connection id, 8 digest)
 *              u8 backend, u8 kind, u8 length of the text
 *              u64 newest record, u64 window of records seen below it, u32 seconds since then
 *              u64 next record from here
 *              address (16 bytes, u16 port), [local address], [8: connection id], [32: digest],
 *              text, and the rest: keys, as the backend has them
 *     end      u16 0, "end\n"
 */
#pragma once

#include "base/buf.h"
#include "dtls/dtls.h"

#define MP_DTLS_SAVED_BACKENDS 3
#define MP_DTLS_SAVED_MAX 1024 /* bytes of a session */

struct mp_dtls_saved { /* borrowed */
	bool client, has_local;
	uint8_t backend, kind;
	uint64_t top, window, next;
	uint32_t age;
	struct mp_net_address address, local;
	const uint8_t *cid, *digest; /* NULL: none */
	const char *text; /* no NUL follows */
	size_t text_len;
	const uint8_t *keys;
	size_t keys_len;
};

/* Append to the buffer: 0, -EFBIG, -ENOMEM. `versions`: "name version" of each backend, then NULL. */
int mp_dtls_saved_add_header(struct mp_buf *b, const char *const *versions);
int mp_dtls_saved_add(struct mp_buf *b, const struct mp_dtls_saved *s);
int mp_dtls_saved_add_end(struct mp_buf *b);

struct mp_dtls_saved_cursor {
	const uint8_t *p;
	size_t left;
	unsigned backends;
};
/* -EBADMSG; -ESTALE: other versions wrote it, or in another order. */
int mp_dtls_saved_open(struct mp_dtls_saved_cursor *c, const void *data, size_t len,
		       const char *const *versions);
int mp_dtls_saved_next(struct mp_dtls_saved_cursor *c, struct mp_dtls_saved *ret);
