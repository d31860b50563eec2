/* SPDX-License-Identifier: Apache-2.0
 * powercut_test.c - power fails at every single write of every kind of update
 *
 * Each scenario is run once to count its changes, and then once for each of them and each seed,
 * with the power failing during that change. What had not been flushed is lost, kept, torn or
 * reordered by the seed; the higher seeds cut the power again soon after it came back. After each
 * cut the device must boot a whole release, and in the end rest where the scenario says.
 */
#include "sample.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "slots/slots.h"

#define SEEDS 6
#define SINGLE 3 /* seeds below cut once, the others more often */

struct scenario {
	const char *name;
	const char *before[3]; /* releases that the device went through */
	const char *offered;
	const char *runs; /* in the end */
	enum mp_install_state state;
	void (*arrange)(struct sample_device *d, const struct scenario *s);
	const char *reason; /* a part of it; may be NULL */
};

static unsigned cuts, survived;

static void flip_payload(struct sample_device *d, const struct scenario *s)
{
	struct sample_blob *b = sample_payload(d->shop, s->offered);

	b->data[b->len / 2] ^= 1;
}

static void bad_network(struct sample_device *d, const struct scenario *s)
{
	(void)s;
	d->drop_after = 23456;
}

static void in_two_steps(struct sample_device *d, const struct scenario *s)
{
	(void)s;
	d->holds = true;
}

static const struct scenario scenarios[] = {
	{"a fresh device", {NULL}, "1.1.0", "1.1.0", MP_INSTALL_PROVEN, NULL, NULL},
	{"over the older slot", {"1.1.0"}, "1.2.0", "1.2.0", MP_INSTALL_PROVEN, NULL, NULL},
	{"only the application", {"1.1.0"}, "1.1.1", "1.1.1", MP_INSTALL_PROVEN, NULL, NULL},
	{"what the other slot has", {"1.1.0"}, "1.3.0", "1.3.0", MP_INSTALL_PROVEN, NULL, NULL},
	{"after one that failed",
	 {"1.1.0", "1.4.0"},
	 "1.5.0",
	 "1.1.0",
	 MP_INSTALL_ROLLED_BACK,
	 NULL,
	 "did not come up"},
	{"never healthy", {"1.1.0"}, "1.4.0", "1.1.0", MP_INSTALL_ROLLED_BACK, NULL, NULL},
	{"a panic", {NULL}, "1.5.0", "1.0.0", MP_INSTALL_ROLLED_BACK, NULL, "did not come up"},
	{"a flipped bit", {"1.1.0"}, "1.2.0", "1.1.0", MP_INSTALL_FAILED, flip_payload, "damaged"},
	{"a bad network", {NULL}, "1.1.0", "1.1.0", MP_INSTALL_PROVEN, bad_network, NULL},
	{"held back", {"1.1.0"}, "1.2.0", "1.2.0", MP_INSTALL_PROVEN, in_two_steps, NULL},
};

static struct sample_shop *the_shop(void)
{
	static struct sample_shop *shop;

	if (!shop && sample_shop_new(&shop) < 0)
		return NULL;
	return shop;
}

#define DEVICE(d)                                                                                  \
	__attribute__((cleanup(sample_device_done))) struct sample_device d = {.world = NULL}

/* The device as it is when the scenario begins. */
static bool prepare(const struct scenario *s, struct sample_device *d)
{
	if (!the_shop() || sample_device_new(the_shop(), d) < 0)
		return false;
	for (int i = 0; i < 3 && s->before[i]; i++) {
		sample_offer(d, s->before[i]);
		if (!sample_live(d))
			return false;
	}
	if (!sample_live(d))
		return false;
	mp_fake_settle(d->world);
	sample_offer(d, s->offered);
	return true;
}

/* All that the release needs after a boot lies on `data`, whole. */
static bool has_blobs(struct sample_device *d, const struct mp_release *r)
{
	for (unsigned i = 0; i < r->services[0].n_layers; i++) {
		const struct mp_release_layer *l = &r->services[0].layers[i];
		const struct sample_blob *b = sample_blob(d->shop, l->target);
		MP_BUF(file, 1 << 16);
		char path[256];

		if (mp_install_blob_path(SAMPLE_STATE, l->diff_id, path, sizeof(path)) < 0 ||
		    mp_medium_read_all(d->config.medium, path, &file) < 0 || file.len != b->len ||
		    memcmp(file.data, b->data, b->len) != 0)
			return false;
	}
	return true;
}

static bool has_manifest(struct sample_device *d, const char *version)
{
	const struct sample_release *r = sample_find(d->shop, version);
	MP_BUF(file, 1 << 16);
	char path[256];

	return mp_install_manifest_path(SAMPLE_STATE, version, path, sizeof(path)) == 0 &&
	       mp_medium_read_all(d->config.medium, path, &file) == 0 &&
	       mp_streq(file.data, r->manifest.data);
}

