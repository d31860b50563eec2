/* SPDX-License-Identifier: Apache-2.0 */
#include "slots/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/le.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "internal.h"

#define N_PARTS 6
#define ENTRIES 128
#define BLOCK 4096u
#define FAN 128u

static const struct {
	const char *label, *type;
} parts[N_PARTS] = {
	{"esp", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"},
	{"root-a", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"},
	{"verity-a", "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"},
	{"root-b", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"},
	{"verity-b", "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5"},
	{"data", "4d21b016-b534-45c2-a9fb-5c16e091fd2d"},
};

static uint64_t part_size(const struct mp_sample_sizes *s, unsigned number)
{
	const uint64_t sizes[N_PARTS] = {s->esp, s->root, s->verity, s->root, s->verity, s->data};

	return sizes[number - 1];
}

static unsigned n_entries(const struct mp_sample_sizes *s)
{
	return s->entries ? s->entries : ENTRIES;
}

static uint64_t table_len(const struct mp_sample_sizes *s, uint32_t sector)
{
	return (n_entries(s) * GPT_ENTRY + sector - 1) / sector;
}

uint64_t mp_sample_part_begin(const struct mp_sample_sizes *s, uint32_t sector, unsigned number)
{
	uint64_t at = (2 + table_len(s, sector)) * sector;

	at = (at + BLOCK - 1) / BLOCK * BLOCK;
	for (unsigned i = 1; i < number; i++)
		at += part_size(s, i);
	return at;
}

uint64_t mp_sample_disk_size(const struct mp_sample_sizes *s, uint32_t sector)
{
	return mp_sample_part_begin(s, sector, N_PARTS + 1) + (1 + table_len(s, sector)) * sector;
}

static void add_part(struct gpt *g, const struct mp_sample_sizes *s, unsigned i)
{
	uint64_t begin = mp_sample_part_begin(s, g->sector, i + 1);
	uint8_t *e = g->entries + (size_t)i * GPT_ENTRY;

	(void)gpt_guid_parse(parts[i].type, e);
	mp_random(e + 16, 16);
	mp_put_le64(e + 32, begin / g->sector);
	mp_put_le64(e + 40, (begin + part_size(s, i + 1)) / g->sector - 1);
	for (size_t k = 0; parts[i].label[k]; k++)
		mp_put_le16(e + 56 + 2 * k, (uint16_t)parts[i].label[k]);
}

int mp_sample_disk(struct mp_medium *m, const char *disk, uint32_t sector,
		   const struct mp_sample_sizes *s)
{
	auto_free struct gpt *g = calloc(1, sizeof(*g));
	int r;

	if (!g)
		return -ENOMEM;
	g->sector = sector;
	g->sectors = mp_sample_disk_size(s, sector) / sector;
	g->first_usable = 2 + table_len(s, sector);
	g->last_usable = g->sectors - 2 - table_len(s, sector);
	g->backup_lba = g->sectors - 1;
	g->n = n_entries(s);
	mp_random(g->guid, sizeof(g->guid));
	for (unsigned i = 0; i < N_PARTS; i++)
		add_part(g, s, i);
	r = gpt_write(m, disk, g, GPT_BACKUP);
	return r < 0 ? r : gpt_write(m, disk, g, GPT_PRIMARY);
}

uint64_t mp_sample_verity_size(uint64_t root_size)
{
	uint64_t blocks = 1;

	for (uint64_t n = root_size / BLOCK; n > 1;) {
		n = (n + FAN - 1) / FAN;
		blocks += n;
	}
	return blocks * BLOCK;
}

/* The digests of `n` blocks at `from`, into the blocks at `to`. Returns how many those are. */
static uint64_t hash_level(struct mp_hash *h, const uint8_t salt[32], const uint8_t *from,
			   uint64_t n, uint8_t *to)
{
	for (uint64_t i = 0; i < n; i++) {
		mp_hash_add(h, salt, 32);
		mp_hash_add(h, from + i * BLOCK, BLOCK);
		mp_hash_end(h, to + i * MP_SHA256_LEN);
	}
	return (n + FAN - 1) / FAN;
}

static void put_superblock(uint8_t *sb, uint64_t blocks, const uint8_t salt[32],
			   const uint8_t uuid[16])
{
	memcpy(sb, "verity\0\0", 8);
	mp_put_le32(sb + 8, 1);
	mp_put_le32(sb + 12, 1);
	memcpy(sb + 16, uuid, 16);
	memcpy(sb + 32, "sha256", 6);
	mp_put_le32(sb + 64, BLOCK);
	mp_put_le32(sb + 68, BLOCK);
	mp_put_le64(sb + 72, blocks);
	mp_put_le16(sb + 80, 32);
	memcpy(sb + 88, salt, 32);
}

int mp_sample_verity(const uint8_t *root, uint64_t root_size, const uint8_t salt[32],
		     const uint8_t uuid[16], uint8_t *tree, char root_hash[65])
{
	uint64_t size = mp_sample_verity_size(root_size), n = root_size / BLOCK;
	uint8_t digest[MP_SHA256_LEN], *end = tree + size;
	const uint8_t *below = root;
	auto_(mp_hash) *h = NULL;
	int r = mp_hash_new(MP_SHA256, &h);

	if (r < 0)
		return r;
	memset(tree, 0, size);
	put_superblock(tree, n, salt, uuid);
	/* The levels stand from the top down, so the lowest one is last. */
	while (n > 1) {
		uint64_t above = (n + FAN - 1) / FAN;

		end -= above * BLOCK;
		n = hash_level(h, salt, below, n, end);
		below = end;
	}
	(void)hash_level(h, salt, below, 1, digest);
	mp_hex_format(digest, sizeof(digest), root_hash);
	return 0;
}
