/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"

#include <time.h>

#include "base/file.h"
#include "base/str.h"
#include "base/test.h"
#include "rotate.h"
#include "tuf/repo.h"

/* A product folder with TUF keys and a root, and nothing else. */
static char folder[64];
static struct mp_product product;
static struct mp_tuf_keys keys;

static int write_root(int64_t version, int64_t expires)
{
	auto_free char *name = mp_str_format("tuf/%lld.root.json", (long long)version);
	MP_BUF(text, MP_METADATA_MAX);
	int r = mp_keyring_sign_root(&keys, NULL, version, expires, &text, NULL);

	return r < 0 ? r : mp_keyring_write(folder, name, &text, NULL);
}

static int set_up(void)
{
	auto_free char *dir = NULL, *tuf = NULL;
	int r = 0;

	strcpy(folder, "/tmp/mp-keyring-XXXXXX");
	if (!mkdtemp(folder))
		return -errno;
	product = (struct mp_product){.dir = folder, .name = "demo", .version = "1.0"};
	dir = mp_str_format("%s/keys", folder);
	tuf = mp_str_format("%s/tuf", folder);
	if (mp_file_make_dirs(dir, 0700, NULL) < 0 || mp_file_make_dirs(tuf, 0755, NULL) < 0)
		return -EIO;
	mp_tuf_keys_done(&keys);
	keys = (struct mp_tuf_keys){{NULL}};
	for (size_t i = 0; i < MP_ROLES && r == 0; i++) {
		auto_free char *name = mp_str_format("keys/%s.pem", mp_role_names[i]);

		r = mp_sign_key_generate(MP_ED25519, &keys.key[i], NULL);
		if (r == 0)
			r = mp_keyring_write_key(folder, name, keys.key[i], NULL);
	}
	return r < 0 ? r : write_root(1, time(NULL) + 1000);
}

static void tear_down(void)
{
	(void)mp_file_remove_tree(folder, NULL);
	mp_tuf_keys_done(&keys);
	keys = (struct mp_tuf_keys){{NULL}};
}

TEST(the_newest_root_is_the_one_with_the_highest_number)
{
	static const char *const others[] = {"tuf/99.root.json.tmp", "tuf/x.root.json",
					     "tuf/98.targets.json.root.json", "tuf/.97.root.json"};
	MP_BUF(text, MP_METADATA_MAX);
	MP_BUF(none, 1);
	int64_t version;

	ASSERT_OK(set_up());
	ASSERT_OK(write_root(2, time(NULL) + 1000));
	ASSERT_OK(write_root(10, time(NULL) + 1000));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		ASSERT_OK(mp_keyring_write(folder, others[i], &none, NULL));
	ASSERT_OK(mp_tuf_read_root(&product, &text, &version, NULL));
	ASSERT_INT(10, version);
	mp_buf_reset(&text);
	ASSERT_OK(mp_tuf_newest(&product, "targets", &version, &text, NULL));
	ASSERT_INT(0, version);
	tear_down();
}

TEST(an_expired_root_is_refused_and_can_be_renewed)
{
	const bool roles[MP_ROLES] = {[MP_ROLE_ROOT] = true};
	MP_BUF(text, MP_METADATA_MAX);
	struct mp_err err;
	int64_t version;

	ASSERT_OK(set_up());
	ASSERT_OK(write_root(1, time(NULL) - 1));
	ASSERT_ERR(-ESTALE, mp_tuf_read_root(&product, &text, &version, &err));
	ASSERT(strstr(err.text, "mp key rotate root"));
	ASSERT_OK(mp_rotate(&product, roles, time(NULL) + 1000, &version, &err));
	ASSERT_INT(2, version);
	mp_buf_reset(&text);
	ASSERT_OK(mp_tuf_read_root(&product, &text, &version, &err));
	tear_down();
}

TEST(targets_of_an_old_key_are_signed_anew)
{
	const bool roles[MP_ROLES] = {[MP_ROLE_TARGETS] = true};
	const struct mp_sign_key *signer[1];
	auto_(mp_json) *targets = NULL, *check = NULL;
	MP_BUF(root, MP_METADATA_MAX);
	MP_BUF(text, MP_METADATA_MAX);
	int64_t version;

	ASSERT_OK(set_up());
	signer[0] = keys.key[MP_ROLE_TARGETS];
	ASSERT_OK(mp_tuf_targets_create(1, time(NULL) + 1000, &targets, NULL));
	ASSERT_OK(mp_tuf_sign(targets, signer, 1, &text, NULL));
	ASSERT_OK(mp_keyring_write(folder, "tuf/1.targets.json", &text, NULL));
	ASSERT_OK(mp_rotate(&product, roles, time(NULL) + 1000, &version, NULL));
	mp_buf_reset(&text);
	ASSERT_OK(mp_tuf_newest(&product, "targets", &version, &text, NULL));
	ASSERT_INT(2, version);
	ASSERT_OK(mp_tuf_read_root(&product, &root, &version, NULL));
	ASSERT_OK(mp_tuf_check(root.data, root.len, "targets", text.data, text.len, &check, NULL));
	tear_down();
}

TEST(a_key_that_is_not_here_is_asked_for)
{
	auto_(mp_sign_key) *key = NULL;
	auto_free char *path = NULL;
	struct mp_err err;

	ASSERT_OK(set_up());
	path = mp_str_format("%s/keys/targets.pem", folder);
	ASSERT_OK(unlink(path));
	ASSERT_ERR(-ENOENT, mp_keyring_read(&product, "targets", &key, &err));
	ASSERT(strstr(err.text, "copy it from where you keep it"));
	ASSERT_OK(mp_file_write(path, "not a key", 9, 0600, NULL));
	ASSERT_ERR(-EBADMSG, mp_keyring_read(&product, "targets", &key, &err));
	ASSERT(strstr(err.text, path));
	tear_down();
}

/* Keys are made before any allocation is made to fail. */
static struct mp_tuf_keys tortured;

static void free_tortured(void)
{
	mp_tuf_keys_done(&tortured);
}

__attribute__((constructor)) static void make_tortured(void)
{
	for (size_t i = 0; i < MP_ROLES; i++)
		if (mp_sign_key_generate(MP_ED25519, &tortured.key[i], NULL) < 0)
			abort();
	atexit(free_tortured);
}

TORTURE(signing_a_root_survives_oom)
{
	MP_BUF(text, MP_METADATA_MAX);

	return mp_keyring_sign_root(&tortured, tortured.key[MP_ROLE_TARGETS], 2, 2000000000, &text,
				    NULL);
}
