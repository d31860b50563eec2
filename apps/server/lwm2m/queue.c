/* SPDX-License-Identifier: Apache-2.0
 * Rows of SQLite are the queue; in memory is only their number, a flag at each registration, and
 * a filter of the endpoints that may have rows, so that the many without are not looked up. */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"
#include "base/buf.h"
#include "base/siphash.h"
#include "inside.h"
#include "lwm2m.h"
#include "observations.h"
#include "queue_row.h"
#include "registry_edit.h"

#define DAY 86400
#define PAYLOAD_MAX ((size_t)1 << 20)
#define SLICE 200 /* rows a second that expire, that are forgotten */

const char *queue_state_name(enum queue_state s)
{
	static const char *const names[] = {"waiting", "sent", "done"};

	return names[s];
}

size_t queue_length(const struct server *s)
{
	return s->lwm2m->queued;
}

/* ---- the filter ---- */

static unsigned bit_of(const char *endpoint)
{
	return (unsigned)mp_hash(endpoint, strlen(endpoint)) & (QUEUE_FILTER - 1);
}

static void note(struct lwm2m *l, const char *endpoint)
{
	struct registration *r = registry_find(l->registry, endpoint);
	unsigned bit = bit_of(endpoint);

	l->queue_filter[bit / 8] |= (uint8_t)(1u << bit % 8);
	if (r)
		r->has_queue = true;
}

bool queue_may_have(const struct lwm2m *l, const char *endpoint)
{
	unsigned bit = bit_of(endpoint);

	return l->queued > 0 && l->queue_filter[bit / 8] & 1u << bit % 8;
}

int queue_load(struct lwm2m *l)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(l->server->store,
			       "SELECT endpoint, count(*) FROM lwm2m_queue WHERE state = 0"
			       " GROUP BY endpoint",
			       &q, MP_NOTHING);

	l->queued = 0;
	memset(l->queue_filter, 0, sizeof(l->queue_filter));
	while (r == 0 && (r = mp_query_next(q)) > 0) {
		l->queued += (size_t)mp_query_int(q, 1);
		note(l, mp_query_text(q, 0));
		r = 0;
	}
	return r;
}

/* ---- adding ---- */

static int count_waiting(struct server *s, const char *endpoint)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT count(*) FROM lwm2m_queue WHERE endpoint = ? AND state = 0",
			       &q, MP_TEXT(endpoint));

	if (r == 0)
		r = mp_query_next(q);
	return r > 0 ? (int)mp_query_int(q, 0) : r;
}

static int replace(struct server *s, const char *endpoint, const struct lwm2m_operation *o,
		   const char *path)
{
	struct registration *r = registry_find(s->lwm2m->registry, endpoint);
	int n = mp_store_run(s->store,
			     "DELETE FROM lwm2m_queue WHERE endpoint = ? AND kind = ? AND path = ?"
			     " AND state = 0 AND id <> ?",
			     MP_TEXT(endpoint), MP_INT(o->kind), MP_TEXT(path),
			     MP_INT(r && r->is_sending_queue ? r->sending : 0));

	if (n > 0)
		s->lwm2m->queued -= (size_t)n;
	return n < 0 ? n : 0;
}

static int insert(struct server *s, const char *endpoint, const struct lwm2m_operation *o,
		  const char *path)
{
	MP_BUF(arguments, 1024);
	struct registration *r = registry_find(s->lwm2m->registry, endpoint);
	unsigned expiry = o->expiry_seconds ? o->expiry_seconds : DAY;
	uint8_t *payload = NULL;
	size_t len = 0;
	int format, k = lwm2m_encode(r, o, &payload, &len, &format);

	if (k == 0 && len > PAYLOAD_MAX)
		k = -EFBIG;
	if (k == 0)
		k = queue_write_arguments(o, &arguments);
	if (k == 0)
		k = mp_store_run(
			s->store,
			"INSERT INTO lwm2m_queue (endpoint, kind, path, format, accept, payload,"
			" arguments, timeout, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?,"
			" ?)",
			MP_TEXT(endpoint), MP_INT(o->kind), MP_TEXT(path), MP_INT(format),
			MP_INT(o->accept), MP_BYTES(payload, len), MP_TEXT(mp_buf_str(&arguments)),
			MP_INT(o->timeout_ms), MP_INT(server_now()), MP_INT(server_now() + expiry));
	free(payload);
	return k < 0 ? k : 0;
}

