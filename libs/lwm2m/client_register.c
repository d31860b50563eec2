/* SPDX-License-Identifier: Apache-2.0
 * Registration with one server (LwM2M Core 1.1, 6.2). What fails is tried again as resources 17 to 20
 * of object 1 say: `count` tries, the wait doubling from `timer` on, then after a longer delay once
 * more from the beginning; when all sequences have failed, a bootstrap, or the same over again. */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPDATE_MARGIN_S 93 /* before the lifetime ends: a lost message may take so long to arrive */
#define QUERY_SIZE 200
#define QUERIES 12

static uint16_t newest(const struct mp_lwm2m_client *c)
{
	return c->kind->version ? c->kind->version : MP_LWM2M_VERSION(1, 1);
}

static void set_due(struct account *a, int64_t delay_ms)
{
	a->due = mp_lwm2m_client_now(a->client) + delay_ms;
}

void mp_lwm2m_account_begin(struct account *a, int64_t delay_ms)
{
	if (a->exchange)
		mp_coap_cancel(a->exchange);
	a->resume = false;
	a->state = ACCOUNT_WAITING;
	a->tries = a->rounds = 0;
	a->version = newest(a->client);
	set_due(a, delay_ms > 0 ? delay_ms : 0);
}

int mp_lwm2m_account_send(struct account *a, struct mp_coap_ask *ask,
			  void (*handler)(void *user, const struct mp_coap_answer *answer))
{
	ask->handler = handler;
	ask->user = a;
	mp_lwm2m_client_touch(a->client);
	return mp_coap_send(a->client->kind->coap, &a->remote, ask, &a->exchange);
}

static void connect_account(struct account *a)
{
	struct mp_lwm2m_client *c = a->client;
	struct mp_lwm2m_peer peer;
	uint32_t ticket;
	int r;

	a->due = INT64_MAX;
	a->state = ACCOUNT_CONNECTING;
	if (a->connected) {
		(a->short_id ? mp_lwm2m_account_connected : mp_lwm2m_bootstrap_connected)(a);
		return;
	}
	ticket = ++c->tickets ? c->tickets : ++c->tickets;
	a->ticket = ticket;
	mp_lwm2m_client_touch(c);
	mp_lwm2m_client_event(c, MP_LWM2M_CONNECTING, a->short_id, 0);
	r = mp_lwm2m_account_peer(a, &peer);
	if (r == 0)
		r = c->kind->connect(c->user, c, ticket, &peer);
	explicit_bzero(&peer, sizeof(peer));
	if (r < 0 && a->ticket == ticket && a->state == ACCOUNT_CONNECTING) {
		a->ticket = 0;
		mp_lwm2m_account_failed(a, 0);
	}
}

/* ---- what a registration says ---- */

struct queries {
	char text[QUERIES][QUERY_SIZE];
	const char *list[QUERIES + 1];
	size_t n;
};

static __attribute__((format(printf, 2, 3))) void add_query(struct queries *q, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (q->n >= QUERIES)
		return;
	va_start(ap, fmt);
	n = vsnprintf(q->text[q->n], QUERY_SIZE, fmt, ap);
	va_end(ap);
	if (n < 0 || n >= QUERY_SIZE)
		return;
	q->list[q->n] = q->text[q->n];
	q->list[++q->n] = NULL;
}

static void add_binding(struct queries *q, const struct account *a)
{
	struct mp_lwm2m_value v = {0};
	bool queue = a->client->kind->queue_mode;
	char binding[8] = "U";
	size_t n = 0;

	(void)mp_lwm2m_rows_get(&a->client->rows, &mp_lwm2m_path(1, a->server, 7), &v);
	for (size_t i = 0; i < v.text.len && n + 3 < sizeof(binding); i++) {
		if (v.text.data[i] == 'Q')
			queue = true;
		else
			binding[n++] = v.text.data[i];
	}
	if (n)
		binding[n] = 0;
	if (a->remote.is_reliable && !strchr(binding, 'T')) /* object 1 does not know of it */
		strcat(binding, "T");
	/* 1.0 has the Q in the binding, 1.1 beside it */
	add_query(q, "b=%s%s", binding, queue && a->version < MP_LWM2M_VERSION(1, 1) ? "Q" : "");
	if (queue && a->version >= MP_LWM2M_VERSION(1, 1) && !a->location)
		add_query(q, "Q");
}

static void add_attributes(struct queries *q, const char *attributes)
{
	while (attributes && *attributes) {
		size_t n = strcspn(attributes, "&");

		add_query(q, "%.*s", (int)n, attributes);
		attributes += n + (attributes[n] == '&');
	}
}

