/* SPDX-License-Identifier: Apache-2.0
 * The parameter pid of a registration: what is one id lies inside the text, and is one again by itself. */
#include <stdint.h>
#include <stdlib.h>

#include "lwm2m/profiles.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *all = (const char *)data, *id = all;
	size_t len = size;

	if (profile_id_parse(&id, &len) != 1)
		return 0;
	if (id < all || id + len > all + size || len > PROFILE_ID_MAX || *id == '"' ||
	    profile_id_parse(&id, &len) != 1)
		abort();
	return 0;
}
