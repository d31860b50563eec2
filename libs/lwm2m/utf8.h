/* SPDX-License-Identifier: Apache-2.0
 * utf8.h - is this UTF-8 (RFC 3629)?
 *
 *     if (!mp_lwm2m_utf8_is_valid(text, len)) return -EBADMSG;
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No overlong forms, no surrogates, nothing beyond U+10FFFF. */
bool mp_lwm2m_utf8_is_valid(const char *text, size_t len);
/* Bytes that a character takes; it is below 0x110000. */
size_t mp_lwm2m_utf8_encode(uint32_t character, char out[4]);
