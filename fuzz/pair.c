/* SPDX-License-Identifier: Apache-2.0 */
/* What decodes must encode to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "pair/pair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	MP_BUF(b, MP_PAIR_MAX);
	struct mp_msg m;

	if (mp_msg_decode(data, size, &m) < 0)
		return 0;
	if (mp_msg_encode(&m, &b) < 0 || b.len != size || memcmp(b.data, data, size) != 0)
		abort();
	return 0;
}
