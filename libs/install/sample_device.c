/* SPDX-License-Identifier: Apache-2.0
 * sample_device.c - a device in memory: how it boots, and what its agent does all day
 */
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "crypto/hash.h"
#include "partition/partition.h"
#include "slots/sample.h"
#include "slots/slots.h"

#define UKI_DIR SAMPLE_ESP "/EFI/Linux"
#define UKI_MOST 32768
#define PIECE 1500 /* bytes at a time, as a network gives them */
#define MOST_ROUNDS 60

static const struct mp_sample_sizes sizes = {4096, 14 * 4096, 3 * 4096, 4096, 16};

/* ---- the server, as the device sees it ---- */

static int find(void *user, const char *target, uint64_t *ret_size, char ret_sha256[65],
		struct mp_err *err)
{
	struct sample_device *d = user;
	const struct sample_blob *b = sample_blob(d->shop, target);

	if (!b)
		return mp_err_set(err, -ENOENT, "%s is not signed", target);
	*ret_size = b->len;
	memcpy(ret_sha256, b->sha256, 65);
	return 0;
}

static int read_target(void *user, const char *target, uint64_t off, uint64_t len,
		       mp_install_sink sink, void *sink_user, struct mp_err *err)
{
	struct sample_device *d = user;
	const struct sample_blob *b = sample_blob(d->shop, target);
	int r = 0;

	if (!b)
		return mp_err_set(err, -ENOENT, "the server has no %s", target);
	while (r == 0 && len > 0 && off < b->len) {
		uint64_t n = len < PIECE ? len : PIECE;

		if (n > b->len - off)
			n = b->len - off;
		d->served += n;
		d->served_of_payloads += mp_str_ends_with(target, ".payload") ? n : 0;
		if (d->drop_after && d->served % d->drop_after < n)
			return mp_err_set(err, -ECONNRESET, "the server hung up");
		r = sink(sink_user, b->data + off, (size_t)n);
		off += n;
		len -= n;
	}
	return r;
}

/* ---- making a device ---- */

static void configure(struct sample_device *d)
{
	d->config = (struct mp_install_config){
		.medium = mp_fake_medium(d->world),
		.disk = SAMPLE_DISK,
		.esp = SAMPLE_ESP,
		.state_dir = SAMPLE_STATE,
		.product = "demo",
		.board = "test",
		.boot_id = d->boot_id,
		.checkpoint = 1,
	};
	d->hooks = (struct mp_install_hooks){.find = find, .read = read_target, .user = d};
}

static int add_disk(struct mp_fake *w)
{
	int r = mp_fake_add_device(w, SAMPLE_DISK, mp_sample_disk_size(&sizes, 512));

	for (unsigned i = 1; r == 0 && i <= 6; i++) {
		uint64_t begin = mp_sample_part_begin(&sizes, 512, i);
		char name[16];

		snprintf(name, sizeof(name), SAMPLE_DISK "%u", i);
		r = mp_fake_add_partition(w, name, SAMPLE_DISK, begin,
					  mp_sample_part_begin(&sizes, 512, i + 1) - begin);
	}
	return r < 0 ? r : mp_sample_disk(mp_fake_medium(w), SAMPLE_DISK, 512, &sizes);
}

static int add_dirs(struct mp_fake *w)
{
	int r = mp_fake_add_dir(w, SAMPLE_ESP, MP_FAKE_FAT);

	if (r == 0)
		r = mp_fake_add_dir(w, SAMPLE_ESP "/EFI", MP_FAKE_FAT);
	if (r == 0)
		r = mp_fake_add_dir(w, UKI_DIR, MP_FAKE_FAT);
	return r < 0 ? r : mp_fake_add_dir(w, SAMPLE_STATE, MP_FAKE_JOURNALED);
}

/* What the factory writes: slot A and a blessed boot entry. */
static int add_factory(struct sample_device *d)
{
	const struct sample_release *r = sample_find(d->shop, "1.0.0");
	const struct mp_release_os *os = &r->parsed->os[0];
	struct mp_medium *m = d->config.medium;
	char root[37], verity[37];
	struct mp_slots s;
	int e = mp_slots_read(m, SAMPLE_DISK, &s, NULL);

	(void)mp_partition_uuids(r->root_hash, root, verity);
	if (e == 0)
		e = mp_medium_write(m, s.root[0].device, 0, r->root, os->root_size);
	if (e == 0)
		e = mp_medium_write(m, s.verity[0].device, 0, r->tree, os->verity_size);
	if (e == 0)
		e = mp_slots_assign(m, &s, MP_SLOT_A, root, verity, NULL);
	return e < 0 ? e : mp_medium_write(m, UKI_DIR "/mp_1.0.0.efi", 0, r->uki, os->uki_size);
}

