/* SPDX-License-Identifier: Apache-2.0
 * interop_test.c - what we sign and issue, judged by OpenSSL's programs */
#include <stdlib.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/test.h"
#include "crypto/sign.h"
#include "crypto/x509.h"

#define FROM 1700000000
#define SOON "1700000100"

struct folder {
	char path[32];
};

static void folder_done(struct folder *f)
{
	(void)mp_file_remove_tree(f->path, NULL);
}
#define FOLDER(name)                                                                               \
	__attribute__((cleanup(folder_done))) struct folder name = {"/tmp/mp-crypto-XXXXXX"};      \
	ASSERT(mkdtemp(name.path))

static int put(const struct folder *f, const char *name, const void *data, size_t len)
{
	auto_free char *path = mp_str_format("%s/%s", f->path, name);

	return mp_file_write(path, data, len, 0600, NULL);
}

/* Run openssl in the folder with these blank-separated arguments. */
static int openssl(const struct folder *f, const char *arguments)
{
	auto_free char *words = strdup(arguments);
	const char *argv[40] = {"openssl"};
	size_t n = 1;

	for (char *w = strtok(words, " "); w && n < 39; w = strtok(NULL, " "))
		argv[n++] = w;
	return mp_proc_run(&(struct mp_proc){.argv = argv, .dir = f->path}, NULL);
}

static int sign_into(const struct folder *f, enum mp_sign_scheme scheme)
{
	auto_(mp_sign_key) *k = NULL;
	MP_BUF(pem, 10000);
	MP_BUF(sig, 1000);
	int r = mp_sign_key_generate(scheme, &k, NULL);

	r = r < 0 ? r : mp_sign_key_format(k, &pem);
	r = r < 0 ? r : mp_sign(k, "data", 4, &sig, NULL);
	r = r < 0 ? r : put(f, "key.pem", pem.data, pem.len);
	r = r < 0 ? r : put(f, "sig", sig.data, sig.len);
	return r < 0 ? r : put(f, "data", "data", 4);
}

TEST(openssl_verifies_our_ed25519_signature)
{
	FOLDER(f);

	ASSERT_OK(sign_into(&f, MP_ED25519));
	ASSERT_OK(openssl(&f, "pkeyutl -verify -inkey key.pem -rawin -in data -sigfile sig"));
}

TEST(openssl_verifies_our_ecdsa_signature)
{
	FOLDER(f);

	ASSERT_OK(sign_into(&f, MP_ECDSA_P256_SHA256));
	ASSERT_OK(openssl(&f, "dgst -sha256 -prverify key.pem -signature sig data"));
}

TEST(openssl_verifies_our_pss_signature_with_its_salt_of_32_bytes)
{
	FOLDER(f);

	ASSERT_OK(sign_into(&f, MP_RSASSA_PSS_SHA256));
	ASSERT_OK(openssl(&f, "dgst -sha256 -prverify key.pem -sigopt rsa_padding_mode:pss "
			      "-sigopt rsa_pss_saltlen:32 -signature sig data"));
	ASSERT_ERR(-EREMOTEIO, openssl(&f, "dgst -sha256 -prverify key.pem -sigopt "
					   "rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20 "
					   "-signature sig data"));
}

/* ca.pem and its key; server.pem; device.csr and device.pem */
static int issue_into(const struct folder *f)
{
	static const char *const names[] = {"localhost", "10.0.2.2", "::1", NULL};
	MP_BUF(ca_key, 10000);
	MP_BUF(ca, 10000);
	MP_BUF(key, 10000);
	MP_BUF(server, 10000);
	MP_BUF(csr, 10000);
	MP_BUF(device, 10000);
	int r = mp_x509_key_generate(&ca_key, NULL);

	r = r < 0 ? r : mp_x509_ca_create(ca_key.data, "demo", FROM, 10, &ca, NULL);
	r = r < 0 ? r : mp_x509_key_generate(&key, NULL);
	r = r < 0 ? r
		  : mp_x509_server_create(ca_key.data, ca.data, key.data, names, FROM, 10, &server,
					  NULL);
	r = r < 0 ? r : mp_x509_csr_create(key.data, "demo-1", &csr, NULL);
	r = r < 0 ? r
		  : mp_x509_csr_sign(ca_key.data, ca.data, csr.data, csr.len, "demo-1", FROM, 10,
				     &device, NULL);
	r = r < 0 ? r : put(f, "ca.pem", ca.data, ca.len);
	r = r < 0 ? r : put(f, "server.pem", server.data, server.len);
	r = r < 0 ? r : put(f, "device.csr", csr.data, csr.len);
	return r < 0 ? r : put(f, "device.pem", device.data, device.len);
}

TEST(openssl_accepts_what_we_issue_and_for_its_purpose_alone)
{
	FOLDER(f);

	ASSERT_OK(issue_into(&f));
#define VERIFY "verify -x509_strict -attime " SOON " -CAfile ca.pem "
	ASSERT_OK(openssl(&f, VERIFY "-purpose sslserver -verify_hostname localhost server.pem"));
	ASSERT_OK(openssl(&f, VERIFY "-purpose sslserver -verify_ip 10.0.2.2 server.pem"));
	ASSERT_OK(openssl(&f, VERIFY "-purpose sslserver -verify_ip ::1 server.pem"));
	ASSERT_OK(openssl(&f, VERIFY "-purpose sslclient device.pem"));
	ASSERT_OK(openssl(&f, "req -verify -noout -in device.csr"));
	ASSERT_ERR(-EREMOTEIO, openssl(&f, VERIFY "-purpose sslclient server.pem"));
	ASSERT_ERR(-EREMOTEIO, openssl(&f, VERIFY "-purpose sslserver device.pem"));
	ASSERT_ERR(-EREMOTEIO, openssl(&f, VERIFY "-verify_ip 10.0.2.3 server.pem"));
	ASSERT_ERR(-EREMOTEIO, openssl(&f, "verify -CAfile device.pem server.pem"));
}
