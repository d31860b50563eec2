/* SPDX-License-Identifier: Apache-2.0
 * udp.c - many datagrams a system call
 *
 * An IPv4 address opens an IPv4 socket, any other an IPv6 socket that takes both. All that
 * receiving needs is allocated with the socket. A queue is one run of bytes: a record for each
 * datagram, then its bytes, aligned for the next record; flushing walks over it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "net/internal.h"
#include "net/udp.h"

#define BUFFER (4 << 20)
#define QUEUE_FIRST ((size_t)64 << 10)
#define QUEUE_MOST ((size_t)16 << 20)
#define CONTROL CMSG_SPACE(sizeof(struct in6_pktinfo)) /* in_pktinfo is smaller */

struct record {
	struct mp_net_address to, local; /* local: all zero when the kernel chooses */
	uint32_t len;
};

struct slot { /* one datagram of a system call */
	union mp_net_socket address;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL];
};

struct queue {
	uint8_t *bytes;
	size_t room, begin, end; /* [begin, end) has not left */
	size_t count; /* datagrams */
};

struct mp_udp {
	int fd, family;
	bool local_addresses;
	struct mp_net_address local;
	struct queue waiting, ready; /* for mp_udp_flush(); for the end of mp_udp_receive() */
	struct mmsghdr in[MP_UDP_BATCH], out[MP_UDP_BATCH];
	struct slot in_slots[MP_UDP_BATCH], out_slots[MP_UDP_BATCH];
	uint8_t bytes[MP_UDP_BATCH][MP_UDP_SIZE];
};

/* As root past the system's limit; else as far as it goes. */
static void set_buffer(int fd, int option, int force, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, force, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes));
}

/* IP_PMTUDISC_DO or IP_PMTUDISC_WANT. Both keep what fits from being fragmented; the first alone
 * spares the kernel its table of IPv4 identifications, where each receiver has another cache line. */
static void set_path_mtu(const struct mp_udp *u, int how)
{
	(void)setsockopt(u->fd, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof(how));
}

static int set_options(struct mp_udp *u, const struct mp_udp_config *config)
{
	int buffer = config->buffer ? (int)config->buffer : BUFFER;
	int on = 1, off = 0;

	set_buffer(u->fd, SO_RCVBUF, SO_RCVBUFFORCE, buffer);
	set_buffer(u->fd, SO_SNDBUF, SO_SNDBUFFORCE, buffer);
	set_path_mtu(u, IP_PMTUDISC_DO);
	if (u->family == AF_INET6 &&
	    setsockopt(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0)
		return -errno;
	if (!u->local_addresses)
		return 0;
	if (u->family == AF_INET
		    ? setsockopt(u->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on))
		    : setsockopt(u->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)))
		return -errno;
	return 0;
}

static int bind_to(struct mp_udp *u, const struct mp_net_address *address)
{
	union mp_net_socket s;
	socklen_t len = mp_net_address_to_socket(address, u->family, &s);

	if (bind(u->fd, &s.any, len) < 0)
		return -errno;
	len = sizeof(s);
	if (getsockname(u->fd, &s.any, &len) < 0)
		return -errno;
	mp_net_address_from_socket(&s, &u->local);
	return 0;
}

static void ready_slots(struct mp_udp *u)
{
	for (size_t i = 0; i < MP_UDP_BATCH; i++) {
		struct slot *in = &u->in_slots[i], *out = &u->out_slots[i];

		in->iov = (struct iovec){u->bytes[i], MP_UDP_SIZE};
		u->in[i].msg_hdr = (struct msghdr){
			.msg_name = &in->address,
			.msg_iov = &in->iov,
			.msg_iovlen = 1,
		};
		u->out[i].msg_hdr = (struct msghdr){
			.msg_name = &out->address,
			.msg_iov = &out->iov,
			.msg_iovlen = 1,
		};
	}
}

int mp_udp_open(const struct mp_net_address *address, const struct mp_udp_config *config,
		struct mp_udp **ret, struct mp_err *err)
{
	auto_(mp_udp) *u = calloc(1, sizeof(*u));
	char text[MP_NET_ADDRESS_TEXT];
	int r;

