/* SPDX-License-Identifier: Apache-2.0 */
/* mark.c - the running release is good, or bad; and what no release needs any more */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "slots/slots.h"
#include "worker.h"

#define MANIFEST_MOST (4u << 20)

static int load_manifest(struct worker *w, const char *version, struct mp_release **ret,
			 struct mp_err *err)
{
	MP_BUF(text, MANIFEST_MOST);
	char path[256];
	int r = mp_install_manifest_path(WORKER_STATE, version, path, sizeof(path));

	if (r == 0)
		r = mp_medium_read_all(w->medium, path, &text);
	return r < 0 ? r : mp_release_parse(text.data, text.len, ret, err);
}

/* Every release that has a boot entry may still run: it keeps its manifest and blobs. A manifest
 * that cannot be read keeps everything. */
static int sweep(struct worker *w, struct mp_err *err)
{
	struct mp_boot_entry entries[MP_BOOT_ENTRIES];
	struct mp_release *keep[MP_BOOT_ENTRIES] = {0};
	unsigned n = 0;
	int r = mp_boot_list(w->medium, WORKER_ESP, entries, &n, err);

	for (unsigned i = 0; r == 0 && i < n; i++)
		r = load_manifest(w, entries[i].version, &keep[i], err);
	if (r == 0)
		r = mp_install_sweep(&w->config, (const struct mp_release *const *)keep, n, err);
	for (unsigned i = 0; i < n; i++)
		mp_release_free(keep[i]);
	return r;
}

int worker_mark(struct worker *w, bool good, const char *reason, struct mp_err *err)
{
	struct mp_err ignored;
	int r;

	if (!good)
		return mp_install_mark_bad(&w->config, reason, err);
	r = mp_install_mark_good(&w->config, err);
	if (r == 0)
		(void)sweep(w, &ignored); /* what is left over costs room and nothing else */
	return r;
}
