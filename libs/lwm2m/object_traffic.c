/* SPDX-License-Identifier: Apache-2.0
 * Object 7, Connectivity Statistics: what has gone over the line between Start and Stop. */
#include "lwm2m/client_internal.h"
#include "lwm2m/objects.h"

#include <errno.h>

enum { SENT = 2, RECEIVED, LARGEST, MEAN, START, STOP, PERIOD };

static void stop(struct mp_lwm2m_traffic *t)
{
	if (t->running)
		t->totals(t->user, &t->end);
	t->running = false;
}

static const struct mp_lwm2m_traffic_totals *now(struct mp_lwm2m_traffic *t)
{
	if (t->running && t->until_ms && mp_lwm2m_client_now(t->client) >= t->until_ms)
		stop(t);
	if (t->running)
		t->totals(t->user, &t->end);
	return &t->end;
}

static int traffic_read(void *user, uint16_t instance, uint16_t resource, struct mp_lwm2m_out *out)
{
	struct mp_lwm2m_traffic *t = user;
	const struct mp_lwm2m_traffic_totals *end = now(t);
	uint64_t sent = end->sent - t->begin.sent, received = end->received - t->begin.received;
	uint64_t messages = end->messages - t->begin.messages;

	(void)instance;
	switch (resource) {
	case SENT:
		return mp_lwm2m_give(out, mp_lwm2m_integer((int64_t)(sent / 1024)));
	case RECEIVED:
		return mp_lwm2m_give(out, mp_lwm2m_integer((int64_t)(received / 1024)));
	case LARGEST:
		return mp_lwm2m_give(out, mp_lwm2m_integer(end->largest));
	case MEAN:
		return mp_lwm2m_give(
			out,
			mp_lwm2m_integer(messages ? (int64_t)((sent + received) / messages) : 0));
	case PERIOD:
		return mp_lwm2m_give(out, mp_lwm2m_integer(t->period));
	default:
		return -ENOENT;
	}
}

static int traffic_check(void *user, const struct mp_lwm2m_path *path,
			 const struct mp_lwm2m_value *value)
{
	(void)user;
	(void)path;
	return value->integer >= 0 && value->integer <= UINT32_MAX ? 0 : -ERANGE;
}

static int traffic_write(void *user, const struct mp_lwm2m_path *path,
			 const struct mp_lwm2m_value *value)
{
	struct mp_lwm2m_traffic *t = user;

	(void)path;
	t->period = (uint32_t)value->integer;
	return 0;
}

static int traffic_execute(void *user, uint16_t instance, uint16_t resource, const char *arguments,
			   size_t len)
{
	struct mp_lwm2m_traffic *t = user;

	(void)instance;
	(void)arguments;
	(void)len;
	if (resource == STOP) {
		(void)now(t);
		stop(t);
		return 0;
	}
	t->totals(t->user, &t->begin);
	t->end = t->begin;
	t->running = true;
	t->until_ms = t->period ? mp_lwm2m_client_now(t->client) + t->period * 1000ll : 0;
	return 0;
}

const struct mp_lwm2m_class mp_lwm2m_traffic_class = {
	.id = 7,
	.read = traffic_read,
	.check = traffic_check,
	.write = traffic_write,
	.execute = traffic_execute,
};
