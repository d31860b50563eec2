/* SPDX-License-Identifier: Apache-2.0 */
#include <time.h>

#include "base/test.h"
#include "tuf/fake_repo.h"

static struct fake f;
static const char digest[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

__attribute__((constructor)) static void begin(void)
{
	fake_init(&f);
}

__attribute__((destructor)) static void end(void)
{
	fake_done(&f);
}

/* The value is what securesystemslib computes for this key. */
TEST(a_key_id_is_the_hash_of_its_canonical_json)
{
	char id[65];

	ASSERT_OK(mp_tuf_key_id(MP_ED25519,
				"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
				id));
	ASSERT_STR("74c181c7ad8a0855d4b55e44d2ba87aabdddb196832571f15f92fece332e4916", id);
}

TEST(a_threshold_needs_enough_keys)
{
	struct mp_tuf_role_keys one = fake_role(&f, MP_TUF_TARGETS), none = {NULL, 0, 1}, two = one;
	struct mp_tuf_root_config config = {1, NOW, one, one, one, none};
	struct mp_json *doc = NULL;

	two.threshold = 2;
	ASSERT_ERR(-EINVAL, mp_tuf_root_create(&config, &doc, &f.err));
	config.timestamp = two;
	ASSERT_ERR(-EINVAL, mp_tuf_root_create(&config, &doc, &f.err));
	ASSERT_STR("a threshold of 2 needs as many timestamp keys; there are 1", f.err.text);
	config.timestamp.threshold = 0;
	ASSERT_ERR(-EINVAL, mp_tuf_root_create(&config, &doc, &f.err));
}

TEST(a_target_is_added_replaced_and_carries_its_custom_part)
{
	auto_(mp_json) *doc = NULL, *custom = mp_json_new_object();
	const struct mp_json *entry;

	must(mp_json_put_str(custom, "kind", "manifest"));
	ASSERT_OK(mp_tuf_targets_create(3, NOW, &doc, NULL));
	ASSERT_OK(mp_tuf_targets_add(doc, "a", 1, digest, NULL, NULL));
	ASSERT_OK(mp_tuf_targets_add(doc, "a", 2, digest, custom, NULL));
	ASSERT_INT(1, (long long)mp_json_size(mp_json_get(doc, "targets")));
	entry = mp_json_get(mp_json_get(doc, "targets"), "a");
	ASSERT_INT(2, mp_json_int(mp_json_get(entry, "length"), 0));
	ASSERT_STR("manifest", mp_json_str(mp_json_get(mp_json_get(entry, "custom"), "kind"), ""));
	ASSERT_ERR(-EINVAL, mp_tuf_targets_add(doc, "b", 2, "abc", NULL, NULL));
	ASSERT_ERR(-EINVAL, mp_tuf_targets_add(custom, "b", 2, digest, NULL, NULL));
}

TEST(a_bump_raises_the_version_and_sets_the_expiry)
{
	auto_(mp_json) *doc = NULL;

	ASSERT_OK(mp_tuf_targets_create(3, NOW, &doc, NULL));
	ASSERT_OK(mp_tuf_bump(doc, NOW + DAY, NULL));
	ASSERT_INT(4, mp_json_int(mp_json_get(doc, "version"), 0));
	ASSERT_STR("2027-01-16T08:00:00Z", mp_json_str(mp_json_get(doc, "expires"), ""));
}

TEST(a_signature_says_when_it_was_made)
{
	auto_(mp_json) *doc = NULL, *file = NULL;
	MP_BUF(text, 1 << 16);
	int64_t before = time(NULL), at;

	ASSERT_OK(mp_tuf_targets_create(3, NOW, &doc, NULL));
	ASSERT_OK(mp_tuf_sign(doc, fake_role(&f, MP_TUF_TARGETS).keys, 1, &text, NULL));
	ASSERT_OK(mp_json_parse(text.data, text.len, &file, NULL));
	at = mp_json_int(mp_json_get(mp_json_get(file, "signed"), "x-mp-time"), 0);
	ASSERT(at >= before && at <= time(NULL));
	ASSERT(!mp_json_get(doc, "x-mp-time"));
}

static int check(const char *role, const struct fake_file *file, const struct fake_file *root)
{
	auto_(mp_json) *doc = NULL;

	return mp_tuf_check(root->data, root->len, role, file->data, file->len, &doc, &f.err);
}

TEST(files_are_checked_against_a_root)
{
	const struct fake_file *root;

	fake_init(&f);
	root = fake_file_of(&f, MP_TUF_ROOT);
	for (int t = 0; t < MP_TUF_TYPES; t++)
		ASSERT_OK(check(mp_tuf_type_name((enum mp_tuf_type)t),
				fake_file_of(&f, (enum mp_tuf_type)t), root));
	ASSERT_ERR(-EINVAL, check("mirrors", root, root));
	ASSERT_ERR(-EPROTO, check("targets", fake_file_of(&f, MP_TUF_SNAPSHOT), root));
	fake_new_keys(&f, MP_TUF_TARGETS);
	fake_targets(&f);
	ASSERT_ERR(-EKEYREJECTED, check("targets", fake_file_of(&f, MP_TUF_TARGETS), root));
}

TEST(a_next_root_is_signed_by_old_and_new_keys_and_skips_no_version)
{
	struct mp_sign_key *old;
	struct fake_file first;

	fake_init(&f);
	first = *fake_file_of(&f, MP_TUF_ROOT);
	old = f.keys[MP_TUF_ROOT][0];
	must(mp_sign_key_generate(MP_ED25519, &f.keys[MP_TUF_ROOT][0], NULL));
	fake_root(&f);
	ASSERT_ERR(-EKEYREJECTED, check("root", fake_file_of(&f, MP_TUF_ROOT), &first));
	fake_root_by(&f, &old, 1);
	ASSERT_OK(check("root", fake_file_of(&f, MP_TUF_ROOT), &first));
	f.version[MP_TUF_ROOT] = 3;
	fake_root_by(&f, &old, 1);
	ASSERT_ERR(-EPROTO, check("root", fake_file_of(&f, MP_TUF_ROOT), &first));
	mp_sign_key_free(old);
}

TEST(a_snapshot_is_not_made_over_something_else)
{
	struct mp_json *doc = NULL;
	struct fake_file *root;

	fake_init(&f);
	root = fake_file_of(&f, MP_TUF_ROOT);
	ASSERT_ERR(-EPROTO, mp_tuf_snapshot_create(1, NOW, root->data, root->len, &doc, &f.err));
	ASSERT_ERR(-EBADMSG, mp_tuf_timestamp_create(1, NOW, "{", 1, &doc, &f.err));
}

TORTURE(making_metadata_survives_a_lack_of_memory)
{
	struct mp_tuf_role_keys keys = fake_role(&f, MP_TUF_ROOT);
	struct mp_tuf_root_config config = {1, NOW, keys, keys, keys, keys};
	auto_(mp_json) *root = NULL, *targets = NULL, *snapshot = NULL;
	MP_BUF(root_file, 1 << 16);
	MP_BUF(targets_file, 1 << 16);
	int r = mp_tuf_root_create(&config, &root, NULL);

	if (r == 0)
		r = mp_tuf_sign(root, keys.keys, 1, &root_file, NULL);
	if (r == 0)
		r = mp_tuf_targets_create(1, NOW, &targets, NULL);
	if (r == 0)
		r = mp_tuf_targets_add(targets, "a", 1, digest, NULL, NULL);
	if (r == 0)
		r = mp_tuf_bump(targets, NOW, NULL);
	if (r == 0)
		r = mp_tuf_sign(targets, keys.keys, 1, &targets_file, NULL);
	if (r == 0)
		r = mp_tuf_snapshot_create(1, NOW, targets_file.data, targets_file.len, &snapshot,
					   NULL);
	return r;
}