int queue_add(struct server *s, const char *endpoint, const struct lwm2m_operation *o,
	      int64_t *ret_id)
{
	MP_BUF(path, 1024);
	int r = o->source ? -EFBIG : lwm2m_check(o);

	if (r == 0)
		r = queue_write_paths(o, &path);
	if (r == 0)
		r = count_waiting(s, endpoint);
	if (r >= QUEUE_MAX)
		return -ENOBUFS;
	if (r >= 0 && o->asleep == LWM2M_QUEUE_REPLACE)
		r = replace(s, endpoint, o, mp_buf_str(&path));
	if (r >= 0)
		r = insert(s, endpoint, o, mp_buf_str(&path));
	if (r < 0)
		return r;
	if (ret_id)
		*ret_id = mp_store_last_id(s->store);
	s->lwm2m->queued++;
	note(s->lwm2m, endpoint);
	return 0;
}

/* ---- looking, taking away ---- */

static void mark_sent(struct server *s, struct queue_entry *e)
{
	const struct registration *r = registry_find(s->lwm2m->registry, e->endpoint);

	if (r && r->is_sending_queue && r->sending == e->id)
		e->state = QUEUE_SENT;
}

static int each_row(struct server *s, struct mp_query *q,
		    int (*each)(void *user, const struct queue_entry *e), void *user)
{
	struct queue_entry e;
	int r, k = 0;

	while (k == 0 && (r = mp_query_next(q)) > 0) {
		queue_read_entry(q, &e);
		mark_sent(s, &e);
		k = each(user, &e);
	}
	return k ? k : r;
}

int queue_each(struct server *s, const char *endpoint,
	       int (*each)(void *user, const struct queue_entry *e), void *user)
{
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(
		s->store, "SELECT " QUEUE_ENTRY " FROM lwm2m_queue WHERE endpoint = ? ORDER BY id",
		&q, MP_TEXT(endpoint));

	return r < 0 ? r : each_row(s, q, each, user);
}

int queue_get(struct server *s, int64_t id, int (*one)(void *user, const struct queue_entry *e),
	      void *user)
{
	auto_(mp_query) *q = NULL;
	struct queue_entry e;
	int r = mp_store_query(s->store, "SELECT " QUEUE_ENTRY " FROM lwm2m_queue WHERE id = ?", &q,
			       MP_INT(id));

	if (r == 0)
		r = mp_query_next(q);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	queue_read_entry(q, &e);
	mark_sent(s, &e);
	return one(user, &e);
}

int queue_remove(struct server *s, const char *endpoint, int64_t id)
{
	const struct registration *r = registry_find(s->lwm2m->registry, endpoint);
	int waiting, n;

	if (r && r->is_sending_queue && r->sending == id)
		return -EBUSY;
	waiting = mp_store_run(
		s->store, "DELETE FROM lwm2m_queue WHERE id = ? AND endpoint = ? AND state = 0",
		MP_INT(id), MP_TEXT(endpoint));
	if (waiting != 0) {
		s->lwm2m->queued -= waiting > 0;
		return waiting < 0 ? waiting : 0;
	}
	n = mp_store_run(s->store, "DELETE FROM lwm2m_queue WHERE id = ? AND endpoint = ?",
			 MP_INT(id), MP_TEXT(endpoint));
	return n > 0 ? 0 : n < 0 ? n : -ENOENT;
}

int queue_clear(struct server *s, const char *endpoint)
{
	const struct registration *r = registry_find(s->lwm2m->registry, endpoint);
	int64_t sending = r && r->is_sending_queue ? r->sending : 0;
	int waiting = mp_store_run(
		s->store, "DELETE FROM lwm2m_queue WHERE endpoint = ? AND state = 0 AND id <> ?",
		MP_TEXT(endpoint), MP_INT(sending));
	int done = waiting < 0 ? waiting
			       : mp_store_run(s->store,
					      "DELETE FROM lwm2m_queue WHERE endpoint = ?"
					      " AND state = 2",
					      MP_TEXT(endpoint));

	if (waiting > 0)
		s->lwm2m->queued -= (size_t)waiting;
	return done < 0 ? done : waiting + done;
}

/* ---- sending ---- */

struct sending {
	struct server *server;
	int64_t id;
	char endpoint[];
};

static void end_one(struct server *s, int64_t id, const char *endpoint,
		    const struct lwm2m_result *result)
{
	size_t len = result->payload_len < PAYLOAD_MAX ? result->payload_len : 0;

	if (mp_store_run(s->store,
			 "UPDATE lwm2m_queue SET state = 2, ended = ?, outcome = ?, code = ?,"
			 " answer_format = ?, answer = ?, diagnostic = ?, payload = NULL"
			 " WHERE id = ?",
			 MP_INT(server_now()), MP_INT(result->outcome), MP_INT(result->code),
			 MP_INT(result->format), MP_BYTES(result->payload, len),
			 MP_TEXT(result->diagnostic), MP_INT(id)) < 0)
		server_write_failed(s);
	s->lwm2m->queued--;
	lwm2m_tell(s->lwm2m, &(struct lwm2m_event){
				     .kind = LWM2M_DONE,
				     .time = s->lwm2m->now_ms,
				     .registration = registry_find(s->lwm2m->registry, endpoint),
				     .endpoint = endpoint,
				     .request = id,
				     .result = result});
}

