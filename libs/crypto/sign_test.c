/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/sign.h"

#include "base/auto.h"
#include "base/str.h"
#include "base/test.h"

/* Made with OpenSSL 3.0 over this text. */
static const char text[] = "signed by openssl";

static const char ec_public[] = "-----BEGIN PUBLIC KEY-----\n"
				"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEotajl/gPciMDioWyP5DJt7Kaiup/\n"
				"GpQAK6572DF8KAJL+f1ROJcibt9WScfuPZ07WSZyGT2Hni3MFi8Jwo3sDQ==\n"
				"-----END PUBLIC KEY-----\n";
static const char ec_sig[] =
	"3046022100c07b12ef18e1138938b5840584b2b4f0e10e44a57bd5f68fc1668894a4b68c"
	"21022100e1f7debd50f62f84acadbc264f847463c067f637fb182866410725563b17512f";
static const char ec384_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE7BAmygU9qtbtyyaPAWKUySQViJK4+4sB\n"
	"DnXrpl9/Q/6CyZrUXDN22b3mA2m2UMhZXhpTJMOwpaOqAN2Mnai//VPahKUHC1g0\n"
	"eE+qqrZDPX8o1+Oe3/nHQfo08GQSyep/\n"
	"-----END PUBLIC KEY-----\n";
static const char rsa_public[] =
	"-----BEGIN PUBLIC KEY-----\n"
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwvvdxVJBKkQjP2m+zwMQ\n"
	"rw8JU9+PEW1ss1C3/WRMJXXqx/m4fqL4Mw7olhvhM2JytDAXUVqnwRyphrmWxiiJ\n"
	"tCaFQrqPIZHk4i/lJGuM+bkC0PO0YqqXM9zsI+MEQS71ayWYo+vSJ9tACM2JxDSk\n"
	"ksQMtA53MxdvAwFZNzsCr/9+TX+HLYUs8V2n/6+JUpujdL3qhigvNISIdg2PlmCO\n"
	"UHdGFXKjo2dYMBt+f1mr9kR8MWWcIIBohRRgbUBe2qlKdjL+aFSLsXdhroPahbLz\n"
	"DukaWwAaNwZWqfWbRN1qzyq45htncBkwLokkEjcG6V5waxiWnE/HjuvlFdiwa/4O\n"
	"hwIDAQAB\n"
	"-----END PUBLIC KEY-----\n";
static const char pss_sig[] =
	"68fe4c713949a6990be0423269b200a564c174f83fc3b4465fc27994bfeb4de5d0a7d4f5"
	"ba1bde0e272cd9d21d39b8e464b2307431f72274302cc61cdd471ae840c092f521b8b2fe"
	"c9fa67d12678893e3c1c24305c0bd4052012923a8829a4a68fdb04f9e05ec2f31a7a35e7"
	"c43df258eabb3157768eac742d393d43c30340fa6e691d6a747722129d18b3df4fd0e26f"
	"12148f4d9a5e4bce7f12b7d1c513c03936fe01cdc1ec34224708dcfd9a8f045751c53e55"
	"ed6c017b408e693d50b5c57485120f873374a43293abba62e3a4e704c54269c2d9810098"
	"531120da52458a4c4a24c8d450cb3bafd7f664092ea283f3157f74be42e20a846178dc3f"
	"e888ce2e";
static const char pkcs1_sig[] =
	"c29d0a3ef2147758bef8f853616dc3992776e233f737617867ecf6db973811a3815fd240"
	"785627990f966f92166a43a9724057a38ccd11ddbe1c38b5b4cb0a8230414d2ab6a1d01e"
	"58bb8f436c2a041b1dfdd924ff81de493f62af0cd7c7a1f74a34eee7ceb15f135d31b06d"
	"071961a0c7f7fcb0e6e236dac7a3473700079648d924e5b55fdbad2b26a6336acae9cf47"
	"bf643ebd873161fea94ef17abde6cbe50b48ca5f07e390008df7592f261867dca6fc4032"
	"d76aad4d48834513306ce93d0d825d6f354f774e4ade38260fb8ceb0eaed6243b5684e5b"
	"2ecce34c6137e2451b72708f5984e2d85f89411ebce023605c9acb17d70b199b5f6ed3c4"
	"2941f727";

/* RFC 8032, section 7.1, TEST 2: one byte, 0x72. */
static const char rfc_public[] = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
static const char rfc_sig[] = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
			      "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

static int verify_hex(enum mp_sign_scheme scheme, const char *public, const char *data,
		      const char *hex)
{
	size_t n = strlen(hex) / 2;
	auto_free uint8_t *sig = malloc(n);

	if (!sig || mp_hex_parse(hex, sig, n) < 0)
		return -ENOMEM;
	return mp_sign_verify(scheme, public, data, strlen(data), sig, n);
}

TEST(ed25519_agrees_with_rfc_8032)
{
	ASSERT_OK(verify_hex(MP_ED25519, rfc_public, "\x72", rfc_sig));
	ASSERT_ERR(-EKEYREJECTED, verify_hex(MP_ED25519, rfc_public, "\x73", rfc_sig));
	ASSERT_ERR(-EKEYREJECTED, verify_hex(MP_ED25519, rfc_public, "\x72", "92a009"));
}

