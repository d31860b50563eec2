/* SPDX-License-Identifier: Apache-2.0
 * job.c - messages of ours: their turn (NSTART), their repetition (RFC 7252 section 4.2, 4.7)
 *
 *     idle -> waiting -> sent -> settled        settled: acknowledged, an exchange waits for more
 *                ^                  |
 *                +------------------+           the next block takes its turn behind the others
 */
#include <errno.h>

#include "coap/parts.h"

#define PASSIVE_MAX 1024 /* of one peer, some 1.5 KB each at most */

static uint64_t mid_hash(const struct peer *p, uint16_t mid)
{
	return (p->serial << 16 | mid) * 0x9e3779b97f4a7c15 >> 7;
}

struct job *mp_coap_job_find(struct mp_coap *c, const struct peer *p, uint16_t mid)
{
	for (struct mp_map_link *l = mp_map_find(&c->mids, mid_hash(p, mid)); l;
	     l = mp_map_next(l)) {
		struct job *j = container_of(l, struct job, by_mid);

		if (j->peer == p && j->mid == mid)
			return j;
	}
	return NULL;
}

/* Notifications that are not confirmed do not take the places of what waits for an answer. */
static bool is_full(const struct mp_coap *c, const struct peer *p, bool is_confirmable)
{
	return is_confirmable ? p->jobs - p->passive >= c->config.waiting_max
			      : p->passive >= PASSIVE_MAX;
}

int mp_coap_job_init(struct mp_coap *c, struct job *j, const struct mp_coap_remote *to,
		     const struct job_kind *kind, bool is_confirmable)
{
	struct peer *p = mp_coap_peer_get(c, to);

	if (!p)
		return -ENOMEM;
	if (is_full(c, p, is_confirmable)) {
		mp_coap_peer_unref(c, p);
		return -ENOBUFS;
	}
	p->jobs++;
	p->passive += !is_confirmable;
	j->is_confirmable = is_confirmable;
	j->c = c;
	j->peer = p;
	j->kind = kind;
	j->state = JOB_IDLE;
	j->deadline_ms = INT64_MAX;
	ring_init(&j->node);
	return 0;
}

static void drop_mid(struct job *j)
{
	if (j->has_mid)
		mp_map_remove(&j->c->mids, &j->by_mid);
	j->has_mid = false;
}

static void take_mid(struct job *j)
{
	do
		j->mid = mp_coap_mid(j->c, &j->peer->remote);
	while (mp_coap_job_find(j->c, j->peer, j->mid));
	j->has_mid = true;
	mp_map_add(&j->c->mids, &j->by_mid, mid_hash(j->peer, j->mid));
}

static void job_fire(struct timer *t);

static void set_timer(struct job *j, int64_t at)
{
	if (at > j->deadline_ms)
		at = j->deadline_ms;
	if (at == INT64_MAX)
		mp_coap_timer_stop(&j->c->wheel, &j->timer);
	else
		mp_coap_timer_set(&j->c->wheel, &j->timer, at, job_fire);
}

static void be_patient(struct job *j, int64_t since)
{
	j->deadline_ms = j->patience_ms ? since + j->patience_ms : INT64_MAX;
}

void mp_coap_job_progress(struct job *j)
{
	be_patient(j, j->c->now_ms);
	if (j->state != JOB_SENT)
		set_timer(j, INT64_MAX);
}

static void transmit(struct job *j)
{
	uint8_t out[MESSAGE_MAX];
	int n = j->kind->write(j, out, sizeof(out));

	if (n < 0) { /* told by the timer: nobody expects a handler to be called from here */
		j->is_broken = true;
		mp_coap_timer_set(&j->c->wheel, &j->timer, j->c->now_ms, job_fire);
		return;
	}
	if (!j->peer->is_gone)
		mp_coap_transmit(j->c, &j->peer->remote, out, (size_t)n);
	set_timer(j, mp_coap_job_is_repeated(j) ? j->c->now_ms + j->timeout_ms : INT64_MAX);
}

/* One that a peer meets with a crash, each time that it comes back, has to end some day. */
static void start(struct job *j)
{
	struct mp_coap *c = j->c;
	uint32_t random;

	ring_remove(&j->node);
	ring_append(&j->peer->running, &j->node);
	if (!j->has_mid && !j->peer->remote.is_reliable)
		take_mid(j);
	mp_coap_random(c, &random, sizeof(random));
	j->timeout_ms = c->config.ack_timeout_ms + random % (c->config.ack_timeout_ms / 2 + 1);
	j->retries = 0;
	j->state = JOB_SENT;
	if (j->starts++ > c->config.max_retransmit) {
		j->retries = c->config.max_retransmit;
		mp_coap_timer_set(&c->wheel, &j->timer, c->now_ms, job_fire);
		return;
	}
	be_patient(j, c->now_ms);
	transmit(j);
}

bool mp_coap_job_is_repeated(const struct job *j)
{
	return j->is_confirmable && !j->peer->remote.is_reliable;
}

