/* SPDX-License-Identifier: Apache-2.0 */
/* An image is smaller than the disk that it is written to. At a boot on a larger disk the last
 * partition, `data`, is stretched to the end: the backup table is written to the new end and
 * flushed, then the primary one, so that a power cut leaves a sound table. The file system follows
 * while mounted; a cut there is the file system's own affair, and the next boot goes on.
 *
 * UEFI specification 2.10, section 5.3: header in sector 1, entries of 128 bytes from the sector
 * that it names, CRC-32 over both, the backup's entries in front of its header in the last sector.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/auto.h"

#define SECTOR 512
#define ENTRY 128
#define ENTRIES 128
#define TABLE (ENTRIES * ENTRY) /* bytes: 32 sectors */
#define ALIGN 2048 /* sectors: 1 MiB */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

struct table {
	uint8_t header[SECTOR];
	uint8_t entries[TABLE];
};

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return v;
}

static void put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof v);
}

static void put32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, sizeof v);
}

static uint32_t crc32(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffff;

	while (len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = (crc >> 1) ^ (0xedb88320 & -(crc & 1));
	}
	return ~crc;
}

static uint32_t header_crc(const struct table *t)
{
	uint8_t h[92];

	memcpy(h, t->header, sizeof h);
	put32(h + 16, 0);
	return crc32(h, sizeof h);
}

static int table_read(int fd, struct table *t)
{
	if (pread(fd, t->header, SECTOR, SECTOR) != SECTOR)
		return -EIO;
	if (memcmp(t->header, "EFI PART", 8) != 0 || get32(t->header + 12) != 92 ||
	    get32(t->header + 16) != header_crc(t) || get64(t->header + 72) != 2 ||
	    get32(t->header + 80) != ENTRIES || get32(t->header + 84) != ENTRY)
		return -EBADMSG;
	if (pread(fd, t->entries, TABLE, 2 * SECTOR) != TABLE)
		return -EIO;
	return get32(t->header + 88) == crc32(t->entries, TABLE) ? 0 : -EBADMSG;
}

/* Write one copy: header at `own`, entries at `first`, `other` is the other header's sector. */
static int table_write(int fd, struct table *t, uint64_t own, uint64_t first, uint64_t other)
{
	put64(t->header + 24, own);
	put64(t->header + 32, other);
	put64(t->header + 72, first);
	put32(t->header + 88, crc32(t->entries, TABLE));
	put32(t->header + 16, header_crc(t));
	if (pwrite(fd, t->entries, TABLE, (off_t)(first * SECTOR)) != TABLE ||
	    pwrite(fd, t->header, SECTOR, (off_t)(own * SECTOR)) != SECTOR)
		return -EIO;
	return fsync(fd) < 0 ? -errno : 0;
}

static bool is_last(const struct table *t, unsigned number)
{
	uint64_t start = get64(t->entries + (number - 1) * ENTRY + 32);

	for (unsigned i = 0; i < ENTRIES; i++)
		if (get64(t->entries + i * ENTRY + 32) > start)
			return false;
	return start > 0;
}

int init_grow_table(int fd, uint64_t sectors, unsigned number, uint64_t *ret_start,
		    uint64_t *ret_sectors)
{
	struct table t;
	uint8_t *entry;
	uint64_t end;
	int r = table_read(fd, &t);

	if (r < 0)
		return r;
	if (number < 1 || number > ENTRIES || !is_last(&t, number))
		return -ENOTSUP;
	entry = t.entries + (number - 1) * ENTRY;
	end = (sectors - TABLE / SECTOR - 1) / ALIGN * ALIGN; /* first sector past it */
	*ret_start = get64(entry + 32);
	*ret_sectors = get64(entry + 40) + 1 - *ret_start;
	if (get64(entry + 40) + 1 >= end)
		return 0;
	put64(entry + 40, end - 1);
	put64(t.header + 48, sectors - TABLE / SECTOR - 2); /* last usable sector */
	r = table_write(fd, &t, sectors - 1, sectors - 1 - TABLE / SECTOR, 1);
	if (r == 0)
		r = table_write(fd, &t, 1, 2, sectors - 1);
	if (r < 0)
		return r;
	*ret_sectors = end - *ret_start;
	return 1;
}

static int tell_kernel(int fd, unsigned number, uint64_t start, uint64_t sectors)
{
	struct blkpg_partition p = {.start = (long long)(start * SECTOR),
				    .length = (long long)(sectors * SECTOR),
				    .pno = (int)number};
	struct blkpg_ioctl_arg arg = {
		.op = BLKPG_RESIZE_PARTITION, .datalen = sizeof p, .data = &p};

	return ioctl(fd, BLKPG, &arg) < 0 ? -errno : 0;
}

int init_grow_partition(const struct mp_partition *p, struct mp_err *err)
{
	char disk[80];
	int block = 0, r;
	uint64_t bytes = 0, start, sectors;
	auto_close int fd = -1;

	(void)snprintf(disk, sizeof disk, "/dev/%s", p->disk);
	fd = open(disk, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKSSZGET, &block) < 0 || ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		return mp_err_set(err, -errno, "can't look at %s: %s", disk, strerror(errno));
	if (block != SECTOR)
		return 0; /* tables of 4 KiB sectors stay as they were written */
	r = init_grow_table(fd, bytes / SECTOR, p->number, &start, &sectors);
	if (r > 0)
		r = tell_kernel(fd, p->number, start, sectors);
	if (r < 0)
		return mp_err_set(err, r, "can't stretch %s to the end of %s: %s", p->dev, disk,
				  strerror(-r));
	return 0;
}

int init_grow_filesystem(const char *dev, const char *where, struct mp_err *err)
{
	uint8_t super[1024];
	uint64_t bytes, have, block, want;
	auto_close int fd = open(dev, O_RDONLY | O_CLOEXEC);
	auto_close int mounted = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || mounted < 0 ||
	    pread(fd, super, sizeof super, 1024) != (ssize_t)sizeof super ||
	    ioctl(fd, BLKGETSIZE64, &bytes) < 0)
		return mp_err_set(err, -errno, "can't look at %s: %s", dev, strerror(errno));
	block = (uint64_t)1024 << (super[24] & 7);
	have = get32(super + 4) | (uint64_t)get32(super + 336) << 32;
	want = bytes / block;
	if (want <= have)
		return 0;
	if (ioctl(mounted, EXT4_IOC_RESIZE_FS, &want) < 0)
		return mp_err_set(err, -errno, "can't grow the file system on %s: %s", dev,
				  strerror(errno));
	return 0;
}
