/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/test.h"
#include "partition/partition.h"
#include "sample.h"
#include "slots/slots.h"

struct world {
	struct sample_shop *shop;
	struct sample_device d;
};

static void world_done(struct world *w)
{
	sample_device_done(&w->d);
	sample_shop_free(w->shop);
}

#define WORLD(w) __attribute__((cleanup(world_done))) struct world w = {.shop = NULL}

/* A device that has booted its factory release. */
static int make(struct world *w)
{
	int r = sample_shop_new(&w->shop);

	if (r == 0)
		r = sample_device_new(w->shop, &w->d);
	if (r == 0)
		sample_boot(&w->d);
	return r;
}

static bool update(struct world *w, const char *version)
{
	sample_offer(&w->d, version);
	return sample_live(&w->d);
}

static int run(struct world *w, const char *version, struct mp_err *err)
{
	const struct sample_release *r = sample_find(w->shop, version);

	return mp_install_run(&w->d.config, &w->d.hooks,
			      &(struct mp_install_job){.release = r->parsed,
						       .manifest = r->manifest.data,
						       .manifest_len = r->manifest.len,
						       .note = "7"},
			      err);
}

static int preflight(struct world *w, const char *version, struct mp_err *err)
{
	const struct sample_release *r = sample_find(w->shop, version);

	return mp_install_preflight(&w->d.config, &w->d.hooks,
				    &(struct mp_install_job){.release = r->parsed}, err);
}

static struct mp_install_status status(struct world *w)
{
	struct mp_install_status s = {.slot = '!'};

	(void)mp_install_status(&w->d.config, &s, NULL);
	return s;
}

TEST(install_goes_from_slot_to_slot)
{
	WORLD(w);

	ASSERT_OK(make(&w));
	ASSERT_INT('a', status(&w).slot);
	ASSERT_INT(MP_INSTALL_IDLE, status(&w).state);
	ASSERT(update(&w, "1.1.0"));
	ASSERT_STR("1.1.0", w.d.runs->version);
	ASSERT_INT('b', status(&w).slot);
	ASSERT_INT(MP_INSTALL_PROVEN, status(&w).state);
	ASSERT(!status(&w).trial);
	ASSERT(update(&w, "1.2.0"));
	ASSERT_INT('a', status(&w).slot);
}

TEST(install_of_an_application_shares_the_slot_and_moves_few_bytes)
{
	WORLD(w);
	uint64_t full;

	ASSERT_OK(make(&w));
	ASSERT(update(&w, "1.1.0"));
	full = w.d.served_of_payloads;
	w.d.served_of_payloads = 0;
	ASSERT(update(&w, "1.1.1"));
	ASSERT_STR("1.1.1", w.d.runs->version);
	ASSERT_INT('b', status(&w).slot);
	ASSERT(w.d.served_of_payloads < full * 2 / 3); /* the UKI alone */
}

TEST(install_uses_an_image_that_the_other_slot_holds)
{
	WORLD(w);
	uint64_t full;

	ASSERT_OK(make(&w));
	ASSERT(update(&w, "1.1.0"));
	full = w.d.served_of_payloads;
	w.d.served_of_payloads = 0;
	ASSERT(update(&w, "1.3.0"));
	ASSERT_INT('a', status(&w).slot);
	ASSERT(w.d.served_of_payloads < full * 2 / 3);
}

TEST(install_writes_the_other_slot_anew_when_it_is_damaged)
{
	WORLD(w);

	ASSERT_OK(make(&w));
	ASSERT(update(&w, "1.1.0"));
	ASSERT_OK(mp_medium_write(w.d.config.medium, "/dev/vda2", 5000, "rot", 3));
	ASSERT(update(&w, "1.3.0"));
	ASSERT_STR("1.3.0", w.d.runs->version);
	ASSERT_STR("", w.d.broken);
}

TEST(install_resumes_where_the_network_broke)
{
	WORLD(w);
	uint64_t once;

	ASSERT_OK(make(&w));
	ASSERT(update(&w, "1.1.0"));
	once = w.d.served;
	world_done(&w);
	ASSERT_OK(make(&w));
	w.d.drop_after = 30000;
	ASSERT(update(&w, "1.1.0"));
	ASSERT_STR("1.1.0", w.d.runs->version);
	/* Every break costs no more than a frame and the index. */
	ASSERT(w.d.served < once + 4 * (SAMPLE_FRAME + 2000));
}

