/* SPDX-License-Identifier: Apache-2.0 */
#include "base/test.h"
#include "tuf/fake_repo.h"

static struct fake f;

/* Before main, so that a TORTURE finds its repository made. */
static struct fake whole;
__attribute__((constructor)) static void begin(void)
{
	fake_init(&whole);
	fake_root(&whole);
	fake_publish(&whole);
}

__attribute__((destructor)) static void end(void)
{
	fake_done(&f);
	fake_done(&whole);
}

/* ---- what is asked for and what is stored ---- */

TEST(trusted_files_are_stored_exactly_as_received)
{
	fake_init(&f);
	memcpy(fake_file_of(&f, MP_TUF_TIMESTAMP)->data + fake_file_of(&f, MP_TUF_TIMESTAMP)->len,
	       " \n", 2);
	fake_file_of(&f, MP_TUF_TIMESTAMP)->len += 2;
	ASSERT_OK(fake_refresh(&f));
	for (int t = 0; t < MP_TUF_TYPES; t++) {
		struct fake_file *there = fake_file_of(&f, (enum mp_tuf_type)t), *here;
		char name[32];

		(void)snprintf(name, sizeof(name), "%s.json",
			       mp_tuf_type_name((enum mp_tuf_type)t));
		here = folder_get(&f.store, name);
		ASSERT(here && here->len == there->len);
		ASSERT(memcmp(here->data, there->data, here->len) == 0);
	}
}

TEST(a_second_refresh_asks_for_no_more_than_root_and_timestamp)
{
	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_OK(fake_refresh(&f));
	ASSERT_STR("2.root.json timestamp.json ", f.requests);
}

TEST(one_client_can_refresh_again_and_again)
{
	struct mp_tuf_fetcher fetcher = fake_fetcher(&f);
	struct fake_sink got;

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	fake_add(&f, "new", "news");
	fake_root(&f);
	fake_publish(&f);
	ASSERT_OK(mp_tuf_refresh(f.client, &fetcher, NOW, &f.err));
	ASSERT_OK(fake_get(&f, "new", &got));
	ASSERT_STR("news", got.data);
	ASSERT_INT(2, mp_tuf_version(f.client, "root"));
}

TEST(nothing_is_found_after_a_refresh_that_failed)
{
	struct mp_tuf_fetcher fetcher = fake_fetcher(&f);
	struct fake_sink got;

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	f.fails = "timestamp.json";
	f.fails_with = -ECONNREFUSED;
	ASSERT_ERR(-ECONNREFUSED, mp_tuf_refresh(f.client, &fetcher, NOW, &f.err));
	ASSERT_ERR(-ESTALE, fake_get(&f, "app", &got));
}

TEST(without_a_root_there_is_no_client)
{
	fake_init(&f);
	folder_remove(&f.store, "root.json");
	ASSERT_ERR(-ENOENT, fake_refresh(&f));
	ASSERT_STR("", f.requests);
}

TEST(a_first_root_must_be_signed_by_its_own_keys)
{
	struct mp_tuf_store store = fake_store(&f);
	struct fake_file *root;
	char *sig;

	fake_init(&f);
	folder_remove(&f.store, "root.json");
	root = fake_file_of(&f, MP_TUF_ROOT);
	ASSERT(root);
	sig = strstr(root->data, "\"sig\":\"");
	ASSERT(sig);
	sig[8] ^= 1;
	ASSERT(mp_tuf_init(&store, root->data, root->len, &f.err) < 0);
	ASSERT(!folder_get(&f.store, "root.json"));
}

TEST(damaged_files_in_the_store_are_fetched_anew)
{
	static const char *const names[] = {"timestamp.json", "snapshot.json", "targets.json"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		fake_init(&f);
		ASSERT_OK(fake_refresh(&f));
		folder_get(&f.store, names[i])->len /= 2;
		ASSERT_OK(fake_refresh(&f));
		ASSERT_INT('}', folder_get(&f.store, names[i])
					->data[folder_get(&f.store, names[i])->len - 1]);
	}
}

