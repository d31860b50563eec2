/* SPDX-License-Identifier: Apache-2.0 */
/* published.h - what the server gives to devices, checked as a device would */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "product/product.h"
#include "verb.h"

/* Walk the TUF metadata from tuf/1.root.json, find the release's manifest and every file that it
 * names, and look whether the server has them. The manifest itself is fetched and verified. */
int mp_published_check(const struct mp_product *p, const struct mp_server_options *o,
		       const char *version, size_t *ret_files, uint64_t *ret_bytes,
		       struct mp_err *err);
