/* SPDX-License-Identifier: Apache-2.0 */
/* mp serve: become mp-server with the options that the product folder calls for. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "share.h"
#include "verb.h"

struct serve_options {
	const char *listen;
	uint64_t port, http_port, poll;
};

const struct mp_option mp_options_serve[] = {
	{"listen", 'l', MP_TEXT, offsetof(struct serve_options, listen), "ADDRESS",
	 "address to listen on; default 127.0.0.1, 0.0.0.0 for every network"},
	{"port", 'p', MP_NUMBER, offsetof(struct serve_options, port), "NUMBER",
	 "HTTPS port; default that of server.url in product.yaml"},
	{"http-port", 0, MP_NUMBER, offsetof(struct serve_options, http_port), "NUMBER",
	 "also answer plain HTTP on this port of the loopback address"},
	{"poll", 0, MP_NUMBER, offsetof(struct serve_options, poll), "SECONDS",
	 "how often devices ask; default update.poll in product.yaml"},
	{0},
};

static int check(const struct mp_product *p, const struct serve_options *o, struct mp_err *err)
{
	static const char *const needed[] = {"keys/server.pem",	   "keys/server.crt",
					     "keys/device-ca.pem", "keys/device-ca.crt",
					     "keys/snapshot.pem",  "keys/timestamp.pem",
					     "tuf/1.root.json"};

	if (o->port > 65535 || o->http_port > 65535)
		return mp_err_set(err, -EINVAL, "a port is a number up to 65535");
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		auto_free char *path = mp_product_path(p, needed[i]);

		if (path && !mp_file_exists(path))
			return mp_err_set(err, -ENOENT,
					  "%s is missing: 'mp init' makes it; restore "
					  "it from your copy",
					  path);
	}
	return 0;
}

/* The words that the user needs; the server's own log lines follow. */
static void announce(const struct mp_product *p, const struct serve_options *o)
{
	const char *name = "localhost";

	for (size_t i = 0; i < p->server.n_names; i++)
		if (mp_str_starts_with(p->server.names[i], "127."))
			name = p->server.names[i];
	mp_step("the page of %s: https://%s:%u/", p->name, name, (unsigned)o->port);
	mp_step("its admin token: %s/server/admin.token", p->dir);
}

static int exec_server(const struct mp_product *p, const struct serve_options *o,
		       struct mp_err *err)
{
	auto_free char *server = mp_program_path("mp-server"), *data = mp_product_path(p, "server");
	char port[24], http_port[24], poll[24];
	const char *argv[16] = {"mp-server", "--data", data, "--product-dir", p->dir, "--listen",
				o->listen,   "--port", port, "--poll",	      poll};
	size_t n = 11;

	if (!server)
		return mp_err_set(err, -ENOENT,
				  "mp-server is not installed: it belongs beside mp or "
				  "in " MP_LIBEXECDIR);
	snprintf(port, sizeof(port), "%u", (unsigned)o->port);
	snprintf(poll, sizeof(poll), "%u", (unsigned)o->poll);
	snprintf(http_port, sizeof(http_port), "%u", (unsigned)o->http_port);
	if (o->http_port) {
		argv[n++] = "--http-port";
		argv[n++] = http_port;
	}
	fflush(NULL);
	execv(server, (char **)argv);
	return mp_err_set(err, -errno, "cannot start %s: %s", server, strerror(errno));
}

int mp_verb_serve(int argc, char *argv[])
{
	struct serve_options o = {.listen = "127.0.0.1"};
	auto_(mp_product) *p = NULL;
	struct mp_err err = {0};
	int status = mp_options_parse(mp_options_serve, &o, &argc, &argv);

	if (status != MP_GO_ON)
		return status;
	if (mp_here(&p, &err) < 0)
		return mp_fail(&err);
	if (!o.port)
		o.port = p->server.port;
	if (!o.poll)
		o.poll = p->update.poll;
	if (check(p, &o, &err) < 0)
		return mp_fail(&err);
	announce(p, &o);
	(void)exec_server(p, &o, &err);
	return mp_fail(&err);
}
