/* SPDX-License-Identifier: Apache-2.0 */
/* A program of the tools tree is started by the tree's own dynamic loader with the tree's own
 * libraries. So it needs neither chroot nor namespaces, and nothing of the host but the kernel.
 * Its clock stands still (libfaketime): signatures carry the time of signing, and two builds are
 * to be the same bytes. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/proc.h"
#include "image/internal.h"

#define ARGS_MAX 2048
#define LOADER "usr/lib64/ld-linux-x86-64.so.2" /* of TOOLS_ARCHITECTURE */
#define LIBRARIES "usr/lib/x86_64-linux-gnu"

int tools_open(const char *dir, struct tools *ret)
{
	struct tools t = {
		.dir = strdup(dir),
		.loader = mp_str_format("%s/" LOADER, dir),
		.libraries = mp_str_format("%s/" LIBRARIES ":%s/" LIBRARIES "/systemd", dir, dir),
		.config = mp_str_format("%s/etc/mke2fs.conf", dir)};

	if (!t.dir || !t.loader || !t.libraries || !t.config) {
		tools_done(&t);
		return -ENOMEM;
	}
	*ret = t;
	return 0;
}

void tools_done(struct tools *t)
{
	free(t->dir);
	free(t->loader);
	free(t->libraries);
	free(t->config);
	*t = (struct tools){0};
}

int tools_run(const struct tools *t, const struct tool *tool, struct mp_err *err)
{
	auto_free char *program = mp_str_format("%s%s", t->dir, tool->argv[0]);
	auto_free char *faketime =
		mp_str_format("%s/" LIBRARIES "/faketime/libfaketime.so.1", t->dir);
	auto_free char *home = mp_str_format("PYTHONHOME=%s/usr", t->dir);
	auto_free char *mke2fs = mp_str_format("MKE2FS_CONFIG=%s", t->config);
	const char *const env[] = {"LC_ALL=C",
				   "TZ=UTC",
				   "FAKETIME=@2025-01-01 00:00:00",
				   "NO_FAKE_STAT=1",
				   "SOURCE_DATE_EPOCH=" EPOCH,
				   "E2FSPROGS_FAKE_TIME=" EPOCH,
				   "PYTHONDONTWRITEBYTECODE=1",
				   "PYTHONNOUSERSITE=1",
				   "MTOOLS_SKIP_CHECK=1",
				   mke2fs,
				   home,
				   NULL};
	const char *argv[ARGS_MAX];
	size_t n = 0;

	if (!program || !faketime || !home || !mke2fs)
		return OOM(err);
	if (tool->as_root && geteuid() != 0) {
		argv[n++] = "unshare";
		argv[n++] = "--map-root-user";
		argv[n++] = "--";
	}
	argv[n++] = t->loader;
	argv[n++] = "--library-path";
	argv[n++] = t->libraries;
	argv[n++] = "--preload";
	argv[n++] = faketime;
	argv[n++] = "--argv0";
	argv[n++] = strrchr(tool->argv[0], '/') + 1;
	argv[n++] = program;
	for (size_t i = 1; tool->argv[i]; i++) {
		if (n == ARGS_MAX - 1)
			return mp_err_set(err, -E2BIG, "too many arguments for %s", tool->argv[0]);
		argv[n++] = tool->argv[i];
	}
	argv[n] = NULL;
	return mp_proc_run(&(struct mp_proc){.argv = argv,
					     .env = env,
					     .dir = tool->dir,
					     .input = tool->input,
					     .input_len = tool->input_len,
					     .output = tool->output},
			   err);
}
