/* SPDX-License-Identifier: Apache-2.0
 * The poll, which is almost all that a server does: nothing is allocated and nothing is read from
 * disk while a device has no news. Its answer is made once and kept until something about the
 * device or its rollout changes, or until it is asked for under another address. */
#include <stdio.h>
#include <string.h>

#include "actions.h"
#include "base/buf.h"
#include "ddi/handlers.h"
#include "metrics.h"
#include "rollouts.h"

static uint32_t mix(uint32_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return (h ^ 0xff) * 16777619u;
}

/* Everything that an answer depends on beside the device itself. */
static uint32_t circumstances(struct call *c)
{
	const char *host = mp_request_header(c->rq, "Host");
	uint32_t h = 2166136261u ^ rollouts_epoch(c->server->rollouts);

	h = mix(h, host ? host : "");
	h = mix(h, c->args[0]);
	h = mix(h, ddi_content_type(c));
	return mp_request_is_tls(c->rq) ? ~h : h;
}

int ddi_action_href(const struct device *d, const char *base, const char *place, struct mp_buf *out)
{
	int64_t kind = d->action * 2 + d->download_only;

	return mp_buf_printf(out, "%s/%s/%lld?c=%lld", base, place, (long long)d->action,
			     (long long)(kind * 2654435761 % 1000000007));
}

static int open_link(struct mp_buf *text, const char *name)
{
	return mp_buf_printf(text, "%s\"%s\":{\"href\":\"",
			     text->data[text->len - 1] == '{' ? "" : ",", name);
}

static int add_link(struct mp_buf *text, const char *base, const char *place, int64_t id)
{
	int r = open_link(text, place);

	if (r == 0)
		r = mp_buf_printf(text, "%s/%s", base, place);
	if (r == 0 && id)
		r = mp_buf_printf(text, "/%lld", (long long)id);
	return r < 0 ? r : mp_buf_add_str(text, "\"}");
}

static int add_action(struct mp_buf *text, const struct device *d, const char *base,
		      const char *place)
{
	int r = open_link(text, place);

	if (r == 0)
		r = ddi_action_href(d, base, place, text);
	return r < 0 ? r : mp_buf_add_str(text, "\"}");
}

static int format(const struct device *d, enum offer offer, const char *base, unsigned seconds,
		  struct mp_buf *text)
{
	bool none = offer == OFFER_NOTHING && !d->installed && !d->wants_config;
	int r = mp_buf_printf(text, "{\"config\":{\"polling\":{\"sleep\":\"%02u:%02u:%02u\"}}%s",
			      seconds / 3600 % 24, seconds / 60 % 60, seconds % 60,
			      none ? "}" : ",\"_links\":{");

	if (r < 0 || none)
		return r;
	if (offer == OFFER_CANCEL)
		r = add_link(text, base, "cancelAction", d->action);
	else if (offer != OFFER_NOTHING)
		r = add_action(text, d, base,
			       offer == OFFER_CONFIRM ? "confirmationBase" : "deploymentBase");
	if (r == 0 && d->installed)
		r = add_link(text, base, "installedBase", d->installed);
	if (r == 0 && d->wants_config)
		r = add_link(text, base, "configData", 0);
	return r < 0 ? r : mp_buf_add_str(text, "}}");
}

static void etag_of(const struct mp_buf *text, char ret[24])
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < text->len; i++)
		h = (h ^ (unsigned char)text->data[i]) * 1099511628211u;
	snprintf(ret, 24, "\"%016llx\"", (unsigned long long)h);
}

/* An answer that waits for the commit is a copy; the others are kept. */
static void answer(struct call *c, enum offer offer, bool wrote, uint32_t circumstance)
{
	struct device *d = c->device;
	MP_BUF(text, 8192);
	char base[640], etag[24];

	if (!ddi_base(c, base, sizeof(base)))
		return;
	if (format(d, offer, base, c->server->poll_seconds, &text) < 0) {
		mp_reply_empty(c->rq, 500);
		return;
	}
	etag_of(&text, etag);
	if (wrote) {
		mp_reply(c->rq, 200, ddi_content_type(c), text.data, text.len);
		mp_reply_header(c->rq, "ETag", etag);
		call_wrote(c);
		return;
	}
	device_forget_poll(d);
	if (mp_answer_new(200, ddi_content_type(c), etag, text.data, text.len, &d->poll) < 0) {
		mp_reply_empty(c->rq, 500);
		return;
	}
	d->poll_base = circumstance;
	mp_reply_answer(c->rq, d->poll);
}

void ddi_get_base(struct call *c)
{
	struct device *d = c->device;
	uint32_t circumstance = circumstances(c);
	enum offer offer;
	bool wrote;

	c->server->metrics->polls++;
	d->polled = (uint32_t)server_now();
	if (d->poll && d->poll_base == circumstance && !c->registered) {
		devices_seen(c->server, d);
		mp_reply_answer(c->rq, d->poll);
		return;
	}
	if (actions_poll(c->server, d, &offer, &wrote) < 0) {
		call_failed(c);
		return;
	}
	devices_seen(c->server, d);
	answer(c, offer, wrote || c->registered, circumstance);
}
