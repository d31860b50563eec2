/* SPDX-License-Identifier: Apache-2.0
 * internal.h - addresses as the kernel takes them; what the sockets of libs/net share */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "net/address.h"

union mp_net_socket {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

bool mp_net_address_is_v4(const struct mp_net_address *a);
/* For a socket of `family`; its length. An IPv6 address does not fit into AF_INET: the caller asks. */
socklen_t mp_net_address_to_socket(const struct mp_net_address *a, int family,
				   union mp_net_socket *ret);
void mp_net_address_from_socket(const union mp_net_socket *s, struct mp_net_address *ret);
void mp_net_address_from_v4(const struct in_addr *ip,
			    struct mp_net_address *ret); /* not the port */
