/* SPDX-License-Identifier: Apache-2.0 */
/* rotate.h - new TUF keys in the place of old ones, whole or not at all */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "keyring.h"

/* New keys for the chosen roles and the next root, signed by the old and the new root key; the
 * targets are signed anew when their key changes. Finishes first what an earlier run began. */
int mp_rotate(const struct mp_product *p, const bool roles[MP_ROLES], int64_t expires,
	      int64_t *ret_version, struct mp_err *err);
