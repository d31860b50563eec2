/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/ask.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "lwm2m/link.h"
#include "lwm2m/lwm2m.h"
#include "lwm2m/registry.h"
#include "lwm2m/values.h"
#include "server.h"

/* ---- waiting ---- */

static void answered(void *user, const struct lwm2m_result *result)
{
	struct call *c = user;

	if (!c->asked)
		return; /* it has ended: nobody is there to be told */
	c->asked = NULL;
	c->asker->answered(c, result);
	mp_reply_now(c->rq);
}

void ask(struct call *c, struct registration *r, const struct lwm2m_operation *o,
	 const struct asker *how)
{
	int64_t id = 0;
	int code;

	c->asker = how;
	code = lwm2m_ask(c->server, r, o, answered, c, &c->asked, &id);
	if (code == 0) {
		mp_reply_later(c->rq);
	} else if (code > 0) {
		how->queued(c, id);
		call_wrote(c);
	} else {
		how->refused(c, code);
	}
}

void ask_end(struct call *c)
{
	if (c->asked)
		lwm2m_cancel(take_ptr(c->asked));
}

/* ---- options ---- */

int ask_timeout_parse(const char *text, unsigned *ret_ms)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !isfinite(seconds) || seconds < 0.001 ||
	    seconds > ASK_SECONDS_MAX || !strchr("0123456789.", *text))
		return -EBADMSG;
	*ret_ms = (unsigned)(seconds * 1000);
	return 0;
}

static bool take_queue(struct call *c, struct lwm2m_operation *o)
{
	const char *queue = mp_request_query(c->rq, "queue");
	const char *expiry = mp_request_query(c->rq, "expiry");
	uint64_t seconds;

	o->asleep = LWM2M_QUEUE;
	if (mp_streq(queue, "no"))
		o->asleep = LWM2M_FAIL;
	else if (mp_streq(queue, "replace"))
		o->asleep = LWM2M_QUEUE_REPLACE;
	else if (queue && strcmp(queue, "yes") != 0) {
		call_error(c, 400, "'queue' must be yes, no or replace.");
		return false;
	}
	if (!expiry)
		return true;
	if (mp_str_parse_u64(expiry, 366 * 86400, &seconds) < 0 || seconds == 0) {
		call_error(c, 400, "'expiry' must be a number of seconds, a year at most.");
		return false;
	}
	o->expiry_seconds = (unsigned)seconds;
	return true;
}

bool ask_options(struct call *c, struct lwm2m_operation *o)
{
	const char *timeout = mp_request_query(c->rq, "timeout");
	const char *format = mp_request_query(c->rq, "format");
	unsigned number;

	o->timeout_ms = ASK_SECONDS * 1000;
	if (timeout && ask_timeout_parse(timeout, &o->timeout_ms) < 0) {
		call_error(c, 400, "'timeout' must be a number of seconds, %d at most.",
			   ASK_SECONDS_MAX);
		return false;
	}
	if (format) {
		if (mp_lwm2m_format_parse(format, &number) < 0) {
			call_error(c, 400, "'%.40s' is no format of LwM2M.", format);
			return false;
		}
		o->format = o->accept = (int)number;
	}
	return take_queue(c, o);
}

/* ---- answers of /api/v1 ---- */

static int put_attributes(struct mp_json *j, struct mp_lwm2m_link *link)
{
	struct mp_json *all = mp_json_new_object();
	struct mp_lwm2m_attribute a;
	int r = 0;

	while (r == 0 && mp_lwm2m_link_attribute(link, &a)) {
		auto_free char *name = strndup(a.name, a.name_len);
		auto_free char *value = a.value ? strndup(a.value, a.value_len) : NULL;

		if (!name || (a.value && !value))
			r = -ENOMEM;
		else
			r = mp_json_put(all, name,
					value ? mp_json_new_str(value) : mp_json_new_bool(true));
	}
	return r | mp_json_put(j, "attributes", all);
}

