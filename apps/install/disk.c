/* SPDX-License-Identifier: Apache-2.0 */
/* disk.c - the disk that we run from
 *
 * The root hash gives the UUID of the root partition, udev a link by that UUID, and sysfs the disk
 * around the partition. Another disk with the same labels (a stick to recover from) is thus never
 * taken for ours.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "worker.h"

static int read_link(const char *path, char *ret, size_t room)
{
	ssize_t n = readlink(path, ret, room - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int worker_find_disk(const struct worker *w, char *ret, size_t room)
{
	char root_uuid[37], verity_uuid[37], path[PATH_MAX], link[PATH_MAX], *slash;
	int r;

	if (strlen(w->root_hash) != 64)
		return -ENOENT;
	mp_release_uuids(w->root_hash, root_uuid, verity_uuid);
	snprintf(path, sizeof(path), "%s/dev/disk/by-partuuid/%s", w->root, root_uuid);
	r = read_link(path, link, sizeof(link));
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/sys/class/block/%.64s", w->root, last_part(link));
	r = read_link(path, link, sizeof(link)); /* ../../devices/.../block/vda/vda2 */
	if (r < 0)
		return r;
	slash = strrchr(link, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	if (!mp_str_is_name(last_part(link), 32))
		return -ENOENT;
	snprintf(ret, room, "/dev/%s", last_part(link));
	return 0;
}
