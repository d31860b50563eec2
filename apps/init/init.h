/* SPDX-License-Identifier: Apache-2.0 */
/* init.h - from the kernel to systemd: the whole initrd is this one program
 *
 * modules.c loads what the root needs, disk.c finds the slot's partitions, verity.c opens them,
 * grow.c lets `data` fill the disk, main.c mounts and switches. Nothing here is long-lived: each
 * step works or leaves one sentence, and then the kernel panics, reboots (panic=5) and the boot
 * loader counts the try.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "partition/partition.h"

/* Load the modules that /modules.list names, one path a line, in order. One that is there already
 * is fine. */
int init_modules_load(const char *list, struct mp_err *err);

struct init_verity { /* from the superblock of a hash device, version 1 (cryptsetup's format) */
	uint32_t data_block_size, hash_block_size;
	uint64_t data_blocks;
	char algorithm[32];
	char salt[513]; /* hex, "-" when empty */
};
int init_verity_decode(const void *superblock, size_t len, struct init_verity *ret);
/* The parameters of the device mapper's target for it. -EFBIG. */
int init_verity_params(const struct init_verity *v, const char *data_dev, const char *hash_dev,
		       const char *root_hash, char *text, size_t size);
/* Make /dev/dm-0 of a slot: every block read is checked against `root_hash`; a wrong one panics. */
int init_verity_open(const char *data_dev, const char *hash_dev, const char *root_hash,
		     char dev[64], struct mp_err *err);

/* Stretch the last partition of the disk `fd` to its end, backup table first. `sectors` of 512
 * bytes. 1 when it grew, 0 when there is nothing to gain, -EBADMSG when the table is not sound,
 * -ENOTSUP when the partition is not the last. */
int init_grow_table(int fd, uint64_t sectors, unsigned number, uint64_t *ret_start,
		    uint64_t *ret_sectors);
/* The partition in table and kernel; must not be mounted yet. */
int init_grow_partition(const struct mp_partition *p, struct mp_err *err);
/* The ext4 on `dev`, mounted at `where`. */
int init_grow_filesystem(const char *dev, const char *where, struct mp_err *err);
