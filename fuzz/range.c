/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/range.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte chooses the size of the file; whatever comes out lies inside it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mp_range ranges[MP_RANGES];
	uint64_t file;
	char *text;
	int n;

	if (size == 0)
		return 0;
	file = data[0] == 255 ? UINT64_MAX : data[0];
	text = malloc(size);
	if (!text)
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	n = mp_range_parse(text, file, ranges, MP_RANGES);
	for (int i = 0; i < n; i++)
		if (ranges[i].first > ranges[i].last || ranges[i].last >= file)
			abort();
	free(text);
	return 0;
}
