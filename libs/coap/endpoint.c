/* SPDX-License-Identifier: Apache-2.0
 * endpoint.c - a message comes in and is dealt out */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "coap/parts.h"

static void set_defaults(struct mp_coap_config *c)
{
	c->ack_timeout_ms = c->ack_timeout_ms ? c->ack_timeout_ms : 2000;
	c->max_retransmit = c->max_retransmit ? c->max_retransmit : 4;
	c->nstart = c->nstart ? c->nstart : 1;
	c->waiting_max = c->waiting_max ? c->waiting_max : 64;
	c->body_max = c->body_max ? c->body_max : 1 << 20;
	c->bodies_max = c->bodies_max ? c->bodies_max : 16 << 20;
	c->bodies_seconds = c->bodies_seconds ? c->bodies_seconds : 120;
	c->replies_max = c->replies_max ? c->replies_max : 65536;
}

static int make_tables(struct mp_coap *c)
{
	struct mp_map *maps[] = {&c->peers, &c->sessions, &c->mids, &c->tokens, &c->bodies.by_key};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		if (mp_map_init(maps[i]) < 0)
			return -ENOMEM;
	}
	if (c->config.want_echo) {
		c->proven = calloc(PROVEN_MAX, sizeof(*c->proven));
		if (!c->proven)
			return -ENOMEM;
	}
	return mp_coap_replies_init(&c->replies, c->config.replies_max);
}

static void drop_tables(struct mp_coap *c)
{
	struct mp_map *maps[] = {&c->peers, &c->sessions, &c->mids, &c->tokens, &c->bodies.by_key};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		mp_map_done(maps[i]);
	mp_coap_replies_done(&c->replies);
	free(c->proven);
	free(c);
}

