/* SPDX-License-Identifier: Apache-2.0 */
/* slots.h - where a device keeps its two systems (docs/spec/disk.md)
 *
 *     r = mp_slots_read(m, "/dev/vda", &s, &err);
 *     r = mp_slots_find(&s, uuid_of_running_root);           // MP_SLOT_A or MP_SLOT_B
 *     r = mp_slots_assign(m, &s, MP_SLOT_B, NULL, NULL, &err);  // nothing finds it any more
 *     ... write s.root[MP_SLOT_B], s.verity[MP_SLOT_B], flush ...
 *     r = mp_slots_verify(m, &s, MP_SLOT_B, &want, &err);
 *     r = mp_slots_assign(m, &s, MP_SLOT_B, root_uuid, verity_uuid, &err);
 *
 * Three things: the partition table (GPT, both copies), the boot entries on the ESP, and the
 * dm-verity hash tree. All of it through a medium, so that power may fail anywhere. What stands
 * on the disk is not trusted: every length and checksum is looked at before it is used.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "medium/medium.h"

enum mp_slot { MP_SLOT_A, MP_SLOT_B };

/* ---- partitions ---- */
struct mp_slots_part {
	unsigned number; /* from 1, as the kernel counts; 0: there is none */
	/* What to write to, through the medium: the partition's own node, from byte `base` on. A disk
	 * that is a plain file has no partition nodes: then the file itself, and `base` is the
	 * partition's first byte. */
	char device[64];
	uint64_t base;
	uint64_t size; /* bytes */
	char uuid[37]; /* lower-case text */
};

struct mp_slots {
	char disk[48];
	struct mp_slots_part esp, data, root[2], verity[2]; /* the arrays by enum mp_slot */
	bool damaged; /* one of the two copies of the table is bad; the next assign mends it */
};

/* Find the partitions by type and label. -EBADMSG: neither copy of the table is good; -ENOENT:
 * one of root-a, verity-a, root-b, verity-b, esp is missing (data may be). */
int mp_slots_read(struct mp_medium *m, const char *disk, struct mp_slots *ret, struct mp_err *err);

/* Which slot's root partition has this UUID? -ENOENT. */
int mp_slots_find(const struct mp_slots *s, const char *root_uuid);

/* Give a slot its partition UUIDs (text), durable on return: the backup copy of the table first,
 * then the primary one. NULL: random ones, so that no root hash leads to the slot. Also mends the
 * copy that is bad. `s` is brought up to date. */
int mp_slots_assign(struct mp_medium *m, struct mp_slots *s, enum mp_slot slot,
		    const char *root_uuid, const char *verity_uuid, struct mp_err *err);

/* Mend the partition table when one of its copies is bad. Does nothing otherwise. */
int mp_slots_mend(struct mp_medium *m, const struct mp_slots *s, struct mp_err *err);

/* ---- dm-verity ---- */
struct mp_slots_want { /* from the manifest */
	const char *root_hash; /* hex */
	uint64_t root_size, verity_size; /* bytes; root_size is all that the tree covers */
	const char *verity_sha256; /* hex: of superblock and hash tree */
	int (*progress)(void *user, uint64_t done,
			uint64_t total); /* may be NULL; negative: stop */
	void *user;
};

/* Read a slot back and check it as the kernel will: superblock, every block of every level of the
 * hash tree, every block of the root image, up to the root hash. The root hash pins each byte of
 * the root image, since its size is the number of data blocks. -EBADMSG with what is wrong. */
int mp_slots_verify(struct mp_medium *m, const struct mp_slots *s, enum mp_slot slot,
		    const struct mp_slots_want *want, struct mp_err *err);

/* ---- boot entries: EFI/Linux/mp_VERSION[+LEFT[-DONE]].efi ---- */
#define MP_BOOT_ENTRIES 32
struct mp_boot_entry {
	char file[96]; /* name in the folder */
	char version[32];
	int left; /* tries left; -1: not counted, that is, proven */
	int done; /* tries made; 0 when there is no "-DONE" */
	bool part; /* "mp_VERSION.efi.part": not whole yet, no boot loader looks at it */
};

/* What one file name says. -EBADMSG: not one of ours. */
int mp_boot_entry_parse(const char *file, struct mp_boot_entry *ret);
/* The file name of an entry; left < 0: without counter. Room for 96. -EFBIG. */
int mp_boot_entry_format(const char *version, int left, int done, char ret[96]);

/* All entries of ours, in no order; an empty file is none, as for the boot loader. `esp`: where the
 * ESP is mounted. -EFBIG: more than MP_BOOT_ENTRIES. */
int mp_boot_list(struct mp_medium *m, const char *esp, struct mp_boot_entry *ret, unsigned *ret_n,
		 struct mp_err *err);
/* The entry of a version: the one without counter when there is one, else the one with most tries
 * left; never a part. -ENOENT. */
int mp_boot_find(struct mp_medium *m, const char *esp, const char *version,
		 struct mp_boot_entry *ret, struct mp_err *err);
/* Take the counter away: the release is proven. Nothing to do when it has none. */
int mp_boot_bless(struct mp_medium *m, const char *esp, const char *version, struct mp_err *err);
/* Leave no tries, so that any other entry comes first. */
int mp_boot_condemn(struct mp_medium *m, const char *esp, const char *version, struct mp_err *err);
/* Remove all entries and parts but those of `keep`, and what a power cut left empty. Durable on
 * return. */
int mp_boot_remove_others(struct mp_medium *m, const char *esp, const char *keep,
			  struct mp_err *err);
/* Where the part of an entry is written before mp_boot_commit() makes it bootable. */
int mp_boot_part_path(const char *esp, const char *version, char *ret, size_t room);
/* Rename the part, whole and flushed, to "mp_VERSION+TRIES.efi"; durable on return. */
int mp_boot_commit(struct mp_medium *m, const char *esp, const char *version, int tries,
		   struct mp_err *err);
