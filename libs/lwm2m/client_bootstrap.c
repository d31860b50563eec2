/* SPDX-License-Identifier: Apache-2.0
 * Bootstrap (LwM2M Core 1.1, 6.1): we ask the bootstrap server, it deletes and writes, and ends with Finish.
 * Until then objects 0, 1 and 2 as they were lie in `backup`, and come back when it fails. The bootstrap
 * server may begin by itself, too, over the connection that there is (1.0, 5.2.3.4). */
#include "lwm2m/client_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINISH_MS 247000 /* EXCHANGE_LIFETIME, RFC 7252 4.8.2 */

static int keep_backup(struct mp_lwm2m_client *c)
{
	return mp_lwm2m_rows_load(&c->backup, c->rows.data, c->rows.len);
}

static void enter_bootstrap(struct account *a)
{
	struct mp_lwm2m_client *c = a->client;

	if (!c->bootstrapping) {
		(void)keep_backup(c);
		mp_lwm2m_client_event(c, MP_LWM2M_BOOTSTRAPPING, 0, 0);
	}
	c->bootstrapping = true;
	a->state = ACCOUNT_BOOTSTRAPPING;
	a->due = mp_lwm2m_client_now(c) +
		 (c->kind->bootstrap_ms ? c->kind->bootstrap_ms : FINISH_MS);
}

void mp_lwm2m_bootstrap_begin(struct mp_lwm2m_client *c)
{
	struct account *a = mp_lwm2m_account_find(c, 0);

	if (!a || !c->running)
		return;
	for (struct account *s = a->next; s; s = s->next) /* servers wait for what comes of it */
		if (s->state == ACCOUNT_WAITING)
			s->due = INT64_MAX;
	c->bootstrapping = true;
	(void)keep_backup(c);
	mp_lwm2m_client_event(c, MP_LWM2M_BOOTSTRAPPING, 0, 0);
	mp_lwm2m_account_begin(
		a, 1000 * mp_lwm2m_rows_number(&c->rows, &mp_lwm2m_path(0, a->security, 11), 0));
}

static void request_handler(void *user, const struct mp_coap_answer *answer)
{
	struct account *a = user;

	a->exchange = NULL;
	if (answer->outcome == MP_COAP_CANCELED)
		return;
	mp_lwm2m_client_enter(a->client);
	mp_lwm2m_client_touch(a->client);
	if (answer->outcome != MP_COAP_ANSWERED) {
		mp_lwm2m_account_disconnect(a);
		mp_lwm2m_bootstrap_failed(a, 0);
	} else if (answer->code != MP_COAP_CHANGED && a->client->bootstrapping) {
		mp_lwm2m_bootstrap_failed(a, answer->code);
	}
	mp_lwm2m_client_settle(a->client);
}

static void ask_for_requests(struct account *a)
{
	char endpoint[160];
	const char *queries[] = {endpoint, "pct=112", NULL};
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_POST, "bs");

	(void)snprintf(endpoint, sizeof(endpoint), "ep=%s", a->client->endpoint);
	if (a->version < MP_LWM2M_VERSION(1, 1)) /* which format it should write: 1.1 and newer */
		queries[1] = NULL;
	ask.queries = queries;
	if (mp_lwm2m_account_send(a, &ask, request_handler) < 0)
		mp_lwm2m_bootstrap_failed(a, 0);
}

static void leave_bootstrap(struct mp_lwm2m_client *c)
{
	c->bootstrapping = false;
	c->accounts_stale = true;
	mp_lwm2m_rows_done(&c->backup);
}

void mp_lwm2m_bootstrap_failed(struct account *a, uint8_t code)
{
	struct mp_lwm2m_client *c = a->client;
	int64_t delay = 60000ll << (a->tries < 10 ? a->tries : 10);

	if (a->exchange)
		mp_coap_cancel(a->exchange);
	if (!c->bootstrapping) {
		a->state = ACCOUNT_ENDED;
		a->due = INT64_MAX;
		return;
	}
	if (c->backup.len) {
		mp_lwm2m_rows_done(&c->rows);
		c->rows = c->backup;
		c->backup = (struct mp_lwm2m_rows){0};
	}
	mp_lwm2m_client_event(c, MP_LWM2M_BOOTSTRAP_FAILED, 0, code);
	if (mp_lwm2m_account_servers(c)) { /* those of before are better than none */
		leave_bootstrap(c);
		for (struct account *s = a->next; s; s = s->next)
			if (s->state == ACCOUNT_WAITING)
				mp_lwm2m_account_begin(s, delay);
		a->state = ACCOUNT_ENDED;
		a->due = INT64_MAX;
		return;
	}
	(void)keep_backup(c);
	a->tries++;
	a->state = ACCOUNT_WAITING;
	a->due = mp_lwm2m_client_now(c) + delay;
}