static int stop_at_half(void *user, enum mp_install_state state, uint64_t done, uint64_t total)
{
	unsigned *calls = user;

	++*calls;
	if (done > total)
		return -EINVAL;
	return state == MP_INSTALL_DOWNLOADING && done > total / 2 ? -ECANCELED : 0;
}

/* The hooks' user is the device; the progress needs its own. */
static unsigned progress_calls;

static int stop_progress(void *user, enum mp_install_state state, uint64_t done, uint64_t total)
{
	(void)user;
	return stop_at_half(&progress_calls, state, done, total);
}

TEST(install_stops_when_asked_and_continues)
{
	WORLD(w);
	struct mp_err err;

	ASSERT_OK(make(&w));
	w.d.hooks.progress = stop_progress;
	ASSERT_ERR(-ECANCELED, run(&w, "1.1.0", &err));
	ASSERT(mp_install_is_transient(-ECANCELED));
	ASSERT_INT(MP_INSTALL_DOWNLOADING, status(&w).state);
	ASSERT_STR("1.1.0", status(&w).version);
	ASSERT_STR("7", status(&w).note);
	ASSERT(progress_calls > 3);
	w.d.hooks.progress = NULL;
	ASSERT_OK(run(&w, "1.1.0", &err));
	ASSERT_INT(MP_INSTALL_INSTALLED, status(&w).state);
	/* Once more is nothing to do. */
	w.d.served = 0;
	ASSERT_OK(run(&w, "1.1.0", &err));
	ASSERT_INT(0, w.d.served);
}

TEST(install_leaves_only_the_running_release_bootable_while_it_writes)
{
	WORLD(w);
	struct mp_boot_entry e;
	struct mp_slots s;
	char root[37], verity[37];

	ASSERT_OK(make(&w));
	ASSERT(update(&w, "1.1.0"));
	w.d.hooks.progress = stop_progress;
	ASSERT_ERR(-ECANCELED, run(&w, "1.2.0", NULL));
	ASSERT_ERR(-ENOENT, mp_boot_find(w.d.config.medium, SAMPLE_ESP, "1.0.0", &e, NULL));
	ASSERT_OK(mp_boot_find(w.d.config.medium, SAMPLE_ESP, "1.1.0", &e, NULL));
	/* Neither the old nor the new root hash leads to the slot that is being written. */
	ASSERT_OK(mp_slots_read(w.d.config.medium, SAMPLE_DISK, &s, NULL));
	(void)mp_partition_uuids(sample_find(w.shop, "1.0.0")->root_hash, root, verity);
	ASSERT_ERR(-ENOENT, mp_slots_find(&s, root));
	(void)mp_partition_uuids(sample_find(w.shop, "1.2.0")->root_hash, root, verity);
	ASSERT_ERR(-ENOENT, mp_slots_find(&s, root));
}

/* A disk that loses what it was given: while the UKI or the root arrives, an earlier block rots. */
static struct {
	struct mp_medium *m;
	const char *name;
} rot;

static int rot_progress(void *user, enum mp_install_state state, uint64_t done, uint64_t total)
{
	(void)user, (void)state, (void)done, (void)total;
	if (mp_medium_size(rot.m, rot.name) > 0)
		return mp_medium_write(rot.m, rot.name, 100, "rot", 3);
	return 0;
}

