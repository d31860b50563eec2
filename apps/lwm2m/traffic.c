/* SPDX-License-Identifier: Apache-2.0 */
/* traffic.c - object 7, Connectivity Statistics: what goes over the default route's interface */
#include <stdio.h>

#include "base/str.h"
#include "worker.h"

static uint64_t since(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

/* Of an interface that has become the default route's, what went before counts for nothing. */
void traffic_totals(void *user, struct mp_lwm2m_traffic_totals *ret)
{
	struct worker *w = user;
	struct counted *c = &w->counted;
	char interface[32], router[48];
	uint64_t tx, rx;

	fact_route(w, interface, router);
	tx = fact_traffic(w, interface, "tx");
	rx = fact_traffic(w, interface, "rx");
	if (mp_streq(interface, c->interface)) {
		c->sent += since(tx, c->tx);
		c->received += since(rx, c->rx);
	}
	snprintf(c->interface, sizeof(c->interface), "%s", interface);
	c->tx = tx;
	c->rx = rx;
	*ret = (struct mp_lwm2m_traffic_totals){.sent = c->sent, .received = c->received};
}

int64_t traffic_bytes(const struct worker *w)
{
	char interface[32], router[48];

	fact_route(w, interface, router);
	return (int64_t)(fact_traffic(w, interface, "tx") + fact_traffic(w, interface, "rx"));
}

/* The library's; the kernel counts bytes here and not messages. */
const struct mp_lwm2m_class *traffic_class(void)
{
	static const uint16_t resources[] = {2, 3, 6, 7, 8};
	static struct mp_lwm2m_class class;

	class = mp_lwm2m_traffic_class;
	class.resources = resources;
	class.n_resources = 5;
	return &class;
}
