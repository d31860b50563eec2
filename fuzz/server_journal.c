/* SPDX-License-Identifier: Apache-2.0
 * Pieces of the registrations' journal: whatever the bytes are, reading ends, and stays in them. */
#include <stdint.h>
#include <stdlib.h>

#include "lwm2m/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_reader reader;
	struct journal_entry e = {0};
	size_t sum = 0;

	if (journal_read(&reader, data, size) < 0)
		return 0;
	while (journal_next(&reader, &e) > 0) {
		for (size_t i = 0; e.type == JOURNAL_LINKS && i < e.text.len; i++)
			sum += (unsigned char)e.text.data[i];
		for (size_t i = 0; e.type == JOURNAL_REGISTERED && i < e.endpoint.len; i++)
			sum += (unsigned char)e.endpoint.data[i];
		if (e.type == JOURNAL_OBSERVED && (e.n_paths == 0 || e.n_paths > JOURNAL_PATHS))
			abort();
	}
	return sum == SIZE_MAX;
}
