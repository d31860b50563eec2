/* SPDX-License-Identifier: Apache-2.0
 * dtls.c - what DTLS costs a server: handshakes, questions to parked sessions, memory
 *
 *     bench-dtls [--json] [--questions N] [SESSIONS]
 *
 * The clients are a process of their own behind a pair of sockets, so that the server's processor
 * time and memory are its alone; the sockets' share of that time is in it. */
#include <err.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "dtls_mbedtls/dtls_mbedtls.h"

#define WINDOW 32 /* handshakes at once */
#define MARK UINT32_MAX /* from the clients: a part is over */

static unsigned questions = 100000;

struct end {
	int fd;
	struct mp_dtls *d;
	struct mp_dtls_session **sessions;
	unsigned answers;
};

struct message {
	uint32_t peer;
	uint8_t data[2044];
};

static double processor_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	malloc_trim(0);
	if (!f || fscanf(f, "%*d %ld", &pages) != 1)
		errx(1, "/proc/self/statm cannot be read");
	fclose(f);
	return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static int find_key(void *user, const void *identity, size_t len, uint8_t key[MP_DTLS_KEY_MAX])
{
	(void)user, (void)identity, (void)len;
	memcpy(key, "0123456789abcdef", 16);
	return 16;
}

static struct mp_net_address address_of(uint32_t peer)
{
	struct mp_net_address a = {.ip = {[0] = 0xfd}, .port = 5684};

	memcpy(a.ip + 12, &peer, sizeof(peer));
	return a;
}

static void push(int fd, uint32_t peer, const void *data, size_t len)
{
	struct message m = {.peer = peer};

	if (len)
		memcpy(m.data, data, len);
	if (send(fd, &m, sizeof(m.peer) + len, 0) < 0)
		err(1, "send");
}

static void send_to(void *user, const struct mp_net_address *local, const struct mp_net_address *to,
		    const void *data, size_t len)
{
	const struct end *e = user;
	uint32_t peer;

	memcpy(&peer, (local ? local : to)->ip + 12, sizeof(peer));
	push(e->fd, peer, data, len);
}

static void echo(void *user, struct mp_dtls_session *s, const void *data, size_t len)
{
	(void)user;
	if (mp_dtls_write(s, data, len) < 0)
		errx(1, "the server cannot write");
}

static void count_answer(void *user, struct mp_dtls_session *s, const void *data, size_t len)
{
	struct end *e = user;

	(void)s, (void)data, (void)len;
	e->answers++;
}

static void ask(void *user, struct mp_dtls_session *s)
{
	char text[100] = "a question of a hundred bytes";

	(void)user;
	if (mp_dtls_write(s, text, sizeof(text)) < 0)
		errx(1, "a client cannot write");
}

static void fail(void *user, struct mp_dtls_session *s, enum mp_dtls_reason reason)
{
	(void)user, (void)s;
	errx(1, "a session ended: %s", mp_dtls_reason_text(reason));
}

/* One datagram; false when it is a mark. */
static bool pull(struct end *e)
{
	struct mp_net_address server = address_of(0), peer;
	struct message m;
	ssize_t n = recv(e->fd, &m, sizeof(m), 0);

	if (n < (ssize_t)sizeof(m.peer))
		err(1, "recv");
	if (m.peer == MARK)
		return false;
	peer = address_of(m.peer);
	if (e->sessions)
		mp_dtls_receive(e->d, &server, &peer, m.data, (size_t)n - sizeof(m.peer));
	else
		mp_dtls_receive(e->d, &peer, NULL, m.data, (size_t)n - sizeof(m.peer));
	return true;
}

static void run_clients(int fd, uint32_t count)
{
	struct mp_dtls_credentials c = {
		.kind = MP_DTLS_PSK, .key = "0123456789abcdef", .key_len = 16};
	struct end e = {.fd = fd, .sessions = calloc(count + 1, sizeof(*e.sessions))};
	struct mp_dtls_config config = {.for_psk = &mp_dtls_mbedtls,
					.send = send_to,
					.deliver = count_answer,
					.established = ask,
					.closed = fail,
					.user = &e};
	struct mp_net_address server = address_of(0);

	if (!e.sessions || mp_dtls_new(&config, 1000, &e.d, NULL) < 0)
		errx(1, "memory is out");
	for (uint32_t i = 1; i <= count; i++) {
		struct mp_net_address local = address_of(i);
		char name[32];

		snprintf(name, sizeof(name), "bench-device-%u", i);
		c.identity = name;
		c.identity_len = strlen(name);
		if (mp_dtls_connect(e.d, &local, &server, &c, NULL, &e.sessions[i]) < 0)
			errx(1, "connect");
		mp_dtls_tick(e.d, 1000);
		while (i - e.answers >= (i == count ? 1 : WINDOW))
			pull(&e);
	}
	push(fd, MARK, NULL, 0);
	for (unsigned asked = 0; e.answers < count + questions;) {
		for (; asked < questions && asked + count - e.answers < WINDOW; asked++)
			ask(NULL, e.sessions[1 + (uint32_t)random() % count]);
		pull(&e);
	}
	push(fd, MARK, NULL, 0);
	exit(0);
}

static void report(bool json, const char *name, const char *text, double value)
{
	printf(json ? "{\"name\": \"%s\", \"value\": %.1f}\n" : "%s: %.1f\n", json ? name : text,
	       value);
}

static void run_server(int fd, uint32_t count, bool json)
{
	struct end e = {.fd = fd};
	struct mp_dtls_config config = {.for_psk = &mp_dtls_mbedtls,
					.server = true,
					.psk = find_key,
					.send = send_to,
					.deliver = echo,
					.user = &e};
	struct mp_dtls_counters counters;
	double bytes, seconds;

	if (mp_dtls_new(&config, 1000, &e.d, NULL) < 0)
		errx(1, "memory is out");
	bytes = resident_bytes();
	seconds = processor_seconds();
	while (pull(&e))
		;
	seconds = processor_seconds() - seconds;
	report(json, "dtls_handshakes_per_second", "PSK handshakes with a first question a second",
	       count / seconds);
	report(json, "dtls_bytes_per_parked_session", "bytes of memory a parked session",
	       (resident_bytes() - bytes) / count);
	seconds = processor_seconds();
	while (pull(&e))
		;
	seconds = processor_seconds() - seconds;
	report(json, "dtls_parked_us",
	       "microseconds for a question and its answer on a parked session",
	       seconds / questions * 1e6);
	mp_dtls_get_counters(e.d, &counters);
	if (counters.parked_now < count)
		errx(1, "the sessions were not parked");
	mp_dtls_free(e.d);
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || n == 0 || n > 10000000)
		errx(2, "usage: bench-dtls [--json] [--questions N] [SESSIONS]");
	return (unsigned)n;
}

int main(int argc, char *argv[])
{
	bool json = false;
	uint32_t count = 100000;
	int fds[2], status;
	pid_t pid;

	for (int i = 1; i < argc; i++) {
		if (mp_streq(argv[i], "--json"))
			json = true;
		else if (mp_streq(argv[i], "--questions") && i + 1 < argc)
			questions = number(argv[++i]);
		else
			count = number(argv[i]);
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) < 0)
		err(1, "socketpair");
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		run_clients(fds[1], count);
	}
	close(fds[1]);
	run_server(fds[0], count, json);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "the clients failed");
	return 0;
}
