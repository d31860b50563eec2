/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of a file, records of strangers, and what a genuine peer may put into its records. The first byte
 * is the length of the keys, which follow it. */
#include <stdlib.h>
#include <string.h>

#include "dtls_mbedtls/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is sealed comes out again, but for a connection id's type and padding. */
static void check_sealed(const uint8_t *keys, const uint8_t *data, size_t len)
{
	static uint8_t out[MP_DTLS_RECORD_MAX], plain[MP_DTLS_RECORD_MAX];
	uint8_t both[MP_DTLS_SEAL_KEYS_MAX], type, block[MP_DTLS_BLOCK_MAX] = {1};
	const uint8_t *p = out;
	struct mp_dtls_record r;
	size_t left;
	int n;

	/* The same keys in both directions, with the length of connection id that we read. */
	(void)mp_dtls_seal_keys((enum mp_dtls_aead)keys[0], block, true, keys,
				keys[1] ? MP_DTLS_CID_SIZE : 0, both);
	n = mp_dtls_seal(both, MP_DTLS_DATA, (uint64_t)1 << 48, data, len, out, sizeof(out));
	if (n < 0)
		return;
	left = (size_t)n;
	(void)mp_dtls_seal_keys((enum mp_dtls_aead)keys[0], block, false, keys,
				keys[1] ? MP_DTLS_CID_SIZE : 0, both);
	if (mp_dtls_record_next(&p, &left, &r) < 0 || left)
		abort();
	n = mp_dtls_unseal(both, &r, plain, sizeof(plain), &type);
	if (n < 0 || (size_t)n != len || type != MP_DTLS_DATA || memcmp(plain, data, len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t plain[MP_DTLS_RECORD_MAX];
	const uint8_t *keys = data + 1;
	struct mp_dtls_record r;
	uint8_t type;

	if (size < 1 || size - 1 < data[0] || !mp_dtls_seal_is_keys(keys, data[0]))
		return 0;
	size -= 1u + data[0];
	data = keys + data[0];
	check_sealed(keys, data, size);
	while (mp_dtls_record_next(&data, &size, &r) == 0)
		(void)mp_dtls_unseal(keys, &r, plain, sizeof(plain), &type);
	return 0;
}
