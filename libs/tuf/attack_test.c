/* SPDX-License-Identifier: Apache-2.0
 * attack_test.c - the attacks of the specification (section 1.5.2), one by one */
#include "base/test.h"
#include "tuf/fake_repo.h"

static struct fake f;

__attribute__((destructor)) static void end(void)
{
	fake_done(&f);
}

TEST(an_honest_repository_is_read)
{
	struct fake_sink got;

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_STR("2.root.json timestamp.json 1.snapshot.json 1.targets.json ", f.requests);
	ASSERT_OK(fake_get(&f, "app", &got));
	ASSERT_STR("an application", got.data);
}

TEST(arbitrary_installation_a_target_with_other_content_is_refused)
{
	struct fake_sink got;

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	memcpy(f.targets.files[0].data, "an APPLICATION", 14);
	ASSERT_ERR(-EPROTO, fake_get(&f, "app", &got));
	ASSERT_STR("target 'app' does not have the signed hash", f.err.text);
}

TEST(arbitrary_installation_metadata_signed_by_other_keys_are_refused)
{
	for (int t = 0; t < MP_TUF_TYPES; t++) {
		fake_init(&f);
		ASSERT_OK(fake_refresh(&f));
		fake_new_keys(&f, (enum mp_tuf_type)t);
		if (t == MP_TUF_ROOT)
			fake_root(&f);
		fake_publish(&f);
		ASSERT_ERR(-EKEYREJECTED, fake_refresh(&f));
		ASSERT(strstr(f.err.text, mp_tuf_type_name((enum mp_tuf_type)t)));
	}
}

TEST(arbitrary_installation_one_changed_byte_of_any_role_is_refused)
{
	for (int t = MP_TUF_TIMESTAMP; t < MP_TUF_TYPES; t++) {
		struct fake_file *file;
		char *at;

		fake_init(&f);
		file = fake_file_of(&f, (enum mp_tuf_type)t);
		at = strstr(file->data, "\"expires\":\"20");
		ASSERT(at);
		at[13] = '9';
		ASSERT(fake_refresh(&f) < 0);
		ASSERT_INT(0, mp_tuf_version(f.client, mp_tuf_type_name((enum mp_tuf_type)t)));
	}
}

TEST(endless_data_in_metadata_stops_at_the_limit)
{
	static const char *const files[] = {"2.root.json", "timestamp.json", "1.snapshot.json",
					    "1.targets.json"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fake_init(&f);
		f.endless = files[i];
		ASSERT_ERR(-EFBIG, fake_refresh(&f));
		ASSERT(strstr(f.err.text, files[i]));
		ASSERT(f.served <= MP_TUF_ROOT_MAX + 4096);
	}
}

TEST(endless_data_in_metadata_stops_at_the_length_that_the_role_above_signed)
{
	fake_init(&f);
	f.endless = "1.targets.json";
	ASSERT_ERR(-EFBIG, fake_refresh(&f));
	ASSERT_INT(4096, (long long)f.served);
}

TEST(endless_data_in_a_target_stops_at_the_signed_length)
{
	struct fake_sink got;

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	f.endless = f.targets.files[0].name;
	ASSERT_ERR(-EFBIG, fake_get(&f, "app", &got));
	ASSERT_STR("target 'app' is longer than the signed 14 bytes", f.err.text);
	ASSERT(got.len <= 14);
}

TEST(a_target_that_ends_early_is_refused)
{
	struct fake_sink got;

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	f.targets.files[0].len = 5;
	ASSERT_ERR(-EPROTO, fake_get(&f, "app", &got));
	ASSERT_STR("target 'app' has 5 bytes, expected 14", f.err.text);
}

TEST(an_expired_timestamp_is_not_taken_in)
{
	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	f.expires[MP_TUF_TIMESTAMP] = NOW;
	fake_publish(&f);
	ASSERT_ERR(-ESTALE, fake_refresh(&f));
	ASSERT_INT(1, mp_tuf_version(f.client, "timestamp"));
}

