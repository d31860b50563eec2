/* SPDX-License-Identifier: Apache-2.0 */
/* install.h - bring a device to a release so that power may fail at any moment
 *
 *     r = mp_install_status(&config, &status, &err);          // at every start of the agent
 *     if (status.state == MP_INSTALL_DOWNLOADING) ...          // was interrupted: offer it again
 *     r = mp_install_run(&config, &hooks, &job, &err);         // returns when all is in place
 *     if (r < 0 && mp_install_is_transient(r)) ...             // try again later: it resumes
 *     r = mp_install_rebooting(&config, &err);  reboot();
 *     ... after the reboot, when the system is healthy ...
 *     r = mp_install_mark_good(&config, &err);                 // or mp_install_mark_bad()
 *
 * Order (docs/spec/disk.md): application blobs and the manifest; the other release's boot entry
 * goes; the free slot's partition UUIDs go; root and verity are written; the slot is read back and
 * verified; the UUIDs are set; the UKI is written beside and renamed into place. That rename is the
 * moment from which the new release boots. A release whose root image is the running one shares
 * the running slot: only blobs and the UKI are new. One whose root image lies in the other slot
 * already needs no download of it either.
 *
 * What was reached stands in STATE_DIR/update/state.json, and running again continues there. The
 * caller has verified the manifest by TUF; all else is verified here before it counts. At most
 * 4 MiB and the payload's index are in memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "medium/medium.h"
#include "release/release.h"

enum mp_install_state {
	MP_INSTALL_IDLE,
	MP_INSTALL_DOWNLOADING, /* interrupted or under way; mp_install_run() continues it */
	MP_INSTALL_VERIFYING, /* all bytes are there; mp_install_run() continues it */
	MP_INSTALL_DOWNLOADED, /* all is in place but its boot entry: mp_install_commit() */
	MP_INSTALL_INSTALLED, /* a reboot starts the new release */
	MP_INSTALL_REBOOTING,
	MP_INSTALL_PROVING, /* the new release runs and nobody has marked it yet */
	MP_INSTALL_PROVEN,
	MP_INSTALL_FAILED, /* before it could boot; the running release was not touched */
	MP_INSTALL_ROLLED_BACK, /* it booted or tried to, and the one before runs again */
};
const char *mp_install_state_name(enum mp_install_state s); /* "idle", "rolled_back" ... */

struct mp_install_config { /* all borrowed */
	struct mp_medium *medium;
	const char *disk; /* the whole disk: "/dev/vda" */
	const char *esp; /* where the ESP is mounted: "/efi" */
	const char *state_dir; /* "/var/lib/microplatform" */
	const char *product, *board;
	const char *running_version,
		*running_root_hash; /* mp.release= and roothash= of the kernel */
	const char *boot_id; /* /proc/sys/kernel/random/boot_id: tells a restart from a reboot */
	unsigned tries; /* boots that a new release gets; 0: 3 */
	unsigned checkpoint; /* frames between two notes of progress on disk; 0: 8 */
};

struct mp_install_status {
	enum mp_install_state state;
	char version[32]; /* the release that `state` is about; "" when idle */
	char reason[512]; /* why it failed or was rolled back, a sentence; else "" */
	char note[256]; /* what the job carried along (the server's action id) */
	bool trial; /* the running release's boot entry is counted: mark it good or bad */
	char slot; /* 'a' or 'b': what runs; '?' when the disk does not say */
};

/* Where things stand, from the state file, the ESP and what runs. Settles what a reboot has
 * decided (PROVING, PROVEN, ROLLED_BACK) and mends a damaged partition table, durably. Also right
 * on a device that never had an update. */
int mp_install_status(const struct mp_install_config *c, struct mp_install_status *ret,
		      struct mp_err *err);

typedef int (*mp_install_sink)(void *user, const void *data, size_t len);

