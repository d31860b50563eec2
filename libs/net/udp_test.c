/* SPDX-License-Identifier: Apache-2.0 */
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/test.h"
#include "net/udp.h"

struct seen {
	int count;
	struct mp_net_address from, to;
	size_t len;
	uint8_t data[MP_UDP_SIZE];
	int in_order; /* datagrams that began with their number */
};

static void keep(void *user, const struct mp_udp_datagram *d)
{
	struct seen *s = user;
	int number;

	s->from = *d->from;
	s->to = *d->to;
	s->len = d->len;
	memcpy(s->data, d->data, d->len);
	memcpy(&number, d->data, d->len < sizeof(number) ? d->len : sizeof(number));
	if (d->len >= sizeof(number) && number == s->count)
		s->in_order++;
	s->count++;
}

static struct mp_udp *port(const char *text, bool local_addresses)
{
	struct mp_udp_config config = {.local_addresses = local_addresses};
	struct mp_net_address a;
	struct mp_udp *u = NULL;

	if (mp_net_address_parse(text, 0, &a) == 0)
		(void)mp_udp_open(&a, &config, &u, NULL);
	return u;
}

/* Receive until `want` datagrams are there; a second at most. */
static int receive(struct mp_udp *u, int want, struct seen *s)
{
	struct pollfd p = {.fd = mp_udp_fd(u), .events = POLLIN};

	while (s->count < want && poll(&p, 1, 1000) == 1) {
		int n = mp_udp_receive(u, keep, s);

		if (n < 0)
			return n;
	}
	return s->count;
}

static void there_and_back(const char *text)
{
	auto_(mp_udp) *a = port(text, false), *b = port(text, false);
	struct mp_net_address to_b, a_is;
	struct seen s = {0};

	ASSERT(a && b);
	mp_udp_local(a, &a_is);
	mp_udp_local(b, &to_b);
	ASSERT(to_b.port != 0);
	ASSERT_OK(mp_udp_queue(a, NULL, &to_b, "hello", 5));
	ASSERT_INT(1, mp_udp_queued(a));
	ASSERT_INT(0, mp_udp_receive(b, keep, &s));
	ASSERT_INT(1, mp_udp_flush(a));
	ASSERT_INT(0, mp_udp_queued(a));
	ASSERT_INT(1, receive(b, 1, &s));
	ASSERT_INT(5, s.len);
	ASSERT(memcmp("hello", s.data, 5) == 0);
	ASSERT(mp_net_address_is_equal(&s.from, &a_is));
	ASSERT_INT(to_b.port, s.to.port);
}

TEST(a_datagram_arrives_over_ipv4)
{
	there_and_back("127.0.0.1:0");
}

TEST(a_datagram_arrives_over_ipv6)
{
	auto_(mp_udp) *probe = port("[::1]:0", false);

	if (!probe)
		SKIP("this machine has no IPv6");
	there_and_back("[::1]:0");
}

TEST(an_ipv6_port_takes_ipv4_and_answers_from_the_address_that_was_asked)
{
	auto_(mp_udp) *server = port("[::]:0", true), *client = port("127.0.0.1:0", false);
	struct mp_net_address to;
	struct seen s = {0};
	char text[MP_NET_ADDRESS_TEXT];

	if (!server)
		SKIP("this machine has no IPv6");
	ASSERT(client);
	mp_udp_local(server, &to);
	snprintf(text, sizeof(text), "127.3.2.1:%u", to.port);
	ASSERT_OK(mp_net_address_parse(text, 0, &to));
	ASSERT_OK(mp_udp_queue(client, NULL, &to, "?", 1));
	ASSERT_INT(1, mp_udp_flush(client));
	ASSERT_INT(1, receive(server, 1, &s));
	ASSERT(mp_net_address_is_equal(&to, &s.to));
	ASSERT_OK(mp_udp_queue(server, &s.to, &s.from, "!", 1));
	ASSERT_INT(1, mp_udp_flush(server));
	ASSERT_INT(2, receive(client, 2, &s));
	ASSERT(mp_net_address_is_equal(&to, &s.from));
}

TEST(one_socket_is_many_hosts)
{
	auto_(mp_udp) *hosts = port("0.0.0.0:0", true), *server = port("127.0.0.1:0", false);
	struct mp_net_address to, local, port_of;
	struct seen s = {0};

	ASSERT(hosts && server);
	mp_udp_local(server, &to);
	mp_udp_local(hosts, &port_of);
	for (int i = 0; i < 200; i++) {
		char text[MP_NET_ADDRESS_TEXT];

		snprintf(text, sizeof(text), "127.%d.7.%d", i, 200 - i);
		ASSERT_OK(mp_net_address_parse(text, port_of.port, &local));
		ASSERT_OK(mp_udp_queue(hosts, &local, &to, "x", 1));
		ASSERT_INT(1, mp_udp_flush(hosts));
		s.count = 0;
		ASSERT_INT(1, receive(server, 1, &s));
		ASSERT(mp_net_address_is_equal(&local, &s.from));
		ASSERT_OK(mp_udp_queue(server, NULL, &s.from, "y", 1));
		ASSERT_INT(1, mp_udp_flush(server));
		s.count = 0;
		ASSERT_INT(1, receive(hosts, 1, &s));
		ASSERT(mp_net_address_is_equal(&local, &s.to));
	}
}

