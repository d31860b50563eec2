/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cmdline.h"
#include "base/file.h"
#include "base/str.h"
#include "init.h"

#define SYSFS "/sys/class/block"
#define WAIT_MS 10000 /* for a disk to appear */
#define MACHINE_ID "/root/var/lib/microplatform/machine-id"

static void say(int level, const char *text)
{
	auto_close int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		fd = dup(STDERR_FILENO);
	if (fd >= 0)
		(void)dprintf(fd, "<%d>mp-init: %s\n", level, text);
}

static int mount_at(const char *what, const char *where, const char *type, unsigned long flags,
		    const char *options, struct mp_err *err)
{
	(void)mkdir(where, 0755);
	if (mount(what, where, type, flags, options) < 0)
		return mp_err_set(err, -errno, "can't mount %s (%s) on %s: %s", what, type, where,
				  strerror(errno));
	return 0;
}

static int mount_kernel(struct mp_err *err)
{
	int r = mount_at("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=0755", err);

	if (r == 0)
		r = mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err);
	if (r == 0)
		r = mount_at("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, err);
	return r;
}

static int wait_for(const char *key, const char *value, const char *disk, struct mp_partition *ret,
		    struct mp_err *err)
{
	for (int ms = 0; ms < WAIT_MS; ms += 20) {
		if (mp_partition_find(SYSFS, key, value, disk, ret) == 0)
			return 0;
		(void)nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
	}
	return mp_err_set(err, -ENODEV, "no disk has a partition with %s %s", key, value);
}

/* The slot that `roothash=` names, verified, at /root. */
static int mount_root(const char *cmdline, struct mp_partition *ret_root, struct mp_err *err)
{
	char hash[65], root_uuid[37], verity_uuid[37], dev[64];
	struct mp_partition verity;
	int r;

	if (mp_cmdline_get(cmdline, "roothash", hash, sizeof hash) < 0 ||
	    mp_partition_uuids(hash, root_uuid, verity_uuid) < 0)
		return mp_err_set(err, -EINVAL,
				  "the kernel command line has no roothash= of 64 digits");
	r = wait_for("PARTUUID", root_uuid, NULL, ret_root, err);
	if (r == 0)
		r = wait_for("PARTUUID", verity_uuid, ret_root->disk, &verity, err);
	if (r == 0)
		r = init_verity_open(ret_root->dev, verity.dev, hash, dev, err);
	if (r == 0)
		r = mount_at(dev, "/root", "erofs", MS_RDONLY, NULL, err);
	return r;
}

/* `data` of the same disk is /var: everything that outlives a boot. */
static int mount_data(const char *disk, struct mp_err *err)
{
	struct mp_err grow_err;
	struct mp_partition data;
	int r = wait_for("PARTNAME", "data", disk, &data, err);

	if (r < 0)
		return r;
	if (init_grow_partition(&data, &grow_err) < 0)
		say(4, grow_err.text);
	r = mount_at(data.dev, "/root/var", "ext4", MS_NOATIME, NULL, err);
	if (r < 0)
		return r;
	if (init_grow_filesystem(data.dev, "/root/var", &grow_err) < 0)
		say(4, grow_err.text);
	return 0;
}

/* Only updates need the ESP: a device with a broken one still runs. errors=continue: a power cut
 * within a FAT rename can leave two names with one chain of clusters, and removing the second must
 * not turn the file system read-only for good. MS_DIRSYNC: a rename then writes the new name whole,
 * with size and first cluster, before the old one goes. */
static void mount_esp(const char *disk)
{
	struct mp_err err;
	struct mp_partition esp;
	int r = wait_for("PARTNAME", "esp", disk, &esp, &err);

	if (r == 0)
		r = mount_at(esp.dev, "/root/efi", "vfat",
			     MS_NOATIME | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_DIRSYNC,
			     "umask=0077,codepage=437,iocharset=ascii,errors=continue", &err);
	if (r < 0)
		say(4, err.text);
}

/* A machine id made at the first boot and kept on `data`, laid over the read-only /etc. */
static int lay_machine_id(struct mp_err *err)
{
	MP_BUF(old, 64);
	uint8_t id[16];
	char text[34];
	int r;

	if (mp_file_read(MACHINE_ID, &old, NULL) < 0 || old.len != 33) {
		if (getrandom(id, sizeof id, 0) != (ssize_t)sizeof id)
			return mp_err_set(err, -EIO, "the kernel gives no random numbers");
		id[6] = (uint8_t)((id[6] & 0x0f) | 0x40); /* a version 4 UUID: machine-id(5) */
		id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
		mp_hex_format(id, sizeof id, text);
		strcpy(text + 32, "\n");
		r = mp_file_make_dirs("/root/var/lib/microplatform", 0755, err);
		if (r == 0)
			r = mp_file_write(MACHINE_ID, text, 33, 0444, err);
		if (r < 0)
			return r;
	}
	if (mount(MACHINE_ID, "/root/etc/machine-id", NULL, MS_BIND, NULL) < 0)
		return mp_err_set(err, -errno, "can't lay the machine id: %s", strerror(errno));
	return 0;
}

static int switch_root(const char *program, struct mp_err *err)
{
	static const char *const moved[] = {"/dev", "/proc", "/sys"};
	char *argv[] = {(char *)program, NULL};
	char to[16];

	for (size_t i = 0; i < sizeof moved / sizeof *moved; i++) {
		(void)snprintf(to, sizeof to, "/root%s", moved[i]);
		if (mount(moved[i], to, NULL, MS_MOVE, NULL) < 0)
			return mp_err_set(err, -errno, "can't move %s: %s", moved[i],
					  strerror(errno));
	}
	(void)unlink("/init");
	if (chdir("/root") < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 ||
	    chdir("/") < 0)
		return mp_err_set(err, -errno, "can't switch to the root: %s", strerror(errno));
	(void)execv(program, argv);
	return mp_err_set(err, -errno, "can't start %s: %s", program, strerror(errno));
}

static int boot(struct mp_err *err)
{
	MP_BUF(cmdline, 16 * 1024);
	char program[256] = "/usr/lib/systemd/systemd";
	struct mp_partition root;
	int r = mount_kernel(err);

	if (r == 0)
		r = mp_file_read("/proc/cmdline", &cmdline, err);
	if (r == 0)
		r = init_modules_load("/modules.list", err);
	if (r == 0)
		r = mount_root(mp_buf_str(&cmdline), &root, err);
	if (r == 0)
		r = mount_data(root.disk, err);
	if (r < 0)
		return r;
	mount_esp(root.disk);
	r = lay_machine_id(err);
	if (r < 0)
		return r;
	(void)mp_cmdline_get(mp_buf_str(&cmdline), "init", program, sizeof program);
	return switch_root(program, err);
}

int main(void)
{
	struct mp_err err = {""};

	(void)umask(022);
	(void)boot(&err);
	say(2, err.text);
	return 1; /* the kernel panics, and panic= reboots */
}