static bool needs_turn(const struct job *j)
{
	return mp_coap_job_is_repeated(j) && !j->may_overtake;
}

/* Start what may start. */
static void pump(struct mp_coap *c, struct peer *p)
{
	while (p->waiting.next != &p->waiting && !mp_coap_peer_is_away(p) && !c->is_closing) {
		struct job *j = container_of(p->waiting.next, struct job, node);

		if (needs_turn(j)) {
			if (p->under_way >= c->config.nstart)
				return;
			j->holds_turn = true;
			p->under_way++;
		}
		start(j);
	}
}

void mp_coap_job_queue(struct job *j)
{
	drop_mid(j);
	ring_remove(&j->node);
	j->starts = 0;
	j->state = JOB_WAITING;
	if (!needs_turn(j) && !mp_coap_peer_is_away(j->peer)) {
		start(j);
		return;
	}
	ring_append(&j->peer->waiting, &j->node);
	set_timer(j, INT64_MAX);
	pump(j->c, j->peer);
}

static void give_turn_back(struct job *j)
{
	if (!j->holds_turn)
		return;
	j->holds_turn = false;
	j->peer->under_way--;
	pump(j->c, j->peer);
}

void mp_coap_job_settle(struct job *j)
{
	if (j->state != JOB_SENT)
		return;
	j->state = JOB_SETTLED;
	set_timer(j, INT64_MAX);
	give_turn_back(j);
}

void mp_coap_job_done(struct job *j)
{
	struct mp_coap *c = j->c;
	struct peer *p = j->peer;

	mp_coap_timer_stop(&c->wheel, &j->timer);
	drop_mid(j);
	ring_remove(&j->node);
	give_turn_back(j);
	p->jobs--;
	p->passive -= !j->is_confirmable;
	mp_coap_peer_unref(c, p);
}

static void job_fire(struct timer *t)
{
	struct job *j = container_of(t, struct job, timer);
	struct mp_coap *c = j->c;

	if (j->state == JOB_WAITING)
		be_patient(j, j->peer->heard_ms);
	if (j->state == JOB_WAITING && j->deadline_ms > c->now_ms) {
		set_timer(j, INT64_MAX);
	} else if (j->is_broken) {
		j->kind->failed(j, MP_COAP_BROKEN);
	} else if (c->now_ms >= j->deadline_ms || j->state != JOB_SENT ||
		   j->retries >= c->config.max_retransmit) {
		c->stats.timed_out++;
		j->kind->failed(j, MP_COAP_TIMED_OUT);
	} else {
		j->retries++;
		j->timeout_ms *= 2;
		c->stats.retransmitted++;
		transmit(j);
	}
}

void mp_coap_peer_go_on(struct mp_coap *c, struct peer *p)
{
	pump(c, p);
}

/* What was sent and not acknowledged goes back to the head of the queue, in its order, and keeps its
 * message id, so that the peer knows it again. */
static void wait_again(struct peer *p)
{
	struct node *n = p->running.before;

	while (n != &p->running) {
		struct job *j = container_of(n, struct job, node);

		n = n->before;
		if (j->state != JOB_SENT)
			continue;
		ring_remove(&j->node);
		ring_append(p->waiting.next, &j->node); /* before the first one */
		j->state = JOB_WAITING;
		if (j->holds_turn)
			p->under_way--;
		j->holds_turn = false;
		set_timer(j, INT64_MAX);
	}
}

struct job *mp_coap_peer_first_job(const struct peer *p)
{
	if (p->running.next != &p->running)
		return container_of(p->running.next, struct job, node);
	if (p->waiting.next != &p->waiting)
		return container_of(p->waiting.next, struct job, node);
	return NULL;
}

/* It goes behind the jobs that are there. */
void mp_coap_job_move(struct job *j, struct peer *to)
{
	struct mp_coap *c = j->c;
	struct peer *from = j->peer;
	bool had_mid = j->has_mid;

	drop_mid(j);
	ring_remove(&j->node);
	from->jobs--;
	from->passive -= !j->is_confirmable;
	from->under_way -= j->holds_turn;
	j->peer = to;
	to->references++;
	to->jobs++;
	to->passive += !j->is_confirmable;
	to->under_way += j->holds_turn;
	ring_append(j->state == JOB_WAITING ? &to->waiting : &to->running, &j->node);
	if (had_mid) {
		j->has_mid = true;
		mp_map_add(&c->mids, &j->by_mid, mid_hash(to, j->mid));
	}
	if (j->kind->moved)
		j->kind->moved(j);
	mp_coap_peer_unref(c, from);
}

void mp_coap_peer_away(struct mp_coap *c, struct peer *p)
{
	struct job *j;

	if (mp_coap_peer_is_away(p)) {
		wait_again(p);
		return;
	}
	for (unsigned n = p->jobs; n > 0 && (j = mp_coap_peer_first_job(p)); n--) {
		c->stats.timed_out++;
		j->kind->failed(j, MP_COAP_TIMED_OUT);
	}
}
