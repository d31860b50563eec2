/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "base/test.h"
#include "dtls_mbedtls/seal.h"

#define EPOCH ((uint64_t)1 << 48)

static const uint8_t cid[MP_DTLS_CID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8};

/* Both ends of one session, its key block being 0, 1, 2 ... */
struct ends {
	uint8_t client[MP_DTLS_SEAL_KEYS_MAX], server[MP_DTLS_SEAL_KEYS_MAX];
	size_t len;
};

static void ends_init(struct ends *e, int aead, bool has_cid)
{
	uint8_t block[MP_DTLS_BLOCK_MAX];

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)i;
	e->len = mp_dtls_seal_keys((enum mp_dtls_aead)aead, block, true, cid,
				   has_cid ? sizeof(cid) : 0, e->client);
	(void)mp_dtls_seal_keys((enum mp_dtls_aead)aead, block, false, cid,
				has_cid ? sizeof(cid) : 0, e->server);
}

static int unseal(const uint8_t *keys, const void *data, size_t len, uint8_t out[256],
		  uint8_t *type)
{
	const uint8_t *p = data;
	struct mp_dtls_record r;
	int e = mp_dtls_record_next(&p, &len, &r);

	return e < 0 ? e : mp_dtls_unseal(keys, &r, out, 256, type);
}

/* As OpenSSL's AEADs make them of the nonces and the additional data of the RFCs. */
static const struct known {
	int aead;
	bool has_cid;
	uint64_t number;
	const char *record; /* of the client's "hello" */
} known[] = {
	{MP_DTLS_CCM_8, false, 0x010203,
	 "17fefd0001000000010203001500010000000102036c6c2a44f6f73bd9df7e462181"},
	{MP_DTLS_CCM_8, true, 5,
	 "19fefd00010000000000050102030405060708001600010000000000054828097f9fab696febbbd484fccd"},
	{MP_DTLS_CCM, false, 0x010203,
	 "17fefd0001000000010203001d00010000000102036c6c2a44f64f06f6fd4d63988a0e1ea9f47c998405"},
	{MP_DTLS_CCM, true, 5,
	 "19fefd00010000000000050102030405060708001e00010000000000054828097f9fab56840f4f5a7008747e7"
	 "5"
	 "3823db2b4e50"},
	{MP_DTLS_GCM, false, 0x010203,
	 "17fefd0001000000010203001d0001000000010203852fa449f648564721071f6be3627a6aef5e640171"},
	{MP_DTLS_GCM, true, 5,
	 "19fefd00010000000000050102030405060708001e000100000000000569096140d5e2770bcc0eca8c53aa9b1"
	 "8"
	 "7ba81753e114"},
	{MP_DTLS_CHACHA20_POLY1305, false, 0x010203,
	 "17fefd000100000001020300150b39514a92a2fe8d948fbc016931219c4b29fcce47"},
	{MP_DTLS_CHACHA20_POLY1305, true, 5,
	 "19fefd000100000000000501020304050607080016a88700091331a6579ebb7a84cca085ec45f18e05b63c"},
};
#define EACH_KNOWN(k)                                                                              \
	for (const struct known *k = known; k < known + sizeof(known) / sizeof(known[0]); k++)

TEST(records_are_those_of_the_specifications)
{
	EACH_KNOWN(k)
	{
		uint8_t out[256], plain[256], type = 0;
		struct ends e;
		char hex[513];
		int n;

		ends_init(&e, k->aead, k->has_cid);
		n = mp_dtls_seal(e.client, MP_DTLS_DATA, EPOCH | k->number, "hello", 5, out,
				 sizeof(out));
		ASSERT(n > 0);
		mp_hex_format(out, (size_t)n, hex);
		ASSERT_STR(k->record, hex);
		ASSERT_INT(5, unseal(e.server, out, (size_t)n, plain, &type));
		ASSERT_INT(MP_DTLS_DATA, type);
		ASSERT(memcmp(plain, "hello", 5) == 0);
		ASSERT_ERR(-EBADMSG, unseal(e.client, out, (size_t)n, plain, &type));
	}
}

