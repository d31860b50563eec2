/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "slots/slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name that is read is written the same, but for leading zeros and a "-0". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *file = strndup((const char *)data, size);
	struct mp_boot_entry e, again;
	char out[96];

	if (!file || mp_boot_entry_parse(file, &e) < 0)
		return 0;
	if (mp_boot_entry_format(e.version, e.left, e.done, out) < 0 ||
	    mp_boot_entry_parse(out, &again) < 0)
		abort();
	if (again.left != e.left || again.done != e.done || strcmp(again.version, e.version) != 0)
		abort();
	return 0;
}
