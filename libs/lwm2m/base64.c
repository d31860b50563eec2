/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/base64.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>

static int digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

int mp_lwm2m_base64_decode(const char *text, size_t len, void *out, size_t room)
{
	uint8_t *to = out;
	uint32_t bits = 0;
	size_t n = 0;

	if (len % 4 == 0)
		for (int pad = 0; pad < 2 && len && text[len - 1] == '='; pad++)
			len--;
	if (len % 4 == 1)
		return -EBADMSG;
	if (len / 4 * 3 + len % 4 * 6 / 8 > room || len > INT_MAX)
		return -ENOSPC;
	for (size_t i = 0; i < len; i++) {
		int d = digit(text[i]);

		if (d < 0)
			return -EBADMSG;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4)
			to[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	if (len % 4 && (bits & (len % 4 == 2 ? 0xf : 0x3)))
		return -EBADMSG;
	return (int)n;
}

size_t mp_lwm2m_base64_length(size_t len, bool url)
{
	size_t tail = len % 3;

	return len / 3 * 4 + (tail == 0 ? 0 : url ? tail + 1 : 4);
}

void mp_lwm2m_base64_encode(const void *bytes, size_t len, bool url, char *text)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)b[i] << 16 | (left > 1 ? (uint32_t)b[i + 1] << 8 : 0) |
				(left > 2 ? b[i + 2] : 0);

		for (unsigned k = 0; k < 4; k++) {
			unsigned d = bits >> (18 - 6 * k) & 63;

			if (k > left) {
				if (!url)
					*text++ = '=';
			} else {
				*text++ = url && d == 62 ? '-' : url && d == 63 ? '_' : alphabet[d];
			}
		}
	}
}
