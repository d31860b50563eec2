/* SPDX-License-Identifier: Apache-2.0
 * range.h - the Range request header and its answers (RFC 9110, section 14)
 *
 *     n = mp_range_parse("bytes=0-99,200-", size, ranges, MP_RANGES);
 *     n > 0: send 206 with these; 0: no header, or too many ranges: send all; -ERANGE: 416
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MP_RANGES 64 /* more in one request count as an attack: the whole is sent */

struct mp_range {
	uint64_t first, last; /* both inclusive, both below the size */
};

/* `header` may be NULL. Unsatisfiable parts are left out; when none is left, -ERANGE, which is
 * also the answer to a malformed header and to another unit than bytes, as hawkBit gives it. */
int mp_range_parse(const char *header, uint64_t size, struct mp_range *ret, size_t room);
