/* SPDX-License-Identifier: Apache-2.0
 * transport.h - the CoAP ports: UDP, UDP with DTLS, TCP, TCP with TLS
 *
 * What arrives is handed to the CoAP endpoint in batches, a turn each; what it answers waits until
 * transport_flush().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "coap/endpoint.h"

struct lwm2m;
struct peer;
struct transport;
struct mp_dtls_counters;

int transport_open(struct lwm2m *l, struct transport **ret, struct mp_err *err);
/* Sessions of the last clean stop; once the registry is there. */
void transport_restore(struct transport *t);
void transport_save(struct transport *t); /* and their end */
void transport_free(struct transport *t);

/* For the CoAP endpoint. */
/* A session of datagrams that is of no use any more ends, in silence. */
void transport_drop(struct transport *t, void *session);
void transport_send(struct transport *t, const struct mp_coap_remote *to, const void *data,
		    size_t len);
void transport_flush(struct transport *t);
void transport_discard(struct transport *t);
/* What time it is, everywhere below; and what is due. */
void transport_tick(struct transport *t);

/* Who speaks over this session; NULL: nobody has proven anything. */
struct peer *transport_peer(const struct mp_coap_remote *remote);

/* With DTLS, or TLS; of TCP, or UDP. 0: closed. */
uint16_t transport_port(const struct transport *t, bool secure, bool tcp);
void transport_dtls_counters(const struct transport *t, struct mp_dtls_counters *ret);