static bool is_refused_for_good(uint8_t code)
{
	return code == MP_COAP_FORBIDDEN || code == MP_COAP_BAD_REQUEST;
}

static void keep_location(struct account *a, const struct mp_coap_message *m)
{
	char text[256];
	size_t n = 0;

	MP_COAP_EACH_OPTION(o, m)
	{
		if (o.number != MP_COAP_LOCATION_PATH || n + o.len + 2 > sizeof(text))
			continue;
		if (n)
			text[n++] = '/';
		memcpy(text + n, o.value, o.len);
		n += o.len;
	}
	free(a->location);
	a->location = n ? strndup(text, n) : NULL;
}

static void plan_update(struct account *a)
{
	int64_t lifetime = a->lifetime;
	int64_t margin = lifetime >= 2 * UPDATE_MARGIN_S ? UPDATE_MARGIN_S : lifetime / 2;

	a->due = INT64_MAX;
	if (lifetime > 0)
		set_due(a, (lifetime - margin) * 1000);
	if (a->update_wanted)
		set_due(a, 0);
}

static void look_after_others(struct mp_lwm2m_client *c);

static void registered(struct account *a, enum mp_lwm2m_event e, uint8_t code)
{
	a->state = ACCOUNT_REGISTERED;
	a->has_failed = false;
	a->tries = a->rounds = 0;
	a->resume = false;
	plan_update(a);
	mp_lwm2m_client_event(a->client, e, a->short_id, code);
	mp_lwm2m_observe_reachable(a);
	look_after_others(a->client);
}

static bool has_profile(const struct account *a)
{
	return a->client->kind->sha256 && a->version >= MP_LWM2M_VERSION(1, 2);
}

/* Any error sends us back to the list, but for those that the list would not mend. */
static bool is_profile_unknown(const struct account *a, uint8_t code)
{
	return has_profile(a) && !a->list_wanted && mp_coap_class(code) == 4 &&
	       code != MP_COAP_PRECONDITION_FAILED && code != MP_COAP_FORBIDDEN;
}

static void register_answer(struct account *a, const struct mp_coap_answer *answer)
{
	if (answer->outcome != MP_COAP_ANSWERED) {
		mp_lwm2m_account_disconnect(a);
		mp_lwm2m_account_failed(a, 0);
		return;
	}
	if (answer->code == MP_COAP_CREATED) {
		keep_location(a, answer->message);
		if (a->location) {
			a->list_wanted = false;
			registered(a, MP_LWM2M_REGISTERED, answer->code);
			return;
		}
	}
	if (is_profile_unknown(a, answer->code)) {
		a->list_wanted = true;
		set_due(a, 0);
		a->state = ACCOUNT_WAITING;
		return;
	}
	if (answer->code == MP_COAP_PRECONDITION_FAILED && a->version > MP_LWM2M_VERSION(1, 0)) {
		a->version--;
		set_due(a, 0);
		a->state = ACCOUNT_WAITING;
		return;
	}
	mp_lwm2m_account_failed(a, answer->code);
}

static void register_handler(void *user, const struct mp_coap_answer *answer)
{
	struct account *a = user;

	a->exchange = NULL;
	if (answer->outcome == MP_COAP_CANCELED)
		return;
	mp_lwm2m_client_enter(a->client);
	mp_lwm2m_client_touch(a->client);
	register_answer(a, answer);
	mp_lwm2m_client_settle(a->client);
}

/* A new registration: what the server knew of us is gone, its observations with it, unless
 * notifications are to be kept for it (object 1, 6). */
static int send_register(struct account *a)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_POST, "rd");
	bool has_id = has_profile(a), has_list = !has_id || a->list_wanted;
	char profile[MP_LWM2M_PROFILE_ID];
	struct queries q = {.n = 0};
	MP_BUF(links, PAYLOAD_MAX);
	int r = has_list ? mp_lwm2m_client_links(a->client, &links) : 0;

	if (r == 0 && has_id)
		r = mp_lwm2m_profile_id(a->client, mp_lwm2m_account_number(a, 27, 0), profile);
	if (r < 0)
		return r;
	if (!mp_lwm2m_account_number(a, 6, 0))
		mp_lwm2m_observe_forget(a->client, a);
	free(a->location);
	a->location = NULL;
	a->lifetime = (uint32_t)mp_lwm2m_account_number(a, 1, 86400);
	a->update_wanted = a->links_wanted = false;
	add_query(&q, "ep=%s", a->client->endpoint);
	add_query(&q, "lt=%u", a->lifetime);
	add_query(&q, "lwm2m=%u.%u", a->version >> 8, a->version & 255u);
	add_binding(&q, a);
	if (has_id)
		add_query(&q, "pid=%s", profile);
	add_attributes(&q, a->client->kind->attributes);
	ask.queries = q.list;
	if (has_list)
		ask.format = MP_LWM2M_FORMAT_LINK;
	ask.payload = links.data;
	ask.payload_len = links.len;
	a->state = ACCOUNT_REGISTERING;
	return mp_lwm2m_account_send(a, &ask, register_handler);
}

