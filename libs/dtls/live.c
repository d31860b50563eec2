/* SPDX-License-Identifier: Apache-2.0
 * Contexts, the part of a session that costs tens of kilobytes: a cache of those in use, the most
 * lately used first; the last ones are parked.
 *
 * A parked session's bytes must be in one place alone: loaded twice, they would make two records of
 * one number, which is fatal for CCM and GCM. A revived context is on probation at first: until it
 * has read something genuine or sent anything, the bytes stand and it is thrown away; from then on
 * (mp_dtls_keep) the bytes are void. So a forged record costs a load and changes nothing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dtls/internal.h"

void mp_dtls_list_push(struct list *l, struct live *v)
{
	v->prev = NULL;
	v->next = l->first;
	if (l->first)
		l->first->prev = v;
	else
		l->last = v;
	l->first = v;
	l->count++;
}

void mp_dtls_list_remove(struct list *l, struct live *v)
{
	if (l->cursor == v)
		l->cursor = v->prev;
	*(v->prev ? &v->prev->next : &l->first) = v->next;
	*(v->next ? &v->next->prev : &l->last) = v->prev;
	l->count--;
}

struct list *mp_dtls_list_of(struct mp_dtls_session *s)
{
	switch ((enum state)s->state) {
	case SHAKING:
	case FRESH:
		return &s->d->shaking;
	case LIVE:
		return &s->d->lively;
	case FIXED:
		return &s->d->fixed;
	case PARKED:
	case DEAD:
		break;
	}
	return NULL;
}

const struct mp_dtls_backend *mp_dtls_backend_of(const struct mp_dtls_session *s)
{
	return s->d->backends[s->engine];
}

struct live *mp_dtls_live_new(struct mp_dtls_session *s)
{
	struct live *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->link.session = s;
	v->link.timer_at = INT64_MAX;
	v->link.reason = MP_DTLS_BROKEN;
	v->used = s->d->now;
	return v;
}

void mp_dtls_live_free(struct live *v)
{
	if (v->context)
		mp_dtls_backend_of(v->link.session)->end(v->context);
	free(v);
}

static void move(struct mp_dtls_session *s, enum state state)
{
	struct list *from = mp_dtls_list_of(s);

	if (from)
		mp_dtls_list_remove(from, s->live);
	s->state = (uint8_t)state;
	s->live->used = s->d->now;
	mp_dtls_list_push(mp_dtls_list_of(s), s->live);
}

/* The longest idle ones go where they cost less. */
static void trim(struct mp_dtls *d)
{
	while (d->lively.count > d->config.live_max) {
		struct mp_dtls_session *s = d->lively.last->link.session;

		if (mp_dtls_park(s) == -EBUSY)
			break;
	}
	while (d->fixed.count > d->config.fixed_max)
		mp_dtls_kill(d->fixed.last->link.session, MP_DTLS_CROWDED, true);
}

void mp_dtls_settle(struct mp_dtls_session *s)
{
	move(s, mp_dtls_backend_of(s)->save ? LIVE : FIXED);
	trim(s->d);
}

struct parked *mp_dtls_parked_new(struct mp_dtls *d, const void *bytes, size_t len)
{
	struct parked *p = mp_dtls_pool_take(&d->pool, offsetof(struct parked, bytes) + len);

	if (!p)
		return NULL;
	p->window = 0;
	p->len = (uint16_t)len;
	memcpy(p->bytes, bytes, len);
	return p;
}

void mp_dtls_parked_free(struct mp_dtls *d, struct parked *p)
{
	mp_dtls_pool_give(&d->pool, p, offsetof(struct parked, bytes) + p->len);
}

static int save(struct mp_dtls_session *s)
{
	struct mp_dtls *d = s->d;
	struct parked *p;
	int n = mp_dtls_backend_of(s)->save(s->live->context, d->blob, sizeof(d->blob));

	if (n < 0)
		return n;
	p = mp_dtls_parked_new(d, d->blob, (size_t)n);
	explicit_bzero(d->blob, (size_t)n);
	if (!p)
		return -ENOMEM;
	p->window = s->live->window;
	mp_dtls_list_remove(mp_dtls_list_of(s), s->live);
	mp_dtls_live_free(s->live);
	s->parked = p;
	s->state = PARKED;
	d->counters.parked++;
	d->counters.parked_now++;
	return 0;
}

int mp_dtls_park(struct mp_dtls_session *s)
{
	int r = save(s);

	if (r == -EBUSY)
		move(s, LIVE); /* to the front: another time */
	else if (r == -ENOTSUP)
		move(s, FIXED);
	else if (r < 0) /* its context has been given up by save() */
		mp_dtls_kill(s, MP_DTLS_BROKEN, true);
	return r;
}

int mp_dtls_revive(struct mp_dtls_session *s, struct live **ret)
{
	struct live *v;
	int r;

	if (s->state != PARKED) {
		*ret = s->live;
		return 0;
	}
	v = mp_dtls_live_new(s);
	if (!v)
		return -ENOMEM;
	r = mp_dtls_backend_of(s)->load(s->d->engines[s->engine], &v->link, s->client,
					s->parked->bytes, s->parked->len, &v->context);
	if (r < 0) {
		mp_dtls_live_free(v);
		if (r != -ENOMEM)
			mp_dtls_kill(s, MP_DTLS_STALE, true);
		return r;
	}
	v->window = s->parked->window;
	s->d->counters.revived++;
	*ret = v;
	return 0;
}

void mp_dtls_revert(struct mp_dtls_session *s, struct live *v)
{
	if (s->state == PARKED)
		mp_dtls_live_free(v);
}

void mp_dtls_keep(struct mp_dtls_session *s, struct live *v)
{
	if (s->state == PARKED) {
		mp_dtls_parked_free(s->d, s->parked);
		s->live = v;
		s->state = LIVE;
		v->used = s->d->now;
		mp_dtls_list_push(&s->d->lively, v);
		s->d->counters.parked_now--;
	} else if (s->state == LIVE || s->state == FIXED) {
		move(s, (enum state)s->state);
	}
	trim(s->d);
}

int mp_dtls_link_take(struct mp_dtls_link *l, void *buf, size_t size)
{
	size_t len = l->in_len;

	if (!l->in)
		return -EAGAIN;
	if (len > size)
		len = size; /* then it will not verify */
	memcpy(buf, l->in, len);
	l->in = NULL;
	return (int)len;
}

void mp_dtls_link_send(struct mp_dtls_link *l, const void *data, size_t len)
{
	struct mp_dtls_session *s = l->session;
	const struct mp_dtls_config *c = &s->d->config;

	l->sent = true;
	c->send(c->user, mp_dtls_session_local(s), &s->address, data, len);
}

int64_t mp_dtls_link_now(const struct mp_dtls_link *l)
{
	return l->session->d->now;
}
