/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - TUF's trusted metadata, in files that survive a power cut: STATE/tuf/NAME */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "worker.h"

#define DIR WORKER_STATE "/tuf"

static int path_of(const char *name, char path[256])
{
	if (!mp_str_is_name(name, 200))
		return -EINVAL;
	snprintf(path, 256, DIR "/%s", name);
	return 0;
}

static int load(void *user, const char *name, struct mp_buf *out)
{
	struct worker *w = user;
	char path[256];
	int r = path_of(name, path);

	return r < 0 ? r : mp_medium_read_all(w->medium, path, out);
}

static int save(void *user, const char *name, const void *data, size_t len)
{
	struct worker *w = user;
	char path[256];
	int r = path_of(name, path);

	return r < 0 ? r : mp_medium_replace(w->medium, path, data, len);
}

static int forget(void *user, const char *name)
{
	struct worker *w = user;
	char path[256];
	int r = path_of(name, path);

	if (r == 0)
		r = mp_medium_remove(w->medium, path);
	return r < 0 ? r : mp_medium_sync_dir(w->medium, DIR);
}

void worker_store_init(struct worker *w)
{
	w->store = (struct mp_tuf_store){.load = load, .save = save, .remove = forget, .user = w};
}

static int trust_first_root(struct worker *w, struct mp_err *err)
{
	MP_BUF(root, 1 << 20);
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s/usr/share/microplatform/root.json", w->root);
	r = mp_file_read(path, &root, err);
	if (r == 0)
		r = mp_medium_make_dir(w->medium, DIR);
	if (r == 0)
		r = mp_tuf_init(&w->store, root.data, root.len, err);
	return r;
}

int worker_tuf_open(struct worker *w, struct mp_tuf_client **ret, struct mp_err *err)
{
	int r = mp_tuf_open(&w->store, ret, err);

	if (r != -ENOENT)
		return r;
	r = trust_first_root(w, err);
	return r < 0 ? r : mp_tuf_open(&w->store, ret, err);
}
