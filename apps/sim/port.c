/* SPDX-License-Identifier: Apache-2.0 */
#include "port.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "dtls_mbedtls/dtls_mbedtls.h"
#include "net/udp.h"

#define FIRST_HOST 0x7f100000u /* 127.16.0.0 */

struct port {
	struct port_config config;
	struct mp_udp *udp;
	struct mp_dtls *dtls;
	uint64_t random;
	uint16_t number;
	bool many; /* hosts have addresses of their own */
};

int64_t clock_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static bool is_lost(struct port *p)
{
	return p->config.loss && random_next(&p->random) % 100 < p->config.loss;
}

void port_local(const struct port *p, uint32_t host, struct mp_net_address *ret)
{
	uint32_t ip = FIRST_HOST + host;

	*ret = (struct mp_net_address){.port = p->number};
	if (!p->many)
		return;
	ret->ip[10] = ret->ip[11] = 0xff;
	ret->ip[12] = (uint8_t)(ip >> 24);
	ret->ip[13] = (uint8_t)(ip >> 16);
	ret->ip[14] = (uint8_t)(ip >> 8);
	ret->ip[15] = (uint8_t)ip;
}

uint32_t port_host(const struct port *p, const struct mp_net_address *local)
{
	uint32_t ip = (uint32_t)local->ip[12] << 24 | (uint32_t)local->ip[13] << 16 |
		      (uint32_t)local->ip[14] << 8 | local->ip[15];

	if (!p->many)
		return 0;
	return ip - FIRST_HOST < p->config.hosts ? ip - FIRST_HOST : UINT32_MAX;
}

static uint32_t host_of(struct mp_dtls_session *s)
{
	return (uint32_t)((uintptr_t)mp_dtls_session_user(s) - 1);
}

static void dtls_send(void *user, const struct mp_net_address *local,
		      const struct mp_net_address *to, const void *data, size_t len)
{
	struct port *p = user;

	if (!is_lost(p))
		(void)mp_udp_queue(p->udp, local, to, data, len);
}

static void dtls_deliver(void *user, struct mp_dtls_session *s, const void *data, size_t len)
{
	struct port *p = user;

	p->config.got(p->config.user, host_of(s), mp_dtls_session_address(s), s, data, len);
}

static void dtls_established(void *user, struct mp_dtls_session *s)
{
	struct port *p = user;

	p->config.secured(p->config.user, host_of(s), s, NULL);
}

static void dtls_closed(void *user, struct mp_dtls_session *s, enum mp_dtls_reason reason)
{
	struct port *p = user;

	p->config.secured(p->config.user, host_of(s), NULL, mp_dtls_reason_text(reason));
}

static int open_dtls(struct port *p, struct mp_err *err)
{
	struct mp_dtls_config c = {.for_psk = &mp_dtls_mbedtls,
				   .send = dtls_send,
				   .deliver = dtls_deliver,
				   .established = dtls_established,
				   .closed = dtls_closed,
				   .user = p,
				   .sessions_max = PORT_HOSTS_MAX,
				   .handshakes_max = PORT_HANDSHAKES,
				   .cid = true};

	return mp_dtls_new(&c, clock_us() / 1000, &p->dtls, err);
}

static bool is_loopback(const struct mp_net_address *a)
{
	static const uint8_t mapped[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};

	return memcmp(a->ip, mapped, sizeof(mapped)) == 0;
}

int port_open(const struct port_config *config, struct port **ret, struct mp_err *err)
{
	struct mp_net_address any = {.ip = {[10] = 0xff, [11] = 0xff}};
	struct mp_net_address local;
	auto_(port) *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return mp_err_set(err, -ENOMEM, "memory is out");
	p->config = *config;
	p->random = config->seed;
	p->many = is_loopback(&config->server);
	if (!p->many && config->hosts > 1 && !config->secure)
		return mp_err_set(
			err, -EINVAL,
			"more than one device without DTLS needs a server in 127.0.0.0/8");
	if (memcmp(config->server.ip, any.ip, 12) != 0)
		memset(any.ip, 0, sizeof(any.ip));
	r = mp_udp_open(&any, &(struct mp_udp_config){.local_addresses = p->many}, &p->udp, err);
	if (r < 0)
		return r;
	mp_udp_local(p->udp, &local);
	p->number = local.port;
	if (config->secure && (r = open_dtls(p, err)) < 0)
		return r;
	*ret = take_ptr(p);
	return 0;
}

void port_free(struct port *p)
{
	if (!p)
		return;
	mp_dtls_free(p->dtls);
	mp_udp_free(p->udp);
	free(p);
}

int port_fd(const struct port *p)
{
	return mp_udp_fd(p->udp);
}

struct mp_dtls *port_dtls(struct port *p)
{
	return p->dtls;
}

int port_connect(struct port *p, uint32_t host, const struct mp_net_address *to,
		 const struct mp_dtls_credentials *own)
{
	struct mp_net_address local;
	struct mp_dtls_session *s;

	port_local(p, host, &local);
	return mp_dtls_connect(p->dtls, &local, to, own, (void *)((uintptr_t)host + 1), &s);
}

void port_send(struct port *p, uint32_t host, const struct mp_net_address *to,
	       struct mp_dtls_session *session, const void *data, size_t len)
{
	struct mp_net_address local;

	if (session) { /* loss is that of its records */
		(void)mp_dtls_write(session, data, len);
		return;
	}
	if (is_lost(p))
		return;
	port_local(p, host, &local);
	(void)mp_udp_queue(p->udp, p->many ? &local : NULL, to, data, len);
}

static void got(void *user, const struct mp_udp_datagram *d)
{
	struct port *p = user;
	uint32_t host = port_host(p, d->to);

	if (host == UINT32_MAX || is_lost(p))
		return;
	if (p->dtls)
		mp_dtls_receive(p->dtls, d->from, p->many ? d->to : NULL, d->data, d->len);
	else
		p->config.got(p->config.user, host, d->from, NULL, d->data, d->len);
}

int port_receive(struct port *p)
{
	return mp_udp_receive(p->udp, got, p);
}

bool port_flush(struct port *p)
{
	return mp_udp_queued(p->udp) == 0 || mp_udp_flush(p->udp) >= 0;
}

void port_tick(struct port *p, int64_t now_ms)
{
	if (p->dtls)
		mp_dtls_tick(p->dtls, now_ms);
}

int64_t port_next_ms(const struct port *p)
{
	return p->dtls ? mp_dtls_next_ms(p->dtls) : INT64_MAX;
}
