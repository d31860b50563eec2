/* SPDX-License-Identifier: Apache-2.0 */
/* partition.h - which partitions a root hash leads to, and where sysfs shows them
 *
 *     r = mp_partition_find("/sys/class/block", "PARTUUID", uuid, NULL, &p);   // p.dev = "/dev/vda2"
 *
 * No udev needed: the initrd has none, and a device's root starts without asking it.
 */
#pragma once

struct mp_partition {
	char dev[64]; /* "/dev/vda2" */
	char disk[64]; /* kernel name of its disk, "vda" */
	unsigned number; /* in the partition table, from 1 */
};

/* Look below `sysfs` ("/sys/class/block") for a partition whose uevent has KEY=VALUE (PARTUUID or
 * PARTNAME), on `disk` unless that is NULL. -ENOENT: not there (yet). */
int mp_partition_find(const char *sysfs, const char *key, const char *value, const char *disk,
		      struct mp_partition *ret);

/* The partition UUIDs of a slot, as lower-case text: root has the first 128 bits of its root hash,
 * verity the last 128 (Discoverable Partitions Specification). -EBADMSG unless it is 64 hex digits. */
int mp_partition_uuids(const char *root_hash, char ret_root[37], char ret_verity[37]);