TEST(a_key_from_rfc_8032_signs_as_the_rfc_says)
{
	/* The seed of TEST 2 in PKCS #8. */
	auto_free char *pem =
		mp_str_format("-----BEGIN %s KEY-----\n"
			      "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
			      "-----END %s KEY-----\n",
			      "PRIVATE", "PRIVATE");
	auto_(mp_sign_key) *k = NULL;
	char hex[129];
	MP_BUF(sig, 100);
	MP_BUF(public, 100);

	ASSERT_OK(mp_sign_key_parse(pem, &k, NULL));
	ASSERT_INT(MP_ED25519, mp_sign_key_scheme(k));
	ASSERT_OK(mp_sign_key_public(k, &public));
	ASSERT_STR(rfc_public, mp_buf_str(&public));
	ASSERT_OK(mp_sign(k, "\x72", 1, &sig, NULL));
	ASSERT_INT(64, sig.len);
	mp_hex_format(sig.data, sig.len, hex);
	ASSERT_STR(rfc_sig, hex);
}

TEST(signatures_of_another_library_verify)
{
	ASSERT_OK(verify_hex(MP_ECDSA_P256_SHA256, ec_public, text, ec_sig));
	ASSERT_OK(verify_hex(MP_RSASSA_PSS_SHA256, rsa_public, text, pss_sig));
	ASSERT_ERR(-EKEYREJECTED, verify_hex(MP_ECDSA_P256_SHA256, ec_public, "other", ec_sig));
	ASSERT_ERR(-EKEYREJECTED, verify_hex(MP_RSASSA_PSS_SHA256, rsa_public, "other", pss_sig));
	ASSERT_ERR(-EKEYREJECTED, verify_hex(MP_RSASSA_PSS_SHA256, rsa_public, text, pkcs1_sig));
}

TEST(a_key_of_another_scheme_is_no_key)
{
	ASSERT_ERR(-EBADMSG, verify_hex(MP_ED25519, ec_public, text, ec_sig));
	ASSERT_ERR(-EBADMSG, verify_hex(MP_ECDSA_P256_SHA256, rsa_public, text, ec_sig));
	ASSERT_ERR(-EBADMSG, verify_hex(MP_ECDSA_P256_SHA256, ec384_public, text, ec_sig));
	ASSERT_ERR(-EBADMSG, verify_hex(MP_RSASSA_PSS_SHA256, ec_public, text, pss_sig));
	ASSERT_ERR(-EBADMSG, verify_hex(MP_ECDSA_P256_SHA256, rfc_public, text, ec_sig));
	ASSERT_ERR(-EBADMSG, verify_hex(MP_ED25519, "", text, ec_sig));
}

static void check_round_trip(enum mp_sign_scheme scheme)
{
	auto_(mp_sign_key) *k = NULL, *again = NULL;
	MP_BUF(pem, 10000);
	MP_BUF(pem2, 10000);
	MP_BUF(public, 10000);
	MP_BUF(sig, 1000);

	ASSERT_OK(mp_sign_key_generate(scheme, &k, NULL));
	ASSERT_OK(mp_sign_key_format(k, &pem));
	ASSERT(mp_str_starts_with(mp_buf_str(&pem), "-----BEGIN PRIVATE"
						    " KEY-----\n"));
	ASSERT_OK(mp_sign_key_parse(mp_buf_str(&pem), &again, NULL));
	ASSERT_INT(scheme, mp_sign_key_scheme(again));
	ASSERT_OK(mp_sign_key_format(again, &pem2));
	ASSERT_STR(mp_buf_str(&pem), mp_buf_str(&pem2));
	ASSERT_OK(mp_sign_key_public(again, &public));
	ASSERT_OK(mp_sign(again, "data", 4, &sig, NULL));
	ASSERT_OK(mp_sign_verify(scheme, mp_buf_str(&public), "data", 4, sig.data, sig.len));
	for (size_t cut = 0; cut < sig.len; cut++)
		ASSERT_ERR(-EKEYREJECTED,
			   mp_sign_verify(scheme, mp_buf_str(&public), "data", 4, sig.data, cut));
	sig.data[sig.len / 2] ^= 1;
	ASSERT_ERR(-EKEYREJECTED,
		   mp_sign_verify(scheme, mp_buf_str(&public), "data", 4, sig.data, sig.len));
}

TEST(an_ed25519_key_round_trips)
{
	check_round_trip(MP_ED25519);
}

TEST(an_ec_key_round_trips)
{
	check_round_trip(MP_ECDSA_P256_SHA256);
}

TEST(an_rsa_key_round_trips)
{
	check_round_trip(MP_RSASSA_PSS_SHA256);
}

TEST(what_is_no_private_key_is_refused)
{
	auto_(mp_sign_key) *k = NULL;
	struct mp_err err = {0};

	ASSERT_ERR(-EBADMSG, mp_sign_key_parse("", &k, &err));
	ASSERT(mp_str_starts_with(err.text, "not a private key in PEM"));
	ASSERT_ERR(-EBADMSG, mp_sign_key_parse(ec_public, &k, &err));
	ASSERT(!k);
}

TORTURE(making_a_key_survives_the_end_of_memory)
{
	auto_(mp_sign_key) *k = NULL;
	MP_BUF(sig, 100);
	int r = mp_sign_key_generate(MP_ED25519, &k, NULL);

	return r < 0 ? r : mp_sign(k, "data", 4, &sig, NULL);
}
