/* SPDX-License-Identifier: Apache-2.0
 * peer.c - the remotes that we have something to do with
 *
 * A peer is made for work of ours alone and ends with the last of it, so that no datagram can make
 * one. It is found by its identity, or its session, or its address, whichever it has first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "coap/parts.h"

bool mp_coap_remote_is_same(const struct mp_coap_remote *a, const struct mp_coap_remote *b)
{
	if (a->identity && b->identity)
		return mp_streq(a->identity, b->identity);
	if (a->session || b->session)
		return a->session == b->session;
	return mp_net_address_is_equal(&a->address, &b->address) &&
	       mp_net_address_is_equal(&a->local, &b->local);
}

uint64_t mp_coap_remote_hash(const struct mp_coap *c, const struct mp_coap_remote *r)
{
	uint8_t bytes[36];

	if (r->identity)
		return mp_siphash_quick(&c->seed, r->identity, strlen(r->identity));
	if (r->session)
		return mp_siphash_quick(&c->seed, &r->session, sizeof(r->session));
	memcpy(bytes, r->address.ip, 16);
	memcpy(bytes + 16, &r->address.port, 2);
	memcpy(bytes + 18, r->local.ip, 16);
	memcpy(bytes + 34, &r->local.port, 2);
	return mp_siphash_quick(&c->seed, bytes, sizeof(bytes));
}

uint16_t mp_coap_mid(struct mp_coap *c, const struct mp_coap_remote *r)
{
	return ++c->next_mid[mp_coap_remote_hash(c, r) % MIDS];
}

struct peer *mp_coap_peer_find(struct mp_coap *c, const struct mp_coap_remote *r, uint64_t hash)
{
	if (!c->peers.count)
		return NULL;
	for (struct mp_map_link *l = mp_map_find(&c->peers, hash); l; l = mp_map_next(l)) {
		struct peer *p = container_of(l, struct peer, by_identity);

		if (!p->remote.identity == !r->identity && mp_coap_remote_is_same(&p->remote, r))
			return p;
	}
	return NULL;
}

static void set_session(struct mp_coap *c, struct peer *p, void *session)
{
	if (p->has_session_link)
		mp_map_remove(&c->sessions, &p->by_session);
	p->has_session_link = session != NULL;
	p->remote.session = session;
	if (session)
		mp_map_add(&c->sessions, &p->by_session,
			   mp_siphash_quick(&c->seed, &session, sizeof(session)));
}

void mp_coap_peer_heard(struct mp_coap *c, struct peer *p, const struct mp_coap_remote *from)
{
	bool was_away = mp_coap_peer_is_away(p);

	p->heard_ms = c->now_ms;
	p->remote.address = from->address;
	p->remote.local = from->local;
	p->remote.is_reliable = from->is_reliable;
	if (p->remote.session == from->session)
		return;
	set_session(c, p, from->session);
	if (was_away)
		mp_coap_peer_go_on(c, p);
}

struct peer *mp_coap_peer_get(struct mp_coap *c, const struct mp_coap_remote *r)
{
	uint64_t hash = mp_coap_remote_hash(c, r);
	struct peer *p = mp_coap_peer_find(c, r, hash);
	size_t len = r->identity ? strlen(r->identity) + 1 : 0;

	if (p) {
		if (r->session && r->session != p->remote.session)
			mp_coap_peer_heard(c, p, r);
		p->references++;
		return p;
	}
	p = calloc(1, sizeof(*p) + len);
	if (!p)
		return NULL;
	p->remote = *r;
	p->remote.session = NULL;
	if (len)
		p->remote.identity = memcpy(p->identity, r->identity, len);
	ring_init(&p->waiting);
	ring_init(&p->running);
	p->serial = ++c->serial;
	p->references = 1;
	mp_map_add(&c->peers, &p->by_identity, hash);
	set_session(c, p, r->session);
	return p;
}

void mp_coap_peer_unref(struct mp_coap *c, struct peer *p)
{
	if (--p->references > 0)
		return;
	set_session(c, p, NULL);
	mp_map_remove(&c->peers, &p->by_identity);
	free(p);
}

bool mp_coap_peer_is_away(const struct peer *p)
{
	return p->remote.identity && !p->remote.session;
}

static struct peer *peer_of_session(struct mp_coap *c, void *session)
{
	uint64_t hash = mp_siphash_quick(&c->seed, &session, sizeof(session));

	for (struct mp_map_link *l = mp_map_find(&c->sessions, hash); l; l = mp_map_next(l)) {
		struct peer *p = container_of(l, struct peer, by_session);

		if (p->remote.session == session)
			return p;
	}
	return NULL;
}

void mp_coap_session_gone(struct mp_coap *c, void *session)
{
	struct peer *p;

	while ((p = peer_of_session(c, session))) {
		p->references++;
		p->is_gone = !p->remote.identity;
		set_session(c, p, NULL);
		mp_coap_peer_away(c, p);
		mp_coap_peer_unref(c, p);
	}
}

static void rename_peer(struct mp_coap *c, struct peer *p, const struct mp_coap_remote *now)
{
	mp_map_remove(&c->peers, &p->by_identity);
	mp_map_add(&c->peers, &p->by_identity, mp_coap_remote_hash(c, now));
}

void mp_coap_move(struct mp_coap *c, const struct mp_coap_remote *before,
		  const struct mp_coap_remote *now)
{
	struct peer *p = mp_coap_peer_find(c, before, mp_coap_remote_hash(c, before));
	struct peer *other = mp_coap_peer_find(c, now, mp_coap_remote_hash(c, now));
	struct job *j;

	if (!p || !before->identity != !now->identity)
		return;
	if (!other)
		rename_peer(c, p, now);
	p->references++;
	mp_coap_peer_heard(c, p, now);
	while (other && other != p && (j = mp_coap_peer_first_job(p)))
		mp_coap_job_move(j, other);
	if (other && other != p)
		mp_coap_peer_go_on(c, other);
	mp_coap_peer_unref(c, p);
}
