/* SPDX-License-Identifier: Apache-2.0
 * The loop has the real clock and waits for real sockets, so its server and its supervisor are a process of their
 * own, which ends when it has seen enough, or after PATIENCE_MS. */
#include "shore.h"

#include <sys/wait.h>

#define PATIENCE_MS 20000

enum { HEARD, SILENCE, NOT_REGISTERED }; /* exit codes of that process */

static void ignore(void *user, const struct mp_udp_datagram *d)
{
	(void)user;
	(void)d;
}

/* Until the supervisor has heard of the registration; what comes in the first `deaf_ms` is lost. */
static void serve(struct shore *s, unsigned deaf_ms)
{
	int64_t begin = worker_now_ms(), now;

	mp_pair_done(&s->bed.w.control);
	while ((now = worker_now_ms()) < begin + PATIENCE_MS) {
		struct pollfd fds[] = {{.fd = mp_udp_fd(s->udp), .events = POLLIN},
				       {.fd = mp_tcp_listener_fd(s->listener), .events = POLLIN},
				       {.fd = s->bed.supervisor.fd, .events = POLLIN}};

		(void)poll(fds, 3, 20);
		if (now < begin + deaf_ms)
			(void)mp_udp_receive(s->udp, ignore, NULL);
		shore_turn_server(s, now);
		if (fds[2].revents && bed_heard(&s->bed, MP_MSG_REACHED))
			_exit(s->bed.heard.num[0] == 1 ? HEARD : NOT_REGISTERED);
	}
	_exit(SILENCE);
}

/* What the loop returns; *ret_seen is what the other process saw. */
static int run(struct shore *s, unsigned deaf_ms, int *ret_seen)
{
	int status, r = shore_prepare(s);
	pid_t child = r < 0 ? r : fork();

	if (child < 0)
		return -ECHILD;
	if (child == 0)
		serve(s, deaf_ms);
	mp_pair_done(&s->bed.supervisor);
	mp_tcp_listener_free(take_ptr(s->listener));
	r = carrier_open(&s->bed.w, NULL);
	if (r == 0)
		r = objects_open(&s->bed.w, NULL);
	if (r == 0)
		r = loop_run(&s->bed.w);
	if (waitpid(child, &status, 0) == child && WIFEXITED(status))
		*ret_seen = WEXITSTATUS(status);
	return r;
}

TEST(the_loop_registers_and_ends_with_its_supervisor)
{
	static const char *const schemes[] = {"coap", "coaps", "coap+tcp", "coaps+tcp"};

	for (unsigned i = 0; i < 4; i++) {
		int seen = -1;
		SHORE(s, schemes[i]);

		ASSERT_ERR(-ECONNRESET, run(&s, 0, &seen));
		ASSERT_INT(HEARD, seen);
	}
}

TEST(the_loop_wakes_for_what_has_to_be_sent_again)
{
	int seen = -1;
	SHORE(s, "coap");

	ASSERT_ERR(-ECONNRESET, run(&s, 500, &seen));
	ASSERT_INT(HEARD, seen);
}

TEST(while_it_waits_for_an_identity_it_listens_to_the_supervisor)
{
	struct mp_msg m = {.type = MP_MSG_FACT, .text = {"web", "0123456789abcdef"}};
	int64_t begin;
	SHORE(s, "coap");

	ASSERT_OK(shore_prepare(&s));
	ASSERT_OK(mp_pair_send(&s.bed.supervisor, &m));
	begin = worker_now_ms();
	ASSERT_OK(loop_wait(&s.bed.w, 50));
	ASSERT(worker_now_ms() >= begin + 50);
	ASSERT_STR("web", s.bed.w.services[0].name);
	mp_pair_done(&s.bed.supervisor);
	ASSERT_ERR(-ECONNRESET, loop_wait(&s.bed.w, 10000));
	ASSERT(worker_now_ms() < begin + 10000);
}
