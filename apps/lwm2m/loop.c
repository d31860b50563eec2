/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "worker.h"

int loop_wait(struct worker *w, int ms)
{
	int64_t until = worker_now_ms() + ms, now;
	struct pollfd fd = {.fd = w->control.fd, .events = POLLIN};

	while ((now = worker_now_ms()) < until) {
		if (poll(&fd, 1, (int)(until - now)) > 0 && supervisor_listen(w) < 0)
			return -ECONNRESET;
	}
	return 0;
}

/* What is due at this time. */
static void tick(struct worker *w, int64_t now)
{
	mp_dtls_tick(w->dtls, now);
	mp_coap_tick(w->coap, now);
	carrier_tick(w, now);
	if (now >= w->wake) {
		w->wake = INT64_MAX;
		mp_lwm2m_client_tick(w->client);
	}
	watch_look(w, now);
	mp_dtls_tick(w->dtls, now); /* what began just now */
	mp_coap_replies_are_sent(w->coap);
	carrier_flush(w);
}

static int until_next(const struct worker *w, int64_t now)
{
	int64_t next = w->wake;
	const int64_t others[] = {mp_dtls_next_ms(w->dtls), mp_coap_next_ms(w->coap),
				  watch_next(w, now)};

	for (unsigned i = 0; i < 3; i++)
		if (others[i] < next)
			next = others[i];
	if (next <= now)
		return 0;
	return next - now > 60 * 1000 ? 60 * 1000 : (int)(next - now);
}

int loop_run(struct worker *w)
{
	for (;;) {
		struct pollfd fds[2 + LINKS] = {{.fd = w->control.fd, .events = POLLIN},
						{.fd = mp_udp_fd(w->udp), .events = POLLIN}};
		int64_t now = worker_now_ms();
		unsigned n;
		int r;

		tick(w, now);
		n = 2 + carrier_streams(w, fds + 2);
		r = poll(fds, n, until_next(w, now));
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r <= 0)
			continue;
		now = worker_now_ms();
		mp_dtls_tick(w->dtls, now);
		mp_coap_tick(w->coap, now);
		if (fds[0].revents && supervisor_listen(w) < 0)
			return -ECONNRESET;
		if (fds[1].revents)
			(void)carrier_receive(w); /* an ICMP error is no reason to end */
		for (unsigned i = 2; i < n; i++)
			if (fds[i].revents)
				carrier_stream_ready(w, fds[i].fd);
	}
}
