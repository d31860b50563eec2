/* SPDX-License-Identifier: Apache-2.0 */
/* disk.c - the disk that we run from
 *
 * The root hash gives the UUID of the root partition, and sysfs the disk around it. Another disk
 * with the same labels (a stick to recover from) is thus never taken for ours.
 */
#include <errno.h>
#include <stdio.h>

#include "partition/partition.h"
#include "worker.h"

int worker_find_disk(const struct worker *w, char *ret, size_t room)
{
	char root_uuid[37], verity_uuid[37], sysfs[512];
	struct mp_partition root;
	int r;

	if (mp_partition_uuids(w->root_hash, root_uuid, verity_uuid) < 0)
		return -ENOENT;
	snprintf(sysfs, sizeof(sysfs), "%s/sys/class/block", w->root);
	r = mp_partition_find(sysfs, "PARTUUID", root_uuid, NULL, &root);
	if (r < 0)
		return r;
	snprintf(ret, room, "/dev/%s", root.disk);
	return 0;
}