TEST(install_reads_back_what_it_wrote)
{
	static const struct {
		const char *name;
		const char *reason;
	} cases[] = {{"/dev/vda4", "the slot does not match its hash tree, near byte 0"},
		     {"/dev/vda5", "the hash tree"},
		     {"/efi/EFI/Linux/mp_1.1.0.efi.part", "the UKI on the ESP is not what was"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		WORLD(w);
		struct mp_boot_entry e;
		struct mp_err err;

		ASSERT_OK(make(&w));
		rot.m = w.d.config.medium;
		rot.name = cases[i].name;
		w.d.hooks.progress = rot_progress;
		ASSERT_ERR(-EBADMSG, run(&w, "1.1.0", &err));
		ASSERT(mp_str_starts_with(err.text, cases[i].reason));
		ASSERT_ERR(-ENOENT, mp_boot_find(rot.m, SAMPLE_ESP, "1.1.0", &e, NULL));
		ASSERT_INT(MP_INSTALL_FAILED, status(&w).state);
		w.d.hooks.progress = NULL;
		ASSERT_OK(run(&w, "1.1.0", &err));
	}
}

TEST(install_changes_over_to_another_release)
{
	WORLD(w);

	ASSERT_OK(make(&w));
	w.d.hooks.progress = stop_progress;
	ASSERT_ERR(-ECANCELED, run(&w, "1.1.0", NULL));
	w.d.hooks.progress = NULL;
	ASSERT_OK(run(&w, "1.2.0", NULL));
	ASSERT_OK(run(&w, "1.1.0", NULL)); /* and back, before the reboot */
	ASSERT(update(&w, "1.1.0"));
	ASSERT_STR("1.1.0", w.d.runs->version);
}

TEST(install_refuses_before_the_first_byte)
{
	WORLD(w);
	struct mp_err err;

	ASSERT_OK(make(&w));
	ASSERT_ERR(-EEXIST, preflight(&w, "1.0.0", &err));
	ASSERT_STR("release 1.0.0 runs already", err.text);
	w.d.config.board = "other";
	ASSERT_ERR(-ENOENT, preflight(&w, "1.1.0", &err));
	ASSERT_STR("release 1.1.0 has nothing for the board other", err.text);
	w.d.config.board = "test";
	w.d.config.product = "toaster";
	ASSERT_ERR(-EPERM, preflight(&w, "1.1.0", &err));
	ASSERT_STR("release 1.1.0 is for the product 'demo', this is a 'toaster'", err.text);
	w.d.config.product = "demo";
	w.d.config.running_version = "2.0";
	ASSERT_ERR(-EPERM, preflight(&w, "1.1.0", &err));
	ASSERT_STR("release 1.1.0 is older than 2.0, which runs", err.text);
	w.d.config.running_version = "1.0.0";
	strcpy(sample_find(w.shop, "1.1.0")->parsed->minimum_version, "1.0.5");
	ASSERT_ERR(-EPERM, preflight(&w, "1.1.0", &err));
	ASSERT_STR("release 1.1.0 can only follow 1.0.5 or later; 1.0.0 runs: install one between "
		   "them first",
		   err.text);
	sample_find(w.shop, "1.1.0")->parsed->minimum_version[0] = '\0';
	ASSERT_OK(preflight(&w, "1.1.0", &err));
	ASSERT_INT(0, w.d.served);
}

static int on_battery(void *user, struct mp_err *err)
{
	(void)user;
	return mp_err_set(err, -EAGAIN, "the battery is at 8 %%");
}

TEST(install_refuses_without_room_or_power)
{
	WORLD(w);
	struct mp_err err;
	struct mp_release_os *os;

	ASSERT_OK(make(&w));
	ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_STATE, 1000));
	ASSERT_ERR(-ENOSPC, preflight(&w, "1.1.0", &err));
	ASSERT(strstr(err.text, "the data partition has 0 MiB left, release 1.1.0 needs 33 MiB"));
	ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_STATE, 64 << 20));
	ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_ESP, 100000));
	ASSERT_ERR(-ENOSPC, preflight(&w, "1.1.0", &err));
	ASSERT(mp_str_starts_with(err.text, "the ESP has room for 74 KiB"));
	ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_ESP, 1 << 20));
	os = &sample_find(w.shop, "1.1.0")->parsed->os[0];
	os->root_size += 1 << 20;
	ASSERT_ERR(-ENOSPC, preflight(&w, "1.1.0", &err));
	ASSERT_STR("the release's system takes 1 MiB, the slot has 0 MiB", err.text);
	os->root_size -= 1 << 20;
	w.d.hooks.ready = on_battery;
	ASSERT_ERR(-EAGAIN, run(&w, "1.1.0", &err));
	ASSERT_STR("the battery is at 8 %", err.text);
	ASSERT_INT(MP_INSTALL_IDLE, status(&w).state);
	w.d.hooks.ready = NULL;
	ASSERT_OK(run(&w, "1.1.0", &err));
}

