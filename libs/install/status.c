/* SPDX-License-Identifier: Apache-2.0
 * status.c - what a reboot has decided, and deciding about the release that runs
 *
 * Three witnesses: the state file, the boot entries on the ESP, and the kernel command line of
 * what runs. The rename of the UKI is what installs a release, so the ESP and the command line
 * are right where the state file is one step behind.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "partition/partition.h"

struct witness {
	const struct mp_install_config *c;
	struct install_state *st;
	bool runs; /* the state's release is what runs */
	bool rebooted; /* since it was installed */
	bool has_entry;
	struct mp_boot_entry entry; /* of the state's release */
};

static void roll_back(struct witness *w)
{
	struct install_state *st = w->st;
	const char *how = st->state == MP_INSTALL_PROVING
				  ? "started but was not proven good before the next boot"
				  : "did not come up";

	if (!st->reason[0])
		snprintf(st->reason, sizeof(st->reason), "release %s %s; release %s runs again",
			 st->version, how, w->c->running_version);
	st->state = MP_INSTALL_ROLLED_BACK;
}

/* The state's release has an entry, and another release runs. */
static void settle_other(struct witness *w)
{
	if (w->entry.left == 0) {
		roll_back(w);
		return;
	}
	/* It can still boot: a reboot is what is missing. */
	if (w->rebooted || w->st->state == MP_INSTALL_DOWNLOADING ||
	    w->st->state == MP_INSTALL_VERIFYING || w->st->state == MP_INSTALL_DOWNLOADED ||
	    w->st->state == MP_INSTALL_PROVING)
		w->st->state = MP_INSTALL_INSTALLED;
}

static void settle_running(struct witness *w)
{
	struct install_state *st = w->st;

	if (w->entry.left < 0)
		st->state = MP_INSTALL_PROVEN;
	else if (w->entry.left > 0 || st->state != MP_INSTALL_FAILED)
		st->state = MP_INSTALL_PROVING; /* the last try runs as "+0-3" */
	if (st->state != MP_INSTALL_FAILED)
		st->reason[0] = '\0';
}

static void settle(struct witness *w)
{
	struct install_state *st = w->st;

	switch (st->state) {
	case MP_INSTALL_IDLE:
	case MP_INSTALL_PROVEN:
	case MP_INSTALL_ROLLED_BACK:
		return;
	case MP_INSTALL_FAILED:
	case MP_INSTALL_DOWNLOADING:
	case MP_INSTALL_VERIFYING:
	case MP_INSTALL_DOWNLOADED:
		if (!w->has_entry || (st->step != STEP_ENTRY && !w->runs))
			return; /* it never could boot */
		break;
	case MP_INSTALL_INSTALLED:
	case MP_INSTALL_REBOOTING:
	case MP_INSTALL_PROVING:
		break;
	}
	if (!w->has_entry) {
		st->state = MP_INSTALL_FAILED;
		snprintf(st->reason, sizeof(st->reason),
			 "the boot entry of release %s is gone from the ESP", st->version);
	} else if (w->runs) {
		settle_running(w);
	} else {
		settle_other(w);
	}
}

static int settle_state(const struct mp_install_config *c, struct install_state *st,
			struct mp_err *err)
{
	const struct install_state before = *st;
	struct witness w = {.c = c, .st = st};
	int r;

	if (!st->version[0])
		return 0;
	r = mp_boot_find(c->medium, c->esp, st->version, &w.entry, err);
	if (r < 0 && r != -ENOENT)
		return r;
	w.has_entry = r == 0;
	w.runs = mp_version_is_valid(c->running_version) &&
		 mp_version_compare(st->version, c->running_version) == 0;
	w.rebooted = !mp_streq(st->boot_id, c->boot_id);
	settle(&w);
	if (before.state == st->state && mp_streq(before.reason, st->reason))
		return 0;
	r = install_state_save(c, st, err);
	return r == -ENOSPC ? 0
			    : r; /* the same is found the next time, and a device must come up */
}