TEST(another_file_of_the_same_timestamp_version_is_not_taken)
{
	struct fake_file before;

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	before = *folder_get(&f.store, "timestamp.json");
	f.version[MP_TUF_SNAPSHOT] = 5;
	fake_snapshot(&f);
	fake_timestamp(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(1, mp_tuf_version(f.client, "snapshot"));
	ASSERT(memcmp(before.data, folder_get(&f.store, "timestamp.json")->data, before.len) == 0);
}

TEST(an_expired_file_in_the_store_still_guards_against_rollback)
{
	struct fake_file old;

	fake_init(&f);
	old = *fake_file_of(&f, MP_TUF_TIMESTAMP);
	f.expires[MP_TUF_TIMESTAMP] = NOW + 10;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	f.now = NOW + 100;
	folder_put(&f.repo, "timestamp.json", old.data, old.len);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	f.expires[MP_TUF_TIMESTAMP] = NOW + DAY;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
}

TEST(a_snapshot_may_not_drop_a_file_that_it_listed)
{
	struct mp_json *doc;
	struct fake_file *of;

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	of = fake_file_of(&f, MP_TUF_TARGETS);
	must(mp_tuf_snapshot_create(2, NOW + DAY, of->data, of->len, &doc, NULL));
	must(mp_json_put(doc, "meta", mp_json_new_object()));
	fake_serve_signed(&f, MP_TUF_SNAPSHOT, doc, "2.snapshot.json");
	f.version[MP_TUF_SNAPSHOT] = f.version[MP_TUF_TIMESTAMP] = 2;
	fake_timestamp(&f);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_STR("snapshot version 2 no longer lists targets.json", f.err.text);
}

TEST(without_consistent_snapshots_names_have_no_prefix)
{
	const struct mp_json *body;
	struct mp_json *doc;
	struct fake_sink got;
	struct fake_file *file;

	fake_init(&f);
	file = fake_file_of(&f, MP_TUF_ROOT);
	must(mp_json_parse(file->data, file->len, &doc, NULL));
	body = mp_json_get(doc, "signed");
	must(mp_json_put_bool((struct mp_json *)body, "consistent_snapshot", false));
	must(mp_json_put_int((struct mp_json *)body, "version", 2));
	fake_serve_signed(&f, MP_TUF_ROOT, mp_json_copy(body), "2.root.json");
	mp_json_free(doc);
	strcpy(fake_file_of(&f, MP_TUF_SNAPSHOT)->name, "snapshot.json");
	strcpy(fake_file_of(&f, MP_TUF_TARGETS)->name, "targets.json");
	strcpy(f.targets.files[0].name, "app");

	ASSERT_OK(fake_refresh(&f));
	ASSERT_STR("2.root.json 3.root.json timestamp.json snapshot.json targets.json ",
		   f.requests);
	ASSERT_OK(fake_get(&f, "app", &got));
	ASSERT_STR("an application", got.data);
}

/* ---- roots and thresholds ---- */

TEST(trust_passes_through_a_chain_of_roots_with_other_keys_each_time)
{
	fake_init(&f);
	for (int i = 0; i < 5; i++) {
		struct mp_sign_key *old = f.keys[MP_TUF_ROOT][0];

		must(mp_sign_key_generate(MP_ED25519, &f.keys[MP_TUF_ROOT][0], NULL));
		f.version[MP_TUF_ROOT]++;
		fake_root_by(&f, &old, 1);
		mp_sign_key_free(old);
	}
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(6, mp_tuf_version(f.client, "root"));
}

TEST(a_root_needs_the_threshold_of_the_one_before_it)
{
	struct mp_sign_key *old;

	fake_init(&f);
	f.n_keys[MP_TUF_ROOT] = f.threshold[MP_TUF_ROOT] = 2;
	must(mp_sign_key_generate(MP_ED25519, &f.keys[MP_TUF_ROOT][1], NULL));
	fake_root(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(2, mp_tuf_version(f.client, "root"));

	old = f.keys[MP_TUF_ROOT][0];
	mp_sign_key_free(f.keys[MP_TUF_ROOT][1]);
	f.n_keys[MP_TUF_ROOT] = f.threshold[MP_TUF_ROOT] = 1;
	must(mp_sign_key_generate(MP_ED25519, &f.keys[MP_TUF_ROOT][0], NULL));
	f.version[MP_TUF_ROOT]++;
	fake_root_by(&f, &old, 1);
	mp_sign_key_free(old);
	ASSERT_ERR(-EKEYREJECTED, fake_refresh(&f));
	ASSERT_STR(
		"by the keys of the root before it: root version 3 is signed by 1 of the 2 trusted "
		"keys that it needs",
		f.err.text);
	ASSERT_INT(2, mp_tuf_version(f.client, "root"));
}

TEST(a_root_on_the_way_may_have_expired_but_not_the_last)
{
	fake_init(&f);
	f.expires[MP_TUF_ROOT] = NOW - DAY;
	fake_root(&f);
	ASSERT_ERR(-ESTALE, fake_refresh(&f));
	f.expires[MP_TUF_ROOT] = NOW + DAY;
	fake_root(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(3, mp_tuf_version(f.client, "root"));
}

TEST(a_key_that_is_listed_under_two_ids_counts_once)
{
	static const char id[] = "0000000000000000000000000000000000000000000000000000000000000000";
	auto_(mp_json) *doc = NULL;
	struct mp_json *body, *keys, *role, *signatures, *copy;
	const char *keyid;
	struct mp_tuf_signers by;
	auto_(mp_tuf_file) *root = NULL;
	struct fake_file *file;
	MP_BUF(text, 1 << 20);

	fake_init(&f);
	file = fake_file_of(&f, MP_TUF_ROOT);
	must(mp_json_parse(file->data, file->len, &doc, NULL));
	body = (struct mp_json *)mp_json_get(doc, "signed");
	keys = (struct mp_json *)mp_json_get(body, "keys");
	role = (struct mp_json *)mp_json_get(mp_json_get(body, "roles"), "root");
	keyid = mp_json_str(mp_json_at(mp_json_get(role, "keyids"), 0), NULL);
	must(mp_json_put(keys, id, mp_json_copy(mp_json_get(keys, keyid))));
	must(mp_json_append((struct mp_json *)mp_json_get(role, "keyids"), mp_json_new_str(id)));
	must(mp_tuf_sign_at(body, 0, (const struct mp_sign_key *const *)f.keys[MP_TUF_ROOT], 1,
			    &text, NULL));
	mp_json_free(take_ptr(doc));

	must(mp_json_parse(text.data, text.len, &doc, NULL));
	signatures = (struct mp_json *)mp_json_get(doc, "signatures");
	copy = mp_json_copy(mp_json_at(signatures, 0));
	must(mp_json_put_str(copy, "keyid", id));
	must(mp_json_append(signatures, copy));
	mp_buf_reset(&text);
	must(mp_json_format(doc, &text));
	must(mp_tuf_file_parse(MP_TUF_ROOT, "root", text.data, text.len, &root, NULL));
	must(mp_tuf_signers_get(root, "root", &by));
	ASSERT_INT(2, (long long)mp_json_size(by.keyids));
	ASSERT_OK(mp_tuf_verify(root, "root", &by, NULL));
	by.threshold = 2;
	ASSERT_ERR(-EKEYREJECTED, mp_tuf_verify(root, "root", &by, NULL));
}

/* Makes each root when it is asked for. */
static int endless_roots(void *user, const char *name, uint64_t most, mp_tuf_sink sink,
			 void *sink_user, struct mp_err *err)
{
	if (mp_str_ends_with(name, ".root.json")) {
		folder_remove(&f.repo, fake_file_of(&f, MP_TUF_ROOT)->name);
		fake_root(&f);
	}
	return fake_metadata(user, name, most, sink, sink_user, err);
}

TEST(more_than_256_new_roots_are_not_followed_in_one_refresh)
{
	struct mp_tuf_fetcher fetcher = fake_fetcher(&f);

	fetcher.metadata = endless_roots;
	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_OK(mp_tuf_refresh(f.client, &fetcher, NOW, &f.err));
	ASSERT_INT(257, mp_tuf_version(f.client, "root"));
}

/* ---- the time floor ---- */

TEST(a_clock_in_1970_is_enough_for_a_repository_that_says_no_time)
{
	fake_init(&f);
	f.now = 0;
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(0, mp_tuf_time_floor(f.client));
	ASSERT(!folder_get(&f.store, "time-floor"));
}

TEST(the_time_floor_outlives_the_client_and_only_rises)
{
	fake_init(&f);
	f.now = 0;
	f.stamp[MP_TUF_TIMESTAMP] = NOW;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(0, strncmp("{\"timestamp\":1800000000}",
			      folder_get(&f.store, "time-floor")->data, 24));
	f.stamp[MP_TUF_TIMESTAMP] = NOW - DAY;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(NOW, mp_tuf_time_floor(f.client));
}

TEST(unverified_metadata_do_not_raise_the_time_floor)
{
	fake_init(&f);
	f.now = 0;
	f.stamp[MP_TUF_TIMESTAMP] = NOW;
	fake_new_keys(&f, MP_TUF_TIMESTAMP);
	fake_publish(&f);
	ASSERT_ERR(-EKEYREJECTED, fake_refresh(&f));
	ASSERT(!folder_get(&f.store, "time-floor"));
}

TEST(a_stolen_timestamp_key_cannot_push_the_time_past_the_root)
{
	fake_init(&f);
	f.stamp[MP_TUF_TIMESTAMP] = f.expires[MP_TUF_ROOT] + 1;
	f.expires[MP_TUF_TIMESTAMP] = f.expires[MP_TUF_ROOT] + DAY;
	fake_publish(&f);
	ASSERT_ERR(-ESTALE, fake_refresh(&f));
	ASSERT(!folder_get(&f.store, "time-floor"));
	ASSERT(!folder_get(&f.store, "timestamp.json"));
}

TEST(a_time_past_the_files_own_expiry_is_no_evidence)
{
	fake_init(&f);
	f.stamp[MP_TUF_TIMESTAMP] = f.expires[MP_TUF_TIMESTAMP];
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(0, mp_tuf_time_floor(f.client));
}

TEST(what_a_rotated_key_said_about_the_time_is_forgotten)
{
	fake_init(&f);
	f.now = 0;
	f.stamp[MP_TUF_ROOT] = NOW - 10 * DAY;
	fake_root(&f);
	f.stamp[MP_TUF_TIMESTAMP] = NOW + 29 * DAY;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(NOW + 29 * DAY, mp_tuf_time_floor(f.client));

	fake_new_keys(&f, MP_TUF_TIMESTAMP);
	fake_root(&f);
	f.stamp[MP_TUF_TIMESTAMP] = NOW;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(NOW, mp_tuf_time_floor(f.client));
}

TEST(a_damaged_time_floor_counts_as_none)
{
	fake_init(&f);
	folder_put(&f.store, "time-floor", "{\"timest", 8);
	ASSERT_OK(fake_refresh(&f));
	folder_put(&f.store, "time-floor", "{\"timestamp\":\"x\",\"root\":-5}", 27);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(0, mp_tuf_time_floor(f.client));
}

/* ---- power cuts ---- */

/* A client far ahead of a repository that has been recovered: its snapshot's key was rotated, or
 * both online keys were. */
static void prepare_recovery(bool timestamp_too)
{
	fake_init(&f);
	f.now = 0;
	f.version[MP_TUF_SNAPSHOT] = f.version[MP_TUF_TIMESTAMP] = 1000;
	f.stamp[MP_TUF_TIMESTAMP] = NOW;
	fake_snapshot(&f);
	fake_timestamp(&f);
	must(fake_refresh(&f));

	fake_new_keys(&f, MP_TUF_SNAPSHOT);
	f.version[MP_TUF_SNAPSHOT] = 1;
	if (timestamp_too) {
		fake_new_keys(&f, MP_TUF_TIMESTAMP);
		f.version[MP_TUF_TIMESTAMP] = 1;
		f.stamp[MP_TUF_TIMESTAMP] = NOW - DAY;
	}
	fake_root(&f);
	fake_publish(&f);
}

/* Whatever was stored when the power failed, the next refresh must go through. */
TEST(a_power_cut_at_any_write_of_a_recovery_is_survived)
{
	for (int both = 0; both < 2; both++) {
		unsigned n = 0;
		int r;

		do {
			prepare_recovery(both);
			f.writes = 0;
			f.cut_at = ++n;
			r = fake_refresh(&f);
			f.cut_at = 0;
			ASSERT_OK(fake_refresh(&f));
			ASSERT_INT(2, mp_tuf_version(f.client, "snapshot"));
			ASSERT_INT(2, mp_tuf_version(f.client, "targets"));
			ASSERT_INT(both ? NOW - DAY : NOW, mp_tuf_time_floor(f.client));
		} while (r < 0);
		ASSERT(n > 6);
	}
}

TORTURE(a_refresh_and_a_download_survive_a_lack_of_memory)
{
	static struct fake now;
	static struct fake_sink got;
	int r;

	now = whole;
	r = fake_refresh(&now);
	if (r == 0)
		r = fake_get(&now, "app", &got);
	mp_tuf_client_free(now.client);
	return r;
}
