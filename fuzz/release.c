/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "release/release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A manifest that is accepted and whose sources are all known is written so that it is accepted again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_(mp_release) *rel = NULL, *again = NULL;
	MP_BUF(text, 8 << 20);

	if (mp_release_parse(data, size, &rel, NULL) < 0)
		return 0;
	for (unsigned i = 0; i < rel->n_os; i++)
		for (unsigned k = 0; k < rel->os[i].n_sources; k++)
			if (!rel->os[i].sources[k].target[0])
				return 0;
	if (mp_release_format(rel, &text) < 0 || text.len > 1 << 20)
		return 0;
	if (mp_release_parse(text.data, text.len, &again, NULL) < 0)
		abort();
	return 0;
}
