/* SPDX-License-Identifier: Apache-2.0
 * stream.h - CoAP over TCP (RFC 8323), with TLS or without security: connections and their signals */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "coap/endpoint.h"

struct lwm2m;
struct peer;
struct stream; /* a port */

int stream_open(struct lwm2m *l, uint16_t port, bool secure, struct stream **ret,
		struct mp_err *err);
void stream_free(struct stream *s);
/* The remote's session is a connection of ours, or NULL when that has ended. */
void stream_send(const struct mp_coap_remote *to, const void *data, size_t len);
void stream_flush(struct stream *s);
void stream_discard(struct stream *s);
/* Who has proven to be on the other side of a connection; NULL: nobody. */
struct peer *stream_peer(void *session);
uint16_t stream_port(const struct stream *s);