/* A length in signed metadata cannot lift our own limit either: the timestamp's key is online. */
TEST(endless_data_announced_by_a_stolen_timestamp_key_stops_at_our_limit)
{
	struct mp_tuf_meta meta = {1, INT64_MAX, NULL};

	ASSERT_INT(MP_TUF_SNAPSHOT_MAX, (long long)mp_tuf_meta_most(&meta, MP_TUF_SNAPSHOT));
	meta.length = 100;
	ASSERT_INT(100, (long long)mp_tuf_meta_most(&meta, MP_TUF_SNAPSHOT));
}

TEST(extraneous_dependencies_a_file_that_no_role_lists_is_never_asked_for)
{
	struct fake_sink got;

	fake_init(&f);
	folder_put(&f.targets, "extra", "malware", 7);
	ASSERT_OK(fake_refresh(&f));
	f.requests[0] = '\0';
	ASSERT_ERR(-ENOENT, fake_get(&f, "extra", &got));
	ASSERT_STR("no trusted role lists the target 'extra'", f.err.text);
	ASSERT_STR("", f.requests);
}

TEST(fast_forward_versions_of_a_stolen_timestamp_key_are_forgotten_with_the_key)
{
	fake_init(&f);
	f.version[MP_TUF_TIMESTAMP] = 1000000;
	fake_timestamp(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(1000000, mp_tuf_version(f.client, "timestamp"));

	f.version[MP_TUF_TIMESTAMP] = 2;
	fake_timestamp(&f);
	ASSERT_ERR(-EPROTO, fake_refresh(&f)); /* the key is still trusted: looks like a rollback */

	fake_new_keys(&f, MP_TUF_TIMESTAMP);
	fake_root(&f);
	fake_timestamp(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(2, mp_tuf_version(f.client, "timestamp"));
}

TEST(fast_forward_versions_of_a_stolen_snapshot_key_are_forgotten_with_the_key)
{
	fake_init(&f);
	f.version[MP_TUF_SNAPSHOT] = 1000000;
	f.version[MP_TUF_TARGETS] = 500;
	fake_targets(&f);
	fake_snapshot(&f);
	f.version[MP_TUF_TIMESTAMP] = 2;
	fake_timestamp(&f);
	ASSERT_OK(fake_refresh(&f));

	fake_new_keys(&f, MP_TUF_SNAPSHOT);
	fake_root(&f);
	f.version[MP_TUF_SNAPSHOT] = f.version[MP_TUF_TARGETS] = 1;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(2, mp_tuf_version(f.client, "snapshot"));
	ASSERT_INT(2, mp_tuf_version(f.client, "targets"));
}

TEST(fast_forward_of_a_snapshot_that_was_never_had_is_forgotten_with_the_key)
{
	fake_init(&f);
	f.version[MP_TUF_SNAPSHOT] = 1000000;
	fake_snapshot(&f);
	fake_timestamp(&f);
	f.fails = "1000000.snapshot.json";
	f.fails_with = -ENOENT;
	ASSERT_ERR(-ENOENT, fake_refresh(&f));
	ASSERT_INT(1, mp_tuf_version(f.client, "timestamp"));

	fake_new_keys(&f, MP_TUF_SNAPSHOT);
	fake_root(&f);
	f.version[MP_TUF_SNAPSHOT] = 1;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(2, mp_tuf_version(f.client, "snapshot"));
}

TEST(indefinite_freeze_old_metadata_expire_role_by_role)
{
	for (int t = 0; t < MP_TUF_TYPES; t++) {
		fake_init(&f);
		f.expires[t] = NOW + 10;
		if (t == MP_TUF_ROOT)
			fake_root(&f);
		fake_publish(&f);
		ASSERT_OK(fake_refresh(&f));
		f.now = NOW + 10;
		ASSERT_ERR(-ESTALE, fake_refresh(&f));
		ASSERT(strstr(f.err.text, mp_tuf_type_name((enum mp_tuf_type)t)));
		ASSERT(strstr(f.err.text, "expired at 2027-01-15T08:00:10Z"));
	}
}

TEST(indefinite_freeze_does_not_work_on_a_device_whose_clock_is_dead)
{
	fake_init(&f);
	f.now = 1;
	f.stamp[MP_TUF_TIMESTAMP] = NOW;
	f.expires[MP_TUF_SNAPSHOT] = NOW + DAY;
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	ASSERT_INT(NOW, mp_tuf_time_floor(f.client));

	/* A fresh timestamp over the frozen snapshot tells how late it is. */
	f.stamp[MP_TUF_TIMESTAMP] = NOW + 2 * DAY;
	f.expires[MP_TUF_TIMESTAMP] = NOW + 3 * DAY;
	f.version[MP_TUF_TIMESTAMP]++;
	fake_timestamp(&f);
	ASSERT_ERR(-ESTALE, fake_refresh(&f));
	f.now = 0;
	ASSERT_ERR(-ESTALE, fake_refresh(&f)); /* and the clock cannot be turned back */
}

TEST(malicious_mirror_cannot_keep_a_client_from_another_mirror)
{
	static const char *const files[] = {"2.root.json", "timestamp.json", "2.snapshot.json",
					    "2.targets.json"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		fake_init(&f);
		ASSERT_OK(fake_refresh(&f));
		fake_root(&f);
		fake_publish(&f);
		f.fails = files[i];
		f.fails_with = -ECONNRESET;
		ASSERT_ERR(-ECONNRESET, fake_refresh(&f));
		f.fails = NULL;
		ASSERT_OK(fake_refresh(&f));
		ASSERT_INT(2, mp_tuf_version(f.client, "targets"));
	}
}

TEST(mix_and_match_a_snapshot_of_another_time_is_refused)
{
	struct fake_file *was, old;

	fake_init(&f);
	old = *fake_file_of(&f, MP_TUF_SNAPSHOT);
	fake_publish(&f);
	was = fake_file_of(&f, MP_TUF_SNAPSHOT);
	folder_put(&f.repo, was->name, old.data, old.len);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_STR("snapshot does not have the expected hash", f.err.text);
}

TEST(mix_and_match_targets_of_another_time_are_refused)
{
	struct fake_file *was, old;

	fake_init(&f);
	old = *fake_file_of(&f, MP_TUF_TARGETS);
	fake_add(&f, "two", "another application");
	fake_publish(&f);
	was = fake_file_of(&f, MP_TUF_TARGETS);
	folder_put(&f.repo, was->name, old.data, old.len);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_INT(0, mp_tuf_version(f.client, "targets"));
}

TEST(mix_and_match_is_refused_by_versions_alone_too)
{
	for (int t = MP_TUF_SNAPSHOT; t < MP_TUF_TYPES; t++) {
		struct fake_file *is, was;

		fake_init(&f);
		f.bare = true;
		was = *fake_file_of(&f, (enum mp_tuf_type)t);
		fake_publish(&f);
		is = fake_file_of(&f, (enum mp_tuf_type)t);
		folder_put(&f.repo, is->name, was.data, was.len);
		ASSERT_ERR(-EPROTO, fake_refresh(&f));
		ASSERT(strstr(f.err.text, "found version 1, expected 2"));
		ASSERT_INT(0, mp_tuf_version(f.client, mp_tuf_type_name((enum mp_tuf_type)t)));
	}
}

TEST(mix_and_match_of_two_files_with_one_version_is_refused)
{
	fake_init(&f);
	fake_add(&f, "app", "an APPLICATION");
	fake_targets(&f);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_STR("targets does not have the expected hash", f.err.text);
}

TEST(rollback_of_the_timestamp_is_refused)
{
	struct fake_file old;

	fake_init(&f);
	old = *fake_file_of(&f, MP_TUF_TIMESTAMP);
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	folder_put(&f.repo, "timestamp.json", old.data, old.len);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_STR("timestamp rolls back: found version 1, expected at least 2", f.err.text);
}

TEST(rollback_of_the_snapshot_by_a_stolen_timestamp_key_is_refused_and_not_stored)
{
	struct fake_file before, *after;

	fake_init(&f);
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	before = *folder_get(&f.store, "timestamp.json");
	f.version[MP_TUF_SNAPSHOT] = 1;
	f.version[MP_TUF_TIMESTAMP] = 3;
	fake_timestamp(&f);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_STR("timestamp rolls the snapshot back: found version 1, expected at least 2",
		   f.err.text);
	after = folder_get(&f.store, "timestamp.json");
	ASSERT(after->len == before.len && memcmp(after->data, before.data, before.len) == 0);
}

TEST(rollback_of_targets_by_stolen_online_keys_is_refused)
{
	fake_init(&f);
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	f.version[MP_TUF_TARGETS] = 1;
	fake_online(&f);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_STR("snapshot rolls targets.json back: found version 1, expected at least 2",
		   f.err.text);
	ASSERT_INT(0, mp_tuf_version(f.client, "targets"));
}

TEST(rollback_of_the_root_is_refused)
{
	struct fake_file old;

	fake_init(&f);
	old = *fake_file_of(&f, MP_TUF_ROOT);
	folder_put(&f.repo, "2.root.json", old.data, old.len);
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_STR("root: found version 1, expected 2", f.err.text);
}

TEST(slow_retrieval_ends_with_what_the_fetcher_says)
{
	struct fake_sink got;

	fake_init(&f);
	f.fails = "timestamp.json";
	f.fails_with = -ETIMEDOUT;
	ASSERT_ERR(-ETIMEDOUT, fake_refresh(&f));
	f.fails = NULL;
	ASSERT_OK(fake_refresh(&f));
	f.fails = f.targets.files[0].name;
	ASSERT_ERR(-ETIMEDOUT, fake_get(&f, "app", &got));
}

TEST(key_compromise_ends_with_the_root_that_rotates_the_key)
{
	struct mp_sign_key *stolen[1];

	fake_init(&f);
	ASSERT_OK(fake_refresh(&f));
	stolen[0] = f.keys[MP_TUF_TARGETS][0];
	must(mp_sign_key_generate(MP_ED25519, &f.keys[MP_TUF_TARGETS][0], NULL));
	fake_root(&f);
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));

	mp_sign_key_free(f.keys[MP_TUF_TARGETS][0]);
	f.keys[MP_TUF_TARGETS][0] = stolen[0];
	fake_publish(&f);
	ASSERT_ERR(-EKEYREJECTED, fake_refresh(&f));
	ASSERT_STR("targets version 3 is signed by 0 of the 1 trusted keys that it needs",
		   f.err.text);
}

