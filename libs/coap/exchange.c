/* SPDX-License-Identifier: Apache-2.0
 * exchange.c - our requests: from mp_coap_send() to the one call of the handler
 *
 * An exchange is one job that may carry several requests after each other: the blocks of its body,
 * those of the response, and the first one again with an Echo option. Each takes its turn behind the
 * others of its peer.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coap/parts.h"

#define LIMIT (64 * 1024)
#define ECHOES_MAX 3

static uint64_t token_hash(const struct mp_coap *c, const struct peer *p, const void *token,
			   size_t len)
{
	uint8_t bytes[8 + MP_COAP_TOKEN];

	if (len > MP_COAP_TOKEN)
		return 0;
	memcpy(bytes, &p->serial, 8);
	if (len > 0)
		memcpy(bytes + 8, token, len);
	return mp_siphash_quick(&c->seed, bytes, 8 + len);
}

static struct mp_coap_exchange *exchange_find(const struct mp_coap *c, const struct peer *p,
					      const void *token, size_t len)
{
	struct mp_map_link *l = mp_map_find(&c->tokens, token_hash(c, p, token, len));

	for (; l; l = mp_map_next(l)) {
		struct mp_coap_exchange *x = container_of(l, struct mp_coap_exchange, by_token);

		if (x->job.peer == p && x->token_len == len &&
		    (len == 0 || memcmp(x->token, token, len) == 0))
			return x;
	}
	return NULL;
}

static void list(struct mp_coap_exchange *x)
{
	struct mp_coap *c = x->job.c;

	mp_map_add(&c->tokens, &x->by_token, token_hash(c, x->job.peer, x->token, x->token_len));
}

static int exchange_write(struct job *j, void *out, size_t room)
{
	return mp_coap_exchange_write(container_of(j, struct mp_coap_exchange, job), out, room);
}

static void exchange_acknowledged(struct job *j)
{
	mp_coap_job_progress(j);
}

static void exchange_failed(struct job *j, enum mp_coap_outcome outcome)
{
	mp_coap_exchange_end(container_of(j, struct mp_coap_exchange, job), outcome, NULL);
}

static void exchange_moved(struct job *j)
{
	struct mp_coap_exchange *x = container_of(j, struct mp_coap_exchange, job);

	mp_map_remove(&j->c->tokens, &x->by_token);
	list(x);
}

static const struct job_kind exchange_kind = {exchange_write, exchange_acknowledged,
					      exchange_failed, exchange_moved};

static size_t queries_length(const char *const *queries)
{
	size_t len = 0;

	for (; queries && *queries; queries++)
		len += strlen(*queries) + 1;
	return len;
}

/* Path, queries and payload behind the structure. */
static void copy_strings(struct mp_coap_exchange *x, const struct mp_coap_ask *ask)
{
	char *at = x->strings;

	x->path = at;
	at = stpcpy(at, ask->path) + 1;
	x->queries = at;
	for (const char *const *q = ask->queries; q && *q; q++)
		at = stpcpy(at, *q) + 1;
	x->queries_len = (size_t)(at - x->queries);
	x->payload = (const uint8_t *)at;
	if (x->payload_len > 0)
		memcpy(at, ask->payload, x->payload_len);
}

static struct mp_coap_exchange *exchange_new(const struct mp_coap_ask *ask)
{
	size_t payload = ask->source ? 0 : ask->payload_len;
	struct mp_coap_exchange *x = calloc(1, sizeof(*x) + strlen(ask->path) + 1 +
						       queries_length(ask->queries) + payload);

	if (!x)
		return NULL;
	x->code = ask->code;
	x->szx = ask->szx ? ask->szx : SZX_MAX;
	x->format = ask->format;
	x->accept = ask->accept;
	x->observe = ask->observe;
	x->payload_len = payload;
	x->source = ask->source;
	x->sink = ask->sink;
	x->handler = ask->handler;
	x->user = ask->user;
	x->job.patience_ms = ask->timeout_ms ? ask->timeout_ms : PATIENCE_MS;
	x->from = x->received = ask->from;
	x->body.limit = ask->limit ? ask->limit : LIMIT;
	x->answer_observe = -1;
	x->answer_format = -1;
	x->is_block1 = mp_coap_exchange_size(x) > (size_t)16 << x->szx;
	copy_strings(x, ask);
	return x;
}

