/* SPDX-License-Identifier: Apache-2.0
 * run.c - an installation from its first byte to the renamed UKI
 *
 * Each step may be cut short and done again. What may not be done again, or not skipped, is told
 * by the state's step, which is written after all that the step relies on has been flushed.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "crypto/hash.h"

#define TRIES 3
#define INDEX_MOST (8u << 20)
#define CHUNK 65536

bool mp_install_is_transient(int r)
{
	static const int codes[] = {ETIMEDOUT,	 ECONNREFUSED, ECONNRESET, EHOSTUNREACH,
				    ENETUNREACH, EPIPE,	       EAGAIN,	   ECANCELED,
				    EINTR,	 EREMOTEIO,    ENOMEM};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (r == -codes[i])
			return true;
	return false;
}

int install_progress(struct install *in, uint64_t more)
{
	in->done += more;
	if (!in->h->progress)
		return 0;
	if (in->done > in->total)
		in->total = in->done;
	return in->h->progress(in->h->user, in->st.state, in->done, in->total);
}

static int save(struct install *in, struct mp_err *err)
{
	return install_state_save(in->c, &in->st, err);
}

/* ---- the slot ---- */

static int verify_progress(void *user, uint64_t done, uint64_t total)
{
	const struct install *in = user;

	return in->h->progress ? in->h->progress(in->h->user, MP_INSTALL_VERIFYING, done, total)
			       : 0;
}

static int verify(struct install *in, struct mp_err *err)
{
	struct mp_slots_want want = {
		.root_hash = in->os->root_hash,
		.root_size = in->os->root_size,
		.verity_size = in->os->verity_size,
		.verity_sha256 = in->os->verity_sha256,
		.progress = verify_progress,
		.user = in,
	};

	return mp_slots_verify(in->c->medium, &in->slots, in->target, &want, err);
}

/* Do the partition UUIDs promise the release's image already? */
static bool is_assigned(const struct install *in)
{
	return mp_streq(in->slots.root[in->target].uuid, in->root_uuid) &&
	       mp_streq(in->slots.verity[in->target].uuid, in->verity_uuid);
}

/* From here on only the running release can boot. */
static int begin_slot(struct install *in, struct mp_err *err)
{
	int r = mp_boot_remove_others(in->c->medium, in->c->esp, in->c->running_version, err);

	if (r == 0 && !is_assigned(in))
		r = mp_slots_assign(in->c->medium, &in->slots, in->target, NULL, NULL, err);
	if (r < 0)
		return r;
	in->st.step = STEP_SLOT;
	in->st.slot = in->target;
	in->st.frames = in->st.uki_frames = 0;
	in->st.index_sha256[0] = '\0';
	return save(in, err);
}

static int begin_entry(struct install *in, struct mp_err *err)
{
	in->st.step = STEP_ENTRY;
	in->st.state = MP_INSTALL_DOWNLOADING;
	in->st.uki_frames = 0;
	return save(in, err);
}

/* The slot may hold the image already: the running one shares its slot, and an image that the
 * other slot got earlier is still there. 1: it does, verified. */
static int slot_is_ready(struct install *in)
{
	struct mp_err ignored;
	int r;

	if (!is_assigned(in))
		return 0;
	r = verify(in, &ignored);
	return r == 0 ? 1 : r == -EBADMSG ? 0 : r;
}

/* Counts of another payload mean nothing for this one. */
static void match_counts(struct install *in, const struct mp_release_source *source)
{
	if (mp_streq(in->st.index_sha256, source->index_sha256))
		return;
	in->st.frames = in->st.uki_frames = 0;
	memcpy(in->st.index_sha256, source->index_sha256, sizeof(in->st.index_sha256));
}

static int write_slot(struct install *in, const struct mp_payload_index *ix,
		      const struct mp_release_source *source, struct mp_err *err)
{
	int r = 0;

	/* A slot whose content was found damaged must not be found while it is written. */
	if (is_assigned(in))
		r = mp_slots_assign(in->c->medium, &in->slots, in->target, NULL, NULL, err);
	if (r == 0)
		r = install_frames(in, ix, source->target, false, err);
	if (r < 0)
		return r;
	in->st.state = MP_INSTALL_VERIFYING;
	r = save(in, err);
	if (r == 0)
		r = verify(in, err);
	if (r == -EBADMSG)
		in->st.frames = 0;
	if (r == 0)
		r = mp_slots_assign(in->c->medium, &in->slots, in->target, in->root_uuid,
				    in->verity_uuid, err);
	return r;
}

