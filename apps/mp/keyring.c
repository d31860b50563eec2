/* SPDX-License-Identifier: Apache-2.0 */
#include "keyring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "crypto/hash.h"
#include "crypto/x509.h"
#include "tuf/repo.h"

#define PEM_MAX 65536
#define DAY 86400
#define AUTHORITY_DAYS 7300
#define SERVER_DAYS 3650

const char *const mp_role_names[MP_ROLES] = {"root", "targets", "snapshot", "timestamp"};

void mp_tuf_keys_done(struct mp_tuf_keys *k)
{
	for (size_t i = 0; i < MP_ROLES; i++)
		mp_sign_key_free(k->key[i]);
}

/* A buffer with a secret in it leaves none behind. */
static void wipe(struct mp_buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->room);
	mp_buf_done(b);
}
#define SECRET(name) __attribute__((cleanup(wipe))) struct mp_buf name = {.limit = PEM_MAX}

int mp_keyring_read(const struct mp_product *p, const char *role, struct mp_sign_key **ret,
		    struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/keys/%s.pem", p->dir, role);
	SECRET(pem);
	int r;

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	if (!mp_file_exists(path))
		return mp_err_set(err, -ENOENT,
				  "the %s key %s is not here: copy it from where you keep it", role,
				  path);
	r = mp_file_read(path, &pem, err);
	if (r == 0)
		r = mp_sign_key_parse(mp_buf_str(&pem), ret, err);
	return r < 0 ? mp_err_wrap(err, r, "%s", path) : 0;
}

static int write_file(const char *dir, const char *name, const struct mp_buf *text, mode_t mode,
		      struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", dir, name);

	if (!path)
		return mp_err_set(err, -ENOMEM, "out of memory");
	return mp_file_write(path, mp_buf_str(text), text->len, mode, err);
}

int mp_keyring_write(const char *dir, const char *name, const struct mp_buf *text,
		     struct mp_err *err)
{
	return write_file(dir, name, text, 0600, err);
}

int mp_keyring_write_key(const char *dir, const char *name, const struct mp_sign_key *key,
			 struct mp_err *err)
{
	SECRET(pem);
	int r = mp_sign_key_format(key, &pem);

	return r < 0 ? mp_err_set(err, r, "cannot write a key")
		     : mp_keyring_write(dir, name, &pem, err);
}

/* ---- TUF ---- */

int mp_keyring_sign_root(const struct mp_tuf_keys *keys, const struct mp_sign_key *old,
			 int64_t version, int64_t expires, struct mp_buf *text, struct mp_err *err)
{
#define ROLE(i)                                                                                    \
	{                                                                                          \
		.keys = (const struct mp_sign_key *const[]){keys->key[i]}, .n = 1, .threshold = 1  \
	}
	const struct mp_tuf_root_config config = {
		.version = version,
		.expires = expires,
		.root = ROLE(MP_ROLE_ROOT),
		.targets = ROLE(MP_ROLE_TARGETS),
		.snapshot = ROLE(MP_ROLE_SNAPSHOT),
		.timestamp = ROLE(MP_ROLE_TIMESTAMP),
	};
#undef ROLE
	const struct mp_sign_key *signers[] = {keys->key[MP_ROLE_ROOT], old};
	auto_(mp_json) *root = NULL;
	int r = mp_tuf_root_create(&config, &root, err);

	return r < 0 ? r : mp_tuf_sign(root, signers, old ? 2 : 1, text, err);
}

static int create_tuf(const char *dir, unsigned root_days, struct mp_err *err)
{
	AUTO_TUF_KEYS(keys);
	MP_BUF(root, MP_METADATA_MAX);
	int r = 0;

	for (size_t i = 0; i < MP_ROLES && r == 0; i++) {
		char name[32];

		snprintf(name, sizeof(name), "keys/%s.pem", mp_role_names[i]);
		r = mp_sign_key_generate(MP_ED25519, &keys.key[i], err);
		if (r == 0)
			r = mp_keyring_write_key(dir, name, keys.key[i], err);
	}
	if (r == 0)
		r = mp_keyring_sign_root(&keys, NULL, 1, time(NULL) + (int64_t)root_days * DAY,
					 &root, err);
	return r < 0 ? r : write_file(dir, "tuf/1.root.json", &root, 0644, err);
}

/* ---- secure boot ---- */

static int create_secure_boot(const char *dir, const char *product, const char *name,
			      struct mp_err *err)
{
	auto_(mp_sign_key) *key = NULL;
	char cn[65], key_name[32], crt_name[32];
	MP_BUF(cert, PEM_MAX);
	SECRET(pem);
	int r = mp_sign_key_generate(MP_RSASSA_PSS_SHA256, &key, err);

