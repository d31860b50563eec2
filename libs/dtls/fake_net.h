/* SPDX-License-Identifier: Apache-2.0
 * fake_net.h - for tests: ends of DTLS on a network that loses, repeats and reorders, with a clock
 * of its own, that sees when a record number is used twice
 *
 *     struct fake_net n = {.loss = 40};
 *     struct fake_end server, client;
 *     ASSERT_OK(fake_end_open(&n, &server, 1, &config));
 *     ...
 *     fake_run(&n, 30000);
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "dtls/dtls.h"
#include "dtls/wire.h"

#define FAKE_ENDS 8
#define FAKE_PACKETS 512
#define FAKE_NUMBERS 4096

struct fake_packet {
	int64_t at;
	struct mp_net_address from, to;
	size_t len;
	uint8_t data[MP_DTLS_MTU + 64];
};

struct fake_end;
struct fake_net {
	int64_t now;
	unsigned loss, repeat, late; /* per cent; `late` packets take up to 300 ms longer */
	uint64_t seed;
	struct fake_end *ends[FAKE_ENDS];
	struct fake_packet packets[FAKE_PACKETS];
	size_t count;
	bool (*drop)(struct fake_net *n, const struct fake_packet *p); /* may be NULL */
	unsigned sent, lost;
	struct fake_packet last[2]; /* the last data record to the end of port 1, from it */
	uint64_t numbers[FAKE_NUMBERS]; /* of encrypted records, with the ports on top */
	size_t numbers_count;
	unsigned repeated; /* numbers used twice by one sender since fake_forget() */
};

struct fake_end {
	struct fake_net *net;
	struct mp_dtls *d;
	struct mp_net_address address;
	struct mp_dtls_session *session; /* the newest; NULL after its end */
	bool echo;
	unsigned established, closed, refused, restored, moved, got;
	enum mp_dtls_reason reason;
	char text[128]; /* the last data */
	char who[MP_DTLS_IDENTITY_MAX + 1];
};

static inline unsigned fake_dice(struct fake_net *n, unsigned sides)
{
	n->seed = n->seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(n->seed >> 33) % sides;
}

static inline struct mp_net_address fake_address(uint16_t port)
{
	struct mp_net_address a = {.ip = {[10] = 255, [11] = 255, [12] = 127, [15] = 1}};

	a.port = port;
	return a;
}

static inline void fake_forget(struct fake_net *n)
{
	n->numbers_count = 0;
}

/* Remember the numbers of all encrypted records in it. */
static inline void fake_watch(struct fake_net *n, const struct fake_packet *p)
{
	const uint8_t *data = p->data;
	size_t len = p->len;
	struct mp_dtls_record r;

	while (mp_dtls_record_next(&data, &len, &r) == 0) {
		uint64_t number = (uint32_t)r.number | (uint64_t)p->from.port << 48 |
				  (uint64_t)p->to.port << 32;

		if (mp_dtls_record_epoch(&r) == 0)
			continue;
		if (r.type == MP_DTLS_DATA || r.type == MP_DTLS_WITH_CID)
			n->last[p->from.port == 1] = *p;
		for (size_t i = 0; i < n->numbers_count; i++)
			n->repeated += n->numbers[i] == number;
		if (n->numbers_count < FAKE_NUMBERS)
			n->numbers[n->numbers_count++] = number;
	}
}

static inline void fake_put(struct fake_net *n, const struct fake_packet *p)
{
	struct fake_packet *to = &n->packets[n->count];

	if (n->count == FAKE_PACKETS)
		return;
	n->count++;
	*to = *p;
	to->at = n->now + 10;
	if (n->late && fake_dice(n, 100) < n->late)
		to->at += 1 + fake_dice(n, 300);
}

static inline void fake_send(void *user, const struct mp_net_address *local,
			     const struct mp_net_address *to, const void *data, size_t len)
{
	struct fake_end *e = user;
	struct fake_net *n = e->net;
	struct fake_packet p = {.from = local ? *local : e->address, .to = *to, .len = len};

	if (len > sizeof(p.data))
		abort();
	memcpy(p.data, data, len);
	n->sent++;
	fake_watch(n, &p);
	if ((n->drop && n->drop(n, &p)) || (n->loss && fake_dice(n, 100) < n->loss)) {
		n->lost++;
		return;
	}
	fake_put(n, &p);
	if (n->repeat && fake_dice(n, 100) < n->repeat)
		fake_put(n, &p);
}

static inline void fake_deliver(void *user, struct mp_dtls_session *s, const void *data, size_t len)
{
	struct fake_end *e = user;
	size_t n = len < sizeof(e->text) ? len : sizeof(e->text) - 1;

	e->got++;
	e->session = s;
	memcpy(e->text, data, n);
	e->text[n] = '\0';
	if (e->echo)
		(void)mp_dtls_write(s, data, len);
}