static int look_at_disk(const struct mp_install_config *c, char *ret_slot, struct mp_err *err)
{
	char root[37], verity[37];
	struct mp_slots s;
	int r = mp_slots_read(c->medium, c->disk, &s, err);

	if (r == 0)
		r = mp_slots_mend(c->medium, &s, err);
	if (r < 0)
		return r;
	*ret_slot = '?';
	if (strlen(c->running_root_hash) != 64)
		return 0;
	(void)mp_partition_uuids(c->running_root_hash, root, verity);
	r = mp_slots_find(&s, root);
	if (r >= 0)
		*ret_slot = r == MP_SLOT_A ? 'a' : 'b';
	return 0;
}

int mp_install_status(const struct mp_install_config *c, struct mp_install_status *ret,
		      struct mp_err *err)
{
	struct mp_install_status s = {.slot = '?'};
	struct mp_boot_entry running;
	struct install_state st;
	int r = look_at_disk(c, &s.slot, err);

	if (r == 0)
		r = install_state_load(c, &st, err);
	if (r == 0)
		r = settle_state(c, &st, err);
	if (r < 0)
		return r;
	r = mp_boot_find(c->medium, c->esp, c->running_version, &running, err);
	if (r < 0 && r != -ENOENT)
		return r;
	s.trial = r == 0 && running.left >= 0;
	s.state = st.state;
	snprintf(s.version, sizeof(s.version), "%s", st.version);
	snprintf(s.reason, sizeof(s.reason), "%s", st.reason);
	snprintf(s.note, sizeof(s.note), "%s", st.note);
	*ret = s;
	return 0;
}

int mp_install_rebooting(const struct mp_install_config *c, struct mp_err *err)
{
	struct install_state st;
	int r = install_state_load(c, &st, err);

	if (r < 0)
		return r;
	if (st.state != MP_INSTALL_INSTALLED && st.state != MP_INSTALL_REBOOTING)
		return mp_err_set(err, -EPERM, "no release waits for a reboot");
	st.state = MP_INSTALL_REBOOTING;
	return install_state_save(c, &st, err);
}

/* The state, when it is about what runs; else a new one about it. */
static int state_of_running(const struct mp_install_config *c, struct install_state *st,
			    struct mp_err *err)
{
	int r = install_state_load(c, st, err);

	if (r < 0)
		return r;
	if (!st->version[0] || mp_version_compare(st->version, c->running_version) != 0)
		return -ENOENT;
	return 0;
}

int mp_install_mark_good(const struct mp_install_config *c, struct mp_err *err)
{
	struct install_state st;
	int r = mp_boot_bless(c->medium, c->esp, c->running_version, err);

	if (r < 0)
		return r;
	r = state_of_running(c, &st, err);
	if (r == -ENOENT || (r == 0 && st.state == MP_INSTALL_PROVEN))
		return 0; /* the factory's release, or once more */
	if (r < 0)
		return r;
	st.state = MP_INSTALL_PROVEN;
	st.reason[0] = '\0';
	return install_state_save(c, &st, err);
}

static int other_can_boot(const struct mp_install_config *c, struct mp_err *err)
{
	struct mp_boot_entry all[MP_BOOT_ENTRIES];
	unsigned n;
	int r = mp_boot_list(c->medium, c->esp, all, &n, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < n; i++)
		if (!all[i].part && all[i].left != 0 &&
		    mp_version_compare(all[i].version, c->running_version) != 0)
			return 0;
	return mp_err_set(err, -ENOENT, "no other release is there to go back to");
}

int mp_install_mark_bad(const struct mp_install_config *c, const char *reason, struct mp_err *err)
{
	struct install_state st;
	int r = other_can_boot(c, err);

	if (r < 0)
		return r;
	r = state_of_running(c, &st, err);
	if (r < 0 && r != -ENOENT)
		return r;
	if (r == -ENOENT) {
		st = (struct install_state){.state = MP_INSTALL_FAILED};
		snprintf(st.version, sizeof(st.version), "%s", c->running_version);
	}
	/* The reason first: once the entry is condemned, any reboot goes back. */
	st.state = MP_INSTALL_FAILED;
	st.step = STEP_ENTRY;
	snprintf(st.reason, sizeof(st.reason), "%s", reason);
	r = install_state_save(c, &st, err);
	return r < 0 ? r : mp_boot_condemn(c->medium, c->esp, c->running_version, err);
}
