/* SPDX-License-Identifier: Apache-2.0 */
#include "figures.h"

#include <stdio.h>

static double part(const struct load *l, const struct load *of)
{
	return l->per_second > 0 && of->per_second > 0 ? l->per_second / of->per_second : 0;
}

static unsigned unexplained(const struct campaign *c)
{
	return c->devices - c->proven - c->explained;
}

/* ---- JSON ---- */

static void put(const char *name, int digits, double value)
{
	static const char *before = "{";

	printf("%s\"%s\":%.*f", before, name, digits, value);
	before = ",";
}

static void put_rates(const struct figures *f)
{
	put("register_of_floor", 2, part(&f->registers, &f->register_floor));
	put("update_of_floor", 2, part(&f->updates, &f->update_floor));
	put("registers_per_second", 0, f->registers.per_second);
	put("updates_per_second", 0, f->updates.per_second);
	put("register_floor_per_second", 0, f->register_floor.per_second);
	put("update_floor_per_second", 0, f->update_floor.per_second);
	put("register_cpu_us", 2, f->registers.server_us);
	put("update_cpu_us", 2, f->updates.server_us);
	put("generator_cpu_us", 2, f->registers.own_us);
}

static void put_dtls(const struct figures *f)
{
	put("provision_per_second", 0, f->provision);
	put("dtls_register_per_second", 0, f->dtls_registers.per_second);
	put("dtls_register_cpu_us", 2, f->dtls_registers.server_us);
	put("dtls_register_generator_us", 2, f->dtls_registers.own_us);
	put("rss_per_dtls_device", 0, f->rss_per_dtls_device);
	put("parked_requests_per_second", 0, f->parked.per_second);
	put("parked_request_cpu_us", 2, f->parked.server_us);
	put("parked_request_generator_us", 2, f->parked.own_us);
}

static void put_campaign(const struct campaign *c)
{
	put("campaign_unexplained", 0, unexplained(c));
	put("campaign_proven", 0, c->proven);
	put("campaign_seconds", 0, c->seconds);
	put("campaign_rss_growth_kb", 0, (double)c->growth_kb);
}

static void print_json(const struct figures *f)
{
	put("endpoints", 0, f->registers.endpoints);
	if (f->updates.per_second > 0)
		put_rates(f);
	if (f->leshan.per_second > 0) {
		put("register_of_leshan", 2, part(&f->beside_leshan, &f->leshan));
		put("registers_beside_leshan_per_second", 0, f->beside_leshan.per_second);
		put("leshan_registers_per_second", 0, f->leshan.per_second);
	}
	if (f->rss_per_device > 0)
		put("rss_per_device", 0, f->rss_per_device);
	if (f->many.per_second > 0)
		put("sessions_flat", 2, part(&f->many, &f->few));
	if (f->restart > 0)
		put("restart_seconds", 3, f->restart);
	if (f->parked.per_second > 0)
		put_dtls(f);
	if (f->campaign.seconds > 0)
		put_campaign(&f->campaign);
	printf("}\n");
}

/* ---- the table ---- */

static void line(const char *what, int digits, double value, const char *bar)
{
	if (value > 0)
		printf("%-36s %10.*f %14s\n", what, digits, value, bar);
}

static void print_load(const char *what, const struct load *l)
{
	if (l->per_second > 0)
		printf("%-36s %10.0f/s %8.2f us server %8.2f us load %8.1f ms p99\n", what,
		       l->per_second, l->server_us, l->own_us, l->p99_ms);
}

static void print_campaign(const struct campaign *c)
{
	if (c->seconds <= 0)
		return;
	printf("%u KB to %u devices: %u proven, %u failed with a sentence in %.0f s%s%s\n",
	       c->image_kb, c->devices, c->proven, c->explained, c->seconds,
	       c->explained ? ", such as: " : "", c->reason);
	printf("%-36s %10u %14s\n", "unexplained", unexplained(c), "0");
	printf("%-36s %10ld %14s\n", "growth of the server, KB", c->growth_kb, "<= 32768");
}

static void print_table(const struct figures *f)
{
	print_load("stateless answerer, registrations", &f->register_floor);
	print_load("stateless answerer, updates", &f->update_floor);
	print_load("durable registrations", &f->registers);
	print_load("durable updates", &f->updates);
	line("registrations, of the answerer", 2, part(&f->registers, &f->register_floor),
	     ">= 0.35");
	line("updates, of the answerer", 2, part(&f->updates, &f->update_floor), ">= 0.5");
	print_load("registrations, in turn with Leshan", &f->beside_leshan);
	print_load("Leshan's registrations", &f->leshan);
	line("registrations, of Leshan's", 2, part(&f->beside_leshan, &f->leshan), ">= 4");
	print_load("requests at few sessions", &f->few);
	print_load("requests at many sessions", &f->many);
	line("requests at 15,000 sessions / at 10", 2, part(&f->many, &f->few), ">= 0.9");
	line("bytes resident a device", 0, f->rss_per_device, "<= 1024");
	line("start after a kill, s", 3, f->restart, "<= 1");
	line("keys provisioned by REST a second", 0, f->provision, ">= 5000");
	print_load("DTLS handshake and registration", &f->dtls_registers);
	line("DTLS registrations a second", 0, f->dtls_registers.per_second, ">= 4000");
	line("bytes resident a DTLS device", 0, f->rss_per_dtls_device, "<= 1638");
	print_load("requests on parked sessions", &f->parked);
	line("requests on parked sessions a second", 0, f->parked.per_second, ">= 15000");
	print_campaign(&f->campaign);
}

void figures_print(const struct figures *f, bool is_json)
{
	if (is_json)
		print_json(f);
	else
		print_table(f);
	(void)fflush(stdout);
}
