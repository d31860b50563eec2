/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pair/pair.h"

int mp_pair_open(int ret_fds[2])
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	memcpy(ret_fds, fds, sizeof(fds));
	return 0;
}

int mp_pair_init(struct mp_pair *p, int fd, size_t room)
{
	*p = (struct mp_pair){.fd = fd, .room = room ? room : MP_PAIR_MAX};
	p->bytes = malloc(p->room);
	return p->bytes ? 0 : -ENOMEM;
}

void mp_pair_done(struct mp_pair *p)
{
	if (p->fd >= 0)
		(void)close(p->fd);
	free(p->bytes);
	*p = (struct mp_pair){.fd = -1};
}

static int send_bytes(int fd, const struct mp_buf *b)
{
	ssize_t n;

	do
		n = send(fd, b->data, b->len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EPIPE || errno == ENOTCONN ? -ECONNRESET : -errno;
	return 0;
}

int mp_pair_send(const struct mp_pair *p, const struct mp_msg *m)
{
	char cut[MP_PAIR_TEXTS][MP_PAIR_TEXT + 1];
	struct mp_msg copy = *m;
	MP_BUF(b, MP_PAIR_MAX);
	int r;

	for (unsigned i = 0; i < MP_PAIR_TEXTS; i++) {
		if (!m->text[i] || strlen(m->text[i]) <= MP_PAIR_TEXT)
			continue;
		memcpy(cut[i], m->text[i], MP_PAIR_TEXT);
		cut[i][MP_PAIR_TEXT] = '\0';
		copy.text[i] = cut[i];
	}
	r = mp_msg_encode(&copy, &b);
	return r < 0 ? r : send_bytes(p->fd, &b);
}

int mp_pair_send_result(const struct mp_pair *p, int r, const char *sentence)
{
	return mp_pair_send(p, &(struct mp_msg){.type = MP_MSG_RESULT,
						.verdict = mp_verdict_of(r),
						.text = {sentence}});
}

int mp_pair_recv(struct mp_pair *p, bool wait, struct mp_msg *ret)
{
	ssize_t n;
	int r;

	do
		n = recv(p->fd, p->bytes, p->room, MSG_TRUNC | (wait ? 0 : MSG_DONTWAIT));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	if ((size_t)n > p->room)
		return -EFBIG;
	r = mp_msg_decode(p->bytes, (size_t)n, ret);
	return r < 0 ? r : 1;
}