int sample_device_new(struct sample_shop *s, struct sample_device *ret)
{
	int r;

	*ret = (struct sample_device){.shop = s};
	r = mp_fake_new(&ret->world);
	if (r < 0)
		return r;
	configure(ret);
	r = add_disk(ret->world);
	if (r == 0)
		r = add_dirs(ret->world);
	if (r == 0)
		r = add_factory(ret);
	mp_fake_settle(ret->world);
	return r;
}

void sample_device_done(struct sample_device *d)
{
	mp_fake_free(d->world);
	d->world = NULL;
}

int sample_device_clone(const struct sample_device *d, struct sample_device *ret)
{
	struct mp_fake *world;
	int r = mp_fake_clone(d->world, &world);

	if (r < 0)
		return r;
	*ret = *d;
	ret->world = world;
	ret->boots = ret->cuts = 0;
	ret->served = ret->served_of_payloads = 0;
	configure(ret);
	if (ret->runs) {
		ret->config.running_version = ret->runs->version;
		ret->config.running_root_hash = ret->runs->root_hash;
	}
	return 0;
}

/* ---- how it boots ---- */

static void broke(struct sample_device *d, const char *how, const char *what)
{
	if (!d->broken[0])
		snprintf(d->broken, sizeof(d->broken), "%s: %s", how, what);
}

/* systemd-boot's order: what has no tries left comes last, then the newer version first. */
static bool comes_before(const struct mp_boot_entry *a, const struct mp_boot_entry *b)
{
	int newer = mp_version_compare(a->version, b->version);

	if ((a->left == 0) != (b->left == 0))
		return b->left == 0;
	return newer != 0 ? newer > 0 : a->left > b->left;
}

static int choose(struct sample_device *d, struct mp_boot_entry *ret)
{
	struct mp_boot_entry all[MP_BOOT_ENTRIES];
	unsigned n;
	bool found = false;
	int r = mp_boot_list(d->config.medium, SAMPLE_ESP, all, &n, NULL);

	for (unsigned i = 0; r == 0 && i < n; i++)
		if (!all[i].part && (!found || comes_before(&all[i], ret))) {
			*ret = all[i];
			found = true;
		}
	return r < 0 ? r : found ? 0 : -ENOENT;
}

/* One try less, as systemd-boot does it before it starts the entry. */
static int count_down(struct sample_device *d, struct mp_boot_entry *e)
{
	char from[128], to[128], file[96];
	int r;

	if (e->left <= 0)
		return 0;
	snprintf(from, sizeof(from), UKI_DIR "/%s", e->file);
	(void)mp_boot_entry_format(e->version, --e->left, ++e->done, file);
	snprintf(to, sizeof(to), UKI_DIR "/%s", file);
	/* Another name of this file is in the way: the firmware refuses, systemd-boot goes on. */
	if (mp_medium_size(d->config.medium, to) >= 0)
		return 0;
	memcpy(e->file, file, sizeof(file));
	mp_fake_hold_power(d->world, true);
	r = mp_medium_rename(d->config.medium, from, to);
	mp_fake_hold_power(d->world, false);
	return r;
}

/* Load the entry, check its "signature", and see which release it starts. */
static int load_uki(struct sample_device *d, const struct mp_boot_entry *e,
		    const struct sample_release **ret)
{
	auto_free uint8_t *uki = malloc(UKI_MOST);
	uint8_t digest[32];
	char path[128];
	ssize_t n;

	snprintf(path, sizeof(path), UKI_DIR "/%s", e->file);
	n = mp_medium_read(d->config.medium, path, 0, uki, UKI_MOST);
	if (n < 0)
		return (int)n;
	if (n <= 256)
		return -EBADMSG;
	(void)mp_hash_once(MP_SHA256, uki, (size_t)n - 32, digest);
	if (memcmp(digest, uki + n - 32, 32) != 0)
		return -EBADMSG;
	*ret = sample_find(d->shop, (const char *)uki);
	return *ret ? 0 : -EBADMSG;
}

/* What kernel and mp-init do: find both partitions by the root hash, and open dm-verity. */
static int open_root(struct sample_device *d, const struct sample_release *r)
{
	const struct mp_release_os *os = &r->parsed->os[0];
	struct mp_slots_want want = {.root_hash = r->root_hash,
				     .root_size = os->root_size,
				     .verity_size = os->verity_size,
				     .verity_sha256 = os->verity_sha256};
	char root[37], verity[37];
	struct mp_slots s;
	int slot, e = mp_slots_read(d->config.medium, SAMPLE_DISK, &s, NULL);

	if (e < 0)
		return e;
	(void)mp_partition_uuids(r->root_hash, root, verity);
	slot = mp_slots_find(&s, root);
	if (slot < 0 || !mp_streq(s.verity[slot].uuid, verity))
		return -ENOENT;
	return mp_slots_verify(d->config.medium, &s, (enum mp_slot)slot, &want, NULL);
}

