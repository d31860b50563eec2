/* SPDX-License-Identifier: Apache-2.0
 * push.c - notifications and separate responses: messages whose bytes are kept until they have
 * arrived */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coap/parts.h"

#define PUSHES_MAX 65536 /* separate responses that wait for their acknowledgement */
#define RESET_MS 10000 /* so long an RST may come back for a NON */

struct push {
	struct job job;
	void (*gone)(void *user, enum mp_coap_outcome outcome);
	void *user;
	size_t len;
	uint8_t data[];
};

static int push_write(struct job *j, void *out, size_t room)
{
	struct push *p = container_of(j, struct push, job);
	uint8_t *bytes = memcpy(out, p->data, p->len);

	if (p->len > room)
		return -ENOSPC;
	bytes[2] = (uint8_t)(j->mid >> 8);
	bytes[3] = (uint8_t)j->mid;
	return (int)p->len;
}

static void push_end(struct job *j, enum mp_coap_outcome outcome)
{
	struct push *p = container_of(j, struct push, job);
	bool is_unopposed = !j->is_confirmable && j->state == JOB_SENT &&
			    outcome == MP_COAP_TIMED_OUT &&
			    j->c->now_ms >= j->deadline_ms; /* and not lost with its connection */

	j->c->pushes_count--;
	mp_coap_job_done(j);
	if (p->gone)
		p->gone(p->user, is_unopposed ? MP_COAP_ANSWERED : outcome);
	free(p);
}

static void push_acknowledged(struct job *j)
{
	push_end(j, MP_COAP_ANSWERED);
}

static const struct job_kind push_kind = {push_write, push_acknowledged, push_end, NULL};

int mp_coap_push(struct mp_coap *c, const struct mp_coap_remote *to, bool confirmable,
		 bool may_overtake, const void *data, size_t len,
		 void (*gone)(void *user, enum mp_coap_outcome outcome), void *user)
{
	struct push *p;
	int r;

	if (c->pushes_count >= PUSHES_MAX || len > MESSAGE_MAX || len < 4)
		return -ENOBUFS;
	p = calloc(1, sizeof(*p) + len);
	if (!p)
		return -ENOMEM;
	r = mp_coap_job_init(c, &p->job, to, &push_kind, confirmable);
	if (r < 0) {
		free(p);
		return r;
	}
	c->pushes_count++;
	memcpy(p->data, data, len);
	p->len = len;
	p->gone = gone;
	p->user = user;
	p->job.may_overtake = may_overtake;
	p->job.patience_ms = confirmable ? PATIENCE_MS : RESET_MS;
	mp_coap_job_progress(&p->job);
	mp_coap_job_queue(&p->job);
	return 0;
}
