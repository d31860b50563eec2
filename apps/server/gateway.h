/* SPDX-License-Identifier: Apache-2.0
 * gateway.h - the one token with which a gateway may speak for any device, known or new */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct gateway {
	bool enabled;
	uint8_t hash[32];
};

/* From a file whose first line is the token; NULL: off. */
int gateway_read(const char *path, struct gateway *ret, struct mp_err *err);
bool gateway_is_token(const struct gateway *g, const char *token);
