/* SPDX-License-Identifier: Apache-2.0
 * Confirmation at the device: an update that its rollout wants confirmed is shown here first, and is a
 * deployment only once somebody has agreed, here or at the server. A device may agree to all at once. */
#include <errno.h>
#include <stdio.h>

#include "actions.h"
#include "base/buf.h"
#include "ddi/handlers.h"
#include "ddi/report.h"

static int put_auto_confirm(struct call *c, struct mp_json *to)
{
	struct auto_confirm how = {0};
	struct mp_json *j;
	int r = devices_auto_confirm(c->server, c->device, &how);

	if (r < 0)
		return r;
	j = mp_json_new_object();
	r = mp_json_put_bool(j, "active", how.since != 0);
	if (*how.initiator)
		r |= mp_json_put_str(j, "initiator", how.initiator);
	if (*how.remark)
		r |= mp_json_put_str(j, "remark", how.remark);
	r |= mp_json_put_int(j, "activatedAt", how.since * 1000);
	return r | mp_json_put(to, "autoConfirm", j);
}

static int put_links(const struct device *d, const char *base, struct mp_json *to)
{
	const char *change = d->auto_confirm ? "deactivateAutoConfirm" : "activateAutoConfirm";
	struct mp_json *links = mp_json_new_object();
	MP_BUF(href, 1024);
	int r = mp_buf_printf(&href, "%s/confirmationBase/%s", base, change);

	if (r == 0)
		r = ddi_put_link(links, change, mp_buf_str(&href));
	if (r == 0 && d->action && d->action_state == ACTION_UNCONFIRMED) {
		mp_buf_reset(&href);
		r = ddi_action_href(d, base, "confirmationBase", &href);
		if (r == 0)
			r = ddi_put_link(links, "confirmationBase", mp_buf_str(&href));
	}
	return r | mp_json_put(to, "_links", links);
}

void ddi_get_confirmation(struct call *c)
{
	struct mp_json *j;
	char base[640];

	if (!ddi_base(c, base, sizeof(base)))
		return;
	j = mp_json_new_object();
	if (put_auto_confirm(c, j) < 0 || put_links(c->device, base, j) < 0) {
		mp_json_free(j);
		j = NULL;
	}
	ddi_reply(c, j);
}

void ddi_get_confirmation_action(struct call *c)
{
	struct ddi_action action;

	devices_seen(c->server, c->device);
	if (!ddi_find_action(c, c->args[2], &action))
		return;
	if (action.state == ACTION_UNCONFIRMED)
		ddi_reply_action(c, &action, "confirmation");
	else
		mp_reply_empty(c->rq, 404);
}

void ddi_post_confirmation_feedback(struct call *c)
{
	struct mp_ddi_confirmation said;
	struct ddi_action action;
	size_t len;
	const char *body = mp_request_body(c->rq, &len);

	if (ddi_is_not_json(c))
		return;
	if (mp_ddi_confirmation_parse(body, len, &said, NULL) < 0) {
		ddi_not_readable(c);
		return;
	}
	if (!ddi_find_action(c, c->args[2], &action))
		return;
	if (action.state == ACTION_UNCONFIRMED)
		ddi_finish(c, actions_confirm(c->server, c->device, said.is_welcome, said.details));
	else
		mp_reply_empty(c->rq, action_has_ended(action.state) ? 410 : 404);
}

/* The body may be left out. False: answered. */
static bool read_wish(struct call *c, struct auto_confirm *ret)
{
	auto_(mp_json) *doc = NULL;
	size_t len;
	const char *body = mp_request_body(c->rq, &len);

	if (len == 0)
		return true;
	if (ddi_is_not_json(c))
		return false;
	if (mp_json_parse(body, len, &doc, NULL) < 0) {
		ddi_not_readable(c);
		return false;
	}
	snprintf(ret->initiator, sizeof(ret->initiator), "%s",
		 mp_json_str(mp_json_get(doc, "initiator"), ""));
	snprintf(ret->remark, sizeof(ret->remark), "%s",
		 mp_json_str(mp_json_get(doc, "remark"), ""));
	return true;
}

void ddi_post_auto_confirm(struct call *c)
{
	struct auto_confirm wish = {.since = server_now()};

	if (!read_wish(c, &wish))
		return;
	if (c->device->auto_confirm)
		ddi_error(c, 409, "hawkbit.server.error.repo.autoConfAlreadyActive",
			  "org.eclipse.hawkbit.repository.exception."
			  "AutoConfirmationAlreadyActiveException",
			  "Auto confirmation is already active for device %s", c->device->name);
	else
		ddi_finish(c, actions_auto_confirm(c->server, c->device, &wish));
}

void ddi_post_no_auto_confirm(struct call *c)
{
	int r = c->device->auto_confirm
			? actions_auto_confirm(c->server, c->device, &(struct auto_confirm){0})
			: 0;

	ddi_finish(c, r);
}