static void reply(void *user, const struct mp_udp_datagram *d)
{
	struct mp_udp *u = user;

	ASSERT_OK(mp_udp_queue(u, NULL, d->from, "later", 5));
	ASSERT_OK(mp_udp_reply(u, NULL, d->from, "now", 3));
}

TEST(a_reply_leaves_with_what_was_received_and_is_not_taken_back)
{
	auto_(mp_udp) *a = port("127.0.0.1:0", false), *b = port("127.0.0.1:0", false);
	struct pollfd p;
	struct mp_net_address to;
	struct seen s = {0};

	ASSERT(a && b);
	mp_udp_local(b, &to);
	ASSERT_OK(mp_udp_queue(a, NULL, &to, "?", 1));
	ASSERT_INT(1, mp_udp_flush(a));
	p = (struct pollfd){.fd = mp_udp_fd(b), .events = POLLIN};
	ASSERT_INT(1, poll(&p, 1, 1000));
	ASSERT_INT(1, mp_udp_receive(b, reply, b));
	ASSERT_INT(1, mp_udp_queued(b));
	ASSERT_INT(1, receive(a, 1, &s));
	ASSERT_INT(3, s.len);
	mp_udp_local(a, &to);
	ASSERT_OK(mp_udp_reply(b, NULL, &to, "again", 5));
	mp_udp_discard(b);
	ASSERT_INT(1, mp_udp_queued(b));
	ASSERT_INT(1, mp_udp_flush(b));
	ASSERT_INT(2, receive(a, 2, &s));
	ASSERT(memcmp("again", s.data, 5) == 0);
}

TEST(many_datagrams_arrive_in_order)
{
	auto_(mp_udp) *a = port("127.0.0.1:0", false), *b = port("127.0.0.1:0", false);
	struct mp_net_address to;
	struct seen s = {0};
	uint8_t data[100];

	ASSERT(a && b);
	mp_udp_local(b, &to);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 300; i++) {
			int number = round * 300 + i;

			memcpy(data, &number, sizeof(number));
			ASSERT_OK(mp_udp_queue(a, NULL, &to, data, 4 + (size_t)i % 90));
		}
		ASSERT_INT(300, mp_udp_flush(a));
		ASSERT_INT((round + 1) * 300, receive(b, (round + 1) * 300, &s));
	}
	ASSERT_INT(6000, s.in_order);
}

TEST(the_largest_datagram_arrives_and_longer_ones_are_dropped)
{
	auto_(mp_udp) *a = port("127.0.0.1:0", false), *b = port("127.0.0.1:0", false);
	static uint8_t data[MP_UDP_SIZE + 1];
	auto_close int raw = socket(AF_INET, SOCK_DGRAM, 0);
	struct mp_net_address to;
	struct seen s = {0};

	ASSERT(a && b && raw >= 0);
	mp_udp_local(b, &to);
	ASSERT_ERR(-EMSGSIZE, mp_udp_queue(a, NULL, &to, data, sizeof(data)));
	ASSERT_INT(sizeof(data), sendto(raw, data, sizeof(data), 0,
					(struct sockaddr *)&(struct sockaddr_in){
						.sin_family = AF_INET,
						.sin_port = htons(to.port),
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
					sizeof(struct sockaddr_in)));
	ASSERT_OK(mp_udp_queue(a, NULL, &to, data, MP_UDP_SIZE));
	ASSERT_OK(mp_udp_queue(a, NULL, &to, NULL, 0));
	ASSERT_INT(2, mp_udp_flush(a));
	ASSERT_INT(2, receive(b, 2, &s));
	ASSERT_INT(0, s.len);
}

/* A network of our own, whose loopback takes `mtu` bytes. */
static int make_narrow_network(int mtu)
{
	struct ifreq lo = {.ifr_name = "lo"};
	auto_close int fd = -1;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || (fd = socket(AF_INET, SOCK_DGRAM, 0)) < 0)
		return -errno;
	lo.ifr_mtu = mtu;
	if (ioctl(fd, SIOCSIFMTU, &lo) < 0)
		return -errno;
	lo.ifr_flags = IFF_UP | IFF_RUNNING;
	return ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
}

