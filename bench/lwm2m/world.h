/* SPDX-License-Identifier: Apache-2.0
 * world.h - a product folder, a real mp-server on it, and mp-sim's load on both */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct mp_buf;

struct world {
	char dir[64]; /* temporary */
	const char *build; /* where mp, mp-server and mp-sim are */
	char admin[64]; /* token */
	char locations[96]; /* file of the registrations' locations */
	uint16_t http_port, coap_port, coaps_port;
	pid_t server;
};

/* With its server running, and firmware of so many KB to publish. The server ends and the folder goes
 * when the program ends, whatever ends it. */
void world_make(struct world *w, const char *build, unsigned image_kb);
/* Seconds from exec until it answers over CoAP. */
double world_start_server(struct world *w);
void world_stop_server(struct world *w, int signal);
/* One request to its API, with the administrator's token; `answer` takes head and body. Anything but
 * success ends the program. */
void world_call(struct world *w, const char *method, const char *path, const struct mp_buf *body,
		struct mp_buf *answer);
/* Until its fleet has so many devices; false: not within a minute or two. */
bool world_await_devices(struct world *w, unsigned n);
/* Give so many endpoints of the load keys by REST; seconds. */
double world_provision(struct world *w, unsigned endpoints);

struct load { /* what to ask for */
	const char *kind; /* "register", "update", "request" */
	uint16_t port; /* on the loopback address */
	bool secure;
	unsigned endpoints, operations, in_flight;
	pid_t server; /* whose CPU is to be looked at; 0: nobody's */
	double per_second, p99_ms;
	double own_us, server_us; /* CPU of each operation; what was made first is not in it */
	unsigned failed;
};
void world_load(struct world *w, struct load *l);
