/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dtls/internal.h"

struct mp_dtls_session *mp_dtls_session_new(struct mp_dtls *d, const struct shape *shape)
{
	size_t tail = shape->text_len + 1 + (shape->local ? sizeof(*shape->local) : 0) +
		      (shape->has_cid ? MP_DTLS_CID_SIZE : 0) +
		      (shape->has_digest ? MP_DTLS_DIGEST : 0);
	/* Never less than the struct with its padding, which is copied as a whole. */
	size_t size = offsetof(struct mp_dtls_session, tail) + tail;
	struct mp_dtls_session *s =
		calloc(1, size < sizeof(struct mp_dtls_session) ? sizeof(*s) : size);

	if (!s)
		return NULL;
	s->d = d;
	s->has_local = shape->local != NULL;
	s->has_cid = shape->has_cid;
	s->has_digest = shape->has_digest;
	s->text_len = (uint8_t)shape->text_len;
	if (shape->local)
		memcpy(s->tail, shape->local, sizeof(*shape->local));
	return s;
}

const struct mp_net_address *mp_dtls_session_local(const struct mp_dtls_session *s)
{
	return s->has_local ? (const struct mp_net_address *)(const void *)s->tail : NULL;
}

uint8_t *mp_dtls_session_cid(struct mp_dtls_session *s)
{
	return s->tail + (s->has_local ? sizeof(struct mp_net_address) : 0);
}

uint8_t *mp_dtls_session_digest(struct mp_dtls_session *s)
{
	return mp_dtls_session_cid(s) + (s->has_cid ? MP_DTLS_CID_SIZE : 0);
}

char *mp_dtls_session_text(struct mp_dtls_session *s)
{
	return (char *)mp_dtls_session_digest(s) + (s->has_digest ? MP_DTLS_DIGEST : 0);
}

void mp_dtls_enter(struct mp_dtls *d)
{
	d->depth++;
}

void mp_dtls_leave(struct mp_dtls *d)
{
	if (--d->depth)
		return;
	while (d->dead) {
		struct mp_dtls_session *s = d->dead;

		d->dead = s->next;
		free(s);
	}
}

static void count_end(struct mp_dtls *d, const struct mp_dtls_session *s,
		      enum mp_dtls_reason reason)
{
	d->counters.ended[reason]++;
	if (s->state == PARKED)
		d->counters.parked_now--;
	if (s->state != SHAKING)
		d->counters.sessions_now--;
}

void mp_dtls_kill(struct mp_dtls_session *s, enum mp_dtls_reason reason, bool tell)
{
	struct mp_dtls *d = s->d;
	bool shaking = s->state == SHAKING;

	if (s->state == DEAD)
		return;
	count_end(d, s, reason);
	if (s->state == PARKED) {
		mp_dtls_parked_free(d, s->parked);
	} else {
		mp_dtls_list_remove(mp_dtls_list_of(s), s->live);
		mp_dtls_live_free(s->live);
	}
	mp_dtls_table_remove(&d->table, s);
	if (s->has_cid)
		mp_dtls_cid_take_back(&d->cids, mp_dtls_session_cid(s));
	s->state = DEAD;
	s->live = NULL;
	s->next = d->dead;
	d->dead = s;
	if (!tell)
		return;
	if (!shaking || s->client) {
		if (d->config.closed)
			d->config.closed(d->config.user, s, reason);
	} else if (d->config.refused) {
		d->config.refused(d->config.user, &s->address, reason);
	}
}

int mp_dtls_write(struct mp_dtls_session *s, const void *data, size_t len)
{
	struct mp_dtls *d = s->d;
	int r;

	if (s->state == SHAKING || s->state == DEAD)
		return s->state == DEAD ? -EPIPE : -ENOTCONN;
	if (len > mp_dtls_write_max(d))
		return -EMSGSIZE;
	mp_dtls_enter(d);
	if (s->state == PARKED) {
		r = mp_dtls_parked_send(s, MP_DTLS_DATA, data, len);
	} else {
		mp_dtls_touch(s);
		r = mp_dtls_backend_of(s)->write(s->live->context, data, len);
	}
	if (r == 0)
		d->counters.written++;
	else if (r != -ENOMEM)
		mp_dtls_kill(s, MP_DTLS_BROKEN, true);
	mp_dtls_leave(d);
	return r == 0 || r == -ENOMEM ? r : -EPIPE;
}

void mp_dtls_close(struct mp_dtls_session *s)
{
	static const uint8_t bye[2] = {MP_DTLS_WARNING, MP_DTLS_CLOSE_NOTIFY};
	struct mp_dtls *d = s->d;

	mp_dtls_enter(d);
	if (s->state == PARKED)
		(void)mp_dtls_parked_send(s, MP_DTLS_ALERT_RECORD, bye, sizeof(bye));
	else if (s->state != DEAD && s->state != SHAKING)
		mp_dtls_backend_of(s)->bye(s->live->context);
	mp_dtls_kill(s, MP_DTLS_CLOSED, false);
	mp_dtls_leave(d);
}

void mp_dtls_drop(struct mp_dtls_session *s)
{
	struct mp_dtls *d = s->d;

	mp_dtls_enter(d);
	mp_dtls_kill(s, MP_DTLS_CLOSED, false);
	mp_dtls_leave(d);
}

void mp_dtls_session_identity(const struct mp_dtls_session *s, struct mp_dtls_identity *ret)
{
	struct mp_dtls_session *of = (struct mp_dtls_session *)(uintptr_t)s;

	*ret = (struct mp_dtls_identity){.kind = (enum mp_dtls_kind)s->kind,
					 .text = mp_dtls_session_text(of),
					 .len = s->text_len,
					 .sha256 =
						 s->has_digest ? mp_dtls_session_digest(of) : NULL};
}

const struct mp_net_address *mp_dtls_session_address(const struct mp_dtls_session *s)
{
	return &s->address;
}

bool mp_dtls_session_is_established(const struct mp_dtls_session *s)
{
	return s->state != SHAKING && s->state != DEAD;
}

bool mp_dtls_session_is_client(const struct mp_dtls_session *s)
{
	return s->client;
}

bool mp_dtls_session_has_cid(const struct mp_dtls_session *s)
{
	return s->has_cid;
}

void *mp_dtls_session_user(const struct mp_dtls_session *s)
{
	return s->user;
}

void mp_dtls_session_set_user(struct mp_dtls_session *s, void *user)
{
	s->user = user;
}

struct mp_dtls *mp_dtls_session_dtls(const struct mp_dtls_session *s)
{
	return s->d;
}
