/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/test.h"

/* A superblock as veritysetup writes it: 4 KiB blocks, 21992 of them, a salt of 4 bytes. */
static void make(uint8_t sb[512])
{
	static const uint8_t numbers[] = {0,	16, 0, 0, 0, 16, 0, 0, 0xe8,
					  0x55, 0,  0, 0, 0, 0,	 0, 4};
	static const uint8_t salt[] = {0xde, 0xad, 0xbe, 0xef};

	memset(sb, 0, 512);
	memcpy(sb, "verity", 6);
	sb[8] = 1;
	sb[12] = 1;
	memcpy(sb + 32, "sha256", 6);
	memcpy(sb + 64, numbers, sizeof numbers);
	memcpy(sb + 88, salt, sizeof salt);
}

TEST(superblock_becomes_the_parameters_of_the_target)
{
	uint8_t sb[512];
	struct init_verity v;
	char text[256];

	make(sb);
	ASSERT_OK(init_verity_decode(sb, sizeof sb, &v));
	ASSERT_OK(init_verity_params(&v, "/dev/vda2", "/dev/vda3", "abcd", text, sizeof text));
	ASSERT_STR("1 /dev/vda2 /dev/vda3 4096 4096 21992 1 sha256 abcd deadbeef 1 "
		   "panic_on_corruption",
		   text);
	ASSERT_ERR(-EFBIG, init_verity_params(&v, "/dev/vda2", "/dev/vda3", "abcd", text, 20));
}

TEST(superblock_without_salt_has_a_dash)
{
	uint8_t sb[512];
	struct init_verity v;

	make(sb);
	sb[80] = 0;
	ASSERT_OK(init_verity_decode(sb, sizeof sb, &v));
	ASSERT_STR("-", v.salt);
}

TEST(superblock_cut_anywhere_is_refused)
{
	uint8_t sb[512];
	struct init_verity v;

	make(sb);
	for (size_t n = 0; n < sizeof sb; n++) {
		auto_free uint8_t *cut = malloc(n ? n : 1);

		memcpy(cut, sb, n);
		ASSERT_ERR(-EBADMSG, init_verity_decode(cut, n, &v));
	}
}

TEST(superblock_with_a_wrong_field_is_refused)
{
	static const struct {
		unsigned at, value;
	} wrong[] = {{0, 'x'},	{8, 2},	 {12, 0}, {32, 0}, {32, ' '},
		     {33, 'A'}, {65, 3}, {69, 0}, {81, 2}, {79, 0xff}};
	struct init_verity v;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		uint8_t sb[512];

		make(sb);
		sb[wrong[i].at] = (uint8_t)wrong[i].value;
		ASSERT_ERR(-EBADMSG, init_verity_decode(sb, sizeof sb, &v));
	}
}