TEST(install_runs_into_a_full_disk_and_says_so)
{
	WORLD(w);
	struct mp_err err;

	ASSERT_OK(make(&w));
	/* Enough for the preflight of the blobs, then somebody else fills the disk. */
	w.d.hooks.have_layer = NULL;
	ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_STATE, 64 << 20));
	ASSERT_OK(preflight(&w, "1.1.0", &err));
	ASSERT_OK(mp_medium_make_dir(w.d.config.medium, SAMPLE_STATE "/other"));
	ASSERT_OK(mp_medium_truncate(w.d.config.medium, SAMPLE_STATE "/other/file",
				     (64 << 20) - 100));
	ASSERT_ERR(-ENOSPC, run(&w, "1.1.0", &err));
	ASSERT(mp_str_starts_with(err.text, "the data partition has 0 MiB left"));
}

/* A release that waits for its boot entry. */
static int hold(struct world *w, const char *version)
{
	const struct sample_release *r = sample_find(w->shop, version);

	return mp_install_run(&w->d.config, &w->d.hooks,
			      &(struct mp_install_job){.release = r->parsed,
						       .manifest = r->manifest.data,
						       .manifest_len = r->manifest.len,
						       .note = "7",
						       .hold = true},
			      NULL);
}

static void boot_new(struct world *w)
{
	sample_boot(&w->d);
	w->d.config.boot_id = w->d.boot_id;
}

TEST(install_calls_nothing_failed_that_can_boot_though_the_disk_is_full)
{
	WORLD(w);

	ASSERT_OK(make(&w));
	ASSERT_OK(hold(&w, "1.1.0"));
	ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_STATE, 0));
	ASSERT_OK(mp_install_commit(&w.d.config, NULL));
	ASSERT_OK(mp_install_commit(&w.d.config, NULL)); /* a supervisor that did not hear of it */
	ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_STATE, INT64_MAX));
	ASSERT_INT(MP_INSTALL_INSTALLED, status(&w).state); /* the agent restarts */
	boot_new(&w);
	ASSERT_STR("1.1.0", w.d.runs->version);
	ASSERT_INT(MP_INSTALL_PROVING, status(&w).state);
	ASSERT_STR("7", status(&w).note);
}

TEST(install_knows_after_a_boot_alone_what_a_full_disk_could_not_note)
{
	static const struct {
		const char *version, *runs;
		enum mp_install_state state;
	} cases[] = {{"1.1.0", "1.1.0", MP_INSTALL_PROVING},
		     {"1.5.0", "1.0.0", MP_INSTALL_ROLLED_BACK}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		WORLD(w);

		ASSERT_OK(make(&w));
		ASSERT_OK(hold(&w, cases[i].version));
		ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_STATE, 0));
		ASSERT_OK(mp_install_commit(&w.d.config, NULL));
		boot_new(&w);
		ASSERT_STR(cases[i].runs, w.d.runs->version);
		for (int full = 1; full >= 0; full--) {
			ASSERT_INT(cases[i].state, status(&w).state);
			ASSERT_OK(mp_fake_set_room(w.d.world, SAMPLE_STATE, INT64_MAX));
		}
	}
}

TEST(install_commits_again_after_a_worker_that_died_on_the_way)
{
	WORLD(w);
	struct mp_err err;
	char part[256];

	ASSERT_OK(make(&w));
	ASSERT_OK(hold(&w, "1.1.0"));
	ASSERT_OK(mp_boot_commit(w.d.config.medium, SAMPLE_ESP, "1.1.0", 3, NULL));
	ASSERT_OK(mp_install_commit(&w.d.config, NULL));
	ASSERT_OK(mp_install_rebooting(&w.d.config, NULL));
	boot_new(&w);
	ASSERT_INT(MP_INSTALL_PROVING, status(&w).state);
	ASSERT_OK(mp_install_mark_good(&w.d.config, NULL));
	ASSERT_OK(hold(&w, "1.2.0"));
	ASSERT_OK(mp_boot_part_path(SAMPLE_ESP, "1.2.0", part, sizeof(part)));
	ASSERT_OK(mp_medium_remove(w.d.config.medium, part));
	ASSERT_ERR(-ENOENT, mp_install_commit(&w.d.config, &err)); /* there is nothing to boot */
}

