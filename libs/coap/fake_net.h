/* SPDX-License-Identifier: Apache-2.0
 * fake_net.h - for tests: endpoints in one memory, a clock of their own, and a network that loses,
 * repeats and reorders as its seed says
 *
 *     FAKE_NET(net, .seed = 1, .loss = 20);
 *     fake_host(&net, 0, &(struct mp_coap_config){ .serve = serve });
 *     ... mp_coap_send(net.hosts[0].c, fake_remote(&net, 1), &ask, NULL);
 *     fake_run(&net, 60000);
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "coap/endpoint.h"

#define FAKE_HOSTS 4

struct fake_datagram {
	struct fake_datagram *next;
	int64_t at;
	int from, to;
	struct mp_net_address address;
	size_t len;
	uint8_t data[];
};
struct fake_net;
struct fake_host {
	struct fake_net *net;
	struct mp_coap *c;
	struct mp_coap_remote seen; /* as the others see it */
	unsigned sent;
	uint8_t last[1500]; /* what it sent last */
	size_t last_len;
	void *user;
};
struct fake_net {
	struct fake_host hosts[FAKE_HOSTS];
	uint64_t seed;
	unsigned loss, twice, late; /* per cent */
	int64_t now_ms;
	struct fake_datagram *queue;
	/* true: this datagram is lost */
	bool (*drop)(struct fake_net *net, int from, const uint8_t *data, size_t len);
	void *user;
};

static inline uint32_t fake_random(struct fake_net *net)
{
	net->seed = net->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(net->seed >> 33);
}

static inline bool fake_chance(struct fake_net *net, unsigned percent)
{
	return percent > 0 && fake_random(net) % 100 < percent;
}

static inline void fake_post(struct fake_net *net, int from, int to, const void *data, size_t len)
{
	struct fake_datagram **at = &net->queue, *d = malloc(sizeof(*d) + len);
	int64_t late = fake_chance(net, net->late) ? fake_random(net) % 3000 : 0;

	if (!d)
		return; /* lost */
	*d = (struct fake_datagram){.at = net->now_ms + 20 + late, .from = from, .to = to};
	d->address = net->hosts[from].seen.address;
	d->len = len;
	memcpy(d->data, data, len);
	while (*at && (*at)->at <= d->at)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
}

static inline void fake_send(void *user, const struct mp_coap_remote *to, const void *data,
			     size_t len)
{
	struct fake_host *h = user;
	struct fake_net *net = h->net;
	int from = (int)(h - net->hosts), target = to->address.port % FAKE_HOSTS;

	h->sent++;
	h->last_len = len < sizeof(h->last) ? len : sizeof(h->last);
	memcpy(h->last, data, h->last_len);
	if (net->hosts[target].c &&
	    !mp_net_address_is_equal(&to->address, &net->hosts[target].seen.address))
		return; /* it is not there any more */
	if (fake_chance(net, net->loss) || (net->drop && net->drop(net, from, data, len)))
		return;
	fake_post(net, from, target, data, len);
	if (fake_chance(net, net->twice))
		fake_post(net, from, target, data, len);
}

static inline void fake_bytes(void *user, void *data, size_t len)
{
	struct fake_host *h = user;
	uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)fake_random(h->net);
}

/* Handlers find themselves by `user`, which is the host. */
static inline int fake_host(struct fake_net *net, int i, const struct mp_coap_config *config)
{
	struct fake_host *h = &net->hosts[i];
	struct mp_coap_config mine = *config;

	h->net = net;
	h->seen.address.ip[15] = 1;
	h->seen.address.port = (uint16_t)(1000 * FAKE_HOSTS + i);
	mine.user = h;
	mine.send = fake_send;
	mine.random = fake_bytes;
	mine.now_ms = net->now_ms;
	mine.replies_max = mine.replies_max ? mine.replies_max : 4096;
	return mp_coap_new(&mine, &h->c);
}

static inline const struct mp_coap_remote *fake_remote(struct fake_net *net, int i)
{
	return &net->hosts[i].seen;
}

static inline int64_t fake_next(const struct fake_net *net)
{
	int64_t next = net->queue ? net->queue->at : INT64_MAX;

	for (int i = 0; i < FAKE_HOSTS; i++) {
		int64_t due = net->hosts[i].c ? mp_coap_next_ms(net->hosts[i].c) : INT64_MAX;

		next = due < next ? due : next;
	}
	return next;
}

