/* SPDX-License-Identifier: Apache-2.0
 * What waits for a sleeping device, and what became of it. */
#include "lwm2m/queue.h"

#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"
#include "lwm2m/values.h"
#include "rest/ask.h"
#include "rest/rest.h"

struct showing {
	struct server *s;
	const char *endpoint;
	struct mp_json *items; /* or NULL: one entry, into `one` */
	struct mp_json *one;
};

static int put_values(const struct showing *to, const struct queue_entry *e, struct mp_json *j)
{
	struct registration *r = registry_find(to->s->lwm2m->registry, e->endpoint);
	struct lwm2m_values values = {0};
	struct mp_lwm2m_path base = mp_lwm2m_path_root;
	int n = 0;

	(void)mp_lwm2m_path_parse(e->path, strlen(e->path), &base);
	if (lwm2m_decode(to->s, r, (unsigned)e->format, &base, e->payload, e->payload_len,
			 &values) == 0)
		n = mp_json_put(j, "values",
				values_json(to->s->lwm2m, r, values.records, values.n));
	lwm2m_values_done(&values);
	return n;
}

static int put_result(const struct showing *to, const struct queue_entry *e, struct mp_json *j)
{
	char code[5];
	int n = mp_json_put_int(j, "ended", e->ended);

	n |= mp_json_put_str(j, "outcome", lwm2m_outcome_name(e->outcome));
	if (e->code) {
		mp_coap_code_format(e->code, code);
		n |= mp_json_put_str(j, "code", code);
	}
	if (e->diagnostic && *e->diagnostic)
		n |= mp_json_put_str(j, "error", e->diagnostic);
	if (e->code == MP_COAP_CONTENT && e->format >= 0)
		n |= put_values(to, e, j);
	return n;
}

static int show(void *user, const struct queue_entry *e)
{
	struct showing *to = user;
	struct mp_json *j = mp_json_new_object();
	int n = mp_json_put_int(j, "request", e->id);

	n |= mp_json_put_str(j, "kind", lwm2m_kind_name(e->kind));
	n |= mp_json_put_str(j, "path", e->path);
	n |= mp_json_put_str(j, "state", queue_state_name(e->state));
	n |= mp_json_put_int(j, "created", e->created);
	n |= mp_json_put_int(j, "expires", e->expires);
	if (e->state == QUEUE_DONE)
		n |= put_result(to, e, j);
	if (n) {
		mp_json_free(j);
		return -ENOMEM;
	}
	if (to->items)
		return mp_json_append(to->items, j);
	if (strcmp(e->endpoint, to->endpoint) != 0) {
		mp_json_free(j);
		return -ENOENT;
	}
	to->one = j;
	return 0;
}

void rest_get_queue(struct call *c)
{
	auto_(mp_json) *items = mp_json_new_array();
	struct showing to = {c->server, c->args[0], items, NULL};
	size_t n;

	if (!items || queue_each(c->server, c->args[0], show, &to) < 0) {
		call_reply(c, 500, NULL);
		return;
	}
	n = mp_json_size(items);
	rest_reply_list(c, take_ptr(items), n);
}

void rest_delete_queue(struct call *c)
{
	struct mp_json *j = mp_json_new_object();
	int n = queue_clear(c->server, c->args[0]);

	if (n < 0 || mp_json_put_int(j, "removed", n) < 0) {
		mp_json_free(j);
		call_failed(c);
		return;
	}
	call_reply(c, 200, j);
	call_wrote(c);
}

/* Its number; -1: answered 404. */
static int64_t request_of(struct call *c)
{
	uint64_t id;

	if (mp_str_parse_u64(c->args[1], INT64_MAX, &id) == 0)
		return (int64_t)id;
	call_error(c, 404, "There is no request %s.", c->args[1]);
	return -1;
}

void rest_get_queued(struct call *c)
{
	struct showing to = {c->server, c->args[0], NULL, NULL};
	int64_t id = request_of(c);

	if (id < 0)
		return;
	if (queue_get(c->server, id, show, &to) < 0 || !to.one)
		call_error(c, 404, "There is no request %s for %s.", c->args[1], c->args[0]);
	else
		call_reply(c, 200, to.one);
}

void rest_delete_queued(struct call *c)
{
	int64_t id = request_of(c);
	int r;

	if (id < 0)
		return;
	r = queue_remove(c->server, c->args[0], id);
	if (r == -ENOENT) {
		call_error(c, 404, "There is no request %s for %s.", c->args[1], c->args[0]);
	} else if (r == -EBUSY) {
		call_error(c, 409, "Request %s has been sent; its answer is awaited.", c->args[1]);
	} else if (r < 0) {
		call_failed(c);
	} else {
		mp_reply_empty(c->rq, 204);
		call_wrote(c);
	}
}
