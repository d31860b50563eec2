/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "sandbox/internal.h"

static bool has_landlock;

bool mp_sandbox_has_landlock(void)
{
	return has_landlock;
}

int mp_sandbox_limits(const struct mp_sandbox *s, struct mp_err *err)
{
	/* Address space, not resident memory: libraries and thread stacks count in full. */
	const rlim_t memory = (s->role == MP_SANDBOX_INSTALL ? 256ul : 512ul) << 20;
	const struct {
		int what;
		rlim_t most;
	} limits[] = {
		{RLIMIT_CORE, 0},
		{RLIMIT_NOFILE, 64},
#ifndef __SANITIZE_ADDRESS__ /* whose shadow takes terabytes */
		{RLIMIT_AS, memory},
#endif
	};

	(void)memory;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct rlimit l = {limits[i].most, limits[i].most};

		if (setrlimit(limits[i].what, &l) < 0)
			return mp_err_set(err, -errno, "cannot limit resources: %s",
					  strerror(errno));
	}
	return 0;
}

int mp_sandbox_enter(const struct mp_sandbox *s, struct mp_err *err)
{
	int r = mp_sandbox_limits(s, err);

	if (r == 0)
		r = mp_sandbox_privileges(s, err);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = mp_err_set(err, -EPERM, "cannot set no_new_privs: %s", strerror(errno));
	if (r == 0)
		r = mp_sandbox_files(s, &has_landlock, err);
	return r < 0 ? r : mp_sandbox_calls(s, err);
}
