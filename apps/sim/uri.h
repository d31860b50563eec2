/* SPDX-License-Identifier: Apache-2.0
 * uri.h - a server's URI with a numeric address: coap://127.0.0.1:5683, coaps://[::1], coap+tcp://…,
 * coaps+tcp://…
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "net/address.h"

enum uri_scheme { URI_COAP, URI_COAPS, URI_COAP_TCP, URI_COAPS_TCP };

/* -EBADMSG with a sentence. */
int uri_parse_any(const char *text, struct mp_net_address *ret, enum uri_scheme *ret_scheme,
		  struct mp_err *err);
/* Of datagrams alone. */
int uri_parse(const char *text, struct mp_net_address *ret, bool *ret_secure, struct mp_err *err);
