/* SPDX-License-Identifier: Apache-2.0 */
/* le.h - little-endian integers in bytes, wherever they stand
 *
 *     uint32_t size = mp_le32(p + 12);
 *     mp_put_le32(p + 12, size);
 */
#pragma once

#include <stdint.h>

static inline uint16_t mp_le16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t mp_le32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)mp_le16(b) | (uint32_t)mp_le16(b + 2) << 16;
}

static inline uint64_t mp_le64(const void *p)
{
	const uint8_t *b = p;

	return (uint64_t)mp_le32(b) | (uint64_t)mp_le32(b + 4) << 32;
}

static inline void mp_put_le16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)v;
	b[1] = (uint8_t)(v >> 8);
}

static inline void mp_put_le32(void *p, uint32_t v)
{
	uint8_t *b = p;

	mp_put_le16(b, (uint16_t)v);
	mp_put_le16(b + 2, (uint16_t)(v >> 16));
}

static inline void mp_put_le64(void *p, uint64_t v)
{
	uint8_t *b = p;

	mp_put_le32(b, (uint32_t)v);
	mp_put_le32(b + 4, (uint32_t)(v >> 32));
}
