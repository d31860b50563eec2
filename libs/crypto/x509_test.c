/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509.h"

#include "base/auto.h"
#include "base/str.h"
#include "base/test.h"
#include "crypto/sign.h"

/* Made with OpenSSL 3.0: CN=device-1; CN=one + CN=two; O=nameless. */
static const char request[] = "-----BEGIN CERTIFICATE REQUEST-----\n"
			      "MIHNMHUCAQAwEzERMA8GA1UEAwwIZGV2aWNlLTEwWTATBgcqhkjOPQIBBggqhkjO\n"
			      "PQMBBwNCAASi1qOX+A9yIwOKhbI/kMm3spqK6n8alAArrnvYMXwoAkv5/VE4lyJu\n"
			      "31ZJx+49nTtZJnIZPYeeLcwWLwnCjewNoAAwCgYIKoZIzj0EAwIDSAAwRQIhAKRI\n"
			      "JFoxltwycWwAwIN+3CgAFrjzx8m2ExrL5SpJxafSAiAzJuVbN3bqVTtpuZDBkbjI\n"
			      "ppl8H60sqf2bjt6iFqSeww==\n"
			      "-----END CERTIFICATE REQUEST-----\n";
static const char two_names[] = "-----BEGIN CERTIFICATE REQUEST-----\n"
				"MIHWMH4CAQAwHDEMMAoGA1UEAwwDb25lMQwwCgYDVQQDDAN0d28wWTATBgcqhkjO\n"
				"PQIBBggqhkjOPQMBBwNCAASi1qOX+A9yIwOKhbI/kMm3spqK6n8alAArrnvYMXwo\n"
				"Akv5/VE4lyJu31ZJx+49nTtZJnIZPYeeLcwWLwnCjewNoAAwCgYIKoZIzj0EAwID\n"
				"SAAwRQIhAMVptV3fPlO+RqQkPvl+diCxQy2l5UFCI9ku5zZr+cZSAiBdZRvWH5m9\n"
				"mJZJU1xQQx1Q1o1Wjp2yIEOyh4VvAxf4ew==\n"
				"-----END CERTIFICATE REQUEST-----\n";
static const char no_name[] = "-----BEGIN CERTIFICATE REQUEST-----\n"
			      "MIHNMHUCAQAwEzERMA8GA1UECgwIbmFtZWxlc3MwWTATBgcqhkjOPQIBBggqhkjO\n"
			      "PQMBBwNCAASi1qOX+A9yIwOKhbI/kMm3spqK6n8alAArrnvYMXwoAkv5/VE4lyJu\n"
			      "31ZJx+49nTtZJnIZPYeeLcwWLwnCjewNoAAwCgYIKoZIzj0EAwIDSAAwRQIgPALM\n"
			      "y6HdiWyKPozadcWTdGqOq2mu5iRfxblFm1V1syACIQCdMCHxueTh2jynSsCJQ7SW\n"
			      "Wun6ZB8DiYuHM367xZ29hw==\n"
			      "-----END CERTIFICATE REQUEST-----\n";

#define FROM 1700000000

struct authority {
	struct mp_buf key, cert;
};

#define AUTHORITY(name)                                                                            \
	__attribute__((cleanup(authority_done))) struct authority name = {                         \
		.key = {.limit = 10000}, .cert = {.limit = 10000}}

static void authority_done(struct authority *a)
{
	mp_buf_done(&a->key);
	mp_buf_done(&a->cert);
}

static int make_authority(struct authority *a)
{
	int r = mp_x509_key_generate(&a->key, NULL);

	return r < 0 ? r
		     : mp_x509_ca_create(mp_buf_str(&a->key), "demo devices", FROM, 3650, &a->cert,
					 NULL);
}

TEST(an_authority_is_its_own_issuer)
{
	struct mp_x509_info info;
	AUTHORITY(ca);
	AUTHORITY(other);

	ASSERT_OK(make_authority(&ca));
	ASSERT_OK(make_authority(&other));
	ASSERT_OK(mp_x509_parse(ca.cert.data, ca.cert.len, &info, NULL));
	ASSERT_STR("demo devices", info.cn);
	ASSERT_INT(64, strlen(info.fingerprint));
	ASSERT_INT(FROM, info.not_before);
	ASSERT_INT(FROM + 3650LL * 86400, info.not_after);
	ASSERT_OK(mp_x509_verify(mp_buf_str(&ca.cert), ca.cert.data, ca.cert.len));
	ASSERT_ERR(-EKEYREJECTED,
		   mp_x509_verify(mp_buf_str(&other.cert), ca.cert.data, ca.cert.len));
}

TEST(a_secure_boot_certificate_is_signed_by_its_own_rsa_key)
{
	auto_(mp_sign_key) *key = NULL;
	MP_BUF(pem, 65536);
	MP_BUF(cert, 65536);
	struct mp_x509_info info;

	ASSERT_OK(mp_sign_key_generate(MP_RSASSA_PSS_SHA256, &key, NULL));
	ASSERT_OK(mp_sign_key_format(key, &pem));
	ASSERT_OK(mp_x509_secure_boot_create(pem.data, "demo db", 1700000000, 7300, &cert, NULL));
	ASSERT_OK(mp_x509_parse(cert.data, cert.len, &info, NULL));
	ASSERT_STR("demo db", info.cn);
	ASSERT_INT(1700000000, info.not_before);
	ASSERT_OK(mp_x509_verify(cert.data, cert.data, cert.len));
}

