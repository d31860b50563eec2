/* SPDX-License-Identifier: Apache-2.0
 * base64.h - Base64 of text formats (RFC 4648 sections 4 and 5)
 *
 *     n = mp_lwm2m_base64_decode(text, len, out, room);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Both alphabets, with or without padding; unused bits must be 0. `out` may be where the text
 * begins. The length, -EBADMSG, -ENOSPC. */
int mp_lwm2m_base64_decode(const char *text, size_t len, void *out, size_t room);

/* Characters that `len` bytes take: padded in the alphabet of section 4, not padded in that of URLs. */
size_t mp_lwm2m_base64_length(size_t len, bool url);
/* Writes that many, and no NUL. */
void mp_lwm2m_base64_encode(const void *bytes, size_t len, bool url, char *text);