static struct mp_json *links_json(struct server *s, const struct registration *r, const char *text,
				  size_t len)
{
	auto_(mp_json) *items = mp_json_new_array();
	struct mp_lwm2m_links walk;
	struct mp_lwm2m_link link;

	mp_lwm2m_links(&walk, text, len);
	while (mp_lwm2m_link_next(&walk, &link) > 0) {
		struct mp_lwm2m_record record = {.path = link.path};
		struct mp_json *j;

		if (!link.has_path || link.path.n == 0)
			continue;
		j = record_json(s->lwm2m, r, &record);
		if (!j || put_attributes(j, &link) < 0) {
			mp_json_free(j);
			return NULL;
		}
		if (mp_json_append(items, j) < 0)
			return NULL;
	}
	return take_ptr(items);
}

struct mp_json *result_json(struct server *s, const struct registration *r,
			    const struct lwm2m_result *result)
{
	auto_(mp_json) *j = mp_json_new_object();
	char code[5];
	int n;

	mp_coap_code_format(result->code, code);
	n = mp_json_put_str(j, "code", code);
	if (result->links)
		n |= mp_json_put(j, "links", links_json(s, r, result->links, result->links_len));
	else if (result->code == MP_COAP_CONTENT)
		n |= mp_json_put(j, "values",
				 values_json(s->lwm2m, r, result->records, result->n_records));
	if (result->location && *result->location)
		n |= mp_json_put_str(j, "location", result->location);
	return n ? NULL : take_ptr(j);
}

static void tell_refusal(struct call *c, const struct lwm2m_result *result)
{
	const char *said = result->diagnostic && *result->diagnostic ? result->diagnostic : NULL;
	struct mp_json *j = mp_json_new_object();
	char code[5], text[512];
	int r;

	mp_coap_code_format(result->code, code);
	snprintf(text, sizeof(text), "The device answered %s %s%s%s.", code,
		 mp_coap_code_name(result->code), said ? ": " : "", said ? said : "");
	r = mp_json_put_str(j, "error", text);
	r |= mp_json_put_str(j, "code", code);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 422, j);
}

static void tell_result(struct call *c, const struct lwm2m_result *result)
{
	const struct registration *r = registry_find(c->server->lwm2m->registry, c->args[0]);

	switch (result->outcome) {
	case LWM2M_ANSWERED:
		if (lwm2m_result_is_success(result))
			call_reply(c, result->code == MP_COAP_CREATED ? 201 : 200,
				   result_json(c->server, r, result));
		else
			tell_refusal(c, result);
		break;
	case LWM2M_TIMED_OUT:
		call_error(c, 504, "%s did not answer in time.", c->args[0]);
		break;
	case LWM2M_RESET:
		call_error(c, 502, "%s answered with a reset.", c->args[0]);
		break;
	case LWM2M_UNREADABLE:
		call_error(c, 502, "What %s answered cannot be read: %s.", c->args[0],
			   result->diagnostic);
		break;
	default:
		call_error(c, 503, "The registration of %s ended before it answered.", c->args[0]);
		break;
	}
}

static void tell_queued(struct call *c, int64_t id)
{
	struct mp_json *j = mp_json_new_object();

	if (mp_json_put_int(j, "request", id) < 0) {
		mp_json_free(j);
		j = NULL;
	}
	call_reply(c, 202, j);
}

static void tell_problem(struct call *c, int code)
{
	switch (code) {
	case -EHOSTDOWN:
		call_error(c, 503, "%s is asleep; ?queue=yes lets the request wait.", c->args[0]);
		break;
	case -ENOTSUP:
		call_error(c, 400, "This format cannot carry that.");
		break;
	case -EINVAL:
	case -EFBIG:
		call_error(c, 400, "This cannot be asked of a device.");
		break;
	case -EEXIST:
		call_error(c, 503, "The same is being asked of %s at this moment.", c->args[0]);
		break;
	case -ENOBUFS:
		call_error(c, 503, "Too many requests wait for %s already.", c->args[0]);
		break;
	case -ENOMEM:
		call_reply(c, 500, NULL);
		break;
	default:
		call_failed(c);
		break;
	}
}

const struct asker rest_asker = {tell_result, tell_queued, tell_problem};
