/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "net/internal.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96 */

bool mp_net_address_is_v4(const struct mp_net_address *a)
{
	return memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}

static int parse_ip(const char *text, size_t len, bool v6, struct mp_net_address *a)
{
	char ip[INET6_ADDRSTRLEN];

	if (len >= sizeof(ip))
		return -EBADMSG;
	memcpy(ip, text, len);
	ip[len] = '\0';
	if (v6 || memchr(text, ':', len))
		return inet_pton(AF_INET6, ip, a->ip) == 1 ? 0 : -EBADMSG;
	memcpy(a->ip, mapped, sizeof(mapped));
	return inet_pton(AF_INET, ip, a->ip + sizeof(mapped)) == 1 ? 0 : -EBADMSG;
}

/* Where the port's colon may stand: after the bracket, or after the only colon of all. */
static const char *after_ip(const char *text)
{
	const char *colon = strchr(text, ':');

	if (text[0] == '[')
		return strchr(text, ']');
	return colon && !strchr(colon + 1, ':') ? colon : text + strlen(text);
}

int mp_net_address_parse(const char *text, uint16_t default_port, struct mp_net_address *ret)
{
	struct mp_net_address a = {.port = default_port};
	const char *end = after_ip(text);
	bool bracket = text[0] == '[';
	uint64_t port;

	if (!end || parse_ip(text + bracket, (size_t)(end - text) - bracket, bracket, &a) < 0)
		return -EBADMSG;
	end += bracket;
	if (*end) {
		if (*end != ':' || mp_str_parse_u64(end + 1, UINT16_MAX, &port) < 0)
			return -EBADMSG;
		a.port = (uint16_t)port;
	}
	*ret = a;
	return 0;
}

void mp_net_address_format(const struct mp_net_address *a, char text[MP_NET_ADDRESS_TEXT])
{
	char ip[INET6_ADDRSTRLEN];

	if (mp_net_address_is_v4(a)) {
		inet_ntop(AF_INET, a->ip + sizeof(mapped), ip, sizeof(ip));
		snprintf(text, MP_NET_ADDRESS_TEXT, "%s:%u", ip, a->port);
	} else {
		inet_ntop(AF_INET6, a->ip, ip, sizeof(ip));
		snprintf(text, MP_NET_ADDRESS_TEXT, "[%s]:%u", ip, a->port);
	}
}

bool mp_net_address_is_equal(const struct mp_net_address *a, const struct mp_net_address *b)
{
	return a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool mp_net_address_is_set(const struct mp_net_address *a)
{
	return !mp_net_address_is_equal(a, &(struct mp_net_address){0});
}

socklen_t mp_net_address_to_socket(const struct mp_net_address *a, int family,
				   union mp_net_socket *ret)
{
	if (family == AF_INET) {
		ret->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
		memcpy(&ret->v4.sin_addr, a->ip + sizeof(mapped), 4);
		return sizeof(ret->v4);
	}
	ret->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
	memcpy(&ret->v6.sin6_addr, a->ip, sizeof(a->ip));
	return sizeof(ret->v6);
}

void mp_net_address_from_socket(const union mp_net_socket *s, struct mp_net_address *ret)
{
	if (s->any.sa_family == AF_INET) {
		mp_net_address_from_v4(&s->v4.sin_addr, ret);
		ret->port = ntohs(s->v4.sin_port);
	} else {
		memcpy(ret->ip, &s->v6.sin6_addr, sizeof(ret->ip));
		ret->port = ntohs(s->v6.sin6_port);
	}
}

void mp_net_address_from_v4(const struct in_addr *ip, struct mp_net_address *ret)
{
	memcpy(ret->ip, mapped, sizeof(mapped));
	memcpy(ret->ip + sizeof(mapped), ip, 4);
}
