/* SPDX-License-Identifier: Apache-2.0
 * preflight.c - every reason against an installation that can be known before it begins
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "partition/partition.h"

#define ESP_SPARE (256u << 10) /* for folders and rounding to clusters */
#define DATA_SPARE (32u << 20) /* for state, manifest, log; Docker does not start with 4 MiB */
#define MIB (1u << 20)

bool install_shares_slot(const struct install *in)
{
	return mp_streq(in->os->root_hash, in->c->running_root_hash);
}

static int check_release(const struct mp_install_config *c, const struct mp_release *rel,
			 struct mp_err *err)
{
	if (!mp_streq(rel->product, c->product))
		return mp_err_set(err, -EPERM, "release %s is for the product '%s', this is a '%s'",
				  rel->version, rel->product, c->product);
	if (!mp_version_is_valid(c->running_version))
		return mp_err_set(err, -EPERM, "the running system does not know its release");
	if (mp_version_compare(rel->version, c->running_version) == 0)
		return mp_err_set(err, -EEXIST, "release %s runs already", rel->version);
	if (mp_version_compare(rel->version, c->running_version) < 0)
		return mp_err_set(err, -EPERM, "release %s is older than %s, which runs",
				  rel->version, c->running_version);
	if (rel->minimum_version[0] &&
	    mp_version_compare(c->running_version, rel->minimum_version) < 0)
		return mp_err_set(err, -EPERM,
				  "release %s can only follow %s or later; %s runs: install one "
				  "between them first",
				  rel->version, rel->minimum_version, c->running_version);
	return 0;
}

int install_look(struct install *in, struct mp_err *err)
{
	char running[37], verity[37];
	int r;

	in->os = mp_release_find_os(in->job->release, in->c->board);
	if (!in->os)
		return mp_err_set(err, -ENOENT, "release %s has nothing for the board %s",
				  in->job->release->version, in->c->board);
	if (strlen(in->c->running_root_hash) != 64)
		return mp_err_set(err, -EPERM, "the running system does not know its root hash");
	r = mp_slots_read(in->c->medium, in->c->disk, &in->slots, err);
	if (r < 0)
		return r;
	(void)mp_partition_uuids(in->c->running_root_hash, running, verity);
	(void)mp_partition_uuids(in->os->root_hash, in->root_uuid, in->verity_uuid);
	r = mp_slots_find(&in->slots, running);
	if (r < 0)
		return mp_err_set(err, r, "no slot of %s holds the running system", in->c->disk);
	in->active = (enum mp_slot)r;
	in->target = install_shares_slot(in)   ? in->active
		     : in->active == MP_SLOT_A ? MP_SLOT_B
					       : MP_SLOT_A;
	return 0;
}

static int check_slot(const struct install *in, struct mp_err *err)
{
	const struct mp_slots_part *root = &in->slots.root[in->target];
	const struct mp_slots_part *verity = &in->slots.verity[in->target];

	if (in->os->root_size > root->size || in->os->verity_size > verity->size)
		return mp_err_set(err, -ENOSPC,
				  "the release's system takes %llu MiB, the slot has %llu MiB",
				  (unsigned long long)(in->os->root_size / MIB),
				  (unsigned long long)(root->size / MIB));
	return 0;
}

static uint64_t entry_size(const struct mp_install_config *c, const char *file)
{
	char path[INSTALL_PATH];
	int64_t size = -1;

	if (install_path(path, sizeof(path), "%s/EFI/Linux/%s", c->esp, file) == 0)
		size = mp_medium_size(c->medium, path);
	return size < 0 ? 0 : (uint64_t)size;
}

/* Room on the ESP once the entries that will go have gone; and is what runs proven? */
static int check_esp(const struct install *in, struct mp_err *err)
{
	struct mp_boot_entry all[MP_BOOT_ENTRIES], running;
	int64_t room = mp_medium_room(in->c->medium, in->c->esp);
	unsigned n;
	int r = mp_boot_find(in->c->medium, in->c->esp, in->c->running_version, &running, err);

	if (r < 0)
		return r;
	if (running.left >= 0)
		return mp_err_set(err, -EAGAIN, "release %s runs but is not proven yet",
				  in->c->running_version);
	r = mp_boot_list(in->c->medium, in->c->esp, all, &n, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; room >= 0 && i < n; i++)
		if (mp_version_compare(all[i].version, in->c->running_version) != 0)
			room += (int64_t)entry_size(in->c, all[i].file);
	if (room < 0)
		return mp_err_set(err, (int)room, "cannot ask how full %s is: %s", in->c->esp,
				  strerror((int)-room));
	if ((uint64_t)room < in->os->uki_size + ESP_SPARE)
		return mp_err_set(err, -ENOSPC, "the ESP has room for %llu KiB, the UKI takes %llu",
				  (unsigned long long)room / 1024,
				  (unsigned long long)in->os->uki_size / 1024);
	return 0;
}

static int check_data(const struct install *in, struct mp_err *err)
{
	int64_t room = mp_medium_room(in->c->medium, in->c->state_dir);
	uint64_t move, need;

	install_blobs_missing(in->c, in->h, in->job->release, &move, &need);
	need += DATA_SPARE;
	if (room < 0)
		return mp_err_set(err, (int)room, "cannot ask how full %s is: %s", in->c->state_dir,
				  strerror((int)-room));
	if ((uint64_t)room < need)
		return mp_err_set(err, -ENOSPC,
				  "the data partition has %llu MiB left, release %s needs %llu MiB",
				  (unsigned long long)room / MIB, in->job->release->version,
				  (unsigned long long)(need + MIB - 1) / MIB);
	return 0;
}

int mp_install_preflight(const struct mp_install_config *c, const struct mp_install_hooks *h,
			 const struct mp_install_job *job, struct mp_err *err)
{
	struct install in = {.c = c, .h = h, .job = job};
	int r = check_release(c, job->release, err);

	if (r == 0)
		r = install_look(&in, err);
	if (r == 0)
		r = check_slot(&in, err);
	if (r == 0)
		r = check_esp(&in, err);
	if (r == 0)
		r = check_data(&in, err);
	if (r == 0 && h->ready)
		r = h->ready(h->user, err);
	return r;
}
