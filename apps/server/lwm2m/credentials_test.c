/* SPDX-License-Identifier: Apache-2.0 */
#include "lwm2m/credentials.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/test.h"
#include "schema.h"
#include "server.h"

static const uint8_t key[16] = "0123456789abcdef";

/* A server with a store and credentials alone, in a folder of its own. */
struct place {
	struct server s;
	char dir[32];
	int back;
};

static int open_place(struct place *p)
{
	struct mp_err err = {""};
	int r = mp_store_open("server.db", server_migrations, &p->s.store, &err);

	return r < 0 ? r : credentials_load(&p->s, &p->s.credentials, &err);
}

static int close_place(struct place *p)
{
	struct mp_err err = {""};
	int r = mp_store_commit(p->s.store, &err);

	credentials_free(take_ptr(p->s.credentials));
	mp_store_free(take_ptr(p->s.store));
	return r;
}

static void place_done(struct place *p)
{
	credentials_free(p->s.credentials);
	mp_store_free(p->s.store);
	if (fchdir(p->back) == 0)
		(void)mp_file_remove_tree(p->dir, NULL);
	close(p->back);
}

#define PLACE(p)                                                                                   \
	__attribute__((cleanup(place_done))) struct place p = {                                    \
		.dir = "/tmp/mp-credentials-XXXXXX"};                                              \
	p.back = open(".", O_RDONLY | O_CLOEXEC | O_DIRECTORY);                                    \
	ASSERT(mkdtemp(p.dir) && chdir(p.dir) == 0);                                               \
	ASSERT_OK(open_place(&p))

static bool allows(struct place *p, const char *endpoint, enum credential_kind kind,
		   const char *identity, const uint8_t *sha256)
{
	return credentials_allow(p->s.credentials, endpoint,
				 &(struct credential_proof){
					 kind, identity, identity ? strlen(identity) : 0, sha256});
}

static int set_psk(struct place *p, const char *endpoint, const char *identity)
{
	return credentials_set_psk(&p->s, endpoint, identity, strlen(identity), key, sizeof(key));
}

TEST(a_key_is_found_by_its_identity)
{
	uint8_t got[PSK_MAX];

	PLACE(p);
	ASSERT_OK(set_psk(&p, "one", "id-one"));
	ASSERT_INT(16, credentials_find_psk(p.s.credentials, "id-one", 6, got));
	ASSERT(memcmp(got, key, 16) == 0);
	ASSERT_ERR(-ENOENT, credentials_find_psk(p.s.credentials, "one", 3, got));
	ASSERT_ERR(-ENOENT, credentials_find_psk(p.s.credentials, "id-on", 5, got));
}

TEST(an_endpoint_with_credentials_is_refused_without_security)
{
	PLACE(p);
	ASSERT(allows(&p, "one", CREDENTIAL_NONE, NULL, NULL));
	ASSERT_OK(set_psk(&p, "one", "id-one"));
	ASSERT(!allows(&p, "one", CREDENTIAL_NONE, NULL, NULL));
	ASSERT(allows(&p, "one", CREDENTIAL_PSK, "id-one", NULL));
	ASSERT_OK(credentials_remove(&p.s, "one"));
	ASSERT(allows(&p, "one", CREDENTIAL_NONE, NULL, NULL));
	ASSERT_ERR(-ENOENT, credentials_remove(&p.s, "one"));
}

