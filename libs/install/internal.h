/* SPDX-License-Identifier: Apache-2.0 */
/* internal.h - what the parts of the engine share: the state on disk and the run under way */
#pragma once

#include "install/install.h"
#include "payload/payload.h"
#include "slots/slots.h"

#define INSTALL_PATH 320

/* How far an installation has come, in the order in which it goes. What a step needs is durable
 * before the state says that the step has begun. */
enum install_step {
	STEP_BLOBS, /* the boot entries are as they were */
	STEP_SLOT, /* only the running release can boot; the slot is being written */
	STEP_ENTRY, /* the slot is whole and found by its root hash; the UKI is being written */
};

struct install_state {
	enum mp_install_state state;
	enum install_step step;
	char version[32];
	char reason[512];
	char note[256];
	char boot_id[64]; /* the boot during which the release was installed */
	char index_sha256[65]; /* of the payload that the counts are for */
	int64_t slot; /* being written; enum mp_slot */
	int64_t frames, uki_frames; /* frames of the index, from its first, that are durable */
};

/* A missing or unreadable file is an idle state. */
int install_state_load(const struct mp_install_config *c, struct install_state *ret,
		       struct mp_err *err);
int install_state_save(const struct mp_install_config *c, const struct install_state *s,
		       struct mp_err *err);

struct install {
	const struct mp_install_config *c;
	const struct mp_install_hooks *h;
	const struct mp_install_job *job;
	const struct mp_release_os *os;
	struct install_state st;
	struct mp_slots slots;
	enum mp_slot active, target; /* what runs; what the release goes into */
	char root_uuid[37], verity_uuid[37]; /* of the release */
	uint64_t done, total; /* bytes to move */
};

/* Tell the caller; its wish to stop comes back as a negative number. */
int install_progress(struct install *in, uint64_t more);
/* Bytes that must be moved for the applications, and that they will take on `data`. */
void install_blobs_missing(const struct mp_install_config *c, const struct mp_install_hooks *h,
			   const struct mp_release *release, uint64_t *ret_move,
			   uint64_t *ret_room);
int install_blobs(struct install *in, struct mp_err *err);
int install_manifest(struct install *in, struct mp_err *err);

/* Fill in slots, active, target, os and both UUIDs of the release. */
int install_look(struct install *in, struct mp_err *err);
/* Is the release's root image the one that runs? */
bool install_shares_slot(const struct install *in);

/* The index of the first source that this device can read. Its bytes live in `buf`. */
int install_fetch_index(struct install *in, struct mp_buf *buf, struct mp_payload_index *ret,
			const struct mp_release_source **ret_source, struct mp_err *err);
/* Fetch, verify and write the frames of root and verity, or of the UKI, from where the state says. */
int install_frames(struct install *in, const struct mp_payload_index *ix, const char *target,
		   bool uki, struct mp_err *err);

int install_path(char *ret, size_t room, const char *fmt, ...)
	__attribute__((format(printf, 3, 4))); /* 0 or -EFBIG */
