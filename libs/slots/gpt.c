/* SPDX-License-Identifier: Apache-2.0
 * gpt.c - both copies of a GUID partition table
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/le.h"
#include "base/str.h"

#define HEADER_LEN 92u
#define SIGNATURE "EFI PART"
#define REVISION 0x00010000u

/* Where the fields of the header stand. */
enum {
	AT_SIGNATURE = 0,
	AT_REVISION = 8,
	AT_LEN = 12,
	AT_CRC = 16,
	AT_SELF = 24,
	AT_OTHER = 32,
	AT_FIRST = 40,
	AT_LAST = 48,
	AT_GUID = 56,
	AT_ENTRIES = 72,
	AT_N = 80,
	AT_ENTRY_LEN = 84,
	AT_ENTRIES_CRC = 88,
};

/* What a byte shifts in, of the reversed polynomial 0xedb88320. */
static uint32_t crc_of_byte(uint32_t byte)
{
	for (int bit = 0; bit < 8; bit++)
		byte = byte >> 1 ^ (byte & 1 ? 0xedb88320u : 0);
	return byte;
}

static uint32_t crc32_of(const uint8_t *p, size_t len)
{
	static uint32_t table[256]; /* filled once; table[1] is not 0 */
	uint32_t crc = ~0u;

	for (uint32_t i = 256; !table[1] && i > 0; i--)
		table[i - 1] = crc_of_byte(i - 1);
	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 255];
	return ~crc;
}

void gpt_guid_format(const uint8_t g[16], char ret[37])
{
	snprintf(ret, 37, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", mp_le32(g),
		 mp_le16(g + 4), mp_le16(g + 6), g[8], g[9], g[10], g[11], g[12], g[13], g[14],
		 g[15]);
}

int gpt_guid_parse(const char *text, uint8_t ret[16])
{
	uint8_t b[16];
	char hex[33];
	size_t n = 0;

	if (strlen(text) != 36)
		return -EBADMSG;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if ((text[i] == '-') != dash)
			return -EBADMSG;
		if (!dash)
			hex[n++] = text[i];
	}
	hex[n] = '\0';
	if (mp_hex_parse(hex, b, 16) < 0)
		return -EBADMSG;
	for (int i = 0; i < 16; i++)
		ret[i] = b[(const uint8_t[]){3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14,
					     15}[i]];
	return 0;
}

static uint64_t entry_sectors(const struct gpt *g)
{
	return ((uint64_t)g->n * GPT_ENTRY + g->sector - 1) / g->sector;
}

static int read_exactly(struct mp_medium *m, const char *disk, uint64_t off, void *buf, size_t len)
{
	ssize_t n = mp_medium_read(m, disk, off, buf, len);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EBADMSG;
}

/* Is this a sound header for this place? All arithmetic stays far from overflow since every
 * block number is below g->sectors, which came from a size in bytes. */
static bool header_is_sound(const struct gpt *g, uint8_t h[HEADER_LEN], uint64_t lba)
{
	uint32_t crc = mp_le32(h + AT_CRC);
	bool whole;

	mp_put_le32(h + AT_CRC, 0);
	whole = crc32_of(h, HEADER_LEN) == crc;
	mp_put_le32(h + AT_CRC, crc);
	return whole && memcmp(h, SIGNATURE, 8) == 0 && mp_le32(h + AT_REVISION) == REVISION &&
	       mp_le32(h + AT_LEN) == HEADER_LEN && mp_le64(h + AT_SELF) == lba &&
	       mp_le32(h + AT_ENTRY_LEN) == GPT_ENTRY && mp_le32(h + AT_N) > 0 &&
	       mp_le32(h + AT_N) <= GPT_MOST_ENTRIES && mp_le64(h + AT_OTHER) < g->sectors &&
	       mp_le64(h + AT_ENTRIES) < g->sectors && mp_le64(h + AT_LAST) < g->sectors &&
	       mp_le64(h + AT_FIRST) <= mp_le64(h + AT_LAST);
}

/* Do both copies of header and entries have their room outside of the usable blocks? */
static bool has_room(const struct gpt *g)
{
	uint64_t n = entry_sectors(g);

	return 2 + n <= g->first_usable && g->backup_lba < g->sectors &&
	       g->last_usable + n < g->backup_lba;
}

