/* SPDX-License-Identifier: Apache-2.0 */
#include "partition/partition.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"

#define ROOT_HASH "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef"

TEST(slot_uuids_are_the_two_halves_of_the_root_hash)
{
	char root[37], verity[37];

	ASSERT_OK(mp_partition_uuids(ROOT_HASH, root, verity));
	ASSERT_STR("00112233-4455-6677-8899-aabbccddeeff", root);
	ASSERT_STR("01234567-89ab-cdef-0123-456789abcdef", verity);
	ASSERT_ERR(-EBADMSG, mp_partition_uuids("0011", root, verity));
	ASSERT_ERR(-EBADMSG, mp_partition_uuids(ROOT_HASH "0", root, verity));
}

/* /sys as the kernel has it: class/block is links, a partition lies in its disk's folder. */
static int add(const char *root, const char *disk, const char *part, const char *uevent)
{
	char dir[256], file[300], link[300];

	(void)snprintf(dir, sizeof dir, "%s/devices/block/%s/%s", root, disk, part);
	(void)snprintf(file, sizeof file, "%s/uevent", dir);
	(void)snprintf(link, sizeof link, "%s/class/%s", root, part);
	if (mp_file_make_dirs(dir, 0755, NULL) < 0 ||
	    mp_file_write(file, uevent, strlen(uevent), 0644, NULL) < 0)
		return -EIO;
	return symlink(dir, link) < 0 ? -errno : 0;
}

static void check_find(const char *class)
{
	struct mp_partition p;

	ASSERT_OK(mp_partition_find(class, "PARTUUID", "aa-1", NULL, &p));
	ASSERT_STR("/dev/vda2", p.dev);
	ASSERT_STR("vda", p.disk);
	ASSERT_INT(2, p.number);
	ASSERT_OK(mp_partition_find(class, "PARTNAME", "data", "vda", &p));
	ASSERT_STR("/dev/vda3", p.dev);
	ASSERT_OK(mp_partition_find(class, "PARTNAME", "data", "vdb", &p));
	ASSERT_STR("/dev/vdb1", p.dev);
	ASSERT_ERR(-ENOENT, mp_partition_find(class, "PARTUUID", "aa-1", "vdb", &p));
	ASSERT_ERR(-ENOENT, mp_partition_find(class, "PARTUUID", "aa", NULL, &p));
}

TEST(partition_is_found_by_uuid_or_name_on_its_disk)
{
	char root[] = "/tmp/mp-partition-XXXXXX", class[64];

	ASSERT(mkdtemp(root));
	(void)snprintf(class, sizeof class, "%s/class", root);
	ASSERT_OK(mkdir(class, 0755));
	ASSERT_OK(add(root, "vda", "vda2", "MAJOR=254\nDEVNAME=vda2\nPARTN=2\nPARTUUID=aa-1\n"));
	ASSERT_OK(add(root, "vda", "vda3", "DEVNAME=vda3\nPARTN=3\nPARTNAME=data\n"));
	ASSERT_OK(add(root, "vdb", "vdb1", "DEVNAME=vdb1\nPARTN=1\nPARTNAME=data\n"));
	check_find(class);
	ASSERT_OK(mp_file_remove_tree(root, NULL));
}
