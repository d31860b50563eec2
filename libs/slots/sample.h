/* SPDX-License-Identifier: Apache-2.0 */
/* sample.h - a small disk and small images for tests, in this module's own formats
 *
 *     r = mp_sample_disk(m, "/dev/sda", 512, &sizes);      // all six partitions, random UUIDs
 *     r = mp_sample_verity(root, n, salt, tree, &tree_len, root_hash);
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "medium/medium.h"

struct mp_sample_sizes { /* bytes, multiples of 4096 */
	uint64_t esp, root, verity, data;
	unsigned entries; /* that the partition table has room for; 0: 128, as everywhere */
};

/* How many bytes such a disk has, and where a partition (from 1: esp, root-a, verity-a, root-b,
 * verity-b, data) begins on it. */
uint64_t mp_sample_disk_size(const struct mp_sample_sizes *s, uint32_t sector);
uint64_t mp_sample_part_begin(const struct mp_sample_sizes *s, uint32_t sector, unsigned number);
/* Write both copies of the partition table to an existing disk of exactly that size. */
int mp_sample_disk(struct mp_medium *m, const char *disk, uint32_t sector,
		   const struct mp_sample_sizes *s);

/* Bytes of superblock and hash tree of an image of `root_size` bytes. */
uint64_t mp_sample_verity_size(uint64_t root_size);
/* What `veritysetup format` makes with this 32-byte salt; `tree` has room for the size above. */
int mp_sample_verity(const uint8_t *root, uint64_t root_size, const uint8_t salt[32],
		     const uint8_t uuid[16], uint8_t *tree, char root_hash[65]);