/* Why the end is not the right one; NULL: it is. */
static const char *wrong_end(const struct scenario *s, struct sample_device *d)
{
	bool updated = mp_streq(s->runs, s->offered);
	struct mp_install_status st;
	struct mp_boot_entry e;

	if (d->broken[0])
		return d->broken;
	if (mp_install_status(&d->config, &st, NULL) < 0)
		return "the status cannot be read";
	if (!mp_streq(d->runs->version, s->runs))
		return "the wrong release runs";
	if (st.state != s->state || !mp_streq(st.version, s->offered))
		return mp_install_state_name(st.state);
	if (!mp_streq(st.note, "action-7"))
		return "the note is lost";
	if (s->reason && !strstr(st.reason, s->reason))
		return st.reason[0] ? "another reason" : "no reason";
	if (mp_boot_find(d->config.medium, SAMPLE_ESP, s->runs, &e, NULL) < 0 || e.left >= 0)
		return "the boot entry is not blessed";
	if (updated &&
	    (!has_manifest(d, s->runs) || !has_blobs(d, sample_find(d->shop, s->runs)->parsed)))
		return "a blob or the manifest is missing";
	/* And it boots again. */
	sample_boot(d);
	return d->broken[0] ? d->broken : NULL;
}

static bool survives(const struct scenario *s, const struct sample_device *before, uint64_t n,
		     uint32_t seed)
{
	DEVICE(d);
	const char *wrong;
	bool rests;

	if (sample_device_clone(before, &d) < 0)
		return false;
	d.seed = (uint32_t)n * 31 + seed;
	d.cuts_left = seed < SINGLE ? 0 : seed - SINGLE + 1;
	mp_fake_cut_power(d.world, n);
	rests = sample_live(&d);
	mp_fake_cut_power(d.world, UINT64_MAX);
	wrong = wrong_end(s, &d);
	if (!wrong && !rests)
		wrong = "it never rests";
	if (wrong)
		printf("# %s, cut at %llu, seed %u: %s (%s)\n", s->name, (unsigned long long)n,
		       seed, wrong, d.last_error);
	cuts += d.cuts;
	survived += wrong ? 0 : d.cuts;
	return !wrong;
}

/* How many changes the scenario makes when nothing goes wrong; 0: it does not end as it should. */
static uint64_t count_changes(const struct scenario *s, const struct sample_device *before)
{
	DEVICE(d);
	const char *wrong;
	uint64_t n;

	if (sample_device_clone(before, &d) < 0)
		return 0;
	n = mp_fake_changes(d.world);
	if (!sample_live(&d))
		return 0;
	n = mp_fake_changes(d.world) - n;
	wrong = wrong_end(s, &d);
	if (wrong)
		printf("# %s, without a cut: %s (%s)\n", s->name, wrong, d.last_error);
	return wrong ? 0 : n;
}

static void run_scenario(const struct scenario *s)
{
	DEVICE(before);
	uint64_t n;
	int bad = 0;

	ASSERT(prepare(s, &before));
	if (s->arrange)
		s->arrange(&before, s);
	n = count_changes(s, &before);
	ASSERT(n > 10);
	for (uint64_t i = 0; i < n && bad < 10; i++)
		for (uint32_t seed = 0; seed < SEEDS && bad < 10; seed++)
			bad += !survives(s, &before, i, seed);
	if (s->arrange == flip_payload)
		flip_payload(&before, s);
	printf("# %s: %llu changes\n", s->name, (unsigned long long)n);
	ASSERT_INT(0, bad);
}

TEST(powercut_on_a_fresh_device)
{
	run_scenario(&scenarios[0]);
}

TEST(powercut_over_the_older_slot)
{
	run_scenario(&scenarios[1]);
}

TEST(powercut_of_an_update_of_the_application_alone)
{
	run_scenario(&scenarios[2]);
}

TEST(powercut_when_the_other_slot_has_the_image)
{
	run_scenario(&scenarios[3]);
}

TEST(powercut_after_a_release_that_failed)
{
	run_scenario(&scenarios[4]);
}

TEST(powercut_of_a_release_that_never_gets_healthy)
{
	run_scenario(&scenarios[5]);
}

TEST(powercut_of_a_release_that_panics)
{
	run_scenario(&scenarios[6]);
}

TEST(powercut_of_a_payload_with_a_flipped_bit)
{
	run_scenario(&scenarios[7]);
}

TEST(powercut_over_a_bad_network)
{
	run_scenario(&scenarios[8]);
}

TEST(powercut_of_a_release_that_is_held_back_until_it_is_told)
{
	run_scenario(&scenarios[9]);
}

TEST(powercut_figures)
{
	const char *dir = getenv("MP_FIGURES_DIR");
	char text[128], path[512];
	int n = snprintf(text, sizeof(text), "{\"powercuts\":%u,\"powercuts_survived\":%u}\n", cuts,
			 survived);

	printf("# powercuts %u of %u survived\n", survived, cuts);
	sample_shop_free(the_shop());
	ASSERT_INT(cuts, survived);
	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/powercuts.json", dir);
	ASSERT_OK(mp_file_make_dirs(dir, 0755, NULL));
	ASSERT_OK(mp_file_write(path, text, (size_t)n, 0644, NULL));
}
