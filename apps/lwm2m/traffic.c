/* SPDX-License-Identifier: Apache-2.0 */
/* traffic.c - object 7, Connectivity Statistics: what goes over the default route's interface */
#include "worker.h"

void traffic_totals(void *user, struct mp_lwm2m_traffic_totals *ret)
{
	const struct worker *w = user;

	*ret = (struct mp_lwm2m_traffic_totals){.sent = fact_traffic(w, "tx"),
						.received = fact_traffic(w, "rx")};
}

int64_t traffic_bytes(const struct worker *w)
{
	return (int64_t)(fact_traffic(w, "tx") + fact_traffic(w, "rx"));
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