static bool is_sound(const struct mp_coap_ask *ask)
{
	uint64_t block = 16u << (ask->szx ? ask->szx : SZX_MAX);

	return mp_coap_is_request(ask->code) && ask->path && ask->szx <= SZX_MAX &&
	       (!ask->token || ask->token_len <= MP_COAP_TOKEN) && ask->from % block == 0;
}

static int take_token(struct mp_coap_exchange *x, const struct mp_coap_ask *ask)
{
	struct mp_coap *c = x->job.c;

	x->token_len = ask->token ? ask->token_len : MP_COAP_TOKEN;
	if (ask->token && ask->token_len > 0)
		memcpy(x->token, ask->token, ask->token_len);
	else if (!ask->token)
		mp_coap_random(c, x->token, sizeof(x->token));
	mp_coap_random(c, x->tag, sizeof(x->tag));
	memcpy(x->asked_token, x->token, sizeof(x->token));
	x->asked_token_len = x->token_len;
	return exchange_find(c, x->job.peer, x->token, x->token_len) ? -EEXIST : 0;
}

/* Can it be written? What a source has is read only when it is sent. */
static int check(struct mp_coap_exchange *x)
{
	uint8_t out[MESSAGE_MAX];
	const struct mp_coap_source *source = take_ptr(x->source);
	int r = mp_coap_exchange_write(x, out, sizeof(out));

	x->source = source;
	return r < 0 ? -EINVAL : 0;
}

int mp_coap_exchange_make(struct mp_coap *c, const struct mp_coap_remote *to,
			  const struct mp_coap_ask *ask, struct mp_coap_exchange **ret)
{
	struct mp_coap_exchange *x;
	int r;

	if (c->is_closing || !is_sound(ask))
		return -EINVAL;
	x = exchange_new(ask);
	if (!x)
		return -ENOMEM;
	r = mp_coap_job_init(c, &x->job, to, &exchange_kind, !ask->non_confirmable);
	if (r < 0) {
		free(x);
		return r;
	}
	r = take_token(x, ask);
	if (r == 0)
		r = check(x);
	if (r < 0) {
		mp_coap_job_done(&x->job);
		free(x);
		return r;
	}
	c->stats.exchanges++;
	list(x);
	*ret = x;
	return 0;
}

int mp_coap_send(struct mp_coap *c, const struct mp_coap_remote *to, const struct mp_coap_ask *ask,
		 struct mp_coap_exchange **ret)
{
	struct mp_coap_exchange *x;
	int r = mp_coap_exchange_make(c, to, ask, &x);

	if (r < 0)
		return r;
	if (ret)
		*ret = x;
	mp_coap_exchange_again(x, false);
	return 0;
}

void mp_coap_exchange_again(struct mp_coap_exchange *x, bool fresh_token)
{
	struct mp_coap *c = x->job.c;

	if (fresh_token) {
		mp_map_remove(&c->tokens, &x->by_token);
		x->token_len = sizeof(x->token);
		mp_coap_random(c, x->token, sizeof(x->token));
		list(x);
	}
	mp_coap_job_progress(&x->job);
	mp_coap_job_queue(&x->job);
}

static void read_answer(struct mp_coap_answer *a, const struct mp_coap_exchange *x,
			const struct mp_coap_message *m)
{
	uint32_t n;

	a->message = m;
	a->code = m->code;
	a->payload = m->payload;
	a->payload_len = m->payload_len;
	if (mp_coap_find_uint(m, MP_COAP_OBSERVE, &n) == 1)
		a->observe = n;
	if (mp_coap_find_uint(m, MP_COAP_CONTENT_FORMAT, &n) == 1)
		a->format = (int)n;
	if (!x->is_block2 || mp_coap_class(m->code) != 2)
		return;
	a->observe = x->answer_observe;
	a->format = x->answer_format;
	a->payload = (const uint8_t *)mp_buf_str(&x->body);
	a->payload_len = x->body.len;
}

/* The whole of a long one, or why there is none: it has the token of its first block. A refusal of a later block is
 * no end of the observation. */
