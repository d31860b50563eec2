/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - the worker with the rights: block devices, ESP and state, and no network
 *
 * Started by the supervisor for one request: set up, install, or mark what runs good or bad. It
 * alone knows which keys to believe. Files come from fetch over a pair, and count only once TUF
 * has verified them.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "install/install.h"
#include "medium/medium.h"
#include "pair/pair.h"
#include "tuf/tuf.h"

#define WORKER_STATE "/var/lib/microplatform"
#define WORKER_ESP "/efi"

struct worker {
	const char *root; /* prefix of all paths */
	struct mp_medium *medium;
	struct mp_pair control, data; /* data.fd is -1 when there is no fetch */
	char product[64], board[64], disk[64];
	char version[32], root_hash[65], boot_id[64]; /* of what runs */
	struct mp_install_config config; /* borrows from the above */
	struct mp_tuf_store store;
};
/* Read product.json, /proc/cmdline and the boot id; `disk` NULL: find it. */
int worker_init(struct worker *w, const char *root, const char *disk, struct mp_err *err);
void worker_done(struct worker *w);

/* ---- disk.c ---- */
/* The whole disk that the running root lies on, "/dev/vda". -ENOENT. */
int worker_find_disk(const struct worker *w, char *ret, size_t room);

/* ---- the requests ---- */
int worker_setup(struct worker *w, struct mp_err *err);
int worker_seeded(struct worker *w, struct mp_err *err);
/* `hold`: as in struct mp_install_job. */
int worker_install(struct worker *w, const char *version, const char *action, bool hold,
		   struct mp_err *err);
int worker_commit(struct worker *w, struct mp_err *err);
int worker_mark(struct worker *w, bool good, const char *reason, struct mp_err *err);

/* ---- store.c, source.c: what TUF needs ---- */
void worker_store_init(struct worker *w);
/* Trust the root that came with the image, unless something is trusted already. */
int worker_tuf_open(struct worker *w, struct mp_tuf_client **ret, struct mp_err *err);
struct mp_tuf_fetcher worker_fetcher(struct worker *w);
/* Bytes [from, from + len) of a file, from fetch. Fewer without an error when the file ends. */
int worker_get(struct worker *w, const char *file, uint64_t from, uint64_t len, mp_tuf_sink sink,
	       void *sink_user, uint64_t *ret_got, struct mp_err *err);