TEST(no_changed_bit_is_taken_for_genuine)
{
	EACH_KNOWN(k)
	{
		size_t len = strlen(k->record) / 2;
		uint8_t data[64], plain[256], type;
		struct ends e;

		ends_init(&e, k->aead, k->has_cid);
		ASSERT_OK(mp_hex_parse(k->record, data, len));
		for (size_t bit = 0; bit < 8 * len; bit++) {
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ASSERT(unseal(e.server, data, len, plain, &type) < 0);
			data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		ASSERT_INT(5, unseal(e.server, data, len, plain, &type));
	}
}

TEST(a_record_cut_anywhere_is_not_genuine)
{
	EACH_KNOWN(k)
	{
		size_t len = strlen(k->record) / 2, head = 13 + (k->has_cid ? sizeof(cid) : 0);
		uint8_t data[64], plain[256], type;
		struct ends e;

		ends_init(&e, k->aead, k->has_cid);
		ASSERT_OK(mp_hex_parse(k->record, data, len));
		EACH_CUT(cut, n, data, len) {
			if (n > head) /* a whole record, but for its content */
				cut[head - 1] = (char)(n - head);
			ASSERT(unseal(e.server, cut, n, plain, &type) < 0);
		}
	}
}

TEST(empty_and_long_contents_come_out_as_they_went_in)
{
	static uint8_t data[16385], out[17000], plain[17000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	for (int aead = MP_DTLS_CCM_8; aead <= MP_DTLS_CHACHA20_POLY1305; aead++) {
		static const size_t lens[] = {0, 1, 15, 16, 17, 1232, 16384};

		for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
			const uint8_t *p = out;
			struct mp_dtls_record r;
			struct ends e;
			uint8_t type;
			size_t len;
			int n;

			ends_init(&e, aead, i % 2);
			n = mp_dtls_seal(e.server, MP_DTLS_ALERT_RECORD, EPOCH, data, lens[i], out,
					 sizeof(out));
			ASSERT(n > 0 && (size_t)n <= lens[i] + MP_DTLS_SEAL_MORE);
			len = (size_t)n;
			ASSERT_OK(mp_dtls_record_next(&p, &len, &r));
			ASSERT_INT(lens[i],
				   mp_dtls_unseal(e.client, &r, plain, sizeof(plain), &type));
			ASSERT_INT(MP_DTLS_ALERT_RECORD, type);
			ASSERT(memcmp(plain, data, lens[i]) == 0);
			ASSERT_ERR(-EMSGSIZE, mp_dtls_seal(e.server, MP_DTLS_DATA, EPOCH, data,
							   lens[i], out, (size_t)n - 1));
		}
		ASSERT_ERR(-EMSGSIZE,
			   mp_dtls_seal((const uint8_t[]){MP_DTLS_CCM_8, 0, 0}, MP_DTLS_DATA, EPOCH,
					data, sizeof(data), out, sizeof(out)));
	}
}

/* RFC 9146, 4: zeros may follow the type; zeros alone are no content. */
TEST(padding_behind_the_type_is_taken_off)
{
	static const uint8_t padded[] = {'h', 'i', MP_DTLS_DATA, 0, 0}, none[] = {0, 0, 0};
	uint8_t out[256], plain[256], type;
	struct ends e;
	int n;

	ends_init(&e, MP_DTLS_CCM_8, true);
	n = mp_dtls_seal(e.client, 0, EPOCH, padded, sizeof(padded), out, sizeof(out));
	ASSERT(n > 0);
	ASSERT_INT(2, unseal(e.server, out, (size_t)n, plain, &type));
	ASSERT_INT(MP_DTLS_DATA, type);
	n = mp_dtls_seal(e.client, 0, EPOCH, none, sizeof(none), out, sizeof(out));
	ASSERT(n > 0);
	ASSERT_ERR(-EBADMSG, unseal(e.server, out, (size_t)n, plain, &type));
}

TEST(keys_are_known_by_their_form)
{
	for (int aead = MP_DTLS_CCM_8; aead <= MP_DTLS_CHACHA20_POLY1305; aead++) {
		struct ends e;

		ends_init(&e, aead, true);
		ASSERT(mp_dtls_seal_is_keys(e.client, e.len));
		EACH_CUT(cut, n, e.client, e.len) {
			ASSERT(!mp_dtls_seal_is_keys(cut, n));
		}
		e.client[1]++;
		ASSERT(!mp_dtls_seal_is_keys(e.client, e.len));
		e.client[1]--;
		e.client[0] = MP_DTLS_CHACHA20_POLY1305 + 1;
		ASSERT(!mp_dtls_seal_is_keys(e.client, e.len));
		e.client[0] = 0;
		ASSERT(!mp_dtls_seal_is_keys(e.client, e.len));
	}
}

TORTURE(a_record_survives_want_of_memory)
{
	uint8_t out[64], plain[256], type;
	struct ends e;
	int n;

	ends_init(&e, MP_DTLS_GCM, false);
	n = mp_dtls_seal(e.client, MP_DTLS_DATA, EPOCH, "hello", 5, out, sizeof(out));
	if (n > 0)
		n = unseal(e.server, out, (size_t)n, plain, &type);
	return n < 0 ? n : 0;
}