static void cross_narrow_network(bool *ret_crossed)
{
	auto_(mp_udp) *a = port("127.0.0.1:0", false), *b = port("127.0.0.1:0", false);
	static const uint8_t data[MP_UDP_SIZE];
	struct mp_net_address to;
	struct seen s = {0};
	int how = -1;
	socklen_t len = sizeof(how);

	ASSERT(a && b);
	mp_udp_local(b, &to);
	ASSERT_OK(mp_udp_queue(a, NULL, &to, "short", 5));
	ASSERT_OK(mp_udp_queue(a, NULL, &to, data, sizeof(data)));
	ASSERT_OK(mp_udp_queue(a, NULL, &to, data, sizeof(data)));
	ASSERT_OK(mp_udp_queue(a, NULL, &to, "last", 4));
	ASSERT_INT(4, mp_udp_flush(a));
	ASSERT_INT(4, receive(b, 4, &s));
	ASSERT_INT(4, s.len);
	ASSERT_OK(getsockopt(mp_udp_fd(a), IPPROTO_IP, IP_MTU_DISCOVER, &how, &len));
	ASSERT_INT(IP_PMTUDISC_DO, how);
	*ret_crossed = true;
}

TEST(what_is_too_long_for_its_path_leaves_in_fragments)
{
	bool crossed = false;
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	ASSERT(child >= 0);
	if (child == 0) {
		if (make_narrow_network(1280) < 0)
			_exit(77);
		cross_narrow_network(&crossed);
		fflush(stdout);
		_exit(!crossed);
	}
	ASSERT_INT(child, waitpid(child, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP("this user may not make a network of his own");
	ASSERT_INT(0, status);
}

TEST(discarded_datagrams_do_not_leave)
{
	auto_(mp_udp) *a = port("127.0.0.1:0", false), *b = port("127.0.0.1:0", false);
	struct mp_net_address to;
	struct seen s = {0};

	ASSERT(a && b);
	mp_udp_local(b, &to);
	ASSERT_OK(mp_udp_queue(a, NULL, &to, "a", 1));
	mp_udp_discard(a);
	ASSERT_INT(0, mp_udp_queued(a));
	ASSERT_OK(mp_udp_queue(a, NULL, &to, "bc", 2));
	ASSERT_INT(1, mp_udp_flush(a));
	ASSERT_INT(1, receive(b, 1, &s));
	ASSERT_INT(2, s.len);
}

TEST(the_queue_has_an_end)
{
	auto_(mp_udp) *a = port("127.0.0.1:0", false);
	static uint8_t data[1024];
	struct mp_net_address to;
	int r = 0, n = 0;

	ASSERT(a);
	mp_udp_local(a, &to);
	while (n < 100000 && (r = mp_udp_queue(a, NULL, &to, data, sizeof(data))) == 0)
		n++;
	ASSERT_ERR(-ENOBUFS, r);
	ASSERT(n > 15000 && n < 16384);
	ASSERT_INT(n, mp_udp_queued(a));
}

TEST(a_refused_receiver_does_not_hold_up_the_others)
{
	auto_(mp_udp) *a = port("127.0.0.1:0", false), *b = port("127.0.0.1:0", false);
	struct mp_net_address to, nowhere;
	struct seen s = {0};

	ASSERT(a && b);
	mp_udp_local(b, &to);
	ASSERT_OK(mp_net_address_parse("255.255.255.255:1", 0, &nowhere)); /* -EACCES */
	ASSERT_OK(mp_udp_queue(a, NULL, &nowhere, "a", 1));
	ASSERT_OK(mp_udp_queue(a, NULL, &to, "b", 1));
	ASSERT_OK(mp_udp_queue(a, NULL, &nowhere, "c", 1));
	ASSERT_OK(mp_udp_queue(a, NULL, &to, "d", 1));
	ASSERT_INT(4, mp_udp_flush(a));
	ASSERT_INT(2, receive(b, 2, &s));
	ASSERT_OK(mp_net_address_parse("[::1]:1", 0, &nowhere));
	ASSERT_ERR(-EHOSTUNREACH, mp_udp_queue(a, NULL, &nowhere, "e", 1));
}

TEST(a_port_in_use_is_told)
{
	auto_(mp_udp) *a = port("127.0.0.1:0", false);
	struct mp_udp *b = NULL;
	struct mp_net_address local;
	struct mp_err err;
	char text[MP_NET_ADDRESS_TEXT];

	ASSERT(a);
	mp_udp_local(a, &local);
	ASSERT_ERR(-EADDRINUSE, mp_udp_open(&local, &(struct mp_udp_config){0}, &b, &err));
	mp_net_address_format(&local, text);
	ASSERT(strstr(err.text, text));
	ASSERT(!b);
}

TORTURE(opening_and_queueing_survive_without_memory)
{
	struct mp_net_address a;
	auto_(mp_udp) *u = NULL;
	int r = mp_net_address_parse("127.0.0.1:0", 0, &a);

	if (r == 0)
		r = mp_udp_open(&a, &(struct mp_udp_config){0}, &u, NULL);
	if (r < 0)
		return r;
	mp_udp_local(u, &a);
	r = mp_udp_queue(u, NULL, &a, "x", 1);
	if (r == -ENOBUFS) /* a datagram that found no memory is lost, nothing else */
		return mp_udp_queued(u) == 0 ? -ENOMEM : -EPROTO;
	return r < 0 ? r : mp_udp_flush(u) == 1 ? 0 : -EPROTO;
}
