/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <sys/socket.h>

#include "base/test.h"
#include "net/tcp.h"

#define LIMIT ((size_t)1 << 20)

static struct mp_tcp_listener *listener(const char *text)
{
	struct mp_tcp_listener *l = NULL;
	struct mp_net_address a;

	if (mp_net_address_parse(text, 0, &a) == 0)
		(void)mp_tcp_listen(&a, &l, NULL);
	return l;
}

static bool wait_for(int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	return poll(&p, 1, 2000) == 1;
}

/* Both ends of a new connection to `l`. */
static int connect_pair(struct mp_tcp_listener *l, struct mp_tcp **ret_client,
			struct mp_tcp **ret_server)
{
	struct mp_net_address a;
	int r;

	mp_tcp_listener_local(l, &a);
	r = mp_tcp_connect(&a, LIMIT, ret_client, NULL);
	if (r < 0)
		return r;
	if (!wait_for(mp_tcp_listener_fd(l), POLLIN))
		return -ETIMEDOUT;
	r = mp_tcp_accept(l, LIMIT, ret_server);
	if (r < 0)
		return r;
	return wait_for(mp_tcp_fd(*ret_client), POLLOUT) ? mp_tcp_flush(*ret_client) : -ETIMEDOUT;
}

TEST(bytes_pass_both_ways)
{
	auto_(mp_tcp_listener) *l = listener("127.0.0.1:0");
	auto_(mp_tcp) *client = NULL, *server = NULL;
	struct mp_net_address a, b;
	char data[16];

	ASSERT(l);
	ASSERT_ERR(-EAGAIN, mp_tcp_accept(l, LIMIT, &server));
	ASSERT_OK(connect_pair(l, &client, &server));
	ASSERT(!mp_tcp_wants_write(client));
	mp_tcp_local(client, &a);
	mp_tcp_remote(server, &b);
	ASSERT(mp_net_address_is_equal(&a, &b));
	mp_tcp_remote(client, &a);
	mp_tcp_local(server, &b);
	ASSERT(mp_net_address_is_equal(&a, &b));

	ASSERT_ERR(-EAGAIN, (int)mp_tcp_receive(server, data, sizeof(data)));
	ASSERT_OK(mp_tcp_queue(client, "ping", 4));
	ASSERT_OK(mp_tcp_flush(client));
	ASSERT(wait_for(mp_tcp_fd(server), POLLIN));
	ASSERT_INT(4, mp_tcp_receive(server, data, sizeof(data)));
	ASSERT_OK(mp_tcp_queue(server, "pong!", 5));
	ASSERT_OK(mp_tcp_flush(server));
	ASSERT(wait_for(mp_tcp_fd(client), POLLIN));
	ASSERT_INT(5, mp_tcp_receive(client, data, sizeof(data)));
	ASSERT(memcmp(data, "pong!", 5) == 0);
}

TEST(bytes_queued_before_the_connection_stands_leave_with_it)
{
	auto_(mp_tcp_listener) *l = listener("127.0.0.1:0");
	auto_(mp_tcp) *client = NULL, *server = NULL;
	struct mp_net_address a;
	char data[16];

	ASSERT(l);
	mp_tcp_listener_local(l, &a);
	ASSERT_OK(mp_tcp_connect(&a, LIMIT, &client, NULL));
	ASSERT(mp_tcp_wants_write(client));
	ASSERT_OK(mp_tcp_queue(client, "early", 5));
	ASSERT(wait_for(mp_tcp_fd(client), POLLOUT));
	ASSERT_OK(mp_tcp_flush(client));
	ASSERT_OK(mp_tcp_accept(l, LIMIT, &server));
	ASSERT(wait_for(mp_tcp_fd(server), POLLIN));
	ASSERT_INT(5, mp_tcp_receive(server, data, sizeof(data)));
}

TEST(a_refused_connection_is_told)
{
	auto_(mp_tcp_listener) *l = listener("127.0.0.1:0");
	auto_(mp_tcp) *client = NULL;
	struct mp_net_address a;

	ASSERT(l);
	mp_tcp_listener_local(l, &a);
	mp_tcp_listener_free(take_ptr(l));
	ASSERT_OK(mp_tcp_connect(&a, LIMIT, &client, NULL));
	ASSERT(wait_for(mp_tcp_fd(client), POLLOUT));
	ASSERT_ERR(-ECONNREFUSED, mp_tcp_flush(client));
}

