/* SPDX-License-Identifier: Apache-2.0 */
/* traffic.c - object 7, Connectivity Statistics: kilobytes over the default route's interface,
 * between Start and Stop, or for the collection period */
#include <errno.h>

#include "worker.h"

enum { TX = 2, RX = 3, START = 6, STOP = 7, PERIOD = 8 };

static void count(struct worker *w)
{
	struct traffic *t = &w->traffic;
	uint64_t tx, rx;

	if (!t->is_running)
		return;
	tx = fact_traffic(w, "tx");
	rx = fact_traffic(w, "rx");
	/* another interface counts from elsewhere */
	t->tx = tx >= t->tx0 ? tx - t->tx0 : tx;
	t->rx = rx >= t->rx0 ? rx - t->rx0 : rx;
	t->is_running = !t->until || worker_now_ms() < t->until;
}

int64_t traffic_bytes(const struct worker *w)
{
	return (int64_t)(fact_traffic(w, "tx") + fact_traffic(w, "rx"));
}

static int read_traffic(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	struct worker *w = user;

	(void)instance;
	count(w);
	switch (resource) {
	case TX:
		return mp_lwm2m_give(out, mp_lwm2m_integer((int64_t)(w->traffic.tx / 1000)));
	case RX:
		return mp_lwm2m_give(out, mp_lwm2m_integer((int64_t)(w->traffic.rx / 1000)));
	case PERIOD:
		return mp_lwm2m_give(out, mp_lwm2m_integer(w->traffic.period));
	default:
		return -ENOENT;
	}
}

static int write_traffic(void *user, const struct mp_lwm2m_path *path,
			 const struct mp_lwm2m_value *value)
{
	struct worker *w = user;

	if (path->id[2] != PERIOD || !value)
		return -EOPNOTSUPP;
	if (value->integer < 0 || value->integer > INT32_MAX)
		return -EINVAL;
	w->traffic.period = value->integer;
	return 0;
}

static int execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
		   size_t len)
{
	struct worker *w = user;
	struct traffic *t = &w->traffic;

	(void)instance;
	(void)arguments;
	(void)len;
	count(w);
	t->is_running = resource == START;
	if (resource == STOP)
		return 0;
	t->tx0 = fact_traffic(w, "tx");
	t->rx0 = fact_traffic(w, "rx");
	t->tx = t->rx = 0;
	t->until = t->period ? worker_now_ms() + 1000 * t->period : 0;
	return 0;
}

static const uint16_t resources[] = {TX, RX, START, STOP, PERIOD};

const struct mp_lwm2m_class traffic_class = {.id = 7,
					     .resources = resources,
					     .n_resources = 5,
					     .read = read_traffic,
					     .write = write_traffic,
					     .execute = execute};
