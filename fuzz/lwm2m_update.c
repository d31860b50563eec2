/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lwm2m/update_line.h"
#include "lwm2m/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A device's log: what comes out is a sentence in one line, whatever its room. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t rooms[] = {1, 2, 8, 300};
	char text[300];

	for (unsigned i = 0; i < sizeof(rooms) / sizeof(*rooms); i++) {
		if (mp_lwm2m_update_reason(data, size, "1.1.0", text, rooms[i]) < 0)
			continue;
		if (!*text || strlen(text) >= rooms[i] ||
		    !mp_lwm2m_utf8_is_valid(text, strlen(text)) || strpbrk(text, "\n\r\t"))
			abort();
	}
	return 0;
}
