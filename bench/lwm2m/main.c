/* SPDX-License-Identifier: Apache-2.0
 * bench-lwm2m - what mp-server's LwM2M can do, beside a stateless answerer in the same run
 *
 *     bench-lwm2m [--json] [--no-dtls] [--no-campaign] [--endpoints N] [--devices N] [--image KB]
 *                 [BUILD-FOLDER]
 *
 * The server (or the answerer) has core 0, mp-sim's load core 1. 100,000 endpoints register and update
 * without security, each answer after its commit; then the server is killed and started again; then
 * the same endpoints get keys by REST, come back over DTLS, and ask over their parked sessions. Last, 1 MB of firmware is pushed to 1,000
 * simulated devices that lose one datagram in a hundred. Rates are the best of some rounds in
 * turn with the answerer, so that a busy machine slows both. Where MP_PEER_LESHAN and
 * MP_PEER_LESHAN_COAP name a Leshan server, it registers the same endpoints, in turn with ours.
 *
 * What was measured is printed even when the run ends early; then the status is 1. */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "campaign.h"
#include "figures.h"
#include "floor.h"
#include "leshan.h"
#include "place.h"
#include "world.h"

#define ROUNDS 3
#define DTLS_ROUNDS 2
#define IN_FLIGHT 2048
#define DTLS_IN_FLIGHT 400 /* below the limit of handshakes at once, of either side */

#define LESHAN_ENDPOINTS 10000 /* as many as it holds well */

struct options {
	const char *build;
	unsigned endpoints;
	bool json, no_dtls, no_campaign;
};

static void keep_best(struct load *best, const struct load *l)
{
	if (l->failed)
		errx(1, "%u of %u were no success", l->failed, l->operations);
	if (l->per_second > best->per_second)
		*best = *l;
}

static void run(struct world *w, const char *kind, uint16_t port, pid_t pid, unsigned endpoints,
		unsigned operations, struct load *best)
{
	struct load l = {.kind = kind,
			 .port = port,
			 .secure = port == w->coaps_port,
			 .endpoints = endpoints,
			 .operations = operations,
			 .in_flight = IN_FLIGHT,
			 .server = pid};

	if (l.secure)
		l.in_flight = DTLS_IN_FLIGHT;
	if (endpoints < l.in_flight)
		l.in_flight = endpoints;
	world_load(w, &l);
	keep_best(best, &l);
}

static void rates(struct world *w, unsigned endpoints, struct figures *f)
{
	uint16_t port;
	pid_t floor = floor_start(&port);

	for (int i = 0; i < ROUNDS; i++) {
		run(w, "register", port, floor, endpoints, endpoints, &f->register_floor);
		run(w, "update", port, floor, endpoints, 2 * endpoints, &f->update_floor);
		run(w, "register", w->coap_port, w->server, endpoints, endpoints, &f->registers);
		run(w, "update", w->coap_port, w->server, endpoints, 2 * endpoints, &f->updates);
	}
	kill(floor, SIGKILL);
	waitpid(floor, NULL, 0);
}

static unsigned at_most(unsigned n, unsigned limit)
{
	return n < limit ? n : limit;
}

/* As many in flight in both, so that only the number of sessions differs; in turn, as the others. */
static void requests(struct world *w, unsigned endpoints, struct figures *f)
{
	for (int i = 0; i < ROUNDS; i++) {
		for (int is_many = 0; is_many < 2; is_many++) {
			struct load l = {.kind = "request",
					 .port = w->coap_port,
					 .endpoints = is_many ? at_most(endpoints, 15000) : 10,
					 .operations = at_most(4 * endpoints, 60000),
					 .in_flight = 256,
					 .server = w->server};

			world_load(w, &l);
			keep_best(is_many ? &f->many : &f->few, &l);
		}
	}
}

/* Without the sessions of a generator that is gone. */
static double begin_anew(struct world *w)
{
	world_stop_server(w, SIGKILL);
	return world_start_server(w);
}

/* The first round warms up, and its memory is looked at; requests are asked when each session has had one. */
static void dtls(struct world *w, unsigned endpoints, struct figures *f)
{
	f->provision = endpoints / world_provision(w, endpoints);
	for (int i = 0; i < DTLS_ROUNDS; i++) {
		run(w, "register", w->coaps_port, w->server, endpoints, endpoints,
		    &f->dtls_registers);
		if (i == 0) {
			(void)world_await_devices(w, endpoints);
			f->rss_per_dtls_device = (double)place_rss_kb(w->server) * 1024 / endpoints;
		}
		(void)begin_anew(w);
	}
	run(w, "request", w->coaps_port, w->server, endpoints, 2 * endpoints, &f->parked);
}

static void measure(struct world *w, const struct options *o, struct figures *f)
{
	rates(w, o->endpoints, f);
	if (leshan_is_there())
		leshan_measure(w, at_most(o->endpoints, LESHAN_ENDPOINTS), &f->beside_leshan,
			       &f->leshan);
	if (!world_await_devices(w, o->endpoints))
		errx(1, "not every endpoint has become a device");
	f->rss_per_device = (double)place_rss_kb(w->server) * 1024 / o->endpoints;
	requests(w, o->endpoints, f);
	f->restart = begin_anew(w);
	if (!o->no_dtls)
		dtls(w, o->endpoints, f);
	if (!o->no_campaign)
		campaign_run(w, &f->campaign);
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n == 0 || n > 1000000)
		errx(2, "'%s' is no such number", text);
	return (unsigned)n;
}

static void parse(int argc, char *argv[], struct options *o, struct campaign *c)
{
	for (int i = 1; i < argc; i++) {
		bool has_value = i + 1 < argc;

		if (strcmp(argv[i], "--json") == 0)
			o->json = true;
		else if (strcmp(argv[i], "--no-dtls") == 0)
			o->no_dtls = true;
		else if (strcmp(argv[i], "--no-campaign") == 0)
			o->no_campaign = true;
		else if (strcmp(argv[i], "--endpoints") == 0 && has_value)
			o->endpoints = number(argv[++i]);
		else if (strcmp(argv[i], "--devices") == 0 && has_value)
			c->devices = number(argv[++i]);
		else if (strcmp(argv[i], "--image") == 0 && has_value)
			c->image_kb = number(argv[++i]);
		else if (argv[i][0] != '-')
			o->build = argv[i];
		else
			errx(2, "usage: bench-lwm2m [--json] [--no-dtls] [--no-campaign] "
				"[--endpoints N] [--devices N] [--image KB] [BUILD-FOLDER]");
	}
}

static struct options options = {.build = MP_BUILD_DIR, .endpoints = 100000};
static struct figures figures = {.campaign = {.devices = 1000, .image_kb = 1024}};

static void tell(void)
{
	figures_print(&figures, options.json);
}

int main(int argc, char *argv[])
{
	static struct world w;

	parse(argc, argv, &options, &figures.campaign);
	if (atexit(tell) != 0)
		errx(1, "memory is out");
	world_make(&w, options.build, figures.campaign.image_kb);
	if (!leshan_is_there())
		warnx("beside Leshan: skipped, MP_PEER_LESHAN and MP_PEER_LESHAN_COAP name none");
	measure(&w, &options, &figures);
	world_stop_server(&w, SIGTERM);
	return 0;
}