TEST(install_refuses_while_the_running_release_is_on_trial)
{
	WORLD(w);
	struct mp_err err;

	ASSERT_OK(make(&w));
	ASSERT_OK(mp_medium_rename(w.d.config.medium, "/efi/EFI/Linux/mp_1.0.0.efi",
				   "/efi/EFI/Linux/mp_1.0.0+2-1.efi"));
	ASSERT(status(&w).trial);
	ASSERT_ERR(-EAGAIN, run(&w, "1.1.0", &err));
	ASSERT_STR("release 1.0.0 runs but is not proven yet", err.text);
	ASSERT_OK(mp_install_mark_good(&w.d.config, NULL));
	ASSERT(!status(&w).trial);
	ASSERT_OK(run(&w, "1.1.0", &err));
}

TEST(install_refuses_a_flipped_bit_and_says_where)
{
	WORLD(w);
	struct sample_blob *b;

	ASSERT_OK(make(&w));
	b = sample_payload(w.shop, "1.1.0");
	b->data[b->len / 2] ^= 1;
	ASSERT(update(&w, "1.1.0"));
	ASSERT_STR("1.0.0", w.d.runs->version);
	ASSERT_INT(MP_INSTALL_FAILED, status(&w).state);
	ASSERT(mp_str_starts_with(status(&w).reason, "a frame of the payload is damaged"));
	/* Repaired on the server and offered again, it goes through. */
	b->data[b->len / 2] ^= 1;
	ASSERT_OK(run(&w, "1.1.0", NULL));
	ASSERT(update(&w, "1.1.0"));
	ASSERT_STR("1.1.0", w.d.runs->version);
}

TEST(install_refuses_a_foreign_index_and_a_foreign_layer)
{
	WORLD(w);
	struct sample_blob *b;
	struct mp_err err;

	ASSERT_OK(make(&w));
	b = sample_payload(w.shop, "1.1.0");
	b->data[20] ^= 1;
	ASSERT_ERR(-EBADMSG, run(&w, "1.1.0", &err));
	ASSERT(strstr(err.text, ".payload: its index is not the one that was signed"));
	b->data[20] ^= 1;
	ASSERT(status(&w).state == MP_INSTALL_FAILED);
	/* Nothing was taken from the device yet: the layers are there, the slots as before. */
	b = sample_blob(w.shop, sample_find(w.shop, "1.2.0")->parsed->services[0].layers[1].target);
	ASSERT_OK(mp_medium_remove(w.d.config.medium, SAMPLE_STATE
				   "/blobs/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
				   "bbbbbbbbbbbbbbbbbbb"));
	b->data[9] ^= 1;
	ASSERT_ERR(-EBADMSG, run(&w, "1.2.0", &err));
	ASSERT(strstr(err.text, ".layer: its SHA-256 is not the one that was signed"));
	b->data[9] ^= 1;
	ASSERT_OK(run(&w, "1.2.0", &err));
}

TEST(install_wants_a_source_that_it_knows)
{
	WORLD(w);
	struct mp_err err;

	ASSERT_OK(make(&w));
	strcpy(sample_find(w.shop, "1.1.0")->parsed->os[0].sources[1].type, "delta");
	ASSERT_ERR(-ENOTSUP, run(&w, "1.1.0", &err));
	ASSERT_STR("release 1.1.0 comes in no form that this device can read", err.text);
}

static bool has_b(void *user, const char *diff_id)
{
	(void)user;
	return diff_id[0] == 'b';
}

TEST(install_leaves_out_layers_that_docker_has)
{
	WORLD(w);
	char path[200];

	ASSERT_OK(make(&w));
	w.d.hooks.have_layer = has_b;
	ASSERT_OK(run(&w, "1.1.0", NULL));
	ASSERT_OK(mp_install_blob_path(
		SAMPLE_STATE, sample_find(w.shop, "1.1.0")->parsed->services[0].layers[1].diff_id,
		path, sizeof(path)));
	ASSERT_ERR(-ENOENT, (int)mp_medium_size(w.d.config.medium, path));
}