TEST(key_compromise_below_the_threshold_is_not_enough)
{
	fake_init(&f);
	f.n_keys[MP_TUF_TARGETS] = 3;
	f.threshold[MP_TUF_TARGETS] = 2;
	fake_new_keys(&f, MP_TUF_TARGETS);
	fake_root(&f);
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	mp_sign_key_free(f.keys[MP_TUF_TARGETS][2]);
	mp_sign_key_free(f.keys[MP_TUF_TARGETS][1]);
	f.n_keys[MP_TUF_TARGETS] = 1;
	fake_publish(&f);
	ASSERT_ERR(-EKEYREJECTED, fake_refresh(&f));
	ASSERT_STR("targets version 3 is signed by 1 of the 2 trusted keys that it needs",
		   f.err.text);
}

TEST(wrong_software_a_target_under_another_ones_name_is_refused)
{
	struct fake_sink got;

	fake_init(&f);
	fake_add(&f, "web", "a web server!!");
	fake_publish(&f);
	ASSERT_OK(fake_refresh(&f));
	memcpy(f.targets.files[0].data, f.targets.files[1].data, 14);
	ASSERT_ERR(-EPROTO, fake_get(&f, "app", &got));
}

TEST(wrong_software_a_role_in_the_place_of_another_is_refused)
{
	struct mp_json *doc;
	struct fake_file *of;

	/* Well-formed as a timestamp but for its type, and signed by the timestamp's key. */
	fake_init(&f);
	of = fake_file_of(&f, MP_TUF_SNAPSHOT);
	must(mp_tuf_timestamp_create(2, NOW + DAY, of->data, of->len, &doc, NULL));
	must(mp_json_put_str(doc, "_type", "snapshot"));
	fake_serve_signed(&f, MP_TUF_TIMESTAMP, doc, "timestamp.json");
	ASSERT_ERR(-EPROTO, fake_refresh(&f));
	ASSERT_STR("timestamp: wrong type: found 'snapshot', expected 'timestamp'", f.err.text);
}
