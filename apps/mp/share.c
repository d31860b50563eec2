/* SPDX-License-Identifier: Apache-2.0 */
#include "share.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

/* The folder of the running program, without a final '/'; "" when the kernel does not say. */
static void own_folder(char *ret, size_t room)
{
	ssize_t len = readlink("/proc/self/exe", ret, room - 1);

	ret[len > 0 ? len : 0] = '\0';
	if (strrchr(ret, '/'))
		*strrchr(ret, '/') = '\0';
}

/* The first of the folders that has `name`, as "FOLDER/name". */
static char *first_with(const char *const *folders, size_t n, const char *name, int access_mode)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = folders[i] ? mp_str_format("%s/%s", folders[i], name) : NULL;

		if (path && access(path, access_mode) == 0)
			return take_ptr(path);
	}
	return NULL;
}

char *mp_share_path(const char *relative)
{
	char self[PATH_MAX];
	auto_free char *beside = NULL;
	const char *folders[] = {NULL, MP_SOURCE_DIR "/share", MP_DATADIR};

	own_folder(self, sizeof(self));
	folders[0] = beside = mp_str_format("%s/../share/microplatform", self);
	return first_with(folders, 3, relative, R_OK);
}

char *mp_program_path(const char *name)
{
	char self[PATH_MAX];
	auto_free char *beside = NULL;
	const char *folders[] = {self, NULL, MP_LIBEXECDIR};

	own_folder(self, sizeof(self));
	folders[1] = beside = mp_str_format("%s/../libexec/microplatform", self);
	return first_with(folders, 3, name, X_OK);
}

const char *mp_source(const char *given)
{
	const char *set = getenv("MP_SOURCE");

	return given ? given : set ? set : MP_SOURCE_DIR;
}
