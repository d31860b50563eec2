/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include <errno.h>
#include <stdio.h>

#include "base/str.h"

int init_slot_uuids(const char *root_hash, char root[37], char verity[37])
{
	uint8_t hash[32];
	char *out[2] = {root, verity};

	if (mp_hex_parse(root_hash, hash, sizeof hash) < 0)
		return -EBADMSG;
	for (int i = 0; i < 2; i++) {
		char hex[33];

		mp_hex_format(hash + 16 * i, 16, hex);
		(void)snprintf(out[i], 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
			       hex + 16, hex + 20);
	}
	return 0;
}