static inline void fake_established(void *user, struct mp_dtls_session *s)
{
	struct fake_end *e = user;
	struct mp_dtls_identity who;

	mp_dtls_session_identity(s, &who);
	memcpy(e->who, who.text, who.len + 1);
	e->established++;
	e->session = s;
}

static inline void fake_closed(void *user, struct mp_dtls_session *s, enum mp_dtls_reason reason)
{
	struct fake_end *e = user;

	e->closed++;
	e->reason = reason;
	if (e->session == s)
		e->session = NULL;
}

static inline void fake_refused(void *user, const struct mp_net_address *from,
				enum mp_dtls_reason reason)
{
	struct fake_end *e = user;

	(void)from;
	e->refused++;
	e->reason = reason;
}

static inline void fake_restored(void *user, struct mp_dtls_session *s)
{
	struct fake_end *e = user;

	e->restored++;
	e->session = s;
}

static inline void fake_moved(void *user, struct mp_dtls_session *s)
{
	struct fake_end *e = user;

	(void)s;
	e->moved++;
}

/* Functions and user of `config` are set here. The end keeps its place until fake_close(). */
static inline int fake_open(struct fake_net *n, struct fake_end *e, uint16_t port,
			    struct mp_dtls_config config)
{
	int r;

	*e = (struct fake_end){.net = n, .address = fake_address(port)};
	config.send = fake_send;
	config.deliver = fake_deliver;
	config.established = fake_established;
	config.closed = fake_closed;
	config.refused = fake_refused;
	config.restored = fake_restored;
	config.moved = fake_moved;
	config.user = e;
	r = mp_dtls_new(&config, n->now, &e->d, NULL);
	if (r < 0)
		return r;
	for (int i = 0; i < FAKE_ENDS; i++) {
		if (n->ends[i])
			continue;
		n->ends[i] = e;
		return 0;
	}
	abort();
}

static inline void fake_close(struct fake_end *e)
{
	for (int i = 0; i < FAKE_ENDS; i++)
		if (e->net && e->net->ends[i] == e)
			e->net->ends[i] = NULL;
	mp_dtls_free(e->d);
	e->d = NULL;
}

static inline void fake_arrive(struct fake_net *n, const struct fake_packet *p)
{
	for (int i = 0; i < FAKE_ENDS; i++) {
		struct fake_end *e = n->ends[i];

		if (e && mp_net_address_is_equal(&e->address, &p->to)) {
			mp_dtls_tick(e->d, n->now);
			mp_dtls_receive(e->d, &p->from, NULL, p->data, p->len);
		}
	}
}

static inline int64_t fake_next(const struct fake_net *n)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < n->count; i++)
		if (n->packets[i].at < at)
			at = n->packets[i].at;
	for (int i = 0; i < FAKE_ENDS; i++)
		if (n->ends[i] && mp_dtls_next_ms(n->ends[i]->d) < at)
			at = mp_dtls_next_ms(n->ends[i]->d);
	return at;
}

/* Let so much time pass. */
static inline void fake_run(struct fake_net *n, int64_t ms)
{
	int64_t until = n->now + ms, at;

	while ((at = fake_next(n)) <= until) {
		n->now = at > n->now ? at : n->now;
		for (int i = 0; i < FAKE_ENDS; i++)
			if (n->ends[i])
				mp_dtls_tick(n->ends[i]->d, n->now);
		for (size_t i = 0; i < n->count;) {
			struct fake_packet p = n->packets[i];

			if (p.at > n->now) {
				i++;
				continue;
			}
			memmove(&n->packets[i], &n->packets[i + 1],
				(--n->count - i) * sizeof(*n->packets));
			fake_arrive(n, &p);
		}
	}
	n->now = until;
	for (int i = 0; i < FAKE_ENDS; i++)
		if (n->ends[i])
			mp_dtls_tick(n->ends[i]->d, n->now);
}

/* Records of random types, epochs, numbers and bytes to both ends, from each other's addresses. Both
 * must have heard data before. */
static inline void fake_noise(struct fake_net *n, struct fake_end *server, struct fake_end *client,
			      unsigned count)
{
	while (count--) {
		struct fake_packet p = n->last[count % 2];
		unsigned body = fake_dice(n, 120);

		p.len = 13u + body;
		p.data[0] = (uint8_t)(MP_DTLS_CHANGE_CIPHER_SPEC + fake_dice(n, 7));
		p.data[4] = (uint8_t)fake_dice(n, 3); /* epoch */
		p.data[9] = (uint8_t)fake_dice(n, 256);
		p.data[12] = (uint8_t)body;
		for (unsigned i = 13; i < p.len; i++)
			p.data[i] = (uint8_t)fake_dice(n, i == 13 ? 24 : 256);
		mp_dtls_receive(count % 2 ? client->d : server->d, &p.from, NULL, p.data, p.len);
	}
}
