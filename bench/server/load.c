/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 65536

struct connection {
	int fd;
	unsigned number; /* of the request under way */
	size_t have;
	char answer[ANSWER_MAX];
};

double load_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int load_dial(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		close(fd);
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static void send_next(struct load *l, struct connection *c, unsigned number)
{
	size_t len;
	const char *text = l->request(l->user, number, &len);

	c->number = number;
	c->have = 0;
	if (send(c->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		errx(1, "a connection broke while sending");
}

/* Length of the whole answer once its head is there; 0 before. */
static size_t whole_len(const struct connection *c, const char **ret_body)
{
	const char *end = memmem(c->answer, c->have, "\r\n\r\n", 4);
	const char *len = end ? strcasestr(c->answer, "\r\ncontent-length: ") : NULL;

	if (!end)
		return 0;
	*ret_body = end + 4;
	return (size_t)(end + 4 - c->answer) + (len && len < end ? strtoul(len + 18, NULL, 10) : 0);
}

/* True when an answer is complete. */
static bool receive(struct load *l, struct connection *c)
{
	ssize_t n = recv(c->fd, c->answer + c->have, ANSWER_MAX - 1 - c->have, 0);
	const char *body = NULL;
	size_t len;
	int status;

	if (n <= 0)
		errx(1, "the server closed a connection; its last answer was: %.300s", c->answer);
	c->have += (size_t)n;
	c->answer[c->have] = '\0';
	len = whole_len(c, &body);
	if (len == 0 || c->have < len)
		return false;
	status = atoi(c->answer + 9);
	l->done++;
	if (status < 200 || status > 299)
		l->failed++;
	if (l->answer)
		l->answer(l->user, c->number, status, body, c->have - (size_t)(body - c->answer));
	return true;
}

static void open_all(struct load *l, struct connection *all, int epoll)
{
	for (unsigned i = 0; i < l->connections; i++) {
		struct epoll_event e = {.events = EPOLLIN, .data = {.ptr = &all[i]}};

		all[i].fd = load_dial(l->port);
		if (all[i].fd < 0)
			err(1, "cannot connect to port %u", l->port);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &e) < 0)
			err(1, "epoll_ctl");
	}
}

double load_run(struct load *l)
{
	struct connection *all = calloc(l->connections, sizeof(*all));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned sent = 0;
	double began, now;

	if (!all || epoll < 0)
		err(1, "load");
	l->done = l->failed = 0;
	open_all(l, all, epoll);
	began = now = load_clock();
	for (; sent < l->connections && (!l->requests || sent < l->requests); sent++)
		send_next(l, &all[sent], sent);
	while (l->requests ? l->done < l->requests : now - began < l->seconds) {
		struct epoll_event events[64];
		int n = epoll_wait(epoll, events, 64, 1000);

		for (int i = 0; i < n; i++)
			if (receive(l, events[i].data.ptr) && (!l->requests || sent < l->requests))
				send_next(l, events[i].data.ptr, sent++);
		now = load_clock();
	}
	for (unsigned i = 0; i < l->connections; i++)
		close(all[i].fd);
	close(epoll);
	free(all);
	l->took = now - began;
	return l->done / l->took;
}
