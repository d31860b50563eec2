/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/utf8.h"

/* Bytes of the character that begins here; 0: none does. */
static size_t character(const uint8_t *b, size_t len)
{
	size_t n = b[0] < 0x80	 ? 1
		   : b[0] < 0xc2 ? 0
		   : b[0] < 0xe0 ? 2
		   : b[0] < 0xf0 ? 3
		   : b[0] < 0xf5 ? 4
				 : 0;

	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
	    (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
		return 0;
	return n;
}

bool mp_lwm2m_utf8_is_valid(const char *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n)
		if (!(n = character((const uint8_t *)text + at, len - at)))
			return false;
	return true;
}

size_t mp_lwm2m_utf8_encode(uint32_t c, char out[4])
{
	static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(c | lead[n > 1 ? n : 0]);
	return n;
}