static int fill_slot(struct install *in, const struct mp_payload_index *ix,
		     const struct mp_release_source *source, struct mp_err *err)
{
	int r = slot_is_ready(in);

	if (r < 0)
		return mp_err_set(err, r, "cannot read the slot back: %s", strerror(-r));
	if (r == 0 && install_shares_slot(in))
		return mp_err_set(err, -EIO, "the slot of the running system is damaged");
	if (r == 0)
		r = write_slot(in, ix, source, err);
	return r < 0 ? r : begin_entry(in, err);
}

/* ---- the UKI ---- */

/* 0: the file is the release's UKI, -EBADMSG: it is not. */
static int check_uki(const struct install *in, const char *path)
{
	auto_(mp_hash) *hash = NULL;
	auto_free uint8_t *chunk = malloc(CHUNK);
	uint8_t digest[MP_SHA256_LEN];
	char hex[65];
	uint64_t off = 0;
	ssize_t n;
	int r = mp_hash_new(MP_SHA256, &hash);

	if (r < 0 || !chunk)
		return -ENOMEM;
	while ((n = mp_medium_read(in->c->medium, path, off, chunk, CHUNK)) > 0) {
		mp_hash_add(hash, chunk, (size_t)n);
		off += (uint64_t)n;
	}
	mp_hash_end(hash, digest);
	mp_hex_format(digest, sizeof(digest), hex);
	if (n < 0)
		return (int)n;
	return off == in->os->uki_size && mp_streq(hex, in->os->uki_sha256) ? 0 : -EBADMSG;
}

/* Was the entry renamed into place before the power failed? */
static bool is_committed(const struct install *in)
{
	struct mp_boot_entry e;
	char path[INSTALL_PATH];

	return mp_boot_find(in->c->medium, in->c->esp, in->st.version, &e, NULL) == 0 &&
	       e.left != 0 &&
	       install_path(path, sizeof(path), "%s/EFI/Linux/%s", in->c->esp, e.file) == 0 &&
	       check_uki(in, path) == 0;
}

static int write_uki(struct install *in, const struct mp_payload_index *ix,
		     const struct mp_release_source *source, struct mp_err *err)
{
	char path[INSTALL_PATH];
	int r = mp_boot_part_path(in->c->esp, in->st.version, path, sizeof(path));

	if (r < 0)
		return mp_err_set(err, r, "the path of the ESP is too long");
	/* An entry of this version that is not whole, or has been tried in vain, goes. */
	if (in->st.uki_frames == 0)
		r = mp_boot_remove_others(in->c->medium, in->c->esp, in->c->running_version, err);
	if (r == 0)
		r = install_frames(in, ix, source->target, true, err);
	if (r < 0)
		return r;
	r = check_uki(in, path);
	if (r < 0) {
		in->st.uki_frames = 0;
		return mp_err_set(err, r, "the UKI on the ESP is not what was written: %s",
				  strerror(-r));
	}
	return 0;
}

/* ---- the whole ---- */

static int finish(const struct mp_install_config *c, struct install_state *st, struct mp_err *err)
{
	st->state = MP_INSTALL_INSTALLED;
	snprintf(st->boot_id, sizeof(st->boot_id), "%s", c->boot_id);
	return install_state_save(c, st, err);
}

/* Was the part renamed, by a worker that died then, or by us and only the flush failed? */
static bool is_renamed(const struct mp_install_config *c, const char *version)
{
	struct mp_boot_entry e;
	char part[INSTALL_PATH];

	return mp_boot_part_path(c->esp, version, part, sizeof(part)) == 0 &&
	       mp_medium_size(c->medium, part) == -ENOENT &&
	       mp_boot_find(c->medium, c->esp, version, &e, NULL) == 0 && e.left != 0;
}

/* From the rename on the release can boot, and nothing may be called a failure any more: if the
 * state cannot be written, the entry tells mp_install_status() what it would have said. */
static int commit(const struct mp_install_config *c, struct install_state *st, struct mp_err *err)
{
	int tries = c->tries ? (int)c->tries : TRIES;
	struct mp_err why;
	int r = mp_boot_commit(c->medium, c->esp, st->version, tries, &why);

	if (r < 0 && !is_renamed(c, st->version))
		return mp_err_set(err, r, "%s", why.text);
	(void)finish(c, st, NULL);
	return 0;
}

static int hold_back(struct install *in, struct mp_err *err)
{
	in->st.state = MP_INSTALL_DOWNLOADED;
	return save(in, err);
}

