/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char help[] =
	"Usage: mp-server --data DIR --product-dir DIR [OPTION]...\n"
	"The update server: devices over HTTPS (hawkBit's DDI), people over REST and a web page.\n"
	"\n"
	"  --data DIR                  where the server keeps what it knows; made when missing\n"
	"  --product-dir DIR           product folder with its keys and TUF roots (`mp init`)\n"
	"  --listen ADDRESS            IP address of the HTTPS port (127.0.0.1)\n"
	"  --port N                    HTTPS port (8443)\n"
	"  --http-port N               also plain HTTP on the loopback address; for tests and "
	"proxies\n"
	"  --coaps-port N              LwM2M devices over CoAP with DTLS, on the same address (0: "
	"off)\n"
	"  --coap-port N               the same without security (off)\n"
	"  --coap-tcp-port N           the same over TCP, without security (off)\n"
	"  --coaps-tcp-port N          and over TCP with TLS (off)\n"
	"  --open-registration         let LwM2M devices that nobody announced register without "
	"security\n"
	"  --no-reobserve              observations end when a device registers anew\n"
	"  --awake SECONDS             how long a device in queue mode listens after it was heard "
	"(93)\n"
	"  --interviews N              LwM2M devices that are asked for model and version, a "
	"second (100)\n"
	"  --bootstrap-port N          LwM2M bootstrap server, with DTLS (off)\n"
	"  --bootstrap-coap-port N     the same without security (off)\n"
	"  --telemetry-days N          how long values of devices are kept as they came (30),\n"
	"  --telemetry-hourly-days N   and then what they were in an hour (730)\n"
	"  --leshan-prefix PATH        offer the REST of Leshan 2.x below this path, as in "
	"/leshan:\n"
	"  --leshan1-prefix PATH       and that of 1.x below this one. On the loopback address "
	"they "
	"need no token\n"
	"  --poll SECONDS              how often devices ask; overrules product.yaml\n"
	"  --target-tokens             let devices authenticate with their token (hawkBit "
	"clients)\n"
	"  --gateway-token-file FILE   let who knows this token speak for any device\n"
	"  --user NAME                 user to become when started as root\n"
	"                              (owner of the data folder, else of the product folder, else "
	"nobody)\n"
	"  --help, --version\n"
	"\n"
	"PRODUCT/server/admin.token is written at the first start. SIGTERM ends the server.\n"
	"Exit status: 0 ended by a signal, 1 it could not start or go on, 2 bad usage.\n";

enum {
	DATA = 256,
	PRODUCT,
	LISTEN,
	PORT,
	HTTP_PORT,
	POLL,
	TARGET_TOKENS,
	GATEWAY,
	USER,
	COAPS_PORT,
	COAP_PORT,
	COAP_TCP_PORT,
	COAPS_TCP_PORT,
	OPEN_REGISTRATION,
	NO_REOBSERVE,
	AWAKE,
	INTERVIEWS,
	BOOTSTRAP_PORT,
	BOOTSTRAP_COAP_PORT,
	TELEMETRY_DAYS,
	HOURLY_DAYS,
	LESHAN,
	LESHAN1,
	HELP,
	VERSION
};

static const struct option table[] = {
	{"data", required_argument, NULL, DATA},
	{"product-dir", required_argument, NULL, PRODUCT},
	{"listen", required_argument, NULL, LISTEN},
	{"port", required_argument, NULL, PORT},
	{"http-port", required_argument, NULL, HTTP_PORT},
	{"poll", required_argument, NULL, POLL},
	{"target-tokens", no_argument, NULL, TARGET_TOKENS},
	{"gateway-token-file", required_argument, NULL, GATEWAY},
	{"user", required_argument, NULL, USER},
	{"coaps-port", required_argument, NULL, COAPS_PORT},
	{"coap-port", required_argument, NULL, COAP_PORT},
	{"coap-tcp-port", required_argument, NULL, COAP_TCP_PORT},
	{"coaps-tcp-port", required_argument, NULL, COAPS_TCP_PORT},
	{"open-registration", no_argument, NULL, OPEN_REGISTRATION},
	{"no-reobserve", no_argument, NULL, NO_REOBSERVE},
	{"awake", required_argument, NULL, AWAKE},
	{"interviews", required_argument, NULL, INTERVIEWS},
	{"bootstrap-port", required_argument, NULL, BOOTSTRAP_PORT},
	{"bootstrap-coap-port", required_argument, NULL, BOOTSTRAP_COAP_PORT},
	{"telemetry-days", required_argument, NULL, TELEMETRY_DAYS},
	{"telemetry-hourly-days", required_argument, NULL, HOURLY_DAYS},
	{"leshan-prefix", required_argument, NULL, LESHAN},
	{"leshan1-prefix", required_argument, NULL, LESHAN1},
	{"help", no_argument, NULL, HELP},
	{"version", no_argument, NULL, VERSION},
	{NULL, 0, NULL, 0},
};