static void answered(void *user, const struct lwm2m_result *result)
{
	struct sending *sending = user;
	struct server *s = sending->server;
	struct registration *r = registry_find(s->lwm2m->registry, sending->endpoint);
	bool waits_again = result->outcome == LWM2M_TIMED_OUT || result->outcome == LWM2M_GONE ||
			   result->outcome == LWM2M_CANCELED;

	if (r)
		r->is_sending_queue = false;
	if (!waits_again) {
		end_one(s, sending->id, sending->endpoint, result);
		if (r)
			queue_wake(s->lwm2m, r);
	}
	free(sending);
}

/* What can never be sent ends at once, with our sentence. */
static void give_up(struct server *s, struct registration *r, int64_t id)
{
	end_one(s, id, r->endpoint,
		&(struct lwm2m_result){.outcome = LWM2M_CANCELED,
				       .format = -1,
				       .location = "",
				       .diagnostic = "this can no longer be asked"});
}

static int send_row(struct server *s, struct registration *r, const struct mp_query *q,
		    struct sending *sending)
{
	struct queue_operation o;
	int k = queue_read_operation(q, r, &o);

	return k < 0 ? k : lwm2m_ask(s, r, &o.operation, answered, sending, NULL, NULL);
}

static struct sending *sending_new(struct server *s, const struct registration *r, int64_t id)
{
	size_t len = strlen(r->endpoint) + 1;
	struct sending *sending = malloc(sizeof(*sending) + len);

	if (!sending)
		return NULL;
	sending->server = s;
	sending->id = id;
	memcpy(sending->endpoint, r->endpoint, len);
	return sending;
}

/* 1: the next one is under way; 0: there is none; -EAGAIN: one ended without being sent. */
static int send_next(struct server *s, struct registration *r)
{
	auto_(mp_query) *q = NULL;
	struct sending *sending;
	int k = mp_store_query(s->store,
			       "SELECT " QUEUE_OPERATION " FROM lwm2m_queue WHERE endpoint = ?"
			       " AND state = 0 AND expires > ? ORDER BY id LIMIT 1",
			       &q, MP_TEXT(r->endpoint), MP_INT(server_now()));

	if (k == 0)
		k = mp_query_next(q);
	if (k <= 0)
		return k;
	sending = sending_new(s, r, mp_query_int(q, 0));
	if (!sending)
		return -ENOMEM;
	r->is_sending_queue = true;
	r->sending = sending->id;
	k = send_row(s, r, q, sending);
	if (k == 0)
		return 1;
	r->is_sending_queue = false;
	if (k == -EINVAL || k == -ENOTSUP || k == -ENOENT) {
		give_up(s, r, sending->id);
		k = -EAGAIN;
	}
	free(sending);
	return k;
}

void queue_wake(struct lwm2m *l, struct registration *r)
{
	int k;

	if (r->is_sending_queue || !registration_is_awake(r))
		return;
	do
		k = send_next(l->server, r);
	while (k == -EAGAIN);
	if (k == 0)
		r->has_queue = false;
}

/* ---- ends ---- */

static void expire(struct server *s)
{
	static const struct lwm2m_result overdue = {.outcome = LWM2M_OVERDUE,
						    .format = -1,
						    .location = "",
						    .diagnostic =
							    "the device did not wake in time"};
	auto_(mp_query) *q = NULL;
	int r = mp_store_query(s->store,
			       "SELECT id, endpoint FROM lwm2m_queue WHERE state = 0"
			       " AND expires <= ? LIMIT ?",
			       &q, MP_INT(server_now()), MP_INT(SLICE));

	while (r == 0 && (r = mp_query_next(q)) > 0) {
		const struct registration *reg =
			registry_find(s->lwm2m->registry, mp_query_text(q, 1));

		if (!reg || !reg->is_sending_queue || reg->sending != mp_query_int(q, 0))
			end_one(s, mp_query_int(q, 0), mp_query_text(q, 1), &overdue);
		r = 0;
	}
}

void queue_tick(struct lwm2m *l)
{
	struct server *s = l->server;

	if (l->queued > 0)
		expire(s);
	if (server_now() % 60 == 0 &&
	    mp_store_run(s->store,
			 "DELETE FROM lwm2m_queue WHERE id IN (SELECT id FROM lwm2m_queue"
			 " WHERE state = 2 AND ended < ? LIMIT 10000)",
			 MP_INT(server_now() - DAY)) < 0)
		server_write_failed(s);
}