static void tell_notification(struct mp_coap_exchange *x, struct mp_coap_answer *a)
{
	struct mp_coap *c = x->job.c;
	struct mp_coap_message m = {0};

	if (a->outcome == MP_COAP_CANCELED || !c->config.notified)
		return;
	if (a->outcome == MP_COAP_ANSWERED && mp_coap_class(a->code) != 2)
		a->outcome = MP_COAP_BROKEN;
	if (a->message)
		m = *a->message;
	m.token = x->asked_token;
	m.token_len = x->asked_token_len;
	a->message = &m;
	(void)c->config.notified(c->config.user, a);
}

void mp_coap_exchange_end(struct mp_coap_exchange *x, enum mp_coap_outcome outcome,
			  const struct mp_coap_message *m)
{
	struct mp_coap *c = x->job.c;
	struct peer *p = x->job.peer;
	struct mp_coap_answer a = {
		.outcome = outcome, .format = -1, .observe = -1, .remote = &p->remote};

	if (x->is_ended)
		return;
	x->is_ended = true;
	p->references++; /* the answer's remote */
	mp_map_remove(&c->tokens, &x->by_token);
	mp_coap_job_done(&x->job);
	if (outcome == MP_COAP_ANSWERED)
		read_answer(&a, x, m);
	if (x->source && x->source->done)
		x->source->done(x->source->user);
	if (x->is_notification)
		tell_notification(x, &a);
	else if (x->handler)
		x->handler(x->user, &a);
	mp_coap_peer_unref(c, p);
	mp_buf_done(&x->body);
	free(x);
}

void mp_coap_cancel(struct mp_coap_exchange *x)
{
	mp_coap_exchange_end(x, MP_COAP_CANCELED, NULL);
}

const uint8_t *mp_coap_exchange_token(const struct mp_coap_exchange *x, size_t *ret_len)
{
	*ret_len = x->asked_token_len;
	return x->asked_token;
}

/* RFC 9175 section 2.3: the same request again, with what the server wants to see. */
static bool echo_again(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	struct mp_coap_option o;

	if (m->code != MP_COAP_UNAUTHORIZED || !mp_coap_find(m, MP_COAP_ECHO, &o) ||
	    !mp_coap_option_is_sound(&o) || x->echoes++ >= ECHOES_MAX)
		return false;
	memcpy(x->echo, o.value, o.len);
	x->echo_len = o.len;
	mp_coap_exchange_again(x, false);
	return true;
}

static bool is_understood(const struct mp_coap_message *m)
{
	MP_COAP_EACH_OPTION(o, m)
	{
		if (mp_coap_option_is_critical(o.number) &&
		    ((o.number != MP_COAP_BLOCK1 && o.number != MP_COAP_BLOCK2) ||
		     !mp_coap_option_is_sound(&o)))
			return false;
	}
	return true;
}

static void take_response(struct mp_coap_exchange *x, const struct mp_coap_message *m)
{
	if (!is_understood(m))
		mp_coap_exchange_end(x, MP_COAP_BROKEN, NULL);
	else if (!echo_again(x, m) && !mp_coap_block1_go_on(x, m) && !mp_coap_block2_take(x, m))
		mp_coap_exchange_end(x, MP_COAP_ANSWERED, m);
}

bool mp_coap_exchange_receive(struct mp_coap *c, const struct incoming *in)
{
	const struct mp_coap_message *m = in->m;
	struct mp_coap_exchange *x =
		in->peer ? exchange_find(c, in->peer, m->token, m->token_len) : NULL;

	if (!x || (!x->job.has_mid && x->job.state < JOB_SENT))
		return false;
	if (m->type == MP_COAP_ACK && (!x->job.has_mid || x->job.mid != m->mid))
		return false;
	if (m->type == MP_COAP_CON)
		mp_coap_answer_empty(c, in, MP_COAP_ACK);
	mp_coap_job_settle(&x->job);
	if (!in->from->session)
		mp_coap_echo_prove(c, in->remote_hash);
	take_response(x, m);
	return true;
}

void mp_coap_response_receive(struct mp_coap *c, const struct incoming *in)
{
	if (mp_coap_exchange_receive(c, in))
		return;
	if (in->m->type == MP_COAP_ACK)
		c->stats.unknown_responses++;
	else
		mp_coap_notification_receive(c, in);
}
