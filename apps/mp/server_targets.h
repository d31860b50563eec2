/* SPDX-License-Identifier: Apache-2.0 */
/* server_targets.h - the targets that the server has, when they are newer than those in PRODUCT/tuf
 *
 * They were published from another copy of the product folder, or by a publish that was cut short
 * after the server had accepted it. Whatever signs targets begins by taking them over.
 */
#pragma once

#include <stdint.h>

#include "api.h"
#include "base/buf.h"
#include "product/product.h"

/* The version of the targets that the server's snapshot names; 0 when it has none. */
int mp_server_targets_version(struct mp_api *api, int64_t *ret, struct mp_err *err);
/* Write them to PRODUCT/tuf if their version is above *version, the newest there, and they are signed
 * by the keys that `root` names; then both *version and *targets (their parsed file) are the new ones. */
int mp_server_targets_take(const struct mp_product *p, struct mp_api *api,
			   const struct mp_buf *root, int64_t *version, struct mp_json **targets,
			   struct mp_err *err);
