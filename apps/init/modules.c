/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"

static int load_one(const char *path, struct mp_err *err)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return mp_err_set(err, -errno, "the initrd lacks the module %s", path);
	if (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST)
		return mp_err_set(err, -errno, "the kernel refuses the module %s: %s", path,
				  strerror(errno));
	(void)unlink(path); /* its memory is wanted elsewhere */
	return 0;
}

int init_modules_load(const char *list, struct mp_err *err)
{
	MP_BUF(text, 64 * 1024);
	char *rest = NULL;
	int r = mp_file_read(list, &text, err);

	if (r < 0)
		return r;
	for (char *path = strtok_r(text.data, "\n", &rest); path;
	     path = strtok_r(NULL, "\n", &rest)) {
		r = load_one(path, err);
		if (r < 0)
			return r;
	}
	return 0;
}