TEST(a_device_gets_the_certificate_that_it_asked_for)
{
	struct mp_x509_info info;
	char cn[65] = "";
	AUTHORITY(ca);
	AUTHORITY(other);
	MP_BUF(key, 10000);
	MP_BUF(csr, 10000);
	MP_BUF(cert, 10000);

	ASSERT_OK(make_authority(&ca));
	ASSERT_OK(make_authority(&other));
	ASSERT_OK(mp_x509_key_generate(&key, NULL));
	ASSERT_OK(mp_x509_csr_create(mp_buf_str(&key), "demo-0123456789ab", &csr, NULL));
	ASSERT_OK(mp_x509_csr_parse(csr.data, csr.len, cn, NULL));
	ASSERT_STR("demo-0123456789ab", cn);
	ASSERT_OK(mp_x509_csr_sign(mp_buf_str(&ca.key), mp_buf_str(&ca.cert), csr.data, csr.len, cn,
				   FROM, 365, &cert, NULL));
	ASSERT_OK(mp_x509_parse(cert.data, cert.len, &info, NULL));
	ASSERT_STR("demo-0123456789ab", info.cn);
	ASSERT_OK(mp_x509_verify(mp_buf_str(&ca.cert), cert.data, cert.len));
	ASSERT_ERR(-EKEYREJECTED, mp_x509_verify(mp_buf_str(&other.cert), cert.data, cert.len));
}

TEST(a_request_of_another_library_is_read)
{
	char cn[65] = "";

	ASSERT_OK(mp_x509_csr_parse(request, strlen(request), cn, NULL));
	ASSERT_STR("device-1", cn);
}

TEST(a_request_with_no_name_or_two_is_refused)
{
	struct mp_err err = {0};
	char cn[65] = "untouched";

	ASSERT_ERR(-EBADMSG, mp_x509_csr_parse(no_name, strlen(no_name), cn, &err));
	ASSERT_STR("the certificate request has no common name of 1 to 64 bytes", err.text);
	ASSERT_ERR(-EBADMSG, mp_x509_csr_parse(two_names, strlen(two_names), cn, &err));
	ASSERT_STR("untouched", cn);
}

TEST(a_request_whose_signature_is_not_its_own_is_refused)
{
	char bad[sizeof(request)], cn[65], *p;

	memcpy(bad, request, sizeof(bad));
	p = strstr(bad, "LTEw"); /* device-1 becomes device-q */
	ASSERT(p);
	p[2] = 'c';
	ASSERT_ERR(-EBADMSG, mp_x509_csr_parse(bad, strlen(bad), cn, NULL));
}

TEST(a_request_cut_anywhere_is_refused)
{
	size_t body = (size_t)(strstr(request, "-----END") - request);

	EACH_CUT(cut, n, request, body) {
		char cn[65];

		ASSERT_ERR(-EBADMSG, mp_x509_csr_parse(cut, n, cn, NULL));
	}
}

TEST(a_name_too_long_for_a_certificate_is_refused)
{
	struct mp_err err = {0};
	MP_BUF(key, 10000);
	MP_BUF(csr, 10000);
	char name[66];

	memset(name, 'x', 65);
	name[65] = '\0';
	ASSERT_OK(mp_x509_key_generate(&key, NULL));
	ASSERT_ERR(-EINVAL, mp_x509_csr_create(mp_buf_str(&key), name, &csr, &err));
	ASSERT_STR("a common name has 1 to 64 bytes, not 65", err.text);
	ASSERT_ERR(-EINVAL, mp_x509_csr_create(mp_buf_str(&key), "", &csr, &err));
	ASSERT_OK(mp_x509_csr_create(mp_buf_str(&key), name + 1, &csr, &err));
}

TEST(a_server_certificate_carries_its_names)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "::1", NULL};
	static const char *const none[] = {NULL};
	struct mp_x509_info info;
	AUTHORITY(ca);
	MP_BUF(key, 10000);
	MP_BUF(cert, 10000);

	ASSERT_OK(make_authority(&ca));
	ASSERT_OK(mp_x509_key_generate(&key, NULL));
	ASSERT_OK(mp_x509_server_create(mp_buf_str(&ca.key), mp_buf_str(&ca.cert), mp_buf_str(&key),
					names, FROM, 365, &cert, NULL));
	ASSERT_OK(mp_x509_parse(cert.data, cert.len, &info, NULL));
	ASSERT_STR("localhost", info.cn);
	ASSERT_OK(mp_x509_verify(mp_buf_str(&ca.cert), cert.data, cert.len));
	ASSERT_ERR(-EINVAL, mp_x509_server_create(mp_buf_str(&ca.key), mp_buf_str(&ca.cert),
						  mp_buf_str(&key), none, FROM, 365, &cert, NULL));
}

TEST(what_is_no_certificate_is_refused)
{
	struct mp_x509_info info;
	struct mp_err err = {0};

	ASSERT_ERR(-EBADMSG, mp_x509_parse("", 0, &info, &err));
	ASSERT(mp_str_starts_with(err.text, "not a certificate"));
	ASSERT_ERR(-EBADMSG, mp_x509_parse(request, strlen(request), &info, &err));
	ASSERT_ERR(-EKEYREJECTED, mp_x509_verify("", "", 0));
}

TORTURE(an_authority_survives_the_end_of_memory)
{
	AUTHORITY(ca);

	return make_authority(&ca);
}
