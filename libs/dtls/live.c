/* SPDX-License-Identifier: Apache-2.0
 * Contexts, the part of a session that costs tens of kilobytes. One lives from the ClientHello to the
 * peer's first record after the handshake: until then the last flight may have to be sent again. Sessions
 * that cannot do without theirs are the exception, and bounded. */
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

static void keep_context(struct mp_dtls_session *s)
{
	struct mp_dtls *d = s->d;

	mp_dtls_list_remove(mp_dtls_list_of(s), s->live);
	s->state = FIXED;
	s->live->used = d->now;
	mp_dtls_list_push(&d->fixed, s->live);
	while (d->fixed.count > d->config.fixed_max)
		mp_dtls_kill(d->fixed.last->link.session, MP_DTLS_CROWDED, true);
}

int mp_dtls_settle(struct mp_dtls_session *s)
{
	const struct mp_dtls_backend *b = mp_dtls_backend_of(s);
	uint8_t keys[MP_DTLS_KEYS_MAX];
	struct mp_dtls *d = s->d;
	struct parked *p = NULL;
	uint64_t next;
	int n = b->keep ? b->keep(s->live->context, keys, &next) : -ENOTSUP;

	if (n < 0) {
		keep_context(s);
		return -ENOTSUP;
	}
	p = mp_dtls_parked_new(d, keys, (size_t)n, next);
	explicit_bzero(keys, sizeof(keys));
	if (!p)
		return -ENOMEM;
	p->window = s->live->window;
	mp_dtls_list_remove(mp_dtls_list_of(s), s->live);
	mp_dtls_live_free(s->live);
	s->parked = p;
	s->state = PARKED;
	d->counters.parked_now++;
	return 0;
}

void mp_dtls_touch(struct mp_dtls_session *s)
{
	struct live *v = s->live;

	v->used = s->d->now;
	if (s->state != FIXED)
		return;
	mp_dtls_list_remove(&s->d->fixed, v);
	mp_dtls_list_push(&s->d->fixed, v);
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