static inline void fake_receive(struct mp_coap *c, const struct mp_coap_remote *from,
				const uint8_t *data, size_t len)
{
	struct mp_coap_message m;

	if (!from->is_reliable)
		mp_coap_receive(c, from, data, len);
	else if (mp_coap_decode(data, len, &m) == 0)
		mp_coap_receive_message(c, from, &m);
}

static inline void fake_deliver(struct fake_net *net)
{
	while (net->queue && net->queue->at <= net->now_ms) {
		struct fake_datagram *d = net->queue;
		struct mp_coap_remote from = net->hosts[d->from].seen;
		auto_free uint8_t *exact = malloc(d->len ? d->len : 1);

		net->queue = d->next;
		from.address = d->address;
		if (exact && net->hosts[d->to].c) {
			memcpy(exact, d->data, d->len);
			fake_receive(net->hosts[d->to].c, &from, exact, d->len);
		}
		free(d);
	}
}

/* Until nothing moves any more, or so many ms have passed. */
static inline void fake_run(struct fake_net *net, int64_t ms)
{
	int64_t end = net->now_ms + ms, next;

	while ((next = fake_next(net)) <= end) {
		if (next > net->now_ms)
			net->now_ms = next;
		for (int i = 0; i < FAKE_HOSTS; i++) {
			if (net->hosts[i].c)
				mp_coap_tick(net->hosts[i].c, net->now_ms);
		}
		fake_deliver(net);
	}
	net->now_ms = end;
	for (int i = 0; i < FAKE_HOSTS; i++) {
		if (net->hosts[i].c)
			mp_coap_tick(net->hosts[i].c, net->now_ms);
	}
}

static inline void fake_done(struct fake_net *net)
{
	for (int i = 0; i < FAKE_HOSTS; i++) {
		mp_coap_free(net->hosts[i].c);
		net->hosts[i].c = NULL;
	}
	while (net->queue) {
		struct fake_datagram *d = net->queue;

		net->queue = d->next;
		free(d);
	}
}
/* ---- messages by hand ----
 *
 *     struct mp_coap_writer *w = fake_message(&raw, MP_COAP_CON, MP_COAP_GET, 7, "token");
 *     mp_coap_add_path(w, MP_COAP_URI_PATH, "a");
 *     fake_inject(&net, 2, 1, &raw);                 // host 2 says it to host 1
 */
struct fake_raw {
	uint8_t data[1500];
	struct mp_coap_writer w;
};

static inline struct mp_coap_writer *fake_message(struct fake_raw *raw, enum mp_coap_type type,
						  uint8_t code, uint16_t mid, const char *token)
{
	mp_coap_write(&raw->w, raw->data, sizeof(raw->data),
		      &(struct mp_coap_header){.type = type,
					       .code = code,
					       .mid = mid,
					       .token = (const uint8_t *)token,
					       .token_len = strlen(token)});
	return &raw->w;
}

static inline void fake_place(struct fake_net *net, int i)
{
	net->hosts[i].net = net;
	net->hosts[i].seen.address.ip[15] = 1;
	net->hosts[i].seen.address.port = (uint16_t)(1000 * FAKE_HOSTS + i);
}

static inline void fake_inject(struct fake_net *net, int from, int to, struct fake_raw *raw)
{
	int n = mp_coap_end(&raw->w);
	size_t at = sizeof(raw->data) - (size_t)(n > 0 ? n : 0);

	fake_place(net, from);
	net->hosts[to].last_len = 0;
	if (n < 0)
		return;
	memmove(raw->data + at, raw->data,
		(size_t)n); /* the sanitizers see what is read past its end */
	mp_coap_receive(net->hosts[to].c, fake_remote(net, from), raw->data + at, (size_t)n);
}

/* What host `i` sent last. 0: nothing since the last message by hand. */
static inline uint8_t fake_last(const struct fake_net *net, int i, struct mp_coap_message *ret)
{
	const struct fake_host *h = &net->hosts[i];

	*ret = (struct mp_coap_message){0};
	return h->last_len > 0 && mp_coap_decode(h->last, h->last_len, ret) == 0 ? ret->code : 0;
}

static inline uint32_t fake_option(const struct mp_coap_message *m, unsigned number)
{
	uint32_t n = 0;

	return mp_coap_find_uint(m, number, &n) == 1 ? n : UINT32_MAX;
}

#define FAKE_NET(name, ...) __attribute__((cleanup(fake_done))) struct fake_net name = {__VA_ARGS__}