/* Is there a server account at last, and does every one have both halves (6.1.7.4)? */
static bool is_consistent(const struct mp_lwm2m_client *c)
{
	int32_t i = -1, k;
	unsigned servers = 0;

	while ((i = mp_lwm2m_rows_next(&c->rows, 1, i)) >= 0) {
		int64_t id = mp_lwm2m_rows_number(&c->rows, &mp_lwm2m_path(1, (uint16_t)i, 0), -1);

		for (k = mp_lwm2m_rows_next(&c->rows, 0, -1); k >= 0;
		     k = mp_lwm2m_rows_next(&c->rows, 0, k)) {
			struct mp_lwm2m_path p = mp_lwm2m_path(0, (uint16_t)k, 1);

			if (mp_lwm2m_rows_number(&c->rows, &p, 0))
				continue;
			p.id[2] = 10;
			if (mp_lwm2m_rows_number(&c->rows, &p, -1) == id)
				break;
		}
		if (k < 0 || id < 1 || id > MP_LWM2M_ID_MAX)
			return false;
		servers++;
	}
	return servers > 0;
}

static void succeed(struct account *a)
{
	struct mp_lwm2m_client *c = a->client;

	a->state = ACCOUNT_ENDED;
	a->due = INT64_MAX;
	a->tries = 0;
	leave_bootstrap(c);
	c->save_wanted = true;
	for (struct account *s = a->next; s; s = s->next) { /* as the new objects have it */
		mp_lwm2m_account_disconnect(s);
		mp_lwm2m_account_begin(s, 0);
	}
	mp_lwm2m_client_event(c, MP_LWM2M_BOOTSTRAPPED, 0, 0);
}

static void finish(struct account *a, const struct mp_coap_request *rq)
{
	if (!is_consistent(a->client)) {
		mp_lwm2m_respond(rq, MP_COAP_NOT_ACCEPTABLE);
		mp_lwm2m_bootstrap_failed(a, MP_COAP_NOT_ACCEPTABLE);
		return;
	}
	mp_lwm2m_respond(rq, MP_COAP_CHANGED);
	succeed(a);
}

/* ---- Bootstrap-Pack: everything in one answer ---- */

static void take_pack(struct account *a, const struct mp_coap_answer *answer)
{
	struct write_request w = {.client = a->client,
				  .account = a,
				  .payload = answer->payload,
				  .len = answer->payload_len,
				  .format = (unsigned)answer->format,
				  .replace = true,
				  .bootstrap = true};
	int r = answer->format >= 0 ? 0 : -EINVAL;

	for (uint16_t object = 1; r == 0 && object <= 2; object++)
		(void)mp_lwm2m_rows_remove(&a->client->rows, &mp_lwm2m_path(object));
	if (r == 0)
		r = mp_lwm2m_client_write(&w);
	if (r == 0 && is_consistent(a->client))
		succeed(a);
	else
		mp_lwm2m_bootstrap_failed(a, MP_COAP_NOT_ACCEPTABLE);
}

static void pack_handler(void *user, const struct mp_coap_answer *answer)
{
	struct account *a = user;

	a->exchange = NULL;
	if (answer->outcome == MP_COAP_CANCELED)
		return;
	mp_lwm2m_client_enter(a->client);
	mp_lwm2m_client_touch(a->client);
	if (answer->outcome != MP_COAP_ANSWERED) {
		mp_lwm2m_account_disconnect(a);
		mp_lwm2m_bootstrap_failed(a, 0);
	} else if (answer->code == MP_COAP_CONTENT) {
		take_pack(a, answer);
	} else { /* it does not know packs */
		a->no_pack = true;
		ask_for_requests(a);
	}
	mp_lwm2m_client_settle(a->client);
}

static void ask_for_pack(struct account *a)
{
	char endpoint[160];
	const char *queries[] = {endpoint, NULL};
	struct mp_coap_ask ask = MP_COAP_ASK(MP_COAP_GET, "bspack");

	(void)snprintf(endpoint, sizeof(endpoint), "ep=%s", a->client->endpoint);
	ask.queries = queries;
	ask.accept = MP_LWM2M_FORMAT_SENML_CBOR;
	if (mp_lwm2m_account_send(a, &ask, pack_handler) < 0)
		mp_lwm2m_bootstrap_failed(a, 0);
}

void mp_lwm2m_bootstrap_connected(struct account *a)
{
	enter_bootstrap(a);
	if (a->client->kind->bootstrap_pack && a->version >= MP_LWM2M_VERSION(1, 2) && !a->no_pack)
		ask_for_pack(a);
	else
		ask_for_requests(a);
}

/* ---- its operations ---- */

static bool is_bootstrap_security(const struct mp_lwm2m_client *c, uint16_t instance)
{
	return mp_lwm2m_rows_number(&c->rows, &mp_lwm2m_path(0, instance, 1), 0) != 0;
}

