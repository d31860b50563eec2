/* SPDX-License-Identifier: Apache-2.0 */
/* What a file of sessions is read as must be written as the same bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dtls/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const versions[] = {"mbedtls 1", NULL};
	MP_BUF(b, 1 << 20);
	struct mp_dtls_saved_cursor c;
	struct mp_dtls_saved s;
	int r = mp_dtls_saved_open(&c, data, size, versions);

	if (r < 0 || mp_dtls_saved_add_header(&b, versions) < 0)
		return 0;
	while ((r = mp_dtls_saved_next(&c, &s)) == 0)
		if (mp_dtls_saved_add(&b, &s) < 0)
			return 0;
	if (r != -ENOENT || mp_dtls_saved_add_end(&b) < 0)
		return 0;
	if (b.len != size || memcmp(b.data, data, size) != 0)
		abort();
	return 0;
}