/* Of a stream in which a byte that is missing or moved is seen. */
static uint8_t counted(size_t at)
{
	return (uint8_t)(at ^ at >> 8 ^ at >> 16);
}

/* A peer that does not read fills the queue, and no more than that. */
TEST(a_slow_peer_gets_everything_in_order_and_the_queue_has_an_end)
{
	auto_(mp_tcp_listener) *l = listener("127.0.0.1:0");
	auto_(mp_tcp) *client = NULL, *server = NULL;
	static uint8_t block[16384], got[16384];
	size_t queued = 0, received = 0, in_order = 0;
	ssize_t n;
	int r;

	ASSERT(l);
	ASSERT_OK(connect_pair(l, &client, &server));
	for (;;) {
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = counted(queued + i);
		r = mp_tcp_queue(client, block, sizeof(block));
		if (r < 0)
			break;
		queued += sizeof(block);
		r = mp_tcp_flush(client);
		ASSERT(r == 0 || r == -EAGAIN);
		ASSERT_INT(r == -EAGAIN, mp_tcp_wants_write(client));
		ASSERT(mp_tcp_queued(client) <= LIMIT);
	}
	ASSERT_ERR(-ENOBUFS, r);
	while (received < queued) {
		r = mp_tcp_flush(client);
		ASSERT(r == 0 || r == -EAGAIN);
		ASSERT(wait_for(mp_tcp_fd(server), POLLIN));
		n = mp_tcp_receive(server, got, sizeof(got));
		ASSERT(n > 0);
		for (ssize_t i = 0; i < n; i++, received++)
			in_order += got[i] == counted(received);
	}
	ASSERT_INT(queued, in_order);
	ASSERT_INT(0, mp_tcp_queued(client));
}

TEST(the_end_of_a_connection_is_seen)
{
	auto_(mp_tcp_listener) *l = listener("127.0.0.1:0");
	auto_(mp_tcp) *client = NULL, *server = NULL;
	char data[16];

	ASSERT(l);
	ASSERT_OK(connect_pair(l, &client, &server));
	mp_tcp_free(take_ptr(client));
	ASSERT(wait_for(mp_tcp_fd(server), POLLIN));
	ASSERT_INT(0, mp_tcp_receive(server, data, sizeof(data)));
	ASSERT_OK(mp_tcp_queue(server, "x", 1));
	ASSERT_OK(mp_tcp_flush(server));
	ASSERT(wait_for(mp_tcp_fd(server), POLLHUP));
	ASSERT_OK(mp_tcp_queue(server, "x", 1));
	ASSERT(mp_tcp_flush(server) < 0); /* and no SIGPIPE */
}

TEST(a_listener_of_ipv6_takes_ipv4_too)
{
	auto_(mp_tcp_listener) *l = listener("[::]:0");
	auto_(mp_tcp) *client = NULL;
	struct mp_net_address a, b;
	char text[MP_NET_ADDRESS_TEXT];

	if (!l)
		SKIP("this machine has no IPv6");
	mp_tcp_listener_local(l, &a);
	snprintf(text, sizeof(text), "127.0.0.1:%u", a.port);
	ASSERT_OK(mp_net_address_parse(text, 0, &b));
	ASSERT_OK(mp_tcp_connect(&b, LIMIT, &client, NULL));
	ASSERT(wait_for(mp_tcp_listener_fd(l), POLLIN));
}

TEST(a_listener_in_use_is_told)
{
	auto_(mp_tcp_listener) *l = listener("127.0.0.1:0");
	struct mp_tcp_listener *other = NULL;
	struct mp_net_address a;
	struct mp_err err;

	ASSERT(l);
	mp_tcp_listener_local(l, &a);
	ASSERT_ERR(-EADDRINUSE, mp_tcp_listen(&a, &other, &err));
	ASSERT(strstr(err.text, "127.0.0.1"));
}

TORTURE(connections_survive_without_memory)
{
	struct mp_net_address a;
	auto_(mp_tcp_listener) *l = NULL;
	auto_(mp_tcp) *client = NULL, *server = NULL;
	int r = mp_net_address_parse("127.0.0.1:0", 0, &a);

	if (r == 0)
		r = mp_tcp_listen(&a, &l, NULL);
	if (r == 0)
		r = connect_pair(l, &client, &server);
	return r < 0 ? r : mp_tcp_queue(server, "x", 1);
}
