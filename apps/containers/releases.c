/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "containers.h"
#include "install/install.h"

#define MANIFEST_MOST (4u << 20)

int containers_release(const struct containers *c, const char *version, struct mp_release **ret,
		       struct mp_err *err)
{
	MP_BUF(text, MANIFEST_MOST);
	char path[256], full[600];
	int r = mp_install_manifest_path(CONTAINERS_STATE, version, path, sizeof(path));

	if (r < 0)
		return mp_err_set(err, r, "'%s' is no version of a release", version);
	snprintf(full, sizeof(full), "%s%s", c->root, path);
	r = mp_file_read(full, &text, err);
	return r < 0 ? r : mp_release_parse(text.data, text.len, ret, err);
}
