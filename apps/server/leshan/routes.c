/* SPDX-License-Identifier: Apache-2.0
 * Where Leshan's addresses lie, and who may call them. */
#include "leshan/leshan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"
#include "server.h"

#define CLIENT "/api/clients/*"
#define SMALL 65536
#define MEDIUM (1u << 20)

const struct route leshan_routes[] = {
	{MP_GET, "/api/clients", ROLE_VIEWER, 0, leshan_get_clients, NULL},
	{MP_GET, CLIENT, ROLE_VIEWER, 0, leshan_get_client, NULL},
	{MP_GET, CLIENT "/composite", ROLE_OPERATOR, 0, leshan_read_composite, NULL},
	{MP_PUT, CLIENT "/composite", ROLE_OPERATOR, MEDIUM, leshan_write_composite, NULL},
	{MP_POST, CLIENT "/composite/observe", ROLE_OPERATOR, SMALL, leshan_observe_composite,
	 NULL},
	{MP_DELETE, CLIENT "/composite/observe", ROLE_OPERATOR, SMALL, leshan_unobserve_composite,
	 NULL},
	{MP_GET, CLIENT "/*/discover", ROLE_OPERATOR, 0, leshan_discover, NULL},
	{MP_GET, CLIENT "/*/*/discover", ROLE_OPERATOR, 0, leshan_discover, NULL},
	{MP_GET, CLIENT "/*/*/*/discover", ROLE_OPERATOR, 0, leshan_discover, NULL},
	{MP_GET, CLIENT "/*/*/*/*/discover", ROLE_OPERATOR, 0, leshan_discover, NULL},
	{MP_PUT, CLIENT "/*/attributes", ROLE_OPERATOR, SMALL, leshan_attributes, NULL},
	{MP_PUT, CLIENT "/*/*/attributes", ROLE_OPERATOR, SMALL, leshan_attributes, NULL},
	{MP_PUT, CLIENT "/*/*/*/attributes", ROLE_OPERATOR, SMALL, leshan_attributes, NULL},
	{MP_PUT, CLIENT "/*/*/*/*/attributes", ROLE_OPERATOR, SMALL, leshan_attributes, NULL},
	{MP_POST, CLIENT "/*/observe", ROLE_OPERATOR, SMALL, leshan_observe, NULL},
	{MP_POST, CLIENT "/*/*/observe", ROLE_OPERATOR, SMALL, leshan_observe, NULL},
	{MP_POST, CLIENT "/*/*/*/observe", ROLE_OPERATOR, SMALL, leshan_observe, NULL},
	{MP_POST, CLIENT "/*/*/*/*/observe", ROLE_OPERATOR, SMALL, leshan_observe, NULL},
	{MP_DELETE, CLIENT "/*/observe", ROLE_OPERATOR, SMALL, leshan_unobserve, NULL},
	{MP_DELETE, CLIENT "/*/*/observe", ROLE_OPERATOR, SMALL, leshan_unobserve, NULL},
	{MP_DELETE, CLIENT "/*/*/*/observe", ROLE_OPERATOR, SMALL, leshan_unobserve, NULL},
	{MP_DELETE, CLIENT "/*/*/*/*/observe", ROLE_OPERATOR, SMALL, leshan_unobserve, NULL},
	{MP_GET, CLIENT "/*", ROLE_OPERATOR, 0, leshan_read, NULL},
	{MP_GET, CLIENT "/*/*", ROLE_OPERATOR, 0, leshan_read, NULL},
	{MP_GET, CLIENT "/*/*/*", ROLE_OPERATOR, 0, leshan_read, NULL},
	{MP_GET, CLIENT "/*/*/*/*", ROLE_OPERATOR, 0, leshan_read, NULL},
	{MP_PUT, CLIENT "/*", ROLE_OPERATOR, MEDIUM, leshan_write, NULL},
	{MP_PUT, CLIENT "/*/*", ROLE_OPERATOR, MEDIUM, leshan_write, NULL},
	{MP_PUT, CLIENT "/*/*/*", ROLE_OPERATOR, MEDIUM, leshan_write, NULL},
	{MP_PUT, CLIENT "/*/*/*/*", ROLE_OPERATOR, MEDIUM, leshan_write, NULL},
	{MP_POST, CLIENT "/*", ROLE_OPERATOR, MEDIUM, leshan_post, NULL},
	{MP_POST, CLIENT "/*/*", ROLE_OPERATOR, MEDIUM, leshan_post, NULL},
	{MP_POST, CLIENT "/*/*/*", ROLE_OPERATOR, MEDIUM, leshan_post, NULL},
	{MP_DELETE, CLIENT "/*/*", ROLE_OPERATOR, SMALL, leshan_delete, NULL},
	{MP_DELETE, CLIENT "/*/*/*", ROLE_OPERATOR, SMALL, leshan_delete, NULL},
	{MP_DELETE, CLIENT "/*/*/*/*", ROLE_OPERATOR, SMALL, leshan_delete, NULL},
	{MP_GET, "/api/event", ROLE_VIEWER, 0, leshan_get_events, NULL},
	{MP_GET, "/event", ROLE_VIEWER, 0, leshan_get_events, NULL},
	{MP_GET, "/api/objectspecs/*", ROLE_VIEWER, 0, leshan_get_specs, NULL},
	{MP_GET, "/api/security/clients", ROLE_ADMIN, 0, leshan_get_security, NULL},
	{MP_PUT, "/api/security/clients", ROLE_ADMIN, SMALL, leshan_put_security, NULL},
	{MP_DELETE, "/api/security/clients", ROLE_ADMIN, SMALL, leshan_bad_security, NULL},
	{MP_GET, "/api/security/clients/*", ROLE_ADMIN, 0, leshan_bad_security, NULL},
	{MP_DELETE, "/api/security/clients/*", ROLE_ADMIN, SMALL, leshan_delete_security, NULL},
	{MP_GET, "/api/bootstrap", ROLE_ADMIN, 0, leshan_get_bootstrap, NULL},
	{MP_POST, "/api/bootstrap/*", ROLE_ADMIN, SMALL, leshan_post_bootstrap, NULL},
	{MP_DELETE, "/api/bootstrap/*", ROLE_ADMIN, SMALL, leshan_delete_bootstrap, NULL},
	{MP_GET, "/api/security/server", ROLE_VIEWER, 0, leshan_get_server_security, NULL},
	{MP_GET, "/api/server/security", ROLE_VIEWER, 0, leshan_get_server_security, NULL},
	{MP_GET, "/api/server/endpoint", ROLE_VIEWER, 0, leshan_get_endpoints, NULL},
	{0},
};