	snprintf(cn, sizeof(cn), "%s secure boot %s", product, name);
	snprintf(key_name, sizeof(key_name), "keys/%s.pem", name);
	snprintf(crt_name, sizeof(crt_name), "keys/%s.crt", name);
	if (r == 0)
		r = mp_sign_key_format(key, &pem);
	if (r == 0)
		r = mp_x509_secure_boot_create(mp_buf_str(&pem), cn, time(NULL) - DAY,
					       AUTHORITY_DAYS, &cert, err);
	if (r == 0)
		r = mp_keyring_write(dir, key_name, &pem, err);
	return r < 0 ? r : mp_keyring_write(dir, crt_name, &cert, err);
}

/* The owner GUID of the keys in the firmware's variables: a random UUID (RFC 9562, version 4). */
static int create_guid(const char *dir, struct mp_err *err)
{
	uint8_t u[16];
	char hex[33];
	MP_BUF(text, 64);

	mp_random(u, sizeof(u));
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40);
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	mp_hex_format(u, sizeof(u), hex);
	(void)mp_buf_printf(&text, "%.8s-%.4s-%.4s-%.4s-%s\n", hex, hex + 8, hex + 12, hex + 16,
			    hex + 20);
	return mp_keyring_write(dir, "keys/guid", &text, err);
}

/* ---- devices and server ---- */

static int create_authority(const char *dir, const char *product, const char *name,
			    struct mp_err *err)
{
	char cn[65], key_name[32], crt_name[32];
	MP_BUF(cert, PEM_MAX);
	SECRET(key);
	int r = mp_x509_key_generate(&key, err);

	snprintf(cn, sizeof(cn), "%s %s", product, name);
	snprintf(key_name, sizeof(key_name), "keys/%s.pem", name);
	snprintf(crt_name, sizeof(crt_name), "keys/%s.crt", name);
	if (r == 0)
		r = mp_x509_ca_create(mp_buf_str(&key), cn, time(NULL) - DAY, AUTHORITY_DAYS, &cert,
				      err);
	if (r == 0)
		r = mp_keyring_write(dir, key_name, &key, err);
	return r < 0 ? r : mp_keyring_write(dir, crt_name, &cert, err);
}

static int read_text(const char *dir, const char *name, struct mp_buf *b, struct mp_err *err)
{
	auto_free char *path = mp_str_format("%s/%s", dir, name);

	return path ? mp_file_read(path, b, err) : mp_err_set(err, -ENOMEM, "out of memory");
}

int mp_keyring_create_server(const char *dir, const struct mp_product *p, struct mp_err *err)
{
	const char *names[MP_PRODUCT_NAMES + 1] = {NULL};
	MP_BUF(ca_cert, PEM_MAX);
	MP_BUF(cert, PEM_MAX);
	SECRET(ca_key);
	SECRET(key);
	int r = read_text(dir, "keys/server-ca.pem", &ca_key, err);

	for (size_t i = 0; i < p->server.n_names; i++)
		names[i] = p->server.names[i];
	if (r == 0)
		r = read_text(dir, "keys/server-ca.crt", &ca_cert, err);
	if (r == 0)
		r = mp_x509_key_generate(&key, err);
	if (r == 0)
		r = mp_x509_server_create(mp_buf_str(&ca_key), mp_buf_str(&ca_cert),
					  mp_buf_str(&key), names, time(NULL) - DAY, SERVER_DAYS,
					  &cert, err);
	if (r == 0)
		r = mp_keyring_write(dir, "keys/server.pem", &key, err);
	return r < 0 ? r : mp_keyring_write(dir, "keys/server.crt", &cert, err);
}

static int create_enroll_token(const char *dir, struct mp_err *err)
{
	uint8_t bytes[32];
	SECRET(text);

	mp_random(bytes, sizeof(bytes));
	if (mp_buf_reserve(&text, 2 * sizeof(bytes) + 1) < 0)
		return mp_err_set(err, -ENOMEM, "out of memory");
	mp_hex_format(bytes, sizeof(bytes), text.data);
	text.len = 2 * sizeof(bytes);
	(void)mp_buf_add_str(&text, "\n");
	return mp_keyring_write(dir, "keys/enroll.token", &text, err);
}

int mp_keyring_create(const char *dir, const struct mp_product *p, unsigned root_days,
		      struct mp_err *err)
{
	static const char *const secure_boot[] = {"pk", "kek", "db"};
	static const char *const authorities[] = {"device-ca", "server-ca"};
	auto_free char *keys = mp_str_format("%s/keys", dir), *tuf = mp_str_format("%s/tuf", dir);
	int r;

	if (!keys || !tuf)
		return mp_err_set(err, -ENOMEM, "out of memory");
	r = mp_file_make_dirs(keys, 0700, err);
	if (r == 0)
		r = mp_file_make_dirs(tuf, 0755, err);
	if (r == 0)
		r = create_tuf(dir, root_days, err);
	for (size_t i = 0; i < 3 && r == 0; i++)
		r = create_secure_boot(dir, p->name, secure_boot[i], err);
	if (r == 0)
		r = create_guid(dir, err);
	for (size_t i = 0; i < 2 && r == 0; i++)
		r = create_authority(dir, p->name, authorities[i], err);
	if (r == 0)
		r = mp_keyring_create_server(dir, p, err);
	return r < 0 ? r : create_enroll_token(dir, err);
}