static int boot(struct sample_device *d)
{
	const struct sample_release *r = NULL;
	struct mp_boot_entry e;
	int code = choose(d, &e);

	if (code == 0)
		code = count_down(d, &e);
	if (code == 0)
		code = load_uki(d, &e, &r);
	if (code == -EBADMSG)
		broke(d, "the firmware refuses", e.file);
	if (code == 0) {
		code = open_root(d, r);
		if (code < 0 && code != -EIO)
			broke(d, "no whole slot for", r->version);
	}
	if (code < 0)
		return code;
	if (r->panics)
		return -EAGAIN;
	d->runs = r;
	d->config.running_version = r->version;
	d->config.running_root_hash = r->root_hash;
	return 0;
}

/* Power comes back; whatever was not flushed is as the seed has it. It may fail again soon. */
static void power_on(struct sample_device *d)
{
	d->cuts++;
	(void)mp_fake_power_on(d->world, d->seed++);
	if (d->cuts_left > 0) {
		d->cuts_left--;
		mp_fake_cut_power(d->world, d->seed * 7 % 31);
	}
}

void sample_boot(struct sample_device *d)
{
	int r = -EAGAIN;

	d->runs = NULL;
	for (int i = 0; i < 12 && r < 0 && !d->broken[0]; i++) {
		if (mp_fake_is_off(d->world))
			power_on(d);
		snprintf(d->boot_id, sizeof(d->boot_id), "boot-%u", ++d->boots);
		r = boot(d);
	}
	if (r < 0)
		broke(d, "nothing boots", strerror(-r));
}

/* ---- what its agent does ---- */

void sample_offer(struct sample_device *d, const char *version)
{
	snprintf(d->offered, sizeof(d->offered), "%s", version);
}

static int install(struct sample_device *d)
{
	const struct sample_release *r = sample_find(d->shop, d->offered);
	const struct mp_install_job job = {.release = r->parsed,
					   .manifest = r->manifest.data,
					   .manifest_len = r->manifest.len,
					   .note = "action-7",
					   .hold = d->holds};
	struct mp_err err = {""};
	int e = mp_install_run(&d->config, &d->hooks, &job, &err);

	if (e < 0 && !mp_fake_is_off(d->world))
		memcpy(d->last_error, err.text, sizeof(d->last_error));
	return e;
}

/* The running release is on trial: the verdict. true: reboot. */
static bool prove(struct sample_device *d)
{
	if (!d->runs->unhealthy) {
		(void)mp_install_mark_good(&d->config, NULL);
		return false;
	}
	return mp_install_mark_bad(&d->config, "service web is unhealthy", NULL) == 0;
}

/* One round of the agent. 1: something happened; 0: it rests; 2: it wants a reboot. */
static int round_of_agent(struct sample_device *d)
{
	struct mp_install_status s;
	int r = mp_install_status(&d->config, &s, NULL);

	if (r < 0)
		return 1;
	if (s.trial && s.state == MP_INSTALL_FAILED)
		return 2;
	if (s.trial)
		return prove(d) ? 2 : 1;
	if (s.state == MP_INSTALL_INSTALLED || s.state == MP_INSTALL_REBOOTING)
		return mp_install_rebooting(&d->config, NULL) < 0 ? 1 : 2;
	if (s.state == MP_INSTALL_DOWNLOADED && mp_streq(s.version, d->offered))
		return mp_install_commit(&d->config, NULL), 1;
	if (!d->offered[0] || mp_streq(d->offered, d->runs->version))
		return 0;
	if (mp_streq(s.version, d->offered) &&
	    (s.state == MP_INSTALL_FAILED || s.state == MP_INSTALL_ROLLED_BACK))
		return 0; /* told the server so; it does not offer it again */
	(void)install(d);
	return 1;
}

bool sample_live(struct sample_device *d)
{
	if (!d->runs)
		sample_boot(d);
	for (int i = 0; i < MOST_ROUNDS && !d->broken[0]; i++) {
		int r = round_of_agent(d);

		if (r == 2 || mp_fake_is_off(d->world))
			sample_boot(d);
		else if (r == 0)
			return true;
	}
	return false;
}