	if (!u)
		return mp_err_set(err, -ENOMEM, "memory is out");
	mp_net_address_format(address, text);
	u->local_addresses = config->local_addresses;
	u->family = mp_net_address_is_v4(address) ? AF_INET : AF_INET6;
	u->fd = socket(u->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	r = u->fd < 0 ? -errno : set_options(u, config);
	if (r == 0)
		r = bind_to(u, address);
	if (r < 0)
		return mp_err_set(err, r, "cannot open UDP port %s: %s", text, strerror(-r));
	ready_slots(u);
	*ret = take_ptr(u);
	return 0;
}

void mp_udp_free(struct mp_udp *u)
{
	if (!u)
		return;
	if (u->fd >= 0)
		(void)close(u->fd);
	free(u->waiting.bytes);
	free(u->ready.bytes);
	free(u);
}

int mp_udp_fd(const struct mp_udp *u)
{
	return u->fd;
}

void mp_udp_local(const struct mp_udp *u, struct mp_net_address *ret)
{
	*ret = u->local;
}

/* The address that a datagram was sent to, when the kernel tells it. */
static void read_local(struct msghdr *h, struct mp_net_address *to)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			mp_net_address_from_v4(&info.ipi_addr, to);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			memcpy(to->ip, &info.ipi6_addr, sizeof(to->ip));
		}
	}
}

static void ready_to_receive(struct mp_udp *u, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct msghdr *h = &u->in[i].msg_hdr;

		h->msg_namelen = sizeof(u->in_slots[i].address);
		h->msg_control = u->local_addresses ? u->in_slots[i].control : NULL;
		h->msg_controllen = u->local_addresses ? CONTROL : 0;
	}
}

static size_t record_size(size_t len)
{
	size_t unit = _Alignof(struct record);

	return (sizeof(struct record) + len + unit - 1) / unit * unit;
}

/* Room for `size` more bytes at the queue's end: moved together first, then grown. */
static int make_room(struct queue *q, size_t size)
{
	size_t used = q->end - q->begin, room = q->room;
	uint8_t *grown;

	if (size <= room - q->end)
		return 0;
	if (used + size > QUEUE_MOST)
		return -ENOBUFS;
	if (q->begin > 0)
		memmove(q->bytes, q->bytes + q->begin, used);
	q->begin = 0;
	q->end = used;
	while (room < used + size)
		room = room ? 2 * room : QUEUE_FIRST;
	if (room == q->room)
		return 0;
	grown = realloc(q->bytes, room);
	if (!grown)
		return -ENOBUFS;
	q->bytes = grown;
	q->room = room;
	return 0;
}

static int add(struct mp_udp *u, struct queue *q, const struct mp_net_address *local,
	       const struct mp_net_address *to, const void *data, size_t len)
{
	struct record record = {.to = *to, .len = (uint32_t)len};
	uint8_t *at;

	if (len > MP_UDP_SIZE)
		return -EMSGSIZE;
	if (u->family == AF_INET && !mp_net_address_is_v4(to))
		return -EHOSTUNREACH;
	if (make_room(q, record_size(len)) < 0)
		return -ENOBUFS;
	if (local && u->local_addresses)
		record.local = *local;
	at = q->bytes + q->end;
	memcpy(at, &record, sizeof(record));
	if (len > 0)
		memcpy(at + sizeof(record), data, len);
	q->end += record_size(len);
	q->count++;
	return 0;
}

int mp_udp_queue(struct mp_udp *u, const struct mp_net_address *local,
		 const struct mp_net_address *to, const void *data, size_t len)
{
	return add(u, &u->waiting, local, to, data, len);
}

int mp_udp_reply(struct mp_udp *u, const struct mp_net_address *local,
		 const struct mp_net_address *to, const void *data, size_t len)
{
	return add(u, &u->ready, local, to, data, len);
}