TEST(nobody_registers_as_somebody_else)
{
	uint8_t a[32] = {1}, b[32] = {2};

	PLACE(p);
	ASSERT_OK(set_psk(&p, "one", "id-one"));
	ASSERT_OK(set_psk(&p, "two", "two"));
	ASSERT_OK(credentials_set_rpk(&p.s, "raw", a));
	ASSERT_OK(credentials_set_x509(&p.s, "cert", NULL, NULL));
	ASSERT_OK(credentials_set_x509(&p.s, "pinned", NULL, a));
	ASSERT(!allows(&p, "one", CREDENTIAL_PSK, "two", NULL));
	ASSERT(!allows(&p, "unknown", CREDENTIAL_PSK, "id-one", NULL));
	ASSERT(!allows(&p, "one", CREDENTIAL_X509, "id-one", a));
	ASSERT(allows(&p, "raw", CREDENTIAL_RPK, NULL, a));
	ASSERT(!allows(&p, "raw", CREDENTIAL_RPK, NULL, b));
	ASSERT(credentials_has_rpk(p.s.credentials, a) && !credentials_has_rpk(p.s.credentials, b));
	ASSERT(allows(&p, "cert", CREDENTIAL_X509, "cert", b));
	ASSERT(!allows(&p, "cert", CREDENTIAL_X509, "pinned", b));
	ASSERT(allows(&p, "pinned", CREDENTIAL_X509, "anything", a));
	ASSERT(!allows(&p, "pinned", CREDENTIAL_X509, "pinned", b));
	ASSERT(allows(&p, "new", CREDENTIAL_X509, "new", b));
	ASSERT(!allows(&p, "new", CREDENTIAL_X509, "cert", b));
}

TEST(an_identity_belongs_to_one_endpoint)
{
	PLACE(p);
	ASSERT_OK(set_psk(&p, "one", "shared"));
	ASSERT_ERR(-EEXIST, set_psk(&p, "two", "shared"));
	ASSERT_INT(1, credentials_count(p.s.credentials));
	ASSERT_OK(set_psk(&p, "one", "other"));
	ASSERT_OK(set_psk(&p, "two", "shared"));
	ASSERT_ERR(-EBADMSG, set_psk(&p, "no/name", "x"));
	ASSERT_ERR(-EBADMSG, credentials_set_psk(&p.s, "three", "x", 1, key, 0));
}

TEST(what_is_stored_is_there_after_a_restart_and_sealed)
{
	MP_BUF(file, 1u << 20);
	uint8_t got[PSK_MAX], sha[32] = {7};
	struct credential_info info;

	PLACE(p);
	ASSERT_OK(set_psk(&p, "one", "id-one"));
	ASSERT_OK(credentials_set_rpk(&p.s, "raw", sha));
	ASSERT_OK(close_place(&p));
	ASSERT_OK(mp_file_read("server.db", &file, NULL));
	ASSERT(memmem(file.data, file.len, "id-one", 6));
	ASSERT(!memmem(file.data, file.len, key, sizeof(key)));
	ASSERT_OK(open_place(&p));
	ASSERT_INT(16, credentials_find_psk(p.s.credentials, "id-one", 6, got));
	ASSERT(memcmp(got, key, 16) == 0);
	ASSERT(credentials_info(p.s.credentials, "raw", &info));
	ASSERT(info.kind == CREDENTIAL_RPK && memcmp(info.sha256, sha, 32) == 0);
	ASSERT(credentials_info(p.s.credentials, "one", &info) && info.identity_len == 6);
}

TEST(another_seal_opens_nothing)
{
	uint8_t other[32] = {3};
	struct mp_err err = {""};

	PLACE(p);
	ASSERT_OK(set_psk(&p, "one", "one"));
	ASSERT_OK(close_place(&p));
	ASSERT_OK(mp_file_write("credentials.key", other, sizeof(other), 0600, &err));
	ASSERT_ERR(-EKEYREJECTED, open_place(&p));
}

TEST(thousands_come_and_go_without_a_trace)
{
	char name[32];

	PLACE(p);
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "device-%d", i);
		ASSERT_OK(set_psk(&p, name, i % 2 ? name : name + 3));
	}
	for (int i = 0; i < 3000; i += 3) {
		snprintf(name, sizeof(name), "device-%d", i);
		ASSERT_OK(credentials_remove(&p.s, name));
	}
	ASSERT_INT(2000, credentials_count(p.s.credentials));
	for (int i = 0; i < 3000; i++) {
		uint8_t got[PSK_MAX];
		const char *identity = i % 2 ? name : name + 3;
		int want = i % 3 ? 16 : -ENOENT;

		snprintf(name, sizeof(name), "device-%d", i);
		ASSERT_INT(want,
			   credentials_find_psk(p.s.credentials, identity, strlen(identity), got));
		ASSERT_INT(i % 3 != 0, !allows(&p, name, CREDENTIAL_NONE, NULL, NULL));
	}
}