static int run_steps(struct install *in, struct mp_err *err)
{
	const struct mp_release_source *source = NULL;
	struct mp_payload_index ix;
	MP_BUF(buf, INDEX_MOST);
	int r = 0;

	if (in->st.step == STEP_ENTRY && is_committed(in)) {
		(void)finish(in->c, &in->st, NULL); /* as in commit() */
		return 0;
	}
	if (in->st.step == STEP_BLOBS) {
		r = install_blobs(in, err);
		if (r == 0)
			r = install_manifest(in, err);
	}
	/* Before the boot entry of the other release goes: can this one be had at all? */
	if (r == 0)
		r = install_fetch_index(in, &buf, &ix, &source, err);
	if (r == 0 && in->st.step == STEP_BLOBS)
		r = begin_slot(in, err);
	if (r < 0)
		return r;
	match_counts(in, source);
	if (in->st.step == STEP_SLOT)
		r = fill_slot(in, &ix, source, err);
	if (r == 0)
		r = write_uki(in, &ix, source, err);
	if (r < 0)
		return r;
	return in->job->hold ? hold_back(in, err) : commit(in->c, &in->st, err);
}

/* Does the state belong to this release, and does what it says still hold? */
static bool continues(const struct install *in)
{
	const struct install_state *st = &in->st;

	if (!mp_streq(st->version, in->job->release->version))
		return false;
	if (st->state != MP_INSTALL_DOWNLOADING && st->state != MP_INSTALL_VERIFYING &&
	    st->state != MP_INSTALL_DOWNLOADED)
		return false;
	if (st->step == STEP_BLOBS)
		return true;
	if (st->slot != (int64_t)in->target)
		return false;
	return st->step == STEP_SLOT || is_assigned(in);
}

static int begin(struct install *in, struct mp_err *err)
{
	uint64_t room;

	if (!continues(in)) {
		in->st = (struct install_state){.step = STEP_BLOBS};
		snprintf(in->st.version, sizeof(in->st.version), "%s", in->job->release->version);
	}
	in->st.state = MP_INSTALL_DOWNLOADING;
	in->st.reason[0] = '\0';
	snprintf(in->st.note, sizeof(in->st.note), "%s", in->job->note ? in->job->note : "");
	install_blobs_missing(in->c, in->h, in->job->release, &in->total, &room);
	for (unsigned i = 0; i < in->os->n_sources; i++)
		if (mp_streq(in->os->sources[i].type, "full")) {
			in->total += is_assigned(in) ? in->os->uki_size : in->os->sources[i].size;
			break;
		}
	return save(in, err);
}

/* Is it installed already, and only the reboot is missing? */
static bool is_installed(const struct install *in)
{
	return (in->st.state == MP_INSTALL_INSTALLED || in->st.state == MP_INSTALL_REBOOTING) &&
	       mp_streq(in->st.version, in->job->release->version) && is_committed(in);
}

static int run(struct install *in, struct mp_err *err)
{
	int r = install_look(in, err);

	if (r == 0 && is_installed(in))
		return 0;
	if (r == 0)
		r = mp_install_preflight(in->c, in->h, in->job, err);
	if (r == 0)
		r = begin(in, err);
	return r < 0 ? r : run_steps(in, err);
}

int mp_install_run(const struct mp_install_config *c, const struct mp_install_hooks *h,
		   const struct mp_install_job *job, struct mp_err *err)
{
	struct install in = {.c = c, .h = h, .job = job};
	struct mp_err why = {""};
	int r = install_state_load(c, &in.st, err);

	if (r < 0)
		return r;
	r = run(&in, &why);
	if (r == 0)
		return 0;
	if (!why.text[0])
		r = mp_err_set(&why, r, "the installation of %s failed: %s", job->release->version,
			       strerror(-r));
	/* -EEXIST: it runs already, which is no failure of it. */
	if (!mp_install_is_transient(r) && r != -EEXIST)
		(void)mp_install_fail(c, job->release->version, job->note, why.text, NULL);
	return mp_err_set(err, r, "%s", why.text);
}

int mp_install_commit(const struct mp_install_config *c, struct mp_err *err)
{
	struct install_state st;
	int r = install_state_load(c, &st, err);

	if (r < 0 || st.state == MP_INSTALL_INSTALLED || st.state == MP_INSTALL_REBOOTING)
		return r;
	if (st.state != MP_INSTALL_DOWNLOADED)
		return mp_err_set(err, -EPERM, "no release waits for its boot entry");
	return commit(c, &st, err);
}

int mp_install_fail(const struct mp_install_config *c, const char *version, const char *note,
		    const char *reason, struct mp_err *err)
{
	struct install_state st = {.state = MP_INSTALL_FAILED, .step = STEP_BLOBS};

	snprintf(st.version, sizeof(st.version), "%s", version);
	snprintf(st.note, sizeof(st.note), "%s", note ? note : "");
	snprintf(st.reason, sizeof(st.reason), "%s", reason);
	return install_state_save(c, &st, err);
}
