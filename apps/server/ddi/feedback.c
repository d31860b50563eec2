/* SPDX-License-Identifier: Apache-2.0
 * What devices report. The body is judged before the action, as hawkBit does; the answer is 200 with
 * an empty body, and only after the commit. */
#include <errno.h>
#include <stdio.h>

#include "actions.h"
#include "ddi/handlers.h"
#include "ddi/report.h"

/* False: answered. */
static bool read_report(struct call *c, struct mp_ddi_report *ret)
{
	size_t len;
	const char *body = mp_request_body(c->rq, &len);
	int r;

	if (ddi_is_not_json(c))
		return false;
	r = mp_ddi_report_parse(body, len, ret, NULL);
	if (r == -EDQUOT)
		ddi_error(
			c, 429, "hawkbit.server.error.quota.tooManyEntries",
			"org.eclipse.hawkbit.repository.exception.AssignmentQuotaExceededException",
			"Quota exceeded: at most %d messages are taken with one feedback.",
			MP_DDI_DETAILS);
	else if (r < 0)
		ddi_not_readable(c);
	return r == 0;
}

void ddi_finish(struct call *c, int r)
{
	if (r == -EDQUOT) {
		ddi_error(
			c, 429, "hawkbit.server.error.quota.tooManyEntries",
			"org.eclipse.hawkbit.repository.exception.AssignmentQuotaExceededException",
			"Quota exceeded: the action has all the feedback that it can have.");
		return;
	}
	if (r < 0) {
		call_failed(c);
		return;
	}
	devices_seen(c->server, c->device);
	mp_reply_empty(c->rq, 200);
	call_wrote(c);
}

void ddi_post_feedback(struct call *c)
{
	struct mp_ddi_report report;
	struct ddi_action action;

	if (!read_report(c, &report) || !ddi_find_action(c, c->args[2], &action))
		return;
	if (action_has_ended(action.state))
		mp_reply_empty(c->rq, 410);
	else if (action.state == ACTION_UNCONFIRMED)
		mp_reply_empty(c->rq, 404);
	else
		ddi_finish(c, actions_feedback(c->server, c->device, &report));
}

void ddi_get_cancel(struct call *c)
{
	struct ddi_action action;
	struct mp_json *j, *cancel;
	char id[24];
	int r;

	if (!ddi_find_action(c, c->args[2], &action))
		return;
	if (action.state != ACTION_CANCELING) {
		mp_reply_empty(c->rq, 404);
		return;
	}
	snprintf(id, sizeof(id), "%lld", (long long)action.id);
	j = mp_json_new_object();
	cancel = mp_json_new_object();
	r = mp_json_put_str(cancel, "stopId", id);
	r |= mp_json_put_str(j, "id", id);
	r |= mp_json_put(j, "cancelAction", cancel);
	if (r) {
		mp_json_free(j);
		j = NULL;
	}
	ddi_reply(c, j);
}

void ddi_post_cancel_feedback(struct call *c)
{
	struct mp_ddi_report report;
	struct ddi_action action;

	if (!read_report(c, &report) || !ddi_find_action(c, c->args[2], &action))
		return;
	if (action.state == ACTION_CANCELED)
		mp_reply_empty(c->rq, 200); /* said again, since the answer was lost */
	else if (action_has_ended(action.state))
		mp_reply_empty(c->rq, 410);
	else if (action.state != ACTION_CANCELING)
		mp_reply_empty(c->rq, 404);
	else
		ddi_finish(c, actions_cancel_feedback(c->server, c->device, &report));
}

void ddi_put_config(struct call *c)
{
	auto_(mp_json) *doc = NULL;
	const struct mp_json *data;
	enum mp_ddi_mode mode;
	size_t len;
	const char *body = mp_request_body(c->rq, &len);
	int r;

	if (ddi_is_not_json(c))
		return;
	if (mp_ddi_config_parse(body, len, &doc, &mode, &data, NULL) < 0) {
		ddi_not_readable(c);
		return;
	}
	r = actions_attributes(c->server, c->device, (int)mode, data);
	ddi_finish(c, r == -EFBIG ? -EDQUOT : r);
}
