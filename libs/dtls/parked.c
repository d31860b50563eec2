/* SPDX-License-Identifier: Apache-2.0
 * Parked sessions: keys, the number of the next record, and the window of those that came.
 *
 * The invariant that CCM and GCM stand on: no number is used twice under a key. A session has one
 * counter, here; its context has ended before the counter is used, the counter goes up before
 * a record leaves, whatever becomes of it, and ends with the epoch. */
#include <errno.h>
#include <string.h>

#include "dtls/internal.h"

#define LAST_NUMBER (((uint64_t)2 << 48) - 2) /* the last but one of epoch 1: `next` stays in it */

struct parked *mp_dtls_parked_new(struct mp_dtls *d, const void *keys, size_t len, uint64_t next)
{
	struct parked *p = mp_dtls_pool_take(&d->pool, offsetof(struct parked, keys) + len);

	if (!p)
		return NULL;
	p->window = 0;
	p->next = next;
	p->len = (uint16_t)len;
	memcpy(p->keys, keys, len);
	return p;
}

void mp_dtls_parked_free(struct mp_dtls *d, struct parked *p)
{
	mp_dtls_pool_give(&d->pool, p, offsetof(struct parked, keys) + p->len);
}

int mp_dtls_parked_send(struct mp_dtls_session *s, uint8_t type, const void *data, size_t len)
{
	struct mp_dtls *d = s->d;
	struct parked *p = s->parked;
	uint64_t number = p->next;
	int n;

	if (number > LAST_NUMBER)
		return -EPIPE;
	p->next++;
	n = mp_dtls_backend_of(s)->seal(p->keys, type, number, data, len, d->out, sizeof(d->out));
	if (n < 0)
		return n;
	d->config.send(d->config.user, mp_dtls_session_local(s), &s->address, d->out, (size_t)n);
	return 0;
}
