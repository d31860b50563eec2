/* SPDX-License-Identifier: Apache-2.0
 * carrier.h - an endpoint over one UDP port and TCP connections, with a loop of poll(2)
 *
 *     r = carrier_open(&c, &config, &(struct carrier_config){ .udp = &a, .listen = &b }, &err);
 *     r = carrier_step(&c, 100);   // waits up to so many milliseconds, then does what there is
 */
#pragma once

#include "base/err.h"
#include "coap/connection.h"
#include "net/udp.h"

#define CONNECTIONS 32

struct carrier {
	struct mp_udp *udp;
	struct mp_tcp_listener *listener; /* NULL: none */
	struct mp_coap *coap;
	struct mp_coap_connection *connections[CONNECTIONS]; /* NULL: free */
};

/* `config` needs what the caller wants to serve; sending, time and `user` (the carrier) are set here. */
int carrier_open(struct carrier *c, struct mp_coap_config *config, const struct mp_net_address *udp,
		 const struct mp_net_address *listen, struct mp_err *err);
void carrier_close(struct carrier *c);
/* Begin a connection; its remote may be used at once. */
int carrier_connect(struct carrier *c, const struct mp_net_address *to, struct mp_coap_remote *ret,
		    struct mp_err *err);
/* 0, or -errno when the carrier is broken. */
int carrier_step(struct carrier *c, int most_ms);
int64_t carrier_now_ms(void);
