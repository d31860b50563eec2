/* SPDX-License-Identifier: Apache-2.0
 * What happens by itself: retransmissions, time-outs, the end of sessions long silent. */
#include "dtls/internal.h"

#define SWEEP_MS 1000
#define SWEEPS 16 /* that see every session once */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void run_handshakes(struct mp_dtls *d)
{
	struct list *l = &d->shaking;

	if (d->now < d->due)
		return;
	d->due = INT64_MAX;
	/* The cursor steps aside when what it stands on goes. */
	for (struct live *v = l->last; v; v = l->cursor) {
		l->cursor = v->prev;
		if (v->deadline <= d->now) {
			mp_dtls_kill(v->link.session, MP_DTLS_TIMEOUT, true);
		} else if (v->link.timer_at <= d->now) {
			mp_dtls_shake(v->link.session);
		} else {
			d->due = least(d->due, least(v->deadline, v->link.timer_at));
		}
	}
	l->cursor = NULL;
}

static bool is_silent(const struct mp_dtls_session *s)
{
	return s->state != SHAKING &&
	       s->d->now / 1000 - s->heard >= (int64_t)s->d->config.session_seconds;
}

static void sweep_bucket(struct mp_dtls *d, size_t i)
{
	struct mp_dtls_session *s = d->table.buckets[i];

	while (s) {
		if (is_silent(s)) {
			mp_dtls_kill(s, MP_DTLS_IDLE, true);
			s = d->table.buckets[i]; /* closed() may have ended others */
		} else {
			s = s->next;
		}
	}
}

static void sweep(struct mp_dtls *d)
{
	size_t n = d->table.mask / SWEEPS + 1;

	if (d->config.session_seconds == 0 || d->now - d->swept < SWEEP_MS)
		return;
	d->swept = d->now;
	while (n--) {
		d->sweep = (d->sweep + 1) & d->table.mask;
		sweep_bucket(d, d->sweep);
	}
}

void mp_dtls_tick(struct mp_dtls *d, int64_t now_ms)
{
	if (now_ms > d->now)
		d->now = now_ms;
	if (d->ended)
		return;
	mp_dtls_enter(d);
	run_handshakes(d);
	sweep(d);
	mp_dtls_leave(d);
}

int64_t mp_dtls_next_ms(const struct mp_dtls *d)
{
	int64_t at = d->due;

	if (d->config.session_seconds && d->table.count)
		at = least(at, d->swept + SWEEP_MS);
	return at;
}