TEST(install_goes_back_from_a_release_that_is_never_healthy)
{
	WORLD(w);
	struct mp_install_status s;

	ASSERT_OK(make(&w));
	ASSERT(update(&w, "1.4.0"));
	s = status(&w);
	ASSERT_STR("1.0.0", w.d.runs->version);
	ASSERT_INT(MP_INSTALL_ROLLED_BACK, s.state);
	ASSERT_STR("1.4.0", s.version);
	ASSERT_STR("service web is unhealthy", s.reason);
	ASSERT_STR("action-7", s.note);
}

TEST(install_goes_back_from_a_release_that_panics)
{
	WORLD(w);

	ASSERT_OK(make(&w));
	ASSERT(update(&w, "1.5.0"));
	ASSERT_INT(MP_INSTALL_ROLLED_BACK, status(&w).state);
	ASSERT_STR("release 1.5.0 did not come up; release 1.0.0 runs again", status(&w).reason);
	/* And on to the next one. */
	ASSERT(update(&w, "1.2.0") || update(&w, "1.2.0"));
	ASSERT_STR("1.2.0", w.d.runs->version);
}

TEST(install_will_not_go_back_into_nothing)
{
	WORLD(w);
	struct mp_err err;

	ASSERT_OK(make(&w));
	ASSERT_ERR(-ENOENT, mp_install_mark_bad(&w.d.config, "whatever", &err));
	ASSERT_STR("no other release is there to go back to", err.text);
	ASSERT_ERR(-EPERM, mp_install_rebooting(&w.d.config, &err));
	ASSERT_STR("no release waits for a reboot", err.text);
}

TEST(install_notes_what_failed_before_it)
{
	WORLD(w);

	ASSERT_OK(make(&w));
	ASSERT_OK(mp_install_fail(&w.d.config, "9.9", "12", "the signature of targets is not good",
				  NULL));
	ASSERT_INT(MP_INSTALL_FAILED, status(&w).state);
	ASSERT_STR("9.9", status(&w).version);
	ASSERT_STR("12", status(&w).note);
	ASSERT_STR("the signature of targets is not good", status(&w).reason);
}

TEST(install_tells_a_restart_of_the_agent_from_a_reboot)
{
	WORLD(w);

	ASSERT_OK(make(&w));
	ASSERT_OK(run(&w, "1.1.0", NULL));
	ASSERT_INT(MP_INSTALL_INSTALLED, status(&w).state);
	ASSERT_OK(mp_install_rebooting(&w.d.config, NULL));
	ASSERT_INT(MP_INSTALL_REBOOTING, status(&w).state); /* the agent restarts */
	w.d.config.boot_id = "another boot, of the old release";
	ASSERT_INT(MP_INSTALL_INSTALLED, status(&w).state); /* it can still boot */
	sample_boot(&w.d);
	w.d.config.boot_id = w.d.boot_id;
	ASSERT_INT(MP_INSTALL_PROVING, status(&w).state);
	ASSERT(status(&w).trial);
}

TEST(install_reads_any_state_file)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"{\"state\":7}",
		"{\"version\":\"1.1.0\"}",
		"{\"version\":\"x\",\"state\":\"proving\"}",
		"{\"version\":\"1.1.0\",\"state\":\"nonsense\",\"frames\":-1}"};
	WORLD(w);

	ASSERT_OK(make(&w));
	ASSERT_OK(mp_medium_make_dir(w.d.config.medium, SAMPLE_STATE "/update"));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		ASSERT_OK(mp_medium_replace(w.d.config.medium, SAMPLE_STATE "/update/state.json",
					    texts[i], strlen(texts[i])));
		ASSERT_INT(MP_INSTALL_IDLE, status(&w).state);
	}
	ASSERT(update(&w, "1.1.0"));
}

