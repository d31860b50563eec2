/* SPDX-License-Identifier: Apache-2.0 */
/* published.h - what the server gives to devices, checked as a device would */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "product/product.h"
#include "verb.h"

/* Walk the TUF metadata from tuf/1.root.json, then download the release's manifest and every file
 * that it names, comparing length and digest with what was signed. Nothing is kept. */
int mp_published_check(const struct mp_product *p, const struct mp_server_options *o,
		       const char *version, size_t *ret_files, uint64_t *ret_bytes,
		       struct mp_err *err);
