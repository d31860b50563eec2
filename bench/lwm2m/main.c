/* SPDX-License-Identifier: Apache-2.0
 * bench-lwm2m - what mp-server's LwM2M can do, beside a stateless answerer in the same run
 *
 *     bench-lwm2m [--json] [--no-dtls] [--no-campaign] [--endpoints N] [BUILD-FOLDER]
 *
 * The server (or the answerer) has core 0, mp-sim's load core 1. 100,000 endpoints register and update
 * without security, each answer after its commit; then the server is killed and started again; then
 * the same endpoints get keys by REST and come back over DTLS. Last, 1 MB of firmware is pushed to 1,000
 * simulated devices that lose one datagram in a hundred. Rates are the best of some rounds in
 * turn with the answerer, so that a busy machine slows both. */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "campaign.h"
#include "floor.h"
#include "place.h"
#include "world.h"

#define ROUNDS 3
#define IN_FLIGHT 2048
#define DTLS_IN_FLIGHT 400 /* below the limit of handshakes at once, of either side */

struct figures {
	struct load register_floor, update_floor, registers, updates; /* the best rounds */
	struct load many, few; /* requests at 15,000 sessions, at 10 */
	double rss_per_device, rss_per_dtls_device; /* bytes */
	double restart, provision;
	struct load dtls_registers, parked;
	struct campaign campaign;
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

/* As many in flight in both, so that only the number of sessions differs; in turn, as the others. */
static void requests(struct world *w, struct figures *f)
{
	for (int i = 0; i < ROUNDS; i++) {
		for (int is_many = 0; is_many < 2; is_many++) {
			struct load l = {.kind = "request",
					 .port = w->coap_port,
					 .endpoints = is_many ? 15000 : 10,
					 .operations = 60000,
					 .in_flight = 256,
					 .server = w->server};

			world_load(w, &l);
			keep_best(is_many ? &f->many : &f->few, &l);
		}
	}
}

static void dtls(struct world *w, unsigned endpoints, struct figures *f)
{
	f->provision = endpoints / world_provision(w, endpoints);
	run(w, "register", w->coaps_port, w->server, endpoints, endpoints, &f->dtls_registers);
	(void)world_await_devices(w, endpoints);
	f->rss_per_dtls_device = (double)place_rss_kb(w->server) * 1024 / endpoints;
	run(w, "request", w->coaps_port, w->server, endpoints, 2 * endpoints, &f->parked);
}

static void measure(struct world *w, unsigned endpoints, bool with_dtls, struct figures *f)
{
	rates(w, endpoints, f);
	if (!world_await_devices(w, endpoints))
		errx(1, "not every endpoint has become a device");
	f->rss_per_device = (double)place_rss_kb(w->server) * 1024 / endpoints;
	requests(w, f);
	world_stop_server(w, SIGKILL);
	f->restart = world_start_server(w);
	if (with_dtls)
		dtls(w, endpoints, f);
}

static unsigned unexplained(const struct campaign *c)
{
	return c->devices - c->proven - c->explained;
}

static void print_json(const struct figures *f)
{
	printf("{\"register_of_floor\":%.2f,\"update_of_floor\":%.2f,\"sessions_flat\":%.2f,"
	       "\"rss_per_device\":%.0f,\"restart_seconds\":%.3f,"
	       "\"registers_per_second\":%.0f,\"updates_per_second\":%.0f,"
	       "\"register_floor_per_second\":%.0f,\"update_floor_per_second\":%.0f,"
	       "\"register_cpu_us\":%.2f,\"update_cpu_us\":%.2f,\"generator_cpu_us\":%.2f",
	       f->registers.per_second / f->register_floor.per_second,
	       f->updates.per_second / f->update_floor.per_second,
	       f->many.per_second / f->few.per_second, f->rss_per_device, f->restart,
	       f->registers.per_second, f->updates.per_second, f->register_floor.per_second,
	       f->update_floor.per_second, f->registers.server_us, f->updates.server_us,
	       f->registers.own_us);
	if (f->provision > 0)
		printf(",\"provision_per_second\":%.0f,\"dtls_register_per_second\":%.0f,"
		       "\"rss_per_dtls_device\":%.0f,\"parked_requests_per_second\":%.0f",
		       f->provision, f->dtls_registers.per_second, f->rss_per_dtls_device,
		       f->parked.per_second);
	if (f->campaign.devices)
		printf(",\"campaign_unexplained\":%u,\"campaign_proven\":%u,"
		       "\"campaign_seconds\":%.0f,\"campaign_rss_growth_kb\":%ld",
		       unexplained(&f->campaign), f->campaign.proven, f->campaign.seconds,
		       f->campaign.growth_kb);
	printf("}\n");
}

static void print_load(const char *what, const struct load *l)
{
	printf("%-34s %10.0f/s %8.2f us server %8.2f us load %8.1f ms p99\n", what, l->per_second,
	       l->server_us, l->own_us, l->p99_ms);
}

static void print_campaign(const struct campaign *c)
{
	printf("1 MB to %u devices: %u proven, %u failed with a sentence in %.0f s%s%s\n",
	       c->devices, c->proven, c->explained, c->seconds, c->explained ? ", such as: " : "",
	       c->reason);
	printf("%-34s %10u %14s\n", "unexplained", unexplained(c), "0");
	printf("%-34s %10ld %14s\n", "growth of the server, KB", c->growth_kb, "<= 32768");
}

static void print(const struct figures *f)
{
	print_load("stateless answerer, registrations", &f->register_floor);
	print_load("stateless answerer, updates", &f->update_floor);
	print_load("durable registrations", &f->registers);
	print_load("durable updates", &f->updates);
	printf("%-34s %10.2f %14s\n", "registrations, of the answerer",
	       f->registers.per_second / f->register_floor.per_second, ">= 0.35");
	printf("%-34s %10.2f %14s\n", "updates, of the answerer",
	       f->updates.per_second / f->update_floor.per_second, ">= 0.5");
	print_load("requests at 10 sessions", &f->few);
	print_load("requests at 15,000 sessions", &f->many);
	printf("%-34s %10.2f %14s\n", "requests at 15,000 sessions / at 10",
	       f->many.per_second / f->few.per_second, ">= 0.9");
	printf("%-34s %10.0f %14s\n", "bytes resident a device", f->rss_per_device, "<= 1024");
	printf("%-34s %10.3f %14s\n", "start after a kill, s", f->restart, "<= 1");
	if (f->campaign.devices)
		print_campaign(&f->campaign);
	if (f->provision == 0)
		return;
	printf("%-34s %10.0f %14s\n", "keys provisioned by REST a second", f->provision, ">= 5000");
	print_load("DTLS handshake and registration", &f->dtls_registers);
	printf("%-34s %10.0f %14s\n", "bytes resident a DTLS device", f->rss_per_dtls_device,
	       "<= 1638");
	print_load("requests on parked sessions", &f->parked);
}

int main(int argc, char *argv[])
{
	static struct world w;
	const char *build = MP_BUILD_DIR;
	struct figures f = {.provision = 0};
	unsigned endpoints = 100000;
	bool json = false, with_dtls = true, with_campaign = true;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--no-dtls") == 0)
			with_dtls = false;
		else if (strcmp(argv[i], "--no-campaign") == 0)
			with_campaign = false;
		else if (strcmp(argv[i], "--endpoints") == 0 && i + 1 < argc)
			endpoints = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (argv[i][0] != '-')
			build = argv[i];
		else
			errx(2, "usage: bench-lwm2m [--json] [--no-dtls] [--no-campaign] "
				"[--endpoints N]"
				" [BUILD-FOLDER]");
	}
	world_make(&w, build);
	measure(&w, endpoints, with_dtls, &f);
	if (with_campaign) {
		f.campaign.devices = 1000;
		campaign_run(&w, &f.campaign);
	}
	world_stop_server(&w, SIGTERM);
	world_remove(&w);
	if (json)
		print_json(&f);
	else
		print(&f);
	return 0;
}