TEST(install_mends_a_damaged_partition_table_at_start)
{
	WORLD(w);
	struct mp_slots s;

	ASSERT_OK(make(&w));
	ASSERT_OK(mp_medium_write(w.d.config.medium, SAMPLE_DISK, 700, "XXXX", 4));
	ASSERT_OK(mp_slots_read(w.d.config.medium, SAMPLE_DISK, &s, NULL));
	ASSERT(!s.damaged); /* behind the header: nobody's bytes */
	ASSERT_OK(mp_medium_write(w.d.config.medium, SAMPLE_DISK, 520, "XXXX", 4));
	ASSERT_OK(mp_slots_read(w.d.config.medium, SAMPLE_DISK, &s, NULL));
	ASSERT(s.damaged);
	ASSERT_INT('a', status(&w).slot);
	ASSERT_OK(mp_slots_read(w.d.config.medium, SAMPLE_DISK, &s, NULL));
	ASSERT(!s.damaged);
}

/* FAT can come back from a power cut with both names of a rename. */
TEST(install_lives_with_two_names_of_one_uki)
{
	static const char *const pairs[][2] = {{"mp_1.1.0+3.efi", "mp_1.1.0.efi.part"},
					       {"mp_1.1.0+3.efi", "mp_1.1.0+2-1.efi"}};

	for (int i = 0; i < 2; i++) {
		WORLD(w);
		MP_BUF(uki, 1 << 16);
		char path[128];

		ASSERT_OK(make(&w));
		ASSERT_OK(run(&w, "1.1.0", NULL));
		snprintf(path, sizeof(path), "/efi/EFI/Linux/%s", pairs[i][0]);
		ASSERT_OK(mp_medium_read_all(w.d.config.medium, path, &uki));
		snprintf(path, sizeof(path), "/efi/EFI/Linux/%s", pairs[i][1]);
		ASSERT_OK(mp_medium_write(w.d.config.medium, path, 0, uki.data, uki.len));
		ASSERT_OK(run(&w, "1.1.0", NULL));
		ASSERT(update(&w, "1.1.0"));
		ASSERT_STR("1.1.0", w.d.runs->version);
		ASSERT_STR("", w.d.broken);
		ASSERT(update(&w, "1.2.0"));
		ASSERT(update(&w, "1.3.0"));
		ASSERT_STR("1.3.0", w.d.runs->version);
		ASSERT_ERR(-ENOENT, (int)mp_medium_size(w.d.config.medium,
							path)); /* gone with its release */
	}
}

static int count_names(void *user, const char *name)
{
	unsigned *n = user;

	*n += name[0] != '\0';
	return 0;
}

TEST(install_sweeps_what_no_release_needs)
{
	WORLD(w);
	const struct mp_release *keep[2];
	unsigned n = 0;

	ASSERT_OK(make(&w));
	ASSERT_OK(mp_install_sweep(&w.d.config, keep, 0, NULL)); /* nothing there yet */
	ASSERT(update(&w, "1.1.0"));
	ASSERT(update(&w, "1.2.0"));
	ASSERT(update(&w, "1.4.0"));
	ASSERT_OK(mp_medium_write(w.d.config.medium, SAMPLE_STATE "/blobs/stray.part", 0, "x", 1));
	keep[0] = sample_find(w.shop, "1.1.0")->parsed;
	keep[1] = sample_find(w.shop, "1.2.0")->parsed;
	ASSERT_OK(mp_install_sweep(&w.d.config, keep, 2, NULL));
	ASSERT_OK(mp_medium_list(w.d.config.medium, SAMPLE_STATE "/blobs", count_names, &n));
	ASSERT_INT(3, n); /* the common layer, theirs, and one image configuration */
	n = 0;
	ASSERT_OK(mp_medium_list(w.d.config.medium, SAMPLE_STATE "/releases", count_names, &n));
	ASSERT_INT(2, n);
}

/* Made and dropped where no allocation is made to fail. */
static struct world calm;

__attribute__((constructor)) static void make_calm(void)
{
	if (make(&calm) < 0)
		abort();
	mp_fake_settle(calm.d.world);
}

__attribute__((destructor)) static void drop_calm(void)
{
	world_done(&calm);
}

TORTURE(install_run_survives_oom)
{
	struct world w = {.shop = calm.shop};
	int r = sample_device_clone(&calm.d, &w.d);

	if (r < 0)
		return r;
	w.d.hooks.user = &w.d;
	r = run(&w, "1.1.0", NULL);
	sample_device_done(&w.d);
	return r;
}

TORTURE(install_status_survives_oom)
{
	struct mp_install_status s;

	return mp_install_status(&calm.d.config, &s, NULL);
}
