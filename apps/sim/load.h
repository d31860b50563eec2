/* SPDX-License-Identifier: Apache-2.0
 * load.h - mp-sim load: a lean generator of registrations, updates and requests
 *
 *     mp-sim load register --server coap://127.0.0.1:5683 --endpoints 100000 --in-flight 64
 *     mp-sim load update   --locations FILE ...       (which register wrote)
 *     mp-sim load request  --path .well-known/core ...
 *     mp-sim load keys     --endpoints 100000 --seed 1        lines of NAME IDENTITY HEXKEY
 *
 * Endpoints are load-0000000 and so on. With coaps:// each has a session and a key of its own, which
 * `keys` prints for the server. Nothing of a client is kept but its location and its session.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/address.h"

enum load_kind { LOAD_REGISTER, LOAD_UPDATE, LOAD_REQUEST, LOAD_KEYS };

struct load_options {
	enum load_kind kind;
	struct mp_net_address server;
	bool secure, json;
	uint32_t endpoints, in_flight;
	uint64_t operations; /* 0: one an endpoint */
	double seconds; /* end after so long; 0: no limit */
	uint64_t seed;
	uint32_t lifetime;
	const char *path, *locations;
	pid_t watched; /* a process whose CPU is told beside our own; 0: none */
};

struct load_result {
	uint64_t done, failed, retransmitted, unexpected;
	double seconds, cpu_seconds, watched_seconds, p50_ms, p99_ms, max_ms;
	uint8_t last_code; /* of a failure */
};

int load_main(int argc, char *argv[]);
int load_options_parse(int argc, char *argv[], struct load_options *ret, struct mp_err *err);
int load_run(const struct load_options *o, struct load_result *ret, struct mp_err *err);
