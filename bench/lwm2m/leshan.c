/* SPDX-License-Identifier: Apache-2.0 */
#include "leshan.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define WARM 4 /* rounds before those that count: its compiler has seen it all by then */
#define ROUNDS 3
/* Each as it does best: ours waits for its disk, so that more at once make a commit worth more; of more than
 * a few hundred Leshan drops some, which come back only seconds later. */
#define OURS_IN_FLIGHT 1024
#define THEIRS_IN_FLIGHT 256

bool leshan_is_there(void)
{
	const char *base = getenv("MP_PEER_LESHAN"), *coap = getenv("MP_PEER_LESHAN_COAP");

	return base && *base && coap && *coap;
}

static uint16_t port_of(const char *address)
{
	const char *colon = strrchr(address, ':');
	long port = colon ? strtol(colon + 1, NULL, 10) : 0;

	if (strncmp(address, "127.0.0.1:", 10) != 0 || port < 1 || port > 65535)
		errx(1, "MP_PEER_LESHAN_COAP: 127.0.0.1:PORT is wanted, not '%s'", address);
	return (uint16_t)port;
}

static void round_of(struct world *w, uint16_t port, pid_t server, unsigned endpoints,
		     unsigned in_flight, struct load *best)
{
	struct load l = {.kind = "register",
			 .port = port,
			 .endpoints = endpoints,
			 .operations = endpoints,
			 .in_flight = endpoints < in_flight ? endpoints : in_flight,
			 .server = server};

	world_load(w, &l);
	if (l.failed)
		errx(1, "port %u: %u of %u registrations were no success", port, l.failed,
		     l.operations);
	if (best && l.per_second > best->per_second)
		*best = l;
}

void leshan_measure(struct world *w, unsigned endpoints, struct load *ours, struct load *theirs)
{
	uint16_t port = port_of(getenv("MP_PEER_LESHAN_COAP"));

	for (int i = 0; i < WARM + ROUNDS; i++) {
		round_of(w, w->coap_port, w->server, endpoints, OURS_IN_FLIGHT,
			 i < WARM ? NULL : ours);
		round_of(w, port, 0, endpoints, THEIRS_IN_FLIGHT, i < WARM ? NULL : theirs);
	}
}
