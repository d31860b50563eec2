/* SPDX-License-Identifier: Apache-2.0 */
/* kept.c - small files of ours in lwm2m/, which outlive a restart and go with a factory reset */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "worker.h"

static void path_of(const struct worker *w, const char *name, char *ret, size_t room)
{
	snprintf(ret, room, "%s" STATE_DIR "/lwm2m/%s", w->config.root, name);
}

int kept_read(const struct worker *w, const char *name, struct mp_buf *to)
{
	char path[512];

	path_of(w, name, path, sizeof(path));
	return mp_file_read(path, to, NULL);
}

int kept_write(const struct worker *w, const char *name, const void *data, size_t len)
{
	char path[512];
	int r;

	path_of(w, name, path, sizeof(path));
	r = mp_file_write(path, data, len, 0600, NULL);
	if (r < 0)
		mp_log(MP_LOG_WARNING, "cannot keep a file", "file=%s reason=\"%s\"", name,
		       strerror(-r));
	return r;
}
