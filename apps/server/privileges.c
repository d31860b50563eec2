/* SPDX-License-Identifier: Apache-2.0 */
#include "privileges.h"

#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

static bool take_owner(const char *folder, struct account *ret)
{
	struct stat st;

	if (stat(folder, &st) < 0 || st.st_uid == 0)
		return false;
	ret->uid = st.st_uid;
	ret->gid = st.st_gid;
	return true;
}

int privileges_choose(const struct options *o, struct account *ret, struct mp_err *err)
{
	struct passwd *pw;

	*ret = (struct account){.uid = getuid(), .gid = getgid()};
	if (geteuid() != 0)
		return 0;
	ret->change = true;
	if (!o->user && (take_owner(o->data, ret) || take_owner(o->product, ret)))
		return 0;
	pw = getpwnam(o->user ? o->user : "nobody");
	if (!pw)
		return mp_err_set(err, -ENOENT, "there is no user %s; name one with --user",
				  o->user ? o->user : "nobody");
	ret->uid = pw->pw_uid;
	ret->gid = pw->pw_gid;
	ret->change = pw->pw_uid != 0;
	return 0;
}

static struct account owner; /* nftw() passes nothing on */

static int give_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)type, (void)ftw;
	if (st->st_uid == owner.uid && st->st_gid == owner.gid)
		return 0;
	return lchown(path, owner.uid, owner.gid) < 0 ? -errno : 0;
}

int privileges_give(const struct account *a, const char *folder, struct mp_err *err)
{
	int r;

	if (!a->change)
		return 0;
	owner = *a;
	r = nftw(folder, give_one, 16, FTW_PHYS | FTW_MOUNT);
	return r < 0 ? mp_err_set(err, r, "%s cannot be given to user %u: %s", folder, a->uid,
				  strerror(-r))
		     : 0;
}

int privileges_drop(const struct account *a, struct mp_err *err)
{
	(void)prctl(PR_SET_DUMPABLE, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return mp_err_set(err, -errno, "no_new_privs cannot be set: %s", strerror(errno));
	if (!a->change)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(a->gid, a->gid, a->gid) < 0 ||
	    setresuid(a->uid, a->uid, a->uid) < 0)
		return mp_err_set(err, -errno, "cannot become user %u: %s", a->uid,
				  strerror(errno));
	return 0;
}