struct mp_install_hooks {
	/* The TUF-verified length and SHA-256 (hex) of a target. -ENOENT: not listed. */
	int (*find)(void *user, const char *target, uint64_t *ret_size, char ret_sha256[65],
		    struct mp_err *err);
	/* Hand bytes [off, off + len) of a target to `sink`, in order, in pieces of any size. A
	 * negative return of the sink ends it and is returned. May return less than everything
	 * only with an error (-ECONNRESET ...). */
	int (*read)(void *user, const char *target, uint64_t off, uint64_t len,
		    mp_install_sink sink, void *sink_user, struct mp_err *err);
	/* Does Docker have this layer already? May be NULL: no. */
	bool (*have_layer)(void *user, const char *diff_id);
	/* Battery, mains, the product's own checks; before any byte. May be NULL. */
	int (*ready)(void *user, struct mp_err *err);
	/* Bytes moved of all that must move. Negative: stop with this code (-ECANCELED). May be NULL. */
	int (*progress)(void *user, enum mp_install_state state, uint64_t done, uint64_t total);
	/* Frames before `frame` stand in the slot already, from an earlier run. May be NULL. */
	void (*resumed)(void *user, unsigned frame, unsigned frames);
	void *user;
};

struct mp_install_job {
	const struct mp_release *release;
	const void *manifest; /* the manifest file's bytes, kept for after the reboot */
	size_t manifest_len;
	const char *note; /* carried along in the state, at most 255 characters; may be NULL */
	bool hold; /* stop before it could boot: the state is then DOWNLOADED */
};

/* Everything that can be checked before a byte is moved: product, board, minimum version, version
 * going down or the same, the running release not proven yet, slots large enough, room on ESP and
 * data, hooks->ready. -EPERM, -EEXIST, -ENOSPC, -ENOENT (nothing for this board) ... */
int mp_install_preflight(const struct mp_install_config *c, const struct mp_install_hooks *h,
			 const struct mp_install_job *job, struct mp_err *err);

/* Preflight, then all of it. Continues what an earlier run of the same release left. 0: the state
 * is INSTALLED. A failure that trying again may cure (mp_install_is_transient) leaves the state
 * as it is; any other makes it FAILED with the sentence as reason. */
int mp_install_run(const struct mp_install_config *c, const struct mp_install_hooks *h,
		   const struct mp_install_job *job, struct mp_err *err);
/* What was held back boots next: its entry is renamed into place, nothing else is left to do.
 * -EPERM when nothing is. */
int mp_install_commit(const struct mp_install_config *c, struct mp_err *err);
/* The network, a busy server, a caller that stopped it. */
bool mp_install_is_transient(int r);

/* Note that a release came to nothing before mp_install_run() (its metadata was refused ...). */
int mp_install_fail(const struct mp_install_config *c, const char *version, const char *note,
		    const char *reason, struct mp_err *err);
/* The reboot is about to happen. -EPERM when nothing is installed. */
int mp_install_rebooting(const struct mp_install_config *c, struct mp_err *err);
/* The running release is good: its boot entry loses its counter, the state is PROVEN. */
int mp_install_mark_good(const struct mp_install_config *c, struct mp_err *err);
/* The running release is bad: its boot entry has no tries left, the reason is kept; after a reboot
 * the one before runs and the state is ROLLED_BACK. -ENOENT when no other release could boot. */
int mp_install_mark_bad(const struct mp_install_config *c, const char *reason, struct mp_err *err);

/* ---- what lies on `data` ---- */
/* A blob by its digest: the diff id of a layer or the id of an image configuration, as in the
 * manifest: STATE_DIR/blobs/<digest>. -EFBIG. */
int mp_install_blob_path(const char *state_dir, const char *digest, char *ret, size_t room);
/* STATE_DIR/releases/VERSION/manifest.json. -EFBIG. */
int mp_install_manifest_path(const char *state_dir, const char *version, char *ret, size_t room);
/* Remove blobs and manifests that none of these releases names (running, previous, under way). */
int mp_install_sweep(const struct mp_install_config *c, const struct mp_release *const *keep,
		     unsigned n, struct mp_err *err);
