/* SPDX-License-Identifier: Apache-2.0
 * port.h - one UDP socket that is thousands of hosts, with DTLS for those that want it
 *
 *     r = port_open(&(struct port_config){.server = a, .hosts = 200, .got = got}, &p, &err);
 *     port_send(p, 7, NULL, data, len);              // queued, leaves with port_flush()
 *     n = port_receive(p);                           // calls got(user, host, …)
 *
 * Host i has the address 127.16.0.0 + i of this machine's loopback network when the server is in
 * 127.0.0.0/8, so that a server tells them apart; every host shares the port's number. A server
 * elsewhere sees all hosts behind one address, which is good for one host without DTLS only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dtls/dtls.h"
#include "net/address.h"

#define PORT_HOSTS_MAX (1u << 20)
#define PORT_HANDSHAKES 512 /* at once; as many as mp-server takes */

struct port;
struct port_config {
	struct mp_net_address server;
	uint32_t hosts;
	bool secure;
	unsigned loss; /* percent of datagrams lost, each way, by `seed` */
	uint64_t seed;
	/* A datagram, or what a record held. `session` NULL: in clear. */
	void (*got)(void *user, uint32_t host, const struct mp_net_address *from,
		    struct mp_dtls_session *session, const void *data, size_t len);
	/* The handshake ended; session NULL: in vain, or the session has ended since. */
	void (*secured)(void *user, uint32_t host, struct mp_dtls_session *session,
			const char *why);
	void *user;
};

int port_open(const struct port_config *config, struct port **ret, struct mp_err *err);
void port_free(struct port *p);
DEFINE_AUTO(port)
int port_fd(const struct port *p);
/* The address of a host, as its datagrams bear it. */
void port_local(const struct port *p, uint32_t host, struct mp_net_address *ret);
/* The host of a local address; UINT32_MAX: nobody. */
uint32_t port_host(const struct port *p, const struct mp_net_address *local);

/* Begin a handshake of a host with a pre-shared key. 0, -EBUSY: too many at once, others. */
int port_connect(struct port *p, uint32_t host, const struct mp_net_address *to,
		 const struct mp_dtls_credentials *own);
void port_send(struct port *p, uint32_t host, const struct mp_net_address *to,
	       struct mp_dtls_session *session, const void *data, size_t len);
/* Datagrams that came; -errno: the socket is broken. */
int port_receive(struct port *p);
/* False: some are left, wait until the socket is writable. */
bool port_flush(struct port *p);
void port_tick(struct port *p, int64_t now_ms);
int64_t port_next_ms(const struct port *p); /* INT64_MAX: nothing is due */
struct mp_dtls *port_dtls(struct port *p); /* NULL: not secure */

int64_t clock_us(void); /* CLOCK_MONOTONIC */
uint64_t random_next(uint64_t *state); /* splitmix64: repeatable by its seed */
