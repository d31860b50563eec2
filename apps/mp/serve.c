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
	struct mp_product_lwm2m lwm2m;
	bool open_registration;
};

const struct mp_option mp_options_serve[] = {
	{"listen", 'l', MP_TEXT, offsetof(struct serve_options, listen), "ADDRESS",
	 "address to listen on; default 127.0.0.1, 0.0.0.0 for every network"},
	{"port", 'p', MP_NUMBER, offsetof(struct serve_options, port), "NUMBER",
	 "HTTPS port; default that of server.url in product.yaml"},
	{"http-port", 0, MP_NUMBER, offsetof(struct serve_options, http_port), "NUMBER",
	 "also answer plain HTTP on this port of the loopback address"},
	{"coaps-port", 0, MP_NUMBER, offsetof(struct serve_options, lwm2m.coaps_port), "NUMBER",
	 "LwM2M devices over CoAP with DTLS; default that of server.lwm2m in product.yaml"},
	{"coap-port", 0, MP_NUMBER, offsetof(struct serve_options, lwm2m.coap_port), "NUMBER",
	 "the same without security; default server.lwm2m.ports.coap in product.yaml"},
	{"open-registration", 0, MP_SWITCH, offsetof(struct serve_options, open_registration), NULL,
	 "let LwM2M devices that nobody announced register without security"},
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

	if (o->port > 65535 || o->http_port > 65535 || o->lwm2m.coaps_port > 65535 ||
	    o->lwm2m.coap_port > 65535)
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

struct words { /* of mp-server's command line */
	const char *argv[32];
	size_t n;
	char numbers[10][12];
	size_t n_numbers;
};

static void add_word(struct words *w, const char *word)
{
	w->argv[w->n++] = word;
}

/* An option with a number; one that is 0 was not asked for. */
static void add_number(struct words *w, const char *option, uint64_t number)
{
	char *text = w->numbers[w->n_numbers];

	if (!number)
		return;
	snprintf(text, sizeof(w->numbers[0]), "%u", (unsigned)number);
	w->n_numbers++;
	add_word(w, option);
	add_word(w, text);
}

static void add_lwm2m(struct words *w, const struct mp_product_lwm2m *l)
{
	add_number(w, "--coaps-port", l->coaps_port);
	add_number(w, "--coap-port", l->coap_port);
	add_number(w, "--coap-tcp-port", l->coap_tcp_port);
	add_number(w, "--coaps-tcp-port", l->coaps_tcp_port);
	add_number(w, "--bootstrap-port", l->bootstrap_port);
	add_number(w, "--bootstrap-coap-port", l->bootstrap_coap_port);
	add_number(w, "--telemetry-days", l->telemetry_days);
	add_number(w, "--telemetry-hourly-days", l->telemetry_hourly_days);
}

static int exec_server(const struct mp_product *p, const struct serve_options *o,
		       struct mp_err *err)
{
	auto_free char *server = mp_program_path("mp-server"), *data = mp_product_path(p, "server");
	struct words w = {.argv = {"mp-server", "--data", data, "--product-dir", p->dir, "--listen",
				   o->listen},
			  .n = 7};

	if (!server)
		return mp_err_set(err, -ENOENT,
				  "mp-server is not installed: it belongs beside mp or "
				  "in " MP_LIBEXECDIR);
	add_number(&w, "--port", o->port);
	add_number(&w, "--poll", o->poll);
	add_number(&w, "--http-port", o->http_port);
	add_lwm2m(&w, &o->lwm2m);
	if (o->open_registration)
		add_word(&w, "--open-registration");
	fflush(NULL);
	execv(server, (char **)w.argv);
	return mp_err_set(err, -errno, "cannot start %s: %s", server, strerror(errno));
}

/* What the command line leaves open is as product.yaml says. */
static void take_product(struct serve_options *o, const struct mp_product *p)
{
	struct mp_product_lwm2m said = o->lwm2m;

	if (!o->port)
		o->port = p->server.port;
	if (!o->poll)
		o->poll = p->update.poll;
	o->lwm2m = p->server.lwm2m;
	if (said.coaps_port)
		o->lwm2m.coaps_port = said.coaps_port;
	if (said.coap_port)
		o->lwm2m.coap_port = said.coap_port;
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
	take_product(&o, p);
	if (check(p, &o, &err) < 0)
		return mp_fail(&err);
	announce(p, &o);
	(void)exec_server(p, &o, &err);
	return mp_fail(&err);
}
