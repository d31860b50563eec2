/* SPDX-License-Identifier: Apache-2.0
 * uri.h - a server's URI with a numeric address: coap://127.0.0.1:5683, coaps://[::1]
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "net/address.h"

/* -EBADMSG with a sentence. */
int uri_parse(const char *text, struct mp_net_address *ret, bool *ret_secure, struct mp_err *err);
