/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - the partition table as bytes (gpt.c), apart from what it means here (slots.c)
 *
 * UEFI specification 2.10, section 5.3. Only tables with 128-byte entries are accepted, which is
 * what every tool writes.
 */
#pragma once

#include "slots/slots.h"

#define GPT_ENTRY 128u
#define GPT_MOST_ENTRIES 256u

enum { GPT_PRIMARY, GPT_BACKUP };

struct gpt {
	uint32_t sector; /* bytes */
	uint64_t sectors; /* of the disk */
	uint64_t first_usable, last_usable;
	uint64_t backup_lba; /* of the backup header */
	uint8_t guid[16]; /* of the disk */
	unsigned n; /* entries */
	uint8_t entries[GPT_MOST_ENTRIES * GPT_ENTRY];
	bool bad[2]; /* this copy is damaged, or is not what the other one says */
};

/* The primary copy when it is good, else the backup. -EBADMSG, -ENOMEM or what the medium says. */
int gpt_read(struct mp_medium *m, const char *disk, struct gpt *ret);
/* Write one copy, durable on return. */
int gpt_write(struct mp_medium *m, const char *disk, const struct gpt *g, int copy);

/* GUIDs stand mixed-endian in the table (UEFI specification, appendix A). */
void gpt_guid_format(const uint8_t guid[16], char ret[37]);
int gpt_guid_parse(const char *text, uint8_t ret[16]); /* -EBADMSG */