/* ---- update ---- */

static void update_answer(struct account *a, const struct mp_coap_answer *answer)
{
	if (answer->outcome == MP_COAP_ANSWERED && answer->code == MP_COAP_CHANGED) {
		registered(a, MP_LWM2M_UPDATED, answer->code);
		return;
	}
	a->resume = false;
	if (answer->outcome == MP_COAP_ANSWERED && mp_coap_class(answer->code) == 4) {
		/* the server does not know this registration (any more): a new one at once */
		free(a->location);
		a->location = NULL;
		a->state = ACCOUNT_WAITING;
		set_due(a, 0);
		return;
	}
	if (answer->outcome != MP_COAP_ANSWERED)
		mp_lwm2m_account_disconnect(a);
	mp_lwm2m_account_failed(a, answer->outcome == MP_COAP_ANSWERED ? answer->code : 0);
}

static void update_handler(void *user, const struct mp_coap_answer *answer)
{
	struct account *a = user;

	a->exchange = NULL;
	if (answer->outcome == MP_COAP_CANCELED)
		return;
	mp_lwm2m_client_enter(a->client);
	mp_lwm2m_client_touch(a->client);
	update_answer(a, answer);
	mp_lwm2m_client_settle(a->client);
}

static int send_update(struct account *a)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_POST, a->location);
	uint32_t lifetime = (uint32_t)mp_lwm2m_account_number(a, 1, 86400);
	struct queries q = {.n = 0};
	MP_BUF(links, PAYLOAD_MAX);
	int r = a->links_wanted ? mp_lwm2m_client_links(a->client, &links) : 0;

	if (r < 0)
		return r;
	if (lifetime != a->lifetime)
		add_query(&q, "lt=%u", lifetime);
	if (a->update_wanted)
		add_binding(&q, a);
	a->lifetime = lifetime;
	a->update_wanted = a->links_wanted = false;
	ask.queries = q.n ? q.list : NULL;
	if (links.len) {
		ask.format = MP_LWM2M_FORMAT_LINK;
		ask.payload = links.data;
		ask.payload_len = links.len;
	}
	a->state = ACCOUNT_UPDATING;
	a->due = INT64_MAX;
	return mp_lwm2m_account_send(a, &ask, update_handler);
}

void mp_lwm2m_account_update(struct account *a)
{
	a->update_wanted = true;
	if (a->state == ACCOUNT_REGISTERED)
		set_due(a, 0);
}

/* ---- deregister ---- */

static void deregistered(struct account *a)
{
	enum after_deregister after = (enum after_deregister)a->after;
	int64_t seconds = mp_lwm2m_account_number(a, 5, 86400);

	free(a->location);
	a->location = NULL;
	a->after = AFTER_NOTHING;
	a->state = ACCOUNT_ENDED;
	a->due = INT64_MAX;
	if (after != AFTER_DISABLE || !mp_lwm2m_account_number(a, 6, 0))
		mp_lwm2m_observe_forget(a->client, a);
	mp_lwm2m_account_disconnect(a);
	mp_lwm2m_client_event(a->client, MP_LWM2M_DEREGISTERED, a->short_id, 0);
	if (after == AFTER_DISABLE) {
		a->state = ACCOUNT_DISABLED;
		set_due(a, seconds * 1000);
		mp_lwm2m_client_event(a->client, MP_LWM2M_DISABLED, a->short_id, 0);
	}
}

static void deregister_handler(void *user, const struct mp_coap_answer *answer)
{
	struct account *a = user;

	a->exchange = NULL;
	if (answer->outcome == MP_COAP_CANCELED)
		return;
	mp_lwm2m_client_enter(a->client);
	deregistered(a);
	mp_lwm2m_client_settle(a->client);
}

void mp_lwm2m_account_deregister(struct account *a, enum after_deregister after)
{
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_DELETE, a->location);
	bool known = a->location && a->connected && a->short_id;

	if (a->exchange)
		mp_coap_cancel(a->exchange);
	a->after = (uint8_t)after;
	a->due = INT64_MAX;
	a->resume = false;
	a->state = ACCOUNT_DEREGISTERING;
	if (known && mp_lwm2m_account_send(a, &ask, deregister_handler) == 0)
		return;
	if (known || after == AFTER_DISABLE) {
		deregistered(a);
		return;
	}
	a->state = ACCOUNT_ENDED;
	mp_lwm2m_account_disconnect(a);
}