static int read_copy(struct mp_medium *m, const char *disk, struct gpt *g, uint64_t lba)
{
	uint8_t h[HEADER_LEN];
	int r = read_exactly(m, disk, lba * g->sector, h, sizeof(h));

	if (r < 0)
		return r;
	if (!header_is_sound(g, h, lba))
		return -EBADMSG;
	g->n = mp_le32(h + AT_N);
	g->first_usable = mp_le64(h + AT_FIRST);
	g->last_usable = mp_le64(h + AT_LAST);
	g->backup_lba = lba == 1 ? mp_le64(h + AT_OTHER) : lba;
	memcpy(g->guid, h + AT_GUID, 16);
	if (!has_room(g))
		return -EBADMSG;
	r = read_exactly(m, disk, mp_le64(h + AT_ENTRIES) * g->sector, g->entries,
			 (size_t)g->n * GPT_ENTRY);
	if (r < 0)
		return r;
	return crc32_of(g->entries, (size_t)g->n * GPT_ENTRY) == mp_le32(h + AT_ENTRIES_CRC)
		       ? 0
		       : -EBADMSG;
}

static bool same_table(const struct gpt *a, const struct gpt *b)
{
	return a->n == b->n && a->first_usable == b->first_usable &&
	       a->last_usable == b->last_usable && memcmp(a->guid, b->guid, 16) == 0 &&
	       memcmp(a->entries, b->entries, (size_t)a->n * GPT_ENTRY) == 0;
}

/* Try the table with blocks of this size. */
static int read_with(struct mp_medium *m, const char *disk, uint32_t sector, uint64_t bytes,
		     struct gpt *g, struct gpt *other)
{
	int r, backup;

	memset(g, 0, sizeof(*g));
	g->sector = sector;
	g->sectors = bytes / sector;
	if (g->sectors < 8)
		return -EBADMSG;
	*other = *g;
	r = read_copy(m, disk, g, 1);
	if (r < 0 && r != -EBADMSG)
		return r;
	backup = read_copy(m, disk, other, r == 0 ? g->backup_lba : g->sectors - 1);
	if (backup < 0 && backup != -EBADMSG)
		return backup;
	if (r < 0 && backup < 0)
		return r;
	if (r < 0)
		*g = *other;
	g->bad[GPT_PRIMARY] = r < 0;
	g->bad[GPT_BACKUP] = backup < 0 || !same_table(g, other);
	return 0;
}

int gpt_read(struct mp_medium *m, const char *disk, struct gpt *ret)
{
	auto_free struct gpt *other = malloc(sizeof(*other));
	int64_t bytes = mp_medium_size(m, disk);
	int r;

	if (!other)
		return -ENOMEM;
	if (bytes < 0)
		return (int)bytes;
	r = read_with(m, disk, 512, (uint64_t)bytes, ret, other);
	if (r == -EBADMSG)
		r = read_with(m, disk, 4096, (uint64_t)bytes, ret, other);
	return r;
}

int gpt_write(struct mp_medium *m, const char *disk, const struct gpt *g, int copy)
{
	uint64_t self = copy == GPT_PRIMARY ? 1 : g->backup_lba;
	uint64_t other = copy == GPT_PRIMARY ? g->backup_lba : 1;
	uint64_t entries = copy == GPT_PRIMARY ? 2 : g->backup_lba - entry_sectors(g);
	auto_free uint8_t *h = calloc(1, g->sector);
	int r;

	if (!h)
		return -ENOMEM;
	memcpy(h + AT_SIGNATURE, SIGNATURE, 8);
	mp_put_le32(h + AT_REVISION, REVISION);
	mp_put_le32(h + AT_LEN, HEADER_LEN);
	mp_put_le64(h + AT_SELF, self);
	mp_put_le64(h + AT_OTHER, other);
	mp_put_le64(h + AT_FIRST, g->first_usable);
	mp_put_le64(h + AT_LAST, g->last_usable);
	memcpy(h + AT_GUID, g->guid, 16);
	mp_put_le64(h + AT_ENTRIES, entries);
	mp_put_le32(h + AT_N, g->n);
	mp_put_le32(h + AT_ENTRY_LEN, GPT_ENTRY);
	mp_put_le32(h + AT_ENTRIES_CRC, crc32_of(g->entries, (size_t)g->n * GPT_ENTRY));
	mp_put_le32(h + AT_CRC, crc32_of(h, HEADER_LEN));

	r = mp_medium_write(m, disk, entries * g->sector, g->entries, (size_t)g->n * GPT_ENTRY);
	if (r == 0)
		r = mp_medium_write(m, disk, self * g->sector, h, g->sector);
	return r < 0 ? r : mp_medium_flush(m, disk);
}