static int complain(const char *what, const char *value)
{
	fprintf(stderr, "mp-server: %s%s; see mp-server --help\n", what, value);
	return -EINVAL;
}

static int number(const char *text, uint64_t max, const char *what, uint64_t *ret)
{
	return mp_str_parse_u64(text, max, ret) < 0 ? complain(what, text) : 0;
}

/* Where the number of this port goes; NULL: the option is no port. */
static uint16_t *port_of(int option, struct options *o)
{
	switch (option) {
	case PORT:
		return &o->port;
	case HTTP_PORT:
		return &o->http_port;
	case COAPS_PORT:
		return &o->coaps_port;
	case COAP_PORT:
		return &o->coap_port;
	case COAP_TCP_PORT:
		return &o->coap_tcp_port;
	case COAPS_TCP_PORT:
		return &o->coaps_tcp_port;
	case BOOTSTRAP_PORT:
		return &o->bootstrap_port;
	case BOOTSTRAP_COAP_PORT:
		return &o->bootstrap_coap_port;
	default:
		return NULL;
	}
}

/* The same for options that are given or not. */
static bool *flag_of(int option, struct options *o)
{
	switch (option) {
	case TARGET_TOKENS:
		return &o->target_tokens;
	case OPEN_REGISTRATION:
		return &o->open_registration;
	case NO_REOBSERVE:
		return &o->no_reobserve;
	default:
		return NULL;
	}
}

static int take_port(const char *text, uint16_t *ret)
{
	uint64_t n;
	int r = number(text, 65535, "no port: ", &n);

	if (r == 0)
		*ret = (uint16_t)n;
	return r;
}

static int prefix(const char *path, const char **ret)
{
	size_t len = strlen(path);

	if (path[0] != '/' || len < 2 || path[len - 1] == '/' || strcmp(path, "/api") == 0 ||
	    mp_str_starts_with(path, "/api/"))
		return complain("no path below which Leshan's could lie, as in /leshan: ", path);
	*ret = path;
	return 0;
}

static int take_telemetry(int option, struct options *o)
{
	uint64_t n = 0;
	int r = number(optarg, 36500, "no number of days: ", &n);

	if (option == TELEMETRY_DAYS)
		o->telemetry_days = (unsigned)n;
	else
		o->telemetry_hourly_days = (unsigned)n;
	return r == 0 && n == 0 ? complain("no number of days: ", optarg) : r;
}

static int take(int option, struct options *o)
{
	uint16_t *port = port_of(option, o);
	bool *flag = flag_of(option, o);
	uint64_t n = 0;
	int r = 0;

	if (port)
		return take_port(optarg, port);
	if (flag) {
		*flag = true;
		return 0;
	}
	switch (option) {
	case DATA:
		o->data = optarg;
		break;
	case PRODUCT:
		o->product = optarg;
		break;
	case LISTEN:
		o->listen = optarg;
		break;
	case POLL:
		r = number(optarg, 86399, "no number of seconds below a day: ", &n);
		o->poll_seconds = (unsigned)n;
		break;
	case GATEWAY:
		o->gateway_token_file = optarg;
		break;
	case USER:
		o->user = optarg;
		break;
	case AWAKE:
		r = number(optarg, 1000, "no number of seconds up to 1000: ", &n);
		o->awake_seconds = (unsigned)n;
		break;
	case INTERVIEWS:
		r = number(optarg, 100000, "no number of devices a second: ", &n);
		o->interviews = (unsigned)n;
		break;
	case TELEMETRY_DAYS:
	case HOURLY_DAYS:
		r = take_telemetry(option, o);
		break;
	case LESHAN:
		r = prefix(optarg, &o->leshan_prefix);
		break;
	case LESHAN1:
		r = prefix(optarg, &o->leshan1_prefix);
		break;
	case HELP:
		fputs(help, stdout);
		return 1;
	case VERSION:
		puts("mp-server " MP_VERSION);
		return 1;
	default:
		return -EINVAL; /* getopt has said why */
	}
	return r;
}

int options_parse(int argc, char *argv[], struct options *ret)
{
	struct options o = {
		.listen = "127.0.0.1", .port = 8443, .awake_seconds = 93, .interviews = 100};
	int option, r;

	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		r = take(option, &o);
		if (r != 0)
			return r > 0 ? 0 : r;
	}
	if (optind < argc)
		return complain("what is this: ", argv[optind]);
	if (!o.data || !o.product)
		return complain("--data and --product-dir are needed", "");
	*ret = o;
	return 1;
}
