/* SPDX-License-Identifier: Apache-2.0
 * udp.h - a UDP port that reads and writes many datagrams in one call to the kernel
 *
 *     r = mp_udp_open(&address, &(struct mp_udp_config){0}, &u, &err);
 *     ... when mp_udp_fd(u) is readable:
 *     n = mp_udp_receive(u, got, user);      // calls got() for each of up to MP_UDP_BATCH
 *     mp_udp_queue(u, NULL, &to, data, len); // inside got(), or at any time
 *     r = mp_udp_flush(u);                   // they leave now, in order
 *
 * Queued datagrams leave only with mp_udp_flush(), so a caller can make durable what they
 * acknowledge first, or take them back with mp_udp_discard() when it could not. What acknowledges
 * nothing need not wait for that: mp_udp_reply(). A socket of many local addresses
 * (config.local_addresses) tells and takes the local address of each datagram, so that one socket
 * can be thousands of hosts of 127.0.0.0/8.
 */
#pragma once

#include <stdbool.h>

#include "base/auto.h"
#include "base/err.h"
#include "net/address.h"

#define MP_UDP_BATCH 256 /* most datagrams of one call */
#define MP_UDP_SIZE 2048 /* most bytes of a datagram: longer ones are dropped */

struct mp_udp;
struct mp_udp_config {
	bool local_addresses; /* tell and take local addresses (IP_PKTINFO) */
	size_t buffer; /* bytes of the kernel's buffers; 0: 4 MiB, as far as the system allows */
};

/* Port 0: any free one. -EADDRINUSE, -EACCES and others with a sentence. */
int mp_udp_open(const struct mp_net_address *address, const struct mp_udp_config *config,
		struct mp_udp **ret, struct mp_err *err);
void mp_udp_free(struct mp_udp *u);
DEFINE_AUTO(mp_udp)
int mp_udp_fd(const struct mp_udp *u);
void mp_udp_local(const struct mp_udp *u, struct mp_net_address *ret);

struct mp_udp_datagram { /* borrowed during the call */
	const struct mp_net_address *from, *to; /* `to` has the local port; its address is set with
						   local_addresses alone */
	const uint8_t *data;
	size_t len;
};
/* The number of datagrams handed on, 0 when there is none; -errno when the socket is broken. */
int mp_udp_receive(struct mp_udp *u, void (*got)(void *user, const struct mp_udp_datagram *d),
		   void *user);

/* Copy a datagram into the queue, which grows up to 16 MiB; `local` may be NULL. -ENOBUFS: full
 * (the datagram is lost, as datagrams may be), -EMSGSIZE. */
int mp_udp_queue(struct mp_udp *u, const struct mp_net_address *local,
		 const struct mp_net_address *to, const void *data, size_t len);
/* The same, for what need not wait: it leaves at the end of mp_udp_receive(), or with the next
 * mp_udp_flush(), and mp_udp_discard() leaves it alone. */
int mp_udp_reply(struct mp_udp *u, const struct mp_net_address *local,
		 const struct mp_net_address *to, const void *data, size_t len);
/* The number that left; the kernel's refusals for single receivers count as left. What does not fit into the
 * kernel's buffer stays queued: then -EAGAIN, and the caller waits until the socket is writable. */
int mp_udp_flush(struct mp_udp *u);
void mp_udp_discard(struct mp_udp *u);
size_t mp_udp_queued(const struct mp_udp *u); /* datagrams */
