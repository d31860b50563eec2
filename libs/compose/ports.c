/* SPDX-License-Identifier: Apache-2.0 */
/* ports.c - Compose's short syntax: [ADDRESS:]HOST:CONTAINER[/PROTOCOL] */
#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"
#include "compose/internal.h"

static int parse_number(const char *text, uint16_t *ret)
{
	uint64_t v;
	int r = mp_str_parse_u64(text, 65535, &v);

	if (r < 0 || v == 0)
		return -EBADMSG;
	*ret = (uint16_t)v;
	return 0;
}

int mp_compose_parse_port(const char *text, uint16_t *ret_port, const char **ret_protocol)
{
	static const char *const protocols[] = {"tcp", "udp"};
	const char *slash = strchr(text, '/'), *protocol = "tcp";
	char number[8];
	size_t n = slash ? (size_t)(slash - text) : strlen(text);

	if (n >= sizeof(number))
		return -EBADMSG;
	memcpy(number, text, n);
	number[n] = '\0';
	if (slash) {
		protocol = NULL;
		for (size_t i = 0; i < 2; i++)
			if (mp_streq(slash + 1, protocols[i]))
				protocol = protocols[i];
	}
	if (!protocol || parse_number(number, ret_port) < 0)
		return -EBADMSG;
	*ret_protocol = protocol;
	return 0;
}

struct port {
	const char *address, *protocol;
	uint16_t host, container;
};

/* Take `text` apart, in place; `ret` borrows from it. */
static int parse_mapping(char *text, struct port *ret)
{
	char *last = strrchr(text, ':'), *first;
	struct in_addr address;
	struct port p = {.address = "0.0.0.0"};

	if (!last)
		return -EBADMSG;
	*last = '\0';
	first = strrchr(text, ':');
	if (first) {
		*first = '\0';
		p.address = text;
		if (inet_pton(AF_INET, text, &address) != 1)
			return -EBADMSG;
	}
	if (parse_number(first ? first + 1 : text, &p.host) < 0 ||
	    mp_compose_parse_port(last + 1, &p.container, &p.protocol) < 0)
		return -EBADMSG;
	*ret = p;
	return 0;
}

static int to_json(const struct port *p, struct mp_json *list)
{
	auto_(mp_json) *port = mp_json_new_object();

	if (!port || mp_json_put_int(port, "host", p->host) < 0 ||
	    mp_json_put_int(port, "container", p->container) < 0 ||
	    mp_json_put_str(port, "protocol", p->protocol) < 0 ||
	    mp_json_put_str(port, "address", p->address) < 0)
		return -ENOMEM;
	return mp_json_append(list, take_ptr(port));
}

static int read_port(const struct mp_yaml *n, struct mp_json *list, struct mp_err *err)
{
	auto_free char *text = NULL, *parts = NULL;
	struct port port;
	int r;

	if (mp_yaml_type(n) == MP_YAML_MAP)
		return mp_yaml_err(n, err, -ENOTSUP,
				   "ports are written in the short form, such as \"8080:80\"");
	r = mp_compose_read_text(n, DOLLAR_COMPOSE, &text, err);
	if (r < 0)
		return r;
	parts = strdup(text);
	if (!parts)
		return mp_compose_oom(err);
	if (parse_mapping(parts, &port) < 0)
		return mp_yaml_err(n, err, -EBADMSG,
				   "'%s' is no port mapping; write \"HOST:CONTAINER\", such as "
				   "\"8080:80\", \"127.0.0.1:8080:80\" or \"5353:53/udp\"",
				   text);
	return to_json(&port, list) < 0 ? mp_compose_oom(err) : 0;
}

int mp_compose_read_ports(const struct mp_yaml *n, struct mp_json **ret, struct mp_err *err)
{
	auto_(mp_json) *list = mp_json_new_array();

	if (!list)
		return mp_compose_oom(err);
	if (mp_yaml_type(n) != MP_YAML_LIST || mp_yaml_size(n) == 0)
		return mp_yaml_err(n, err, -EBADMSG, "here must stand a list of ports");
	for (size_t i = 0; i < mp_yaml_size(n); i++) {
		int r = read_port(mp_yaml_at(n, i), list, err);

		if (r < 0)
			return r;
	}
	*ret = take_ptr(list);
	return 0;
}