static int delete_object(struct mp_lwm2m_client *c, const struct mp_lwm2m_class *class)
{
	void *state = mp_lwm2m_client_state(c, class);
	int32_t i = -1;

	if (!class->remove)
		return -EOPNOTSUPP;
	while ((i = mp_lwm2m_client_next(c, class, i)) >= 0)
		if (class->id != 0 || !is_bootstrap_security(c, (uint16_t)i))
			(void)class->remove(state, (uint16_t)i);
	return 0;
}

/* "/" is everything but the bootstrap account and Device (6.1.7.5). */
static int delete_path(struct mp_lwm2m_client *c, const struct mp_lwm2m_path *path)
{
	const struct mp_lwm2m_class *class;

	if (path->n == 0) {
		for (size_t i = 0; (class = mp_lwm2m_client_class_at(c, i)); i++)
			(void)delete_object(c, class);
		return 0;
	}
	class = mp_lwm2m_client_class(c, path->id[0]);
	if (!class)
		return path->n > 2 ? -EOPNOTSUPP : -ENOENT;
	if (path->n > 2 || class->id == 3 || !class->remove)
		return -EINVAL;
	if (path->n == 1)
		return delete_object(c, class);
	if (class->id == 0 && is_bootstrap_security(c, path->id[1]))
		return -EINVAL;
	if (!mp_lwm2m_client_has(c, class, path->id[1]))
		return 0;
	return class->remove(mp_lwm2m_client_state(c, class), path->id[1]);
}

static int write_path(struct account *a, const struct mp_coap_request *rq,
		      const struct mp_lwm2m_path *path)
{
	struct write_request w = {.client = a->client,
				  .account = a,
				  .base = *path,
				  .payload = rq->payload,
				  .len = rq->payload_len,
				  .format = rq->format >= 0 ? (unsigned)rq->format
							    : MP_LWM2M_FORMAT_TLV,
				  .replace = true,
				  .bootstrap = true};

	if (path->n == 0 || path->n > 3)
		return -EINVAL;
	if (!mp_lwm2m_client_class(a->client, path->id[0]))
		return -ENOENT;
	return mp_lwm2m_client_write(&w);
}

static void respond_content(const struct mp_coap_request *rq, int r, int format,
			    const struct mp_buf *body)
{
	struct mp_coap_response response = MP_COAP_RESPONSE(MP_COAP_CONTENT);

	if (r < 0) {
		mp_lwm2m_respond_error(rq, r);
		return;
	}
	response.format = format;
	response.payload = body->data;
	response.payload_len = body->len;
	mp_coap_respond(rq->reply, &response);
}

static void get(struct account *a, const struct mp_coap_request *rq,
		const struct mp_lwm2m_path *path)
{
	MP_BUF(body, PAYLOAD_MAX);
	int format, r;

	if (rq->accept == MP_LWM2M_FORMAT_LINK) {
		r = path->n > 1 ? -EINVAL : mp_lwm2m_client_discover(a, path, true, &body);
		respond_content(rq, r, MP_LWM2M_FORMAT_LINK, &body);
		return;
	}
	if (path->n < 1 || path->n > 2 || path->id[0] < 1 || path->id[0] > 2) {
		mp_lwm2m_respond(rq, MP_COAP_METHOD_NOT_ALLOWED);
		return;
	}
	format = mp_lwm2m_client_format(a->client, path, rq->accept);
	r = format < 0 ? format
		       : mp_lwm2m_client_payload(a->client, NULL, path, 1, false, (unsigned)format,
						 &body);
	respond_content(rq, r, format, &body);
}

void mp_lwm2m_bootstrap_serve(struct account *a, const struct mp_coap_request *rq,
			      const struct mp_lwm2m_path *path, bool is_bs)
{
	uint8_t code = rq->message->code;
	int r;

	if (is_bs) {
		if (code != MP_COAP_POST)
			mp_lwm2m_respond(rq, MP_COAP_METHOD_NOT_ALLOWED);
		else if (!a->client->bootstrapping)
			mp_lwm2m_respond(rq, MP_COAP_BAD_REQUEST);
		else
			finish(a, rq);
		return;
	}
	if (code == MP_COAP_GET) {
		get(a, rq, path);
		return;
	}
	if (code != MP_COAP_PUT && code != MP_COAP_DELETE) {
		mp_lwm2m_respond(rq, MP_COAP_METHOD_NOT_ALLOWED);
		return;
	}
	enter_bootstrap(a);
	r = code == MP_COAP_PUT ? write_path(a, rq, path) : delete_path(a->client, path);
	if (r < 0)
		mp_lwm2m_respond_error(rq, r);
	else
		mp_lwm2m_respond(rq, code == MP_COAP_PUT ? MP_COAP_CHANGED : MP_COAP_DELETED);
}
