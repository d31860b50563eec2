/* SPDX-License-Identifier: Apache-2.0
 * internal.h - what the files of libs/coap share: the numbers of 4 bits that may be extended
 *
 * Token lengths, option deltas and option lengths are written alike (RFC 7252 section 3.1, RFC 8974
 * section 2.1): 0 to 12 stand in the 4 bits, 13 announces one more byte, 14 two; 15 is reserved.
 */
#pragma once

#include <errno.h>

#include "coap/message.h"

#define MP_COAP_EXTENDED_MOST (269 + 65535)

/* The number that `nibble` begins; *at goes past its extension. 0, -EBADMSG. */
static inline int mp_coap_extended_decode(const uint8_t **at, const uint8_t *end, unsigned nibble,
					  uint32_t *ret)
{
	const uint8_t *p = *at;

	if (nibble < 13) {
		*ret = nibble;
		return 0;
	}
	if (nibble == 15 || end - p < (nibble == 13 ? 1 : 2))
		return -EBADMSG;
	*ret = nibble == 13 ? 13U + p[0] : 269U + (uint32_t)(p[0] << 8 | p[1]);
	*at = p + (nibble == 13 ? 1 : 2);
	return 0;
}

static inline unsigned mp_coap_extended_nibble(size_t value)
{
	return value < 13 ? (unsigned)value : value < 269 ? 13 : 14;
}

/* Write the bytes that follow the nibble of `value`, 0 to 2; their end. */
static inline uint8_t *mp_coap_extended_encode(uint8_t *out, size_t value)
{
	if (value >= 269) {
		*out++ = (uint8_t)((value - 269) >> 8);
		*out++ = (uint8_t)(value - 269);
	} else if (value >= 13) {
		*out++ = (uint8_t)(value - 13);
	}
	return out;
}

static inline size_t mp_coap_extended_size(size_t value)
{
	return value < 13 ? 0 : value < 269 ? 1 : 2;
}

/* Options and payload, which are the rest of every message. 0, -EBADMSG. */
int mp_coap_body_decode(const uint8_t *at, const uint8_t *end, struct mp_coap_message *m);
/* Where the option at *walk ends; sets *ret and moves the walk on. 0, -EBADMSG. */
int mp_coap_option_decode(struct mp_coap_options *walk, struct mp_coap_option *ret);