int mp_coap_new(const struct mp_coap_config *config, struct mp_coap **ret)
{
	struct mp_coap *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->config = *config;
	set_defaults(&c->config);
	c->now_ms = config->now_ms;
	mp_coap_wheel_init(&c->wheel, c->now_ms);
	ring_init(&c->laters);
	ring_init(&c->bodies.oldest);
	mp_coap_random(c, &c->seed, sizeof(c->seed));
	for (unsigned i = 0; i < MIDS; i++)
		c->next_mid[i] = (uint16_t)mp_siphash_quick(&c->seed, &i, sizeof(i));
	if (make_tables(c) < 0) {
		drop_tables(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

static struct job *any_job(struct mp_coap *c)
{
	struct mp_map_link *l = mp_map_any(&c->peers);

	/* A peer is there only for its jobs, when nobody waits for later. */
	return l ? mp_coap_peer_first_job(container_of(l, struct peer, by_identity)) : NULL;
}

void mp_coap_free(struct mp_coap *c)
{
	struct job *j;

	if (!c)
		return;
	c->is_closing = true;
	mp_coap_laters_done(c);
	while ((j = any_job(c)))
		j->kind->failed(j, MP_COAP_CANCELED);
	mp_coap_bodies_done(c);
	drop_tables(c);
}

/* Many small questions are one call of the kernel. */
void mp_coap_random(struct mp_coap *c, void *data, size_t len)
{
	if (len > c->spare_len) {
		if (c->config.random)
			c->config.random(c->config.user, c->spare, sizeof(c->spare));
		else
			(void)!getrandom(c->spare, sizeof(c->spare), 0);
		c->spare_len = sizeof(c->spare);
	}
	c->spare_len -= len;
	memcpy(data, c->spare + c->spare_len, len);
}

void mp_coap_transmit(struct mp_coap *c, const struct mp_coap_remote *to, const void *data,
		      size_t len)
{
	c->stats.sent++;
	c->config.send(c->config.user, to, data, len);
}

static void send_empty(struct mp_coap *c, const struct mp_coap_remote *to, enum mp_coap_type type,
		       uint16_t mid)
{
	struct mp_coap_writer w;
	uint8_t out[4];

	mp_coap_write(&w, out, sizeof(out), &(struct mp_coap_header){.type = type, .mid = mid});
	if (mp_coap_end(&w) == sizeof(out))
		mp_coap_transmit(c, to, out, sizeof(out));
	c->stats.resets += type == MP_COAP_RST;
}

void mp_coap_answer_empty(struct mp_coap *c, const struct incoming *in, enum mp_coap_type type)
{
	uint8_t bytes[4] = {(uint8_t)(0x40 | type << 4), 0, (uint8_t)(in->m->mid >> 8),
			    (uint8_t)in->m->mid};

	if (in->from->is_reliable)
		return;
	send_empty(c, in->from, type, in->m->mid);
	if (in->m->type == MP_COAP_CON)
		mp_coap_replies_put(&c->replies, in->key, in->fingerprint, c->now_ms, bytes,
				    sizeof(bytes));
}

/* An empty message: a ping, an acknowledgement, a reset. */
static void receive_empty(struct mp_coap *c, const struct incoming *in)
{
	const struct mp_coap_message *m = in->m;
	struct job *j = in->peer ? mp_coap_job_find(c, in->peer, m->mid) : NULL;

	if (m->type == MP_COAP_CON) {
		send_empty(c, in->from, MP_COAP_RST, m->mid);
	} else if (m->type == MP_COAP_RST && j && j->state >= JOB_SENT) {
		mp_coap_job_settle(j);
		j->kind->failed(j, MP_COAP_WAS_RESET);
	} else if (m->type == MP_COAP_ACK && j && j->state == JOB_SENT && j->is_confirmable) {
		mp_coap_job_settle(j);
		j->kind->acknowledged(j);
	}
}

static void receive_malformed(struct mp_coap *c, const struct mp_coap_remote *from,
			      const void *data, size_t len)
{
	enum mp_coap_type type;
	uint16_t mid;

	c->stats.malformed++;
	if (mp_coap_peek(data, len, &type, &mid) == 0 && type == MP_COAP_CON)
		send_empty(c, from, MP_COAP_RST, mid);
}

static bool is_duplicate(struct mp_coap *c, const struct incoming *in)
{
	const uint8_t *reply;
	size_t len;

	switch (mp_coap_replies_find(&c->replies, in->key, in->fingerprint, c->now_ms, &reply,
				     &len)) {
	case REPLY_NEW:
		return false;
	case REPLY_TOO_LONG: /* only what may be served twice is not kept */
		c->stats.duplicates++;
		return in->m->type != MP_COAP_CON;
	case REPLY_KNOWN:
		c->stats.duplicates++;
		if (in->m->type == MP_COAP_CON)
			mp_coap_transmit(c, in->from, reply, len);
	}
	return true;
}

static void deal_out(struct mp_coap *c, const struct incoming *in)
{
	const struct mp_coap_message *m = in->m;
	unsigned class = mp_coap_class(m->code);

	if (m->code == MP_COAP_EMPTY) {
		receive_empty(c, in);
	} else if (mp_coap_is_request(m->code) && m->type <= MP_COAP_NON) {
		if (in->from->is_reliable || !is_duplicate(c, in))
			mp_coap_request_receive(c, in);
	} else if (class == 2 || class == 4 || class == 5) {
		if (m->type == MP_COAP_ACK || in->from->is_reliable ||
		    (m->type != MP_COAP_RST && !is_duplicate(c, in)))
			mp_coap_response_receive(c, in);
	} else { /* of a stream: as datagrams they are malformed */
		c->stats.malformed++;
	}
}

static void receive(struct mp_coap *c, struct incoming *in)
{
	if (c->config.received)
		c->config.received(c->config.user, in->from, in->m);
	in->remote_hash = mp_coap_remote_hash(c, in->from);
	in->key = in->remote_hash + in->m->mid * 0x9e3779b97f4a7c15;
	/* The scope of message ids is the session (RFC 7252 section 9.1.1): a device that was restarted may
	 * begin with the same ones. */
	if (in->from->identity)
		in->key ^= (uint64_t)(uintptr_t)in->from->session * 0xd6e8feb86659fd93;
	in->peer = mp_coap_peer_find(c, in->from, in->remote_hash);
	if (in->peer) {
		in->peer->references++;
		mp_coap_peer_heard(c, in->peer, in->from);
	}
	deal_out(c, in);
	if (in->peer)
		mp_coap_peer_unref(c, in->peer);
}

void mp_coap_receive(struct mp_coap *c, const struct mp_coap_remote *from, const void *data,
		     size_t len)
{
	struct mp_coap_message m;
	struct incoming in = {.from = from, .m = &m, .len = len};
	int r = mp_coap_decode(data, len, &m);

	c->stats.received++;
	if (r == -ENOTSUP) {
		c->stats.malformed++;
		return;
	}
	if (r < 0) {
		receive_malformed(c, from, data, len);
		return;
	}
	in.fingerprint = (uint32_t)(mp_siphash_quick(&c->seed, data, len < 96 ? len : 96) + len);
	receive(c, &in);
}

void mp_coap_receive_message(struct mp_coap *c, const struct mp_coap_remote *from,
			     const struct mp_coap_message *m)
{
	struct incoming in = {.from = from, .m = m, .len = SIZE_MAX};

	c->stats.received++;
	receive(c, &in);
}

void mp_coap_tick(struct mp_coap *c, int64_t now_ms)
{
	if (now_ms > c->now_ms)
		c->now_ms = now_ms;
	mp_coap_wheel_turn(&c->wheel, c->now_ms);
}

int64_t mp_coap_now(const struct mp_coap *c)
{
	return c->now_ms;
}

int64_t mp_coap_next_ms(const struct mp_coap *c)
{
	return mp_coap_wheel_next(&c->wheel);
}

void mp_coap_stats(const struct mp_coap *c, struct mp_coap_stats *ret)
{
	*ret = c->stats;
	ret->exchanges_open = c->tokens.count;
	ret->remotes = c->peers.count;
	ret->bodies = c->bodies.count;
	ret->body_bytes = c->bodies.bytes;
}