static void set_local(const struct mp_udp *u, struct msghdr *h, struct slot *slot,
		      const struct mp_net_address *local)
{
	bool v4 = u->family == AF_INET;
	size_t size = v4 ? sizeof(struct in_pktinfo) : sizeof(struct in6_pktinfo);
	struct cmsghdr *c;

	h->msg_control = slot->control;
	h->msg_controllen = CMSG_SPACE(size);
	c = CMSG_FIRSTHDR(h);
	c->cmsg_level = v4 ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = v4 ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(size);
	if (v4) {
		struct in_pktinfo info = {0};

		memcpy(&info.ipi_spec_dst, local->ip + 12, 4);
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = {0};

		memcpy(&info.ipi6_addr, local->ip, sizeof(local->ip));
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

/* Put up to a batch of the queue into `out`; how many. */
static unsigned ready_to_send(struct mp_udp *u, const struct queue *q)
{
	size_t at = q->begin;
	unsigned n;

	for (n = 0; n < MP_UDP_BATCH && at < q->end; n++) {
		const struct record *record = (const struct record *)(q->bytes + at);
		struct msghdr *h = &u->out[n].msg_hdr;
		struct slot *slot = &u->out_slots[n];

		h->msg_namelen = mp_net_address_to_socket(&record->to, u->family, &slot->address);
		slot->iov = (struct iovec){q->bytes + at + sizeof(*record), record->len};
		h->msg_control = NULL;
		h->msg_controllen = 0;
		if (mp_net_address_is_set(&record->local))
			set_local(u, h, slot, &record->local);
		at += record_size(record->len);
	}
	return n;
}

/* Forget the first `count` datagrams of the queue. */
static void forget(struct queue *q, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		q->begin += record_size(((struct record *)(q->bytes + q->begin))->len);
	q->count -= count;
	if (q->count == 0)
		q->begin = q->end = 0;
}

/* The first `count` of `out`; how many left, -errno. The first one leaves in fragments when it is
 * longer than what the path to its receiver is known to take. */
static int send_out(struct mp_udp *u, unsigned count)
{
	int n = sendmmsg(u->fd, u->out, count, 0);

	if (n < 0 && errno == EMSGSIZE) {
		set_path_mtu(u, IP_PMTUDISC_WANT);
		n = sendmmsg(u->fd, u->out, 1, 0);
		n = n < 0 ? -errno : n;
		set_path_mtu(u, IP_PMTUDISC_DO);
		return n;
	}
	return n < 0 ? -errno : n;
}

static int flush(struct mp_udp *u, struct queue *q)
{
	int left = 0;

	while (q->count > 0) {
		int n = send_out(u, ready_to_send(u, q));

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			return n;
		if (n < 0)
			n = 1; /* the first one was refused: it counts as sent and lost */
		forget(q, (unsigned)n);
		left += n;
	}
	return left;
}

int mp_udp_flush(struct mp_udp *u)
{
	int replies = flush(u, &u->ready), left;

	if (replies < 0)
		return replies;
	left = flush(u, &u->waiting);
	return left < 0 ? left : replies + left;
}

int mp_udp_receive(struct mp_udp *u, void (*got)(void *user, const struct mp_udp_datagram *d),
		   void *user)
{
	int n, handed = 0;

	ready_to_receive(u, MP_UDP_BATCH);
	n = recvmmsg(u->fd, u->in, MP_UDP_BATCH, 0, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct mp_net_address from, to = {.port = u->local.port};
		struct mp_udp_datagram d = {&from, &to, u->bytes[i], u->in[i].msg_len};

		if (u->in[i].msg_hdr.msg_flags & MSG_TRUNC)
			continue;
		mp_net_address_from_socket(&u->in_slots[i].address, &from);
		if (u->local_addresses)
			read_local(&u->in[i].msg_hdr, &to);
		got(user, &d);
		handed++;
	}
	(void)flush(u, &u->ready);
	return handed;
}

void mp_udp_discard(struct mp_udp *u)
{
	u->waiting.begin = u->waiting.end = u->waiting.count = 0;
}

size_t mp_udp_queued(const struct mp_udp *u)
{
	return u->ready.count + u->waiting.count;
}
