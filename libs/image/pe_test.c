/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/test.h"
#include "image/internal.h"

/* A stub with one section at 0x1000 of 0x10 bytes, headers of 0x400, alignments 0x1000 and 0x200. */
static void make(uint8_t pe[0x600])
{
	memset(pe, 0, 0x600);
	memcpy(pe, "MZ", 2);
	pe[0x3c] = 0x40;
	memcpy(pe + 0x40, "PE\0\0", 4);
	pe[0x46] = 1; /* sections */
	pe[0x54] = 0x70; /* optional header */
	memcpy(pe + 0x58, "\x0b\x02", 2);
	memcpy(pe + 0x58 + 32, "\0\x10\0\0\0\x02\0\0", 8);
	memcpy(pe + 0x58 + 60, "\0\x04\0\0", 4);
	memcpy(pe + 0xc8, ".text\0\0\0\x10\0\0\0\0\x10\0\0\0\x02\0\0\0\x04\0\0", 24);
}

static unsigned get32(const char *data, size_t at)
{
	const uint8_t *p = (const uint8_t *)data + at;

	return p[0] | (unsigned)p[1] << 8 | (unsigned)p[2] << 16 | (unsigned)p[3] << 24;
}

TEST(section_goes_behind_the_last_in_memory_and_file)
{
	const struct pe_section s[] = {{".cmdline", "ro", 2}, {".linux", "kernel", 6}};
	uint8_t pe[0x600];
	MP_BUF(out, 64 * 1024);

	make(pe);
	ASSERT_OK(pe_append(pe, sizeof(pe), s, 2, &out));
	ASSERT_INT(0xa00, out.len);
	ASSERT_INT(3, out.data[0x46]);
	ASSERT(memcmp(out.data + 0xc8 + 40, ".cmdline", 8) == 0);
	ASSERT_INT(2, get32(out.data, 0xc8 + 40 + 8));
	ASSERT_INT(0x2000, get32(out.data, 0xc8 + 40 + 12));
	ASSERT_INT(0x200, get32(out.data, 0xc8 + 40 + 16));
	ASSERT_INT(0x600, get32(out.data, 0xc8 + 40 + 20));
	ASSERT_INT(0x3000, get32(out.data, 0xc8 + 80 + 12));
	ASSERT_INT(0x4000, get32(out.data, 0x58 + 56)); /* size of the image */
	ASSERT(memcmp(out.data + 0x800, "kernel", 6) == 0);
}

TEST(section_without_room_for_its_header_is_refused)
{
	struct pe_section s[32];
	uint8_t pe[0x600];
	MP_BUF(out, 64 * 1024);

	make(pe);
	for (int i = 0; i < 32; i++)
		s[i] = (struct pe_section){".x", "x", 1};
	ASSERT_OK(pe_append(pe, sizeof(pe), s, 19, &out));
	ASSERT_ERR(-EBADMSG, pe_append(pe, sizeof(pe), s, 20, &out));
}

TEST(stub_cut_before_its_headers_end_is_refused)
{
	const struct pe_section s = {".x", "x", 1};
	uint8_t pe[0x600];

	make(pe);
	for (size_t n = 0; n < 0x400; n++) {
		auto_free uint8_t *cut = malloc(n ? n : 1);
		MP_BUF(out, 64 * 1024);

		memcpy(cut, pe, n);
		ASSERT_ERR(-EBADMSG, pe_append(cut, n, &s, 1, &out));
	}
}

TORTURE(append_survives_oom)
{
	const struct pe_section s = {".x", "x", 1};
	uint8_t pe[0x600];
	MP_BUF(out, 64 * 1024);

	make(pe);
	return pe_append(pe, sizeof(pe), &s, 1, &out);
}
