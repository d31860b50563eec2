/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/test.h"

#define SECTORS 20480 /* of the image: 10 MiB */
#define BIG 65536 /* of the disk that it was written to */

static void put(uint8_t *p, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get(const uint8_t *p, int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

static uint32_t crc(const uint8_t *p, size_t len)
{
	uint32_t c = ~0u;

	for (size_t i = 0; i < len * 8; i++)
		c = (c >> 1) ^ (((c ^ (uint32_t)(p[i / 8] >> (i % 8))) & 1) ? 0xedb88320 : 0);
	return ~c;
}

/* Two partitions: 2048-4095 and 4096-8191. Only the primary table, which is all that is read. */
static int make(char path[])
{
	static uint8_t disk[34 * 512];
	uint8_t *h = disk + 512, *e = disk + 1024;
	int fd = mkstemp(path);

	memset(disk, 0, sizeof disk);
	for (int i = 0; i < 2; i++) {
		e[i * 128] = 1;
		put(e + i * 128 + 32, i ? 4096 : 2048, 8);
		put(e + i * 128 + 40, i ? 8191 : 4095, 8);
	}
	memcpy(h, "EFI PART\0\0\1\0", 12);
	put(h + 12, 92, 4);
	put(h + 24, 1, 8);
	put(h + 32, SECTORS - 1, 8);
	put(h + 48, SECTORS - 34, 8);
	put(h + 72, 2, 8);
	put(h + 80, 128, 4);
	put(h + 84, 128, 4);
	put(h + 88, crc(e, 128 * 128), 4);
	put(h + 16, crc(h, 92), 4);
	if (fd < 0 || pwrite(fd, disk, sizeof disk, 0) != (ssize_t)sizeof disk ||
	    ftruncate(fd, BIG * 512L) < 0 || unlink(path) < 0)
		return -1;
	return fd;
}

static uint32_t stored_crc(int fd, uint64_t sector, uint8_t header[512])
{
	uint32_t is;

	if (pread(fd, header, 512, (off_t)(sector * 512)) != 512)
		return 0;
	is = (uint32_t)get(header + 16, 4);
	put(header + 16, 0, 4);
	return is;
}

TEST(last_partition_grows_to_the_end_of_the_disk)
{
	char path[] = "/tmp/init-grow-XXXXXX";
	auto_close int fd = make(path);
	uint64_t start, sectors;
	uint8_t h[512];

	ASSERT(fd >= 0);
	ASSERT_INT(1, init_grow_table(fd, BIG, 2, &start, &sectors));
	ASSERT_INT(4096, (long long)start);
	ASSERT_INT(BIG - 2048 - 4096, (long long)sectors);
	ASSERT_INT(stored_crc(fd, 1, h), crc(h, 92));
	ASSERT_INT(BIG - 1, (long long)get(h + 32, 8));
	ASSERT_INT(stored_crc(fd, BIG - 1, h), crc(h, 92));
	ASSERT_INT(1, (long long)get(h + 32, 8));
	ASSERT_INT(BIG - 33, (long long)get(h + 72, 8));
	ASSERT_INT(0, init_grow_table(fd, BIG, 2, &start, &sectors));
}

TEST(partition_before_another_does_not_grow)
{
	char path[] = "/tmp/init-grow-XXXXXX";
	auto_close int fd = make(path);
	uint64_t start, sectors;

	ASSERT_ERR(-ENOTSUP, init_grow_table(fd, BIG, 1, &start, &sectors));
	ASSERT_ERR(-ENOTSUP, init_grow_table(fd, BIG, 0, &start, &sectors));
	ASSERT_ERR(-ENOTSUP, init_grow_table(fd, BIG, 129, &start, &sectors));
}

TEST(damaged_table_is_left_alone)
{
	uint64_t start, sectors;

	for (long at = 512; at < 604; at++) {
		char path[] = "/tmp/init-grow-XXXXXX";
		auto_close int fd = make(path);
		uint8_t byte;

		ASSERT_INT(1, pread(fd, &byte, 1, at));
		byte ^= 0x40;
		ASSERT_INT(1, pwrite(fd, &byte, 1, at));
		ASSERT_ERR(-EBADMSG, init_grow_table(fd, BIG, 2, &start, &sectors));
	}
}
