/* SPDX-License-Identifier: Apache-2.0
 * Connections that owe us the headers of a request. A client that sends a byte now and then keeps
 * its connection from falling silent, so silence alone is no measure: new connections must have
 * their first headers complete within header_seconds, others within that after they may have been
 * idle. Who came first is first in its queue, so that looking at the heads is enough.
 *
 * Nobody is cut off because we are slow: while bytes of it lie unread, a connection is waited for.
 * Closing is left to libmicrohttpd, which finds the socket shut down. */
#include "internal.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

static int64_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void mp_waiting_end(struct connection *c)
{
	if (!c || !c->queue)
		return;
	*c->prev = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		c->queue->last = c->prev;
	c->queue->n--;
	c->queue = NULL;
}

void mp_waiting_begin(struct connection *c, struct queue *q)
{
	if (!c)
		return;
	mp_waiting_end(c);
	if (!q->last)
		q->last = &q->first;
	c->since = seconds_now();
	c->queue = q;
	c->next = NULL;
	c->prev = q->last;
	*q->last = c;
	q->last = &c->next;
	q->n++;
}

static int socket_of(const struct connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

static bool has_sent(const struct connection *c)
{
	int n = 0;

	return ioctl(socket_of(c), FIONREAD, &n) == 0 && n > 0;
}

static void hang_up(struct connection *c)
{
	(void)shutdown(socket_of(c), SHUT_RDWR);
	mp_waiting_end(c);
}

static void sweep(struct queue *q, int64_t before)
{
	struct connection *c;

	while ((c = q->first) && c->since <= before) {
		if (has_sent(c))
			mp_waiting_begin(c, q);
		else
			hang_up(c);
	}
}

void mp_waiting_sweep(struct mp_httpd *h)
{
	int64_t now = seconds_now();

	sweep(&h->fresh, now - h->config.header_seconds);
	sweep(&h->idle, now - h->config.header_seconds - h->config.idle_seconds);
}

void mp_waiting_make_room(struct mp_httpd *h)
{
	unsigned most = h->config.connections;

	if (h->fresh.n > most / 2)
		hang_up(h->fresh.first);
	if (h->idle.first && h->n > most - most / 8 && !has_sent(h->idle.first))
		hang_up(h->idle.first);
}