bool is_leshan_route(const struct route *r)
{
	return r >= leshan_routes &&
	       r < leshan_routes + sizeof(leshan_routes) / sizeof(*leshan_routes);
}

/* ---- the prefix ---- */

/* How many parts of the path the prefix has; 0: it does not begin so. */
static unsigned parts_of(const struct mp_path *p, const char *prefix)
{
	unsigned n = 0;

	while (prefix && *prefix == '/' && n < p->n) {
		size_t len = strcspn(prefix + 1, "/");

		if (strlen(p->part[n]) != len || strncmp(p->part[n], prefix + 1, len) != 0)
			return 0;
		n++;
		prefix += len + 1;
		if (!*prefix || strcmp(prefix, "/") == 0)
			return n;
	}
	return 0;
}

bool leshan_take_path(struct call *c)
{
	const struct options *o = &c->server->options;
	unsigned n = parts_of(&c->path, o->leshan_prefix);

	c->dialect = DIALECT_LESHAN;
	if (n == 0) {
		n = parts_of(&c->path, o->leshan1_prefix);
		c->dialect = DIALECT_LESHAN1;
	}
	if (n == 0) {
		c->dialect = DIALECT_OWN;
		return false;
	}
	c->path.n -= n;
	memmove(c->path.part, c->path.part + n, c->path.n * sizeof(*c->path.part));
	return true;
}

/* ---- who may ---- */

/* "127.0.0.1:8080", "localhost", "[::1]:8080", with a scheme or without. */
static bool is_loopback_name(const char *host)
{
	static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};

	if (strncasecmp(host, "http://", 7) == 0)
		host += 7;
	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(names[i]);

		if (strncasecmp(host, names[i], len) == 0 && (!host[len] || host[len] == ':'))
			return true;
	}
	return false;
}

/* From this machine, and not by a page that a browser here has loaded from elsewhere. */
static bool is_local(struct call *c)
{
	static const uint8_t v4[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
	static const uint8_t v6[16] = {[15] = 1};
	const char *host = mp_request_header(c->rq, "Host");
	const char *origin = mp_request_header(c->rq, "Origin");
	uint8_t address[16];

	mp_request_address(c->rq, address);
	if (memcmp(address, v4, sizeof(v4)) != 0 && memcmp(address, v6, sizeof(v6)) != 0)
		return false;
	return (!host || is_loopback_name(host)) && (!origin || is_loopback_name(origin));
}

bool leshan_authorize(struct call *c)
{
	if (!mp_request_header(c->rq, "Authorization") && is_local(c))
		return true;
	return call_authorize(c);
}

/* ---- answers ---- */

void leshan_text(struct call *c, int status, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	mp_reply(c->rq, status, "text/plain;charset=utf-8", text, strlen(text));
}

struct registration *leshan_client(struct call *c)
{
	struct registration *r = registry_find(c->server->lwm2m->registry, c->args[0]);

	if (!r)
		leshan_text(c, 400, "No registered client with id '%s'", c->args[0]);
	return r;
}
