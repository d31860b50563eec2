/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - what a role may open (Landlock; landlock(7))
 *
 * A kernel without Landlock leaves users and modes as the only fence; that is reported, not an
 * error. A path that is not there is no right to anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "sandbox/internal.h"

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                                                      \
	(READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                   \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                             \
	 LANDLOCK_ACCESS_FS_MAKE_DIR)
#define FILE_RIGHTS                                                                                \
	(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
#define ALL ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) /* every right of the first Landlock */

struct rule {
	unsigned roles; /* bits by enum mp_sandbox_role */
	bool prefixed; /* below `root`, or always the system's */
	uint64_t rights;
	const char *path;
};

#define FETCH (1u << MP_SANDBOX_FETCH)
#define INSTALL (1u << MP_SANDBOX_INSTALL)
#define CONTAINERS (1u << MP_SANDBOX_CONTAINERS)
#define LWM2M (1u << MP_SANDBOX_LWM2M)

static const struct rule rules[] = {
	{FETCH, true, WRITE, "/var/lib/microplatform/identity"},
	{FETCH, true, READ, "/var/lib/microplatform/lwm2m"}, /* a deployment that was pushed */
	{LWM2M, true, READ, "/var/lib/microplatform/identity"},
	{LWM2M, true, WRITE, "/var/lib/microplatform/lwm2m"},
	{LWM2M, true, READ, "/var/lib/microplatform/releases"},
	{LWM2M, true, READ, "/run/microplatform"}, /* position.json */
	{LWM2M, true, READ, "/sys"},
	{LWM2M, true, READ, "/proc"},
	{FETCH | LWM2M, true, READ, "/usr/share/microplatform"},
	{FETCH | LWM2M, false, READ, "/etc"}, /* resolv.conf, hosts, nsswitch.conf */
	{FETCH | LWM2M, false, READ, "/run/systemd/resolve"},
	{FETCH | INSTALL | CONTAINERS | LWM2M, false, READ, "/usr/lib"}, /* what libc opens late */
	{FETCH | INSTALL | CONTAINERS | LWM2M, false, READ, "/usr/share/zoneinfo"},
	{FETCH | LWM2M, false, READ, "/dev/urandom"},
	{INSTALL, true, WRITE, "/var/lib/microplatform"},
	{INSTALL, true, WRITE, "/efi"},
	{INSTALL, true, WRITE, "/dev"},
	{INSTALL, true, READ, "/usr/share/microplatform"},
	{INSTALL, true, READ, "/sys"},
	{INSTALL, true, READ, "/proc"},
	{INSTALL, false, READ, "/proc"},
	{CONTAINERS, true, READ, "/var/lib/microplatform/releases"},
	{CONTAINERS, true, READ, "/var/lib/microplatform/blobs"},
	{CONTAINERS, true, READ, "/usr/share/microplatform"},
};

static int add_rule(int ruleset, const struct rule *rule, const char *root)
{
	struct landlock_path_beneath_attr attr = {.allowed_access = rule->rights};
	char path[PATH_MAX];
	auto_close int fd = -1;
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s%s", rule->prefixed && root ? root : "",
			 rule->path);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -errno;
	if (!S_ISDIR(st.st_mode))
		attr.allowed_access &= FILE_RIGHTS;
	attr.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0)
		return -errno;
	return 0;
}

int mp_sandbox_files(const struct mp_sandbox *s, bool *ret_landlock, struct mp_err *err)
{
	struct landlock_ruleset_attr all = {.handled_access_fs = ALL};
	auto_close int ruleset = -1;
	int r = 0;

	ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (ruleset < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) {
		*ret_landlock = false;
		return 0;
	}
	if (ruleset < 0)
		return mp_err_set(err, -EPERM, "cannot set up Landlock: %s", strerror(errno));
	for (size_t i = 0; r == 0 && i < sizeof(rules) / sizeof(*rules); i++)
		if (rules[i].roles & 1u << s->role)
			r = add_rule(ruleset, &rules[i], s->root);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	if (r < 0)
		return mp_err_set(err, -EPERM, "cannot set up Landlock: %s", strerror(-r));
	*ret_landlock = true;
	return 0;
}
