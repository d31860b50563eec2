/* SPDX-License-Identifier: Apache-2.0 */
/* The hash device begins with cryptsetup's superblock (little endian):
 *     0 "verity\0\0"   8 u32 version   12 u32 hash type   16 UUID   32 algorithm[32]
 *     64 u32 data block   68 u32 hash block   72 u64 data blocks   80 u16 salt length   88 salt[256]
 * and the tree stands in the block after it.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

#define SUPERBLOCK 512

static uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool is_block_size(uint32_t n)
{
	return n >= 512 && n <= 65536 && (n & (n - 1)) == 0;
}

int init_verity_decode(const void *superblock, size_t len, struct init_verity *ret)
{
	const uint8_t *p = superblock;
	struct init_verity v = {0};
	unsigned salt;

	if (len < SUPERBLOCK || memcmp(p, "verity\0\0", 8) != 0 || le32(p + 8) != 1 ||
	    le32(p + 12) != 1)
		return -EBADMSG;
	v.data_block_size = le32(p + 64);
	v.hash_block_size = le32(p + 68);
	v.data_blocks = le32(p + 72) | (uint64_t)le32(p + 76) << 32;
	salt = p[80] | (unsigned)p[81] << 8;
	if (!is_block_size(v.data_block_size) || !is_block_size(v.hash_block_size) || salt > 256 ||
	    v.data_blocks == 0 || v.data_blocks > UINT64_MAX / v.data_block_size)
		return -EBADMSG;
	memcpy(v.algorithm, p + 32, 31);
	if (v.algorithm[0] == '\0' ||
	    strspn(v.algorithm, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(v.algorithm))
		return -EBADMSG;
	if (salt)
		mp_hex_format(p + 88, salt, v.salt);
	else
		strcpy(v.salt, "-");
	*ret = v;
	return 0;
}

int init_verity_params(const struct init_verity *v, const char *data_dev, const char *hash_dev,
		       const char *root_hash, char *text, size_t size)
{
	int n = snprintf(text, size, "1 %s %s %u %u %llu 1 %s %s %s 1 panic_on_corruption",
			 data_dev, hash_dev, v->data_block_size, v->hash_block_size,
			 (unsigned long long)v->data_blocks, v->algorithm, root_hash, v->salt);

	return n < 0 || (size_t)n >= size ? -EFBIG : 0;
}

static int read_superblock(const char *dev, struct init_verity *ret, struct mp_err *err)
{
	uint8_t block[SUPERBLOCK];
	auto_close int fd = open(dev, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return mp_err_set(err, -errno, "can't open %s: %s", dev, strerror(errno));
	if (pread(fd, block, sizeof block, 0) != (ssize_t)sizeof block)
		return mp_err_set(err, -EIO, "can't read %s", dev);
	if (init_verity_decode(block, sizeof block, ret) < 0)
		return mp_err_set(err, -EBADMSG, "%s holds no verity tree", dev);
	return 0;
}

/* One ioctl's message: the header, and for a table one target with its parameters. */
struct message {
	struct dm_ioctl head;
	struct dm_target_spec target;
	char params[1400];
};

static int dm_call(int control, unsigned long request, struct message *m, uint32_t flags)
{
	m->head.version[0] = DM_VERSION_MAJOR;
	m->head.data_size = sizeof *m;
	m->head.data_start = sizeof m->head;
	m->head.flags = flags;
	m->head.dev = 0;
	strcpy(m->head.name, "root");
	return ioctl(control, request, m) < 0 ? -errno : 0;
}

static int dm_create(int control, const struct init_verity *v, struct message *m)
{
	uint64_t dev;
	int r = dm_call(control, DM_DEV_CREATE, m, 0);

	if (r < 0)
		return r;
	dev = m->head.dev;
	m->head.target_count = 1;
	m->target.length = v->data_blocks * (v->data_block_size / 512);
	strcpy(m->target.target_type, "verity");
	r = dm_call(control, DM_TABLE_LOAD, m, DM_READONLY_FLAG);
	if (r < 0)
		return r;
	r = dm_call(control, DM_DEV_SUSPEND, m, 0); /* without the suspend flag: resume */
	m->head.dev = dev;
	return r;
}

int init_verity_open(const char *data_dev, const char *hash_dev, const char *root_hash,
		     char dev[64], struct mp_err *err)
{
	struct message m = {0};
	struct init_verity v;
	auto_close int control = open("/dev/mapper/control", O_RDWR | O_CLOEXEC);
	int r = read_superblock(hash_dev, &v, err);

	if (r < 0)
		return r;
	if (control < 0)
		return mp_err_set(err, -errno, "the device mapper is not there: %s",
				  strerror(errno));
	r = init_verity_params(&v, data_dev, hash_dev, root_hash, m.params, sizeof m.params);
	if (r == 0)
		r = dm_create(control, &v, &m);
	if (r < 0)
		return mp_err_set(err, r, "can't open %s with verity: %s", data_dev, strerror(-r));
	(void)snprintf(dev, 64, "/dev/dm-%u", (unsigned)minor(m.head.dev));
	return 0;
}
