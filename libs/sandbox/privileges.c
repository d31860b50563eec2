/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/internal.h"

/* Without the capability the thread keeps its network: seccomp still denies it the sockets. */
static int leave_network(struct mp_err *err)
{
	if (unshare(CLONE_NEWNET) < 0)
		return mp_err_set(err, -EPERM, "cannot leave the network: %s", strerror(errno));
	return 0;
}

static int find_group(const char *name, gid_t *ret, struct mp_err *err)
{
	const struct group *g = getgrnam(name);

	if (!g)
		return mp_err_set(err, -ENOENT, "there is no group '%s'", name);
	*ret = g->gr_gid;
	return 0;
}

static int become(const struct mp_sandbox *s, struct mp_err *err)
{
	const struct passwd *pw = getpwnam(s->user);
	gid_t groups[2];
	size_t n = 0;
	int r;

	if (!pw)
		return mp_err_set(err, -ENOENT, "there is no user '%s'", s->user);
	groups[n++] = pw->pw_gid;
	if (s->group && *s->group) {
		r = find_group(s->group, &groups[n++], err);
		if (r < 0)
			return r;
	}
	if (setgroups(n, groups) < 0 || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) < 0 ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) < 0)
		return mp_err_set(err, -EPERM, "cannot become user '%s': %s", s->user,
				  strerror(errno));
	if (setresuid(0, 0, 0) == 0)
		return mp_err_set(err, -EPERM, "could become root again");
	return 0;
}

/* root without capabilities: owner of its devices and files, and nothing else. */
static int drop_capabilities(struct mp_err *err)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};

	for (unsigned long c = 0; c <= CAP_LAST_CAP; c++)
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
			return mp_err_set(err, -EPERM, "cannot drop capabilities: %s",
					  strerror(errno));
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL)
		return mp_err_set(err, -EPERM, "cannot drop capabilities: %s", strerror(errno));
	if (syscall(SYS_capset, &head, none) < 0)
		return mp_err_set(err, -EPERM, "cannot drop capabilities: %s", strerror(errno));
	return 0;
}

int mp_sandbox_privileges(const struct mp_sandbox *s, struct mp_err *err)
{
	int r = 0;

	if (geteuid() != 0)
		return 0;
	if (s->role == MP_SANDBOX_INSTALL)
		r = leave_network(err);
	if (r == 0 && s->user && *s->user)
		r = become(s, err);
	return r < 0 ? r : drop_capabilities(err);
}
