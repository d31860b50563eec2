/* SPDX-License-Identifier: Apache-2.0
 * body.c - what lies here between two blocks of others' exchanges, within bounds
 *
 * Bodies stand in the order in which they last went on. Those at the beginning go when they have
 * stood still for too long, or when all together take too much. One that somebody works on is taken
 * out meanwhile, so that it cannot go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coap/parts.h"

#define SOURCE_COST ((size_t)16 << 10) /* of what lies elsewhere: most likely an open file */

static void count(struct mp_coap *c, struct body *b, size_t size)
{
	c->bodies.bytes += size - b->size;
	b->size = size;
}

struct body *mp_coap_body_new(struct mp_coap *c)
{
	struct body *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	ring_init(&b->in_order);
	count(c, b, sizeof(*b));
	c->bodies.count++;
	return b;
}

void mp_coap_body_end(struct mp_coap *c, struct body *b, bool whole)
{
	c->stats.bodies_dropped += !whole;
	c->bodies.count--;
	count(c, b, 0);
	if (b->has_sink && b->sink.done)
		b->sink.done(b->sink.user, whole);
	if (b->has_source && b->source.done)
		b->source.done(b->source.user);
	free(b->data);
	free(b);
}

static bool is_listed(const struct body *b)
{
	return b->in_order.next != &b->in_order;
}

void mp_coap_body_take(struct mp_coap *c, struct body *b)
{
	if (!is_listed(b))
		return;
	ring_remove(&b->in_order);
	mp_map_remove(&c->bodies.by_key, &b->by_key);
}

static struct body *oldest(struct mp_coap *c)
{
	struct node *n = c->bodies.oldest.next;

	return n == &c->bodies.oldest ? NULL : container_of(n, struct body, in_order);
}

static void drop(struct mp_coap *c, struct body *b)
{
	mp_coap_body_take(c, b);
	mp_coap_body_end(c, b, b->is_sent);
}

static void make_room(struct mp_coap *c)
{
	struct body *b;

	while (c->bodies.bytes > c->config.bodies_max && (b = oldest(c)))
		drop(c, b);
}

static int64_t end_of(const struct mp_coap *c, const struct body *b)
{
	return b->touched_ms + (int64_t)c->config.bodies_seconds * 1000;
}

static void bodies_fire(struct timer *t);

static void set_timer(struct mp_coap *c)
{
	struct body *b = oldest(c);

	if (b && !c->bodies.timer.at)
		mp_coap_timer_set(&c->wheel, &c->bodies.timer, end_of(c, b), bodies_fire);
}

static void bodies_fire(struct timer *t)
{
	struct mp_coap *c = container_of(t, struct mp_coap, bodies.timer);
	struct body *b;

	while ((b = oldest(c)) && end_of(c, b) <= c->now_ms)
		drop(c, b);
	set_timer(c);
}

int mp_coap_body_add(struct mp_coap *c, struct body *b, const void *data, size_t len)
{
	size_t room = b->room ? b->room : 2048;
	uint8_t *grown;

	while (room < b->len + len)
		room *= 2;
	if (room > b->room) {
		grown = realloc(b->data, room);
		if (!grown)
			return -ENOMEM;
		b->data = grown;
		b->room = room;
		count(c, b, sizeof(*b) + room);
	}
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	make_room(c);
	return 0;
}

struct body *mp_coap_body_find(struct mp_coap *c, uint64_t key)
{
	struct mp_map_link *l = mp_map_find(&c->bodies.by_key, key);

	return l ? container_of(l, struct body, by_key) : NULL;
}

/* One that has been sent goes first: it is there for a peer that asks for its last block again. */
void mp_coap_body_keep(struct mp_coap *c, struct body *b, uint64_t key)
{
	struct body *other;

	while ((other = mp_coap_body_find(c, key)))
		drop(c, other);
	if (b->has_source)
		count(c, b, sizeof(*b) + SOURCE_COST);
	b->touched_ms = c->now_ms;
	mp_map_add(&c->bodies.by_key, &b->by_key, key);
	ring_append(b->is_sent ? c->bodies.oldest.next : &c->bodies.oldest, &b->in_order);
	set_timer(c);
	make_room(c);
}

void mp_coap_bodies_done(struct mp_coap *c)
{
	struct body *b;

	while ((b = oldest(c)))
		drop(c, b);
	mp_coap_timer_stop(&c->wheel, &c->bodies.timer);
}
