/* SPDX-License-Identifier: Apache-2.0
 * address.h - an IP address with a port; IPv4 is written as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2)
 *
 *     r = mp_net_address_parse("127.0.0.1:5683", 5683, &a);
 *     mp_net_address_format(&a, text);                     // "127.0.0.1:5683", "[::1]:5683"
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mp_net_address {
	uint8_t ip[16];
	uint16_t port; /* host order */
};

#define MP_NET_ADDRESS_TEXT 56

/* Numeric addresses only, "A", "A:PORT", "[A6]:PORT" or a bare IPv6 address. 0, -EBADMSG. */
int mp_net_address_parse(const char *text, uint16_t default_port, struct mp_net_address *ret);
void mp_net_address_format(const struct mp_net_address *a, char text[MP_NET_ADDRESS_TEXT]);
bool mp_net_address_is_equal(const struct mp_net_address *a, const struct mp_net_address *b);
bool mp_net_address_is_set(const struct mp_net_address *a); /* not all zero */
