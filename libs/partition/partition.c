/* SPDX-License-Identifier: Apache-2.0 */
#include "partition/partition.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

int mp_partition_uuids(const char *root_hash, char ret_root[37], char ret_verity[37])
{
	uint8_t hash[32];
	char *out[2] = {ret_root, ret_verity};

	if (mp_hex_parse(root_hash, hash, sizeof hash) < 0)
		return -EBADMSG;
	for (int i = 0; i < 2; i++) {
		char hex[33];

		mp_hex_format(hash + 16 * i, 16, hex);
		(void)snprintf(out[i], 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
			       hex + 16, hex + 20);
	}
	return 0;
}

/* "KEY=VALUE\n" in a uevent file */
static bool uevent_get(const char *text, const char *key, char *value, size_t size)
{
	size_t n = strlen(key);

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (len > n && strncmp(line, key, n) == 0 && line[n] == '=' && len - n - 1 < size) {
			memcpy(value, line + n + 1, len - n - 1);
			value[len - n - 1] = '\0';
			return true;
		}
		line += len + (line[len] == '\n');
	}
	return false;
}

/* A partition's folder lies inside its disk's: .../block/vda/vda2 */
static int disk_of(const char *dir, char disk[64])
{
	char real[PATH_MAX];
	char *slash;

	if (!realpath(dir, real))
		return -errno;
	slash = strrchr(real, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	slash = strrchr(real, '/');
	if (!slash || strlen(slash + 1) >= 64)
		return -ENOENT;
	strcpy(disk, slash + 1);
	return 0;
}

static int try_device(const char *dir, const char *key, const char *value, const char *disk,
		      struct mp_partition *ret)
{
	MP_BUF(text, 16 * 1024);
	char path[PATH_MAX], found[128], name[56], number[16];
	struct mp_partition p = {0};
	uint64_t n;

	if (snprintf(path, sizeof path, "%s/uevent", dir) >= (int)sizeof path)
		return -ENOENT;
	if (mp_file_read(path, &text, NULL) < 0 ||
	    !uevent_get(mp_buf_str(&text), key, found, sizeof found) || strcmp(found, value) != 0 ||
	    !uevent_get(mp_buf_str(&text), "DEVNAME", name, sizeof name) ||
	    !uevent_get(mp_buf_str(&text), "PARTN", number, sizeof number) ||
	    mp_str_parse_u64(number, 128, &n) < 0 || disk_of(dir, p.disk) < 0)
		return -ENOENT;
	if (disk && strcmp(disk, p.disk) != 0)
		return -ENOENT;
	(void)snprintf(p.dev, sizeof p.dev, "/dev/%s", name);
	p.number = (unsigned)n;
	*ret = p;
	return 0;
}

int mp_partition_find(const char *sysfs, const char *key, const char *value, const char *disk,
		      struct mp_partition *ret)
{
	DIR *d = opendir(sysfs);
	struct dirent *e;
	int r = -ENOENT;

	if (!d)
		return -errno;
	while (r < 0 && (e = readdir(d))) {
		char dir[PATH_MAX];

		if (e->d_name[0] != '.' &&
		    snprintf(dir, sizeof dir, "%s/%s", sysfs, e->d_name) < (int)sizeof dir)
			r = try_device(dir, key, value, disk, ret);
	}
	(void)closedir(d);
	return r;
}
