/* SPDX-License-Identifier: Apache-2.0 */
#include "reset.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "options.h"

static const char *const state[] = {
	"/var/lib/docker",    "/var/lib/containerd",	       "/var/log",
	AGENT_STATE "/lwm2m", AGENT_STATE "/agent/state.json",
};

static int remove_below(const char *root, const char *name, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s%s", root, name);

	return path ? mp_file_remove_tree(path, err) : -ENOMEM;
}

int reset_run(const char *root, struct mp_err *err)
{
	MP_BUF(what, 64);
	char note[512];
	int r;

	snprintf(note, sizeof(note), "%s" RESET_FILE, root);
	if (!mp_file_exists(note))
		return 0;
	r = mp_file_read(note, &what, err);
	for (unsigned i = 0; r == 0 && i < sizeof(state) / sizeof(*state); i++)
		r = remove_below(root, state[i], err);
	if (r == 0 && mp_streq(mp_buf_str(&what), RESET_ALL))
		r = remove_below(root, AGENT_STATE "/identity", err);
	if (r < 0)
		return r;
	sync(); /* all is gone before the note is */
	mp_log(MP_LOG_INFO, "reset to the factory's state", "note=%s", mp_buf_str(&what));
	return unlink(note) < 0 ? mp_err_set(err, -errno, "cannot remove %s", note) : 0;
}