/* ---- failures ---- */

/* Registration in an order (object 1, 13): one after the other, the lower number first. A server waits
 * while one before it has not come to an end, and for good when that one failed and blocks (15). */
static bool must_wait(const struct account *a)
{
	int64_t rank = mp_lwm2m_account_number(a, 13, -1);

	for (const struct account *o = a->client->accounts; rank >= 0 && o; o = o->next) {
		int64_t other = o->short_id && o != a ? mp_lwm2m_account_number(o, 13, -1) : -1;

		if (other < 0 || other >= rank || mp_lwm2m_account_is_registered(o) ||
		    o->state == ACCOUNT_DISABLED)
			continue;
		if (!o->has_failed || mp_lwm2m_account_number(o, 15, 0))
			return true;
	}
	return false;
}

/* Not one that waits for another to be registered with, or for the time after it was given up. */
static bool is_trying(const struct account *a)
{
	if (!a->short_id || a->state == ACCOUNT_ENDED || a->state == ACCOUNT_DISABLED)
		return false;
	return a->state != ACCOUNT_WAITING || (!must_wait(a) && (a->rounds > 0 || !a->has_failed));
}

static bool is_any_trying(const struct mp_lwm2m_client *c)
{
	const struct account *a = c->accounts;

	while (a && !is_trying(a))
		a = a->next;
	return a;
}

/* All tries and sequences are used up. */
static void give_up(struct account *a, int64_t delay_ms)
{
	struct mp_lwm2m_client *c = a->client;

	a->state = ACCOUNT_ENDED;
	a->due = INT64_MAX;
	if (mp_lwm2m_account_number(a, 16, 1) && mp_lwm2m_account_find(c, 0) && !is_any_trying(c)) {
		c->bootstrap_wanted = true;
		return;
	}
	a->rounds = 0;
	a->state = ACCOUNT_WAITING;
	set_due(a, delay_ms);
}

void mp_lwm2m_account_failed(struct account *a, uint8_t code)
{
	struct mp_lwm2m_client *c = a->client;
	int64_t count = mp_lwm2m_account_number(a, 17, 5);
	int64_t timer = mp_lwm2m_account_number(a, 18, 60) * 1000;
	int64_t delay = mp_lwm2m_account_number(a, 19, 86400) * 1000;
	unsigned doublings = a->tries < 16 ? a->tries : 16;

	if (!a->short_id) {
		mp_lwm2m_bootstrap_failed(a, code);
		return;
	}
	mp_lwm2m_client_event(c, code ? MP_LWM2M_REFUSED : MP_LWM2M_UNREACHABLE, a->short_id, code);
	if (!c->running) {
		a->state = ACCOUNT_ENDED;
		a->due = INT64_MAX;
		return;
	}
	a->state = ACCOUNT_WAITING;
	if (++a->tries < count && !is_refused_for_good(code)) {
		/* up to a quarter more, so that a crowd does not come back as one */
		timer <<= doublings;
		set_due(a, timer + timer / 4 * (mp_lwm2m_client_random(c) & 255) / 256);
		return;
	}
	a->tries = 0;
	a->has_failed = true;
	look_after_others(c);
	if (++a->rounds < mp_lwm2m_account_number(a, 20, 1))
		set_due(a, delay);
	else
		give_up(a, delay);
}

static void look_after_others(struct mp_lwm2m_client *c)
{
	for (struct account *a = c->accounts; a; a = a->next)
		if (a->short_id && a->state == ACCOUNT_WAITING && a->due == INT64_MAX &&
		    !c->bootstrapping)
			set_due(a, 0);
}

void mp_lwm2m_account_connected(struct account *a)
{
	int r = a->resume && a->location ? send_update(a) : send_register(a);

	if (r < 0)
		mp_lwm2m_account_failed(a, 0);
}

void mp_lwm2m_account_tick(struct account *a)
{
	int r = 0;

	switch (a->state) {
	case ACCOUNT_WAITING:
	case ACCOUNT_DISABLED:
		if (a->short_id && must_wait(a)) {
			a->state = ACCOUNT_WAITING;
			a->due = INT64_MAX;
			break;
		}
		connect_account(a);
		break;
	case ACCOUNT_REGISTERED:
		if (!a->connected) {
			a->resume = true;
			connect_account(a);
		} else {
			r = send_update(a);
		}
		break;
	case ACCOUNT_BOOTSTRAPPING:
		mp_lwm2m_bootstrap_failed(a, 0);
		break;
	default:
		a->due = INT64_MAX;
	}
	if (r < 0)
		mp_lwm2m_account_failed(a, 0);
}
